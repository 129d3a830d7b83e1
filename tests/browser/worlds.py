"""What tests of worlds in a browser share: a page with one world, its rules held against Python."""

from contextlib import contextmanager
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
# What a page brings itself: where worlds go, lines; and random numbers that come again.
PAGE = """
const WORLDS = {}, RULES = {};
const line = (pen, ...points) => {
  pen.beginPath(); points.forEach(([x, y], i) => pen[i ? "lineTo" : "moveTo"](x, y)); pen.stroke();
};
const numbers = (seed) => () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
};
const pixels = () => document.querySelector("canvas").getContext("2d").getImageData(0, 0, 540, 270);
const painted = (color) => { // how many pixels have this colour
  const [r, g, b] = color.match(/\\w\\w/g).map((part) => parseInt(part, 16)), { data } = pixels();
  let found = 0;
  for (let i = 0; i < data.length; i += 4)
    if (data[i + 3] > 250 && data[i] === r && data[i + 1] === g && data[i + 2] === b) found++;
  return found;
};
"""


@contextmanager
def page_of(browser, name):
    """A page with a canvas, and the world of that name in JavaScript."""
    page = browser.new_page(viewport={"width": 640, "height": 640})
    page.set_content("<canvas width=540 height=270></canvas>")
    script = (ROOT / "course_utils" / "worlds" / f"{name}.js").read_text(encoding="utf-8")
    page.add_script_tag(content=PAGE + script)
    yield page
    page.close()


def check_steps(page, world, state, action, expected, chance=None):
    """From these states, [n, …], one step does in JavaScript as in Python.

    expected: what `advance` gave. chance: the number that comes for a random one; None if the step
    must ask for none.
    """
    after, reward, ends = expected
    rows = [{part: state[part][k].tolist() for part in state} for k in range(len(action))]
    did = page.evaluate(
        """([name, rows, actions, settings, chance]) => rows.map((row, k) => {
            const random = chance === null ? null : () => chance;
            const next = RULES[name].advance(row, actions[k], random, settings);
            const seen = [row, next.state].map((s) => RULES[name].observe(s, settings));
            return { ...next, seen };
        })""",
        [type(world).__name__.lower(), rows, action.tolist(), vars(world), chance],
    )
    for part in after:
        found = [one["state"][part] for one in did]
        np.testing.assert_allclose(found, after[part], rtol=0, atol=1e-9)
    seen = np.stack([world.observe(state), world.observe(after)], 1)
    np.testing.assert_allclose([one["seen"] for one in did], seen, rtol=0, atol=1e-9)
    np.testing.assert_allclose([one["reward"] for one in did], reward, rtol=0, atol=1e-9)
    assert [one["terminated"] for one in did] == ends.tolist()
