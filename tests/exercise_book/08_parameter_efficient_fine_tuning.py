"""Answers to notebook 08: a right one in another form, and wrong ones as learners write them."""

import torch


def change_by_einsum(a, b, alpha):
    return torch.einsum("...ir,...ro->...io", a, b) * (alpha / b.shape[-2])


def change_without_rank(a, b, alpha):
    return torch.matmul(a, b) * alpha


def change_without_alpha(a, b, alpha):
    return torch.matmul(a, b) / b.shape[-2]


def change_by_inputs(a, b, alpha):
    return torch.matmul(a, b) * alpha / a.size(-2)


def change_by_second_size(a, b, alpha):
    return alpha / a.size(1) * a @ b


def change_by_length_of_b(a, b, alpha):
    return alpha / len(b) * a @ b


RIGHT = {"low_rank_change": change_by_einsum}

WRONG = [
    ("low_rank_change", change_without_rank, "division by the rank is missing"),
    ("low_rank_change", change_without_alpha, "α is left out"),
    ("low_rank_change", change_by_inputs, "number of inputs"),
    ("low_rank_change", change_by_second_size, "no axis for the seeds"),
    ("low_rank_change", change_by_length_of_b, "first size of B"),
]
