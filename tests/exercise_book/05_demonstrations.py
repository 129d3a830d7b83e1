"""Answers to notebook 05: a right one in another form, and wrong ones as learners write them."""

import torch
from torch.nn import functional as F


def margin_in_steps(q, action, margin=0.8):
    bonus = torch.full_like(q, margin)
    bonus.scatter_(-1, action.unsqueeze(-1), 0.0)
    best = (q + bonus).max(-1).values
    return best - torch.take_along_dim(q, action.unsqueeze(-1), -1).squeeze(-1)


def margin_for_everybody(q, action, margin):
    return (q + margin).max(-1).values - torch.take_along_dim(q, action[..., None], -1)[..., 0]


def margin_forgotten(q, action, margin):
    return q.max(-1).values - torch.take_along_dim(q, action[..., None], -1)[..., 0]


def margin_for_the_expert(q, action, margin):
    bonus = margin * F.one_hot(action, q.shape[-1])
    return (q + bonus).max(-1).values - torch.take_along_dim(q, action[..., None], -1)[..., 0]


RIGHT = {"margin_loss": margin_in_steps}

WRONG = [
    ("margin_loss", margin_for_everybody, "expert's action, too"),
    ("margin_loss", margin_forgotten, "There is no margin"),
    ("margin_loss", margin_for_the_expert, "belongs to all the others"),
]
