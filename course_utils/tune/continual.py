"""Continual learning: what keeps old tasks, numbered from 0, alive; mostly an `extra_loss`."""

import copy
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from course_utils.checks import check_array, check_finite, check_shape, checked, in_short, need
from course_utils.losses import Anchor, ewc_penalty, td_loss
from course_utils.networks import QNetwork, SeedLinear, learning_part, stream_of_parts
from course_utils.tune.parts import plain


@checked
def add_heads(network: QNetwork, tasks: int, seed: int = 0) -> QNetwork:
    """A copy with a head for each task, for `network(observation, task=k)`; the first is its own.

    Raises ValueError for several heads, for dueling and for columns.
    """
    if "heads" in network.arguments:
        raise ValueError("this network has several heads: take one with one head so far.")
    if network.arguments["dueling"] or isinstance(network, ProgressiveNetwork):
        raise ValueError("heads need answers by the last layer alone: no dueling, no columns.")
    network, generator = copy.deepcopy(network), stream_of_parts(seed)
    form = network.head.weight.shape
    others = (SeedLinear(*form, generator) for _ in range(tasks - 1))
    network.other_heads = nn.ModuleList(others)
    network.arguments |= {"heads": tasks} if tasks > 1 else {}
    return network


@checked
def fisher(network: QNetwork, observation: Tensor, form: str = "gaussian") -> dict[str, Tensor]:
    """How much each parameter matters for the outputs: the diagonal of the Fisher information.

    observation: [S, B, D]; the head of `network.task` answers. Returns for each parameter that
    learns a tensor of its shape. form: "gaussian", E_s Σ_a (∂Q_a/∂θ)², for values, or "policy",
    E_s Σ_a π_a (∂ log π_a/∂θ)², π = softmax(Q). Raises ValueError for another form, for no
    observations, and if nothing learns. Source: Kirkpatrick et al. 2017 (arXiv 1612.00796).
    """
    if observation.shape[1] == 0:
        raise ValueError("Fisher information needs observations, and there are none: play first.")
    if form not in ("gaussian", "policy"):
        raise ValueError(f"form = {form!r}: choose 'gaussian', for values, or 'policy'.")
    learns = learning_part(network)
    check_finite("this network", learns)
    need(learns, "nothing learns in this network: it is frozen.")
    importance = {name: torch.zeros_like(parameter) for name, parameter in learns.items()}
    for sample in observation.split(1, dim=1):  # one by one: squares of a mean would be smaller
        q = network(sample)[:, 0]  # [S, A]
        output = q if form == "gaussian" else q.log_softmax(-1)
        share = torch.ones_like(q) if form == "gaussian" else output.detach().exp()
        for action, total in enumerate(output.sum(0)):
            slopes = torch.autograd.grad(total, [*learns.values()], None, True, allow_unused=True)
            for name, slope in zip(learns, slopes, strict=True):
                if slope is not None:  # the heads of other tasks
                    squares = share[:, action, None, None] * slope**2
                    importance[name] += squares / observation.shape[1]
    return importance


@checked
def remember_weights(network: QNetwork, importance: dict, before: Anchor | None = None, decay=1.0):
    """The `Anchor` of a network; with one `before`, whose importance counts `decay` times, of all.

    ValueError for other parameters. Online EWC: Schwarz et al. 2018 (arXiv 1805.06370), section 4.
    """
    named = dict(network.named_parameters())
    for known in (named, before.importance if before else named):
        Anchor({}, importance).importance_for(known)
    if before:
        importance = {name: decay * before.importance[name] + x for name, x in importance.items()}
    return Anchor({name: named[name].detach().clone() for name in importance}, importance)


@checked
def elastic(anchors: list[Anchor], weight: float, penalty: Callable = ewc_penalty) -> Callable:
    """An `extra_loss` that pulls parameters to an anchor a task (EWC), or to one (online EWC)."""
    if not all(isinstance(anchor, Anchor) for anchor in anchors):
        raise TypeError("anchors must be a list of what `remember_weights` returns.")

    def loss(learner, q, batch):
        parameters = dict(learner.network.named_parameters())
        pulls = [penalty(parameters, anchor) for anchor in anchors]
        return weight * sum(check_shape("penalty", each, (learner.seeds,)) for each in pulls)

    return loss


