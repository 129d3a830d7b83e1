"""Targets and losses of Q-learning with networks. Leading axes are free: [B] for one network, [S, B] for many."""

from torch import Tensor


def td_target(reward: Tensor, terminated: Tensor, next_q: Tensor, discount) -> Tensor:
    """The target y = r + γ (1 − terminated) max_a Q⁻(s′, a), without gradient.

    reward, terminated: [...]; next_q: [..., A], from the target network; discount: γ, or [...] with γ^k behind k steps.
    Returns [...]. A truncated step still looks ahead: hand over `terminated`, not `terminated or truncated`.
    Source: Mnih et al. 2015 (Nature 518:529), algorithm 1.
    """
    return (reward + discount * (1 - terminated) * next_q.amax(-1)).detach()


def double_q(target_q: Tensor, online_q: Tensor) -> Tensor:
    """The target network's value of the action that the online network prefers. Both [..., A] → [..., 1].

    Only one action is left, so the maximum of `td_target` takes it.
    Source: van Hasselt et al. 2016 (arXiv 1509.06461), equation 4.
    """
    return target_q.gather(-1, online_q.argmax(-1, keepdim=True))


def td_error(q: Tensor, action: Tensor, target: Tensor) -> Tensor:
    """How far the target lies above Q(s, a). q: [..., A]; action, target: [...] → [...]."""
    return target - q.gather(-1, action[..., None])[..., 0]


def td_loss(error: Tensor, weight: Tensor) -> Tensor:
    """Mean of the weighted squared error over the batch, for each seed: [S, B] → [S].

    Its sum over the seeds is what is minimised: no seed's gradient depends on another seed.
    """
    return (weight * error**2).mean(-1)


def annealed(weight: float, progress: float, until: float) -> float:
    """A weight that falls linearly to 0 in the share `until` of a run, or never, if that is 0. progress: 0 to 1."""
    return weight * max(0.0, 1 - progress / until) if until else weight
