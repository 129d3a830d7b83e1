"""The exercises of notebook 12."""

import numpy as np
import torch

from course_utils.distil.robust import decision_gradient, fgsm
from course_utils.distil.ship import numpy_q
from course_utils.exercise_book.examination import Exercise, WrongAnswer
from course_utils.networks import QNetwork

STREAM, RNG = torch.Generator().manual_seed(1), np.random.default_rng(1)


def watching(states, numbers, actions, size, hidden_layers=2):
    """Networks, what they observe, and a size."""
    network = QNetwork(2, numbers, actions, 8, hidden_layers, layer_norm=False, generator=STREAM)
    return network, torch.randn(2, states, numbers, generator=STREAM), size


def layers(sizes, *leading):
    """Layers and observations. The layers come as a tuple, whose arrays `check` can compare."""

    def normal(*shape):
        return RNG.normal(size=shape).astype(np.float32)

    pairs = zip(sizes, sizes[1:], strict=False)
    return tuple((normal(*pair), normal(pair[1])) for pair in pairs), normal(*leading, sizes[0])


def deceived(attack, *arguments):
    result = attack(*arguments)
    return result.detach() if isinstance(result, torch.Tensor) else result


def by_the_norm(network, observation, size):
    gradient = decision_gradient(network, observation)
    return observation - size * gradient / gradient.norm(dim=-1, keepdim=True)


def with_numpy(numpy_q, *arguments):
    result = numpy_q(*arguments)
    if isinstance(result, torch.Tensor):
        raise WrongAnswer(
            "This is a tensor of PyTorch: use NumPy alone, then the agent flies "
            "where there is no torch."
        )
    return result


EXERCISES = [
    Exercise(
        fgsm,
        cases=[  # as many states as numbers where each number has its own size
            watching(1, 2, 3, 0.1),
            watching(5, 4, 2, 0.5, hidden_layers=1),
            watching(3, 3, 4, torch.tensor([0.3, 0.02, 0.1])),
            watching(4, 4, 3, torch.tensor([0.05, 0.1, 0.4, 0.2])),
        ],
        probe=deceived,
        mistakes={
            by_the_norm: "The gradient is divided by its norm: take its sign, then each number "
            "moves by all of its size."
        },
    ),
    Exercise(
        numpy_q,
        cases=[
            (
                (
                    (
                        np.array([[1.0, 0.0], [0.0, 2.0]], np.float32),
                        np.array([0.5, -9.0], np.float32),
                    ),
                ),
                np.array([1.0, 3.0], np.float32),
            ),
            layers((3, 5, 4), 6),
            layers((4, 6, 5, 3), 2, 3),
        ],
        probe=with_numpy,
    ),
]
