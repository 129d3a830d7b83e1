"""A world in three functions, as Gymnasium has it: one copy, many copies, and what is refused."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from course_utils import envs, evaluation
from course_utils.settings import configuration, setting
from course_utils.worlds import kit


@configuration
class Line:
    """A walk on a line, from a random place; who leaves it ends."""

    pace: float = setting(1.0, 0, 5, "how far a step goes")
    observations, actions, limit = ["place"], ["back", "on"], 6

    def begin(self, n, rng):
        """Somewhere near the middle."""
        return {"place": rng.normal(size=n)}

    def advance(self, state, action, rng):
        """A step, with a little noise."""
        place = state["place"] + self.pace * (2 * action - 1) + 0.1 * rng.normal(size=len(action))
        return {"place": place}, -abs(place), abs(place) > 4

    def observe(self, state):
        """The place alone."""
        return state["place"][:, None]


@pytest.fixture(autouse=True)
def registered():
    kit.register(Line, "Line-v0")
    yield
    gym.registry.pop("Line-v0", None)


def test_gymnasium_finds_nothing_wrong():
    check_env(gym.make("Line-v0").unwrapped)


def changed(**parts):
    """Another class like `Line`, with these parts."""
    return configuration(type("Other", (Line,), {"__annotations__": {}} | parts))


def test_copies_follow_a_loop_over_steps():
    """Each copy by itself: rewards, both ends, and the step that only begins anew."""
    copies = kit.ManyCopies(Line, 50, max_episode_steps=6)
    before, _ = copies.reset(seed=3)
    rng, age, over = np.random.default_rng(4), np.zeros(50, int), np.zeros(50, bool)
    both = set()
    for _ in range(40):
        action = rng.integers(2, size=50)
        seen, reward, terminated, truncated, _ = copies.step(action)
        for k in range(50):
            if over[k]:
                assert (reward[k], terminated[k], truncated[k]) == (0, False, False)
                assert abs(seen[k, 0]) < 6
                age[k] = 0
            else:
                age[k] += 1
                assert abs(seen[k, 0] - before[k, 0] - (2 * action[k] - 1)) < 0.6
                assert reward[k] == pytest.approx(-abs(seen[k, 0]))
                assert terminated[k] == (abs(seen[k, 0]) > 4)
                assert truncated[k] == (age[k] == 6 and not terminated[k])
        both |= {name for name, ends in (("t", terminated), ("l", truncated)) if ends.any()}
        before, over = seen, terminated | truncated
    assert both == {"t", "l"}


def test_one_copy_and_many_return_the_same_on_average():
    def act(seen):
        return (seen[..., 0] < 0).astype(int)

    many = evaluation.play_episodes(act, "Line-v0", 1, 2000).mean()
    env, returns = gym.make("Line-v0"), []
    for episode in range(400):
        (seen, _), total, over = env.reset(seed=episode), 0.0, False
        while not over:
            seen, reward, terminated, truncated, _ = env.step(act(seen))
            total, over = total + reward, terminated or truncated
        returns.append(total)
    spread = np.std(returns) * (1 / 400 + 1 / 2000) ** 0.5
    assert abs(many - np.mean(returns)) < 4 * spread


def test_settings_reach_the_world_and_bad_ones_are_told():
    assert envs.make_envs("Line-v0", 2, pace=2.0).world.pace == 2
    assert gym.make("Line-v0", pace=3.0).unwrapped.world.pace == 3
    with pytest.raises(ValueError, match="pace = 9: must be a number between 0 and 5"):
        envs.make_envs("Line-v0", 2, pace=9)
    with pytest.raises(TypeError, match=r"Line has no setting 'pase'. It has: pace\."):
        kit.make_world(Line, pase=1)


@pytest.mark.parametrize("name", ["limit", "advance", "num_envs", "discount", "dqn"])
def test_a_setting_that_hides_a_part_is_refused(name):
    part = {name: setting(1.0, 0, 2, "anything"), "__annotations__": {name: float}}
    with pytest.raises(ValueError, match=f"'{name}' of Other would hide a part of the same name"):
        kit.register(changed(**part), "Other-v0")
    assert "Other-v0" not in gym.registry


@pytest.mark.parametrize("world", [3, None, Line(), type("Bare", (), {})])
def test_what_is_no_world_is_refused(world):
    with pytest.raises(ValueError, match="is no world: it must be a @configuration class with"):
        kit.register(world, "Other-v0")


def test_registering_twice_takes_the_second():
    kit.register(changed(limit=3), "Line-v0")
    assert gym.spec("Line-v0").max_episode_steps == 3


def test_pictures_show_the_numbers_or_what_the_world_plots():
    env = gym.make("Line-v0", render_mode="rgb_array")
    env.reset(seed=0)
    first = env.render()
    env.step(1)
    assert first.dtype == np.uint8 and first.shape == env.render().shape
    assert (first != env.render()).any()
    asked = []
    own = changed(plot=lambda self, axes, observation, action: asked.append((observation, action)))
    kit.register(own, "Line-v0")
    env = gym.make("Line-v0", render_mode="rgb_array")
    env.reset(seed=0)
    env.render()
    assert asked[0][0].shape == (1,) and asked[0][1] is None


def test_changed_worlds_are_tried_when_they_are_registered():
    with pytest.raises(TypeError, match=r"Other has no setting 'leak'. It has: pace\."):
        kit.register(changed(changed={"thin": {"leak": 0.4}}), "Other-v0")
    assert "Other-v0" not in gym.registry
