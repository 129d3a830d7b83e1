"""The exercises of notebook 03."""

import numpy as np
import torch
from scipy import stats

from course_utils import evaluation, losses, networks, replay
from course_utils.exercises import Exercise


def _two_networks():
    stream = torch.Generator().manual_seed(1)
    simple = (torch.tensor([[3.0, 5.0], [3.0, 5.0]]), torch.tensor([[2.0, 1.0], [1.0, 2.0]]))
    return [simple, *(tuple(torch.randn(2, *shape, 4, generator=stream)) for shape in ([5], [2, 3]))]


def _two_streams():
    stream = torch.Generator().manual_seed(2)
    shapes = (([5], 4), ([2, 3], 4), ([6], 2))
    simple = (torch.tensor([2.0]), torch.tensor([1.0, 2.0, 6.0]))
    drawn = [(torch.randn(*s, 1, generator=stream), 3 + torch.randn(*s, a, generator=stream)) for s, a in shapes]
    return [simple, *drawn]


def _probabilities():
    stream = torch.Generator().manual_seed(3)
    return [
        (torch.tensor([0.5, 0.25, 0.125]), 8, 1.0),
        (torch.tensor([0.01, 0.002, 0.001]), 1000, 0.5),
        (0.01 * torch.rand(2, 6, generator=stream) + 1e-3, 500, 0.7),
        (torch.tensor([0.2, 0.4]), 10, 0.0),
    ]


def _runs():
    rng = np.random.default_rng(4)
    return [
        (np.array([500.0, 480.0, 20.0, 490.0]),),
        (np.arange(8.0) ** 3,),
        (rng.normal(size=10),),
        (np.exp(rng.normal(size=(20, 3))),),
        (np.array([1.0, 2.0, 9.0]),),
        (rng.normal(size=7),),
        (rng.normal(size=11),),
    ]


def _weights(power):
    """Importance weights with another formula for the unnormalised ones."""

    def weights(probability, size, exponent):
        weight = power(probability, size, exponent)
        return weight / weight.amax(-1, keepdim=True)

    return weights


EXERCISES = {
    "double_q": Exercise(
        answer=losses.double_q,
        cases=_two_networks,
        hints=[
            "One network chooses the action, the other one says what it is worth.",
            "online_q.argmax(-1, keepdim=True) are the chosen actions; target_q.gather(-1, …) looks them up.",
        ],
        mistakes={
            "The target network both chooses and values, the ordinary maximum: choose with the online network.": (
                lambda target, online: target.amax(-1, keepdim=True)
            ),
            "The two are exchanged: the online network chooses, the target network says what it is worth.": (
                lambda target, online: losses.double_q(online, target)
            ),
            "The online network both chooses and values: look the chosen action up in target_q.": (
                lambda target, online: online.amax(-1, keepdim=True)
            ),
            "The last axis is gone: keep it, with length 1, so that td_target can take its maximum.": (
                lambda target, online: losses.double_q(target, online)[..., 0]
            ),
            "This takes the smaller of the two maxima, which is another method (clipped double Q-learning).": (
                lambda target, online: torch.minimum(target.amax(-1, keepdim=True), online.amax(-1, keepdim=True))
            ),
        },
    ),
    "dueling_q": Exercise(
        answer=networks.dueling_q,
        cases=_two_streams,
        hints=[
            "Q = V + A, but A must have the mean 0 over the actions.",
            "advantage.mean(-1, keepdim=True) is the mean with the axis kept.",
        ],
        mistakes={
            "The mean is missing: V and A could trade any constant, and neither would mean anything.": (
                lambda value, advantage: value + advantage
            ),
            "The maximum is taken away instead of the mean: the paper's other form (equation 8); this course uses the "
            "mean.": lambda value, advantage: value + advantage - advantage.amax(-1, keepdim=True),
            "The mean runs over everything at once: take it over the last axis only, with keepdim=True.": (
                lambda value, advantage: value + advantage - advantage.mean()
            ),
            "The mean is added instead of taken away.": (
                lambda value, advantage: value + advantage + advantage.mean(-1, keepdim=True)
            ),
            "V is missing.": lambda value, advantage: advantage - advantage.mean(-1, keepdim=True),
        },
    ),
    "importance_weights": Exercise(
        answer=replay.importance_weights,
        cases=_probabilities,
        hints=[
            "Uniform sampling would draw each with probability 1/size. The weight makes up for the difference.",
            "weight = (size · probability) ** −exponent, then divide by the largest of each batch (last axis).",
        ],
        mistakes={
            "The weights are not divided by the largest: it should be 1, so that no step becomes larger than usual.": (
                lambda p, n, b: (n * p) ** -b
            ),
            "The sign of the exponent is wrong: what is drawn too often must count less.": (
                _weights(lambda p, n, b: (n * p) ** b)
            ),
            "The exponent is missing: it says how much of the correction is made.": _weights(
                lambda p, n, b: 1 / (n * p)
            ),
            "The weights are divided by their sum, which makes every step smaller; divide by the largest.": (
                lambda p, n, b: (n * p) ** -b / ((n * p) ** -b).sum(-1, keepdim=True)
            ),
            "The largest is taken over everything: take it over the last axis, so that no seed feels another.": (
                lambda p, n, b: (n * p) ** -b / ((n * p) ** -b).max()
            ),
        },
    ),
    "interquartile_mean": Exercise(
        answer=evaluation.interquartile_mean,
        cases=_runs,
        hints=[
            "Sort the runs, leave out the lowest and the highest quarter, average the rest.",
            "With S runs leave out int(S / 4) on each side. np.sort(values, axis=0) sorts along the runs.",
        ],
        mistakes={
            "This is the plain mean: leave out the lowest and the highest quarter of the runs.": (
                lambda values: np.mean(values, 0)
            ),
            "This is the median: it keeps one or two runs, the interquartile mean keeps half of them.": (
                lambda values: np.median(values, 0)
            ),
            "This leaves out a quarter in all; leave out a quarter on each side.": (
                lambda values: stats.trim_mean(values, 0.125, axis=0)
            ),
            "The cut is rounded: leave out int(S / 4) runs on each side, the whole part of S / 4.": (
                lambda values: stats.trim_mean(values, round(len(values) / 4) / len(values) + 1e-9, axis=0)
            ),
            "Only the lowest quarter is left out: leave out the highest one, too.": (
                lambda values: np.sort(values, 0)[len(values) // 4 :].mean(0)
            ),
            "The runs were not sorted first: the first and last ones were left out, not the lowest and highest.": (
                lambda values: values[len(values) // 4 : len(values) - len(values) // 4].mean(0)
            ),
        },
    ),
    "no_clear_difference": Exercise(
        answer="d",
        hints=["Would the interval also contain a difference that you would care about?"],
        mistakes={
            "An interval that contains .5 does not say that the two are equal. Look how wide it is.": "a",
            "The point estimate alone is what the interval warns of: another ten seeds may turn it round.": "b",
            "More episodes of the same agents measure these agents better. They say nothing about other seeds.": "c",
        },
    ),
    "best_checkpoint": Exercise(
        answer="b",
        hints=["Which number would you get again if you tested the same checkpoint once more?"],
        mistakes={
            "The highest of ten test results was chosen because it was high: part of it is luck.": "a",
            "The last network is honest, but it is not the checkpoint that was chosen; both can be reported.": "c",
            "The mean over all moments says how the training went, not what the chosen checkpoint can do.": "d",
        },
    ),
}
