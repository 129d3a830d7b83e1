"""The statistics are held to plain loops that follow the papers' words."""

import gymnasium as gym
import numpy as np
import pytest
from scipy import integrate

from course_utils import evaluation
from course_utils.learn import probes  # noqa: F401 - registers Probe-v0


@pytest.fixture
def runs():
    return np.random.default_rng(0).gamma(2.0, size=20)


def test_interquartile_mean_is_the_mean_of_the_middle_half(runs):
    assert evaluation.interquartile_mean(runs) == pytest.approx(np.sort(runs)[5:15].mean())
    assert evaluation.interquartile_mean([0, 1, 2, 100]) == 1.5


def test_interval_agrees_with_a_plain_bootstrap(runs):
    rng = np.random.default_rng(1)
    resampled = [np.sort(rng.choice(runs, 20))[5:15].mean() for _ in range(20_000)]
    estimate = evaluation.interval(runs)
    assert [estimate.low, estimate.high] == pytest.approx(
        np.quantile(resampled, [0.025, 0.975]), abs=0.03
    )
    assert estimate.low < estimate.value < estimate.high


@pytest.mark.slow
def test_interval_covers_the_truth_about_95_times_in_100():
    rng = np.random.default_rng(2)
    covered = 0
    for _ in range(300):
        estimate = evaluation.interval(rng.normal(size=30))
        covered += estimate.low <= 0 <= estimate.high
    assert 0.89 <= covered / 300 <= 0.985


def test_a_curve_gets_an_interval_at_each_point(runs):
    curve = np.stack([runs, runs + 5], axis=1)
    estimate = evaluation.interval(curve)
    alone = evaluation.interval(runs)
    assert estimate.value.shape == estimate.low.shape == estimate.high.shape == (2,)
    assert str(estimate) == "2 estimates"
    assert estimate.value == pytest.approx([alone.value, alone.value + 5])
    assert estimate.high[0] - estimate.low[0] == pytest.approx(alone.high - alone.low, rel=0.1)


def test_strata_are_drawn_within_themselves():
    """Drawing across two tasks of different level would widen the interval to their gap."""
    rng = np.random.default_rng(3)
    low_task, high_task = rng.normal(0, 0.1, 10), rng.normal(100, 0.1, 10)
    estimate = evaluation.stratified_interval([low_task, high_task], statistic=np.mean)
    assert estimate.high - estimate.low < 0.2
    assert evaluation.interval(np.concatenate([low_task, high_task]), statistic=np.mean).low < 40


def test_probability_of_improvement_counts_pairs(runs):
    theirs = np.round(runs[::-1][:12] + 0.2, 1)
    ours = np.round(runs, 1)
    pairs = [(x > y) + 0.5 * (x == y) for x in ours for y in theirs]
    estimate = evaluation.probability_of_improvement(ours, theirs)
    assert estimate.value == pytest.approx(np.mean(pairs))
    assert estimate.low < estimate.value < estimate.high
    assert evaluation.probability_of_improvement(runs + 100, runs) == (1, 1, 1)
    assert evaluation.probability_of_improvement(np.ones(5), np.ones(5)) == (0.5, 0.5, 0.5)


def test_equal_runs_have_an_interval_of_no_width():
    assert str(evaluation.interval(np.full(20, 0.7402))) == "0.740 [0.740, 0.740]"
    column = [(-1.267, -5.084, 2.923), (16.84, 10.71, 23.66)]  # differences of returns
    told = [str(evaluation.Estimate(*three)) for three in column]
    assert told == ["-1.3 [-5.1, 2.9]", "16.8 [10.7, 23.7]"]


@pytest.mark.parametrize("bad", [3.0, [1.0], [[1.0, 2.0]]])
def test_too_few_runs(bad):
    with pytest.raises(ValueError, match="needs 2 runs or more"):
        evaluation.interval(bad)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_broken_runs_are_not_averaged_away(bad):
    with pytest.raises(ValueError, match="find out which, before"):
        evaluation.interval([1.0, 2.0, bad])
    with pytest.raises(ValueError, match="find out which, before"):
        evaluation.probability_of_improvement([1.0, 2.0], [bad, 1.0])


def test_area_under_a_curve_is_scipys_trapezoid_over_the_steps():
    rng = np.random.default_rng(0)
    steps, values = np.sort(rng.random(7)) * 1000, rng.normal(size=(4, 7))
    wanted = integrate.trapezoid(values, steps) / (steps[-1] - steps[0])
    assert np.allclose(evaluation.area_under_curve(steps, values), wanted)
    assert evaluation.area_under_curve([0, 10], [[3.0, 5.0]]).tolist() == [4.0]


def test_returns_of_known_policies():
    returns = evaluation.play_episodes(
        lambda o: np.zeros(o.shape[:2], int), "Probe-v0", 2, 5, name="both"
    )
    assert set(returns.ravel()) == {-1.0, 1.0} and returns.shape == (2, 5)
    returns = evaluation.play_episodes(
        lambda o: np.zeros(o.shape[:2], int), "Probe-v0", 2, 20, name="truncation"
    )
    assert (returns == 5).all()
    halves = evaluation.play_episodes(
        lambda o: np.zeros(o.shape[:2], int), "Probe-v0", 1, 20, discount=0.5, name="truncation"
    )
    assert np.allclose(halves, 1 + 1 / 2 + 1 / 4 + 1 / 8 + 1 / 16)


def test_cartpole_returns_equal_a_plain_loop():
    """A policy that leans on the pole's angle, in Gymnasium's single environment and in ours."""
    vector = evaluation.play_episodes(
        lambda o: (o[..., 2] + 0.3 * o[..., 3] > 0).astype(int), "CartPole-v1", 4, 200
    )
    env, alone = gym.make("CartPole-v1"), []
    for episode in range(200):
        observation, _ = env.reset(seed=episode)
        total, over = 0, False
        while not over:
            observation, reward, terminated, truncated, _ = env.step(
                int(observation[2] + 0.3 * observation[3] > 0)
            )
            total, over = total + reward, terminated or truncated
        alone.append(total)
    assert (
        abs(vector.mean() - np.mean(alone)) < 4 * np.std(alone) * (1 / 200 + 1 / 800) ** 0.5 + 1e-9
    )
