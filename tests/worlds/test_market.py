"""The market against its data sheet, written once more as a plain loop, and what is known of it."""

import math

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from matplotlib.figure import Figure

from course_utils.envs import make_envs
from course_utils.evaluation import play_episodes
from course_utils.worlds.market import Market
from tests.worlds.shared import check_each_alone


def test_gymnasium_finds_nothing_wrong():
    check_env(gym.make("Market-v0").unwrapped)


def up_probability(above, swing):
    """Four coins, so that the price goes back a share `swing` of its way on average."""
    return min(max((2 - swing * above) / 4, 0), 1)


def a_day(above, held, target, uniform, world):
    """The data sheet: trade, then the price moves. Price, move, gain."""
    gain = -world.fee * abs(target - held)
    up, move, share = up_probability(above, world.swing), -2, 0.0
    for coins in range(4):
        share += math.comb(4, coins) * up**coins * (1 - up) ** (4 - coins)
        if uniform >= share:
            move += 1
    return above + move, move, gain + target * move


@pytest.mark.parametrize("settings", [{}, *Market.changed.values(), {"swing": 0.5}])
def test_all_copies_follow_the_data_sheet(settings):
    world, copies = Market(**settings), 9
    envs, actions = make_envs("Market-v0", copies, **settings), np.random.default_rng(5)
    first, _ = envs.reset(seed=3)
    assert first.tolist() == [[0, 0, 0, 0]] * copies
    uniform, place = np.random.default_rng(3), [(0, 0)] * copies
    for day in range(100):
        action, chance = actions.integers(3, size=copies), uniform.random((copies, 1))
        seen, reward, terminated, truncated, _ = envs.step(action)
        for k, (above, held) in enumerate(place):
            target = int(action[k]) - 1
            above, move, gain = a_day(above, held, target, chance[k, 0], world)
            place[k] = above, target
            assert reward[k] == pytest.approx(gain)
            expected = [above / 5, move / 2, target == 1, target == -1]
            np.testing.assert_allclose(seen[k], expected, atol=1e-6)
        assert not terminated.any() and (truncated == (day == 99)).all()


def test_many_copies_are_as_many_single_ones():
    world, rng = Market(), np.random.default_rng(0)
    state = {name: rng.integers(size, size=50) for name, size in world.whole.items()}
    action, move = rng.integers(3, size=50), rng.integers(5, size=50)
    check_each_alone(world, state, action, move)


@pytest.mark.parametrize("swing", [0, 0.2, 0.5])
def test_the_price_goes_back_by_its_share(swing):
    above = np.array([-12, -3, 0, 1, 4])
    chances = Market(swing=swing).chances({"price": 200 + above})
    np.testing.assert_allclose(chances.sum(-1), 1)
    drift = chances @ np.arange(-2, 3)
    np.testing.assert_allclose(drift, np.clip(-swing * above, -2, 2), atol=1e-12)


def test_the_expert_is_far_above_chance_and_below_the_best():
    rng = np.random.default_rng(0)
    chance = play_episodes(lambda seen: rng.integers(3, size=seen.shape[:-1]), "Market-v0", 1, 1000)
    assert -47 < chance.mean() < -41  # measured: -44
    assert 10.3 < play_episodes(Market().expert, "Market-v0", 1, 3000).mean() < 11.7  # 11.0


def test_the_expert_keeps_to_its_band():
    world = Market()
    price, held = 200 + np.array([-2, -1, -1, 0, 1, 2, 2, 5]), np.array([1, 1, 2, 2, 0, 2, 0, 1])
    seen = world.observe({"price": price, "move": 0 * price, "held": held})
    assert world.expert(seen).tolist() == [2, 1, 2, 1, 0, 0, 0, 0]
    assert world.expert(seen.astype(np.float32)[None]).tolist() == [[2, 1, 2, 1, 0, 0, 0, 0]]
    assert world.expert(seen[-1]) == 0
    assert Market(fee=2.0).expert(seen).tolist() == [1, 1, 2, 1, 0, 1, 0, 0]


def test_settings_have_bounds():
    with pytest.raises(ValueError, match="fee = -1.* bought or sold"):
        Market(fee=-1)
    with pytest.raises(ValueError, match="swing = 0.6"):
        make_envs("Market-v0", 2, swing=0.6)


@pytest.mark.parametrize(("above", "held"), [(-30, 2), (0, 1), (5, 0)])
def test_the_plot_shows_price_and_holding(above, held):
    axes, world = Figure().subplots(), Market()
    [seen] = world.observe({name: np.array([x]) for name, x in zip(
        ("price", "move", "held"), (200 + above, 3, held), strict=True)})  # fmt: skip
    world.plot(axes, seen, None)
    assert axes.lines[1].get_ydata().tolist() == pytest.approx([above - 1, above])
    assert axes.texts[0].get_text() == f"holds {['−1', 0, 1][held]}"
    assert axes.get_ylim()[0] < above < axes.get_ylim()[1]
