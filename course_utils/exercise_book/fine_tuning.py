"""The exercises of notebook 07."""

import numpy as np

from course_utils import evaluation
from course_utils.exercises import Exercise


def _curves():
    rng = np.random.default_rng(1)
    simple = (np.array([0.0, 1.0, 2.0]), np.array([0.0, 2.0, 4.0]))
    uneven = (np.array([0.0, 1.0, 4.0, 10.0]), np.array([10.0, 20.0, 30.0, 100.0]))
    return [simple, uneven, (np.array([5.0, 6.0, 9.0]), rng.normal(size=(4, 3)))]


EXERCISES = {
    "area_under_curve": Exercise(
        answer=evaluation.area_under_curve,
        cases=_curves,
        hints=[
            "Between two points the curve is a straight line: its mean height there is the mean of the two values. "
            "Weight it by the distance of the two steps, and divide the sum by the whole distance.",
            "np.diff(steps) are the distances; (values[..., 1:] + values[..., :-1]) / 2 the heights between.",
        ],
        mistakes={
            "The plain mean of the points: right only where all distances are the same and the ends count half.": (
                lambda steps, values: values.mean(-1)
            ),
            "This is the area itself: divide by the distance from the first step to the last, to get a mean height.": (
                lambda steps, values: (np.diff(steps) * (values[..., 1:] + values[..., :-1]) / 2).sum(-1)
            ),
            "Each stretch counts with its left point only: take the mean of both ends.": (
                lambda steps, values: (np.diff(steps) * values[..., :-1]).sum(-1) / (steps[-1] - steps[0])
            ),
            "Each stretch counts with its right point only: take the mean of both ends.": (
                lambda steps, values: (np.diff(steps) * values[..., 1:]).sum(-1) / (steps[-1] - steps[0])
            ),
            "Divide by the distance from the first step to the last, not by the last step: a curve may begin later.": (
                lambda steps, values: (np.diff(steps) * (values[..., 1:] + values[..., :-1]) / 2).sum(-1) / steps[-1]
            ),
            "The distances of the steps are left out: points that lie close together count too much.": (
                lambda steps, values: ((values[..., 1:] + values[..., :-1]) / 2).mean(-1)
            ),
        },
    ),
    "which_measure": Exercise(
        answer="c",
        hints=[
            "When do the failures happen that cost money: before, during or after the training?",
            "The question is what learning costs on the way.",
        ],
        mistakes={
            "The jump-start is measured before any learning: it says nothing of the way.": "a",
            "The final return says nothing of what was broken before.": "b",
            "The best moment is found by looking at many: it is luck in part.": "d",
        },
    ),
    "what_may_the_head_do": Exercise(
        answer="b",
        hints=["In the reversed world Q(s, left) is what Q(s, right) was.", "What are the columns of the last layer?"],
        mistakes={
            "The features need not change: the same situations are good or bad as before, only the names of the two "
            "actions are exchanged.": "a",
            "With two actions the order would be right, but all values would have the wrong sign.": "c",
            "With the right last layer the old policy is optimal again, at once: no training would be needed.": "d",
        },
    ),
    "fair_comparison": Exercise(
        answer="d",
        hints=["What was chosen for one arm, and not for the other?"],
        mistakes={
            "The interval lies above 0: ten seeds were enough to see a difference. The question is what it is a "
            "difference of.": "a",
            "That could be one more difference, but the report does not say so: look at what it does say.": "b",
            "The last network is the right one to report.": "c",
        },
    ),
}
