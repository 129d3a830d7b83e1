"""The exercises of notebook 00."""

from course_utils import tabular
from course_utils.exercises import Exercise


def _reward_cases():
    return [
        ([1.0, 2.0, 3.0], 0.5),
        ([0, 0, 0, 1], 0.9),
        ([-1.0] * 13, 1.0),
        ([], 0.9),
        ([2.0], 0.0),
        ([0.3, -1.7, 2.25, 0.01] * 6, 0.97),
    ]


EXERCISES = {
    "discounted_return": Exercise(
        answer=tabular.discounted_return,
        cases=_reward_cases,
        hints=[
            "The first reward counts in full; each later one is multiplied by γ once more.",
            "Use enumerate(rewards): it gives the power of γ together with the reward.",
        ],
        mistakes={
            "Nothing is discounted: multiply the reward at step t by γ to the power t.": lambda r, d: sum(r),
            "The first reward is already discounted: its power of γ is 0, not 1.": (
                lambda r, d: sum(d ** (t + 1) * x for t, x in enumerate(r))
            ),
            "The order is reversed: the first reward counts in full, the last one least.": (
                lambda r, d: sum(d**t * x for t, x in enumerate(reversed(r)))
            ),
            "Every reward but the first is multiplied by γ only once: the power grows with each step.": (
                lambda r, d: sum(x if t == 0 else d * x for t, x in enumerate(r))
            ),
        },
    ),
}
