"""The table's numbers against exact values found independently; the simulator against Gymnasium."""

import gymnasium as gym
import numpy as np
import pytest

from course_utils import envs
from course_utils.learn import tabular
from course_utils.learn.tabular import QLearningConfig

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
    first, last = np.flatnonzero(taxi.start)[[0, -1]]
    assert taxi.reset(np.array([0.0, np.nextafter(1, 0)])).tolist() == [first, last]


def test_time_limits_are_those_of_the_environment(lake):
    assert lake.time_limit == 100
    assert envs.read_mdp("Taxi-v4").time_limit == 200
    assert envs.read_mdp("CliffWalking-v1").time_limit == np.inf


def test_exact_values_of_frozen_lake(lake):
    q = tabular.value_iteration(lake, 0.99)
    best, random = tabular.greedy_policy(q), np.full((16, 4), 0.25)
    assert tabular.policy_return(lake, best, 100) == pytest.approx(0.7402, abs=5e-5)
    assert tabular.policy_return(lake, random, 100) == pytest.approx(0.0139, abs=5e-5)
    assert tabular.best_return(lake, 100) == pytest.approx(0.7442, abs=5e-5)
    assert tabular.value_iteration(lake, 1.0)[0].max() == pytest.approx(0.8235, abs=5e-5)
    large = envs.read_mdp("FrozenLake8x8-v1")
    assert tabular.best_return(large, 200) == pytest.approx(0.9132, abs=5e-5)


def test_exact_values_of_taxi_and_cliff():
    taxi, cliff = envs.read_mdp("Taxi-v4"), envs.read_mdp("CliffWalking-v1")
    assert tabular.best_return(taxi, 200) == pytest.approx(7.93, abs=5e-3)
    random = np.full((500, 6), 1 / 6)
    assert tabular.policy_return(taxi, random, 200) == pytest.approx(-771, abs=0.5)
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


def test_a_backup_of_ones_own_makes_the_values(lake):
    ours = tabular.value_iteration(lake, 0.9)
    same = tabular.value_iteration(lake, 0.9, backup=lambda *a: tabular.bellman_backup(*a))
    assert np.array_equal(same, ours)
    shorter = tabular.value_iteration(
        lake, 0.9, backup=lambda m, v, d: d * tabular.bellman_backup(m, v, 1)
    )
    assert not np.allclose(shorter, ours)


def test_policy_return_agrees_with_sampled_episodes(lake):
    policy, count = tabular.greedy_policy(tabular.value_iteration(lake, 0.99)), 1000
    env, returns = gym.make("FrozenLake-v1"), []
    for episode in range(count):
        state, _ = env.reset(seed=0 if episode == 0 else None)
        over = False
        while not over:
            state, reward, terminated, truncated, _ = env.step(policy[state].argmax())
            over = terminated or truncated
        returns.append(reward)
    exact = tabular.policy_return(lake, policy, 100)
    assert np.mean(returns) == pytest.approx(exact, abs=4 * np.sqrt(0.2 / count))


def test_greedy_policy_shares_ties_and_explores():
    q = np.array([[1.0, 1.0, 0.0, 0.0], [0.0, 2.0, 0.0, 0.0]])
    assert tabular.greedy_policy(q).tolist() == [[0.5, 0.5, 0, 0], [0, 1, 0, 0]]
    assert tabular.greedy_policy(q, epsilon=0.4)[1] == pytest.approx([0.1, 0.7, 0.1, 0.1])


def test_a_diverging_iteration_says_so():
    world = envs.read_mdp("CliffWalking-v1")
    with pytest.raises(
        RuntimeError, match="no fixed point within 5 sweeps: choose a discount under 1"
    ):
        tabular.value_iteration(world, 1.0, max_sweeps=5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("env_id", "settings", "least"),
    [
        ("FrozenLake-v1", {"steps": 50_000}, 0.735),
        ("CliffWalking-v1", CERTAIN | {"steps": 10_000, "learning_rate": 0.5, "epsilon": 0.1}, -13),
        ("Taxi-v4", CERTAIN | {"steps": 100_000, "epsilon": 0.3}, 7.85),
    ],
)
def test_every_seed_learns(env_id, settings, least):
    mdp = envs.read_mdp(env_id)
    *_, last = tabular.q_learning(mdp, QLearningConfig(**settings), seeds=20, seed=1000)
    horizon = min(mdp.time_limit, 200)
    returns = tabular.policy_return(mdp, tabular.greedy_policy(last.q), horizon)
    assert returns.shape == (20,) and returns.min() >= least


def test_a_seed_does_not_feel_its_neighbours(lake):
    """With a target that spoils the tables of some seeds, the others must not change by a bit."""

    def spoiled(reward, terminated, next_q, discount):
        y = tabular.q_learning_target(reward, terminated, next_q, discount)
        return np.where(np.arange(len(y)) < 3, 7.0, y)

    def steady(q, epsilon, rng):
        return rng.integers(
            4, size=len(q)
        )  # the same random numbers are used whatever the tables say

    config = QLearningConfig(steps=2000)
    *_, clean = tabular.q_learning(lake, config, seeds=6, act=steady)
    *_, partly = tabular.q_learning(lake, config, seeds=6, act=steady, target=spoiled)
    assert not np.array_equal(clean.q[:3], partly.q[:3])
    assert np.array_equal(clean.q[3:], partly.q[3:])


