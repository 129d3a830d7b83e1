"""The exercises of notebook 00."""

from course_utils.exercises import Exercise
from course_utils.learn import tabular

EXERCISES = [
    Exercise(
        tabular.discounted_return,
        cases=[
            ([1.0, 2.0, 3.0], 0.5),
            ([0, 0, 0, 1], 0.9),
            ([-1.0] * 13, 1.0),
            ([], 0.9),
            ([2.0], 0.0),
            ([0.3, -1.7, 2.25, 0.01] * 6, 0.97),
        ],
        hints=[
            "The first reward counts in full; each later one is multiplied by γ once more.",
            "Use enumerate(rewards): it gives the power of γ together with the reward.",
        ],
        mistakes={
            "discount**step * reward ⇒ reward": "Nothing is discounted: multiply the reward at "
            "step t by γ to the power t.",
            "discount**step ⇒ discount ** (step + 1)": "The first reward is already discounted: "
            "its power of γ is 0, not 1.",
            "enumerate(rewards) ⇒ enumerate(reversed(rewards))": "The order is reversed: the "
            "first reward counts in full, the last one least.",
            "discount**step ⇒ discount ** min(step, 1)": "Every reward but the first is "
            "multiplied by γ only once: the power grows with each step.",
        },
    )
]
