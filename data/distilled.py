"""The recipes of notebooks 10 to 12: students of the shipped agents, one teacher or several, small or sturdy.

A study is a file with several arms, as in `taught`; each arm is a function of this file with its settings.
"""

import numpy as np
import taught
import torch
import tuned

from course_utils import distillation, evaluation, storage
from course_utils.distillation import DistillConfig, Lesson, distill
from course_utils.dqn import train_dqn
from course_utils.learner import DQNConfig
from course_utils.networks import QNetwork, greedy

SEED, EPISODES = 0, 100  # tuned with seeds from 100 on
TEST_SEED = 20_000_000
TEACHERS, STUDENTS, SEEDS = (0, 1, 2), 10, 10  # students of each teacher; seeds of what is trained from scratch
LANDER = "LunarLander-v3"
LOSSES = {
    "KL": distillation.kl_loss,
    "NLL": distillation.nll_loss,
    "advantages": distillation.advantage_loss,
    "MSE": distillation.mse_loss,
}
WIDTHS = (32, 16, 8, 4)
TEMPERATURES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
STATE_COUNTS = (40, 200, 1000)  # in each of five rounds
# Of each loss and size the best of four learning rates from 1e-3 to 3e-2, for KL with each of three τ from .01 to 1:
# by the interquartile mean of students of three other teachers, agents 3 to 5, on base seed 100.
BEST = {}


def teachers(students: int = 1) -> QNetwork:
    """The three teachers of the course, each as often as it has students."""
    landers = storage.load_agent(taught.FOLDER / "lunar_lander_320k.safetensors")[0]
    return landers.choose([teacher for teacher in TEACHERS for _ in range(students)])


def fly(network: QNetwork, episodes: int | None = None, env_id: str = LANDER) -> np.ndarray:
    """The mean return of each network in the test episodes. (Constants are read at the call, for other seeds.)"""
    return evaluation.play_episodes(
        greedy(network), env_id, network.shape["seeds"], episodes or EPISODES, TEST_SEED
    ).mean(1)


# ---- notebook 10 ----


def themselves() -> dict:
    """What the three teachers return: [3]."""
    return {"return": fly(teachers())}


def students_of_three(loss: str, config: dict, who: str = "mixture", students: int = 10, episodes: int = 100) -> dict:
    """Students of each of the three teachers, one teacher after the other: `return` [3 · students]."""
    lessons = [Lesson(LANDER, teachers(students))]
    *_, last = distill(DistillConfig(**config), lessons, 3 * students, LOSSES[loss], who, SEED, 1)
    found = {"return": fly(last.network, min(episodes, EPISODES)), "learning_seconds": last.cpu_seconds}
    return found | {"parameters": last.network.parameters_of_one()}


def from_scratch(config: dict) -> dict:
    """The same small networks, trained by reward."""
    *_, last = train_dqn(DQNConfig(**config), LANDER, SEEDS, SEED, 1)
    return {"return": fly(last.network), "learning_seconds": last.cpu_seconds}


def study_of_distillation():
    """Notebook 10: the frontier of loss and size; temperatures; whose states; more updates; and from scratch."""
    yield "teachers", themselves, {}
    for arm, best in BEST.items():
        yield arm, students_of_three, {"loss": arm.split(",")[0], "config": best}
    slow = BEST["MSE, 16-16"] | {"updates": 4000}
    yield "MSE, 16-16, four times the updates", students_of_three, {"loss": "MSE", "config": slow}
    for width in WIDTHS:
        for temperature in TEMPERATURES:
            config = BEST[f"KL, {width}-{width}"] | {"temperature": temperature}
            settings = {"loss": "KL", "config": config, "students": 4, "episodes": 30}
            yield f"KL, {width}-{width}, τ = {temperature:g}", students_of_three, settings
    for who in distillation.STATES:
        for count in STATE_COUNTS:
            settings = {"loss": "KL", "config": BEST["KL, 8-8"] | {"states": count}, "who": who}
            yield f"KL, 8-8, {who}, {count} states", students_of_three, settings
    for width in WIDTHS:
        yield f"scratch, {width}-{width}", from_scratch, {"config": SCRATCH | {"width": width}}
        short = SCRATCH | {"width": width, "steps": EQUAL_STEPS, "learning_starts": 1000}
        yield f"scratch, equal CPU, {width}-{width}", from_scratch, {"config": short}
