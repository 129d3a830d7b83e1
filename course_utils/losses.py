"""All targets and losses of the course. Leading axes are free: [B] for one network, [S, B] for S.

First those of learning from reward, then from an expert, then from a teacher's values (all called
alike, so that one can replace another), last what keeps what was learned before.
A loss of a batch is a number for each of its entries, [...]; who trains takes the mean over the
batch for each seed, and the sum over the seeds: so no seed's gradient depends on another seed.
"""

from functools import partial
from typing import NamedTuple

from torch import Tensor
from torch.nn import functional as F

from course_utils.checks import fitting, need


@fitting
def td_target(reward: Tensor, terminated: Tensor, next_q: Tensor, discount) -> Tensor:
    """The target y = r + γ (1 − terminated) max_a Q⁻(s′, a), without gradient: [...].

    reward, terminated: [...], where a truncated step is not terminated; next_q: [..., A], from the
    target network; discount: γ, or [...] with γ^k behind k steps.
    Source: Mnih et al. 2015 (Nature 518:529), algorithm 1.
    """
    return (reward + discount * (1 - terminated) * next_q.amax(-1)).detach()


@fitting
def double_q(target_q: Tensor, online_q: Tensor) -> Tensor:
    """The target network's value of the action that the online network prefers: [..., 1].

    Both [..., A]. Source: van Hasselt et al. 2016 (arXiv 1509.06461), equation 4.
    """
    return target_q.gather(-1, online_q.argmax(-1, keepdim=True))


@fitting
def soft_value(q: Tensor, temperature: float) -> Tensor:
    """The soft maximum τ log Σ_a exp(q_a / τ), at most τ log A above the maximum.

    q: [..., A] → [...]. Source: Haarnoja et al. 2017 (arXiv 1702.08165), theorem 1.
    """
    return temperature * (q / temperature).logsumexp(-1)


@fitting
def td_error(q: Tensor, action: Tensor, target: Tensor) -> Tensor:
    """How far the target lies above Q(s, a). q: [..., A]; action, target: [...] → [...]."""
    return target - q.gather(-1, action[..., None])[..., 0]


@fitting
def td_loss(error: Tensor, weight: Tensor) -> Tensor:
    """Mean of the weighted squared error over the batch, for each seed: [S, B] → [S]."""
    return (weight * error**2).mean(-1)


@fitting
def annealed(weight: float, progress: float, until: float) -> float:
    """A weight that falls linearly to 0 in the share `until` of a run, or never, if that is 0."""
    return weight * max(0.0, 1 - progress / until) if until else weight


@fitting
def cloning_loss(logits: Tensor, action: Tensor) -> Tensor:
    """How surprised the network is by the expert's action: −log softmax(logits)_a.

    logits: [..., A], action: [...] → [...]. Source: Pomerleau 1991; cross-entropy.
    """
    return -logits.log_softmax(-1).gather(-1, action[..., None])[..., 0]


@fitting
def margin_loss(q: Tensor, action: Tensor, margin: float = 0.8) -> Tensor:
    """How far the expert's action is from beating all others: max_a [q_a + ℓ(a)] − q(a_E).

    ℓ is the margin for other actions and 0 for the expert's. q: [..., A], action: [...] → [...].
    Source: Hester et al. 2018 (arXiv 1704.03732), equation for J_E.
    """
    others = margin * (1 - F.one_hot(action, q.shape[-1]))
    return (q + others).amax(-1) - q.gather(-1, action[..., None])[..., 0]


@fitting
def mse_loss(student: Tensor, teacher: Tensor, temperature: float = 1.0) -> Tensor:
    """The squared distance between the values, mean over the actions; it has no τ.

    student, teacher: [..., A] → [...]. Source: Rusu et al. 2016 (arXiv 1511.06295), equation 2.
    """
    return ((student - teacher) ** 2).mean(-1)


