"""One update of the deep Q-learner against single learners and an independent library."""

import gymnasium as gym
import numpy as np
import pytest
import torch

from course_utils.learner import DQN, DQNConfig
from course_utils.networks import QNetwork
from course_utils.replay import Batch


def some_batch(seeds, size=32, observations=4, actions=2, seed=0):
    stream = torch.Generator().manual_seed(seed)
    return Batch(
        observation=torch.randn(seeds, size, observations, generator=stream),
        action=torch.randint(actions, (seeds, size), generator=stream),
        reward=0.1 * torch.randn(seeds, size, generator=stream),
        terminated=(torch.rand(seeds, size, generator=stream) < 0.3).float(),
        next_observation=torch.randn(seeds, size, observations, generator=stream),
        discount=0.9 * torch.ones(seeds, size),
        index=torch.arange(seeds * size).view(seeds, size),
        weight=torch.rand(seeds, size, generator=stream),
        demonstrated=torch.zeros(seeds, size),
    )


@pytest.mark.parametrize("options", [{}, {"dueling": True}, {"double": True}])
def test_one_update_is_the_same_alone_and_beside_others(options):
    config = DQNConfig(width=16, steps=100, target_period=1, target_rate=0.3, **options)
    shape = {"width": 16, "dueling": config.dueling, "generator": torch.Generator().manual_seed(1)}
    together = DQN(config, QNetwork(4, 4, 2, **shape), seed=0)
    alone = [DQN(config, together.network.choose([seed]), seed=0) for seed in range(4)]
    for number in range(3):
        batch = some_batch(4, seed=number)
        together.update(batch)
        for seed, learner in enumerate(alone):
            learner.update(Batch(*(column[seed : seed + 1] for column in batch)))
    for seed, learner in enumerate(alone):
        for network in ("network", "target_network"):
            pairs = zip(
                getattr(together, network).parameters(),
                getattr(learner, network).parameters(),
                strict=True,
            )
            for ours, theirs in pairs:
                torch.testing.assert_close(ours[seed], theirs[0], rtol=0, atol=1e-6)


def test_the_same_loss_and_gradient_as_stable_baselines3():
    """Their Huber loss is half our squared error for errors under 1. Some steps are truncated."""
    from stable_baselines3 import DQN as Reference

    settings = {"policy_kwargs": {"net_arch": [16, 16]}, "gamma": 0.9, "batch_size": 32}
    settings |= {"learning_rate": 1e-3, "max_grad_norm": 1e9, "device": "cpu", "seed": 0}
    theirs = Reference("MlpPolicy", gym.make("CartPole-v1"), **settings)
    theirs._setup_learn(1)
    ours = DQN(DQNConfig(width=16, reward_scale=1, layer_norm=False, discount=0.9),
               QNetwork(1, 4, 2, width=16, layer_norm=False), seed=0)  # fmt: skip
    for net, mine in ((theirs.q_net, ours.network), (theirs.q_net_target, ours.target_network)):
        for linear, layer in zip(net.q_net[::2], [*mine.hidden, mine.head], strict=True):
            linear.weight.data += 0.1 * torch.randn(linear.weight.shape, generator=ours.generator)
            layer.weight.data[0], layer.bias.data[0, 0] = linear.weight.data.T, linear.bias.data
    batch = some_batch(1)
    batch = batch._replace(
        weight=torch.ones_like(batch.weight), observation=0.3 * batch.observation
    )
    rng = np.random.default_rng(0)
    for b in range(32):  # one of their dones is a truncation wherever the step did not terminate
        terminated = bool(batch.terminated[0, b])
        done = np.array([terminated or rng.random() < 0.5])
        columns = (batch.observation, batch.next_observation, batch.action, batch.reward)
        arrays = [column[0, b].numpy()[None] for column in columns]
        theirs.replay_buffer.add(
            *arrays, done, [{"TimeLimit.truncated": bool(done[0] and not terminated)}]
        )
    theirs.replay_buffer.sample = lambda size, env=None: theirs.replay_buffer._get_samples(
        np.arange(32)
    )
    theirs.train(gradient_steps=1, batch_size=32)
    loss, _ = ours.update(batch)
    assert theirs.logger.name_to_value["train/loss"] == pytest.approx(loss.item() / 2, abs=1e-6)
    for linear, layer in zip(
        theirs.q_net.q_net[::2], [*ours.network.hidden, ours.network.head], strict=True
    ):
        torch.testing.assert_close(
            linear.weight.grad.T, layer.weight.grad[0] / 2, rtol=1e-5, atol=1e-7
        )
        torch.testing.assert_close(linear.weight.data.T, layer.weight.data[0], rtol=0, atol=1e-5)
