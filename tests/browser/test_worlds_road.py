"""Road in JavaScript does as Road in Python; and its picture can be seen, on white and on dark."""

import numpy as np
import pytest

from course_utils.plotting import COLORS, GREY
from course_utils.worlds.road import Road
from tests.browser.worlds import ROOT, check_steps, page_of

SETTINGS = {"as it is": {}} | Road.changed


class Calm:
    """Lanes that keep their pace: what a random number of one half means in JavaScript."""

    def uniform(self, low, high, size):
        return np.zeros(size)


@pytest.fixture(scope="module")
def page(browser):
    with page_of(browser, "road") as page:
        yield page


@pytest.mark.parametrize("name", SETTINGS)
def test_from_the_same_state_comes_the_same(page, name):
    world, rng = Road(**SETTINGS[name]), np.random.default_rng(0)
    state, action = world.begin(300, rng), rng.integers(5, size=300)
    state["speed"] = rng.uniform(10, 30, 300)
    state["place"] += rng.uniform(-30, 30, (300, 1, 1))
    after, reward, ends = world.advance(state, action, Calm())
    assert 20 < ends.sum() < 250
    check_steps(page, world, state, action, (after, reward, ends), chance=0.5)


@pytest.mark.parametrize("name", SETTINGS)
def test_episodes_go_alike(page, name):
    """The same spread at the start and after ten steps, in 4,000 episodes of their own each."""
    world, rng = Road(**SETTINGS[name]), np.random.default_rng(0)
    theirs = page.evaluate(
        """(settings) => {
            const random = numbers(1);
            return Array.from({ length: 4000 }, () => {
                let state = RULES.road.begin(random, settings);
                const first = RULES.road.observe(state, settings);
                for (let t = 0; t < 10; t++)
                    ({ state } = RULES.road.advance(state, 0, random, settings));
                return [first, RULES.road.observe(state, settings)];
            });
        }""",
        vars(world),
    )
    state = world.begin(4000, rng)
    ours = [world.observe(state)]
    for _ in range(10):
        state, _, _ = world.advance(state, np.zeros(4000, int), rng)
    ours = np.stack([*ours, world.observe(state)], 1)
    assert np.shape(theirs) == ours.shape
    error = 5 * np.hypot(ours.std(0), np.std(theirs, 0)) / 4000**0.5 + 1e-9
    assert (np.abs(np.mean(theirs, 0) - ours.mean(0)) < error).all()
    assert np.abs(np.std(theirs, 0) - ours.std(0)).max() < 0.03


@pytest.mark.parametrize("paper", ["white", "#111111"])
@pytest.mark.parametrize("action", [None, 1, 2, 3, 4])
def test_the_picture_shows_lanes_cars_and_the_action(page, paper, action):
    world = Road()
    state = world.begin(1, np.random.default_rng(3)) | {"lane": np.array([0])}
    page.evaluate(
        """([seen, action, colors, paper, ink]) => {
            const stage = document.querySelector("canvas"), pen = stage.getContext("2d");
            stage.style.background = paper;
            pen.reset(); pen.strokeStyle = pen.fillStyle = ink; pen.font = "13px sans-serif";
            WORLDS.road(pen, 540, 270, seen, action, { colors, facts: {} });
        }""",
        [world.observe(state)[0].tolist(), action, COLORS, paper, GREY],
    )
    folder = ROOT / "runs" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    page.locator("canvas").screenshot(path=folder / f"world_road_{paper.strip('#')}_{action}.png")
    seen = page.evaluate("Array.from({ length: 270 }, (_, y) => pixels().data[2160 * y + 23] > 0)")
    assert not any(seen[:90]) and sum(seen[90:]) > 140  # no lane to the left; two others
    own, others = page.evaluate("(colors) => colors.map(painted)", COLORS[:2])
    assert own > 300 and 4 * 300 < others < 4 * 700
