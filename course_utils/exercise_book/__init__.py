"""The exercises: for each notebook, by its stem, functions (.py) and choices (.yaml).

Here is what several of them share: streams of random inputs.
"""

from functools import partial

import torch

SHAPES = [(4,), (5, 4), (2, 3, 4), (1, 3), (6, 2), (3, 3), (3, 1, 4)]  # one row, a batch of one, …


def streams(seed: int = 1):
    """randn, rand and randint of PyTorch, with a stream of their own."""
    stream = torch.Generator().manual_seed(seed)
    return [partial(f, generator=stream) for f in (torch.randn, torch.rand, torch.randint)]


def two_policies():
    """Values of a student and a teacher, and τ: of several shapes, a low τ, a certain student."""
    randn, *_ = streams()
    taus = [1.0, 0.5, 5.0, 0.3, 2.0, 0.01, 8.0]
    both = zip(SHAPES, taus, strict=True)
    pairs = [(*(max(3, 2 * tau) * randn(2, *shape)), tau) for shape, tau in both]
    student, teacher, low = pairs.pop(5)  # float32 would lose the answer in rounding
    certain = torch.tensor([[0.0, 200.0], [200.0, 0.0]]), torch.tensor([[0.0, 1.0], [0.0, 2.0]])
    return [*pairs, (student.double(), teacher.double(), low), (*certain, 1.0)]
