"""Play it yourself: keys become actions, each step is in the file, nothing is lost at the end."""

import threading
from pathlib import Path

import numpy as np
import pytest

from course_utils import storage
from course_utils.teach import play
from course_utils.teach.demonstrations import damage

PATIENCE = 60  # seconds after which something hangs; no test takes that long


@pytest.fixture
def player(tmp_path):
    player = play.Player("LunarLander-v3", seed=3, folder=tmp_path)
    player.speed.value = 50
    yield player
    player.stop()


def test_keys_become_actions(player):
    assert player.action == 0
    for key, action in (("ArrowUp", 2), ("ArrowLeft", 1), ("ArrowRight", 3), ("", 0), ("Enter", 0)):
        player.press(key)
        assert player.action == action


def test_the_screen_and_the_buttons_press_keys(player):
    player.screen.key = "ArrowUp"  # what the browser sends
    assert player.action == 2
    player.screen.key = ""
    assert player.action == 0
    player.hand.value = "ArrowLeft"
    assert player.action == 1


def test_without_an_idle_action_the_last_one_goes_on(tmp_path):
    player = play.Player("CartPole-v1", folder=tmp_path)
    player.press("ArrowRight")
    player.press("")
    assert player.action == 1


def test_the_left_key_pushes_to_the_left(tmp_path):
    for key, sign in (("ArrowLeft", -1), ("ArrowRight", 1)):
        player = play.Player("LunarLander-v3", seed=0, folder=tmp_path)
        player.press(key)
        for _ in range(20):
            player.step()
        drift = player.observations[-1][2] - player.observations[0][2]
        assert np.sign(drift) == sign


def test_a_played_episode_is_recorded_whole(player, tmp_path):
    player.press("ArrowUp")
    player.play(steps=12)
    assert (
        "stopped after 12 steps" in player.message.value and "episode_0000" in player.message.value
    )
    [episode] = play.recorded("LunarLander-v3", tmp_path)
    assert episode.action.tolist() == [2] * 12 and episode.observation.shape == (13, 8)
    assert episode.truncated and not episode.terminated and damage(episode, 4) == ""
    player.press("")
    player.play()
    first, second = play.recorded("LunarLander-v3", tmp_path)
    assert np.array_equal(first.observation, episode.observation)
    assert second.terminated and second.reward[-1] == -100  # it fell


def test_an_episode_is_on_disk_before_it_ends(player, tmp_path, monkeypatch):
    """As if the kernel died in the air: nobody calls stop, nothing is closed."""
    in_the_air, gate, step = threading.Event(), threading.Event(), player.env.step

    def step_or_wait(action):
        if len(player.actions) == 12:
            in_the_air.set()
            gate.wait(PATIENCE)
        return step(action)

    monkeypatch.setattr(player.env, "step", step_or_wait)
    player.speed.value = 10
    player.start()
    assert in_the_air.wait(PATIENCE)
    [episode] = play.recorded("LunarLander-v3", tmp_path)
    assert len(episode.action) >= 10 and player.thread.is_alive()
    gate.set()


def test_no_recording_is_overwritten_after_one_was_deleted(player, tmp_path):
    for _ in range(3):
        player.play(steps=2)
    (tmp_path / "LunarLander-v3" / "episode_0000.safetensors").unlink()
    player.play(steps=2)
    left = sorted(path.stem for path in (tmp_path / "LunarLander-v3").iterdir())
    assert left == ["episode_0001", "episode_0002", "episode_0003"]


def test_a_new_player_stops_the_one_before(player, tmp_path):
    player.start()
    play.Player("LunarLander-v3", folder=tmp_path)
    player.thread.join(PATIENCE)
    assert not player.thread.is_alive()


def test_start_twice_plays_once(player):
    player.start()
    thread = player.thread
    player.start()
    assert player.thread is thread
    player.stop()
    thread.join(PATIENCE)
    assert not thread.is_alive() and "stopped after" in player.message.value


def test_a_problem_in_the_thread_is_told(player, monkeypatch):
    monkeypatch.setattr(player.env, "step", lambda action: 1 / 0)
    player.start()
    player.thread.join(PATIENCE)
    assert "Stopped by ZeroDivisionError" in player.message.value


def test_a_damaged_recording_is_named(player, tmp_path):
    player.play(steps=3)
    [path] = (tmp_path / "LunarLander-v3").iterdir()
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(ValueError, match="episode_0000.safetensors is damaged"):
        play.recorded("LunarLander-v3", tmp_path)


def test_nothing_recorded_is_an_empty_list(tmp_path):
    assert play.recorded("LunarLander-v3", tmp_path) == []


def test_an_environment_without_keys_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no keys for Taxi-v4; you can play CartPole-v1"):
        play.Player("Taxi-v4", folder=tmp_path)


def test_by_default_recordings_go_to_the_learners_own_folder():
    assert play.FOLDER == storage.RUNS / "played"


def test_the_screen_is_drawn_by_the_file_beside_the_module(player):
    source = Path(play.__file__).with_name("screen.js").read_text(encoding="utf-8")
    before = threading.active_count()
    assert play.Screen()._esm == source and "export default { render }" in source
    assert threading.active_count() == before  # nobody watches the file for changes
    assert player.screen.picture[:2] == b"\xff\xd8"  # a JPEG file
