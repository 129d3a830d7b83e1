"""An open task, and the mark that an attempt earns."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from course_utils import storage
from course_utils.exercise_book import progress, trial
from course_utils.exercise_book.trial import WrongAnswer
from course_utils.language import tell
from course_utils.tune import parts


@dataclass(frozen=True)
class OpenTask:
    """judge: what is handed in → a figure, in `unit`. notebook: its stem. marks: bronze, silver,
    gold; they fall where less is better. answer: the course's own attempt, as source to paste."""

    judge: Callable
    notebook: str
    unit: str
    marks: list[float]
    hints: list[str]
    answer: str


def judge(task: OpenTask, attempt) -> tuple[str, float | None]:
    """What to print of an attempt, and its figure, if it has one."""
    if not isinstance(task, OpenTask):
        raise ValueError("this is an exercise: hand it to exercises.check.")
    bronze, silver, gold = task.marks
    asked = f"({task.unit}: bronze {bronze:g}, silver {silver:g}, gold {gold:g})"
    if attempt is ...:
        return f"not attempted yet {asked}.", None
    try:
        with trial.limited(300), trial.settings_kept():
            figure = float(task.judge(attempt))
    except WrongAnswer as wrong:
        return f"no mark yet. {wrong}", None
    except Exception as error:
        return f"no mark yet. {trial.raised(error, attempt, 'With this the judge')}", None
    sign = 1 if gold > bronze else -1  # marks that fall: less is better
    earned = sum(sign * figure >= sign * mark for mark in task.marks)
    mark = ("no mark yet", "bronze", "silver", "gold")[earned]
    return f"{tell(mark)}, with {figure:.4g} {asked}.", figure


def keep(name: str, attempt, mark: str, figure: float) -> None:
    """Note a mark; agents that earned it become runs/NAME.safetensors, for others to judge."""
    progress.note("open task", name, mark)
    card = {"environment": "of the open task", "parent": None, "task": name, "figure": figure}
    with contextlib.suppress(TypeError, ValueError):  # of low-rank changes the sum is kept
        attempt = parts.plain(parts.merge(attempt))
    with contextlib.suppress(TypeError, ValueError, OSError):  # functions, adapters: not kept
        storage.save_agent(storage.RUNS / f"{name}.safetensors", attempt, card)
