"""Answers are found as text, in whatever state a notebook is, and judged as in the notebook."""

import csv
import json
import os
import random
import re
import shutil
import subprocess
import sys

import pytest

from classroom import grade, reading
from classroom.answers import Notebook
from classroom.judging import Book, Nursery
from course_utils import language
from course_utils.exercise_book import contents
from tests.classroom.handing_in import (
    EXERCISES,
    FUNCTIONS,
    STEM_OF,
    alone,
    any_of,
    letter,
    notebook,
    right,
    wrong,
)

STEMS = contents.STEMS
CHOICES = [name for name in EXERCISES if name not in FUNCTIONS]
CHECK = 'td_target = exercises.check("td_target", td_target)'
STUB = f"def td_target(reward, terminated, next_q, discount):\n    return ...\n\n\n{CHECK}"
RIGHT = "def td_target(reward, terminated, next_q, discount):\n    " + (
    "return (reward + discount * (1 - terminated) * next_q.amax(-1)).detach()"
)
WRONG = RIGHT.replace(" * (1 - terminated)", "")
OF = RIGHT.replace("discount * ", "gamma(discount) * ")

LEARNS = "    torch.ones(1, requires_grad=True).sum().backward()\n    "


@pytest.fixture(scope="module")
def judges():
    nursery = Nursery()
    yield Book(), nursery
    nursery.close()


def judged(cells, judges, name="td_target"):
    read = Notebook(STEM_OF[name], alone(cells), "a notebook")
    return grade.verdict_on(STEM_OF[name], name, read, *judges)


@pytest.mark.parametrize("name", [*FUNCTIONS, *CHOICES[:1]])
def test_right_answers_are_right_and_mistakes_are_told_by_name(name, judges):
    """One of each by chance; `make bench` tries all."""
    rng = random.Random(name)
    verdict, sentence, _ = judged(any_of(right(name), rng), judges, name)
    assert verdict == "right", sentence
    cells, told = any_of(wrong(name), rng)
    verdict, sentence, _ = judged(cells, judges, name)
    assert verdict == "wrong" and (told or "") in sentence or re.search(told, sentence)


def test_the_stubs_are_not_attempted(judges):
    read = Notebook("02_dqn", notebook("02_dqn", {}), "a notebook")
    for name in contents.words("02_dqn"):
        assert grade.verdict_on("02_dqn", name, read, *judges).verdict == "not attempted"
    assert read.answer_to("mend_the_learner").attempt == "mended"


