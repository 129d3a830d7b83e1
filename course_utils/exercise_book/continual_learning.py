"""The exercises of notebook 09."""

import numpy as np
import torch

from course_utils import continual, evaluation
from course_utils.continual import Anchor
from course_utils.exercises import Exercise


def _matrices():
    rng = np.random.default_rng(1)
    simple = np.array([[0.0, 0.0], [10.0, 1.0], [4.0, 8.0]])
    better = np.array([[3.0, 9.0, 1.0], [5.0, 2.0, 2.0], [7.0, 6.0, 3.0], [8.0, 1.0, 4.0]])
    return [(simple,), (better,), (rng.normal(size=(5, 4, 3)),)]


def _anchored():
    stream = torch.Generator().manual_seed(1)
    simple = ({"w": torch.tensor([[3.0]])}, Anchor({"w": torch.tensor([[1.0]])}, {"w": torch.tensor([[5.0]])}))
    shapes = {"weight": (3, 4, 2), "bias": (3, 1, 2)}
    now, was, mattered = (
        {name: torch.rand(*shape, generator=stream) for name, shape in shapes.items()} for _ in range(3)
    )
    fewer = {"weight": mattered["weight"]}
    return [simple, (now, Anchor(was, mattered)), (now, Anchor({"weight": was["weight"]}, fewer))]


def _sum(parameters, anchor, term, reduce=lambda x: x.flatten(1).sum(-1)):
    return sum(reduce(term(anchor.importance[n], parameters[n], anchor.parameters[n])) for n in anchor.importance)


EXERCISES = {
    "forgetting": Exercise(
        answer=evaluation.forgetting,
        cases=_matrices,
        hints=[
            "The last row is the end; all rows before it may hold the best. The last column is not asked for.",
            "matrix[..., :-1, :-1].max(-2) is the best before the end.",
        ],
        mistakes={
            "The end counts among the candidates: then a task that is best at the end has 0 instead of a negative "
            "number.": lambda matrix: matrix[..., :-1].max(-2) - matrix[..., -1, :-1],
            "The sign is turned round: what was lost counts positive.": (
                lambda matrix: matrix[..., -1, :-1] - matrix[..., :-1, :-1].max(-2)
            ),
            "You compare with the value after the task's own training; here the best of all earlier ones counts.": (
                lambda matrix: (np.diagonal(matrix[..., 1:, :], axis1=-2, axis2=-1) - matrix[..., -1, :])[..., :-1]
            ),
            "You compare with the untrained network.": lambda matrix: (matrix[..., 0, :] - matrix[..., -1, :])[
                ..., :-1
            ],
            "The last task is among them: it was learned just now, and nothing came after it.": (
                lambda matrix: matrix[..., :-1, :].max(-2) - matrix[..., -1, :]
            ),
            "The maximum is taken over the tasks: rows are checkpoints, columns are tasks.": (
                lambda matrix: (matrix[..., :-1, :].max(-1) - matrix[..., -1, :])[..., :-1]
            ),
            "You compare with the checkpoint before the last only.": (
                lambda matrix: (matrix[..., -2, :] - matrix[..., -1, :])[..., :-1]
            ),
        },
    ),
    "ewc_penalty": Exercise(
        answer=continual.ewc_penalty,
        cases=_anchored,
        tolerance=1e-4,
        hints=[
            "Go through the names of anchor.importance; add F (θ − θ*)² of each, flattened and summed for each seed.",
            "0.5 * sum((importance * (parameters[name] - anchor.parameters[name]) ** 2).flatten(1).sum(-1) for …)",
        ],
        mistakes={
            "The factor ½ is missing.": lambda p, anchor: _sum(p, anchor, lambda f, now, was: f * (now - was) ** 2),
            "The importance is missing: this holds all weights alike.": (
                lambda p, anchor: 0.5 * _sum(p, anchor, lambda f, now, was: (now - was) ** 2)
            ),
            "The distance must be squared.": (
                lambda p, anchor: 0.5 * _sum(p, anchor, lambda f, now, was: f * (now - was).abs())
            ),
            "The importance is squared, too: it contains the squared gradients already.": (
                lambda p, anchor: 0.5 * _sum(p, anchor, lambda f, now, was: (f * (now - was)) ** 2)
            ),
            "The mean instead of the sum: then λ means something else in each layer.": (
                lambda p, anchor: (
                    0.5 * _sum(p, anchor, lambda f, now, was: f * (now - was) ** 2, lambda x: x.flatten(1).mean(-1))
                )
            ),
            "The weights are pulled to 0 and not to the anchor.": (
                lambda p, anchor: 0.5 * _sum(p, anchor, lambda f, now, was: f * now**2)
            ),
        },
    ),
    "square_of_the_mean": Exercise(
        answer="b",
        hints=["Look at the two states by hand, +1 and −1."],
        mistakes={
            "The number is not the trouble: more states do not remove the mistake.": "a",
            "At the optimum the mean gradient of the loss is 0 for all weights, whether they matter or not.": "c",
            "The formula has no root.": "d",
        },
    ),
    "one_head_for_all": Exercise(
        answer="c",
        hints=["Why could no memory help in the reversed task?"],
        mistakes={
            "A larger network cannot give two answers to the same question.": "a",
            "Tasks that look different, or need the same actions, can share a head.": "b",
            "Equal training does not resolve a contradiction.": "d",
        },
    ),
}
