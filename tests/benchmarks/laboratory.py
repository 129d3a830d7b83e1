"""What the laboratory takes of a training, and how often its picture changes: make bench."""

import time

import numpy as np

from course_utils import envs
from course_utils.laboratory import Laboratory
from course_utils.learn import tabular
from course_utils.learn.tabular import QLearningConfig
from course_utils.learner import DQNConfig
from course_utils.train import train_dqn
from tests.benchmarks.report import into_page, machine

PAIRS = 5
LAKE = envs.read_mdp("FrozenLake-v1")


def table(config):
    """As in notebook 01."""
    for record in tabular.q_learning(LAKE, config, 20, 0, 600):
        returns = tabular.policy_return(LAKE, tabular.greedy_policy(record.q), 100)
        yield record.step, {"20 agents": returns}, record.q[0]


def deep(env_id):
    """As in notebooks 02 and 05."""

    def train(config):
        for record in train_dqn(config, env_id, 5, 0, 400):
            yield record.step, {"5 agents": record.training_return}, record

    return train


CASES = {
    "FrozenLake-v1": (table, QLearningConfig(steps=100_000), {"rows": ["SFFF"] * 4}),
    "CartPole-v1": (deep("CartPole-v1"), DQNConfig(steps=15_000), {"env_id": "CartPole-v1"}),
    "MountainCar-v0": (
        deep("MountainCar-v0"),
        DQNConfig(steps=15_000),
        {"env_id": "MountainCar-v0"},
    ),
}


def measure(train, config, more):
    """CPU seconds of the training alone and in the laboratory; messages a second there."""
    began = time.process_time()
    for _ in train(config):
        pass
    alone = time.process_time() - began
    lab, told = Laboratory(train, config, [], preview=1, **more), []
    lab.view.send = told.append
    began, clock = time.process_time(), time.perf_counter()
    lab.run()
    passed = time.perf_counter() - clock
    return alone, time.process_time() - began, sum("points" in one for one in told) / passed


def main() -> None:
    lines = ["| training | alone, CPU s | in the laboratory | share lost | pictures a second |"]
    lines.append("|---|---|---|---|---|")
    for name, case in CASES.items():
        alone, inside, rate = np.array([measure(*case) for _ in range(PAIRS)]).T
        share = np.median(inside / alone - 1)
        numbers = f"{np.median(alone):.1f} | {np.median(inside):.1f} | {share:.0%}"
        lines.append(f"| {name} | {numbers} | {np.median(rate):.0f} |")
    lines += ["", f"Medians of {PAIRS} pairs in one process. {machine()}."]
    into_page("benchmark of the laboratory", lines)


if __name__ == "__main__":
    main()
