"""Disturbances for agents that act, [S, E, D] → [S, E]; attacks by the gradient; what a decision hangs on."""

from collections import deque
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from course_utils.networks import QNetwork


def trembling(act: Callable, share: float, actions: int, rng: np.random.Generator) -> Callable:
    """The same agent, but for a random one of its `actions` in a share of the steps."""

    def trembling_act(observation):
        action = np.asarray(act(observation))
        return np.where(rng.random(action.shape) < share, rng.integers(actions, size=action.shape), action)

    return trembling_act


def noisy(act: Callable, size: np.ndarray, rng: np.random.Generator) -> Callable:
    """The same agent, behind sensors with Gaussian noise of standard deviation `size`: a number, or one each [D]."""
    return lambda observation: act((observation + size * rng.normal(size=observation.shape)).astype(np.float32))


def delayed(act: Callable, steps: int) -> Callable:
    """The same agent, whose actions take effect `steps` steps late; until then action 0. New for each use.

    Within a use nothing is forgotten between episodes: the next one begins with the last actions of the one before.
    """
    waiting = deque()

    def delayed_act(observation):
        waiting.append(np.asarray(act(observation)))
        return waiting.popleft() if len(waiting) > steps else np.zeros_like(waiting[-1])

    return delayed_act


def decision_gradient(network: QNetwork, observation: Tensor) -> Tensor:
    """How the lead of the best action over the second best changes with each number that is observed; [S, B, D].

    observation: [S, B, D]. Its size is the saliency of Simonyan et al. 2014 (arXiv 1312.6034), for a decision.
    """
    observation = torch.as_tensor(observation).detach().requires_grad_()
    best, second = network(observation).topk(2).values.unbind(-1)
    return torch.autograd.grad((best - second).sum(), observation)[0]


def fgsm(network: QNetwork, observation: Tensor, size) -> Tensor:
    """The observation that, within ±size in each number, makes the lead of the best action smallest; [S, B, D].

    size: a number, or one each [D]. Exact for a network that is linear as far as `size` reaches.
    Source: the fast gradient sign method of Goodfellow et al. 2015 (arXiv 1412.6572), on agents by Huang et al. 2017
    (arXiv 1702.02284); there with the loss −log softmax, whose gradient vanishes where the agent is sure.
    """
    step = torch.as_tensor(size, dtype=torch.float32) * decision_gradient(network, observation).sign()
    return torch.as_tensor(observation) - step


def attacked(network: QNetwork, size) -> Callable:
    """The greedy agents, whose sensors somebody deceives who knows their weights."""
    return lambda observation: network(fgsm(network, observation, size)).argmax(-1).numpy()
