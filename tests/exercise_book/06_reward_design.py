"""Answers to notebook 06: a right one in another form, and wrong ones as learners write them."""

import numpy as np
import torch


def shaping_with_where(potential, next_potential, terminated, discount):
    where = torch.where if torch.is_tensor(terminated) else np.where
    return where(terminated == 1, -potential, discount * next_potential - potential)


def soft_value_shifted(q, temperature):
    top = q.max(-1).values
    return top + temperature * torch.log(torch.exp((q - top[..., None]) / temperature).sum(-1))


def shaping_without_mask(potential, next_potential, terminated, discount):
    return discount * next_potential - potential


def shaping_turned_round(potential, next_potential, terminated, discount):
    return potential - discount * next_potential * (1 - terminated)


def shaping_with_tilde(potential, next_potential, terminated, discount):
    if terminated.dtype == bool:
        return discount * ~terminated * next_potential  # and forgets the old one
    return discount * (terminated == 0) * next_potential


def soft_value_without_tau(q, temperature):
    return torch.logsumexp(q / temperature, -1)


def soft_value_overflowing(q, temperature):
    return temperature * torch.log(torch.sum(torch.exp(q / temperature), -1))


def soft_value_as_a_mean(q, temperature):
    return torch.sum(torch.softmax(q / temperature, -1) * q, -1)


def shaping_with_numpy_alone(potential, next_potential, terminated, discount):
    return np.where(terminated, 0.0, discount * next_potential) - potential


def shaping_with_invert(potential, next_potential, terminated, discount):
    return discount * ~terminated * next_potential - potential


RIGHT = {"shaping_reward": shaping_with_where, "soft_value": soft_value_shifted}

WRONG = [
    ("shaping_reward", shaping_without_mask, "terminal state counts"),
    ("shaping_reward", shaping_turned_round, "turned round"),
    ("shaping_reward", shaping_with_tilde, "old potential is left out"),
    ("shaping_reward", shaping_with_numpy_alone, "a tensor of PyTorch|NumPy and PyTorch"),
    ("shaping_reward", shaping_with_invert, "True and False .* 1 - "),
    ("soft_value", soft_value_without_tau, "in front is missing"),
    ("soft_value", soft_value_overflowing, "overflows"),
    ("soft_value", soft_value_as_a_mean, "mean under the softmax"),
]
