"""The exercises of notebook 09."""

from functools import partial

import numpy as np
import torch

from course_utils.exercises import Exercise
from course_utils.tune.continual import Anchor, ewc_penalty, forgetting

rand = partial(torch.rand, generator=torch.Generator().manual_seed(1))
NOW, WAS, MATTERED = ({"weight": rand(3, 4, 2), "bias": rand(3, 1, 2)} for _ in range(3))

EXERCISES = [
    Exercise(
        forgetting,
        cases=[
            (np.array([[0.0, 0.0], [10.0, 1.0], [4.0, 8.0]]),),
            (np.array([[3.0, 9.0, 1.0], [5.0, 2.0, 2.0], [7.0, 6.0, 3.0], [8.0, 1.0, 4.0]]),),
            (np.random.default_rng(1).normal(size=(5, 4, 3)),),
        ],
        hints=[
            "The last row is the end; all rows before it may hold the best. The last column is "
            "not asked for.",
            "matrix[..., :-1, :-1].max(-2) is the best before the end.",
        ],
        mistakes={
            "[..., :-1, :-1] ⇒ [..., :-1]": "The end counts among the candidates: then a task "
            "that is best at the end has 0 instead of a negative number.",
            lambda matrix: -forgetting(matrix): "The sign is turned round: what was lost counts "
            "positive.",
            "[..., :-1, :-1].max(-2) ⇒ [..., 1:-1, :-1].diagonal(axis1=-2, axis2=-1)": "You "
            "compare with the value after the task's own training; here the best of all earlier "
            "ones counts.",
            "[..., :-1, :-1].max(-2) ⇒ [..., 0, :-1]": "You compare with the untrained network.",
            ":-1] ⇒ :]": "The last task is among them: it was learned just now, and nothing came "
            "after it.",
            "[..., :-1, :-1].max(-2) ⇒ [..., -2, :-1]": "You compare with the checkpoint before "
            "the last only.",
        },
    ),
    Exercise(
        ewc_penalty,
        cases=[
            (
                {"w": torch.tensor([[3.0]])},
                Anchor({"w": torch.tensor([[1.0]])}, {"w": torch.tensor([[5.0]])}),
            ),
            (NOW, Anchor(WAS, MATTERED)),
            (NOW, Anchor({"weight": WAS["weight"]}, {"weight": MATTERED["weight"]})),
        ],
        hints=[
            "Go through the names of anchor.importance; add F (θ − θ*)² of each, flattened and "
            "summed for each seed.",
            "0.5 * sum((importance * (parameters[name] - anchor.parameters[name]) ** "
            "2).flatten(1).sum(-1) for …)",
        ],
        mistakes={
            "0.5 * ⇒ ": "The factor ½ is missing.",
            "(importance * ( ⇒ ((": "The importance is missing: this holds all weights alike.",
            ") ** 2) ⇒ ).abs())": "The distance must be squared.",
            "(importance * ( ⇒ (importance**2 * (": "The importance is squared, too: it contains "
            "the squared gradients already.",
            "sum(-1) ⇒ mean(-1)": "The mean instead of the sum: then λ means something else in "
            "each layer.",
            " - anchor.parameters[name] ⇒ ": "The weights are pulled to 0 and not to the anchor.",
        },
    ),
]
