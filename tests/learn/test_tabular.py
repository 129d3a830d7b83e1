"""The table's numbers are held to exact values worked out independently, and the simulator to Gymnasium's own steps."""

import time

import gymnasium as gym
import numpy as np
import pytest

from course_utils import envs, tabular
from course_utils.tabular import QLearningConfig

WORLDS = {
    "FrozenLake-v1": {},
    "FrozenLake8x8-v1": {"success_rate": 0.7},
    "CliffWalking-v1": {"is_slippery": True},
    "Taxi-v4": {"is_rainy": True},
}


CERTAIN = {"learning_rate": 1, "learning_rate_decay": 1, "epsilon_decay": 1}


@pytest.fixture(scope="module")
def lake():
    return envs.read_mdp("FrozenLake-v1")


@pytest.mark.parametrize("env_id", WORLDS)
def test_simulator_takes_the_same_steps_as_gymnasium(env_id):
    env = gym.make(env_id, **WORLDS[env_id])
    mdp = envs.read_mdp(env_id, **WORLDS[env_id])
    rng = np.random.default_rng(7)
    state, _ = env.reset(seed=7)
    for _ in range(3000):
        action = rng.integers(env.action_space.n)
        twin = np.random.Generator(type(env.unwrapped.np_random.bit_generator)())
        twin.bit_generator.state = env.unwrapped.np_random.bit_generator.state
        found = mdp.step(np.array([state]), np.array([action]), np.array([twin.random()]))
        state, reward, terminated, truncated, _ = env.step(action)
        assert [part.item() for part in found] == [state, reward, terminated]
        if terminated or truncated:
            state, _ = env.reset()


def test_start_states_follow_the_environments_distribution():
    taxi = envs.read_mdp("Taxi-v4")
    starts = taxi.reset(np.random.default_rng(0).random(60_000))
    shares = np.bincount(starts, minlength=500) / len(starts)
    assert np.abs(shares - taxi.start).max() < 0.001
    assert taxi.reset(np.array([0.0, np.nextafter(1, 0)])).tolist() == list(np.flatnonzero(taxi.start)[[0, -1]])


def test_time_limits_are_those_of_the_environment(lake):
    assert lake.time_limit == 100
    assert envs.read_mdp("Taxi-v4").time_limit == 200
    assert envs.read_mdp("CliffWalking-v1").time_limit == np.inf


def test_exact_values_of_frozen_lake(lake):
    q = tabular.value_iteration(lake, 0.99)
    assert tabular.policy_return(lake, tabular.greedy_policy(q), 100) == pytest.approx(0.7402, abs=5e-5)
    assert tabular.best_return(lake, 100) == pytest.approx(0.7442, abs=5e-5)
    assert tabular.value_iteration(lake, 1.0)[0].max() == pytest.approx(0.8235, abs=5e-5)
    assert tabular.policy_return(lake, np.full((16, 4), 0.25), 100) == pytest.approx(0.0139, abs=5e-5)
    large = envs.read_mdp("FrozenLake8x8-v1")
    assert tabular.best_return(large, 200) == pytest.approx(0.9132, abs=5e-5)


def test_exact_values_of_taxi_and_cliff():
    taxi, cliff = envs.read_mdp("Taxi-v4"), envs.read_mdp("CliffWalking-v1")
    assert tabular.best_return(taxi, 200) == pytest.approx(7.93, abs=5e-3)
    assert tabular.policy_return(taxi, np.full((500, 6), 1 / 6), 200) == pytest.approx(-771, abs=0.5)
    assert tabular.best_return(cliff, 200) == -13


def test_values_solve_the_linear_equations(lake):
    """Against an independent solver: for a fixed policy the values are a linear system."""
    policy = tabular.greedy_policy(tabular.value_iteration(lake, 0.9), epsilon=0.2)
    move, gain = np.zeros((16, 16)), np.zeros(16)
    for state, actions in gym.make("FrozenLake-v1").unwrapped.P.items():
        for action, outcomes in actions.items():
            for probability, next_state, reward, terminated in outcomes:
                share = policy[state, action] * probability
                gain[state] += share * reward
                move[state, next_state] += share * (not terminated)
    value = np.linalg.solve(np.eye(16) - 0.9 * move, gain)
    assert (policy * tabular.bellman_backup(lake, value, 0.9)).sum(-1) == pytest.approx(value)


