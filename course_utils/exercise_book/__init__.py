"""The exercises: for each notebook, by its stem, functions (.py) and choices (.yaml).

Here is what several of them share: streams of random inputs.
"""

from functools import partial

import torch


def streams(seed: int = 1):
    """randn, rand and randint of PyTorch, with a stream of their own."""
    stream = torch.Generator().manual_seed(seed)
    return [partial(f, generator=stream) for f in (torch.randn, torch.rand, torch.randint)]


def two_policies():
    """Values of a student and a teacher, and τ: of several shapes, a low τ, a certain student."""
    randn, *_ = streams()
    shapes = {(3,): 1.0, (5, 4): 0.5, (2, 3, 4): 5.0, (1, 4): 0.3, (6, 2): 2.0, (4, 3): 0.01}
    pairs = [(*(3 * randn(2, *shape)), tau) for shape, tau in shapes.items()]
    student, teacher, low = pairs.pop()  # float32 would lose the answer in rounding
    certain = torch.tensor([[0.0, 200.0], [200.0, 0.0]]), torch.tensor([[0.0, 1.0], [0.0, 2.0]])
    return [*pairs, (student.double(), teacher.double(), low), (*certain, 1.0)]
