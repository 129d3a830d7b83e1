"""Answers to notebook 07: a right one in another form, and wrong ones as learners write them."""

import numpy as np


def area_by_loop(steps, values):
    area = 0
    for i in range(len(steps) - 1):
        area = area + (steps[i + 1] - steps[i]) * (values[..., i] + values[..., i + 1]) / 2
    return area / (steps[-1] - steps[0])


def area_as_mean(steps, values):
    return np.mean(values, axis=-1)


def area_not_divided(steps, values):
    return ((values[..., 1:] + values[..., :-1]) / 2) @ np.diff(steps)


def area_from_the_left(steps, values):
    return np.sum(values[..., :-1] * (steps[1:] - steps[:-1]), -1) / (steps[-1] - steps[0])


RIGHT = {"area_under_curve": area_by_loop}

WRONG = [
    ("area_under_curve", area_as_mean, "plain mean of the points"),
    ("area_under_curve", area_not_divided, "but not divided"),
    ("area_under_curve", area_from_the_left, "left point only"),
]
