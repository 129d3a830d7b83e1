"""The seed-batched network computes what S separate networks would."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from course_utils.networks import (
    QNetwork,
    SeedLinear,
    dueling_q,
    greedy,
    learning_part,
    trembling,
    update_target,
)

STREAM = torch.Generator().manual_seed(0)


def observations(seeds, batch=7, size=4):
    return torch.randn(seeds, batch, size, generator=STREAM)


def test_each_seed_is_a_linear_layer_of_its_own():
    layer = SeedLinear(3, 4, 5, STREAM)
    x = observations(3)
    for seed in range(3):
        alone = nn.Linear(4, 5)
        alone.weight.data, alone.bias.data = layer.weight[seed].T, layer.bias[seed, 0]
        torch.testing.assert_close(layer(x)[seed], alone(x[seed]))


def test_the_first_weights_have_the_spread_of_a_linear_layer():
    layer = SeedLinear(50, 16, 40, STREAM)
    assert layer.weight.abs().max() <= 1 / 4
    assert abs(layer.weight.std() - 0.25 / 3**0.5) < 0.002
    assert not torch.equal(layer.weight[0], layer.weight[1])


@pytest.mark.parametrize("layer_norm", [False, True])
def test_a_network_is_linear_norm_relu_linear(layer_norm):
    network = QNetwork(
        2, 4, 3, width=8, layer_norm=layer_norm, observation_scale=[1.0, 2.0, 3.0, 4.0]
    )
    x = observations(2)
    h = x * torch.tensor([1.0, 2.0, 3.0, 4.0])
    for layer in network.hidden:
        h = layer(h)
        h = F.relu(F.layer_norm(h, (8,)) if layer_norm else h)
    torch.testing.assert_close(network(x), network.head(h))


@pytest.mark.parametrize("dueling", [False, True])
def test_the_loss_of_one_seed_has_no_gradient_in_anothers_weights(dueling):
    network = QNetwork(3, 4, 2, width=8, dueling=dueling)
    network(observations(3))[1].square().sum().backward()
    for parameter in network.parameters():
        assert parameter.grad[[0, 2]].abs().max() == 0
        assert parameter.grad[1].abs().max() > 0


def test_dueling_values():
    value, advantage = torch.tensor([[2.0]]), torch.tensor([[1.0, 2.0, 6.0]])
    assert dueling_q(value, advantage).tolist() == [[0.0, 1.0, 5.0]]
    torch.testing.assert_close(dueling_q(value, advantage + 10), dueling_q(value, advantage))
    assert dueling_q(value, advantage).mean() == 2


def test_a_chosen_seed_answers_as_before_and_is_a_copy():
    network = QNetwork(4, 4, 2, dueling=True)
    x = observations(4)
    chosen = network.choose([2, 0])
    assert chosen.seeds == 2
    torch.testing.assert_close(chosen(x[[2, 0]]), network(x)[[2, 0]])
    chosen.value_head.bias.data += 1
    assert not torch.allclose(chosen(x[[2, 0]]), network(x)[[2, 0]])


def test_counts_the_numbers_of_one_seed():
    assert (
        QNetwork(5, 8, 4, width=128).parameters_of_one()
        == 8 * 128 + 128 + 128 * 128 + 128 + 128 * 4 + 4
    )


def test_targets_move_a_part_of_the_way():
    online, target = QNetwork(2, 4, 2), QNetwork(2, 4, 2)
    before = target.head.weight.clone()
    update_target(target, online, 0.1)
    torch.testing.assert_close(target.head.weight, 0.9 * before + 0.1 * online.head.weight)
    update_target(target, online, 1)
    for ours, theirs in zip(target.parameters(), online.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_each_task_has_a_last_layer_above_the_same_hidden_ones():
    network = QNetwork(2, 4, 3, width=8, heads=2)
    x = observations(2)
    units = network.units(x)[-1]
    assert network(x).shape == (2, 7, 3)
    assert torch.equal(network(x), network.head(units))
    assert torch.equal(network(x, 1), network.other_heads[0](units))
    assert not torch.equal(network(x), network(x, 1))
    network.task = 1
    assert torch.equal(network(x), network(x, 1))
    network(x).sum().backward()
    assert network.head.weight.grad is None
    assert network.other_heads[0].weight.grad.abs().max() > 0
    for task in (2, -1):
        with pytest.raises(ValueError, match=f"this network has no head {task}: it has 2"):
            network(x, task)


def test_a_single_head_answers_every_task():
    network, x = QNetwork(2, 4, 3, width=8), observations(2)
    network.task = 5
    assert torch.equal(network(x), network(x, 0)) and torch.equal(network(x, 7), network(x, 0))


def test_what_learns_and_what_does_not():
    network = QNetwork(2, 4, 3, width=8)
    network.hidden.requires_grad_(False)
    assert learning_part(network).keys() == {"head.weight", "head.bias"}
    assert learning_part(network)["head.bias"] is network.head.bias
    assert all(name.startswith("hidden.") for name in learning_part(network, False))


def test_greedy_actions_are_the_best_of_those_there_are():
    network = QNetwork(2, 4, 3, width=8, heads=2)
    x = observations(2)
    assert np.array_equal(greedy(network)(x), network(x).argmax(-1))
    assert np.array_equal(greedy(network, 1)(x.numpy()), network(x, 1).argmax(-1))


def test_a_trembling_agent_takes_a_random_action_in_a_share_of_the_steps():
    def act(observation):
        return np.zeros(observation.shape[:2], int)

    shaken = trembling(act, 0.4, 4, np.random.default_rng(0))(np.zeros((10, 1000, 4)))
    shares = np.bincount(shaken.ravel(), minlength=4) / shaken.size
    assert np.allclose(shares, [0.7, 0.1, 0.1, 0.1], atol=0.015)
    assert not trembling(act, 0.0, 4, np.random.default_rng(0))(np.zeros((2, 5, 4))).any()


def test_agents_are_chosen_by_numbers_or_by_a_mask():
    network, wanted = QNetwork(3, 4, 2, width=8), [2, 0]
    for chosen in (wanted, np.array(wanted), torch.tensor(wanted), [-1, -3]):
        assert torch.equal(network.choose(chosen).head.bias, network.head.bias[wanted])
    mask = network.choose(np.array([True, False, True]))
    assert mask.seeds == 2 and torch.equal(mask.head.bias, network.head.bias[[0, 2]])
