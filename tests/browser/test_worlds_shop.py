"""Shop for a web page, in a real browser, against the same in Python; its picture on a canvas."""

from pathlib import Path

import numpy as np
import pytest

import course_utils.worlds
from course_utils.plotting import COLORS
from course_utils.worlds.shop import Shop

SOURCE = Path(course_utils.worlds.__file__).with_name("shop.js").read_text(encoding="utf-8")
SCREENSHOTS = Path(__file__).parents[2] / "runs" / "screenshots"
STEPS = """([settings, cases]) => cases.map(([state, action, uniform]) => {
    const after = RULES.shop.advance(state, action, () => uniform, settings);
    return [after.reward, after.terminated, ...RULES.shop.observe(after.state, settings)];
})"""
PLOT = """([observation, action, colors, ink, paper]) => {
    const canvas = document.querySelector("canvas"), pen = canvas.getContext("2d");
    canvas.style.background = paper;
    pen.clearRect(0, 0, 540, 270); pen.strokeStyle = pen.fillStyle = ink;
    WORLDS.shop(pen, 540, 270, observation, action, { colors, facts: {} });
    return [...pen.getImageData(0, 0, 540, 270).data].filter((x, i) => i % 4 === 3 && x).length;
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
    page.set_content(f"""<canvas width=540 height=270></canvas><script>
        const WORLDS = {{}}, RULES = {{}};
        const line = (pen, ...points) => {{ pen.beginPath();
            points.forEach(([x, y], i) => pen[i ? "lineTo" : "moveTo"](x, y)); pen.stroke(); }};
        {SOURCE}</script>""")
    yield page
    page.close()
    assert problems == []


@pytest.mark.parametrize("settings", [{}, *Shop.changed.values(), {"weekday": 20.0, "cost": 2.5}])
def test_the_same_days_as_in_python(page, settings):
    world, rng, n = Shop(**settings), np.random.default_rng(0), 2000
    state = {"stock": rng.integers(21, size=n), "day": rng.integers(7, size=n)}
    action, uniform = rng.integers(11, size=n), rng.random(n)
    uniform[:3] = 0, 1e-9, 1 - 1e-9
    after, reward, terminated = world.advance(state, action, Fixed(uniform))
    cases = [
        [{"stock": int(state["stock"][k]), "day": int(state["day"][k])}, int(action[k]), uniform[k]]
        for k in range(n)
    ]
    found = np.array(page.evaluate(STEPS, [vars(world), cases]), float)
    expected = np.column_stack([reward, terminated, world.observe(after)])
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_the_first_evening_is_the_same(page):
    seen = page.evaluate("RULES.shop.observe(RULES.shop.begin(Math.random, {}), {})")
    np.testing.assert_allclose(seen, Shop().observe(Shop().begin(1, None))[0], atol=1e-12)


@pytest.mark.parametrize("paper", ["white", "#181818"])
def test_the_picture_changes_with_stock_and_order(page, paper):
    ink = "#222" if paper == "white" else "#ddd"
    [empty], [half] = (
        Shop().observe({"stock": np.array([stock]), "day": np.array([5])}).tolist()
        for stock in (0, 10)
    )
    looks = [(empty, None), (half, None), (half, 4)]
    filled = [page.evaluate(PLOT, [*look, COLORS, ink, paper]) for look in looks]
    assert filled[0] + 3000 < filled[1] < filled[2]
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"shop_{'light' if paper == 'white' else 'dark'}.png")
