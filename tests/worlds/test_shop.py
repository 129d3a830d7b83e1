"""The shop against its data sheet, written once more as a plain loop, and what is known of it."""

import gymnasium as gym
import numpy as np
import pytest
import scipy.stats
from gymnasium.utils.env_checker import check_env
from matplotlib.figure import Figure

from course_utils.envs import make_envs
from course_utils.evaluation import play_episodes
from course_utils.worlds.shop import Shop
from tests.worlds.shared import check_each_alone


def test_gymnasium_finds_nothing_wrong():
    check_env(gym.make("Shop-v0").unwrapped)


def a_day(stock, day, pieces, uniform, world):
    """The data sheet: ordered, delivered, sold; stock, profit."""
    mean = world.weekend if day in (5, 6) else world.weekday
    customers = int(scipy.stats.poisson(mean).ppf(uniform))
    profit = -pieces * world.cost
    if pieces > 0:
        profit -= world.delivery
    stock += pieces
    if stock > 20:
        stock = 20
    for _ in range(customers):
        if stock > 0:
            stock -= 1
            profit += world.price
        else:
            profit -= world.lost
    return stock, profit - stock * world.storage


@pytest.mark.parametrize("settings", [{}, *Shop.changed.values()])
def test_all_copies_follow_the_data_sheet(settings):
    world, copies = Shop(**settings), 9
    envs, actions = make_envs("Shop-v0", copies, **settings), np.random.default_rng(5)
    envs.reset(seed=3)
    uniform, stock = np.random.default_rng(3), [10] * copies
    for day in range(56):
        action, chance = actions.integers(11, size=copies), uniform.random((copies, 1))
        seen, reward, terminated, truncated, _ = envs.step(action)
        for k in range(copies):
            stock[k], profit = a_day(stock[k], day % 7, 2 * action[k], chance[k, 0], world)
            assert reward[k] == pytest.approx(profit)
        angle = 2 * np.pi * (day + 1) / 7
        np.testing.assert_allclose(seen[:, 0], np.array(stock) / 10 - 1, atol=1e-6)
        np.testing.assert_allclose(
            seen[:, 1:], [[np.sin(angle), np.cos(angle)]] * copies, atol=1e-6
        )
        assert not terminated.any() and (truncated == (day == 55)).all()


def test_many_copies_are_as_many_single_ones():
    world, rng = Shop(), np.random.default_rng(0)
    state = {"stock": rng.integers(21, size=50), "day": rng.integers(7, size=50)}
    action, customers = rng.integers(11, size=50), rng.integers(50, size=50)
    check_each_alone(world, state, action, customers)


@pytest.mark.parametrize(("weekday", "weekend"), [(2.0, 10.0), (20.0, 0.1)])
def test_customers_are_as_probable_as_poisson_says(weekday, weekend):
    state = {"stock": np.zeros(7, int), "day": np.arange(7)}
    chances = Shop(weekday=weekday, weekend=weekend).chances(state)
    mean = np.repeat([weekday, weekend], [5, 2])[:, None]
    np.testing.assert_allclose(chances, scipy.stats.poisson(mean).pmf(np.arange(50)), atol=1e-7)
    np.testing.assert_allclose(chances.sum(-1), 1)


def test_the_expert_is_far_above_chance_and_below_the_best():
    rng = np.random.default_rng(0)
    chance = play_episodes(lambda seen: rng.integers(11, size=seen.shape[:-1]), "Shop-v0", 1, 1000)
    assert -260 < chance.mean() < -215  # measured: -239
    assert 312 < play_episodes(Shop().expert, "Shop-v0", 1, 1000).mean() < 328  # 320


def test_the_expert_keeps_to_its_rule():
    world = Shop()
    seen = world.observe({"stock": np.array([3, 4, 12, 13, 0]), "day": np.array([2, 2, 6, 6, 5])})
    # At a mean of 2 below 3.4, up to 18.9; at one of 10 below 13.2, up to 20, which is the room.
    assert world.expert(seen).tolist() == [7, 0, 4, 3, 10]
    assert world.expert(seen[0]) == 7
    assert world.expert(np.stack([seen, seen])[None]).shape == (1, 2, 5)
    dear = Shop(storage=5.0).expert(seen)
    assert dear[0] < 7


def test_settings_have_bounds():
    with pytest.raises(ValueError, match="delivery = -1.* of any size costs"):
        Shop(delivery=-1)
    with pytest.raises(ValueError, match="weekend = 21"):
        make_envs("Shop-v0", 2, weekend=21)


@pytest.mark.parametrize(("stock", "day"), [(0, 0), (7, 3), (20, 6)])
def test_the_plot_shows_stock_and_day(stock, day):
    axes = Figure().subplots()
    world = Shop()
    [seen] = world.observe({"stock": np.array([stock]), "day": np.array([day])})
    world.plot(axes, seen, 3)
    sizes = [letter.get_size() for letter in axes.texts]
    assert axes.get_xlabel() == f"stock: {stock}"
    assert np.argmax(sizes) == day and sizes.count(max(sizes)) == 1
    [squares] = axes.collections
    assert (squares.get_facecolors()[:, 3] > 0).sum() == stock
