"""The site, built once, its pages opened from their folder in a real browser.

By default each page is opened, and one of each kind is examined in both themes and on a phone;
COURSE_BROWSER=all examines all. Screenshots are kept in runs/screenshots, to be looked at.
"""

import os
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from bs4 import BeautifulSoup

pytest.importorskip("sphinx", reason="the site is made with Python 3.11 or later: make site")

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import expect

from classroom import vendor
from classroom.site import words
from classroom.site.build import build
from tests.diagrams import NOTEBOOKS, ROOT

# Sphinx tells its extensions of what it will change.
IGNORED = ["ignore::DeprecationWarning", "ignore::PendingDeprecationWarning"]
pytestmark = [pytest.mark.slow, *map(pytest.mark.filterwarnings, IGNORED)]
SCREENSHOTS = ROOT / "runs" / "screenshots"
CHAPTERS = [f"notebooks/{path.stem}" for path in NOTEBOOKS]
DOCS = [f"docs/{path.stem}" for path in sorted(ROOT.glob("docs/*.md"))]
PAGES = ["README", "CONTRIBUTING", "data/README", *DOCS, *CHAPTERS]
OTHERS = ["search", "genindex", "take_home"]
ALL = os.environ.get("COURSE_BROWSER") == "all"
EXAMINED = [*PAGES, *OTHERS] if ALL else ["README", "docs/glossary", "search", *CHAPTERS[::10]]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    try:
        for name in ("mathjax", "mermaid"):
            vendor.package(name)
    except RuntimeError as error:
        assert "CI" not in os.environ, error
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("site")
    build(folder)
    return folder


@pytest.fixture(scope="module")
def soups(site):
    """Page → what is in it."""
    pages = site.rglob("*.html")
    return {page: BeautifulSoup(page.read_text("utf-8"), "html.parser") for page in pages}


@pytest.fixture
def visit(browser, site):
    """Opens a page from its folder; it must neither complain nor ask for anything elsewhere."""
    problems, contexts = [], []

    def heard(message):
        if message.type in ("error", "warning"):
            problems.append(message.text)

    def asked(request):
        if not request.url.startswith((site.as_uri(), "data:", "blob:")):
            problems.append(request.url)

    def opened(name, theme="light", width=1280):
        size = {"width": width, "height": 900}
        contexts.append(browser.new_context(viewport=size, color_scheme=theme, offline=True))
        page = contexts[-1].new_page()
        page.on("console", heard)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", asked)
        page.on("requestfailed", lambda request: problems.append(f"failed: {request.url}"))
        page.goto((site / f"{name}.html").as_uri())
        page.wait_for_function("!window.MathJax?.startup || document.readyState === 'complete'")
        page.evaluate("window.MathJax?.startup?.promise")
        charts = page.locator(".mermaid")
        expect(page.locator(".mermaid[data-plotted]")).to_have_count(charts.count())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert problems == []


def test_it_has_all_pages_and_is_small(site, soups):
    assert {site / f"{name}.html" for name in [*PAGES, *OTHERS, "index"]} == set(soups)
    files = [path for path in site.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 60e6
    for path in NOTEBOOKS:  # a download is the notebook itself
        assert (site / "_sources/notebooks" / path.name).read_bytes() == path.read_bytes()


def test_links_lead_somewhere_on_the_site(site, soups):
    anchors = {page: {tag["id"] for tag in soup.select("[id]")} for page, soup in soups.items()}
    lost = []
    for page, soup in soups.items():
        for tag in soup.select("[href], [src]"):
            target = tag.get("href") or tag.get("src") or ""
            if target.startswith(("http", "mailto:", "data:")):
                assert tag.name == "a", f"{page}: {tag} comes from elsewhere"
                continue
            file, _, anchor = unquote(target).partition("#")
            there = (page.parent / file.partition("?")[0]).resolve() if file else page
            if not there.is_file() or (anchor and anchor not in anchors.get(there, {anchor})):
                lost.append(f"{page.relative_to(site)}: {target}")
    assert lost == []


def test_every_picture_is_told(site, soups):
    for page, soup in soups.items():
        silent = [tag for tag in soup.select("img") if not tag.get("alt", "").strip()]
        assert silent == [], page
        assert "widget-view" not in str(soup) and "course-still" not in str(soup), page
    pictures = sum(len(soup.select("img.figure")) for soup in soups.values())
    assert pictures > 150


def test_words_lead_to_the_glossary_and_back(site, soups):
    glossary = soups[site / "docs/glossary.html"]
    rows = glossary.select("td[id^=word-]")
    assert len(rows) > 150
    sections = [a["href"] for row in rows for a in row.parent.select("a[href*='notebooks/']")]
    assert np.mean(["#" in href for href in sections]) > 0.9
    for name in CHAPTERS:
        linked = [a["href"] for a in soups[site / f"{name}.html"].select("a.course-word")]
        assert len(linked) > 8 and len(linked) == len(set(linked)), name


@pytest.mark.parametrize(
    ("text", "word", "found"),
    [
        ("the ablations say", "ablation", "ablations"),
        ("A policy is", "policy", "policy"),
        ("off-policy learning", "policy", None),
        ("a 95 % interval", "interval, 95 %", "95 % interval"),
        ("EWC holds", "elastic weight consolidation (EWC)", "EWC"),
        ("madam", "Adam", None),
    ],
)
def test_a_word_is_found_in_its_forms(text, word, found):
    match = words.pattern(word).search(text)
    assert (match and match[0].lower()) == (found and found.lower())


def test_each_page_opens_without_a_network(visit, soups, site):
    for name in [*PAGES, *OTHERS]:
        page = visit(name)
        formulas = page.locator(".math").count()
        assert page.locator(".math mjx-container").count() >= formulas
        assert page.locator("[data-mjx-error], .error-icon").count() == 0, name
        source = ROOT / f"{name}.ipynb"
        text = source.read_text("utf-8") if source.exists() else ""
        assert page.locator(".mermaid svg").count() >= text.count("```mermaid"), name
        page.context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", EXAMINED)
def test_nothing_serious_is_in_the_way_of_anybody(visit, name, theme):
    page = visit(name, theme)
    page.evaluate(AXE_SCRIPT)
    where = "body" if ALL or name != CHAPTERS[10] else ".course-live"  # a chapter takes seconds
    options = "{iframes: false, preload: false, resultTypes: ['violations']}"
    run = f"where => axe.run({{include: [[where]]}}, {options}).then(found => found.violations)"
    found = page.evaluate(run, where)
    grave = [each for each in found if each["impact"] in ("serious", "critical")]
    told = [(each["id"], node["html"][:200]) for each in grave for node in each["nodes"]]
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"site_{Path(name).name}_{theme}.png")
    assert told == []


