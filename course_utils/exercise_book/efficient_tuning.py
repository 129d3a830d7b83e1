"""The exercises of notebook 08."""

import torch

from course_utils import finetuning
from course_utils.exercises import Exercise


def _factors():
    stream = torch.Generator().manual_seed(1)
    sizes = {(2,): 3.0, (3, 2): 2.0, (4, 1): 5.0}
    simple = (torch.tensor([[1.0], [2.0]]), torch.tensor([[3.0, 4.0]]), 1.0)
    drawn = [
        (torch.randn(*lead, 5, rank, generator=stream), torch.randn(*lead, rank, 4, generator=stream), alpha)
        for (*lead, rank), alpha in sizes.items()
    ]
    return [simple, *drawn, (torch.ones(3, 3), torch.ones(3, 3), 6.0)]


EXERCISES = {
    "low_rank_change": Exercise(
        answer=finetuning.low_rank_change,
        cases=_factors,
        tolerance=1e-4,
        hints=[
            "The rank is the last size of A. @ multiplies the last two axes.",
            "The whole of it: alpha / a.shape[-1] * a @ b.",
        ],
        mistakes={
            "α is left out.": lambda a, b, alpha: a @ b / a.shape[-1],
            "The division by the rank is missing: then each other rank needs another α.": lambda a, b, alpha: (
                alpha * a @ b
            ),
            "Here α and r change their places: the factor is α / r.": lambda a, b, alpha: a.shape[-1] / alpha * a @ b,
            "Divided by the root of r: that is a later variant (rsLoRA), not the paper's.": (
                lambda a, b, alpha: alpha / a.shape[-1] ** 0.5 * a @ b
            ),
            "You divide by the number of inputs; the rank is the last size of A.": (
                lambda a, b, alpha: alpha / a.shape[-2] * a @ b
            ),
            "The result is transposed: rows are inputs, columns are outputs.": (
                lambda a, b, alpha: alpha / a.shape[-1] * (a @ b).transpose(-1, -2)
            ),
        },
    ),
    "how_many_numbers": Exercise(
        answer="c",
        hints=["A has 64 · r numbers, B has r · 64.", "Compare it with 64 · 64."],
        mistakes={
            "That is the whole matrix ΔW; only its two factors are learned.": "a",
            "That is A alone; B is learned as well.": "b",
            "That is r · r: the numbers between the two factors, of which there are none.": "d",
        },
    ),
    "why_is_b_zero": Exercise(
        answer="b",
        hints=["What is ΔW = A B at the start, and what is its gradient with respect to A and to B?"],
        mistakes={
            "Then ΔW is random from the start, and the agent is changed before it has learned anything.": "a",
            "Then ΔW = 0, but both gradients are 0 too: each contains the other factor. Nothing would ever learn.": "c",
            "Then ΔW is not 0 at the start, and the agent is changed before it has learned anything.": "d",
        },
    ),
    "what_is_wrong_with_the_pipeline": Exercise(
        answer="d",
        hints=["Which of the four names is a way to choose what learns, and which is not?"],
        mistakes={
            "The order is not the trouble: these are no stages at all.": "a",
            "LoRA can be applied to any matrix, of a language model or of a Q-network.": "b",
            "Both may be used together, as one choice of what learns; the trouble lies elsewhere.": "c",
        },
    ),
    "rank_without_alpha": Exercise(
        answer="a",
        hints=["What is α / r before, and after?"],
        mistakes={
            "The factor is α / r; α stayed, and r did not.": "b",
            "At the start B = 0, so ΔW = 0, whatever A and the factor are.": "c",
            "The rank divides: a larger r gives a smaller factor.": "d",
        },
    ),
}
