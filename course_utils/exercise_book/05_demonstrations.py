"""The exercises of notebook 05."""

from functools import partial

import torch

from course_utils.exercise_book import with_gradient
from course_utils.exercises import Exercise
from course_utils.losses import margin_loss

STREAM = torch.Generator().manual_seed(1)
randn, randint = partial(torch.randn, generator=STREAM), partial(torch.randint, generator=STREAM)

EXERCISES = [
    Exercise(
        margin_loss,
        cases=[
            (torch.tensor([1.0, 3.0, 2.5]), torch.tensor(1), 0.8),
            (torch.tensor([4.0, 3.0, 2.5]), torch.tensor(1), 0.8),
            (torch.tensor([[3.0, 1.0], [1.0, 3.0]]), torch.tensor([0, 0]), 0.5),
            (randn(6, 3), randint(3, (6,)), 0.8),
            (randn(2, 5, 4), randint(4, (2, 5)), 0.3),
            (randn(8, 2), randint(2, (8,)), 1.0),
        ],
        probe=with_gradient,
        hints=[
            "Add the margin to every action but the expert's; take the maximum; subtract the "
            "expert's value.",
            "1 - torch.nn.functional.one_hot(action, q.shape[-1]) is 1 for every action but the "
            "expert's.",
        ],
        mistakes={
            "q + others ⇒ q + margin": "The margin is added to the expert's action, too: then it "
            "cancels out, and a tie is good enough.",
            "(q + others) ⇒ q": "There is no margin: an expert's action that is best by a hair "
            "costs nothing.",
            "q + others ⇒ q + margin - others": "The margin goes to the expert's action: it "
            "belongs to all the others.",
            " - q.gather(-1, action[..., None])[..., 0] ⇒ ": "The expert's own value is not "
            "subtracted.",
            "q + others ⇒ q - others": "The margin is subtracted from the others: then they may "
            "even be better than the expert's.",
            lambda *arguments: margin_loss(*arguments).mean(): "The mean over the batch is taken "
            "already: return one loss for each action, [...].",
        },
    )
]
