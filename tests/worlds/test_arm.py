"""Arm: the data sheet in plain Python, the expert's Jacobian, and what is reached."""

import math

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from matplotlib.figure import Figure

from course_utils import train
from course_utils.evaluation import mean_returns, play_episodes, record_episodes
from course_utils.teach.dqfd import DQfDConfig
from course_utils.worlds.arm import Arm
from tests.worlds.shared import check_leading_axes

WORLDS = {"as it is": {}} | Arm.changed


def tip_of(angle, upper, fore):
    """The tip's place, by hand."""
    both = angle[0] + angle[1]
    x = upper * math.cos(angle[0]) + fore * math.cos(both)
    return x, upper * math.sin(angle[0]) + fore * math.sin(both)


def test_gymnasium_finds_nothing_wrong():
    check_env(gym.make("Arm-v0").unwrapped)


@pytest.mark.parametrize("name", WORLDS)
def test_copies_follow_the_data_sheet(name):
    """Every copy by itself, in plain numbers: half of them act at random, half as the expert."""
    world, rng = Arm(**WORLDS[name]), np.random.default_rng(0)
    state = world.begin(40, rng)
    plain = [[state[part][k].tolist() for part in ("angle", "speed", "target")] for k in range(40)]
    arrived = 0
    for _ in range(world.limit):
        action = rng.integers(9, size=40)
        action[:20] = world.expert(world.observe(state))[:20]
        state, reward, terminated = world.advance(state, action, rng)
        seen = world.observe(state)
        for k, (angle, speed, target) in enumerate(plain):
            motors = divmod(int(action[k]), 3)
            for joint, power in enumerate((6, 6 * world.elbow)):
                pushed = power * (motors[joint] - 1)
                speed[joint] += 0.1 * (pushed - 2 * speed[joint])
                angle[joint] += 0.1 * speed[joint]
            x, y = tip_of(angle, world.upper, world.fore)
            to_x, to_y = target[0] - x, target[1] - y
            distance = math.sqrt(to_x**2 + to_y**2)
            turned = [f(part) for part in angle for f in (math.cos, math.sin)]
            expected = [*turned, speed[0] / 3, speed[1] / 3, *target, to_x, to_y]
            np.testing.assert_allclose(seen[k], expected, atol=1e-9)
            assert reward[k] == pytest.approx(5 * (distance < 0.08) - 0.1 * distance)
            assert terminated[k] == (distance < 0.08)
            arrived += terminated[k]
    assert arrived > 10


@pytest.mark.parametrize("name", WORLDS)
def test_a_target_can_be_reached_and_lies_anywhere(name):
    world = Arm(**WORLDS[name])
    state = world.begin(5000, np.random.default_rng(0))
    far = np.hypot(*state["target"].T)
    shorter, longer = sorted([world.upper, world.fore])
    assert far.min() > longer - shorter and far.max() < longer + shorter
    assert far.max() - far.min() > 1.5 * shorter
    assert (state["speed"] == 0).all()
    ways = np.stack([*state["angle"].T, np.arctan2(*state["target"].T)])
    counts = [np.histogram(way, 8, (-np.pi, np.pi))[0] for way in ways]
    assert np.min(counts) > 500 and np.max(counts) < 750
    assert np.abs(np.corrcoef(ways) - np.eye(3)).max() < 0.06


def test_one_copy_does_as_it_does_among_others():
    world, rng = Arm(), np.random.default_rng(0)
    state, action = world.begin(30, rng), rng.integers(9, size=30)
    state["speed"] = rng.normal(size=(30, 2))
    together = world.advance(state, action, None)
    for k in range(30):
        alone = {part: numbers[k : k + 1] for part, numbers in state.items()}
        after, reward, ends = world.advance(alone, action[k : k + 1], None)
        np.testing.assert_allclose(world.observe(after)[0], world.observe(together[0])[k])
        assert (reward[0], ends[0]) == pytest.approx((together[1][k], together[2][k]))


@pytest.mark.parametrize("name", WORLDS)
def test_the_expert_turns_each_joint_as_the_jacobian_says(name):
    """From rest a joint turns so that the tip comes nearer, by differences; or not at all."""
    world, rng = Arm(**WORLDS[name]), np.random.default_rng(0)
    state = world.begin(200, rng)
    motors = np.array(divmod(world.expert(world.observe(state)), 3)) - 1
    motors[1] *= int(np.sign(world.elbow))
    used = 0
    for k in range(200):
        for joint in range(2):
            places = []
            for side in (-1e-5, 1e-5):
                angle = state["angle"][k].copy()
                angle[joint] += side
                places.append(math.dist(tip_of(angle, world.upper, world.fore), state["target"][k]))
            gain = -(places[1] ** 2 - places[0] ** 2) / 4e-5  # J's column times the way to go
            assert motors[joint, k] == (np.sign(gain) if abs(3 * gain) > 0.1 else 0)
            used += motors[joint, k] != 0
    assert used > 300


def test_the_expert_takes_any_leading_axes_and_brakes():
    world = Arm()
    seen = check_leading_axes(world, 9)
    fast = np.concatenate([seen[:, :4], np.ones((24, 2)) * 4, seen[:, 6:]], -1)
    assert (world.expert(fast) == 0).all()  # both back


def test_what_chance_and_the_expert_reach():
    rng = np.random.default_rng(1)
    chance = play_episodes(lambda seen: rng.integers(9, size=seen.shape[:-1]), "Arm-v0", 1, 1000)
    assert -5.2 < chance.mean() < -4.3
    bars = {"as it is": 3.1, "wires exchanged": 3.1, "weak elbow": 2.1, "long forearm": 3.3}
    for name, bar in bars.items():
        [episodes] = record_episodes(Arm(**WORLDS[name]).expert, "Arm-v0", 1, 400, **WORLDS[name])
        assert bar < np.mean([episode.reward.sum() for episode in episodes]) < bar + 0.8
    crossed = play_episodes(Arm().expert, "Arm-v0", 1, 400, **Arm.changed["wires exchanged"])
    assert crossed.mean() < -1.5  # as it pushes away


def test_an_agent_learns_to_reach():
    config = DQfDConfig(**Arm.dqn | {"steps": 8_000, "batch_size": 32})
    *_, progress = train.train_dqn(config, "Arm-v0", 2, 0, 1)
    assert (mean_returns(progress.network, "Arm-v0", 100) > -3).all()


@pytest.mark.parametrize("bad", [{"upper": 3}, {"fore": 0}, {"elbow": -2.1}])
def test_bad_settings_are_refused(bad):
    with pytest.raises(ValueError, match="must be a number between"):
        Arm(**bad)


@pytest.mark.parametrize("action", [None, 0, 5, 8])
def test_it_is_plotted_where_it_is(action):
    world = Arm(upper=0.8)
    axes = Figure().subplots()
    state = world.begin(1, np.random.default_rng(2))
    world.plot(axes, world.observe(state)[0], action)
    tip = tip_of(state["angle"][0], 0.8, 0.5)
    arm, target = axes.lines[:2]
    elbow = tip_of(state["angle"][0], 0.8, 0)
    np.testing.assert_allclose(arm.get_xydata(), [(0, 0), elbow, tip], atol=1e-9)
    np.testing.assert_allclose(target.get_xydata()[0], state["target"][0])
    turns = {None: "  ", 0: "↻↻", 5: " ↺", 8: "↺↺"}
    assert "".join(text.get_text() for text in axes.texts) == turns[action]
