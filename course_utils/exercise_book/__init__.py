"""The exercises: for each notebook, by its stem, functions (.py) and choices (.yaml).

Here is what several of them share: inputs, and probes.
"""

import torch

from course_utils.exercise_book.examination import WrongAnswer


def two_policies():
    """Values of a student and a teacher, and τ: of several shapes, a low τ, a certain student."""
    stream = torch.Generator().manual_seed(1)
    shapes = {(3,): 1.0, (5, 4): 0.5, (2, 3, 4): 5.0, (6, 2): 2.0, (4, 3): 0.01}
    drawn = [
        (*(3 * torch.randn(2, *shape, generator=stream)), tau) for shape, tau in shapes.items()
    ]
    student, teacher, low = drawn.pop()  # float32 would lose the answer in rounding
    certain = (
        torch.tensor([[0.0, 200.0], [200.0, 0.0]]),
        torch.tensor([[0.0, 1.0], [0.0, 2.0]]),
        1.0,
    )
    return [*drawn, (student.double(), teacher.double(), low), certain]


def with_gradient(loss, values, *rest):
    """A loss of the first argument, from which something must be learned."""
    result = loss(values.requires_grad_() * 1, *rest)
    if not getattr(result, "requires_grad", True):
        raise WrongAnswer(
            "The loss carries no gradient, so nothing is learned from it: do not "
            "detach the network."
        )
    return result.detach() if isinstance(result, torch.Tensor) else result


def finite_loss(loss, *arguments):
    """The probe of a loss: it must keep the gradient, and be a number."""
    result = with_gradient(loss, *arguments)
    if isinstance(result, torch.Tensor) and not result.isfinite().all():
        raise WrongAnswer(
            "NaN or infinity: a softmax has become 0, and its logarithm is −∞. Use "
            "log_softmax instead."
        )
    return result
