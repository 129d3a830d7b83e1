"""The page of a world in a real browser: the network's numbers, working buttons, both themes.

The rules of each world are held against Python in test_worlds_*.py.
"""

from pathlib import Path

import numpy as np
import pytest
import torch
from playwright.sync_api import expect

from course_utils import storage
from course_utils.distil import page as pages
from course_utils.evaluation import play_episodes, record_episodes
from course_utils.networks import QNetwork, greedy
from course_utils.settings import configuration
from course_utils.worlds import WORLDS, kit

SEEDED = """let seed = 7;
const next = () => { seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0; };
const random = () => { next(); return seed / 2 ** 32; };
"""
SCREENSHOTS = Path(__file__).parents[2] / "runs" / "screenshots"


@configuration
class Own:
    """A place from 0 to 4; </script> in a data sheet ends nothing."""

    observations, actions, limit = ["place"], ["down", "up"], 9

    def begin(self, n, rng):
        """Somewhere."""
        return {"place": rng.integers(0, 5, n)}

    def advance(self, state, action, rng):
        """Up or down; 5 ends it."""
        place = np.maximum(state["place"] + 2 * action - 1, 0)
        return {"place": place}, place / 2, place == 5

    def observe(self, state):
        """The place."""
        return state["place"][:, None] / 4


@pytest.fixture
def opened(browser, tmp_path, request):
    """Open a file in a page, offline; it must neither complain nor ask for anything."""
    scheme = getattr(request, "param", "light")
    context = browser.new_context(offline=True, color_scheme=scheme)
    page, problems, asked = context.new_page(), [], []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    path = tmp_path / "agent.html"
    yield page, path
    context.close()
    assert problems == [] and asked == [path.as_uri()]


def student(name):
    return storage.load_agent(storage.shipped(f"{name.lower()}_student.safetensors"))[0]


@pytest.mark.parametrize("name", WORLDS)
@pytest.mark.parametrize("opened", ["light", "dark"], indirect=True)
def test_each_world_plays_with_the_network_that_was_given(opened, name, request):
    page, path = opened
    network = student(name)
    pages.write_page(path, network, f"{name}-v0", 3)
    assert path.stat().st_size < 150_000
    page.goto(path.as_uri())
    seen = np.array(page.evaluate("world.observe(world.begin())"), np.float32)
    told = page.evaluate(f"world.q({seen.tolist()})")
    q = network(torch.as_tensor(seen).expand(network.seeds, 1, -1))[3, 0]
    assert np.allclose(told, q.detach().numpy(), atol=1e-4 * (1 + q.abs().max().item()))
    for _ in range(3):
        page.click("#one")
    page.get_by_role("button", name=WORLDS[name].actions[-1], exact=True).click()
    expect(page.locator("#told")).to_contain_text("step")
    page.click("#run")
    expect(page.locator("#run")).to_have_text("Pause")
    page.locator("#speed").fill("30")
    expect(page.locator("#told")).to_contain_text("episodes", timeout=20_000)
    page.click("#run")
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    kind = "dark" if "dark" in request.node.name else "light"
    page.screenshot(path=SCREENSHOTS / f"world_{name}_{kind}.png", full_page=True)


@pytest.mark.parametrize("name", WORLDS)
def test_the_agent_returns_there_what_it_returns_in_python(opened, name):
    page, path = opened
    network = student(name).choose([0])
    pages.write_page(path, network, f"{name}-v0")
    page.goto(path.as_uri())
    there = page.evaluate(
        f"{SEEDED} Array.from({{ length: 200 }}, () => world.episode(random).total)"
    )
    here = play_episodes(greedy(network), f"{name}-v0", 1, 400, 7)[0]
    spread = (np.var(there) / 200 + np.var(here) / 400) ** 0.5
    assert abs(np.mean(there) - here.mean()) < 5 * spread


def test_a_world_of_ones_own_plays_what_was_recorded(opened):
    page, path = opened
    kit.register(Own, "Own-v0")
    network = QNetwork(2, 1, 2, 8, layer_norm=False, generator=torch.Generator().manual_seed(0))
    with pytest.raises(ValueError, match="no rules in JavaScript: give episodes"):
        pages.write_page(path, network, "Own-v0")
    assert not path.exists()
    [lived, _] = record_episodes(greedy(network), "Own-v0", 2, 3, seed=1)
    pages.write_page(path, network, "Own-v0", episodes=lived)
    page.goto(path.as_uri())
    expect(page.locator("#about")).to_contain_text("</script> in a data sheet")
    totals = page.evaluate(
        f"{SEEDED} Array.from({{ length: 30 }}, () => world.episode(random).total)"
    )
    assert {round(total, 3) for total in totals} == {
        round(float(episode.reward.sum()), 3) for episode in lived
    }
    expect(page.locator("#own")).to_be_hidden()


@configuration
class Crowded(Own):
    """Thirty_actions_sixty_numbers_and_names_that_have_no_space_where_a_line_could_be_broken."""

    observations = [
        f"number_{k}_of_those_whose_names_are_long_and_have_no_space" for k in range(60)
    ]
    actions = [f"action_{k}_of_those_whose_names_are_long_and_have_no_space" for k in range(30)]

    def observe(self, state):
        """The place, sixty times."""
        return state["place"][:, None] / np.arange(1, 61)


def test_a_crowded_page_fits_and_is_used_by_keyboard(opened):
    page, path = opened
    kit.register(Crowded, "Crowded-v0")
    network = QNetwork(1, 60, 30, 8, layer_norm=False, generator=torch.Generator().manual_seed(0))
    [lived] = record_episodes(greedy(network), "Crowded-v0", 1, 2, seed=1)
    pages.write_page(path, network, "Crowded-v0", episodes=lived)
    page.set_viewport_size({"width": 320, "height": 640})  # also 200 % of a small window
    page.goto(path.as_uri())
    root = "document.documentElement"
    assert page.evaluate(f"{root}.scrollWidth <= {root}.clientWidth")
    for name in ("one", "new", "speed"):
        page.focus("#run" if name == "one" else ":focus")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == name
        assert page.evaluate("getComputedStyle(document.activeElement).outlineWidth") == "3px"
    told = page.locator("#told")
    expect(told).to_have_attribute("aria-live", "polite")
    page.focus("#one")
    page.keyboard.press("Enter")
    expect(told).to_contain_text("step 1 ")
    page.focus("#run")
    page.keyboard.press("Space")
    expect(told).to_have_attribute("aria-live", "off")
    for style in (
        "display: none",
        "width: 0; height: 0",
        "width: 3px; height: 1px",
        "width: 5000px",
    ):
        page.evaluate(f"stage.style = '{style}'")
        page.set_viewport_size({"width": 320 + len(style), "height": 300})
        page.evaluate("document.getElementById('new').click()")
    page.keyboard.press("Space")
    expect(told).to_have_attribute("aria-live", "polite")


@pytest.mark.parametrize("env_id", ["CartPole-v1", "Nowhere-v0"])
def test_what_is_no_world_is_refused(env_id, tmp_path):
    with pytest.raises(ValueError, match="no world"):
        pages.write_page(tmp_path / "a.html", QNetwork(1, 4, 2, layer_norm=False), env_id)


def test_another_worlds_agent_is_refused(tmp_path):
    with pytest.raises(ValueError, match="Shop-v0 has 3 observations and 11 actions, this network"):
        pages.write_page(tmp_path / "a.html", student("Arm"), "Shop-v0")
