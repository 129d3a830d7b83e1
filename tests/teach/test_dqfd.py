"""Demonstrations in Q-learning: the margin by hand, the share of a batch, what is refused."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from course_utils.envs import Step
from course_utils.learner import DQN, DQNConfig, Parts
from course_utils.losses import margin_loss
from course_utils.networks import QNetwork
from course_utils.teach.dqfd import DQfDConfig, expert_margin, pretrain
from course_utils.train import train_dqn

SHORT = DQfDConfig(steps=600, learning_starts=200, width=16, batch_size=16, environments=4)


def some_states():
    return torch.randn(2, 5, 4, generator=torch.Generator().manual_seed(0))


def small_network():
    return QNetwork(2, 4, 2, width=16, generator=torch.Generator().manual_seed(0))


def weights(network):
    return torch.cat([parameter.detach().flatten() for parameter in network.parameters()])


def test_the_margin_loss_against_a_loop():
    stream = torch.Generator().manual_seed(1)
    q, action = torch.randn(4, 6, 3, generator=stream), torch.randint(3, (4, 6), generator=stream)
    found = margin_loss(q, action, 0.5)
    for row in np.ndindex(4, 6):
        expert = action[row].item()
        best = max(q[row][a].item() + (0.5 if a != expert else 0) for a in range(3))
        assert found[row].item() == pytest.approx(best - q[row][expert].item(), abs=1e-6)


def test_the_margin_loss_is_zero_where_the_expert_wins_by_the_margin():
    q = torch.tensor([[2.0, 1.0], [1.5, 1.0]])
    assert margin_loss(q, torch.tensor([0, 0]), 0.8).tolist() == pytest.approx([0.0, 0.3])


def test_a_batch_holds_the_demonstrations_share(memory):
    config = replace(SHORT, demonstration_ratio=0.25)
    learner = DQN(config, small_network(), 0, demonstrations=memory)
    no, size = np.zeros((2, 4), bool), (2, 4, 4)
    step = Step(np.full(size, 7.0), np.zeros((2, 4)), np.ones((2, 4)), no, no, np.zeros(size), ~no)
    for _ in range(6):
        learner.remember(step)
    batch = learner.draw()
    assert batch.demonstrated.sum(-1).tolist() == [4, 4]
    own = (batch.observation == 7).all(-1)
    assert torch.equal(own, batch.demonstrated == 0)


def test_the_margin_counts_demonstrations_only_and_fades(memory):
    config = replace(SHORT, margin_until=0.5, margin_weight=2.0)
    learner = DQN(config, small_network(), 0)
    batch = memory.sample(16, 1, 0.9, torch.Generator().manual_seed(0))
    batch = batch._replace(demonstrated=torch.arange(16).expand(2, 16) % 2)
    q = torch.randn(2, 16, 2, generator=torch.Generator().manual_seed(1))
    by_hand = 2.0 * (margin_loss(q, batch.action, 0.8) * batch.demonstrated).sum(-1) / 16
    for share, left in ((0, 1.0), (0.25, 0.5), (0.5, 0.0), (1, 0.0)):
        learner.step = int(share * config.steps)
        torch.testing.assert_close(expert_margin()(learner, q, batch), left * by_hand)
    config.margin_until = 0
    torch.testing.assert_close(expert_margin()(learner, q, batch), by_hand)


def test_pretraining_prefers_the_experts_actions_and_leaves_its_input_alone(memory):
    config = replace(SHORT, learning_rate=0.01, n_steps=5)
    network, x = small_network(), some_states()
    before = network.choose([0, 1])
    *_, (updates, loss, trained) = pretrain(config, memory, network, 900, records=3)
    assert updates == 900 and loss.shape == (2,)
    assert torch.equal(network(x), before(x))
    batch = memory.sample(100, 1, 1.0, torch.Generator().manual_seed(9))
    agreed = (trained(batch.observation).argmax(-1) == batch.action).float().mean(-1)
    assert (agreed > 0.85).all()


def test_pretraining_samples_all_demonstrations_alike_whatever_the_priorities(memory):
    trained = []
    for exponent in (0.0, 0.6):
        config = replace(SHORT, priority_exponent=exponent)
        *_, (_, _, network) = pretrain(config, memory, small_network(), 5)
        trained.append(weights(network))
        assert config.priority_exponent == exponent  # the setting is the caller's
    assert torch.equal(*trained)


def test_a_margin_of_ones_own_enters_pretraining_and_training(memory):
    def learned(*own):
        parts = Parts(extra_loss=expert_margin(*own))
        *_, (_, _, warm) = pretrain(SHORT, memory, small_network(), 20, parts=parts)
        options = {"parts": parts, "network": warm, "demonstrations": memory}
        *_, last = train_dqn(SHORT, seeds=2, records=1, **options)
        return weights(warm), weights(last.network)

    warm, last = learned()
    *_, (_, _, by_default) = pretrain(SHORT, memory, small_network(), 20)
    assert torch.equal(weights(by_default), warm)
    same = learned(lambda q, action, margin: margin_loss(q, action, margin))
    assert torch.equal(same[0], warm) and torch.equal(same[1], last)
    wrong = learned(lambda q, action, margin: margin_loss(q, action, 0.0))
    assert not torch.equal(wrong[0], warm) and not torch.equal(wrong[1], last)


def test_training_goes_on_from_a_network_and_leaves_it_alone():
    network, x = small_network(), some_states()
    before = network.choose([0, 1])
    training = train_dqn(SHORT, seeds=2, records=6, network=network)
    first = next(training)
    assert first.updates == 0  # nothing is learned before learning_starts
    assert torch.equal(first.network(x), before(x))
    *_, last = training
    assert torch.equal(network(x), before(x)) and not torch.equal(last.network(x), before(x))


@pytest.mark.parametrize(
    ("size", "words"),
    [((3, 4, 2), "3 seeds"), ((2, 8, 2), "8 observations"), ((2, 4, 4), "4 actions")],
)
def test_a_network_that_does_not_fit_is_refused(size, words):
    with pytest.raises(ValueError, match=f"the network to go on from has {words}"):
        next(iter(train_dqn(SHORT, seeds=2, network=QNetwork(*size))))


def test_demonstrations_that_do_not_fit_are_refused(memory):
    def begin(config, env_id="CartPole-v1", seeds=2):
        next(iter(train_dqn(config, env_id, seeds, demonstrations=memory)))

    with pytest.raises(AttributeError, match="has no setting 'demonstration_ratio'"):
        begin(DQNConfig())
    with pytest.raises(ValueError, match="with 4 numbers in an .*; this training has 2, with 2"):
        begin(SHORT, "MountainCar-v0")
    with pytest.raises(ValueError, match="demonstrations are for 2 seeds"):
        begin(SHORT, seeds=3)


@pytest.mark.parametrize("priority", [0.0, 0.6])
def test_training_with_demonstrations_runs_with_and_without_priorities(memory, priority):
    config, parts = replace(SHORT, priority_exponent=priority), Parts(extra_loss=expert_margin())
    training = train_dqn(config, seeds=2, records=2, demonstrations=memory, parts=parts)
    *_, last = training
    assert np.isfinite(last.loss).all()


def test_a_reward_of_ones_own_reaches_the_target():
    """With a reward of 3 in place of the environment's, and no future, every value becomes 3."""
    config = replace(SHORT, discount=0.0, n_steps=1, reward_scale=1.0, steps=1200)
    parts = Parts(reward=lambda batch: torch.full_like(batch.reward, 3.0))
    *_, last = train_dqn(replace(config, learning_rate=0.01), seeds=2, records=1, parts=parts)
    assert last.q == pytest.approx([3.0, 3.0], abs=0.3)
