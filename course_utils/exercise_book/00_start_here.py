"""The exercises of notebook 00."""

from course_utils.exercise_book.examination import Exercise
from course_utils.learn import tabular

LISTS = {
    0.5: [1.0, 2.0, 3.0],
    0.9: [0, 0, 0, 1],
    1.0: [-1.0] * 13,
    0.97: [0.3, -1.7, 2.25, 0.01] * 6,
    0.3: [7],
    0.99: [],
    0.0: [2.0, 5.0],
}
EXERCISES = [Exercise(tabular.discounted_return, cases=[(r, g) for g, r in LISTS.items()])]
