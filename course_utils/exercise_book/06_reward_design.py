"""The exercises of notebook 06."""

from functools import partial

import numpy as np
import torch

from course_utils.exercises import Exercise
from course_utils.losses import soft_value
from course_utils.teach.rewards import shaping_reward

RNG = np.random.default_rng(1)
randn = partial(torch.randn, generator=torch.Generator().manual_seed(1))


def steps(discount, *shape):
    return *RNG.normal(size=(2, *shape)), RNG.random(shape) < 0.3, discount


EXERCISES = [
    Exercise(
        shaping_reward,
        cases=[
            (np.array([1.0, 2.0]), np.array([3.0, 5.0]), np.array([False, True]), 0.5),
            steps(0.9, 6),
            steps(1.0, 3, 4),
            (np.ones(3), 2 * np.ones(3), np.array([1.0, 0.0, 1.0]), 0.25),
        ],
        hints=[
            "The new potential is discounted, and counts 0 behind a terminal step; the old one is "
            "taken away in full.",
            "The whole of it: discount * (1 - terminated) * next_potential - potential.",
        ],
        mistakes={
            "discount * (1 - terminated) ⇒ discount": "The potential of a terminal state counts: "
            "the factor (1 − terminated) is missing.",
            "discount * (1 ⇒ (1": "The discount is missing: only with the agent's own γ the terms "
            "cancel.",
            "next_potential - potential ⇒ -next_potential + potential": "The sign is turned "
            "round: what is gained must be paid.",
            "next_potential - potential ⇒ potential - next_potential": "Old and new are exchanged.",
            "next_potential - potential ⇒ next_potential": "The old potential is left out: this "
            "is a bonus, and no shaping.",
            "- potential ⇒ - (1 - terminated) * potential": "At a terminal step the old potential "
            "must be taken back, too; here all of F is 0 there.",
            "- potential ⇒ - discount * potential": "The old potential is discounted as well: "
            "only the new one lies a step ahead.",
        },
    ),
    Exercise(
        soft_value,
        cases=[
            (torch.tensor([0.0, 0.0, 0.0]), 1.0),
            (3 * randn(5, 4), 0.5),
            (3 * randn(2, 3, 2), 2.0),
            (torch.tensor([[200.0, 100.0]]), 0.1),
        ],
        hints=[
            "Divide by τ, take logsumexp over the last axis, multiply by τ.",
            "The whole of it: temperature * (q / temperature).logsumexp(-1).",
        ],
        mistakes={
            "temperature * (q / temperature).logsumexp(-1) ⇒ q.amax(-1)": "This is the hard "
            "maximum.",
            "return temperature * ⇒ return": "The factor τ in front is missing.",
            "q / temperature ⇒ q * temperature": "Q must be divided by τ, not multiplied.",
            "q / temperature ⇒ q": "The division by τ is missing.",
            "logsumexp(-1) ⇒ exp().sum(-1).log()": "exp(Q/τ) overflows: use logsumexp, which "
            "takes the maximum out first.",
            lambda q, tau: ((q / tau).softmax(-1) * q).sum(-1): "This is the mean under the "
            "softmax; it lies below the maximum, the soft value above it.",
        },
    ),
]
