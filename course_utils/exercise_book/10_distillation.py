"""The exercises of notebook 10."""

from operator import index

from course_utils.exercise_book import finite_loss, two_policies
from course_utils.exercise_book.examination import Exercise, WrongAnswer
from course_utils.losses import advantage_loss, hinton_loss, kl_loss


def wrong_lines():
    """The six lines that must be changed or removed.

    1: the teacher is a fresh network; nobody has trained it or loaded it.
    13: the drawn batch takes the names of the running episode, whose observation and `done` are
    lost.
    14: a target of Q-learning, with reward and next state; the teacher's answer to the same state
    is wanted.
    15: only the value of the action that was taken is kept; all four answers are to be learned.
    21: it was the teacher that flew, so `total` is the teacher's return and not the student's.
    23: a new student forgets everything, and the optimizer still holds the parameters of the old
    one.
    """
    return [1, 13, 14, 15, 21, 23]


LAST_LINE = 23
DEFENDED = {  # the other lines of that listing, and why they are right
    (2, 3): "distilling begins with a fresh, smaller network, and an optimizer that holds its "
    "parameters.",
    (4, 5, 6, 7): "so an episode begins, and goes on until it is over.",
    (8,): "the plan says that the teacher flies, and this is the teacher's decision.",
    (9, 10, 11): "this is a step in Gymnasium: done when terminated or truncated, and each reward "
    "is added.",
    (12,): "it keeps more than distilling needs, which does no harm.",
    (16,): "it compares the student with the teacher. Whether both answers are the right ones, "
    "other lines decide.",
    (17, 18, 19): "these three are a step of the optimizer, in the right order.",
    (20,): "the episode goes on from here. Whether the name still holds what it should, another "
    "line decides.",
    (22,): "the plan ends here when the number is above 200. Where the number comes from, another "
    "line decides.",
}
LIKELY = {  # five of the six and a right line, and what is said
    (1, 8, 13, 14, 15, 23): "Line 8 is right: by the plan the teacher flies. Which later line "
    "forgets it?",
    (1, 8, 13, 14, 21, 23): "Line 8 is right: by the plan the teacher flies. How many answers "
    "does the student give?",
    (1, 13, 14, 16, 21, 23): "Line 16 compares what it is given. Is each of the two what the plan "
    "asks for?",
    (1, 14, 15, 20, 21, 23): "Line 20 is right, if the name still holds the state behind the "
    "step. Who changed it?",
    (1, 13, 14, 15, 22, 23): "Line 22 is right, if the number is the student's return. Is it?",
    (1, 3, 13, 14, 15, 21): "Line 3 is right: it holds the student of line 2. Is that one always "
    "the student?",
}


def named(attempt):
    """1 for each line that is named, else 0; WrongAnswer for all but the right and the likely."""
    answer = attempt()
    try:
        lines = sorted(set(map(index, answer)))
    except TypeError:
        raise WrongAnswer("Return six line numbers in a list, as in [1, 2, 3, 4, 5, 6].") from None
    for line in lines:
        if not 1 <= line <= LAST_LINE:
            raise WrongAnswer(
                f"There is no line {line}: the lines are numbered from 1 to {LAST_LINE}."
            )
    if len(lines) != 6:
        raise WrongAnswer(f"Six different lines are asked for; you name {len(lines)}.")
    # the first innocent line is defended, so that something is learned from any guess
    if lines != wrong_lines() and tuple(lines) not in LIKELY:
        told, innocent = next(
            (why, line) for line in lines for some, why in DEFENDED.items() if line in some
        )
        hits = len({*lines} & {*wrong_lines()})
        raise WrongAnswer(
            f"{hits} of the six lines that you name are errors. Line {innocent} is right: {told}"
        )
    return [line in lines for line in range(1, LAST_LINE + 1)]


EXERCISES = [
    Exercise(kl_loss, cases=two_policies(), probe=finite_loss),
    Exercise(
        hinton_loss,
        cases=[
            (*pair[:2], tau, weight)
            for pair, tau, weight in zip(
                two_policies(), (2.0, 0.5, 4.0, 1.0, 3.0), (0.9, 0.3, 0.7, 0.5, 0.2), strict=False
            )
        ],
        probe=finite_loss,
    ),
    Exercise(advantage_loss, cases=two_policies()[:5], probe=finite_loss),
    Exercise(
        wrong_lines,
        probe=named,
        mistakes={
            lambda lines=lines: lines: f"Five of the six. {told}" for lines, told in LIKELY.items()
        },
    ),
]
