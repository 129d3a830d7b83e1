"""Answers to notebook 12: a right one in another form, and wrong ones as learners write them."""

import numpy as np
import torch
from torch.nn import functional as F

from course_utils.distil.robust import decision_gradient


def attack_by_its_own_gradient(network, observation, size):
    watched = observation.clone().requires_grad_()
    q = network(watched).sort(-1).values
    (q[..., -1] - q[..., -2]).sum().backward()
    return torch.where(
        watched.grad > 0, watched - size, torch.where(watched.grad < 0, watched + size, watched)
    )


def q_by_counting(layers, observation):
    x = np.asarray(observation, float)
    for k, (weight, bias) in enumerate(layers):
        x = np.einsum("...i,io->...o", x, weight) + bias
        if k < len(layers) - 1:
            x = x * (x > 0)
    return x


def attack_that_strengthens(network, observation, size):
    return observation + size * torch.sign(decision_gradient(network, observation))


def attack_by_the_gradient(network, observation, size):
    return observation - decision_gradient(network, observation) * size


def attack_without_size(network, observation, size):
    return observation - (size * decision_gradient(network, observation)).sign()


def attack_along_the_gradient(network, observation, size):
    gradient = decision_gradient(network, observation)
    return observation - size * gradient / gradient.norm(dim=-1, keepdim=True)


def attack_of_one_number(network, observation, size):
    gradient = decision_gradient(network, observation)
    largest = F.one_hot(gradient.abs().argmax(-1), gradient.shape[-1])
    return observation - size * largest * gradient.sign()


def attack_of_one_size(network, observation, size):
    return (
        observation
        - np.mean(np.asarray(size)).item() * decision_gradient(network, observation).sign()
    )


def attack_along_the_states(network, observation, size):
    size = size.reshape(-1, 1) if torch.is_tensor(size) else size
    return observation - size * decision_gradient(network, observation).sign()


def attack_that_returns_the_step(network, observation, size):
    return -torch.sign(decision_gradient(network, observation)) * size


def attack_in_place(network, observation, size):
    observation -= size * decision_gradient(network, observation).sign()
    return observation


def q_never_negative(layers, observation):
    for weight, bias in layers:
        observation = np.clip(observation @ weight + bias, 0, None)
    return observation


def q_without_relu(layers, observation):
    for weight, bias in layers:
        observation = observation @ weight + bias
    return observation


def q_without_biases(layers, observation):
    for weight, _ in layers[:-1]:
        observation = np.maximum(observation @ weight, 0)
    return observation @ layers[-1][0]


def q_with_tanh(layers, observation):
    for weight, bias in layers[:-1]:
        observation = np.tanh(np.dot(observation, weight) + bias)
    return np.dot(observation, layers[-1][0]) + layers[-1][1]


def q_with_an_early_relu(layers, observation):
    for weight, bias in layers[:-1]:
        observation = np.where(observation @ weight > 0, observation @ weight, 0) + bias
    return observation @ layers[-1][0] + layers[-1][1]


def q_with_relu_in_front(layers, observation):
    for weight, bias in layers:
        observation = np.maximum(observation, 0) @ weight + bias
    return observation


def q_with_max(layers, observation):
    for weight, bias in layers[:-1]:
        observation = np.max(observation @ weight + bias, 0)
    return observation @ layers[-1][0] + layers[-1][1]


def q_without_the_last_layer(layers, observation):
    for weight, bias in layers[:-1]:
        observation = np.maximum(observation @ weight + bias, 0)
    return observation


def q_with_torch(layers, observation):
    return torch.as_tensor(q_by_counting(layers, observation))


def q_of_transposed_weights(layers, observation):
    return q_by_counting([(weight.T, bias) for weight, bias in layers], observation)


RIGHT = {"fgsm": attack_by_its_own_gradient, "numpy_q": q_by_counting}

WRONG = [
    ("fgsm", attack_that_strengthens, "decision firmer"),
    ("fgsm", attack_by_the_gradient, "sign is missing"),
    ("fgsm", attack_without_size, "size has no effect"),
    ("fgsm", attack_along_the_gradient, "divided by its norm"),
    ("fgsm", attack_of_one_number, "Only the number with the largest"),
    ("fgsm", attack_of_one_size, "One size for all"),
    ("fgsm", attack_along_the_states, "runs along the states"),
    ("fgsm", attack_that_returns_the_step, "the step alone, with its minus"),
    ("fgsm", attack_in_place, "changes its inputs"),
    ("numpy_q", q_never_negative, "after the last layer, too"),
    ("numpy_q", q_without_relu, "ReLU is missing"),
    ("numpy_q", q_without_biases, "The biases are missing"),
    ("numpy_q", q_with_tanh, "This uses tanh: the network"),
    ("numpy_q", q_with_an_early_relu, "before the biases"),
    ("numpy_q", q_with_relu_in_front, "before the first"),
    ("numpy_q", q_with_max, "np.max"),
    ("numpy_q", q_without_the_last_layer, "last layer is left out"),
    ("numpy_q", q_with_torch, "tensor of PyTorch"),
    ("numpy_q", q_of_transposed_weights, "raised ValueError"),
]
