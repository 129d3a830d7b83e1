"""The exercises of notebook 04."""

from functools import partial

import torch

from course_utils import losses
from course_utils.exercise_book import with_gradient
from course_utils.exercises import Exercise

STREAM = torch.Generator().manual_seed(1)
randn, randint = partial(torch.randn, generator=STREAM), partial(torch.randint, generator=STREAM)

EXERCISES = [
    Exercise(
        losses.cloning_loss,
        cases=[
            (torch.tensor([0.0, 1.0, 3.0]), torch.tensor(1)),
            (3 * randn(5, 4), randint(4, (5,))),
            (3 * randn(2, 3, 4), randint(4, (2, 3))),
            (3 * randn(6, 2), randint(2, (6,))),
            (torch.tensor([[0.0, 200.0], [200.0, 0.0]]), torch.tensor([0, 0])),
        ],
        probe=with_gradient,
        hints=[
            "log_softmax over the last axis, then pick the expert's action, then the sign. "
            "(torch's own cross_entropy wants the actions on axis 1, and takes the mean.)",
            "logits.log_softmax(-1).gather(-1, action[..., None])[..., 0] is log π(a | s).",
        ],
        mistakes={
            "return -logits ⇒ return logits": "The sign is wrong: it must be positive, and "
            "smaller where the expert's action is likelier.",
            "[..., 0] ⇒ [..., 0].mean()": "The mean over the batch is taken already: return one "
            "loss for each action, [...].",
            "-logits.log_softmax ⇒ logits.softmax": "This is the probability, not the surprise: "
            "the logarithm is missing.",
            "log_softmax(-1) ⇒ log_softmax(0)": "The softmax runs over the wrong axis: the "
            "actions are on the last one, -1.",
            "logits.log_softmax(-1) ⇒ logits": "The softmax is missing: the logits themselves are "
            "no distribution.",
            "[..., 0] ⇒ ": "One axis too many: gather keeps the last one, index it away with "
            "[..., 0].",
            "log_softmax(-1) ⇒ softmax(-1).log()": "The logarithm of a softmax that is 0 is −∞: "
            "use log_softmax, which never computes that 0.",
        },
    )
]
