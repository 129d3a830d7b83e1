"""Shop and Market for a web page, in a real browser, against the same in Python; their pictures."""

from pathlib import Path

import numpy as np
import pytest

import course_utils.worlds
from course_utils.plotting import COLORS
from course_utils.worlds.market import Market
from course_utils.worlds.shop import Shop

FOLDER = Path(course_utils.worlds.__file__).parent
SCREENSHOTS = Path(__file__).parents[2] / "runs" / "screenshots"
WORLDS = {"shop": Shop, "market": Market}
VARIANTS = [
    (name, more) for name, world in WORLDS.items() for more in ({}, *world.changed.values())
]
VARIANTS += [("shop", {"weekday": 20.0, "cost": 2.5}), ("market", {"swing": 0.5})]
STEPS = """([name, settings, cases]) => cases.map(([state, action, uniform]) => {
    const after = RULES[name].advance(state, action, () => uniform, settings);
    return [after.reward, after.terminated, ...RULES[name].observe(after.state, settings)];
})"""
PLOT = """([name, observation, action, colors, ink, paper]) => {
    const canvas = document.querySelector("canvas"), pen = canvas.getContext("2d");
    canvas.style.background = paper;
    pen.clearRect(0, 0, 540, 270); pen.strokeStyle = pen.fillStyle = ink;
    WORLDS[name](pen, 540, 270, observation, action, { colors, facts: {} });
    return canvas.toDataURL();
}"""


class Fixed:
    """A stream of random numbers that are given."""

    def __init__(self, uniform):
        self.uniform = uniform

    def random(self, shape):
        return self.uniform.reshape(shape)


@pytest.fixture
def page(browser):
    page, problems = browser.new_page(viewport={"width": 560, "height": 290}), []
    page.on("pageerror", lambda error: problems.append(str(error)))
    scripts = "".join((FOLDER / f"{name}.js").read_text(encoding="utf-8") for name in WORLDS)
    start = "<canvas width=540 height=270></canvas><script>const WORLDS = {}, RULES = {};"
    page.set_content(f"{start}{scripts}</script>")
    yield page
    page.close()
    assert problems == []


@pytest.mark.parametrize(("name", "settings"), VARIANTS)
def test_the_same_days_as_in_python(page, name, settings):
    world, rng, n = WORLDS[name](**settings), np.random.default_rng(0), 2000
    state = {part: rng.integers(size, size=n) for part, size in world.whole.items()}
    if name == "market":
        state["price"] = 185 + state["price"] % 31  # where chance has a say
    action, uniform = rng.integers(len(world.actions), size=n), rng.random(n)
    uniform[:3] = 0, 1e-9, 1 - 1e-9
    after, reward, terminated = world.advance(state, action, Fixed(uniform))
    cases = [
        [{part: int(values[k]) for part, values in state.items()}, int(action[k]), uniform[k]]
        for k in range(n)
    ]
    found = np.array(page.evaluate(STEPS, [name, vars(world), cases]), float)
    expected = np.column_stack([reward, terminated, world.observe(after)])
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("name", WORLDS)
def test_the_first_day_is_the_same(page, name):
    seen = page.evaluate("(name) => RULES[name].observe(RULES[name].begin(Math.random, {}))", name)
    world = WORLDS[name]()
    np.testing.assert_allclose(seen, world.observe(world.begin(1, None))[0], atol=1e-12)


@pytest.mark.parametrize(("ink", "paper"), [("#222", "white"), ("#ddd", "#181818")])
@pytest.mark.parametrize("name", WORLDS)
def test_the_picture_changes_with_state_and_action(page, name, ink, paper):
    state = {"shop": {"stock": [0, 10], "day": [2, 5]}}
    state["market"] = {"price": [200, 196], "move": [2, 1], "held": [1, 2]}
    one, other = WORLDS[name]().observe({k: np.array(v) for k, v in state[name].items()}).tolist()
    looks = [(one, None), (other, None), (other, 0), (other, 1)]
    shown = [page.evaluate(PLOT, [name, *look, COLORS, ink, paper]) for look in looks]
    assert len({*shown[:2], shown[-1]}) == 3
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}_{'light' if paper == 'white' else 'dark'}.png")
