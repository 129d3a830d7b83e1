"""The recipes of notebooks 07 to 09 that are more than a training with other settings."""

import numpy as np
import pytest
import torch
import tuned

from course_utils.networks import QNetwork

TINY = {"steps": 240, "learning_starts": 80, "n_steps": 3, "replay_capacity": 240}


def small_network(seed=1):
    return QNetwork(2, 4, 2, width=8, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("part", ["head", "hidden"])
def test_one_part_begins_again_and_the_other_stays(part):
    old = small_network()
    again = dict(tuned.begin_again(old, part).named_parameters())
    for name, parameter in old.named_parameters():
        assert torch.equal(again[name], parameter) != name.startswith(part)


def test_a_fresh_head_is_that_of_the_fresh_network_of_the_same_seed():
    again = tuned.begin_again(small_network(), "head")
    assert torch.equal(again.head.weight, small_network(tuned.SEED).head.weight)


def test_joint_training_teaches_every_head(monkeypatch):
    seen = []

    def looked_at(network, env_id, episodes, seed, task):
        seen.append((env_id, task, network.head_of(task).weight.detach().clone()))
        return np.zeros(2)

    monkeypatch.setattr(tuned, "SEEDS", 2)
    monkeypatch.setattr(tuned, "fresh", lambda env_id: small_network())
    monkeypatch.setattr(tuned, "mean_returns", looked_at)
    made = tuned.joint(TINY)
    assert made["matrix"].shape == (2, 4, 3) and made["return"].shape == (2,)
    assert [(env_id, task) for env_id, task, _ in seen[:3]] == [
        (env_id, task) for task, env_id in enumerate(tuned.SEQUENCE)
    ]
    for (_, _, before), (_, _, after) in zip(seen[:3], seen[-3:], strict=True):
        assert not torch.equal(before, after)
