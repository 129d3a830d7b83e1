"""Answers to notebook 02: a right one in another form, and wrong ones as learners write them."""

import torch
from torch.nn import functional as F


def torch_target_with_where(reward, terminated, next_q, discount):
    with torch.no_grad():
        return torch.where(terminated == 1, reward, reward + discount * next_q.max(dim=-1).values)


@torch.no_grad()
def refresh_with_state_dict(target, online, rate):
    mine, theirs = target.state_dict(), online.state_dict()
    target.load_state_dict({name: (1 - rate) * mine[name] + rate * theirs[name] for name in mine})


def n_steps_with_a_loop(reward, done, discount):
    total, k, going = (
        torch.zeros_like(reward[..., 0]),
        torch.zeros_like(reward[..., 0]),
        torch.ones_like(done[..., 0]),
    )
    for i in range(reward.shape[-1]):
        total = total + going * discount**i * reward[..., i]
        k = k + going
        going = going & ~done[..., i]
    return total, k


def torch_target_without_mask(reward, terminated, next_q, discount):
    return (reward + discount * next_q.max(-1)[0]).detach()


def torch_target_masking_all(reward, terminated, next_q, discount):
    return ((1 - terminated) * (reward + discount * next_q.max(-1)[0])).detach()


def torch_target_of_the_mean(reward, terminated, next_q, discount):
    return (reward + (1 - terminated) * discount * next_q.mean(-1)).detach()


def torch_target_with_gradient(reward, terminated, next_q, discount):
    return reward + discount * (1 - terminated) * next_q.amax(-1)


@torch.no_grad()
def refresh_exchanged(target, online, rate):
    for p, q in zip(target.parameters(), online.parameters(), strict=True):
        p.data = rate * p.data + (1 - rate) * q.data


@torch.no_grad()
def refresh_what_learns(target, online, rate):
    for t, o in zip(target.parameters(), online.parameters(), strict=True):
        if t.requires_grad:
            t.lerp_(o, rate)


@torch.no_grad()
def refresh_linear_layers(target, online, rate):
    for t, o in zip(target.modules(), online.modules(), strict=True):
        if isinstance(t, torch.nn.Linear):
            t.weight.lerp_(o.weight, rate)


def refresh_with_gradient(target, online, rate):
    for t, o in zip(target.parameters(), online.parameters(), strict=True):
        t.mul_(1 - rate).add_(rate * o)


def refresh_always_copies(target, online, rate):
    target.load_state_dict(online.state_dict())


def refresh_the_wrong_one(target, online, rate):
    for p, q in zip(target.parameters(), online.parameters(), strict=True):
        q.data = (1 - rate) * q.data + rate * p.data


@torch.no_grad()
def refresh_a_new_name(target, online, rate):
    for p, q in zip(target.parameters(), online.parameters(), strict=True):
        p = (1 - rate) * p + rate * q


def n_steps_looking_one_back(reward, done, discount):
    before = F.pad(done[..., :-1].float(), (1, 0))
    return ((1 - before) * discount ** torch.arange(reward.shape[-1]) * reward).sum(-1), (
        1 - before
    ).sum(-1)


def torch_target_never_below_zero(reward, terminated, next_q, discount):
    return (reward + discount * (1 - terminated) * next_q.amax(-1).clamp(min=0)).detach()


def refresh_shares(target, online, rate):
    for p, q in zip(target.parameters(), online.parameters(), strict=True):
        p.data = q.data


def n_steps_across_episodes(reward, done, discount):
    total = sum(discount**i * reward[..., i] for i in range(reward.shape[-1]))
    return total, torch.full(total.shape, reward.shape[-1])


def n_steps_without_the_last(reward, done, discount):
    alive = torch.cumprod(1 - done.float(), -1)
    return (alive * discount ** torch.arange(reward.shape[-1]) * reward).sum(-1), alive.sum(-1)


def n_steps_always_n(reward, done, discount):
    total, k = n_steps_with_a_loop(reward, done, discount)
    return total, torch.full_like(k, reward.shape[-1])


def n_steps_sum_only(reward, done, discount):
    return n_steps_with_a_loop(reward, done, discount)[0]


RIGHT = {
    "td_target": torch_target_with_where,
    "update_target": refresh_with_state_dict,
    "n_step_return": n_steps_with_a_loop,
}

WRONG = [
    ("td_target", torch_target_without_mask, "terminal mask is missing"),
    ("td_target", torch_target_masking_all, "also removes the reward"),
    ("td_target", torch_target_of_the_mean, "averages over the next actions"),
    ("td_target", torch_target_with_gradient, "carries a gradient"),
    ("td_target", torch_target_never_below_zero, "it gives|entry"),
    ("update_target", refresh_exchanged, "are exchanged"),
    ("update_target", refresh_always_copies, "copies the online network whatever"),
    ("update_target", refresh_the_wrong_one, "online network has changed"),
    ("update_target", refresh_what_learns, "."),
    ("update_target", refresh_linear_layers, "."),
    ("update_target", refresh_with_gradient, "no_grad"),
    ("update_target", refresh_shares, "share their numbers"),
    ("update_target", refresh_a_new_name, "only gives the number a new name"),
    ("n_step_return", n_steps_looking_one_back, "Use cumprod"),
    ("n_step_return", n_steps_across_episodes, "Rewards of the next episode"),
    ("n_step_return", n_steps_without_the_last, "last reward of the episode is lost"),
    ("n_step_return", n_steps_always_n, "k is always n"),
    ("n_step_return", n_steps_sum_only, "Return 2 results"),
]
