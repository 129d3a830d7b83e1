"""Continual learning: what keeps old tasks alive, mostly an `extra_loss` of `train_dqn`.

Tasks are numbered from 0; each has its own head (see `add_heads`), or one head answers for all.
"""

import copy
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn

from course_utils.finetuning import learning_part, plain
from course_utils.learner import DQN
from course_utils.losses import td_loss
from course_utils.networks import QNetwork, SeedLinear, stream_of_parts
from course_utils.replay import ReplayBuffer

OLD_BATCH = 32  # transitions of each old task in one update


class TaskHeads(nn.Module):
    """One last layer a task, above the same hidden layers; `task` is the number of the one that answers."""

    def __init__(self, heads: list[SeedLinear]):
        super().__init__()
        self.heads, self.task = nn.ModuleList(heads), 0

    def forward(self, x: Tensor) -> Tensor:
        return self.heads[self.task](x)


def add_heads(network: QNetwork, tasks: int, seed: int = 0) -> QNetwork:
    """A copy with a head for each task; the first is the network's own, the others are fresh.

    Raises ValueError for less than one task, for several heads, and for a dueling or progressive network.
    """
    if isinstance(network.head, TaskHeads) or tasks < 1:
        raise ValueError(f"tasks = {tasks}: take 1 or more, and a network that has one head so far.")
    if network.shape["dueling"] or isinstance(network, ProgressiveNetwork):
        raise ValueError("heads need a network that answers by its last layer alone: no dueling, no columns.")
    network, generator = copy.deepcopy(network), stream_of_parts(seed)
    fresh = [SeedLinear(*network.head.weight.shape, generator) for _ in range(tasks - 1)]
    network.head = TaskHeads([network.head, *fresh])
    return network


def for_task(network: QNetwork, task: int) -> QNetwork:
    """A copy that answers with the head of this task. Raises ValueError for a task that has no head."""
    _head(network, task)
    network = copy.deepcopy(network)
    network.head.task = task
    return network


def _head(network, task):
    heads = network.head.heads if isinstance(network.head, TaskHeads) else []
    if not 0 <= task < len(heads):
        raise ValueError(f"this network has no head {task}: it has {len(heads)}; `add_heads` makes them.")
    return heads[task]


def q_of_task(network: QNetwork, observation: Tensor, task: int) -> Tensor:
    """Action values for a task, whichever head is set to answer; [S, B, D] → [S, B, A]."""
    several = isinstance(network.head, TaskHeads)
    return _head(network, task)(network.units(observation)[-1]) if several else network(observation)


# ---- regularisation ----


def fisher(network: QNetwork, observation: Tensor, form: str = "gaussian") -> dict[str, Tensor]:
    """How much each parameter matters for the outputs: the diagonal of the Fisher information, from single samples.

    observation: [S, B, D]. Returns for each parameter that learns a tensor of its shape, [S, ...].
    "gaussian": E_s Σ_a (∂Q_a/∂θ)², for outputs that are values. "policy": E_s Σ_a π_a (∂ log π_a/∂θ)², π = softmax(Q).
    Raises ValueError for no observations and for another form. Source: Kirkpatrick et al. 2017 (arXiv 1612.00796).
    """
    if observation.shape[1] == 0:
        raise ValueError("the Fisher information needs observations, and there are none: let the agent play first.")
    if form not in ("gaussian", "policy"):
        raise ValueError(f"form = {form!r}: choose 'gaussian', for values, or 'policy', for probabilities.")
    named = learning_part(network)
    importance = {name: torch.zeros_like(parameter) for name, parameter in named.items()}
    for sample in observation.split(1, dim=1):
        output = network(sample)[:, 0]
        share = torch.ones_like(output)
        if form == "policy":
            output = output.log_softmax(-1)
            share = output.detach().exp()
        for action in range(output.shape[-1]):
            total = output[:, action].sum()
            gradients = torch.autograd.grad(total, list(named.values()), retain_graph=True, allow_unused=True)
            for name, gradient in zip(named, gradients, strict=True):
                if gradient is not None:  # the heads of other tasks
                    weight = share[:, action].view(-1, *[1] * (gradient.dim() - 1))
                    importance[name] += weight * gradient**2 / observation.shape[1]
    return importance


class Anchor(NamedTuple):
    """Where a network's parameters were after a task, and how much each of them mattered for it: name → [S, ...]."""

    parameters: dict[str, Tensor]
    importance: dict[str, Tensor]


def remember(
    network: QNetwork, importance: dict[str, Tensor], before: Anchor | None = None, decay: float = 1.0
) -> Anchor:
    """Remember a network's parameters with their importance.

    With the anchor `before` it becomes one for all tasks so far, in which the older importance counts `decay` times:
    online EWC, Schwarz et al. 2018 (arXiv 1805.06370), section 4.
    """
    if before:
        importance = {name: decay * before.importance[name] + importance[name] for name in importance}
    named = network.named_parameters()
    return Anchor({name: parameter.detach().clone() for name, parameter in named if name in importance}, importance)


