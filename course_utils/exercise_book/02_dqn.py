"""The exercises of notebook 02."""

from functools import partial

import numpy as np
import torch

from course_utils import losses, networks, replay
from course_utils.exercises import Exercise, WrongAnswer

STREAM = torch.Generator().manual_seed(1)
randn, rand = partial(torch.randn, generator=STREAM), partial(torch.rand, generator=STREAM)
REWARD, DONE = randn(2, 5, 4), rand(2, 5, 4) < 0.3
ENDS = torch.tensor([[0, 0, 0], [1, 0, 0], [0, 1, 1], [0, 0, 1]], dtype=torch.bool)


def steps(discount, *shape):
    terminated = (rand(shape) < 0.5).float()
    return randn(shape), terminated, randn(*shape, 3).requires_grad_(), discount


def without_gradient(target, *arguments):
    y = target(*arguments)
    if getattr(y, "requires_grad", False):
        raise WrongAnswer(
            "The target carries a gradient, so it would be pulled towards Q: end with `.detach()`."
        )
    return y


def refreshed(update_target, rate):
    """The target network's numbers after the update of a pair of small networks."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        target, online = (
            torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 1)) for _ in range(2)
        )
    before = numbers_of(online)
    update_target(target, online, rate)
    if not torch.equal(before, numbers_of(online)):
        raise WrongAnswer("The online network has changed: only the target network may move.")
    if any(parameter.grad_fn for parameter in target.parameters()):
        raise WrongAnswer(
            "The target network became part of a computation: update inside `torch.no_grad()`."
        )
    moved = numbers_of(target)
    online[0].weight.data += 1
    if not torch.equal(moved, numbers_of(target)):
        raise WrongAnswer(
            "Target and online network now share their numbers: copy the values, not the tensors."
        )
    return moved.numpy()


def numbers_of(network):
    return torch.nn.utils.parameters_to_vector(network.parameters()).detach().clone()


def both(n_step_return, *arguments):
    answer = n_step_return(*arguments)
    try:
        total, steps = answer
    except (TypeError, ValueError):
        raise WrongAnswer(
            "Return two tensors: the discounted sum, and the number of rewards in it."
        ) from None
    return np.stack([np.asarray(total, float), np.asarray(steps, float)])


EXERCISES = [
    Exercise(
        losses.td_target,
        cases=[
            (
                torch.tensor([1.0, 1.0]),
                torch.tensor([0.0, 1.0]),
                torch.tensor([[3.0, 5.0], [3.0, 5.0]]),
                0.9,
            ),
            (torch.tensor([-1.0]), torch.tensor([0.0]), torch.tensor([[-3.0, -2.0]]), 0.5),
            steps(0.9, 6),
            steps(0.5, 2, 3),
            steps(torch.tensor([0.9, 0.81, 0.5, 0.0]), 4),
        ],
        probe=without_gradient,
        hints=[
            "It is the target of notebook 01 in PyTorch: reward + discount · (1 − terminated) · "
            "best next value.",
            "next_q.amax(-1) is the maximum over the last axis, whatever axes stand before.",
            "The network behind next_q must not be trained through the target: end with .detach().",
        ],
        mistakes={
            "discount * (1 - terminated) ⇒ discount": "The terminal mask is missing: multiply the "
            "next value by (1 - terminated).",
            "(reward + ⇒ ((1 - terminated) * reward +": "The mask also removes the reward: only "
            "the future is gone, the last reward was paid.",
            "(1 - terminated) ⇒ terminated": "The mask is upside down: the future counts when the "
            "episode goes on, thus 1 - terminated.",
            "discount * (1 ⇒ (1": "γ is missing in front of the next value.",
            "amax(-1) ⇒ mean(-1)": "This averages over the next actions: Q-learning takes the "
            "best one, amax(-1).",
            "amax(-1) ⇒ max()": "The maximum runs over everything at once: take it over the last "
            "axis only, amax(-1).",
        },
    ),
    Exercise(
        networks.update_target,
        cases=[(1.0,), (0.25,), (0.01,)],  # rates
        probe=refreshed,
        in_place=True,
        hints=[
            "Go through both networks' parameters together: zip(target.parameters(), "
            "online.parameters()).",
            "New value = (1 − rate) · old target + rate · online. `tensor.lerp_(other, rate)` "
            "does it in place.",
        ],
        mistakes={
            "moving, rate) ⇒ moving, 1 - rate)": "The two are exchanged: rate is the online "
            "network's share, 1 − rate the old target's.",
            "moving, rate) ⇒ moving, 1)": "This copies the online network whatever the rate is: "
            "only rate = 1 is a copy.",
            "moving, rate) ⇒ moving, 0)": "The target network has not changed. `p = …` only gives "
            "the number a new name: use `p.copy_(…)`.",
            "lerp_(moving, rate) ⇒ copy_(rate * moving)": "The old target's share is missing: (1 "
            "− rate) · target + rate · online.",
        },
    ),
    Exercise(
        replay.n_step_return,
        cases=[
            (torch.tensor([[1.0, 2.0, 4.0]] * 4), ENDS, 0.5),
            (REWARD, DONE, 0.9),
            (REWARD[0, :, :1], DONE[0, :, :1], 0.9),
        ],
        probe=both,
        hints=[
            "A reward counts if no step before it was done: shift `done` by one, and use cumprod "
            "of 1 − done.",
            "Multiply by the powers of γ: discount ** torch.arange(n). k is the number of rewards "
            "that count.",
        ],
        mistakes={
            "(1 - done.to(reward)).cumprod(-1) ⇒ torch.ones_like(reward)": "Rewards of the next "
            "episode are counted: stop behind the first step that is done.",
            "return ( ⇒ alive = (1 - done.to(reward)).cumprod(-1); return (": "The last reward of "
            "the episode is lost: the step that is done still pays.",
            ".cumprod(-1) ⇒ ": "A reward counts only if *no* step before it was done; you look at "
            "the step just before it. Use cumprod.",
            "power * ⇒ ": "Nothing is discounted: the i-th reward is multiplied by γ to the power "
            "i, from 0 on.",
            "(alive * ⇒ (discount * alive *": "The first reward is already discounted: its power "
            "of γ is 0.",
            "alive.sum(-1).long() ⇒ 0 * alive.sum(-1) + done.shape[-1]": "The sum is right, but k "
            "is always n: it must be the number of rewards that were added.",
        },
    ),
]
