"""The exercises: for each notebook, by its stem, what is said and tried (.yaml), and code (.py)."""

from dataclasses import replace
from functools import partial

import numpy as np
import torch

from course_utils.envs import MDP, read_mdp
from course_utils.networks import QNetwork

SHAPES = [(4,), (5, 4), (2, 3, 4), (1, 3), (6, 2), (3, 3), (3, 1, 4)]  # one row, a batch of one, …


def tools(seed: int = 1) -> dict:
    """What `inputs` may name: NumPy, PyTorch, streams of random numbers, shapes, MDPs, …"""
    stream, rng = torch.Generator().manual_seed(seed), np.random.default_rng(seed)
    given = {"np": np, "torch": torch, "tensor": torch.tensor, "array": np.array, "SHAPES": SHAPES}
    given |= {"rng": rng, "normal": rng.standard_normal, "read_mdp": read_mdp, "replace": replace}
    for function in (torch.randn, torch.rand, torch.randint, QNetwork):
        given[function.__name__] = partial(function, generator=stream)
    return given | {maker.__name__: partial(maker, seed) for maker in (two_policies, random_mdp)}


def two_policies(seed: int):
    """Values of a student and a teacher, and τ: of several shapes, a low τ, a certain student."""
    randn, taus = tools(seed)["randn"], [1.0, 0.5, 5.0, 0.3, 2.0, 0.01, 8.0]
    both = zip(SHAPES, taus, strict=True)
    pairs = [(*(max(3, 2 * tau) * randn(2, *shape)), tau) for shape, tau in both]
    student, teacher, low = pairs.pop(5)  # float32 would lose the answer in rounding
    certain = torch.tensor([[0.0, 200.0], [200.0, 0.0]]), torch.tensor([[0.0, 1.0], [0.0, 2.0]])
    return [*pairs, (student.double(), teacher.double(), low), (*certain, 1.0)]


def random_mdp(seed: int) -> MDP:
    """Five states, three actions, two outcomes; none leads to the last state."""
    rng, size = np.random.default_rng(seed), (5, 3, 2)
    chance, reward = rng.dirichlet(np.ones(2), size[:2]), rng.normal(size=size)
    rules = chance, rng.integers(4, size=size), reward, rng.random(size) < 0.3
    return MDP("random", *rules, rng.dirichlet(np.ones(5)), np.inf)
