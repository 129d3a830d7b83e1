"""Twenty seeds of Q-learning side by side, and one agent in a plain loop: make bench."""

import time

import gymnasium as gym
import numpy as np

from course_utils import envs
from course_utils.learn import tabular
from course_utils.learn.tabular import QLearningConfig
from tests.benchmarks.report import into_page, machine

LEVEL = {"FrozenLake-v1": 0.735, "CliffWalking-v1": -13, "Taxi-v4": 7.85}
CERTAIN = {"learning_rate": 1, "learning_rate_decay": 1, "epsilon_decay": 1}
SETTINGS = {
    "FrozenLake-v1": QLearningConfig(),
    "CliffWalking-v1": QLearningConfig(steps=20_000, epsilon=0.1, **CERTAIN),
    "Taxi-v4": QLearningConfig(steps=120_000, epsilon=0.3, **CERTAIN),
}


def lowest_index(values, rng):
    """The usual shortcut: faster, and wrong, as FrozenLake shows in notebook 01."""
    return int(np.argmax(values))


def random_tie(values, rng):
    """The usual way to draw among the best actions."""
    return int(rng.choice(np.flatnonzero(values == values.max())))


def plain_loop(env_id: str, config: QLearningConfig, best_action, steps: int = 20_000) -> float:
    """Updates a CPU second of one agent in Gymnasium's own environment.

    best_action: values, generator → action. Schedules and update are those of the course.
    """
    env = gym.make(env_id)
    q = np.zeros((env.observation_space.n, env.action_space.n))
    rng = np.random.default_rng(0)
    state, _ = env.reset(seed=0)
    started = time.process_time()
    for step in range(steps):
        epsilon = config.epsilon * config.epsilon_decay ** (step / steps)
        learning_rate = config.learning_rate * config.learning_rate_decay ** (step / steps)
        explore = rng.random() < epsilon
        action = env.action_space.sample() if explore else best_action(q[state], rng)
        next_state, reward, terminated, truncated, _ = env.step(action)
        target = reward + config.discount * (not terminated) * np.max(q[next_state])
        q[state, action] += learning_rate * (target - q[state, action])
        state = next_state
        if terminated or truncated:
            state, _ = env.reset()
    return steps / (time.process_time() - started)


def side_by_side(env_id: str, config: QLearningConfig, seeds: int) -> tuple[float, float]:
    """CPU seconds, and the exact return of the worst seed's greedy policy."""
    mdp = envs.read_mdp(env_id)
    started = time.process_time()
    *_, last = tabular.q_learning(mdp, config, seeds=seeds, seed=1)
    seconds = time.process_time() - started
    returns = tabular.policy_return(
        mdp, tabular.greedy_policy(last.q), int(min(mdp.time_limit, 200))
    )
    return seconds, returns.min()


def main() -> None:
    columns = ["environment", "who", "CPU s", "updates/s", "ratio to the plain loop"]
    columns += ["worst seed", "must reach"]
    table = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for env_id, config in SETTINGS.items():
        plain = plain_loop(env_id, config, random_tie)
        shortcut = plain_loop(env_id, config, lowest_index)
        alone = f"{config.steps / plain:.1f} | {plain:,.0f} | 1"
        quick = f"{shortcut:,.0f} | {shortcut / plain:.1f}"
        table += [f"| {env_id} | plain loop, one agent | {alone} | | |"]
        table += [f"| {env_id} | the same, ties to the lowest index | | {quick} | | |"]
        for seeds in (1, 20, 100):
            seconds, worst = side_by_side(env_id, config, seeds)
            rate = seeds * config.steps / seconds
            ours = f"{seconds:.1f} | {rate:,.0f} | {rate / plain:.1f}"
            level = f"{worst:.3f} | {LEVEL[env_id]}"
            table += [f"| {env_id} | course_utils, seeds = {seeds} | {ours} | {level} |"]
    what = "CPU s: for the run that reaches the level of the last column."
    into_page(
        "benchmark of Q-learning", [*table, "", f"({machine()}, NumPy {np.__version__}. {what})"]
    )


if __name__ == "__main__":
    main()
