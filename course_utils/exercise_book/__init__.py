"""The exercises: for each its answer, inputs and hints, and the typical mistakes with what to say of them."""

from course_utils.exercise_book import better_dqn, dqn, q_learning, start_here

EXERCISES = start_here.EXERCISES | q_learning.EXERCISES | dqn.EXERCISES | better_dqn.EXERCISES
