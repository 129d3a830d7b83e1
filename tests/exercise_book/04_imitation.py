"""Answers to notebook 04: a right one in another form, and wrong ones as learners write them."""

import torch
from torch.nn import functional as F

from tests.exercise_book.by_hand import surprise_by_hand


def surprise_with_the_wrong_sign(logits, action):
    return torch.log_softmax(logits, -1).gather(-1, action[..., None]).squeeze(-1)


def surprise_averaged(logits, action):
    return F.cross_entropy(logits.reshape(-1, logits.shape[-1]), action.reshape(-1))


def surprise_without_gradient(logits, action):
    return surprise_by_hand(logits.detach(), action)


def surprise_by_log_of_softmax(logits, action):
    shares = torch.softmax(logits, -1)
    return -torch.log(torch.take_along_dim(shares, action[..., None], -1))[..., 0]


RIGHT = {"cloning_loss": surprise_by_hand}

WRONG = [
    ("cloning_loss", surprise_with_the_wrong_sign, "sign is wrong"),
    ("cloning_loss", surprise_averaged, "mean over the batch"),
    ("cloning_loss", surprise_without_gradient, "carries no gradient"),
    ("cloning_loss", surprise_by_log_of_softmax, "use log_softmax"),
]
