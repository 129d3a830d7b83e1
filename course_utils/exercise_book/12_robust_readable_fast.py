"""The exercises of notebook 12."""

import itertools
from functools import partial

import numpy as np
import torch

from course_utils.distil.robust import fgsm
from course_utils.distil.ship import numpy_q
from course_utils.exercise_book.examination import Exercise
from course_utils.networks import QNetwork

STREAM, RNG = torch.Generator().manual_seed(1), np.random.default_rng(1)


def watching(states, numbers, actions, size, hidden_layers=2, unseen=0, seeds=2):
    """Networks that do not see the last `unseen` numbers, what they observe, and a size."""
    shape = numbers, actions, 8, hidden_layers
    network = QNetwork(seeds, *shape, layer_norm=False, generator=STREAM)
    network.observation_scale[numbers - unseen :] = 0
    return network, torch.randn(seeds, states, numbers, generator=STREAM), size


def layers(sizes, *leading):
    """Layers and observations."""
    normal, pairs = partial(RNG.standard_normal, dtype=np.float32), itertools.pairwise(sizes)
    return [(normal(pair), normal(pair[1])) for pair in pairs], normal((*leading, sizes[0]))


EXERCISES = [
    Exercise(
        fgsm,
        cases=[  # as many states as numbers where each number has its own size
            watching(1, 2, 3, 0.1),
            watching(5, 4, 2, 0.5, hidden_layers=1),
            watching(3, 3, 4, torch.tensor([0.3, 0.02, 0.1])),
            watching(4, 4, 3, torch.tensor([0.05, 0.1, 0.4, 0.2])),
            watching(2, 3, 3, 0.2, unseen=1, seeds=1),  # there the gradient is 0
        ],
    ),
    Exercise(
        numpy_q,
        cases=[
            ([(np.diag([1, 2]).astype("f"), np.array([0.5, -9], "f"))], np.array([1, 3], "f")),
            layers((3, 5, 4), 6),
            layers((4, 6, 5, 3), 2, 3),
            layers((3, 3, 3), 1),
            layers((2, 4, 4, 4, 2), 2, 1, 2),
        ],
    ),
]
