"""The recipes of notebook 13: agents that learn CartPole from pictures.

A study is a file with several arms; each arm is a function of this file with its settings, ten
agents each.
"""

import time
from functools import partial

import numpy as np
import torch

from course_utils import storage
from course_utils.evaluation import mean_returns
from course_utils.learn import pixels
from course_utils.learner import DQNConfig, Parts
from course_utils.losses import cloning_loss
from course_utils.networks import QNetwork, greedy
from course_utils.train import fit, train_dqn

SEED, SEEDS, RECORDS, EPISODES = 0, 10, 16, 100  # tuned with seeds from 100 on
CURVE_SEED, CURVE_EPISODES, TEST_SEED = 1000, 10, 20_000_000
CONFIG = {"steps": 40_000, "replay_capacity": 8_000}
LESSON = {"rounds": 16, "steps": 500, "updates": 300, "batch": 64, "rate": 1e-3}


def by_sight(config: dict, frames=2, dense=False, most=0) -> dict:
    """Agents that learn by DQN: return, curve, CPU seconds. most: pixels of a shift, or none."""
    size, stream = frames * pixels.HEIGHT * pixels.WIDTH, torch.Generator().manual_seed(SEED)
    if dense:  # the same numbers in the same size, and no filters
        network = QNetwork(SEEDS, size, 2, observation_scale=[1 / 255] * size, generator=stream)
    else:
        network = pixels.PixelNetwork(SEEDS, size, generator=stream)
    moves = torch.Generator().manual_seed(SEED)
    parts = Parts(augment=partial(pixels.shift, most=most, generator=moves)) if most else Parts()
    more, steps, curve = {"network": network, "parts": parts, "frames": frames}, [], []
    for progress in train_dqn(DQNConfig(**config), pixels.PIXELS, SEEDS, SEED, RECORDS, **more):
        steps.append(progress.step)
        test = pixels.PIXELS, CURVE_EPISODES, CURVE_SEED + progress.step
        curve.append(mean_returns(progress.network, *test, frames=frames))
    returns = mean_returns(progress.network, pixels.PIXELS, EPISODES, TEST_SEED, frames=frames)
    seconds = progress.cpu_seconds / SEEDS
    facts = {"steps": steps, "learning_seconds": seconds}
    return {"return": returns, "curve": np.transpose(curve)} | facts


def play_and_ask(act, teachers: QNetwork, steps: int, seed: int) -> list[tuple]:
    """Students see pictures in eight games each; teachers, who know the states, say their values.

    act: pictures [S, 8, D] to actions [S, 8], or None: the teachers play. Returns the pictures of
    every fifth step, as neighbours look alike, and the values there, [S, 8, A].
    """
    poles, answers = pixels.PixelPoles(teachers.seeds * 8), []
    seen, _ = poles.reset(seed=seed)
    for step in range(steps):
        seen = torch.tensor(seen).view(teachers.seeds, 8, -1)
        state = torch.tensor(poles.state.T, dtype=torch.float32)
        values = teachers(state.view(teachers.seeds, 8, -1)).detach()
        if step % 5 == 0:
            answers.append((seen, values))
        action = act(seen) if act else values.argmax(-1).numpy()
        seen, *_ = poles.step(action.ravel())
    return answers


def by_teachers(rounds: int, steps: int, updates: int, batch: int, rate: float) -> dict:
    """Students of the shipped agents, which see numbers: they play, and are told what to do."""
    teachers, _ = storage.load_agent(storage.shipped("cartpole.safetensors"))
    stream, started = torch.Generator().manual_seed(SEED), time.process_time()
    student, lived, known = pixels.PixelNetwork(SEEDS, generator=stream), [], []

    def batch_loss(update):
        if update % updates == 0:  # a round begins; in the first one the teachers play
            act = greedy(student) if known else None
            lived.extend(play_and_ask(act, teachers, steps, SEED + update))
            known[:] = [torch.cat(part, 1) for part in zip(*lived, strict=True)]
        seen, values = known
        which = torch.randint(seen.shape[1], (SEEDS, batch), generator=stream)
        own = torch.arange(SEEDS)[:, None]  # each student's own states
        return cloning_loss(student(seen[own, which]), values[own, which].argmax(-1)).mean(-1)

    *_, _ = fit(student, batch_loss, DQNConfig(learning_rate=rate), rounds * updates)
    seconds = (time.process_time() - started) / SEEDS
    returns = mean_returns(student, pixels.PIXELS, EPISODES, TEST_SEED)
    return {"return": returns, "learning_seconds": seconds}


def study_of_pixels():
    """Two frames against one, convolutions against none, shifts; students of other senses."""
    yield "two frames", by_sight, {"config": CONFIG}
    yield "one frame", by_sight, {"config": CONFIG, "frames": 1}
    yield "dense", by_sight, {"config": CONFIG, "dense": True}
    for most in (1, 2):
        yield f"shifts of {most}", by_sight, {"config": CONFIG, "most": most}
    yield "taught", by_teachers, LESSON


CHOSEN = {}
STUDIES = {"pixels": study_of_pixels}


def fixed() -> dict:
    """What all arms have in common and a recipe must name."""
    facts = {"seed": SEED, "seeds": SEEDS, "test_seed": TEST_SEED, "episodes": EPISODES}
    return facts | {"records": RECORDS, "curve": [CURVE_SEED, CURVE_EPISODES]}