@pytest.mark.parametrize(
    "cells",
    [
        [f"{RIGHT}\n\n\n{CHECK}"],
        [RIGHT, "x = 1", CHECK],
        [RIGHT.replace("td_target", "mine"), CHECK.replace(" td_target)", " mine)")],
        [f"f = lambda r, t, q, d: (r + d * (1 - t) * q.amax(-1)).detach()\n{CHECK[:-10]}f)"],
        [f"{RIGHT}\n{CHECK}", STUB],
        [STUB, f"{RIGHT}\n{CHECK}"],
        [f"{WRONG}\n{CHECK}", f"{RIGHT}\n{CHECK}"],
        [STUB, RIGHT],
        [STUB, f"{RIGHT}\nprint(td_target)"],
        [RIGHT],
        ["def gamma(x):\n    return x * unit\n\n\nunit = 1.0", f"{OF}\n{CHECK}"],
        [f"{OF}", "gamma = lambda x: unit * x", "unit = 3", "unit = 1", CHECK],
        ["from torch import *", f"{OF.replace('gamma', 'as_tensor')}\n{CHECK}"],
        [f"{RIGHT}\n{CHECK}".replace("reward +", "abs(reward) * reward.sign() +"),
         "from course_utils.losses import *"],
        ["unit = [5]\nunit[0] = 1", f"{OF.replace('gamma(', '(unit[0] * ')}\n{CHECK}"],
        ["def broken(:", "x = (", f"{RIGHT}\n{CHECK}"],
        ["1 / 0", "import torch, nowhere\ntorch.nothing()", f"{RIGHT}\n{CHECK}"],
        ["%matplotlib inline\n!ls\nx = !ls", f"%%time\n{RIGHT}\n{CHECK}", "%%bash\nls"],
        [f"import math as m, os\n{RIGHT}\n{CHECK};", "td_target?"],
        ["input('Name: ')\nraise SystemExit", f"{RIGHT}\n{CHECK}"],
        [f"import statistics\n{OF.replace('gamma(', 'statistics.mean([1]) * (')}\n{CHECK}"],
        [f"{RIGHT.replace('    ', LEARNS)}\n{CHECK}"],
        [f"{OF.replace('gamma(', '(7')}\n{CHECK}".replace("(7", "(7\n    % 3 * ")],
        [f"{OF.replace('gamma(', '((7')}\n{CHECK}".replace("((7", "((7\n    != 3) * ")],
        ["calls = 0", f"{RIGHT}\n{CHECK}".replace(":\n", ":\n    global calls; calls += 1\n")],
        [f"{RIGHT}\n{CHECK}".replace("discount)", "discount: Nothing) -> Tensor", 1)],
        [f"{RIGHT}\n{CHECK}".replace(":\n", ":\n    display(reward)\n")],
        ["try:\n    import nowhere\nexcept ImportError:\n    nowhere = None",
         f"{RIGHT}\n{CHECK}".replace(":\n", ":\n    nowhere\n")],
        *[[f"{kind}:\n    " + f"{RIGHT}\n{CHECK}".replace("\n", "\n    ") + after]
          for kind, after in (("if seed", ""), ("with torch.no_grad()", ""),
                              ("if not 1:\n    x = 1\nelse", ""),
                              ("try", "\nexcept Exception:\n    print('?')"))],
        [f"{RIGHT}\n{CHECK}" + "\n# why?" * 40, "%time x" + "\n# why?" * 40],
        ["from tqdm import tqdm",
         f"{RIGHT}\n{CHECK}".replace(":\n", ":\n    for _ in tqdm([1]): pass\n")],
        ["\n".join(["%time x"] * 600), f"{RIGHT}\n{CHECK}"],
    ],
)  # fmt: skip
def test_an_answer_is_found(cells, judges):
    verdict, sentence, _ = judged(cells, judges)
    assert verdict == "right", sentence


