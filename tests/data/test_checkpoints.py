"""A training that was interrupted goes on, from a file that is whole and its own."""

import os
import subprocess
import sys
from dataclasses import replace
from functools import partial

import pytest
import torch
from checkpoints import hash_of, load_training, owner_of, save_training, train_dqn

from course_utils import storage
from course_utils.learner import DQN, DQNConfig, Parts
from course_utils.losses import td_target
from course_utils.networks import QNetwork

SHORT = {"steps": 1200, "learning_starts": 200, "width": 16}


def everything(learner):
    return learner.state_dict() | {
        f"{n}{k}": v
        for n, s in learner.optimizer.state_dict()["state"].items()
        for k, v in s.items()
    }


def test_a_checkpoint_holds_the_whole_learner(tmp_path):
    config = DQNConfig(**SHORT, priority_exponent=0.6)
    path = tmp_path / "run.safetensors"
    list(train_dqn(path, config, seeds=2, seed=3, records=2))
    training = owner_of(config, "CartPole-v1", seeds=2, seed=3)
    learners = [
        DQN(config, QNetwork(2, 4, 2, width=16, observation_scale=[1.0] * 4), seed=9)
        for _ in range(2)
    ]
    for learner in learners:
        facts = load_training(path, learner, training)
        assert (
            facts["cpu_seconds"] > 0 and facts["step"] == 1200 and facts["updates"] == 1 + 1000 // 8
        )
    save_training(tmp_path / "again.safetensors", learners[0], training, facts)
    (first, facts), (second, again) = map(
        storage.load_tensors, (path, tmp_path / "again.safetensors")
    )
    assert first.keys() == second.keys() and all(
        torch.equal(first[name], second[name]) for name in first
    )
    assert facts == again
    for _ in range(3):  # the same batches, the same updates
        for learner in learners:
            learner.update(learner.draw())
    for ours, theirs in zip(
        everything(learners[0]).values(), everything(learners[1]).values(), strict=True
    ):
        assert torch.equal(ours, theirs)


KILLED = """
from course_utils.learner import DQNConfig
from checkpoints import train_dqn
config = DQNConfig(steps=100_000, width=16, learning_starts=200)
for record in train_dqn("{}", config, seeds=2, records=500):
    print(record.step, flush=True)
"""


@pytest.mark.slow
def test_a_killed_training_goes_on(tmp_path):
    path = tmp_path / "run.safetensors"
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED.format(path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=storage.SHIPPED,
    )
    reached = [int(process.stdout.readline()) for _ in range(12)][-1]
    process.kill()  # kill -9: no chance to tidy up
    process.wait()
    tensors, facts = storage.load_tensors(path)
    assert facts["step"] >= reached
    path.with_name(path.name + ".unfinished").write_bytes(b"half a che")
    config = DQNConfig(steps=100_000, width=16, learning_starts=200)
    training = train_dqn(path, config, seeds=2, records=500)
    record = next(training)
    assert record.step == facts["step"] and record.updates == facts["updates"]
    record = next(training)
    assert facts["step"] < record.step <= facts["step"] + 200 + 8
    assert record.updates > facts["updates"] > 0
    assert record.cpu_seconds > facts["cpu_seconds"]
    after, _ = storage.load_tensors(path)
    kept = int(tensors["replay.written"].min()) - 1
    assert (
        torch.equal(after["replay.reward"][:kept], tensors["replay.reward"][:kept]) and kept > 100
    )


def test_the_checkpoint_of_another_training_is_refused(tmp_path):
    path = tmp_path / "run.safetensors"
    config = DQNConfig(**SHORT)
    list(train_dqn(path, config, seeds=2, records=1))
    others = [{"seeds": 3}, {"seed": 1}, {"env_id": "Acrobot-v1"}]
    others += [{"sutton_barto_reward": True}]  # an argument of the environment
    changes = [{"width": 32}, {"environments": 4}, {"discount": 0.9}]
    others += [{"config": replace(config, **change)} for change in changes]
    others += [{"parts": Parts(reward=lambda batch: 0 * batch.reward)}]
    for other in others:
        with pytest.raises(
            ValueError, match="run.safetensors is the checkpoint of another training"
        ):
            next(train_dqn(path, **{"config": config, "seeds": 2} | other))
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ValueError, match="run.safetensors is damaged"):
        next(train_dqn(path, config, seeds=2))


