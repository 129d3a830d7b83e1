"""The clinic in a browser is the clinic in Python: rules to the last digit, and its picture."""

from pathlib import Path

import numpy as np
import pytest
import torch

from course_utils.distil.page import write_page
from course_utils.networks import QNetwork
from course_utils.worlds.clinic import Clinic
from course_utils.worlds.patients import patients

SCREENSHOTS = Path(__file__).parents[2] / "runs" / "screenshots"
SETTINGS = {"patients": "unseen", "scale": 0.6, "shift": 1.0, "price": 0.2, "missed": 7.0}


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """The page of a small network that has learned nothing."""
    network = QNetwork(1, 30, 12, 8, 1, False, generator=torch.Generator().manual_seed(0))
    path = tmp_path_factory.mktemp("clinic") / "clinic.html"
    write_page(path, network, "Clinic-v0", **SETTINGS)
    return path


@pytest.fixture
def page(browser, file):
    """The page, offline; it must neither complain nor ask for anything."""
    context = browser.new_context(viewport={"width": 900, "height": 1000}, offline=True)
    page, problems = context.new_page(), []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(file.as_uri())
    yield page
    context.close()
    assert problems == []


def test_the_rules_are_those_of_python(page):
    """From the same states by the same actions: what is seen, paid, and whether it ends."""
    clinic, rng = Clinic(**SETTINGS), np.random.default_rng(0)
    state = {"patient": rng.integers(200, size=600), "done": rng.random((600, 10)) < 0.4}
    actions = rng.integers(12, size=600)
    after, reward, ends = clinic.advance(state, actions, None)
    given = [
        {"patient": int(who), "done": done.tolist()}
        for who, done in zip(state["patient"], state["done"], strict=True)
    ]
    found = page.evaluate(
        """([states, actions]) => states.map((state, i) => {
          const { settings } = world.facts, before = RULES.clinic.observe(state, settings);
          const next = RULES.clinic.advance(state, actions[i], Math.random, settings);
          const after = RULES.clinic.observe(next.state, settings);
          return [next.reward, next.terminated, before, after];
        })""",
        [given, actions.tolist()],
    )
    rewards, terminated, before, behind = zip(*found, strict=True)
    assert np.abs(np.array(rewards) - reward).max() < 1e-6
    assert np.array_equal(terminated, ends)
    assert np.abs(np.array(before) - clinic.observe(state)).max() < 1e-6
    assert np.abs(np.array(behind) - clinic.observe(after)).max() < 1e-6
    assert len(set(np.round(reward, 6))) == 4  # right, false alarm or twice, missed, price


def test_each_patient_comes_equally_often(page):
    """200 patients, 20,000 visits: 100 each, give or take five standard deviations."""
    who = page.evaluate(
        """() => Array.from({ length: 20000 }, () =>
          RULES.clinic.begin(Math.random, world.facts.settings))"""
    )
    assert not any(any(state["done"]) for state in who)
    counts = np.bincount([state["patient"] for state in who], minlength=200)
    assert len(counts) == len(patients(0)["unseen"][1])
    assert counts.min() > 50 and counts.max() < 150


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_picture_changes_with_what_is_seen(page, scheme):
    page.emulate_media(color_scheme=scheme)
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    canvas, shots = page.locator("canvas").first, []
    for name in ("area", "concave points", "malignant"):
        page.get_by_role("button", name=name, exact=True).click()
        shots.append(canvas.screenshot())
    page.screenshot(path=SCREENSHOTS / f"world_clinic_{scheme}.png", full_page=True)
    assert len(set(shots)) == 3


def test_a_canvas_that_has_no_size_yet_is_no_error(page):
    page.evaluate(
        """() => {
          const pen = document.createElement("canvas").getContext("2d"), seen = Array(30).fill(1);
          for (const size of [0, 10, 60])
            WORLDS.clinic(pen, size, size, seen, 3, { colors: ["red", "blue"] });
        }"""
    )


def test_the_page_is_small(file):
    assert file.stat().st_size < 100_000