def test_functions_of_ones_own_do_the_learning(lake):
    def learned(**functions):
        *_, last = tabular.q_learning(lake, QLearningConfig(steps=2000), seeds=3, **functions)
        return last.q

    ours = {"target": tabular.q_learning_target, "act": tabular.epsilon_greedy}
    wrapped = {name: lambda *a, own=own: own(*a) for name, own in ours.items()}
    assert np.array_equal(learned(**wrapped), learned())
    assert not np.array_equal(learned(target=lambda r, t, q, d: r + d * q.max(-1) + 1), learned())
    assert not np.array_equal(learned(act=lambda q, e, rng: rng.integers(4, size=3)), learned())


def test_every_update_is_the_textbooks(lake):
    """Each step changes at most one entry, to q + α (r + γ max q′ − q), in plain Python."""
    steady = {"learning_rate": 0.3, "learning_rate_decay": 1, "discount": 0.9, "initial_value": 0.5}
    config, seen = QLearningConfig(steps=500, **steady), []

    def spy(reward, terminated, next_q, discount):
        seen.append((float(reward[0]), bool(terminated[0]), next_q[0].tolist()))
        return tabular.q_learning_target(reward, terminated, next_q, discount)

    tables = [np.full((16, 4), 0.5)]
    training = tabular.q_learning(lake, config, seeds=1, records=500, target=spy)
    tables += [record.q[0] for record in training]
    for old, new, (reward, terminated, next_q) in zip(tables, tables[1:], seen, strict=False):
        y = reward if terminated else reward + 0.9 * max(next_q)
        assert next_q in old.tolist()
        changed = np.argwhere(new != old)
        assert len(changed) <= 1
        for entry in map(tuple, changed):
            assert new[entry] == pytest.approx(old[entry] + 0.3 * (y - old[entry]), abs=1e-12)
    assert (tables[-1] != 0.5).sum() > 10 and len(tables) == len(seen) + 1 == 501


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


def first_record(lake, **options):
    return next(tabular.q_learning(lake, QLearningConfig(), **options))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda lake: tabular.value_iteration(lake, 1.5), "discount = 1.5"),
        (lambda lake: tabular.greedy_policy(np.zeros((16, 4)), 2), "epsilon = 2"),
        (lambda lake: tabular.greedy_policy(np.full((16, 4), np.nan)), "q holds NaN"),
        (lambda lake: tabular.bellman_backup(lake, np.zeros(17), 0.9), r"value has shape \(17,\)"),
    ],
)
def test_bad_tables_get_one_sentence(lake, call, words):
    with pytest.raises(ValueError, match=words):
        call(lake)


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (np.ones((4, 4)) / 4, r"shape \(4, 4\).*needs \[..., 16, 4\]"),
        (np.ones((16, 4)), "add up to 1"),
        (np.full((16, 4), np.nan), "policy holds NaN"),
    ],
)
def test_what_is_no_policy_gets_one_sentence(lake, policy, words):
    with pytest.raises(ValueError, match=words):
        tabular.policy_return(lake, policy, 9)


@pytest.mark.parametrize(
    ("env_id", "arguments", "words"),
    [
        ("FrozenLake-v9", {}, "Gymnasium cannot make 'FrozenLake-v9'"),
        ("NoSuchLake-v1", {}, "Gymnasium cannot make 'NoSuchLake-v1'"),
        ("FrozenLake-v1", {"slippery": True}, "Gymnasium cannot make 'FrozenLake-v1': .*slippery"),
        ("CartPole-v1", {}, "CartPole-v1 has no transition table"),
    ],
)
def test_an_environment_without_a_table_gets_one_sentence(env_id, arguments, words):
    with pytest.raises(ValueError, match=words):
        envs.read_mdp(env_id, **arguments)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"seeds": 0}, "seeds = 0"),
        ({"act": lambda q, e, rng: -np.ones(20, int)}, "`act` must return whole numbers .* 0 to 3"),
        ({"act": lambda q, e, rng: np.full(20, 4)}, "`act` must return whole numbers .* 0 to 3"),
        ({"act": lambda q, e, rng: 0}, r"`act` must return whole .* of shape \[\]"),
        ({"target": lambda r, t, q, d: q}, r"`target` returned shape \(20, 4\)"),
        (
            {"target": lambda r, t, q, d: r * np.nan},
            "NaN or infinity at step 2000: look at what `target` returns",
        ),
    ],
)
def test_a_training_that_cannot_be_gets_one_sentence(lake, options, words):
    with pytest.raises(ValueError, match=words):
        first_record(lake, **options)
