"""The take-home agent in a real browser: PyTorch's numbers, Gymnasium's physics, working buttons.

Needs Chromium or Chrome; without one these tests are skipped on a learner's machine, and fail where
CI is set.
Screenshots are kept in runs/screenshots, to be looked at.
"""

from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
import torch
from playwright.sync_api import expect

from course_utils import storage
from course_utils.distil import ship
from course_utils.evaluation import record_episodes
from course_utils.networks import greedy

SCREENSHOTS = Path(__file__).parents[2] / "runs" / "screenshots"


@pytest.fixture(scope="module")
def student():
    """The shipped student that goes into the page, and states of its own episodes, [n, 4]."""
    network = storage.load_agent(storage.shipped("cartpole_student.safetensors"))[0].choose([0])
    [played] = record_episodes(greedy(network), "CartPole-v1", 1, 10, seed=100)
    assert min(len(episode.action) for episode in played) >= 475
    return network, np.concatenate([episode.observation for episode in played])


@pytest.fixture(scope="module")
def file(student, tmp_path_factory):
    path = tmp_path_factory.mktemp("take_home") / "agent.html"
    ship.write_html(path, student[0])
    return path


@pytest.fixture
def page(browser, file):
    """The page, offline, in a context of its own; it must neither complain nor ask for anything."""
    context = browser.new_context(viewport={"width": 900, "height": 1000}, offline=True)
    page, problems, requests = context.new_page(), [], []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(file.as_uri())
    yield page
    context.close()
    assert problems == []
    assert requests == [file.as_uri()]


def screenshot(page, name):
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"take_home_{name}.png", full_page=True)


def test_the_network_answers_as_in_pytorch(page, student):
    network, states = student
    states = states[np.random.default_rng(0).choice(len(states), 200, replace=False)]
    q = np.array(page.evaluate("states => states.map(takeHome.q)", states.tolist()))
    expected = ship.plain_network(network)(torch.as_tensor(states)).numpy()
    assert np.abs(q - expected).max() < 1e-4
    assert (q.argmax(-1) == expected.argmax(-1)).all()


def test_the_physics_is_gymnasiums(page):
    rng = np.random.default_rng(0)
    states = rng.uniform(-1, 1, (500, 4)) * [2.6, 3, 0.25, 3]
    actions = rng.integers(2, size=500)
    env = gym.make("CartPole-v1").unwrapped
    env.reset(seed=0)
    expected, ended = [], []
    for state, action in zip(states, actions, strict=True):
        env.state, env.steps_beyond_terminated = state, None
        ended.append(env.step(action)[2])
        expected.append(env.state)
    pairs = [
        [state, action] for state, action in zip(states.tolist(), actions.tolist(), strict=True)
    ]
    steps = page.evaluate(
        "pairs => pairs.map(([state, action]) => takeHome.step(state, action))", pairs
    )
    np.testing.assert_allclose([step["state"] for step in steps], expected, rtol=0, atol=1e-12)
    assert [step["terminated"] for step in steps] == ended
    assert 50 < sum(ended) < 450


def test_the_agent_balances_on_the_page(page):
    assert min(page.evaluate("[1, 2, 3, 4, 5].map(takeHome.episode)")) >= 475
    first = page.evaluate("[...Array(2000).keys()].map(takeHome.start)")
    assert np.abs(first).max() <= 0.05 and np.abs(first).max() > 0.049
    assert (
        np.abs(np.mean(first, 0)).max() < 0.003
        and np.abs(np.corrcoef(np.transpose(first)) - np.eye(4)).max() < 0.1
    )


def number(page, name):
    return float(page.locator(f"#{name}").inner_text().split()[0].replace("−", "-"))


def test_the_buttons_work(page):
    stage = page.get_by_role("img", name="A cart on a track")
    steps, empty = page.locator("#steps"), stage.screenshot()
    expect(steps).to_have_text("0 of 500")
    page.get_by_role("button", name="Start").click()
    page.wait_for_function("parseInt(document.getElementById('steps').textContent) > 60")
    page.get_by_role("button", name="Pause").click()
    paused = number(page, "steps")
    assert stage.screenshot() != empty
    screenshot(page, "running")
    page.wait_for_timeout(200)
    assert number(page, "steps") == paused

    before = number(page, "velocity"), number(page, "turning")
    page.get_by_role("button", name="Push right").click()
    assert number(page, "velocity") == pytest.approx(before[0] + 1, abs=0.011)
    assert number(page, "turning") < before[1] - 80
    page.get_by_role("button", name="Push left").click()
    assert (number(page, "velocity"), number(page, "turning")) == before
    assert number(page, "steps") == paused
    taken = page.locator(".taken")
    expect(taken).to_have_count(1)
    values = {
        way: float(page.locator(f"#q-{way} dd").inner_text().replace("−", "-"))
        for way in ("left", "right")
    }
    assert taken.get_attribute("id") == f"q-{max(values, key=values.get)}"

    page.get_by_role("button", name="New episode").click()
    expect(steps).to_have_text("0 of 500")


def test_an_episode_ends_and_the_next_begins(page):
    page.get_by_label("Speed").fill("4")
    expect(page.get_by_text("4.0 ×")).to_be_visible()
    for _ in range(3):
        page.get_by_role("button", name="Push right").click()
    page.get_by_role("button", name="Start").click()
    last = page.locator("#last")
    expect(last).not_to_have_text("none yet")
    ended = number(page, "last")
    assert 0 < ended < 200
    screenshot(page, "fallen")
    page.wait_for_function(
        "parseInt(document.getElementById('steps').textContent) > 250", timeout=20_000
    )
    expect(last).to_have_text("500 steps", timeout=20_000)


def test_a_phone_shows_it_all(page):
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_role("button", name="Start").click()
    page.wait_for_function("parseInt(document.getElementById('steps').textContent) > 20")
    screenshot(page, "phone")