@pytest.mark.parametrize(
    ("cells", "verdict", "words"),
    [
        ([f"{WRONG}\n{CHECK}"], "wrong", "terminal mask is missing"),
        ([f"{RIGHT}\n{CHECK}", f"{WRONG}\n{CHECK}"], "wrong", "terminal mask is missing"),
        ([f"{RIGHT[:-1]}\n{CHECK}"], "wrong", "cannot be read: '(' was never closed in line"),
        ([RIGHT[:-1], CHECK], "wrong", "cannot be read: '(' was never closed in line"),
        ([f"{OF}\n{CHECK}"], "wrong", "NameError: name 'gamma' is not defined"),
        ([CHECK], "wrong", "NameError: name 'td_target' is not defined"),
        (["x = 1"], "missing", 'The cell with exercises.check("td_target", …) is gone.'),
        ([f"td_target = 3\n{CHECK}"], "wrong", "A function is asked for; this is 3"),
        ([f"td_target = max\n{CHECK}"], "wrong", "write it with `def`"),
        ([f"td_target = ...\n{CHECK}"], "not attempted", "not attempted"),
        ([f"{RIGHT}\n{CHECK}".replace(", discount", "", 1)], "wrong", "must take 4 arguments"),
        ([f"{RIGHT}\n{CHECK}".replace(".detach()", "")], "wrong", "carries a gradient"),
        ([f"{RIGHT}\n{CHECK}".replace("    return", "    reward += 1; return")], "wrong",
         "changes its inputs"),
        ([f"{RIGHT}\n{CHECK}".replace("discount *", "[0] *")], "wrong", "raised"),
        ([f"x = {'x' * 100_001}\n{RIGHT}\n{CHECK}"], "wrong", "more than 100,000 characters"),
        (["%time x\n" * 31 + f"{RIGHT}\n{CHECK}"], "wrong", "more than 30 lines with %, ! or ?"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told(cells, verdict, words, judges):
    told = judged(cells, judges)
    assert told.verdict == verdict and words in told.sentence


def test_each_answer_is_judged_alone(judges):
    """An answer that stands on a wrong one is judged with the course's own in its place."""
    name = "policy_return"
    below = "def bellman_backup(mdp, value, discount):\n    return 0\n\n\n"
    below += 'bellman_backup = exercises.check("bellman_backup", bellman_backup)'
    own = next(cells for cells in right(name) if "bellman_backup" in cells[0])
    assert "import bellman_backup" in own[0]
    cells = [below, own[0].replace("from course_utils.learn.tabular import bellman_backup", "")]
    assert judged([*cells, *own[1:]], judges, name).verdict == "right"


@pytest.mark.parametrize("name", ["q_learning_target", "impossible_average"])
def test_a_solution_that_was_shown_is_no_answer(name, judges):
    """And the page tells nothing of the teacher's folders."""
    told = judged([f'exercises.check("{name}", exercises.solution("{name}"))'], judges, name)
    assert told.verdict == "refused" and str(reading.NOTEBOOKS.parent) not in told.sentence
    shown = [f'exercises.solution("{name}")\n{right(name)[0][0]}', *right(name)[0][1:]]
    assert judged(shown, judges, name).verdict == "right"


def test_what_is_kept_in_one_language_is_not_told_in_another(monkeypatch):
    key = Book().key()
    assert Book().key() == key
    monkeypatch.setattr(language, "catalogue", lambda: {"right": "对"})
    assert Book().key() != key


@pytest.mark.skipif(not hasattr(os, "getsid"), reason="this system has no sessions")
def test_ctrl_c_is_for_who_grades_alone(judges):
    judged([RIGHT, CHECK], judges)
    assert os.getsid(judges[1].process.pid) != os.getsid(0)


def test_a_choice_may_be_written_in_many_ways(judges):
    name = "impossible_average"
    for text in ("b", " B ", "(b)"):
        assert judged([letter(name, text)], judges, name).verdict == "right"
    assert judged([f'exercises.check("{name}", "ab"[1])'], judges, name).verdict == "right"
    assert "discounting" in judged([letter(name, "c")], judges, name).sentence.lower()
    told = judged([f'exercises.check("{name}", lambda: "b")'], judges, name)
    assert told.verdict == "wrong" and "A letter is asked for" in told.sentence
    told = judged([letter(name, "e")], judges, name)
    assert told.verdict == "wrong" and "letters a, b, c, d" in told.sentence


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[]", b"\x89PNG\r\n", b'{"cells": 3}', b"[" * 10**5,
     '{"cells": []'.encode("utf-16"),
     b'{"cells": [{"cell_type": "code"}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}',
     b'{"cells": [{"cell_type": "code", "source": 3, "outputs": [], "metadata": {}}],'
     b' "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'],
)  # fmt: skip
def test_a_damaged_notebook_gets_one_sentence(content):
    with pytest.raises(reading.Unreadable, match=r"^my.ipynb is damaged, or no notebook: "):
        reading.cells_of(content, "my.ipynb")


def test_an_older_format_is_read():
    cell = {"cell_type": "code", "input": "x = 1", "language": "python", "outputs": []}
    book = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": [cell]}]}
    assert reading.cells_of(json.dumps(book).encode(), "x") == [
        {"cell_type": "code", "source": "x = 1"}
    ]


def test_notebooks_are_known_by_their_names():
    for name in (
        "01_q_learning (1).ipynb",
        "Anna-01_Q_Learning-Copy2.ipynb",
        "01 q learning.ipynb",
    ):
        assert reading.stem_of(name) == "01_q_learning"
    assert reading.stem_of("homework.ipynb") is None
    assert all(reading.sections(STEM_OF[name])[name] for name in EXERCISES)


HARD_NAMES = ["=cmd()", "a,b\nc", "x..%2f..%2fx", "<b>Ann", "Åsa"]


@pytest.fixture
def room(tmp_path):
    """Learners with notebooks in all states."""
    for who in ["anna", *HARD_NAMES, "none"]:
        (tmp_path / "room" / who / "deep").mkdir(parents=True)
    anna = tmp_path / "room" / "anna"
    new, old = anna / "00_start_here.ipynb", anna / "deep" / "00_start_here (1).ipynb"
    name = "discounted_return"
    new.write_bytes(notebook("00_start_here", {name: right(name)[0]}))
    old.write_bytes(notebook("00_start_here", {}))
    os.utime(old, (1, 1))
    (anna / "02_dqn.ipynb").mkdir()
    (anna / "03_better_dqn.ipynb").write_bytes(b"")
    (anna / "04_imitation.ipynb").symlink_to("/etc/passwd")
    (anna / ".ipynb_checkpoints").mkdir()
    (anna / ".ipynb_checkpoints" / "05_demonstrations-checkpoint.ipynb").write_text("{}")
    for who in HARD_NAMES:
        place = tmp_path / "room" / who / "00_start_here.ipynb"
        place.write_bytes(notebook("00_start_here", {name: wrong(name)[0][0]}))
    return tmp_path / "room"


def run(monkeypatch, *given):
    monkeypatch.setattr(sys, "argv", ["grade", *map(str, given), "--workers", "1"])
    grade.main()


@pytest.mark.slow
def test_a_room_is_graded_and_an_interrupted_run_goes_on(room, monkeypatch, capsys):
    run(monkeypatch, room)
    out = room.with_name("room-results")
    text = (out / "results.csv").read_text("utf-8")
    rows = list(csv.DictReader(text.splitlines(keepends=True)))
    assert len(rows) == 7 * len(EXERCISES) and list(rows[0]) == grade.COLUMNS
    assert sorted({row["learner"] for row in rows}) == sorted(
        ["anna", "none", "'=cmd()", *HARD_NAMES[1:]]
    )
    anna = {row["exercise"]: row for row in rows if row["learner"] == "anna"}
    assert anna["discounted_return"]["verdict"] == "right"
    assert "is a folder" in anna["td_target"]["sentence"]
    assert "is damaged" in anna["double_q"]["sentence"]
    assert "is a link" in anna["cloning_loss"]["sentence"]
    assert anna["margin_loss"]["sentence"] == "There is no notebook 05_demonstrations."
    told = [row for row in rows if row["learner"] == "Åsa" and row["verdict"] == "wrong"]
    assert wrong("discounted_return")[0][1] == told[0]["sentence"]
    pages = {path.name: path.read_text("utf-8") for path in (out / "students").iterdir()}
    assert len(pages) == 7 and {"anna.md", "Åsa.md"} <= set(pages)
    assert "the newest was read: 00_start_here.ipynb" in pages["anna.md"]
    assert 'Read again: 00, "0.3 ' in pages["Åsa.md"]
    assert not any("<b>" in page for page in pages.values())
    assert sorted(path.name for path in room.parent.iterdir()) == ["room", "room-results"]

    kept = {path: path.stat().st_mtime_ns for path in (out / "kept").iterdir()}
    run(monkeypatch, room)
    assert (out / "results.csv").read_text("utf-8") == text
    assert {path: path.stat().st_mtime_ns for path in (out / "kept").iterdir()} == kept
    told = capsys.readouterr().out
    assert "Learners: 7. \n" in told and "1 of 105: <b>Ann, 00_start_here: 1 wrong" in told


def test_what_no_learner_has_made_and_endless_depths_are_passed_over(tmp_path):
    # An archive can hold folders deeper than Python can call itself.
    for place in ("__MACOSX/anna", "anna/__MACOSX", "anna/.hidden", "anna/" + 30 * "d/"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "02_dqn.ipynb").write_text("{}")
    (tmp_path / "anna" / "._02_dqn.ipynb").write_text("{}")
    (tmp_path / "anna" / "deep" / "er").mkdir(parents=True)
    mine = tmp_path / "anna" / "deep" / "er" / "02_dqn.ipynb"
    mine.write_text("{}")
    assert reading.submissions(tmp_path) == {"anna": {"02_dqn": [mine]}}


def test_a_notebook_with_too_much_code_is_not_taken_apart():
    with pytest.raises(reading.Unreadable, match="more than 1,000,000 characters of code"):
        reading.cells_of(alone(["x" * 90_000] * 12), "my.ipynb")


@pytest.mark.parametrize(
    ("pack", "words"),
    [
        ("seeds: [1", "must be YAML"),
        ("[]", "must be YAML"),
        ("seeds: [1]", "must be YAML"),
        ("seeds: 1\ninputs: {}", "must be YAML"),
        ("seeds: [1]\ninputs: {discounted_return: '(1'}", "must be YAML"),
        ("seeds: [1]\ninputs: {td_targt: '(1,)'}", "no exercise td_targt"),
    ],
)
def test_a_pack_that_is_none_gets_a_sentence(pack, words, tmp_path, monkeypatch):
    (tmp_path / "pack.yaml").write_text(pack)
    with pytest.raises(SystemExit, match=words):
        run(monkeypatch, tmp_path, "--pack", tmp_path / "pack.yaml")


def test_a_packs_inputs_that_fail_are_named(tmp_path):
    (tmp_path / "pack.yaml").write_text("seeds: [1]\ninputs: {discounted_return: nothing}")
    with pytest.raises(ValueError, match="inputs of discounted_return fail, name 'nothing'"):
        Book(tmp_path / "pack.yaml").exercise("00_start_here", "discounted_return")


def test_results_among_the_learners_are_refused(tmp_path, monkeypatch):
    with pytest.raises(SystemExit, match="choose another place"):
        run(monkeypatch, tmp_path, "--out", tmp_path / "results")


def test_a_verdict_that_was_damaged_is_made_again(tmp_path):
    (tmp_path / "00_start_here.ipynb").write_bytes(notebook("00_start_here", {}))
    given = "00_start_here", [tmp_path / "00_start_here.ipynb"], grade.PACK, tmp_path / "kept"
    told = grade.graded(*given)["verdicts"]
    [part] = (tmp_path / "kept").iterdir()
    part.write_text("[")
    assert grade.graded(*given)["verdicts"].keys() == told.keys()


def test_a_page_tells_one_wrong_answer_in_full():
    found = {"verdicts": {"discounted_return": ("wrong", "The mask is missing.", 0.1)}}
    page = grade.page("anna", {"00_start_here": found})
    assert "**`discounted_return`**, wrong. The mask is missing. Read again: 00" in page


def test_archives_and_notebooks_of_nobody_are_told(tmp_path, monkeypatch):
    (tmp_path / "ida").mkdir()
    for name in ("ida/work.ZIP", "kim.zip", "01_q_learning.ipynb"):
        (tmp_path / name).write_bytes(b"")
    told = "Not read: 01_q_learning.ipynb, ida/work.ZIP, kim.zip. Unpack archives, and put"
    with pytest.raises(SystemExit, match=told):
        run(monkeypatch, tmp_path)


def test_a_pack_that_is_not_there_gets_a_sentence(tmp_path, monkeypatch):
    (tmp_path / "anna").mkdir()
    (tmp_path / "anna" / "00_start_here.ipynb").write_bytes(b"")
    with pytest.raises(SystemExit, match="The pack no.yaml cannot be used: "):
        run(monkeypatch, tmp_path, "--pack", "no.yaml")


@pytest.mark.skipif(not shutil.which("make"), reason="this system has no make")
@pytest.mark.parametrize("target", ["grade", "board"])
def test_make_asks_for_a_folder(target):
    """Else the course's own folder would be taken, and graded."""
    told = subprocess.run(
        ["make", "-n", target], cwd=reading.NOTEBOOKS.parent, capture_output=True, text=True
    )
    assert told.returncode and f"make {target} FOLDER=submissions" in told.stderr


def test_a_page_counts_what_was_handed_in():
    of = {stem: dict.fromkeys(contents.words(stem), ("right", "right.", 0)) for stem in STEMS}
    of["02_dqn"] = dict.fromkeys(of["02_dqn"], ("missing", grade.absent("02_dqn"), 0))
    page = grade.page("anna", {stem: {"verdicts": found} for stem, found in of.items()})
    assert "63 of 63 right, in the notebooks that were handed in. Not handed in: 02." in page
    assert "## 02" not in page and page.count("## ") == 14
    nothing = {stem: dict.fromkeys(of[stem], ("missing", grade.absent(stem), 0)) for stem in STEMS}
    page = grade.page("bo", {stem: {"verdicts": found} for stem, found in nothing.items()})
    assert page == "# bo\n\nNo notebook was found.\n"


def test_a_folder_without_learners_gets_a_sentence(tmp_path, monkeypatch):
    with pytest.raises(SystemExit, match="must be a folder with a folder for each learner"):
        run(monkeypatch, tmp_path)
