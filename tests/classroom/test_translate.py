"""Translations fit what they translate: same code, same values, formulas and links; none is old.

COURSE_TRANSLATED=all runs 01 in Chinese, too (two minutes).
"""

import ast
import os
import re
import shutil
import warnings

import pytest
from markdown_it import MarkdownIt

from classroom import messages, translate
from course_utils import language
from tests.run_notebooks import run_notebook

CODE = "zh_CN"
NAMES = translate.begun(CODE)
NOTEBOOKS = [name.removeprefix("notebooks/") for name in NAMES if "notebooks/" in name]
RUN = NOTEBOOKS if os.environ.get("COURSE_TRANSLATED") == "all" else NOTEBOOKS[:1]


@pytest.mark.parametrize("name", NAMES)
def test_the_catalogue_has_the_messages_of_today(name):
    """A changed text makes its translation old: `make translate` says which, and keeps the rest."""
    today = {entry.id for entry in translate.template(name) if entry.id}
    kept = translate.stored(name, CODE)
    assert {entry.id for entry in kept if entry.id} == today, "run make translate"
    if old := [entry.id for entry in kept if entry.fuzzy and entry.id]:
        warnings.warn(f"{name}: translations of an older text: {old}", stacklevel=1)
    if missing := [entry.id for entry in kept if entry.id and not entry.string]:
        warnings.warn(f"{name}: {len(missing)} messages have no translation", stacklevel=1)


@pytest.mark.parametrize("name", NAMES)
def test_translations_keep_values_code_formulas_and_links(name):
    kept = [language.VALUE] if name == "course_utils" else []
    kept += [re.compile(each) for each in (r"`[^`]+`", r"\$[^$]+\$", r"\]\([^)]*\)")]
    for text, told in language.catalogue(name, CODE).items():
        for each in kept:
            assert {*each.findall(text)} == {*each.findall(told)} or "{}" in text, text
        if name != "course_utils":  # bold and italics do not open everywhere beside Chinese signs
            before, after = map(MarkdownIt().renderInline, (text, told))
            for tag in ("<strong>", "<em>", "<code>", "<a ", "**"):
                assert before.count(tag) == after.count(tag), told


def without_strings(code: str) -> str:
    """A cell's code, but for what its strings say."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):  # values may stand in another order
            node.values = sorted(filter(by_value, node.values), key=ast.dump)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    return ast.dump(tree)


def by_value(part) -> bool:
    return isinstance(part, ast.FormattedValue)


@pytest.mark.parametrize("stem", NOTEBOOKS)
def test_a_translated_notebook_has_the_same_cells_and_code(stem):
    english, made = translate.notebook(stem), translate.translated(stem, CODE)
    chosen = next(k for k, cell in enumerate(made.cells) if cell.id == "language")
    chooses = made.cells.pop(chosen)
    assert all(cell.cell_type == "markdown" for cell in made.cells[:chosen])
    assert "zh_CN" in chooses.source
    for before, after in zip(english.cells, made.cells, strict=True):
        assert before.id == after.id and before.metadata == after.metadata
        if before.cell_type == "code":
            assert without_strings(before.source) == without_strings(after.source)
        else:
            shape = [
                re.findall(r"(?m)^(#+|[-*] |\d\.|\||```\w*)", c.source) for c in (before, after)
            ]
            assert shape[0] == shape[1], before.id
            assert len(re.findall("[a-z]{3,} [a-z]{3,} [a-z]{3,} [a-z]{3,}", after.source)) <= 3


def test_the_self_check_speaks_it():
    text = translate.self_check(CODE)
    assert without_strings(text) == without_strings(translate.read("notebooks/self_check.py"))
    assert "一切就绪。" in text


def test_the_glossary_is_the_stored_one():
    path = translate.ROOT / f"docs/glossary.{CODE}.md"
    assert path.read_text("utf-8") == translate.glossary(CODE), "run make translate"


def test_an_older_text_stays_english_and_is_told(tmp_path, monkeypatch):
    shutil.copytree(language.FOLDER, tmp_path / "locale")
    path = tmp_path / f"locale/{CODE}/LC_MESSAGES/notebooks/00_start_here.po"
    text = path.read_text("utf-8")
    assert text.count("The **action** a is a direction") == 1
    path.write_text(
        text.replace("The **action** a is a direction", "The *action* a is a way"), "utf-8"
    )
    monkeypatch.setattr(language, "FOLDER", tmp_path / "locale")
    language.catalogue.cache_clear()
    cell = next(
        c for c in translate.translated("00_start_here", CODE).cells if "FrozenLake" in c.source
    )
    assert "- The **action** a is a direction: 0 left" in cell.source and "智能体" in cell.source
    entry = translate.updated("notebooks/00_start_here", CODE)
    told = [each.id for each in entry if each.fuzzy and each.id]
    language.catalogue.cache_clear()
    assert told == ["The **action** a is a direction: 0 left, 1 down, 2 right, 3 up."]


MARKDOWN = """# A heading

