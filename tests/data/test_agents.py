"""Each shipped agent does what its card says, and the course's promises stand on the cards."""

import build
import capstone
import distilled
import numpy as np
import pytest

from course_utils import envs, evaluation, storage
from course_utils.networks import greedy
from course_utils.worlds import WORLDS

CRITICAL = 4.7  # standard errors; with 16 files a false alarm in less than 1 of 10,000 runs


def card_of(name):
    return storage.load_agent(storage.shipped(f"{name}.safetensors"))[1]


def in_the_cards_episodes(network, env_id, number):
    """The returns of agent `number` in the very episodes in which the card's agents were tested."""
    if envs.has_array_version(env_id):  # all from one stream: all must play
        played = evaluation.play_episodes(
            greedy(network), env_id, network.seeds, build.EPISODES, build.TEST_SEED
        )
        return played[number]
    seed = int(np.random.SeedSequence([build.TEST_SEED, 1]).generate_state(1)[0])
    rounds, copies = 10, build.EPISODES // 10
    alone = greedy(network.choose([number]))
    steps = envs.play(alone, env_id, 1, copies, seed + number * copies)
    return evaluation.episode_returns(steps, rounds).ravel()


def differs(fresh: np.ndarray, means: np.ndarray, episodes: int) -> bool:
    """Whether agents do something else than their card says.

    fresh: returns [S, E]. means: [S], on the card, each of so many episodes.
    """
    sizes = 1 / fresh.shape[1] + 1 / episodes
    variance = np.maximum(fresh.var(1, ddof=1), (0.05 * means) ** 2) * sizes
    standard_error = variance.sum() ** 0.5 / len(means)
    return abs((fresh.mean(1) - means).mean()) > CRITICAL * standard_error


@pytest.mark.slow
@pytest.mark.parametrize("name", [*build.RUNS, *distilled.AGENTS])
def test_a_shipped_agent_does_what_its_card_says(name):
    """One agent of each file in its own test episodes: the card's number, to the last digit.

    A machine that rounds otherwise plays other episodes: there all agents play fresh ones.
    """
    network, card = storage.load_agent(storage.shipped(f"{name}.safetensors"))
    number = len(name) % network.seeds
    played = in_the_cards_episodes(network, card["environment"], number).mean()
    if abs(played - card["return"][number]) > 1e-3:
        act, seeds = greedy(network), network.seeds
        fresh = evaluation.play_episodes(act, card["environment"], seeds, 100, seed=40_000_000)
        assert not differs(fresh, np.array(card["return"]), card["episodes"])


@pytest.mark.slow
@pytest.mark.parametrize("crashes", [0.0, 0.1])
def test_that_test_is_silent_for_the_same_agents_and_loud_for_worse_ones(crashes):
    """Agents with returns like the lander's, some of which end low: mean 265 or 245, of 10."""
    rng = np.random.default_rng(0)

    def play(episodes, loss=0.0):
        low = rng.random((10, episodes)) < crashes
        returns = np.where(low, rng.normal(60, 60, low.shape), rng.normal(265, 30, low.shape))
        return (1 - loss) * returns

    trials = 4000
    false_alarms = sum(differs(play(100), play(100).mean(1), 100) for _ in range(trials))
    caught = sum(differs(play(100, 0.1), play(100).mean(1), 100) for _ in range(400))
    assert false_alarms == 0  # 4.7 standard errors: expected in 4000 trials .01
    assert caught >= 396


@pytest.mark.parametrize("name", build.RUNS)
def test_a_card_is_complete(name):
    card = card_of(name)
    assert len(card["return"]) == card["seeds"] == 10 and card["episodes"] == 100
    assert np.allclose(card["interval"], evaluation.interval(card["return"]), atol=0.01)
    assert np.shape(card["curve_returns"]) == (10, len(card["curve_steps"]))
    assert card["cpu_seconds"] > 0 and card["parameters"] > 4000


@pytest.mark.parametrize("name", distilled.AGENTS)
def test_what_was_made_from_others_names_its_parent(name):
    card = card_of(name)
    known = [*build.RUNS, *distilled.AGENTS] + [None] * (name.capitalize() in WORLDS)
    assert card["parent"] in known and card["parent"] == distilled.AGENTS[name][1]
    agents = (10,) if name in capstone.AGENTS else (3, 30)
    assert len(card["return"]) == card["seeds"] in agents and card["episodes"] == 100
    assert np.allclose(card["interval"], evaluation.interval(card["return"]), atol=0.01)
    assert card["cpu_seconds"] > 0 and card["environment_steps"] >= 10_000


def test_students_reach_their_teachers():
    """Interquartile mean of ten students of each of three teachers, as a share of their own's."""
    teachers = np.array(card_of("lunar_lander_320k")["return"][:3])
    for width, share in {32: 0.95, 16: 0.95, 8: 0.9}.items():
        card = card_of(f"lunar_lander_students_{width}")
        shares = np.reshape(card["return"], (3, 10)) / teachers[:, None]
        assert evaluation.stratified_interval(list(shares)).value >= share, width


def test_it_reaches_what_the_course_promises():
    levels = {"cartpole": 485, "mountain_car_n10": -125}
    levels |= {"lunar_lander_200k": 200, "lunar_lander_320k": 235}
    for name, level in levels.items():
        assert card_of(name)["interval"][0] >= level, name


def test_the_three_teachers_are_good_enough():
    card = card_of("lunar_lander_320k")
    assert min(card["return"][:3]) >= 220 and card["config"]["width"] <= 128
