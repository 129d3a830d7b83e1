"""Play it yourself: keys become actions, whole episodes are kept, and nothing else."""

import threading
from pathlib import Path

import numpy as np
import pytest

from course_utils import storage
from course_utils.teach import play
from course_utils.teach.demonstrations import damage, load_demonstrations

PATIENCE = 60  # seconds after which something hangs; no test takes that long


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(play, "COUNT", 0)


@pytest.fixture
def player(tmp_path):
    player = play.Player("LunarLander-v3", seed=3, folder=tmp_path)
    player.screen.speed = 1000
    yield player
    player.stop()


def click(player, name):
    """What the browser sends when this button is pressed; then wait for its job's end."""
    player.screen._handle_custom_msg(name, [])
    player.thread.join(PATIENCE)
    assert not player.thread.is_alive()


def files(folder):
    return sorted(path.stem for path in (folder / "LunarLander-v3").glob("*"))


def test_keys_become_actions(player):
    assert player.action == 0
    for key, action in (("ArrowUp", 2), ("ArrowLeft", 1), ("ArrowRight", 3), ("", 0), ("Enter", 0)):
        player.press(key)
        assert player.action == action


def test_the_screen_presses_keys(player):
    player.screen.key = "ArrowUp"  # what the browser sends
    assert player.action == 2
    player.screen.key = ""
    assert player.action == 0


def test_a_tap_between_two_steps_is_not_lost(player):
    player.press("ArrowUp")
    player.press("")
    for _ in range(2):
        player.step()
    assert player.actions == [2, 0]


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


@pytest.mark.parametrize("env_id", play.GAMES)
def test_each_game_is_played_to_its_end(env_id, tmp_path):
    player = play.Player(env_id, folder=tmp_path)
    player.screen.speed = 1000
    player.play()
    [episode] = play.recorded(env_id, tmp_path)
    assert len(episode.action) == len(player.actions)
    assert episode.truncated == (env_id == "MountainCar-v0") != episode.terminated
    assert damage(episode, 4) == "" and "saved as episode_0000.safetensors" in player.screen.value


def test_it_counts_down_before_the_first_step(player):
    player.play(steps=1)
    assert [said[0] for said, _ in player.frames[1:4]] == ["2", "1", "s"]


def test_the_score_is_told_beside_the_experts(player):
    player.step()
    shipped = load_demonstrations("lunar_lander/expert-v0")
    expert = np.mean([episode.reward.sum() for episode in shipped])
    assert player.screen.value.endswith(f"(the expert's: {expert:.0f})")


def test_the_same_keys_fly_the_same_episode(player, tmp_path):
    player.play()
    other = play.Player("LunarLander-v3", seed=3, folder=tmp_path)
    other.screen.speed = 1000
    other.play()
    first, second = play.recorded("LunarLander-v3", tmp_path)
    assert np.array_equal(first.observation, second.observation)
    assert first.terminated and first.reward[-1] == -100  # it fell


def test_a_stopped_episode_is_not_kept(player, tmp_path):
    player.screen.speed = 5  # saved every five steps
    player.play(steps=7)
    assert "stopped after 7 steps" in player.screen.value and "not kept" in player.screen.value
    assert files(tmp_path) == [] and play.recorded("LunarLander-v3", tmp_path) == []


def test_discard_deletes_the_last_episode_only(player, tmp_path):
    click(player, "Start")
    click(player, "Start")
    assert files(tmp_path) == ["episode_0000", "episode_0001"]
    click(player, "Discard")
    assert files(tmp_path) == ["episode_0000"] and "0001.safetensors is del" in player.screen.value
    click(player, "Discard")
    assert files(tmp_path) == ["episode_0000"] and "Nothing to" in player.screen.value


def test_replay_shows_each_frame_again(player):
    player.play()
    seen, flown = [], list(player.frames)
    player.screen.observe(lambda change: seen.append(change["new"]), names="value")
    click(player, "Replay")
    assert seen == [said for said, _ in flown] and "saved as" in seen[-1]
    assert player.screen.picture == flown[-1][1] and len(player.actions) == len(flown) - 4


def test_stop_ends_a_replay(player):
    player.play()
    player.screen.speed = 1
    player.start(player.replay)
    click(player, "Stop")
    assert "saved as" not in player.screen.value


def test_an_episode_is_on_disk_before_it_ends(player, tmp_path, monkeypatch, capsys):
    """As if the kernel died in the air: nobody calls stop, nothing is closed."""
    in_the_air, gate, step = threading.Event(), threading.Event(), player.env.step

    def step_or_wait(action):
        if len(player.actions) == 12:
            in_the_air.set()
            gate.wait(PATIENCE)
        return step(action)

    monkeypatch.setattr(player.env, "step", step_or_wait)
    player.screen.speed = 10
    player.start(player.play)
    assert in_the_air.wait(PATIENCE)
    [path] = (tmp_path / "LunarLander-v3").iterdir()
    tensors, _ = storage.load_tensors(path)
    assert len(tensors["action"]) == 10 and player.thread.is_alive()
    assert (
        play.recorded("LunarLander-v3", tmp_path) == []
    )  # it is no demonstration, and that is told
    assert "left out, as they were not over: 1 of 1 episodes" in capsys.readouterr().out
    gate.set()


def test_no_recording_is_overwritten_after_one_was_deleted(player, tmp_path):
    for _ in range(3):
        player.play()
    (tmp_path / "LunarLander-v3" / "episode_0000.safetensors").unlink()
    player.play()
    assert files(tmp_path) == ["episode_0001", "episode_0002", "episode_0003"]


def test_a_new_player_stops_the_one_before(player, tmp_path):
    player.start(player.play)
    play.Player("LunarLander-v3", folder=tmp_path)
    player.thread.join(PATIENCE)
    assert not player.thread.is_alive()


def test_start_again_begins_again(player, tmp_path):
    player.screen.speed = 5
    player.start(player.play)
    first = player.thread
    player.start(player.play)
    assert player.thread is not first and not first.is_alive()
    click(player, "Stop")
    assert "stopped after" in player.screen.value and files(tmp_path) == []


def test_a_problem_in_the_thread_is_told(player, monkeypatch):
    monkeypatch.setattr(player.env, "step", lambda action: 1 / 0)
    player.start(player.play)
    player.thread.join(PATIENCE)
    assert "Stopped by ZeroDivisionError" in player.screen.value


def test_a_damaged_recording_is_named(player, tmp_path):
    player.play()
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