def test_more_steps_are_told_by_their_name(tmp_path):
    path, config = tmp_path / "run.safetensors", DQNConfig(**SHORT)
    list(train_dqn(path, config, seeds=2, records=1))
    with pytest.raises(ValueError, match="another training, with other steps: delete it"):
        train_dqn(path, replace(config, steps=2400), seeds=2).__next__()


def times(number):
    return lambda batch: number * batch.reward


class Paid:
    def __init__(self, number):
        self.number = number

    def __call__(self, batch):
        return self.number * batch.reward

    def pay(self, batch):
        return self.number + batch.reward


def weighed(batch, weights=(1, 2)):
    return batch.reward * weights[0]


ALIKE = [  # each makes the same thing again and again, but for its argument
    times,
    Paid,
    lambda number: Paid(number).pay,
    lambda number: partial(weighed, weights=(number, 2)),
    lambda number: partial(torch.add, torch.full((2,), float(number))),
    lambda number: QNetwork(1, 4, 2, generator=torch.Generator().manual_seed(number)),
    lambda number: {"desc": ["SFG"] * number},
    lambda number: (lambda batch: batch.reward) if number == 1 else lambda batch: batch.action,
    lambda number: (lambda batch: batch.reward + 1) if number == 1 else lambda b: b.reward + 2,
    lambda number: lambda batch: [times(number)(each) for each in batch],
    lambda number: td_target if number == 1 else weighed,
]


@pytest.mark.parametrize("make", ALIKE)
def test_what_acts_alike_has_one_hash_and_what_does_not_has_another(make):
    assert hash_of(make(1)) == hash_of(make(1)) != hash_of(make(2))


FRESH = """
from checkpoints import hash_of
from course_utils.learner import Parts
kept = {"a", "b", "c", "d"}
def reward(batch, known={"x", "y", "z"}):
    return batch.reward if batch in {"left", "right", "up"} else kept
print(hash_of([reward, Parts(reward=reward)]))
"""


def test_the_hash_is_the_same_in_another_process():
    told = [
        subprocess.run(
            [sys.executable, "-c", FRESH],
            capture_output=True,
            text=True,
            check=True,
            cwd=storage.SHIPPED,
            env=os.environ | {"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    ]
    assert told[0] == told[1] and len(told[0].strip()) == 16


def test_a_function_may_keep_a_diary(tmp_path):
    """A list to which a function writes is not what it does: the training goes on."""
    path, config = tmp_path / "run.safetensors", DQNConfig(**SHORT)

    def noted(batch):
        DIARY.append(len(DIARY))
        return batch.reward

    for _ in range(2):
        *_, last = train_dqn(path, config, seeds=2, records=1, parts=Parts(reward=noted))
    assert last.step == 1200 and DIARY


DIARY = []


def test_a_finished_training_hands_out_its_end_again(tmp_path):
    config, path = DQNConfig(**SHORT), tmp_path / "run.safetensors"
    *_, last = train_dqn(path, config, seeds=2, records=2)
    (again,) = train_dqn(path, config, seeds=2, records=2)
    assert again.step == last.step == 1200 and again.cpu_seconds > 0.5 * last.cpu_seconds
    assert torch.equal(again.network.head.weight, last.network.head.weight)


def test_no_window_of_n_steps_crosses_a_break(tmp_path):
    path = tmp_path / "run.safetensors"
    config = DQNConfig(steps=2000, learning_starts=200, width=16)
    training = train_dqn(path, config, seeds=2, records=4)
    next(training)
    newest = storage.load_tensors(path)[0]["replay.written"] - 1
    resumed = train_dqn(path, config, seeds=2, records=4)
    next(resumed)
    next(resumed)
    learner = DQN(config, QNetwork(2, 4, 2, width=16), seed=0)
    learner.load_state_dict(
        {k: v for k, v in storage.load_tensors(path)[0].items() if k in learner.state_dict()}
    )
    slot = (learner.replay.first_slot + newest).view(2, -1)
    assert learner.replay.done[slot].all()
    batch = learner.replay.read(slot, 20, 0.9, torch.ones_like(slot))
    torch.testing.assert_close(batch.next_observation, learner.replay.next_observation[slot])
