"""Answers to notebook 09: a right one in another form, and wrong ones as learners write them."""

import numpy as np


def forgetting_by_sorting(matrix):
    *before, last = np.moveaxis(matrix, -2, 0)
    return (np.sort(np.stack(before), axis=0)[-1] - last)[..., :-1]


def penalty_by_loop(parameters, anchor):
    total = 0
    for name in anchor.importance:
        distance = parameters[name] - anchor.parameters[name]
        weighted = anchor.importance[name] * distance * distance / 2
        total = total + weighted.reshape(len(distance), -1).sum(1)
    return total


def forgetting_with_the_end(matrix):
    return (np.max(matrix, -2) - matrix[..., -1, :])[..., :-1]


def forgetting_turned_round(matrix):
    return (matrix[..., -1, :] - np.max(matrix[..., :-1, :], -2))[..., :-1]


def forgetting_since_own_training(matrix):
    tasks = matrix.shape[-1]
    return np.stack([matrix[..., j + 1, j] - matrix[..., -1, j] for j in range(tasks - 1)], -1)


def forgetting_of_all_tasks(matrix):
    return np.max(matrix[..., :-1, :], -2) - matrix[..., -1, :]


def penalty_without_half(parameters, anchor):
    return 2 * penalty_by_loop(parameters, anchor)


def penalty_without_importance(parameters, anchor):
    return sum(
        ((parameters[n] - anchor.parameters[n]) ** 2 / 2).flatten(1).sum(-1)
        for n in anchor.importance
    )


def penalty_with_the_mean(parameters, anchor):
    return sum(
        (anchor.importance[n] * (parameters[n] - anchor.parameters[n]) ** 2 / 2).flatten(1).mean(-1)
        for n in anchor.importance
    )


RIGHT = {"forgetting": forgetting_by_sorting, "ewc_penalty": penalty_by_loop}

WRONG = [
    ("forgetting", forgetting_with_the_end, "end counts among the candidates"),
    ("forgetting", forgetting_turned_round, "sign is turned round"),
    ("forgetting", forgetting_of_all_tasks, "The last task is among them"),
    ("forgetting", forgetting_since_own_training, "after the task's own training"),
    ("ewc_penalty", penalty_without_half, "factor ½ is missing"),
    ("ewc_penalty", penalty_without_importance, "holds all weights alike"),
    ("ewc_penalty", penalty_with_the_mean, "mean instead of the sum"),
]
