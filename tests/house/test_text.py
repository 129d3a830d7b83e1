"""The text as a whole: links, minutes, words, questions and their answers, folded claims."""

import itertools
import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "data/README.md"])
LINK = re.compile(r"\]\((?!https?:|#|attachment:)([^)#]+)[^)]*\)")
ABOUT = re.compile(r"\*\*About (\d+) minutes with the exercises?, (\d+) without\*\*")
ROW = re.compile(r"^\| \*\*(.+?)\*\* \| (.+) \| (.+) \| (.+) \|$", re.MULTILINE)
# Said of samples and of pictures alike, sometimes in one paragraph; the course has two words.
DRAWN = re.compile(r"\b(re)?(draw(s|n|ing)?|drew)\b", re.IGNORECASE)


def read(path: Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture
def notebook(path):
    return nbformat.read(path, as_version=4)


def prose(notebook) -> str:
    """All markdown, without code in it."""
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    return re.sub(r"```.*?```|`[^`]*`", "", "\n\n".join(cells), flags=re.DOTALL)


def claims(notebook) -> list:
    """The code cells of the section of claims, the last one before the recap."""
    inside, found = False, []
    for cell in notebook.cells:
        headings = re.findall(r"(?m)^## (.*)$", cell.source) if cell.cell_type == "markdown" else []
        if headings:
            inside = headings[-1].endswith("Claims")
        elif cell.cell_type == "code" and inside:
            found.append(cell)
    return found


def questions(notebook) -> list[str]:
    text = prose(notebook).partition("**To discuss.**")[2].partition("**Further reading.**")[0]
    return [" ".join(question.split()) for question in re.split(r"(?m)^\d+\. ", text)[1:]]


def sentences(text: str) -> int:
    return len(re.findall(r"[.?!](?=\s|$)", text))


def told_minutes(notebook) -> int:
    """The sum of the minutes that the exercises promise."""
    lines = re.findall(r"^Difficulty .*· (\d+) minutes", prose(notebook), re.MULTILINE)
    return sum(int(minutes) for minutes in lines)


def test_links_lead_to_files(path, notebook):
    for target in LINK.findall(prose(notebook)):
        assert (path.parent / target).exists(), f"{path.name} links to {target}"


def test_links_of_the_documents_lead_to_files():
    for document, target in ((d, t) for d in DOCUMENTS for t in LINK.findall(read(d))):
        assert (document.parent / target).exists(), f"{document.name} links to {target}"


def test_each_notebook_leads_to_the_next():
    for before, after in itertools.pairwise(NOTEBOOKS):
        last = nbformat.read(before, as_version=4).cells[-1].source
        assert f"]({after.name})" in last.partition("**Next:**")[2], before.name


def test_each_notebook_links_the_glossary_at_its_start(notebook):
    assert "](../docs/glossary.md)" in notebook.cells[0].source


def test_claims_are_folded_and_nothing_else_is(notebook):
    held = claims(notebook)
    assert held and any("exercises.claim" in cell.source for cell in held)
    for cell in notebook.cells:
        folded = cell.metadata.get("jupyter", {}).get("source_hidden", False)
        assert folded == (cell in held), cell.source
        assert (cell.metadata.get("cellView") == "form") == folded  # the same, for Colab
    heading = prose(notebook).rpartition("Claims\n")[2]
    assert "are folded. A click on the three dots opens one" in heading


def test_minutes_are_the_same_in_notebook_and_readme(path, notebook):
    told = ABOUT.search(notebook.cells[0].source)
    assert told, "the first cell says no minutes"
    assert f"(notebooks/{path.name}) | {told[1]} / {told[2]} |" in read("README.md")


def test_minutes_with_exercises_are_those_that_the_exercises_promise(notebook):
    together, without = map(int, ABOUT.search(notebook.cells[0].source).groups())
    promised = told_minutes(notebook)
    assert abs(together - without - promised) <= max(3, 0.2 * promised)
    assert without >= len(prose(notebook).split()) / 180  # words a minute


def test_each_question_for_discussion_has_its_answer(notebook):
    page = read("docs/discussion.md")
    asked = questions(notebook)
    assert len(asked) == 3
    for number, question in enumerate(asked, 1):
        place = page.find(f"**{number}. {question}**\n\n")
        assert place >= 0, f"docs/discussion.md lacks: {question}"
        answer = page[place:].split("\n\n")[1]
        assert 2 <= sentences(answer) <= 7, answer


def test_the_discussion_answers_no_question_that_is_not_asked():
    asked = [question for path in NOTEBOOKS for question in questions(nbformat.read(path, 4))]
    answered = re.findall(r"^\*\*\d\. (.+)\*\*$", read("docs/discussion.md"), re.MULTILINE)
    assert answered == asked


def test_the_glossary_is_in_order_and_each_word_is_where_it_says():
    rows = ROW.findall(read("docs/glossary.md"))
    words = [word.lower().replace("ε", "epsilon") for word, *_ in rows]
    assert words == sorted(words) and len(words) == len(set(words)) > 100
    texts = {path.name: prose(nbformat.read(path, 4)).lower() for path in NOTEBOOKS}
    for word, meaning, place, chinese in rows:
        assert meaning[-1] in ".?)", word
        assert re.search(r"[\u4e00-\u9fff]", chinese) or chinese == word, word
        (name,) = re.findall(r"notebooks/(\d\d_\w+\.ipynb)", place)
        stem = re.split(r"[ (]", word)[0].lower().rstrip(",")[:6]
        assert stem in texts[name], f"{name} has no {word}"


@pytest.mark.parametrize("page", [*NOTEBOOKS, *DOCUMENTS], ids=lambda page: page.name)
def test_sample_and_plot_are_not_called_the_same(page):
    if page.suffix == ".ipynb":
        text = prose(nbformat.read(page, as_version=4))
    else:
        text = re.sub(r"```.*?```|`[^`]*`", "", read(page), flags=re.DOTALL)
    assert not [match[0] for match in re.finditer(rf".*{DRAWN.pattern}.*", text, re.IGNORECASE)]


def test_the_source_texts_have_one_name():
    start = prose(nbformat.read(NOTEBOOKS[0], as_version=4))
    assert "**the two source texts**" in start
    for path in NOTEBOOKS[1:]:
        text = prose(nbformat.read(path, as_version=4))
        assert "this course started" not in text
        for place in re.finditer("source texts", text):
            assert "00_start_here.ipynb" in text[place.start() : place.start() + 60], path.name


def test_sections_that_are_named_exist():
    texts = {path.name: prose(nbformat.read(path, as_version=4)) for path in NOTEBOOKS}
    everything = "\n".join(texts.values())
    sections = set(re.findall(r"(?m)^## (\d+\.\d+) ", everything))
    texts |= {page.name: read(page) for page in DOCUMENTS}
    for name, text in texts.items():
        named = re.findall(r"[Ss]ections? (\d+\.\d+)", text)
        named += re.findall(r"\b(?:[Ii]n|of|and) ((?:[4-9]|1[0-2])\.\d+)\b(?! ?[%\[(])", text)
        assert set(named) <= sections, f"{name} names {set(named) - sections}"


def test_sections_and_exercises_are_numbered_in_order(path, notebook):
    chapter = int(path.name[:2])
    for kind in (r"(?m)^## (\d+)\.(\d+) ", r"(?m)^### Exercise (\d+)\.(\d+) "):
        numbers = [tuple(map(int, found)) for found in re.findall(kind, prose(notebook))]
        first = numbers[0][1] if numbers else 1  # 0 if a chapter has a primer
        assert first in (0, 1)
        assert numbers == [(chapter, first + place) for place in range(len(numbers))]


def test_nothing_was_left_to_be_written(notebook):
    assert not re.search(r"\b(TODO|FIXME|XXX|TEXT)(_|\b)", prose(notebook))
