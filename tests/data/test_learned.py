"""What the recipes of notebooks 02 and 03 change in a learner does what its name says."""

from dataclasses import asdict

import build
import learned
import torch
from torch.nn import functional as F

from course_utils import losses
from course_utils.learner import DQNConfig
from course_utils.networks import QNetwork
from course_utils.train import make_learner


def test_a_setting_added_later_counts_only_where_it_was_changed():
    now = asdict(DQNConfig())
    before = {name: value for name, value in now.items() if name != "observation_scale"}
    told = [{"arms": {"complete": config}} for config in (before, now)]
    assert build.hash_of(told[0]) == build.hash_of(told[1])
    raw = {"arms": {"complete": now | {"observation_scale": False}}}
    assert build.hash_of(raw) != build.hash_of(told[0])


def test_gradients_are_shortened_for_each_agent_by_itself():
    network = QNetwork(2, 4, 2, width=8)
    for parameter in network.parameters():
        parameter.grad = torch.stack([torch.full_like(parameter[0], 3.0), 1e-3 * parameter[1]])
    long, short = (torch.cat([p.grad[s].flatten() for p in network.parameters()]) for s in (0, 1))
    learned.shorten(network)
    found = [torch.cat([p.grad[s].flatten() for p in network.parameters()]) for s in (0, 1)]
    torch.testing.assert_close(found[0], long * learned.BOUND / long.norm())
    assert torch.equal(found[1], short)


def test_the_other_loss_is_twice_hubers():
    learner = make_learner(DQNConfig(steps=2000), seeds=2, seed=3)
    batch = filled(learner).draw()
    error, _, q = learner.errors(batch)
    total = losses.td_loss(error, batch.weight) + learned.huber_instead(learner, q, batch)
    wanted = 2 * F.huber_loss(error, torch.zeros_like(error), reduction="none", delta=learned.CALM)
    torch.testing.assert_close(total, wanted.mean(-1))


def filled(learner):
    """The same learner with random transitions in its memory, some with large rewards."""
    stream = torch.Generator().manual_seed(1)
    for lane in range(learner.seeds * learner.config.environments):
        observation = torch.rand(50, 4, generator=stream)
        columns = {"observation": observation, "next_observation": observation.roll(1, 0)}
        columns |= {"action": torch.ones(50), "reward": 40 * torch.rand(50, generator=stream)}
        flags = {"terminated": torch.zeros(50), "done": torch.zeros(50)}
        learner.replay.extend(lane, **columns, **flags)
    return learner
