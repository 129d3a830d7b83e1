"""An environment moved by its buttons, without a browser."""

import gymnasium as gym

from course_utils.learn.by_hand import PlayByHand


def test_an_environment_is_played_by_hand():
    env = gym.make("FrozenLake-v1", is_slippery=False, render_mode="rgb_array")
    game = PlayByHand(env, ["left", "down", "right", "up"])
    assert "s = 0" in game.message.value
    first = game.picture.value
    game.buttons["right"].click()
    assert game.trace == [(0, 2, 0, 1, False, False)]
    assert "a = 2 (right)" in game.message.value and game.picture.value != first
    game.buttons["down"].click()
    assert game.trace[-1][-2] and "terminated = True" in game.message.value
    game.buttons["left"].click()
    assert len(game.trace) == 2 and "press Reset" in game.message.value
    game.buttons["Reset"].click()
    assert game.trace == [] and game.state == 0
