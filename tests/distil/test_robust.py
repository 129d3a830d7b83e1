"""Disturbances do what they say; the attack is the strongest where a network is linear."""

import numpy as np
import pytest
import torch

from course_utils.distil.robust import attacked, decision_gradient, delayed, fgsm, noisy
from course_utils.networks import QNetwork, greedy


@pytest.fixture
def network():
    return QNetwork(2, 4, 3, width=8, layer_norm=False, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def observation():
    return torch.randn(2, 50, 4, generator=torch.Generator().manual_seed(2))


def test_delayed_actions_come_late():
    act = delayed(lambda observation: observation, 2)
    assert [int(act(np.array(t))) for t in (5, 6, 7, 8)] == [0, 0, 5, 6]
    at_once = delayed(lambda observation: observation, 0)
    assert [int(at_once(np.array(t))) for t in (5, 6)] == [5, 6]


def test_noise_has_the_size_that_was_asked_for():
    size, stream = np.array([0.0, 0.5, 2.0]), np.random.default_rng(1)
    seen = noisy(lambda observation: observation, size, stream)(np.ones((5, 4000, 3)))
    assert seen.dtype == np.float32
    assert np.allclose(seen.std((0, 1)), [0, 0.5, 2], rtol=0.03)
    assert np.allclose(seen.mean((0, 1)), 1, atol=0.06)


def test_the_decision_gradient_equals_finite_differences(network, observation):
    found = decision_gradient(network, observation)

    def lead(x):
        best, second = network(x).detach().topk(2).values.unbind(-1)
        return best - second

    for number in range(4):
        step = torch.zeros(4)
        step[number] = 1e-3
        slope = (lead(observation + step) - lead(observation - step)) / 2e-3
        close = (slope - found[..., number]).abs() < 1e-2  # but for the few states at a kink
        assert close.float().mean() > 0.95


def test_no_other_corner_of_the_box_is_worse_where_the_network_is_linear(network, observation):
    size = torch.tensor([1e-3, 2e-3, 0.0, 1e-3])
    best = network(observation).detach().argmax(-1, keepdim=True)

    def lead(x):
        q = network(x).detach()
        own = q.gather(-1, best)
        second = network(observation).detach().topk(2).indices[..., 1:]
        return (own - q.gather(-1, second))[..., 0]

    attack = fgsm(network, observation, size)
    assert ((attack - observation).abs() <= size + 1e-6).all()
    for signs in torch.cartesian_prod(*[torch.tensor([-1.0, 1.0])] * 4):
        assert (lead(attack) <= lead(observation + signs * size) + 1e-5).float().mean() > 0.95
    assert (lead(attack) < lead(observation)).float().mean() > 0.95


def test_an_attack_of_size_0_changes_nothing_and_a_large_one_does(network, observation):
    calm = greedy(network)(observation)
    assert np.array_equal(attacked(network, 0.0)(observation.numpy()), calm)
    signs = torch.randn(observation.shape, generator=torch.Generator().manual_seed(3)).sign()
    by_chance = greedy(network)(observation + 0.3 * signs)
    assert (attacked(network, 0.3)(observation.numpy()) != calm).mean() > (by_chance != calm).mean()


def test_a_learners_attack_is_what_deceives(network, observation):
    """The module's own, handed in, takes the same actions; a step the other way deceives less."""

    def helpful(network, observation, size):
        return fgsm(network, observation, -size)

    seen, calm = observation.numpy(), greedy(network)(observation)
    own = attacked(network, 0.3)(seen)
    assert np.array_equal(attacked(network, 0.3, fgsm)(seen), own)
    helped = attacked(network, 0.3, helpful)(seen)
    assert (helped != calm).mean() < 0.5 * (own != calm).mean()
