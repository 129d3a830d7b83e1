"""Two kernels save and load under the same names at once: nothing is lost, mixed, or foreign."""

from concurrent.futures import ProcessPoolExecutor

import pytest
import torch
from checkpoints import train_dqn

from course_utils import storage
from course_utils.learner import DQNConfig
from tests.strikes import PROCESSES, listing
from tests.test_interrupted import KINDS, note, noted

ROUNDS = 50
TINY = {"steps": 400, "learning_starts": 20, "batch_size": 8, "width": 8, "hidden_layers": 1}


def begin(barrier):
    """In each of the two: what it waits at, so that both start together."""
    global together
    together = barrier
    torch.set_num_threads(1)


def at_once(work, *arguments) -> list:
    """What two processes answer to work(0, …) and work(1, …). Raises what one of them raises."""
    both = {"initializer": begin, "initargs": (PROCESSES.Barrier(2),)}
    with ProcessPoolExecutor(2, PROCESSES, **both) as pool:
        return [call.result() for call in [pool.submit(work, me, *arguments) for me in (0, 1)]]


def save_and_load(me, kind, folder):
    """Save 50 times, numbers that only we save; load each time what is there: ours or theirs."""
    (work, there), seen = KINDS[kind], []
    together.wait()
    for number in range(1 + me, 1 + 2 * ROUNDS, 2):
        work.do(folder, number)
        seen.append(there(folder))
    return seen


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["agent", "part", "layers", "web page"])
def test_the_last_one_that_saves_stays(kind, tmp_path):
    seen = at_once(save_and_load, kind, tmp_path / "it")
    last = KINDS[kind][1](tmp_path / "it")
    assert last in (2 * ROUNDS - 1, 2 * ROUNDS) and len(listing(tmp_path / "it")) == 1
    for me, numbers in enumerate(seen):
        for own, number in zip(range(1 + me, 1 + 2 * ROUNDS, 2), numbers, strict=True):
            assert number == own or (number - own) % 2


def note_and_read(me, folder):
    """Note 50 things of our own; all that we have noted so far must be there each time."""
    together.wait()
    for number in range(ROUNDS):
        note(folder, f"{me}, {number}")
        ours = [name for name in noted(folder) if name.startswith(str(me))]
        assert ours == [f"{me}, {n}" for n in range(number + 1)]


@pytest.mark.slow
def test_all_progress_is_noted(tmp_path):
    at_once(note_and_read, tmp_path)
    expected = [f"{me}, {number}" for me in (0, 1) for number in range(ROUNDS)]
    assert sorted(noted(tmp_path)) == sorted(expected)


def train_and_read(me, folder, apart):
    """Short trainings with checkpoints, under names of our own or under the same; last weights."""
    together.wait()
    ends = []
    for number in range(ROUNDS // 5):
        path = folder / f"{number}_{me if apart else 'both'}.safetensors"
        for record in train_dqn(path, DQNConfig(**TINY), seeds=2, seed=number, records=5):
            assert storage.load_tensors(path)[1]["step"] == record.step or not apart
        ends.append(record.network.head.weight.tolist())
    return ends


@pytest.mark.slow
@pytest.mark.parametrize("apart", [True, False])
def test_trainings_in_one_folder(apart, tmp_path):
    one, other = at_once(train_and_read, tmp_path, apart)
    assert len(listing(tmp_path)) == (1 + apart) * ROUNDS // 5
    assert one == other or not apart  # under one name, the second goes on from the first
