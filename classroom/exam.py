"""docs/exam.md from exam.yaml: every number in question and solution is computed."""

import re
from pathlib import Path

import numpy as np
import torch
import yaml

from classroom import parts
from course_utils import evaluation, losses
from course_utils.learn import tabular
from course_utils.replay import n_step_return
from course_utils.tune.parts import low_rank_change

PAGE = parts.ROOT / "docs" / "exam.md"
KNOWN = {"np": np, "torch": torch, "tabular": tabular, "losses": losses, "evaluation": evaluation}
KNOWN |= {"n_step_return": n_step_return, "low_rank_change": low_rank_change}


def questions() -> list[dict]:
    """What exam.yaml says, with its numbers in the texts."""
    found = yaml.safe_load((Path(__file__).parent / "exam.yaml").read_text(encoding="utf-8"))
    for each in found:
        space = KNOWN | each.get("given", {})
        for name, formula in each.get("numbers", {}).items():
            space[name] = eval(str(formula), space)
        for text in ("question", "solution"):
            each[text] = re.sub(r"(?<!\w)-(?=\d)", "−", each[text].format(**space)).strip()
    return found


def made() -> str:
    """The questions, then their solutions."""
    asked = questions()
    lines, answers = [], []
    for place, each in enumerate(asked, 1):
        title = f"**{place}. {each['title']}**"
        where = f"[{each['chapter']}](../notebooks/{parts.read(each['chapter']).stem}.ipynb)"
        lines += [f"{title} · {each['points']} points · notebook {where}", "", each["question"], ""]
        answers += [f"{title} · {each['solution']}", ""]
    total = sum(each["points"] for each in asked)
    told = f"{len(asked)} questions, {total} points in all."
    return "\n".join([told, "", "## Questions", "", *lines, "## Solutions", "", *answers]).strip()


def filled(page: str) -> str:
    """The page with all that stands behind its marker made anew."""
    head, marker, _ = page.partition("<!-- made by classroom/exam.py -->")
    return f"{head}{marker}\n\n{made()}\n"


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