def test_policy_return_agrees_with_sampled_episodes(lake):
    policy = tabular.greedy_policy(tabular.value_iteration(lake, 0.99))
    env, returns = gym.make("FrozenLake-v1"), []
    for episode in range(3000):
        state, _ = env.reset(seed=0 if episode == 0 else None)
        over = False
        while not over:
            state, reward, terminated, truncated, _ = env.step(policy[state].argmax())
            over = terminated or truncated
        returns.append(reward)
    assert np.mean(returns) == pytest.approx(tabular.policy_return(lake, policy, 100), abs=4 * np.sqrt(0.2 / 3000))


def test_greedy_policy_shares_ties_and_explores():
    q = np.array([[1.0, 1.0, 0.0, 0.0], [0.0, 2.0, 0.0, 0.0]])
    assert tabular.greedy_policy(q).tolist() == [[0.5, 0.5, 0, 0], [0, 1, 0, 0]]
    assert tabular.greedy_policy(q, epsilon=0.4)[1] == pytest.approx([0.1, 0.7, 0.1, 0.1])


def test_a_diverging_iteration_says_so():
    world = envs.read_mdp("CliffWalking-v1")
    with pytest.raises(RuntimeError, match="no fixed point within 5 sweeps: choose a discount under 1"):
        tabular.value_iteration(world, 1.0, max_sweeps=5)


@pytest.mark.parametrize(
    ("env_id", "settings", "least"),
    [
        ("FrozenLake-v1", {}, 0.735),
        ("CliffWalking-v1", {"steps": 20_000, "learning_rate_decay": 1, "epsilon": 0.1, "epsilon_decay": 1}, -13),
        ("Taxi-v4", {"steps": 120_000, **CERTAIN, "epsilon": 0.3}, 7.85),
    ],
)
def test_every_seed_learns(env_id, settings, least):
    mdp = envs.read_mdp(env_id)
    started = time.process_time()
    *_, last = tabular.q_learning(mdp, QLearningConfig(**settings), seeds=20, seed=1000)
    seconds = time.process_time() - started
    returns = tabular.policy_return(mdp, tabular.greedy_policy(last.q), horizon=min(mdp.time_limit, 200))
    assert returns.shape == (20,) and returns.min() >= least
    assert seconds < 10


def test_a_seed_does_not_feel_its_neighbours(lake):
    """With a target that spoils the tables of some seeds, the others must not change by a bit."""

    def spoiled(reward, terminated, next_q, discount):
        y = tabular.q_learning_target(reward, terminated, next_q, discount)
        return np.where(np.arange(len(y)) < 3, 7.0, y)

    def steady(q, epsilon, rng):
        return rng.integers(4, size=len(q))  # the same random numbers are used whatever the tables say

    config = QLearningConfig(steps=2000)
    *_, clean = tabular.q_learning(lake, config, seeds=6, act=steady)
    *_, partly = tabular.q_learning(lake, config, seeds=6, act=steady, target=spoiled)
    assert not np.array_equal(clean.q[:3], partly.q[:3])
    assert np.array_equal(clean.q[3:], partly.q[3:])