First line
of a paragraph with `code` and $x$:

$$ y = x $$

- one thing
  on two lines
- another thing

| Word | Meaning |
|---|---|
| **a term** | what it means |

```mermaid
flowchart TD
    n["a box<br/>here"]:::network
    n -- "an arrow" --> m
```

```python
not_read = "code"
```
"""
FOUND = ["A heading", "First line of a paragraph with `code` and $x$:", "one thing on two lines"]
FOUND += ["another thing", "Word", "Meaning", "what it means", "a box<br/>here", "an arrow"]


def test_the_messages_of_markdown():
    places = messages.blocks(MARKDOWN)
    assert [place.text for place in sorted(places)] == FOUND
    made = messages.exchanged(MARKDOWN, places, {text: text.upper() for text in FOUND})
    for text in FOUND:
        assert text.upper() in made
    assert "- ONE THING ON TWO LINES\n- ANOTHER" in made and "| **a term** | WHAT" in made
    assert '    n["A BOX<BR/>HERE"]:::network' in made and 'not_read = "code"' in made


SOURCE = '''n, names = 2, {"é": 1}  # what it counts
def f(x):
    """What it does: {x}."""
    return f"é {n:>{n}} of {names['é']} " f"and {x!r}", "two words" " more", 'a "name"'
'''
EXCHANGED = {
    "what it counts": "CC",
    "What it does: {x}.": 'DD "quoted".',
    "é {0} of {1} and {2}": "{2} {{}} {1} {0}",
    "two words more": "中",
    'a "name"': 'a "nom"',
}


def test_the_messages_of_code():
    places = messages.strings(SOURCE)
    assert {place.text for place in places} == {*EXCHANGED, "é"}
    exec(messages.exchanged(SOURCE, places, EXCHANGED), made := {})
    assert made["f"](3) == ("3 {{}} 1  2", "中", 'a "nom"')
    assert made["f"].__doc__ == 'DD "quoted".'


@pytest.mark.parametrize("text", ["open task", "a|b c\\b", "text.color axes_edge__", "Path | None"])
def test_what_programs_read_is_no_message(text):
    assert not messages.is_prose(text)


@pytest.mark.slow
@pytest.mark.parametrize("stem", RUN)
def test_a_translated_notebook_runs_and_speaks_to_the_end(stem):
    """Each claim holds, in Chinese, and no output of text is a sentence in English."""
    folder = translate.ROOT / "build" / "tested"  # inside, where the self-check finds the course
    translate.write(CODE, folder)
    made, _ = run_notebook(folder / "notebooks" / f"{stem}.ipynb")
    shutil.rmtree(folder)
    told, before = printed(made), printed(translate.notebook(stem))
    assert len(re.findall("(?m)^成立", told)) == len(re.findall("(?m)^holds", before)) > 0
    assert not re.search(r"(?m)^.*\b[a-z]+ [a-z]+ [a-z]+ [a-z]+\b.*$", told)


def printed(notebook) -> str:
    """All that its cells have printed, but for the state of the machine."""
    cells = [
        cell for cell in notebook.cells if "outputs-not-stored" not in cell.metadata.get("tags", [])
    ]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    return "\n".join(output.get("text", "") for output in outputs)
