"""The exercises of notebook 12."""

import numpy as np
import torch
from torch.nn import functional as F

from course_utils.exercises import Exercise, WrongAnswer
from course_utils.networks import QNetwork
from course_utils.robustness import decision_gradient, fgsm
from course_utils.shipping import numpy_q


def _watching():
    """Networks, observations, and sizes; as many states as numbers where each number has its own size."""
    stream = torch.Generator().manual_seed(1)

    def case(states, numbers, actions, size, hidden_layers=2):
        network = QNetwork(2, numbers, actions, 8, hidden_layers, layer_norm=False, generator=stream)
        return network, torch.randn(2, states, numbers, generator=stream), size

    return [
        case(1, 2, 3, 0.1),
        case(5, 4, 2, 0.5, hidden_layers=1),
        case(3, 3, 4, torch.tensor([0.3, 0.02, 0.1])),
        case(4, 4, 3, torch.tensor([0.05, 0.1, 0.4, 0.2])),
    ]


def _deceived(attack, *arguments):
    result = attack(*arguments)
    return result.detach() if isinstance(result, torch.Tensor) else result


def _minus(step):
    """An attack that takes `step(size, gradient)` away from the observation."""
    return lambda network, o, size: o - step(torch.as_tensor(size), decision_gradient(network, o))


def _networks():
    """Layers and observations. The layers come as a tuple, whose arrays `check` can compare before and after."""
    rng = np.random.default_rng(1)

    def case(sizes, *leading):
        layers = tuple(
            (rng.normal(size=pair).astype(np.float32), rng.normal(size=pair[1]).astype(np.float32))
            for pair in zip(sizes, sizes[1:], strict=False)
        )
        return layers, rng.normal(size=(*leading, sizes[0])).astype(np.float32)

    simple = np.array([[1.0, 0.0], [0.0, 2.0]], np.float32), np.array([0.5, -9.0], np.float32)
    return [((simple,), np.array([1.0, 3.0], np.float32)), case([3, 5, 4], 6), case([4, 6, 5, 3], 2, 3)]


def _with_numpy(numpy_q, layers, observation):
    result = numpy_q(layers, observation)
    if isinstance(result, torch.Tensor):
        raise WrongAnswer("This is a tensor of PyTorch: use NumPy alone, then the agent flies where there is no torch.")
    return result


def _through(hidden=lambda x, w, b: np.maximum(x @ w + b, 0), last=lambda x, w, b: x @ w + b):
    def q(layers, x):
        for weight, bias in layers[:-1]:
            x = hidden(x, weight, bias)
        return last(x, *layers[-1])

    return q


EXERCISES = {
    "fgsm": Exercise(
        answer=fgsm,
        cases=_watching,
        probe=_deceived,
        hints=[
            "The gradient says where the lead grows; the attacker wants it to shrink. Only its sign is used.",
            "decision_gradient(network, observation).sign() has the observation's shape; multiply it by size.",
            "Take that step away from the observation, and return what is left.",
        ],
        mistakes={
            "This makes the decision firmer: against the gradient the lead shrinks, so take the step away.": (
                _minus(lambda size, g: -size * g.sign())
            ),
            "The sign is missing: each number moves by ±size, however large its gradient is.": (
                _minus(lambda size, g: size * g)
            ),
            "size has no effect: multiply it by the sign, outside of sign().": _minus(lambda size, g: g.sign()),
            "The gradient is divided by its norm: take its sign, then each number moves by all of its size.": (
                _minus(lambda size, g: size * F.normalize(g, dim=-1))
            ),
            "The gradient is divided by the norm of all states together: take its sign.": (
                _minus(lambda size, g: size * g / g.norm())
            ),
            "The gradient is divided by its largest entry: take its sign.": (
                _minus(lambda size, g: size * g / g.abs().amax(-1, keepdim=True))
            ),
            "Only the number with the largest gradient moves: all may move, each by its size.": (
                _minus(lambda size, g: size * g.sign() * (g.abs() == g.abs().amax(-1, keepdim=True)))
            ),
            "One size for all numbers: `size` may hold one for each, and size * sign fits them to the last axis.": (
                _minus(lambda size, g: size.mean() * g.sign())
            ),
            "size runs along the states: it belongs to the last axis, to the numbers, where size * sign puts it.": (
                _minus(lambda size, g: size[..., None] * g.sign())
            ),
            "The step is a share of the observation: it must be size itself.": (
                lambda network, o, size: o * (1 - size * decision_gradient(network, o).sign())
            ),
            "This is the step alone: return the observation minus the step.": (
                lambda network, o, size: size * decision_gradient(network, o).sign()
            ),
            "This is the step alone, with its minus: return the observation with it.": (
                lambda network, o, size: -size * decision_gradient(network, o).sign()
            ),
        },
    ),
    "numpy_q": Exercise(
        answer=numpy_q,
        cases=_networks,
        probe=_with_numpy,
        tolerance=1e-4,
        hints=[
            "A layer is observation @ weights + biases, and its result goes into the next one.",
            "np.maximum(x, 0) is the ReLU (np.max is something else). Go through layers[:-1] with it.",
            "The last pair, layers[-1], comes without the ReLU: its result is returned.",
        ],
        mistakes={
            "There is a ReLU after the last layer, too: values may be below 0.": _through(
                last=lambda x, w, b: np.maximum(x @ w + b, 0)
            ),
            "The ReLU is missing: without it all layers together are one linear layer.": _through(
                lambda x, w, b: x @ w + b
            ),
            "The biases are missing.": _through(lambda x, w, b: np.maximum(x @ w, 0), lambda x, w, b: x @ w),
            "The last layer's biases are missing.": _through(last=lambda x, w, b: x @ w),
            "The biases of the hidden layers are missing.": _through(lambda x, w, b: np.maximum(x @ w, 0)),
            "This uses tanh: the network was trained with the ReLU, max(x, 0).": _through(
                lambda x, w, b: np.tanh(x @ w + b)
            ),
            "The ReLU comes before the biases are added: it belongs behind.": _through(
                lambda x, w, b: np.maximum(x @ w, 0) + b
            ),
            "The ReLU stands before each layer, also before the first: the observation's negative numbers are lost.": (
                lambda layers, x: numpy_q(layers, np.maximum(x, 0))
            ),
            "np.max(x, 0) is the largest along axis 0: np.maximum(x, 0) compares each number with 0.": _through(
                lambda x, w, b: np.max(x @ w + b, 0)
            ),
            "The last layer is left out: these are the hidden units, not the values of the actions.": _through(
                last=lambda x, w, b: x
            ),
            "This uses tanh, and after the last layer, too: a ReLU belongs there, and nothing after the last one.": (
                _through(*2 * [lambda x, w, b: np.tanh(x @ w + b)])
            ),
        },
    ),
    "where_int8_pays": Exercise(
        answer="b",
        hints=[
            "What becomes smaller or faster with 8 bits, and what is added? Which of the two grows with the network?",
            "Compare the sizes of the two files above, then think of a thousand times as many weights.",
        ],
        mistakes={
            "Only the weights shrink to a quarter. What is added stays: look at the sizes and times above.": "a",
            "They have the least to gain: there are few weights to read, and each call rounds its numbers anew.": "c",
            "Some decisions may change, but that need not cost return. One can measure it, and then decide.": "d",
        },
    ),
}
