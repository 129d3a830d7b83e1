"""The exercises of notebook 03."""

from functools import partial

import numpy as np
import torch

from course_utils import evaluation, losses, networks, replay
from course_utils.exercises import Exercise

RNG = np.random.default_rng(4)
STREAM = torch.Generator().manual_seed(1)
randn, rand = partial(torch.randn, generator=STREAM), partial(torch.rand, generator=STREAM)

EXERCISES = [
    Exercise(
        losses.double_q,
        cases=[
            (torch.tensor([[3.0, 5.0], [3.0, 5.0]]), torch.tensor([[2.0, 1.0], [1.0, 2.0]])),
            (randn(5, 4), randn(5, 4)),
            (randn(2, 3, 4), randn(2, 3, 4)),
        ],
        hints=[
            "One network chooses the action, the other one says what it is worth.",
            "online_q.argmax(-1, keepdim=True) are the chosen actions; target_q.gather(-1, …) "
            "looks them up.",
        ],
        mistakes={
            "online_q.argmax ⇒ target_q.argmax": "The target network both chooses and values, the "
            "ordinary maximum: choose with the online network.",
            "target_q.gather(-1, online_q ⇒ online_q.gather(-1, target_q": "The two are "
            "exchanged: the online network chooses, the target network says what it is worth.",
            "target_q.gather ⇒ online_q.gather": "The online network both chooses and values: "
            "look the chosen action up in target_q.",
            "True)) ⇒ True))[..., 0]": "The last axis is gone: keep it, with length 1, so that "
            "td_target can take its maximum.",
        },
    ),
    Exercise(
        networks.dueling_q,
        cases=[
            (torch.tensor([2.0]), torch.tensor([1.0, 2.0, 6.0])),
            (randn(5, 1), 3 + randn(5, 4)),
            (randn(2, 3, 1), 3 + randn(2, 3, 4)),
            (randn(6, 1), 3 + randn(6, 2)),
        ],
        hints=[
            "Q = V + A, but A must have the mean 0 over the actions.",
            "advantage.mean(-1, keepdim=True) is the mean with the axis kept.",
        ],
        mistakes={
            " - advantage.mean(-1, keepdim=True) ⇒ ": "The mean is missing: V and A could trade "
            "any constant, and neither would mean anything.",
            "mean( ⇒ amax(": "The maximum is taken away instead of the mean: the paper's other "
            "form (equation 8); this course uses the mean.",
            "mean(-1, keepdim=True) ⇒ mean()": "The mean runs over everything at once: take it "
            "over the last axis only, with keepdim=True.",
            "- advantage ⇒ + advantage": "The mean is added instead of taken away.",
            "value + advantage ⇒ advantage": "V is missing.",
        },
    ),
    Exercise(
        replay.importance_weights,
        cases=[
            (torch.tensor([0.5, 0.25, 0.125]), 8, 1.0),
            (torch.tensor([0.01, 0.002, 0.001]), 1000, 0.5),
            (0.01 * rand(2, 6) + 1e-3, 500, 0.7),
            (torch.tensor([0.2, 0.4]), 10, 0.0),
        ],
        hints=[
            "Uniform sampling would draw each with probability 1/size. The weight makes up for "
            "the difference.",
            "weight = (size · probability) ** −exponent, then divide by the largest of each batch "
            "(last axis).",
        ],
        mistakes={
            "weight / weight.amax(-1, keepdim=True) ⇒ weight": "The weights are not divided by "
            "the largest: it should be 1, so that no step becomes larger than usual.",
            "-exponent ⇒ exponent": "The sign of the exponent is wrong: what is drawn too often "
            "must count less.",
            "-exponent ⇒ -1": "The exponent is missing: it says how much of the correction is "
            "made.",
            "amax( ⇒ sum(": "The weights are divided by their sum, which makes every step "
            "smaller; divide by the largest.",
            "amax(-1, keepdim=True) ⇒ max()": "The largest is taken over everything: take it over "
            "the last axis, so that no seed feels another.",
        },
    ),
    Exercise(
        evaluation.interquartile_mean,
        cases=[
            (np.array([500.0, 480.0, 20.0, 490.0]),),
            (np.arange(8.0) ** 3,),
            (RNG.normal(size=10),),
            (np.exp(RNG.normal(size=(20, 3))),),
            (np.array([1.0, 2.0, 9.0]),),
            (RNG.normal(size=7),),
            (RNG.normal(size=11),),
        ],
        hints=[
            "Sort the runs, leave out the lowest and the highest quarter, average the rest.",
            "With S runs leave out int(S / 4) on each side. np.sort(values, axis=0) sorts along "
            "the runs.",
        ],
        mistakes={
            "0.25 ⇒ 0": "This is the plain mean: leave out the lowest and the highest quarter of "
            "the runs.",
            "stats.trim_mean(values, 0.25, axis=axis) ⇒ np.median(values, axis)": "This is the "
            "median: it keeps one or two runs, the interquartile mean keeps half of them.",
            "0.25 ⇒ 0.125": "This leaves out a quarter in all; leave out a quarter on each side.",
            "0.25 ⇒ round(len(values) / 4) / len(values) + 1e-9": "The cut is rounded: leave out "
            "int(S / 4) runs on each side, the whole part of S / 4.",
            lambda runs: runs[len(runs) // 4 : len(runs) - len(runs) // 4].mean(0): "The runs "
            "were not sorted first: the first and last ones were left out, not the lowest and "
            "highest.",
        },
    ),
]
