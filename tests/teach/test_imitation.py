"""Imitation: losses by hand and against torch, cloning that copies, DAgger's labels, DQfD's parts."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from course_utils import imitation
from course_utils.demonstrations import memory_of, record_episodes
from course_utils.dqn import train_dqn
from course_utils.evaluation import play_episodes
from course_utils.imitation import CloneConfig, DQfDConfig, behavior_cloning, cloning_loss, margin_loss, pretrain
from course_utils.learner import DQN
from course_utils.networks import QNetwork, greedy

SMALL = CloneConfig(updates=300, batch_size=32, width=16, learning_rate=0.01)
SHORT = DQfDConfig(steps=1200, learning_starts=200, width=16, batch_size=16, environments=4)


def leaning(observation):
    """Push the cart to where its pole leans, and falls."""
    return (observation[..., 2] + observation[..., 3] > 0).astype(int)


@pytest.fixture(scope="module")
def episodes():
    return record_episodes(leaning, "CartPole-v1", seeds=1, episodes=12, seed=3)[0]


@pytest.fixture
def memory(episodes):
    return memory_of([episodes[:4], episodes[4:8]], spare=100)


def test_the_cloning_loss_by_hand():
    logits = torch.tensor([1.0, 3.0]).log()  # shares 1/4 and 3/4
    assert cloning_loss(logits, torch.tensor(1)).item() == pytest.approx(np.log(4 / 3), abs=1e-6)
    assert cloning_loss(logits, torch.tensor(0)).item() == pytest.approx(np.log(4), abs=1e-6)


def test_the_cloning_loss_is_torchs_cross_entropy_with_its_gradient():
    stream = torch.Generator().manual_seed(0)
    logits = torch.randn(3, 5, 4, generator=stream, requires_grad=True)
    action = torch.randint(4, (3, 5), generator=stream)
    torchs = F.cross_entropy(logits.flatten(0, 1), action.flatten(), reduction="none").view(3, 5)
    torch.testing.assert_close(cloning_loss(logits, action), torchs)
    ours = torch.autograd.grad(cloning_loss(logits, action).sum(), logits)
    torch.testing.assert_close(ours, torch.autograd.grad(torchs.sum(), logits))


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


def test_clones_do_what_the_expert_does(memory):
    *_, last = behavior_cloning(SMALL, memory, 2, seed=0)
    assert last.updates == 300 and last.labels.shape == (2,)
    batch = memory.sample(100, 1, 1.0, torch.Generator().manual_seed(9))
    agreed = (last.network(batch.observation).argmax(-1) == batch.action).float().mean(-1)
    assert (agreed > 0.85).all()
    assert play_episodes(greedy(last.network), "CartPole-v1", 2, 10).mean() > 100  # by chance: 22


def test_a_clone_is_the_same_alone_and_beside_others(episodes):
    alone = memory_of([episodes[:4], episodes[:4]])
    beside = memory_of([episodes[:4], episodes[4:8]])
    networks = []
    for memory in (alone, beside):
        memory.written.fill_(int(memory.written.min()))  # equal lengths draw equal rows
        *_, last = behavior_cloning(SMALL, memory, 2, seed=0)
        networks.append(last.network.choose([0]))
    x = torch.randn(1, 7, 4, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(networks[0](x), networks[1](x))


def test_cloning_goes_on_with_a_network(memory):
    *_, first = behavior_cloning(SMALL, memory, 2, seed=0)
    before = first.network.choose([0, 1])
    *_, longer = behavior_cloning(SMALL, memory, 2, seed=1, network=first.network)
    x = torch.randn(2, 5, 4)
    assert torch.equal(first.network(x), before(x)) and not torch.equal(longer.network(x), before(x))
    assert longer.loss.mean() < first.loss.mean() + 0.1
    with pytest.raises(ValueError, match="the network to go on from has 1 seeds"):
        next(iter(behavior_cloning(SMALL, memory, 2, network=first.network.choose([0]))))


def test_dagger_asks_the_expert_where_the_clone_goes(episodes):
    memory = memory_of([episodes[:1], episodes[1:2]], spare=100, most=40)
    asked = []

    def expert(observation):
        asked.append(observation)
        return leaning(observation)

    config = replace(SMALL, batch_size=16, updates=50)
    told = list(imitation.dagger(config, "CartPole-v1", expert, memory, 2, rounds=2, labels=20, seed=0))
    assert [progress.labels.tolist() for progress in told] == [[40, 40], [60, 60], [80, 80]]
    assert [states.shape for states in asked] == [(2, 20, 4)] * 2
    for turn, states in enumerate(asked):
        for seed in range(2):
            rows = memory.first_slot[seed] + torch.arange(40 + 20 * turn, 60 + 20 * turn)
            np.testing.assert_array_equal(memory.observation[rows], states[seed])
            np.testing.assert_array_equal(memory.action[rows], leaning(states[seed]))


def test_dagger_without_room_is_refused(episodes):
    memory = memory_of([episodes[:1]], spare=39)
    with pytest.raises(ValueError, match="no room for 2 · 20 more labels"):
        next(iter(imitation.dagger(SMALL, "CartPole-v1", leaning, memory, 2, rounds=2, labels=20)))


def test_a_batch_holds_the_demonstrations_share(memory):
    config = replace(SHORT, demonstration_ratio=0.25)
    learner = DQN(config, QNetwork(2, 4, 2, width=16), 0, demonstrations=memory)
    rows = {"observation": np.full((8, 4), 7.0), "next_observation": np.zeros((8, 4)), "action": np.zeros(8)}
    rows |= {"reward": np.ones(8), "terminated": np.zeros(8, bool), "done": np.zeros(8, bool)}
    for _ in range(6):
        learner.remember(np.ones(8, bool), **rows)
    batch = learner.draw()
    assert batch.demonstrated.sum(-1).tolist() == [4, 4]
    own = (batch.observation == 7).all(-1)
    assert torch.equal(own, batch.demonstrated == 0)


def test_the_margin_counts_demonstrations_only_and_fades(memory):
    config = replace(SHORT, margin_until=0.5, margin_weight=2.0)
    learner = DQN(config, QNetwork(2, 4, 2, width=16), 0)
    batch = memory.sample(16, 1, 0.9, torch.Generator().manual_seed(0))
    batch = batch._replace(demonstrated=torch.arange(16).expand(2, 16) % 2)
    q = torch.randn(2, 16, 2, generator=torch.Generator().manual_seed(1))
    by_hand = 2.0 * (margin_loss(q, batch.action, 0.8) * batch.demonstrated).sum(-1) / 16
    for step, left in ((0, 1.0), (300, 0.5), (600, 0.0), (1200, 0.0)):
        learner.step = step
        torch.testing.assert_close(imitation.expert_margin(learner, q, batch), left * by_hand)
    config.margin_until = 0
    torch.testing.assert_close(imitation.expert_margin(learner, q, batch), by_hand)


def test_pretraining_prefers_the_experts_actions_and_leaves_its_input_alone(memory):
    config = replace(SHORT, learning_rate=0.01, n_steps=5)
    network = QNetwork(2, 4, 2, width=16, generator=torch.Generator().manual_seed(0))
    before = network.choose([0, 1])
    *_, (updates, loss, trained) = pretrain(config, memory, network, 900, records=3)
    assert updates == 900 and loss.shape == (2,)
    x = torch.randn(2, 5, 4)
    assert torch.equal(network(x), before(x))
    batch = memory.sample(100, 1, 1.0, torch.Generator().manual_seed(9))
    agreed = (trained(batch.observation).argmax(-1) == batch.action).float().mean(-1)
    assert (agreed > 0.85).all()


def test_training_goes_on_from_a_network_and_leaves_it_alone(memory):
    network = QNetwork(2, 4, 2, width=16, generator=torch.Generator().manual_seed(0))
    before = network.choose([0, 1])
    first = next(iter(train_dqn(SHORT, seeds=2, records=12, network=network)))
    assert first.updates == 0  # nothing is learned before learning_starts
    x = torch.randn(2, 5, 4)
    assert torch.equal(first.network(x), before(x))
    *_, last = train_dqn(SHORT, seeds=2, records=1, network=network)
    assert torch.equal(network(x), before(x)) and not torch.equal(last.network(x), before(x))


@pytest.mark.parametrize(("shape", "words"), [((3, 4, 2), "3 seeds"), ((2, 8, 2), "8 observations"),
                                              ((2, 4, 4), "4 actions")])  # fmt: skip
def test_a_network_that_does_not_fit_is_refused(shape, words):
    with pytest.raises(ValueError, match=f"the network to go on from has {words}"):
        next(iter(train_dqn(SHORT, seeds=2, network=QNetwork(*shape))))


def test_demonstrations_without_a_ratio_are_refused(memory):
    from course_utils.dqn import DQNConfig

    with pytest.raises(TypeError, match="DQfDConfig"):
        next(iter(train_dqn(DQNConfig(), seeds=2, demonstrations=memory)))


def test_demonstrations_of_another_environment_are_refused(memory):
    with pytest.raises(ValueError, match="have 4 numbers in an observation, MountainCar-v0 has 2"):
        next(iter(train_dqn(SHORT, "MountainCar-v0", seeds=2, demonstrations=memory)))


def test_an_action_that_does_not_exist_is_refused(memory):
    memory.action[3] = 2
    with pytest.raises(ValueError, match="hold action 2; there are the actions 0 to 1"):
        next(iter(behavior_cloning(SMALL, memory, 2)))


def test_demonstrations_of_another_number_of_seeds_are_refused(memory):
    with pytest.raises(ValueError, match="demonstrations for 2 seeds"):
        next(iter(train_dqn(SHORT, seeds=3, demonstrations=memory)))


@pytest.mark.parametrize("priority", [0.0, 0.6])
def test_training_with_demonstrations_runs_with_and_without_priorities(memory, priority):
    config = replace(SHORT, priority_exponent=priority)
    *_, last = train_dqn(config, seeds=2, records=2, demonstrations=memory, extra_loss=imitation.expert_margin)
    assert np.isfinite(last.loss).all()


def test_a_reward_of_ones_own_reaches_the_target():
    """With a reward of 3 in place of the environment's, and no future, every value becomes 3."""
    config = replace(SHORT, discount=0.0, n_steps=1, reward_scale=1.0, steps=4000)
    *_, last = train_dqn(config, seeds=2, records=1, reward=lambda batch: torch.full_like(batch.reward, 3.0))
    assert last.q == pytest.approx([3.0, 3.0], abs=0.3)
