"""The exercises of notebook 00."""

from course_utils.exercise_book.examination import Exercise
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
    )
]
