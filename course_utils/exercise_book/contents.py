"""What the exercise book holds, and what is made of the source of its answers.

For each notebook, by its stem: a .yaml with choices and functions, their hints, their mistakes and
the `inputs` they are tried on, which are Python; and a .py, EXERCISES, if these need more code.
"""

import ast
import importlib
import inspect
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import yaml

from course_utils.exercise_book import calls, tools
from course_utils.exercise_book.examination import Exercise
from course_utils.language import tell

FOLDER = Path(__file__).parent
STEMS = sorted({path.stem for path in FOLDER.glob("[0-9]*")})  # of notebooks


def find(name: str):
    """The exercise or open task of that name; ValueError with the names that there are."""
    if name in words("open_tasks"):
        room = "course_utils.exercise_book"  # made of all rooms, so loaded when it is asked
        marks, judges = (importlib.import_module(f"{room}.{e}") for e in ("marks", "open_tasks"))
        return marks.OpenTask(getattr(judges, name), **words("open_tasks")[name])
    for stem in STEMS:
        if name in words(stem):
            return chapter(stem)[name]
    names = ", ".join([*(n for stem in STEMS for n in words(stem)), *words("open_tasks")])
    raise ValueError(f"there is no exercise '{name}'. There are: {names}.")


@cache
def chapter(stem: str) -> dict[str, Exercise]:
    """The exercises of one notebook by their names, functions first."""
    coded, given = {}, tools()
    if (FOLDER / f"{stem}.py").exists():
        module = importlib.import_module(f"course_utils.exercise_book.{stem}")
        coded = {exercise.answer.__name__: exercise for exercise in module.EXERCISES}
    found = {}
    for name, said in words(stem).items():
        if "answer" in said:
            found[name] = Exercise(**said)
            continue
        if "function" in said:  # else it stands in the .py
            answer = getattr(importlib.import_module(said["function"]), name)
            known = inspect.unwrap(answer).__globals__ | given
            cases = eval(f"[{said['inputs']}]", known)
            more = {key: said[key] for key in ("learns", "exact") if key in said}
            coded[name] = Exercise(answer, cases=cases, **more)
        own, told = coded[name], said["mistakes"]
        wrong = {with_mistake(own.answer, exchange): told[exchange] for exchange in told}
        found[name] = replace(own, hints=said["hints"], mistakes=wrong)
    return found


@cache
def words(stem: str) -> dict:
    """What the .yaml of a notebook says."""
    file = FOLDER / f"{stem}.yaml"
    return tell(yaml.safe_load(file.read_text(encoding="utf-8"))) if file.exists() else {}


def with_mistake(function: Callable, exchange: str) -> Callable:
    """The function with a piece of its source exchanged, "piece ⇒ instead", in its own module.

    "⇒ instead" alone is all that it returns. Raises ValueError if the piece is not there.
    """
    source, home = inspect.getsource(function), inspect.unwrap(function).__globals__
    piece, instead = (part.strip() for part in exchange.split("⇒"))
    if not piece:
        return eval(f"lambda {str(calls.parameters(function))[1:-1]}: {instead}", home)
    if piece not in source:
        raise ValueError(f"{function.__name__} does not contain {piece!r}.")
    exec(source.replace(piece, instead), home, made := {})
    return made[function.__name__]


def shown(name: str) -> str:
    """What is shown of an answer: source to paste, or one sentence.

    An edition without solutions has a file edition.yaml here, which says so.
    """
    answer = find(name).answer
    if words("edition").get("solutions") == "out":
        return "This edition shows no solutions: ask your teacher, or take one more hint."
    if callable(answer):
        return source_to_paste(answer)
    return answer if "\n" in answer else f"The right choice is {answer!r}."


def source_to_paste(function: Callable) -> str:
    """The function's source without annotations, below the imports that a notebook may lack."""
    before, docstring, body = inspect.getsource(function).partition('    """')
    kept = [line for line in before.splitlines(True) if line.startswith("@torch")]
    head = "".join(kept) + f"def {function.__name__}{calls.parameters(function)}:\n"
    code = head + docstring + body  # all but the signature stays as it is written
    used = {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)}
    known, modules, homes = inspect.unwrap(function).__globals__, [], {}
    own = inspect.signature(function).parameters.keys()  # a parameter hides what is called so
    for name in sorted(used & known.keys() - own):
        if inspect.ismodule(value := known[name]):
            full = value.__name__
            modules.append(f"import {full}" if name == full else f"import {full} as {name}")
        else:
            home = getattr(value, "__module__", function.__module__)  # a number has none
            homes.setdefault(home, []).append(name)
    others = [f"from {home} import {', '.join(names)}" for home, names in homes.items()]
    return "\n".join([*modules, *others, "\n", code]).lstrip()
