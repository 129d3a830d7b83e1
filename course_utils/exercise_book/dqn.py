"""The exercises of notebook 02."""

import numpy as np
import torch

from course_utils import losses, networks, replay
from course_utils.exercises import Exercise, WrongAnswer


def _target_cases():
    stream = torch.Generator().manual_seed(1)

    def case(shape, discount):
        terminated = (torch.rand(shape, generator=stream) < 0.5).float()
        next_q = torch.randn(*shape, 3, generator=stream).requires_grad_()
        return torch.randn(shape, generator=stream), terminated, next_q, discount

    simple = (torch.tensor([1.0, 1.0]), torch.tensor([0.0, 1.0]), torch.tensor([[3.0, 5.0], [3.0, 5.0]]), 0.9)
    below_zero = (torch.tensor([-1.0]), torch.tensor([0.0]), torch.tensor([[-3.0, -2.0]]), 0.5)
    return [simple, below_zero, case([6], 0.9), case([2, 3], 0.5), case([4], torch.tensor([0.9, 0.81, 0.5, 0.0]))]


def _without_gradient(target, *arguments):
    y = target(*arguments)
    if getattr(y, "requires_grad", False):
        raise WrongAnswer("The target carries a gradient, so it would be pulled towards Q: end with `.detach()`.")
    return y


def _numbers_of(network):
    return torch.nn.utils.parameters_to_vector(network.parameters()).detach().clone()


def _refreshed(update_target, rate):
    """The target network's numbers after the update of a pair of small networks."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        target, online = (torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 1)) for _ in range(2))
    before = _numbers_of(online)
    update_target(target, online, rate)
    if not torch.equal(before, _numbers_of(online)):
        raise WrongAnswer("The online network has changed: only the target network may move.")
    if any(parameter.grad_fn for parameter in target.parameters()):
        raise WrongAnswer("The target network became part of a computation: update inside `torch.no_grad()`.")
    moved = _numbers_of(target)
    online[0].weight.data += 1
    if not torch.equal(moved, _numbers_of(target)):
        raise WrongAnswer("Target and online network now share their numbers: copy the values, not the tensors.")
    return moved.numpy()


def _refresh(new):
    """An update_target that puts `new(target, online, rate)` into each of the target's parameters."""

    @torch.no_grad()
    def update_target(target, online, rate):
        for resting, moving in zip(target.parameters(), online.parameters(), strict=True):
            resting.copy_(new(resting, moving, rate))

    return update_target


def _return_cases():
    stream = torch.Generator().manual_seed(3)
    reward = torch.randn(2, 5, 4, generator=stream)
    done = torch.rand(2, 5, 4, generator=stream) < 0.3
    ends = torch.tensor([[False, False, False], [True, False, False], [False, True, True], [False, False, True]])
    return [
        (torch.tensor([[1.0, 2.0, 4.0]] * 4), ends, 0.5),
        (reward, done, 0.9),
        (reward[0, :, :1], done[0, :, :1], 0.9),
    ]


def _both(n_step_return, *arguments):
    answer = n_step_return(*arguments)
    try:
        total, steps = answer
    except (TypeError, ValueError):
        raise WrongAnswer("Return two tensors: the discounted sum, and the number of rewards in it.") from None
    return np.stack([np.asarray(total, float), np.asarray(steps, float)])


def _power(reward, discount):
    return discount ** torch.arange(reward.shape[-1])


def _not_just_after(done):
    """1 for each reward but those right behind a step that is done."""
    return 1 - torch.cat([torch.zeros_like(done[..., :1]), done[..., :-1]], -1).float()


def _alive(done):
    """1 for the rewards up to the first done, that one included."""
    before = torch.cat([torch.zeros_like(done[..., :1]), done[..., :-1]], -1)
    return 1 - before.float().cummax(-1).values


