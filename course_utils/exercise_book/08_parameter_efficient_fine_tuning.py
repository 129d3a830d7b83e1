"""The exercises of notebook 08."""

from functools import partial

import torch

from course_utils.exercises import Exercise
from course_utils.tune.parts import low_rank_change

randn = partial(torch.randn, generator=torch.Generator().manual_seed(1))

EXERCISES = [
    Exercise(
        low_rank_change,
        cases=[
            (torch.tensor([[1.0], [2.0]]), torch.tensor([[3.0, 4.0]]), 1.0),
            (randn(5, 2), randn(2, 4), 3.0),
            (randn(3, 5, 2), randn(3, 2, 4), 2.0),
            (randn(4, 5, 1), randn(4, 1, 4), 5.0),
            (torch.ones(3, 3), torch.ones(3, 3), 6.0),
        ],
        hints=[
            "The rank is the last size of A. @ multiplies the last two axes.",
            "The whole of it: alpha / a.shape[-1] * a @ b.",
        ],
        mistakes={
            "return alpha / ⇒ return 1 /": "α is left out.",
            "alpha / a.shape[-1] ⇒ alpha": "The division by the rank is missing: then each other "
            "rank needs another α.",
            "alpha / a.shape[-1] ⇒ a.shape[-1] / alpha": "Here α and r change their places: the "
            "factor is α / r.",
            "a.shape[-1] ⇒ a.shape[-1] ** 0.5": "Divided by the root of r: that is a later "
            "variant (rsLoRA), not the paper's.",
            "a.shape[-1] ⇒ a.shape[-2]": "You divide by the number of inputs; the rank is the "
            "last size of A.",
            "a @ b ⇒ (a @ b).mT": "The result is transposed: rows are inputs, columns are outputs.",
        },
    )
]
