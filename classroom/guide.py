"""The tables of docs/teaching.md, made from timetables.yaml and the notebooks: `make classroom`."""

import math
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from classroom import parts

PAGE = parts.ROOT / "docs" / "teaching.md"
LIMIT = 90  # minutes of a session


@dataclass
class Item:
    """One line of a timetable; sections, exercises and votes are the notebook's own."""

    key: str
    told: str
    minutes: int
    kind: str


@cache
def plan() -> dict:
    """What timetables.yaml says."""
    return yaml.safe_load((Path(__file__).parent / "timetables.yaml").read_text(encoding="utf-8"))


def link(number: str, text: str) -> str:
    return f"[{text}](../notebooks/{parts.read(number).stem}.ipynb)"


def sections_of(number: str) -> dict[str, parts.Section]:
    """The sections of a notebook by what a plan calls them; those without a number get a word."""
    words = {"Title": "goals", "Open": "task", "Recap": "recap"}
    return {
        section.number or f"{words[section.title.split()[0]]}:{number}": section
        for section in parts.read(number).sections
    }


@cache
def items() -> dict[str, Item]:
    """All that a plan may name, by its key."""
    named = {}
    for number in parts.NOTEBOOKS:
        notebook = parts.read(number)
        for key, section in sections_of(number).items():
            told = link(number, f"{section.number or number} {section.title}")
            named[key] = Item(key, told, math.ceil(section.minutes), "section")
            if section.votes:
                many, told = len(section.votes), f"{section.number}: vote by a show of hands"
                minutes = many * plan()["vote"]
                named[f"vote:{key}"] = Item(f"vote:{key}", told, minutes, "vote")
        for exercise in notebook.exercises:
            told = f"Exercise `{exercise.name}`"
            named[exercise.name] = Item(exercise.name, told, exercise.minutes, "exercise")
        for k in (1, 2, 3):
            told = f"Discuss question {k} of [{number}](discussion.md#{anchor(number)})"
            key = f"discuss:{number}.{k}"
            named[key] = Item(key, told, plan()["discuss"], "discussion")
    for key, (minutes, told) in plan()["pieces"].items():
        named[key] = Item(key, told, minutes, "piece")
    return named


def anchor(number: str) -> str:
    """Where a notebook's answers stand in docs/discussion.md."""
    return slug(f"{number} · {parts.read(number).title}")


def slug(title: str) -> str:
    """What a link within a page calls a heading."""
    return re.sub(r"[^\w -]", "", title).lower().replace(" ", "-")


def planned(words: str) -> list[Item]:
    """The items that a line of a plan names; ValueError for a name that no notebook has."""
    if unknown := [key for key in words.split() if key not in items()]:
        raise ValueError(f"timetables.yaml names {unknown[0]!r}, which no notebook has.")
    return [items()[key] for key in words.split()]


def minutes(words: str) -> int:
    return sum(item.minutes for item in planned(words))


def mistake(words: str) -> str:
    """What `check` says of a mistake, "exercise:2" or "choice:b", as a line of a list."""
    name, which = words.split(":")
    told = parts.said(name)
    if "answer" in told:
        return f"`{name}`, answer {which}: {told['mistakes'][which]}"
    return f"`{name}`: {list(told['mistakes'].values())[int(which) - 1]}"


def session(name: str) -> list[str]:
    """The page of one session."""
    own = plan()["sessions"][name]
    lines = [f"### {own['title']}", "", f"**Aim.** {own['aim'].strip()}", ""]
    lines += ["| From minute | What | Minutes |", "|--:|---|--:|"]
    clock = 0
    for item in planned(own["plan"]):
        lines.append(f"| {clock} | {item.told} | {item.minutes} |")
        clock += item.minutes
    lines += [f"| {clock} | End | |", ""]
    late = "; ".join(re.sub(r"\[(.+?)\]\(.+?\)", r"\1", each.told) for each in planned(own["late"]))
    saved = minutes(own["late"])
    lines += [f"- **If you are late**, leave out: {late}. That saves {saved} minutes."]
    lines += ["- **The likeliest mistakes, and their cure**, as `check` tells them:"]
    lines += [f"  - {mistake(words)}" for words in own["mistakes"].split()]
    lines += [f"- **One thing to move.** {own['move'].strip()}"]
    lines += [f"- **Plan B.** {own['offline'].strip()}", ""]
    return lines


def homework(name: str) -> list[Item]:
    """What the notebook of a session has beside all lessons of the semester."""
    number = plan()["sessions"][name]["notebook"]
    in_class = {key for each in semester() for key in plan()["sessions"][each]["plan"].split()}
    keys = [*sections_of(number), *(each.name for each in parts.read(number).exercises)]
    return [items()[key] for key in keys if key not in in_class]


def semester() -> list[str]:
    """The sessions of the course with homework."""
    return next(course["sessions"] for course in plan()["courses"] if course.get("homework"))


def course(own: dict) -> list[str]:
    """The timetable of one kind of course."""
    at_home = own.get("homework")
    lines = [f"### {own['title']}", "", own["note"].strip(), ""]
    lines += ["| When | Session | Minutes |" + (" Homework | Minutes |" if at_home else "")]
    lines += ["|---|---|--:|" + ("---|--:|" if at_home else "")]
    for when, name in zip(own["start"], own["sessions"], strict=True):
        page = plan()["sessions"][name]
        row = f"| {when} | [{page['title']}](#{slug(page['title'])}) | {minutes(page['plan'])} |"
        if at_home:
            left = homework(name)
            alone = [each.key for each in left if each.key[0].isdigit()]
            alone += [f"`{each.key}`" for each in left if each.kind == "exercise"]
            row += f" {', '.join(alone)} | {sum(each.minutes for each in left)} |"
        lines.append(row)
    return [*lines, ""]


def votes() -> list[str]:
    """All votes, with what the stored notebooks have measured."""
    lines = ["| Section | Question | Measured |", "|---|---|---|"]
    for number in parts.NOTEBOOKS:
        for section in parts.read(number).sections:
            for vote in section.votes:
                kind = "; ".join(vote.options) or "a curve to sketch"
                question = f"{vote.question} ({kind})".replace("|", "\\|")
                lines.append(f"| {section.number} | {question} | {vote.measured} |")
    return lines


def made() -> dict[str, list[str]]:
    """The lines between each pair of markers."""
    courses = [line for own in plan()["courses"] for line in course(own)]
    sessions = [line for name in plan()["sessions"] for line in session(name)]
    return {"courses": courses, "sessions": sessions, "votes": votes()}


def filled(page: str) -> str:
    """The page with the lines between its markers made anew."""
    for name, lines in made().items():
        start, end = f"<!-- {name} begin -->", f"<!-- {name} end -->"
        before, _, rest = page.partition(start)
        _, _, after = rest.partition(end)
        page = f"{before}{start}\n\n" + "\n".join(lines).strip() + f"\n\n{end}{after}"
    return page


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    for name, own in plan()["sessions"].items():
        print(f"{minutes(own['plan']):3} minutes: {name}")
