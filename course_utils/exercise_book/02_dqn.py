"""An exercise of notebook 02 whose answer works in place."""

import numpy as np
import torch

from course_utils.exercise_book import results
from course_utils.exercise_book.examination import Exercise
from course_utils.exercise_book.trial import NotAttempted, WrongAnswer
from course_utils.networks import QNetwork, update_target


def refreshed(update_target, rate):
    """The target network after its update; at rate 1 it is frozen, as the learner's is."""
    stream = torch.Generator().manual_seed(0)
    target, online = (QNetwork(2, 3, 2, 4, 1, generator=stream) for _ in range(2))
    target.requires_grad_(rate < 1)
    before, kept = map(results.arrays, (target, online))
    result = update_target(target, online, rate)
    moved = results.arrays(target)
    if result is ... and all(map(np.array_equal, before, moved)):
        raise NotAttempted
    if not all(map(np.array_equal, kept, results.arrays(online))):
        raise WrongAnswer("The online network has changed: only the target network may move.")
    if any(parameter.grad_fn for parameter in target.parameters()):
        raise WrongAnswer("The update became part of a computation: wrap it in `torch.no_grad()`.")
    online.head.weight.data += 1  # would a shared tensor show it?
    if not all(map(np.array_equal, moved, results.arrays(target))):
        raise WrongAnswer("Both networks share their numbers: copy the values, not the tensors.")
    return target


RATES = [(1.0,), (0.25,), (0.01,)]
EXERCISES = [Exercise(update_target, cases=RATES, probe=refreshed, in_place=True)]
