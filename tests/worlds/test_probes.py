"""Each usual mistake of a world of one's own is found by the probes, and nothing in a sound one."""

import numpy as np
import pytest

from course_utils.settings import configuration, setting
from course_utils.worlds import probes


@configuration
class Swing:
    """A weight on a spring that is pushed; far out it ends."""

    push: float = setting(0.2, 0, 1, "force of a push")
    observations, actions, limit = ["place", "speed"], ["left", "right"], 50

    def begin(self, n, rng):
        """Near the middle, moving."""
        return {"place": rng.normal(size=n), "speed": rng.normal(size=n)}

    def advance(self, state, action, rng):
        """Push, then move."""
        speed = state["speed"] + self.push * (2 * action - 1) - 0.1 * state["place"]
        place = state["place"] + 0.3 * speed
        return {"place": place, "speed": speed}, -abs(place), abs(place) > 5

    def observe(self, state):
        """Both numbers."""
        return np.stack([state["place"], state["speed"]], -1)


def changed(**parts):
    """The same world with other parts."""
    return configuration(type("Other", (Swing,), {"__annotations__": {}} | parts))


def advance(after):
    """An `advance` whose three results are changed by a function."""
    return lambda self, *given: after(*Swing.advance(self, *given), given[1])


STRAY = np.random.default_rng(5)  # a stream of its own, which no seed of the world begins anew


def observe(seen):
    """An `observe` that gives these columns of a state."""
    return lambda self, state: np.stack(seen(state), -1)


def noisy(state, reward, ends, action):
    state["place"] = state["place"] + STRAY.normal(size=len(action))
    return state, reward, ends


def test_a_sound_world_gets_no_question():
    for seed in range(2):
        assert probes.examine(Swing, seed) == []


MISTAKES = {
    "Memory: the step before helps to foretell place": changed(
        observations=["place"], observe=observe(lambda state: [state["place"]])
    ),
    "Scale: 'speed' goes up to": changed(
        observe=observe(lambda state: [state["place"], 100 * state["speed"]])
    ),
    "Scale: a reward of": changed(advance=advance(lambda s, r, e, a: (s, 200 * r, e))),
    "'speed' never changed": changed(
        observe=observe(lambda state: [state["place"], 0 * state["speed"]])
    ),
    "Leak: 'place' tells the reward, whatever is done": changed(
        advance=lambda self, state, action, rng: (
            Swing.advance(self, state, action, rng)[0],
            state["place"],
            state["place"] > 5,
        )  # fmt: skip
    ),
    "Every step paid the same": changed(advance=advance(lambda s, r, e, a: (s, 0 * r, e))),
    "End: 0% of random steps end it; limit = 5000": changed(
        limit=5000, advance=advance(lambda s, r, e, a: (s, r, e & False))
    ),
    "End: 100% of random steps end it": changed(
        advance=advance(lambda s, r, e, a: (s, r, e | True))
    ),
    "take all that is random from rng": changed(advance=advance(noisy)),
    "Expert: random actions are paid no less": changed(
        expert=lambda self, seen: (seen[..., 0] > 0).astype(int)
    ),
}


@pytest.mark.parametrize("told", MISTAKES)
def test_each_mistake_is_told(told):
    assert any(told in sentence for sentence in probes.examine(MISTAKES[told]))


def test_settings_are_those_of_the_world():
    with pytest.raises(TypeError, match=r"Swing has no setting 'pull'"):
        probes.examine(Swing, pull=1)


def test_a_reward_is_scaled_as_the_settings_say():
    large = changed(advance=advance(lambda s, r, e, a: (s, 200 * r, e)), dqn={"reward_scale": 1e-3})
    assert probes.examine(large) == []


def test_a_good_expert_gets_no_question():
    assert probes.examine(changed(expert=lambda self, seen: (seen[..., 0] < 0).astype(int))) == []


def test_an_expert_that_gives_no_actions_is_refused():
    with pytest.raises(ValueError, match="must return whole numbers"):
        probes.examine(changed(expert=lambda self, seen: seen[..., 0]))
