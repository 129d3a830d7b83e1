"""Imitation: the loss by hand and against torch, cloning that copies, DAgger's labels."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from course_utils import envs
from course_utils.evaluation import play_episodes
from course_utils.losses import cloning_loss
from course_utils.networks import greedy
from course_utils.teach.demonstrations import memory_of
from course_utils.teach.imitation import CloneConfig, behavior_cloning, dagger

SMALL = CloneConfig(updates=200, batch_size=32, width=16, learning_rate=0.01)
TINY = replace(SMALL, updates=40, batch_size=16)


def some_states(seeds, size):
    return torch.randn(seeds, size, 4, generator=torch.Generator().manual_seed(0))


def weights(progress):
    return torch.cat([parameter.detach().flatten() for parameter in progress.network.parameters()])


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


def test_clones_do_what_the_expert_does(memory):
    *_, last = behavior_cloning(SMALL, memory, 2, seed=0)
    assert last.updates == 200 and last.labels.shape == (2,)
    batch = memory.sample(100, 1, 1.0, torch.Generator().manual_seed(9))
    agreed = (last.network(batch.observation).argmax(-1) == batch.action).float().mean(-1)
    assert (agreed > 0.75).all()  # of 40 clones the least agreed in 82 %
    played = play_episodes(greedy(last.network), "CartPole-v1", 2, 10)
    assert played.mean() > 100  # by chance: 22


def test_a_clone_is_the_same_alone_and_beside_others(shown):
    alone = memory_of([shown[:4], shown[:4]])
    beside = memory_of([shown[:4], shown[4:8]])
    networks = []
    for memory in (alone, beside):
        memory.written.fill_(int(memory.written.min()))  # equal lengths draw equal rows
        *_, last = behavior_cloning(TINY, memory, 2, seed=0)
        networks.append(last.network.choose([0]))
    x = some_states(1, 7)
    torch.testing.assert_close(networks[0](x), networks[1](x))


def test_cloning_goes_on_with_a_network(memory):
    *_, first = behavior_cloning(TINY, memory, 2, seed=0)
    before = first.network.choose([0, 1])
    *_, longer = behavior_cloning(TINY, memory, 2, seed=1, network=first.network)
    x = some_states(2, 5)
    assert torch.equal(first.network(x), before(x))
    assert not torch.equal(longer.network(x), before(x))
    assert longer.loss.mean() < first.loss.mean() + 0.1
    with pytest.raises(ValueError, match="the network to go on from has 1 seeds"):
        next(iter(behavior_cloning(TINY, memory, 2, network=first.network.choose([0]))))


def test_a_loss_of_ones_own_makes_the_clone(memory):
    *_, ours = behavior_cloning(TINY, memory, 2, records=1)
    *_, same = behavior_cloning(TINY, memory, 2, records=1, loss=lambda q, a: cloning_loss(q, a))
    *_, wrong = behavior_cloning(TINY, memory, 2, records=1, loss=lambda q, a: -cloning_loss(q, a))
    assert torch.equal(weights(same), weights(ours))
    assert not torch.equal(weights(wrong), weights(ours))


def test_weights_and_batches_have_streams_of_their_own(memory):
    def learned(seed, updates=40):
        *_, last = behavior_cloning(replace(TINY, updates=updates), memory, 2, seed=seed)
        return weights(last)

    assert torch.equal(learned(3), learned((3, 3 + 10**9)))
    assert not torch.equal(learned(3), learned((3, 3)))
    # The pair's first number decides the first weights: one small step leaves them near.
    assert (learned(3, 1) - learned((3, 9), 1)).abs().max() < 0.05
    assert (learned(3, 1) - learned((4, 9), 1)).abs().max() > 0.1


@pytest.mark.parametrize("seed", range(3))
def test_no_round_of_dagger_plays_the_episodes_of_the_test(shown, leaning, monkeypatch, seed):
    played, play = [], envs.play

    def noted(act, env_id, seeds, copies, start, **arguments):
        played.append(start)
        return play(act, env_id, seeds, copies, start, **arguments)

    monkeypatch.setattr(envs, "play", noted)
    memory = memory_of([shown[:1]], spare=30, most=40)
    settings = {"rounds": 3, "labels": 10, "seed": seed}
    *_, last = dagger(TINY, "CartPole-v1", leaning, memory, 2, **settings)
    play_episodes(greedy(last.network), "CartPole-v1", 1, 10, seed)
    assert len(played) == len(set(played)) == 4


def test_dagger_asks_the_expert_where_the_clone_goes(shown, leaning):
    memory = memory_of([shown[:1], shown[1:2]], spare=100, most=40)
    asked = []

    def expert(observation):
        asked.append(observation)
        return leaning(observation)

    training = dagger(TINY, "CartPole-v1", expert, memory, 2, rounds=2, labels=20, seed=0)
    labels = [progress.labels.tolist() for progress in training]
    assert labels == [[40, 40], [60, 60], [80, 80]]
    assert [states.shape for states in asked] == [(2, 20, 4)] * 2
    for turn, states in enumerate(asked):
        for seed in range(2):
            rows = memory.first_slot[seed] + torch.arange(40 + 20 * turn, 60 + 20 * turn)
            np.testing.assert_array_equal(memory.observation[rows], states[seed])
            np.testing.assert_array_equal(memory.action[rows], leaning(states[seed]))


def test_a_loss_of_ones_own_makes_the_clone_of_dagger(shown, leaning):
    def asked_once(**loss):
        memory = memory_of([shown[:1]], spare=20, most=40)
        settings = {"rounds": 1, "labels": 20} | loss
        *_, last = dagger(TINY, "CartPole-v1", leaning, memory, 2, **settings)
        return weights(last)

    assert torch.equal(asked_once(loss=lambda q, a: cloning_loss(q, a)), asked_once())
    assert not torch.equal(asked_once(loss=lambda q, a: 2 * cloning_loss(q, a)), asked_once())


def test_dagger_without_room_is_refused(shown, leaning):
    memory = memory_of([shown[:1]], spare=39)
    with pytest.raises(ValueError, match="no room for 2 · 20 more labels"):
        next(iter(dagger(SMALL, "CartPole-v1", leaning, memory, 2, rounds=2, labels=20)))


def test_an_action_that_does_not_exist_is_refused(memory):
    memory.action += 1
    with pytest.raises(ValueError, match="of actions that there are"):
        next(iter(behavior_cloning(SMALL, memory, 2)))
