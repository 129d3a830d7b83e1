"""Formulas written out that answers to several notebooks share."""

import torch
from torch.nn import functional as F


def surprise_by_hand(logits, action):
    shifted = logits - logits.max(-1, keepdim=True).values
    log_sum = torch.log(torch.exp(shifted).sum(-1))
    return log_sum - torch.take_along_dim(shifted, action.unsqueeze(-1), -1).squeeze(-1)


def divergence_by_torch(student, teacher, temperature=1.0):
    wanted = torch.softmax(teacher / temperature, -1)
    return F.kl_div(torch.log_softmax(student, -1), wanted, reduction="none").sum(-1)
