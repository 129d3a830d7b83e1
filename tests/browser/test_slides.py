"""Slides in a real browser: nothing is cut, nothing leaves the machine, they can be printed."""

import os
import re
import shutil
import subprocess

import nbformat
import pytest

from classroom import parts, slides
from tests.browser.conftest import FLAGS

SHOWN = tuple(parts.NOTEBOOKS) if os.environ.get("COURSE_BROWSER") == "all" else ("01", "10")
MEASURE = """() => {
  document.body.classList.add("measuring");
  const all = [...document.querySelectorAll(".page")].map((slide) => ({
    told: slide.innerText.slice(0, 60), height: slide.scrollHeight, width: slide.scrollWidth,
    letters: parseFloat(getComputedStyle(slide).fontSize),
    cut: [...slide.querySelectorAll("img, .mermaid svg, mjx-container > svg")].filter((picture) => {
      const box = picture.getBoundingClientRect();
      if (picture.closest("aside")) return false;  // the notes
      return box.width > 1720 || box.height > 1000 || box.width < 5;
    }).length,
  }));
  document.body.classList.remove("measuring");
  return all;
}"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    try:
        return slides.decks(tmp_path_factory.mktemp("slides") / "slides", SHOWN)
    except RuntimeError as error:
        assert "CI" not in os.environ, error
        pytest.skip(str(error))


@pytest.fixture(params=SHOWN)
def deck(request, browser, folder):
    """A deck, laid out; it must neither complain nor ask for anything elsewhere."""
    page, problems = browser.new_page(viewport={"width": 1920, "height": 1080}), []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda m: m.type == "error" and problems.append(m.text))
    local = ("file:", "data:", "blob:")
    page.on("request", lambda r: r.url.startswith(local) or problems.append(r.url))
    page.goto((folder / f"{parts.read(request.param).stem}.html").as_uri())
    page.wait_for_function("document.body.dataset.ready == 'yes'", timeout=120_000)
    yield page
    page.close()
    assert problems == []


@pytest.mark.slow
def test_no_slide_is_cut_and_the_keyboard_goes_on(deck):
    measured = deck.evaluate(MEASURE)
    assert len(measured) > 20
    for slide in measured:
        assert slide["height"] <= 1080 and slide["width"] <= 1920 and not slide["cut"], slide
        assert slide["letters"] >= 22, slide
    assert deck.locator("img:not([alt]), img[alt='']").count() == 0
    assert deck.locator(".mermaid svg").count() >= 1 and deck.locator("mjx-merror").count() == 0
    for _ in range(3):
        deck.keyboard.press("Space")
    assert deck.evaluate("Reveal.getSlidePastCount()") >= 1


@pytest.mark.slow
def test_a_deck_can_be_printed(browser, folder, tmp_path):
    file = tmp_path / "slides.pdf"
    address = (folder / f"{parts.read(SHOWN[0]).stem}.html").as_uri() + "?print-pdf"
    program = shutil.which("chromium") or browser.browser_type.executable_path
    told = ["--headless", f"--print-to-pdf={file}", "--no-pdf-header-footer", address]
    options = [*FLAGS, "--virtual-time-budget=60000", f"--user-data-dir={tmp_path}/profile"]
    subprocess.run([program, *options, *told], check=True, capture_output=True, timeout=300)
    pages = len(re.findall(rb"/Type\s*/Page\b", file.read_bytes()))
    total = sum(map(len, slides.deck_of(SHOWN[0]).stacks))
    assert total <= pages <= total + 2


def test_each_section_vote_and_exercise_has_its_slide():
    for number in parts.NOTEBOOKS:
        page = slides.deck_of(number).html()
        for section in parts.read(number).sections:
            told = slides.html.escape(section.number, quote=False)
            assert section.title.endswith("Claims") or f">{told} " in page or not section.number
            assert page.count("Your guess first") >= len(section.votes)
        assert page.count("measured-answer") == sum(
            len(s.votes) for s in parts.read(number).sections
        )


def test_tags_overrule_the_rule(monkeypatch, tmp_path):
    cell = nbformat.v4.new_markdown_cell
    cells = [cell("# 01 · T"), cell("## 1.1 A\n\nFirst.\n\nHidden words.")]
    cells += [cell("All of this.\n\nAnd this.", metadata={"tags": ["subslide"]})]
    cells += [cell("One by one.", metadata={"tags": ["fragment"]})]
    cells += [cell("Not this.", metadata={"tags": ["skip"]})]
    cells += [cell("Aside.", metadata={"tags": ["notes"]})]
    monkeypatch.setattr(
        slides.nbformat, "read", lambda *_, **__: nbformat.v4.new_notebook(cells=cells)
    )
    deck = slides.deck_of("01")
    shown = [["".join(pieces) for pieces, _ in stack] for stack in deck.stacks]
    assert [len(stack) for stack in shown] == [1, 2]
    assert "And this." in shown[1][1] and 'class="fragment"' in shown[1][1]
    assert "Not this." not in deck.html() and "Aside." in "".join(deck.stacks[1][1][1])