def test_every_update_is_the_textbooks(lake):
    """Each step changes at most one entry, to exactly q + α (r + γ max q′ − q), worked out here in plain Python."""
    config = QLearningConfig(steps=500, learning_rate=0.3, learning_rate_decay=1, discount=0.9, initial_value=0.5)
    seen = []

    def spy(reward, terminated, next_q, discount):
        seen.append((float(reward[0]), bool(terminated[0]), next_q[0].tolist()))
        return tabular.q_learning_target(reward, terminated, next_q, discount)

    tables = [np.full((16, 4), 0.5)]
    tables += [record.q[0] for record in tabular.q_learning(lake, config, seeds=1, records=500, target=spy)]
    for old, new, (reward, terminated, next_q) in zip(tables[:-1], tables[1:], seen[1:], strict=True):
        y = reward if terminated else reward + 0.9 * max(next_q)
        assert next_q in old.tolist()
        changed = np.argwhere(new != old)
        assert len(changed) <= 1
        for entry in map(tuple, changed):
            assert new[entry] == pytest.approx(old[entry] + 0.3 * (y - old[entry]), abs=1e-12)
    assert (tables[-1] != 0.5).sum() > 10


def test_generator_obeys_changes_and_copies_its_tables(lake):
    config = QLearningConfig(steps=1000, learning_rate_decay=1)
    run = tabular.q_learning(lake, config, seeds=2, records=10)
    first = next(run)
    kept = first.q.copy()
    config.learning_rate = 0.001
    config.epsilon = 0.0
    assert [record.step for record in run] == list(range(200, 1001, 100))
    assert np.array_equal(first.q, kept)


def test_same_seed_same_run_other_seed_other_run(lake):
    def run(seed):
        return list(tabular.q_learning(lake, QLearningConfig(steps=3000), seeds=3, seed=seed))[-1].q

    assert np.array_equal(run(1), run(1))
    assert not np.array_equal(run(1), run(2))


def test_discounted_return():
    assert tabular.discounted_return([0, 0, 0, 1], 0.9) == pytest.approx(0.729)
    assert tabular.discounted_return([], 0.9) == 0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda lake: envs.read_mdp("FrozenLake-v9"), "Gymnasium cannot make 'FrozenLake-v9'"),
        (lambda lake: envs.read_mdp("NoSuchLake-v1"), "Gymnasium cannot make 'NoSuchLake-v1'"),
        (
            lambda lake: envs.read_mdp("FrozenLake-v1", slippery=True),
            "Gymnasium cannot make 'FrozenLake-v1': .*slippery",
        ),
        (lambda lake: tabular.value_iteration(lake, 1.5), "discount = 1.5"),
        (lambda lake: tabular.greedy_policy(np.zeros((16, 4)), 2), "epsilon = 2"),
        (lambda lake: tabular.greedy_policy(np.full((16, 4), np.nan)), "the table holds NaN"),
        (
            lambda lake: next(tabular.q_learning(lake, QLearningConfig(), act=lambda q, e, rng: -np.ones(20, int))),
            "`act` returned an action outside 0 … 3",
        ),
        (lambda lake: envs.read_mdp("CartPole-v1"), "CartPole-v1 has no transition table"),
        (lambda lake: tabular.policy_return(lake, np.ones((4, 4)) / 4, 9), r"shape \(4, 4\).*needs \[..., 16, 4\]"),
        (lambda lake: tabular.policy_return(lake, np.ones((16, 4)), 9), "add up to 1"),
        (lambda lake: tabular.policy_return(lake, np.full((16, 4), np.nan), 9), "add up to 1"),
        (lambda lake: tabular.bellman_backup(lake, np.zeros(17), 0.9), r"value has shape \(17,\)"),
        (lambda lake: next(tabular.q_learning(lake, QLearningConfig(), seeds=0)), "seeds = 0"),
        (
            lambda lake: next(tabular.q_learning(lake, QLearningConfig(), target=lambda r, t, q, d: q)),
            r"`target` returned shape \(20, 4\)",
        ),
        (
            lambda lake: next(tabular.q_learning(lake, QLearningConfig(), act=lambda q, e, rng: 0)),
            r"`act` returned shape \(\)",
        ),
        (
            lambda lake: next(tabular.q_learning(lake, QLearningConfig(), target=lambda r, t, q, d: r * np.nan)),
            "NaN or infinity at step 2000: look at what `target` returns",
        ),
    ],
)
def test_bad_input_gets_one_sentence(lake, call, words):
    with pytest.raises(ValueError, match=words):
        call(lake)