@fitting
def advantage_loss(student: Tensor, teacher: Tensor, temperature: float = 1.0) -> Tensor:
    """The same for what is left after the mean over the actions is taken away; no τ.

    [..., A] → [...]. These are the advantages of Wang et al. 2016 (arXiv 1511.06581).
    """
    return mse_loss(*(q - q.mean(-1, keepdim=True) for q in (student, teacher)))


@fitting
def nll_loss(student: Tensor, teacher: Tensor, temperature: float = 1.0) -> Tensor:
    """How surprised the student is by the teacher's best action; no τ. [..., A] → [...].

    Source: Rusu et al. 2016 (arXiv 1511.06295), equation 1.
    """
    return cloning_loss(student, teacher.argmax(-1))


@fitting
def kl_loss(student: Tensor, teacher: Tensor, temperature: float = 1.0) -> Tensor:
    """Kullback–Leibler divergence from softmax(teacher / τ) to softmax(student), without τ there.

    [..., A] → [...]. ValueError for τ ≤ 0. Source: Rusu et al. 2016 (arXiv 1511.06295), equation 3.
    """
    log_p = (teacher / above_zero(temperature)).log_softmax(-1)
    return (log_p.exp() * (log_p - student.log_softmax(-1))).sum(-1)


@partial(fitting, weight=(float, 0, 1))
def hinton_loss(student: Tensor, teacher: Tensor, temperature=1.0, weight=0.9) -> Tensor:
    """(1 − λ) NLL + λ τ² KL, where both sides of the KL are divided by τ. [..., A] → [...].

    The label is the teacher's best action. The KL's gradient shrinks with 1/τ²: hence τ².
    weight: λ. Raises ValueError for τ ≤ 0.
    Source: Hinton et al. 2015 (arXiv 1503.02531), section 2.
    """
    soft = kl_loss(student / above_zero(temperature), teacher, temperature)
    return (1 - weight) * nll_loss(student, teacher) + weight * temperature**2 * soft


@fitting
def kickstart_loss(student: Tensor, teacher: Tensor, temperature: float = 1.0) -> Tensor:
    """The cross-entropy −Σ_a softmax(teacher / τ)_a log softmax(student / τ)_a of two policies.

    [..., A] → [...]. Raises ValueError for τ ≤ 0. Source: Schmitt et al. 2018
    (arXiv 1803.03835), equation 3, where policies take the place of values.
    """
    shown = (teacher / above_zero(temperature)).softmax(-1)
    return -(shown * (student / temperature).log_softmax(-1)).sum(-1)


def above_zero(temperature: float) -> float:
    """A temperature, unless it is 0 or less: then ValueError."""
    need(temperature > 0, f"temperature = {temperature}: it must be above 0.")
    return temperature


@fitting
def agreement(student: Tensor, teacher: Tensor) -> Tensor:
    """The share of states in which both have the same best action. [..., B, A] → [...]."""
    return (student.argmax(-1) == teacher.argmax(-1)).float().mean(-1)


class Anchor(NamedTuple):
    """A network's parameters after a task, and how much each mattered for it: name → [S, ...]."""

    parameters: dict[str, Tensor]
    importance: dict[str, Tensor]

    def importance_for(self, parameters: dict[str, Tensor]) -> dict[str, Tensor]:
        """The importance; ValueError if it is none, or not that of parameters of this form."""
        forms = {name: parameter.shape for name, parameter in parameters.items()}
        fit = [forms.get(name) == each.shape for name, each in self.importance.items()]
        if not all(fit) or not fit:
            raise ValueError("this anchor is that of no weight, or of another network's weights.")
        return self.importance


def ewc_penalty(parameters: dict[str, Tensor], anchor: Anchor) -> Tensor:
    """½ Σ_i F_i (θ_i − θ*_i)² of each seed, [S]: how far weights that mattered have moved.

    Source: Kirkpatrick et al. 2017 (arXiv 1612.00796), equation 3, without its λ.
    """
    return 0.5 * sum(
        (importance * (parameters[name] - anchor.parameters[name]) ** 2).flatten(1).sum(-1)
        for name, importance in anchor.importance_for(parameters).items()
    )
