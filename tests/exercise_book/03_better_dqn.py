"""Answers to notebook 03: a right one in another form, and wrong ones as learners write them."""

import numpy as np
import torch
from torch.nn import functional as F


def double_with_one_hot(target_q, online_q):
    chosen = F.one_hot(online_q.argmax(-1), online_q.shape[-1])
    return (chosen * target_q).sum(-1, keepdim=True)


def dueling_by_parts(value, advantage):
    centered = advantage - advantage.sum(dim=-1, keepdim=True) / advantage.shape[-1]
    return value + centered


def weights_by_logarithm(probability, size, exponent):
    logarithm = -exponent * torch.log(size * probability)
    return torch.exp(logarithm - logarithm.max(dim=-1, keepdim=True).values)


def middle_half(values):
    cut = len(values) // 4
    return np.mean(np.sort(np.asarray(values), axis=0)[cut : len(values) - cut], axis=0)


def rounded_middle(values):
    cut = round(len(values) / 4)
    return np.sort(np.asarray(values), axis=0)[cut : len(values) - cut].mean(axis=0)


def dueling_of_four(value, advantage):
    return value + advantage - advantage.sum(-1, keepdim=True) / 4


def dueling_lost_axis(value, advantage):
    return value + advantage - advantage.mean(-1)


def double_plain(target_q, online_q):
    return target_q.max(-1, keepdim=True).values


def double_exchanged(target_q, online_q):
    return double_with_one_hot(online_q, target_q)


def double_online_only(target_q, online_q):
    return online_q.max(-1, keepdim=True).values


def dueling_sum(value, advantage):
    return advantage + value


def dueling_maximum(value, advantage):
    return value + (advantage - advantage.max(-1, keepdim=True).values)


def dueling_mean_of_all(value, advantage):
    return value + advantage - torch.mean(advantage)


def weights_raw(probability, size, exponent):
    return 1 / (size * probability) ** exponent


def weights_upside_down(probability, size, exponent):
    weight = (size * probability) ** exponent
    return weight / weight.max(-1, keepdim=True).values


def weights_full(probability, size, exponent):
    weight = 1 / (size * probability)
    return weight / weight.max(-1, keepdim=True).values


def weights_by_probability(probability, size, exponent):
    return (size * probability) ** -exponent / probability.max(-1, keepdim=True).values


def middle_to_minus_zero(values):
    cut = len(values) // 4
    kept = np.sort(values, axis=0)[cut:-cut]
    return kept.mean(axis=0) if len(kept) else values[0] * np.nan  # as NumPy does, with a warning


def plain_mean(values):
    return np.asarray(values).mean(axis=0)


def plain_median(values):
    return np.quantile(values, 0.5, axis=0)


def unsorted_middle(values):
    cut = len(values) // 4
    return np.mean(values[cut : len(values) - cut], axis=0)


RIGHT = {
    "double_q": double_with_one_hot,
    "dueling_q": dueling_by_parts,
    "importance_weights": weights_by_logarithm,
    "interquartile_mean": middle_half,
}

WRONG = [
    ("double_q", double_plain, "ordinary maximum"),
    ("double_q", double_exchanged, "are exchanged"),
    ("double_q", double_online_only, "online network both chooses and values"),
    ("dueling_q", dueling_of_four, "it gives|entry"),
    ("dueling_q", dueling_lost_axis, "keepdim=True"),
    ("dueling_q", dueling_sum, "The mean is missing"),
    ("dueling_q", dueling_maximum, "maximum is taken away"),
    ("dueling_q", dueling_mean_of_all, "everything at once"),
    ("importance_weights", weights_raw, "not divided by the largest"),
    ("importance_weights", weights_upside_down, "sign of the exponent"),
    ("importance_weights", weights_full, "exponent is missing"),
    ("importance_weights", weights_by_probability, "largest probability"),
    ("interquartile_mean", middle_to_minus_zero, "is empty"),
    ("interquartile_mean", rounded_middle, "cut is rounded"),
    ("interquartile_mean", plain_mean, "plain mean"),
    ("interquartile_mean", plain_median, "median"),
    ("interquartile_mean", unsorted_middle, "not sorted"),
]
