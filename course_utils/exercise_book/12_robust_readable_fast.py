"""The exercises of notebook 12."""

from functools import partial

import numpy as np
import torch

from course_utils.distil.robust import fgsm
from course_utils.distil.ship import numpy_q
from course_utils.exercises import Exercise, WrongAnswer
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
        hints=[
            "The gradient says where the lead grows; the attacker wants it to shrink. Only its "
            "sign is used.",
            "decision_gradient(network, observation).sign() has the observation's shape; multiply "
            "it by size.",
            "Take that step away from the observation, and return what is left.",
        ],
        mistakes={
            "- step ⇒ + step": "This makes the decision firmer: against the gradient the lead "
            "shrinks, so take the step away.",
            ".sign() ⇒ ": "The sign is missing: each number moves by ±size, however large its "
            "gradient is.",
            lambda network, o, size: fgsm(network, o, 1): "size has no effect: multiply it by the "
            "sign, outside of sign().",
            "decision_gradient(network, observation).sign() ⇒ torch.nn.functional.normalize(decision_gradient(network, observation), dim=-1)": "The gradient is divided by its norm: take its sign, then each number moves by all of its size.",
            "step = ⇒ g = decision_gradient(network, observation).abs(); step = (g == g.amax(-1, keepdim=True)) *": "Only the number with the largest gradient moves: all may move, each by its size.",
            lambda network, o, size: fgsm(network, o, torch.as_tensor(size).mean()): "One size "
            "for all numbers: `size` may hold one for each, and size * sign fits them to the last "
            "axis.",
            "torch.as_tensor(size, dtype=torch.float32) ⇒ torch.as_tensor(size)[..., None]": "size runs along the states: it belongs to the last axis, to the numbers, where size * sign puts it.",
            lambda network, o, size: o - fgsm(network, o, size): "This is the step alone: return "
            "the observation minus the step.",
            lambda network, o, size: fgsm(network, o, size) - o: "This is the step alone, with "
            "its minus: return the observation with it.",
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
        hints=[
            "A layer is observation @ weights + biases, and its result goes into the next one.",
            "np.maximum(x, 0) is the ReLU (np.max is something else). Go through layers[:-1] with "
            "it.",
            "The last pair, layers[-1], comes without the ReLU: its result is returned.",
        ],
        mistakes={
            "return observation.dot(weight) + bias ⇒ return np.maximum(observation.dot(weight) + bias, 0)": "There is a ReLU after the last layer, too: values may be below 0.",
            "np.maximum(observation.dot(w) + b, 0) ⇒ observation.dot(w) + b": "The ReLU is "
            "missing: without it all layers together are one linear layer.",
            lambda pairs, x: numpy_q([(w, 0 * b) for w, b in pairs], x): "The biases are missing.",
            "np.maximum(observation.dot(w) + b, 0) ⇒ np.tanh(observation.dot(w) + b)": "This uses "
            "tanh: the network was trained with the ReLU, max(x, 0).",
            "+ b, 0) ⇒ , 0) + b": "The ReLU comes before the biases are added: it belongs behind.",
            lambda pairs, x: numpy_q(pairs, np.maximum(x, 0)): "The ReLU stands before each "
            "layer, also before the first: the observation's negative numbers are lost.",
            "np.maximum( ⇒ np.max(": "np.max(x, 0) is the largest along axis 0: np.maximum(x, 0) "
            "compares each number with 0.",
            "return observation.dot(weight) + bias ⇒ return observation": "The last layer is left "
            "out: these are the hidden units, not the values of the actions.",
        },
    ),
]
