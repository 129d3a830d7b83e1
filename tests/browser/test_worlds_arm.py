"""Arm in JavaScript does as Arm in Python; and its picture can be seen, on white and on dark."""

import math

import numpy as np
import pytest

from course_utils.plotting import COLORS, GREY
from course_utils.worlds.arm import Arm
from tests.browser.worlds import ROOT, check_steps, page_of

SETTINGS = {"as it is": {}} | Arm.changed


@pytest.fixture(scope="module")
def page(browser):
    with page_of(browser, "arm") as page:
        yield page


@pytest.mark.parametrize("name", SETTINGS)
def test_from_the_same_state_comes_the_same(page, name):
    world, rng = Arm(**SETTINGS[name]), np.random.default_rng(0)
    state, action = world.begin(300, rng), rng.integers(9, size=300)
    state["speed"] = rng.normal(size=(300, 2))
    near = np.arange(300) < 60  # some are there already
    state["target"][near] -= world.observe(state)[near, 8:]
    after, reward, ends = world.advance(state, action, rng)
    assert 10 < ends.sum() < 100
    check_steps(page, world, state, action, (after, reward, ends))


@pytest.mark.parametrize("name", SETTINGS)
def test_episodes_begin_alike(page, name):
    world = Arm(**SETTINGS[name])
    asked = """(settings) => {
        const random = numbers(1);
        return Array.from({ length: 5000 }, () => RULES.arm.begin(random, settings));
    }"""
    states = page.evaluate(asked, vars(world))
    ours = world.begin(5000, np.random.default_rng(0))
    for part in ours:
        theirs = np.array([state[part] for state in states])
        assert theirs.shape == ours[part].shape
        for share in (0.01, 0.25, 0.5, 0.75, 0.99):
            apart = np.quantile(theirs, share, axis=0) - np.quantile(ours[part], share, axis=0)
            assert np.abs(apart).max() < 0.2, (part, share)
    far = [math.hypot(*state["target"]) for state in states]
    deciles = np.linspace(0.1, 0.9, 9)
    expected = np.quantile(np.hypot(*ours["target"].T), deciles)
    np.testing.assert_allclose(np.quantile(far, deciles), expected, atol=0.02)


@pytest.mark.parametrize("paper, ink", [("white", GREY), ("#111111", GREY)])
@pytest.mark.parametrize("action", [None, 0, 8])
def test_the_picture_shows_arm_target_and_motors(page, paper, ink, action):
    world = Arm()
    seen = world.observe(world.begin(1, np.random.default_rng(3)))[0]
    page.evaluate(
        """([seen, action, colors, paper, ink]) => {
            const stage = document.querySelector("canvas"), pen = stage.getContext("2d");
            stage.style.background = paper;
            pen.reset(); pen.strokeStyle = pen.fillStyle = ink;
            WORLDS.arm(pen, 540, 270, seen, action, { colors, facts: {} });
        }""",
        [seen.tolist(), action, COLORS, paper, ink],
    )
    folder = ROOT / "runs" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    page.locator("canvas").screenshot(path=folder / f"world_arm_{paper.strip('#')}_{action}.png")
    arm, motors, target = page.evaluate("(colors) => colors.map(painted)", COLORS[:3])
    assert arm > 500 and target > 200
    assert motors == 0 if action is None else motors > 100