def ewc_penalty(parameters: dict[str, Tensor], anchor: Anchor) -> Tensor:
    """½ Σ_i F_i (θ_i − θ*_i)², for each seed: [S]. Source: Kirkpatrick et al. 2017 (arXiv 1612.00796), equation 3."""
    return 0.5 * sum(
        (importance * (parameters[name] - anchor.parameters[name]) ** 2).flatten(1).sum(-1)
        for name, importance in anchor.importance.items()
    )


def elastic(anchors: list[Anchor], weight: float) -> Callable:
    """An `extra_loss` that pulls parameters to one anchor for each old task (EWC), or to a single one (online EWC)."""

    def loss(learner: DQN, q: Tensor, batch) -> Tensor:
        parameters = dict(learner.network.named_parameters())
        return weight * sum(ewc_penalty(parameters, anchor) for anchor in anchors)

    return loss


# ---- memory and distillation ----


def rehearse(memories: dict[int, ReplayBuffer], weight: float, seed: int = 0) -> Callable:
    """An `extra_loss` that goes on learning old tasks from stored transitions: the TD loss of each, with its own head.

    memories: task → its transitions. Raises ValueError for none.
    Source: the replay of Rolnick et al. 2019 (arXiv 1811.11682), without its cloning.
    """
    if not memories:
        raise ValueError("there is no memory to rehearse: record episodes of the old tasks first.")
    generator = torch.Generator().manual_seed(seed)

    def loss(learner: DQN, q: Tensor, batch) -> Tensor:
        total, looks_ahead = 0, (learner.config.n_steps, learner.config.discount)
        for task in memories:
            old = _recall(memories[task], generator, *looks_ahead)
            error, *_ = learner.errors(old, partial(q_of_task, task=task))
            total = total + td_loss(error, old.weight)
        return weight * total

    return loss


def keep_outputs(
    old: QNetwork, tasks: list[int], weight: float, memories: dict[int, ReplayBuffer] | None = None, seed: int = 0
) -> Callable:
    """An `extra_loss` that distils the old self: its outputs for old tasks are kept as they were.

    Without memories they are compared on the observations of the new task: learning without forgetting, Li & Hoiem 2016
    (arXiv 1606.09282). With memories, on each old task's own: Rolnick et al. 2019 (arXiv 1811.11682).
    Raises ValueError for a task that has no memory.
    """
    missing = [task for task in tasks if memories is not None and task not in memories]
    if missing:
        raise ValueError(f"there is no memory of task {missing[0]}: record episodes of it first.")
    old, generator = plain(old).requires_grad_(False), torch.Generator().manual_seed(seed)

    def loss(learner: DQN, q: Tensor, batch) -> Tensor:
        total = 0
        for task in tasks:
            seen = _recall(memories[task], generator) if memories is not None else batch
            before, now = (q_of_task(network, seen.observation, task) for network in (old, learner.network))
            total = total + ((now - before) ** 2).sum(-1).mean(-1)
        return weight * total

    return loss


def _recall(memory, generator, n_steps=1, discount=1.0):
    size = min(OLD_BATCH, len(memory))  # one short episode is a memory, too
    return memory.sample(size, n_steps, discount, generator)


# ---- growth ----


class ProgressiveNetwork(QNetwork):
    """A fresh column of layers beside a frozen network; each layer also reads the units below it in the old column.

    Nothing can be forgotten: `old` stays as it was, and answers for the old task. Raises ValueError for a dueling one.
    Source: Rusu et al. 2016 (arXiv 1606.04671), equation 1, reading only the column before and without its adapters.
    """

    def __init__(self, old: QNetwork, seed: int = 0):
        if old.shape["dueling"]:
            raise ValueError("columns need a network that answers by its last layer alone: no dueling.")
        scale, generator = old.observation_scale.tolist(), stream_of_parts(seed)
        super().__init__(**old.shape, observation_scale=scale, generator=generator)
        self.old = copy.deepcopy(old).requires_grad_(False)
        above = [*self.hidden[1:], self.head]
        self.lateral = nn.ModuleList(
            SeedLinear(old.shape["seeds"], old.shape["width"], layer.weight.shape[-1], generator) for layer in above
        )

    def units(self, observation: Tensor) -> list[Tensor]:
        """The units of the new column, into which those of the old one were read."""
        return self._columns(observation)[1]

    def forward(self, observation: Tensor) -> Tensor:
        below, units = self._columns(observation)
        return self.head(units[-1]) + self.lateral[-1](below[-1])

    def _columns(self, observation):
        below, units = self.old.units(observation), [observation * self.observation_scale]
        units.append(self._activate(self.hidden[0](units[0])))
        for layer, lateral, other in zip(self.hidden[1:], self.lateral, below[1:], strict=False):
            units.append(self._activate(layer(units[-1]) + lateral(other)))
        return below, units
