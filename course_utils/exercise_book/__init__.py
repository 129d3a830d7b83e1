"""The exercises: for each its answer, inputs and hints, and the typical mistakes with what to say of them."""

from course_utils.exercise_book import (
    better_dqn,
    continual_learning,
    demonstrations,
    distillation,
    dqn,
    efficient_tuning,
    fine_tuning,
    imitation,
    q_learning,
    reward_design,
    robust_readable_fast,
    several_teachers,
    start_here,
)

CHAPTERS = [start_here, q_learning, dqn, better_dqn, imitation, demonstrations, reward_design]
CHAPTERS += [fine_tuning, efficient_tuning, continual_learning, distillation, several_teachers, robust_readable_fast]
EXERCISES = {name: exercise for chapter in CHAPTERS for name, exercise in chapter.EXERCISES.items()}