@pytest.mark.parametrize("name", EXAMINED)
def test_a_phone_shows_it_without_scrolling_sideways(visit, name):
    page = visit(name, width=390)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.screenshot(path=SCREENSHOTS / f"site_{Path(name).name}_phone.png")


def test_the_search_finds_a_word(visit):
    page = visit("search")
    page.locator("input[name=q]:visible").first.fill("forgetting")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="09 · Continual learning").last).to_be_visible()


def test_the_lake_answers_to_gamma(visit):
    page = visit("notebooks/01_q_learning")
    lab = page.locator(".course-lab").filter(has=page.get_by_label("goes aside"))
    told, slider = lab.locator(".course-lab-told"), lab.get_by_role("slider", name="discount")
    expect(told).to_have_text("γ = 0.900: the best policy returns 0.730.")
    slider.press("ArrowRight")
    expect(told).to_contain_text("γ = 0.905")
    slider.press("Home")
    expect(told).to_have_text("γ = 0.500: the best policy returns 0.447.")  # as section 1.10 prints
    before = lab.get_by_label("the agent at play").screenshot()
    lab.get_by_label("size").select_option("8 × 8")
    expect(told).to_have_text("γ = 0.500: the best policy returns 0.563.")
    assert lab.get_by_label("the agent at play").screenshot() != before


def test_a_guess_is_drawn_over_what_was_measured(visit):
    page = visit("notebooks/01_q_learning")
    asked, result = page.locator(".course-lab").nth(0), page.locator(".course-lab").nth(1)
    asked.get_by_role("slider").focus()
    page.keyboard.press("ArrowUp")
    expect(result.locator(".course-lab-told")).to_contain_text("Your curve is")
    expect(result.locator(".course-lab-legend")).to_contain_text("your guess")
    asked.get_by_role("button", name="Clear").click()
    expect(result.locator(".course-lab-told")).to_contain_text("No guess was drawn.")


def test_the_softmax_answers_to_temperature(visit):
    page = visit("notebooks/10_distillation")
    lab = page.locator(".course-lab").first
    expect(lab.locator(".course-lab-told")).to_have_text("MSE 4.67, NLL 0.0185, KL 0.0049.")
    lab.get_by_label("first value").last.fill("10")
    page.keyboard.press("Enter")
    expect(lab.locator(".course-lab-told")).to_contain_text("MSE 3.33")  # (0 + 1 + 9) / 3
    lab.get_by_role("slider", name="temperature").press("Home")
    expect(lab.locator(".course-lab-told")).to_contain_text("KL")


@pytest.mark.parametrize("name", ["08_parameter_efficient_fine_tuning", "12_robust_readable_fast"])
def test_menus_choose_among_the_stored_answers(visit, name):
    page = visit(f"notebooks/{name}")
    lab = page.locator(".course-lab").filter(has=page.locator("select:visible")).first
    told = lab.locator(".course-lab-told").inner_text()
    lab.locator("select:visible").first.select_option(index=1)
    expect(lab.locator(".course-lab-told")).not_to_have_text(told)


def test_the_agent_plays_on_its_chapters_page(visit):
    page = visit("notebooks/12_robust_readable_fast")
    page.locator("iframe.take-home").scroll_into_view_if_needed()
    agent = page.frame_locator("iframe.take-home")
    agent.get_by_role("button", name="Start").click()
    expect(agent.locator("#steps")).not_to_have_text("0 of 500")


def test_charts_follow_the_theme(visit):
    page = visit("README")
    expect(page.locator(".mermaid[data-plotted=default]")).to_have_count(1)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    expect(page.locator(".mermaid[data-plotted=dark] svg")).to_have_count(1)