EXERCISES = {
    "td_target": Exercise(
        answer=losses.td_target,
        cases=_target_cases,
        probe=_without_gradient,
        hints=[
            "It is the target of notebook 01 in PyTorch: reward + discount · (1 − terminated) · best next value.",
            "next_q.amax(-1) is the maximum over the last axis, whatever axes stand before.",
            "The network behind next_q must not be trained through the target: end with .detach().",
        ],
        mistakes={
            "The terminal mask is missing: multiply the next value by (1 - terminated).": (
                lambda r, t, q, d: (r + d * q.amax(-1)).detach()
            ),
            "The mask also removes the reward: only the future is gone, the last reward was paid.": (
                lambda r, t, q, d: ((1 - t) * (r + d * q.amax(-1))).detach()
            ),
            "The mask is upside down: the future counts when the episode goes on, thus 1 - terminated.": (
                lambda r, t, q, d: (r + d * t * q.amax(-1)).detach()
            ),
            "γ is missing in front of the next value.": lambda r, t, q, d: losses.td_target(r, t, q, 1),
            "This averages over the next actions: Q-learning takes the best one, amax(-1).": (
                lambda r, t, q, d: (r + d * (1 - t) * q.mean(-1)).detach()
            ),
            "The maximum runs over everything at once: take it over the last axis only, amax(-1).": (
                lambda r, t, q, d: (r + d * (1 - t) * q.max()).detach()
            ),
        },
    ),
    "update_target": Exercise(
        answer=networks.update_target,
        cases=lambda: [(1.0,), (0.25,), (0.01,)],  # rates
        probe=_refreshed,
        in_place=True,
        hints=[
            "Go through both networks' parameters together: zip(target.parameters(), online.parameters()).",
            "New value = (1 − rate) · old target + rate · online. `tensor.lerp_(other, rate)` does it in place.",
        ],
        mistakes={
            "The two are exchanged: rate is the online network's share, 1 − rate the old target's.": (
                _refresh(lambda target, online, rate: rate * target + (1 - rate) * online)
            ),
            "This copies the online network whatever the rate is: only rate = 1 is a copy.": (
                _refresh(lambda target, online, rate: online)
            ),
            "The target network has not changed. `p = …` only gives the number a new name: use `p.copy_(…)`.": (
                _refresh(lambda target, online, rate: target)
            ),
            "The old target's share is missing: (1 − rate) · target + rate · online.": (
                _refresh(lambda target, online, rate: rate * online)
            ),
        },
    ),
    "n_step_return": Exercise(
        answer=replay.n_step_return,
        cases=_return_cases,
        probe=_both,
        hints=[
            "A reward counts if no step before it was done: shift `done` by one, and use cumprod of 1 − done.",
            "Multiply by the powers of γ: discount ** torch.arange(n). k is the number of rewards that count.",
        ],
        mistakes={
            "Rewards of the next episode are counted: stop behind the first step that is done.": (
                lambda r, e, d: ((_power(r, d) * r).sum(-1), torch.full(r.shape[:-1], r.shape[-1]))
            ),
            "The last reward of the episode is lost: the step that is done still pays.": (
                lambda r, e, d: (
                    ((1 - e.float()).cumprod(-1) * _power(r, d) * r).sum(-1),
                    (1 - e.float()).cumprod(-1).sum(-1),
                )
            ),
            "A reward counts only if *no* step before it was done; you look at the step just before it. Use cumprod.": (
                lambda r, e, d: ((_not_just_after(e) * _power(r, d) * r).sum(-1), _not_just_after(e).sum(-1))
            ),
            "Nothing is discounted: the i-th reward is multiplied by γ to the power i, from 0 on.": (
                lambda r, e, d: ((_alive(e) * r).sum(-1), _alive(e).sum(-1))
            ),
            "The first reward is already discounted: its power of γ is 0.": (
                lambda r, e, d: ((d * _alive(e) * _power(r, d) * r).sum(-1), _alive(e).sum(-1))
            ),
            "The sum is right, but k is always n: it must be the number of rewards that were added.": (
                lambda r, e, d: ((_alive(e) * _power(r, d) * r).sum(-1), torch.full(r.shape[:-1], r.shape[-1]))
            ),
        },
    ),
    "what_a_row_must_hold": Exercise(
        answer="c",
        hints=["Write the target down, and ask of each symbol in which column it stands."],
        mistakes={
            "The action is there: it says which of the network's outputs is moved.": "a",
            "γ is a setting of the learner, the same for all rows.": "b",
            "The value at s can be computed from s at any time. Look at the other state in the target.": "d",
        },
    ),
    "which_rows_are_drawn": Exercise(
        answer="b",
        hints=["Where was row 0 written, and when is it written again?"],
        mistakes={
            "64 rows are enough for an update. The question is which ones.": "a",
            "Sampling with replacement is harmless: a row is rarely drawn twice.": "c",
            "A larger memory keeps still more rows that are never looked at.": "d",
        },
    ),
    "every_action_gets_the_target": Exercise(
        answer="d",
        hints=["The reward was paid for one action. What has been learned about the other one?"],
        mistakes={
            "A smaller step would learn the same wrong thing more slowly.": "a",
            "The probe has one-step episodes: the next value does not even enter.": "b",
            "More units can store any values; these were stored perfectly.": "c",
        },
    ),
    "epsilon_is_gone": Exercise(
        answer="b",
        hints=["Count how often the line is run in an episode, and in the whole training."],
        mistakes={
            "0.2 is a fair start if it lasts. See how long it lasts.": "a",
            "ε = 0.01 at the end is common. See when the end is reached.": "c",
            "A geometric decay is as good as a linear one, if it is as long as the learning needs.": "d",
        },
    ),
    "cut_off_or_over": Exercise(
        answer="a",
        hints=["What would the agent have earned if the clock had not stopped the episode?"],
        mistakes={
            "The clock is no part of the observation, and need not be: the cut says nothing about the state.": "b",
            "γ = 0.5 and reward 1 make 2, which is what the right one learns. γ is not the trouble.": "c",
            "Dropping the row loses a true reward and a true next state. Nothing was wrong with them.": "d",
        },
    ),
    "impossible_average": Exercise(
        answer="c",
        hints=["Which rewards does CartPole pay? Which averages can they have?"],
        mistakes={
            "The worst policy falls after about nine steps, and has earned about nine.": "a",
            "Discounted or not, a sum of ones is not negative.": "b",
            "A smoothed average of ones is 1.": "d",
        },
    ),
}
