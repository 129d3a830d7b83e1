"""Disturbances for agents that act, [S, E, D] → [S, E], and what a decision hangs on."""

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import Tensor

from course_utils.checks import check_array, check_number, check_shape, checked, need
from course_utils.networks import QNetwork, greedy


@partial(checked, size=check_array)
def noisy(act: Callable, size: np.ndarray, rng: np.random.Generator) -> Callable:
    """The same agent behind noisy sensors. size: standard deviation, a number or one each [D]."""
    need((size >= 0).all(), f"size = {size}: a standard deviation is 0 or more.")
    return lambda seen: act((seen + size * rng.normal(size=seen.shape)).astype(np.float32))


def delayed(act: Callable, steps: int) -> Callable:
    """The same agent, whose actions take effect `steps` steps late; until then action 0.

    New for each use: within one an episode begins with the last actions of the one before.
    """
    waiting, steps = [], check_number("steps", steps, int, 0)

    def delayed_act(observation):
        waiting.append(np.asarray(act(observation)))
        return waiting.pop(0) if len(waiting) > steps else np.zeros_like(waiting[-1])

    return delayed_act


@checked
def decision_gradient(network: QNetwork, observation: Tensor | np.ndarray) -> Tensor:
    """How the best action's lead over the second best changes with each number; [S, B, D] → same.

    Its size is the saliency of Simonyan et al. 2014 (arXiv 1312.6034). There are 2 actions or more.
    """
    observation = torch.as_tensor(observation).detach().requires_grad_()
    best, second = network(observation).topk(2).values.unbind(-1)
    return torch.autograd.grad((best - second).sum(), observation)[0]


@partial(checked, size=check_array)
def fgsm(network: QNetwork, observation: Tensor, size) -> Tensor:
    """The observation within ±size that makes the best action's lead smallest; [S, B, D] → same.

    size: a number, or one each [D]. Exact where a network is linear as far as `size` reaches.
    Source: the fast gradient sign method of Goodfellow et al. 2015 (arXiv 1412.6572), on agents by
    Huang et al. 2017 (arXiv 1702.02284); their loss −log softmax is flat where an agent is sure.
    """
    step = torch.as_tensor(size, dtype=torch.float32)
    return torch.as_tensor(observation) - step * decision_gradient(network, observation).sign()


def attacked(network: QNetwork, size, attack: Callable = fgsm) -> Callable:
    """The greedy agents, whose sensors somebody deceives who knows their weights."""
    act = greedy(network)

    def deceived_act(observation):
        shown = attack(network, torch.as_tensor(observation), size)
        return act(check_shape("attack", shown, observation.shape))

    return deceived_act