@checked
def rehearse(memories: dict, weight: float, seed: int = 0) -> Callable:
    """An `extra_loss`: the TD loss of old tasks on stored transitions, each by its own head.

    memories: task → `ReplayBuffer`, one or more.
    Source: the replay of Rolnick et al. 2019 (arXiv 1811.11682), without its cloning.
    """
    generator = torch.Generator().manual_seed(seed)

    def loss(learner, q, batch):
        recalled = ((task, _recall(each, learner, generator)) for task, each in memories.items())
        losses = (td_loss(learner.errors(old, task)[0], old.weight) for task, old in recalled)
        return weight * sum(losses)

    return loss


@checked
def keep_outputs(old: QNetwork, tasks: list[int], weight: float, memories=None, seed=0) -> Callable:
    """An `extra_loss` that distils the old self: its outputs for old tasks are kept.

    On states of the new task: learning without forgetting, Li & Hoiem 2016 (arXiv 1606.09282). With
    memories, task → `ReplayBuffer`, on each old task's own: Rolnick et al. 2019 (arXiv 1811.11682).
    """
    old, generator = plain(old).requires_grad_(False), torch.Generator().manual_seed(seed)

    def loss(learner, q, batch):
        total = 0
        for task in tasks:
            seen = batch if memories is None else _recall(memories[task], learner, generator)
            now, kept = (each(seen.observation, task) for each in (learner.network, old))
            moved = now - check_shape("old", kept, now.shape, "must answer")
            total = total + (moved**2).sum(-1).mean(-1)
        return weight * total

    return loss


def _recall(memory, learner, generator):
    size = min(32, len(memory))  # one short episode is a memory, too
    return memory.sample(size, learner.config.n_steps, learner.config.discount, generator)


class ProgressiveNetwork(QNetwork):
    """A fresh column of layers beside a frozen network; each also reads the old units below it.

    `old` stays as it was, and answers for the old task. ValueError for dueling or added parts.
    Source: Rusu et al. 2016 (arXiv 1606.04671), equation 1, for one column before, no adapters.
    """

    @checked
    def __init__(self, old: QNetwork, seed: int = 0):
        if old.arguments["dueling"] or {*map(type, old.hidden)} != {SeedLinear}:
            raise ValueError("columns need answers by plain layers: no dueling, LoRA or adapters.")
        scale, generator = old.observation_scale.tolist(), stream_of_parts(seed)
        super().__init__(**old.arguments, observation_scale=scale, generator=generator)
        self.old = copy.deepcopy(old).requires_grad_(False)
        sides = [layer.weight.shape for layer in (*self.hidden[1:], self.head)]
        self.lateral = nn.ModuleList(SeedLinear(*side, generator) for side in sides)

    def forward(self, observation: Tensor, task: int | None = None) -> Tensor:
        below = self.old.units(observation)
        own = self.units(observation, below)[-1]
        return self.head_of(task)(own) + self.lateral[-1](below[-1])

    def units(self, observation: Tensor, below: list[Tensor] | None = None) -> list[Tensor]:
        """The units of the new column, into which those of the old one, `below`, were read."""
        below, units = below or self.old.units(observation), [observation * self.observation_scale]
        units.append(self._activate(self.hidden[0](units[0])))
        for layer, lateral, other in zip(self.hidden[1:], self.lateral, below[1:], strict=False):
            units.append(self._activate(layer(units[-1]) + lateral(other)))
        return units


def _check_matrix(name, value):
    if np.diff(check_array(name, value).shape[-2:]).tolist() != [-1]:
        raise ValueError(f"matrix = {in_short(value)}: must be [..., K + 1, K], a row more.")
    return np.asarray(value)


@partial(checked, matrix=_check_matrix)
def forgetting(matrix: np.ndarray) -> np.ndarray:
    """What each task but the last has lost: its best return before the end, minus that at the end.

    matrix: [..., K + 1, K], returns on K tasks before the first and after each → [..., K − 1].
    Source: Chaudhry et al. 2018 (arXiv 1801.10112), equation 3, untrained network included.
    """
    return matrix[..., :-1, :-1].max(-2) - matrix[..., -1, :-1]


@partial(checked, matrix=_check_matrix)
def forward_transfer(matrix: np.ndarray) -> np.ndarray:
    """What each task but the first returned before it was trained, above an untrained network.

    As `forgetting`. Source: Lopez-Paz & Ranzato 2017 (arXiv 1706.08840), equation 4.
    """
    return np.diagonal(matrix, axis1=-2, axis2=-1)[..., 1:] - matrix[..., 0, 1:]
