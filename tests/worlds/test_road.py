"""Road: the data sheet in plain Python, a rule that hits nobody, and what is reached."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from matplotlib.figure import Figure

from course_utils import train
from course_utils.evaluation import mean_returns, play_episodes, record_episodes
from course_utils.teach.dqfd import DQfDConfig
from course_utils.worlds.road import Road
from tests.worlds.shared import check_leading_axes

WORLDS = {"as it is": {}} | Road.changed


def test_gymnasium_finds_nothing_wrong():
    check_env(gym.make("Road-v0").unwrapped)


def between(low, x, high):
    return min(max(x, low), high)


def step_of_one(world, car, action, wander):
    """One step of one copy in plain numbers; car: its state as lists, which changes."""
    if action in (1, 2):
        car["lane"] = between(0, car["lane"] + (1 if action == 2 else -1), 2)
    if action in (3, 4):
        change = 2 if action == 3 else -3
        car["speed"] = between(10, car["speed"] + world.grip * change, 30)
    ring = 6 * 1000 / world.traffic
    crash = False
    for lane in range(3):
        car["pace"][lane] = between(14, car["pace"][lane] + wander[lane], 24)
        for k, at in enumerate(car["place"][lane]):
            closer = 0.5 * (car["pace"][lane] - car["speed"])
            if not (lane == car["lane"] and -20 < at < 0 and closer > 0):
                at += closer
            while at >= 0.75 * ring:
                at -= ring
            while at < -0.25 * ring:
                at += ring
            car["place"][lane][k] = at
            crash = crash or (lane == car["lane"] and -5 < at < 5)
    return (-10 if crash else (car["speed"] - 10) / 20), crash


def seen_by_one(world, car):
    """What one copy sees: two distances and a difference of speeds for three lanes, a speed."""
    seen = []
    for lane in range(car["lane"] - 1, car["lane"] + 2):
        if lane not in (0, 1, 2):
            seen += [0, 0, 0]
            continue
        places = car["place"][lane]
        ahead = min([at for at in places if at >= 0] + [100])
        behind = min([-at for at in places if at < 0] + [100])
        for metres in (ahead, behind):
            seen.append(int(metres / world.coarse) * world.coarse / 100)
        seen.append((car["pace"][lane] - car["speed"]) / 10)
    return [*seen, (car["speed"] - 10) / 20]


def alone(state, k):
    """The state of copy k, as lists."""
    return {part: np.array(numbers[k]).tolist() for part, numbers in state.items()}


@pytest.mark.parametrize("name", WORLDS)
def test_copies_follow_the_data_sheet(name):
    """Every copy by itself, in plain numbers: half act at random, half as the rule."""
    world, rng, again = Road(**WORLDS[name]), *map(np.random.default_rng, (0, 1))
    state, stream = world.begin(30, rng), np.random.default_rng(1)
    cars, crashes = [alone(state, k) for k in range(30)], 0
    for _ in range(world.limit):
        action = rng.integers(5, size=30)
        action[:15] = world.expert(world.observe(state))[:15]
        state, reward, ends = world.advance(state, action, stream)
        wander, seen = again.uniform(-0.5, 0.5, (30, 3)), world.observe(state)
        for k, car in enumerate(cars):
            paid, crash = step_of_one(world, car, int(action[k]), wander[k])
            assert reward[k] == pytest.approx(paid) and ends[k] == crash
            np.testing.assert_allclose(seen[k], seen_by_one(world, car), atol=1e-9)
            crashes += crash
    assert crashes > 20


@pytest.mark.parametrize("name", WORLDS)
def test_nobody_is_near_at_the_start(name):
    world = Road(**WORLDS[name])
    state = world.begin(3000, np.random.default_rng(0))
    gap = 1000 / world.traffic
    assert np.abs(state["place"]).min() >= 0.35 * gap > 9
    apart = np.diff(state["place"], axis=-1)
    assert apart.min() > 0.7 * gap and apart.max() < 1.3 * gap
    assert (np.bincount(state["lane"], minlength=3) > 900).all() and (state["speed"] == 20).all()
    assert state["pace"].min() < 14.1 and state["pace"].max() > 23.9


def test_there_is_no_lane_beside_the_road():
    world = Road()
    one = world.begin(1, np.random.default_rng(0))
    state = {part: np.repeat(numbers, 3, 0) for part, numbers in one.items()}
    state["lane"] = np.arange(3)
    seen = world.observe(state)
    assert (seen[0, :3] == 0).all() and (seen[2, 6:9] == 0).all()
    assert (seen[1, :9:3] > 0).all() and (seen[0, 3:9:3] > 0).all()
    np.testing.assert_array_equal(seen[0, 3:9], seen[1, :6])  # the same two lanes
    after, _, _ = world.advance(state, np.array([1, 0, 2]), np.random.default_rng(1))
    assert (after["lane"] == [0, 1, 2]).all()


def test_one_copy_does_as_it_does_among_others():
    """Where lanes cannot wander: at the highest pace, in a stream of the highest numbers."""
    world, rng = Road(), np.random.default_rng(0)
    state, action = world.begin(30, rng), rng.integers(5, size=30)
    state["pace"][:] = 24.0

    class Highest:
        def uniform(self, low, high, size):
            return np.full(size, high)

    together = world.advance(state, action, Highest())
    for k in range(30):
        one = {part: numbers[k : k + 1] for part, numbers in state.items()}
        after, reward, ends = world.advance(one, action[k : k + 1], Highest())
        np.testing.assert_allclose(world.observe(after)[0], world.observe(together[0])[k])
        assert (reward[0], ends[0]) == pytest.approx((together[1][k], together[2][k]))


def test_nobody_runs_into_a_car_that_is_slower():
    """Who drives behind waits, also when a car cuts in; other cars are hit from behind only."""
    world, rng = Road(), np.random.default_rng(0)
    state = world.begin(200, rng) | {"speed": np.full(200, 10.0)}
    state["pace"][:] = 24.0
    for _ in range(world.limit):
        state, _, ends = world.advance(state, np.zeros(200, int), rng)
        assert not ends.any()


def test_the_rule_takes_any_leading_axes():
    check_leading_axes(Road(), 5)


@pytest.mark.parametrize(
    "left, own, right, action",
    [
        ((1, 1, 0), (0.6, 0.5, 0), (1, 1, 0), 3),  # room enough
        ((1, 1, 0), (0.2, 0.5, 0), (0, 0, 0), 1),
        ((0.6, 1, 0), (0.2, 0.5, 0), (0.9, 1, 0), 2),  # the side with more room
        ((1, 0.05, 0), (0.2, 0.5, 0), (0, 0, 0), 3),  # nobody is cut off
        ((0, 0, 0), (0.15, 0.5, 0), (0, 0, 0), 0),
        ((0, 0, 0), (0.15, 0.5, -0.8), (0, 0, 0), 4),  # the way to brake
    ],
)
def test_the_rule_is_as_a_driver_would_say(left, own, right, action):
    assert Road().expert(np.array([*left, *own, *right, 0.5])) == action


def test_what_chance_and_the_rule_reach():
    rng = np.random.default_rng(1)
    chance = play_episodes(lambda seen: rng.integers(5, size=seen.shape[:-1]), "Road-v0", 1, 1000)
    assert -4 < chance.mean() < -1
    bars = {"as it is": (46, 0), "dense traffic": (37, 0), "ice": (43, 0.04), "cameras": (42, 0)}
    for name, (bar, crashes) in bars.items():
        [episodes] = record_episodes(Road(**WORLDS[name]).expert, "Road-v0", 1, 400, **WORLDS[name])
        assert bar < np.mean([episode.reward.sum() for episode in episodes]) < bar + 5
        assert np.mean([episode.terminated for episode in episodes]) <= crashes
    slides = play_episodes(Road().expert, "Road-v0", 1, 400, **Road.changed["ice"])
    assert slides.mean() < 25  # who brakes too late


def test_an_agent_learns_to_drive():
    config = DQfDConfig(**Road.dqn | {"steps": 8_000, "batch_size": 32})
    *_, progress = train.train_dqn(config, "Road-v0", 2, 0, 1)
    assert (mean_returns(progress.network, "Road-v0", 100) > 15).all()


@pytest.mark.parametrize("bad", [{"traffic": 60}, {"grip": 0}, {"coarse": 0}])
def test_bad_settings_are_refused(bad):
    with pytest.raises(ValueError, match="must be a number between"):
        Road(**bad)


@pytest.mark.parametrize("lane", range(3))
def test_it_is_plotted_where_it_is(lane):
    world, axes = Road(), Figure().subplots()
    state = world.begin(1, np.random.default_rng(2)) | {"lane": np.array([lane])}
    seen = world.observe(state)[0]
    world.plot(axes, seen, None)
    wide = [bar for bar in axes.patches if bar.get_width() > 5]
    cars = [bar for bar in axes.patches if bar.get_width() == 5]
    assert len(wide) == (3 if lane == 1 else 2) and len(cars) == 2 * len(wide) + 1
    assert {round(bar.get_y() + 0.475) for bar in wide} == {lane, lane - 1, lane - 2} & {-1, 0, 1}
    ahead = sorted(bar.get_x() + 2.5 for bar in cars if bar.get_y() + 0.2 == pytest.approx(0))
    np.testing.assert_allclose(ahead, [-100 * seen[4], 0, 100 * seen[3]], atol=1e-9)
    assert axes.get_xlabel() == "metres, at 20 m/s"
