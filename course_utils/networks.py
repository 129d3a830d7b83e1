"""Q-networks for many seeds at once: the weights of S networks lie side by side, [S, in, out].

No seed feels another: a batched matrix product treats each of the S slices by itself.
"""

import contextlib
import copy
import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.checks import check_array, check_finite, check_shape, checked, fitting, need

torch.set_num_threads(1)  # for networks this small, sharing the work costs more than it gains


class SeedLinear(nn.Module):
    """S linear layers side by side, [S, B, in] → [S, B, out], uniform in ±1/√in as PyTorch's."""

    @checked
    def __init__(self, seeds: int, n_in: int, n_out: int, generator=None):
        super().__init__()
        bound = n_in**-0.5
        weight, bias = torch.empty(seeds, n_in, n_out), torch.empty(seeds, 1, n_out)
        self.weight = nn.Parameter(weight.uniform_(-bound, bound, generator=generator))
        self.bias = nn.Parameter(bias.uniform_(-bound, bound, generator=generator))

    def forward(self, x: Tensor) -> Tensor:
        return torch.baddbmm(self.bias, x, self.weight)


@fitting
def dueling_q(value: Tensor, advantage: Tensor) -> Tensor:
    """Action values from two streams: Q = V + A − mean A. [..., 1] and [..., A] → [..., A].

    Without the mean a constant could move from A to V and back, and neither would mean anything.
    Source: Wang et al. 2016 (arXiv 1511.06581), equation 9.
    """
    return value + advantage - advantage.mean(-1, keepdim=True)


class QNetwork(nn.Module):
    """S Q-networks: observations [S, B, D] → action values [S, B, A].

    width: units of each hidden layer. layer_norm: normalise each hidden layer before its ReLU,
    without parameters (Ba et al. 2016, arXiv 1607.06450). dueling: two streams, joined by
    `dueling_q`. observation_scale: [D], multiplies the observation first. heads: a last layer a
    task; `task` is the one that answers when none is named.
    `arguments` build the same network again; the scale is stored with the weights.
    """

    @checked
    def __init__(
        self, seeds: int, observations: int, actions: int, width=64, hidden_layers=2,
        layer_norm=True, dueling=False, observation_scale=None, generator=None, heads=1,
    ):  # fmt: skip
        super().__init__()
        given = {"seeds": seeds, "observations": observations, "actions": actions, "width": width}
        given |= {"hidden_layers": hidden_layers, "layer_norm": layer_norm, "dueling": dueling}
        # One head is not told, so that agents' files from before there were heads stay as they are.
        self.arguments = given | ({"heads": heads} if heads > 1 else {})
        self.task, self.dueling_q = 0, dueling_q
        scale = [1.0] * observations if observation_scale is None else observation_scale
        scale = torch.tensor(check_array("observation_scale", scale), dtype=torch.float32)
        check_shape("observation_scale", scale, (observations,), "must be")
        self.register_buffer("observation_scale", scale)
        sizes = [observations] + [width] * hidden_layers
        pairs = zip(sizes, sizes[1:], strict=False)
        self.hidden = nn.ModuleList(SeedLinear(seeds, *pair, generator) for pair in pairs)
        self.head, *others = (SeedLinear(seeds, width, actions, generator) for _ in range(heads))
        self.other_heads = nn.ModuleList(others)
        if dueling:
            self.value_hidden = SeedLinear(seeds, sizes[-2], width, generator)
            self.value_head = SeedLinear(seeds, width, 1, generator)

    @property
    def seeds(self) -> int:
        """S, the number of networks side by side."""
        return self.arguments["seeds"]

    def forward(self, observation: Tensor, task: int | None = None) -> Tensor:
        units = self.units(observation)
        q = self.head_of(task)(units[-1])
        if self.arguments["dueling"]:
            value = self.value_head(self._activate(self.value_hidden(units[-2])))
            q = check_shape("dueling_q", self.dueling_q(value, q), q.shape)
        return q

    def head_of(self, task: int | None = None) -> SeedLinear:
        """The last layer of a task; a single one answers all tasks. ValueError for no such head."""
        task, heads = self.task if task is None else task, 1 + len(self.other_heads)
        if heads > 1 and task not in range(heads):
            raise ValueError(f"this network has no head {task!r}: it has {heads}, from 0 on.")
        return self.other_heads[task - 1] if heads > 1 and task else self.head

    def units(self, observation: Tensor) -> list[Tensor]:
        """The scaled observation, then the units of each hidden layer, [S, B, width]."""
        size = self.arguments["seeds"], self.arguments["observations"]
        if not isinstance(observation, Tensor) or observation.shape[::2] != size:
            shape = size[0], *getattr(observation, "shape", ())[1:2], size[1]
            check_shape("observation", observation, shape, "must be")
        units = [observation.float() * self.observation_scale]
        for layer in self.hidden:
            units.append(self._activate(layer(units[-1])))
        return units

    def _activate(self, x):
        return F.relu(F.layer_norm(x, x.shape[-1:]) if self.arguments["layer_norm"] else x)

    @checked
    def choose(self, seeds: list[int]) -> "QNetwork":
        """A new network with copies of these seeds' weights; ValueError for one not there."""
        chosen = copy.deepcopy(self)
        with contextlib.suppress(IndexError):
            seeds = np.arange(self.seeds)[list(seeds)]
        if not len(seeds) or not isinstance(seeds, np.ndarray):
            raise ValueError(f"choose one or more of the networks 0 to {self.seeds - 1}.")
        chosen.arguments["seeds"] = len(seeds)
        for parameter in chosen.parameters():
            parameter.data = parameter.data[seeds]
        return chosen

    def parameters_of_one(self) -> int:
        """How many numbers one seed's network has, frozen ones included."""
        return sum(parameter[0].numel() for parameter in self.parameters())


def learning_part(network: QNetwork, learns: bool = True) -> dict[str, nn.Parameter]:
    """The parameters that learn, or those that do not, by name."""
    return {name: p for name, p in network.named_parameters() if p.requires_grad == learns}


@checked
def stream_of_parts(seed: int) -> torch.Generator:
    """A random stream for parts added later, apart from that of a network's first weights."""
    [state] = np.random.SeedSequence(seed).spawn(1)[0].generate_state(1)
    return torch.Generator().manual_seed(int(state))


@checked
def copy_to_go_on(network: QNetwork, fresh: QNetwork) -> QNetwork:
    """A copy of `network` to train in the place of `fresh`; ValueError if it does not fit."""
    for name in ("seeds", "observations", "actions"):
        has, needs = network.arguments[name], fresh.arguments[name]
        told = f"the network to go on from has {has} {name}, this training needs {needs}"
        need(has == needs, f"{told}: choose another network or environment.")
    check_finite("this network", dict(network.named_parameters()))
    return copy.deepcopy(network).to(fresh.observation_scale.device)


@checked
@torch.no_grad()
def update_target(target: nn.Module, online: nn.Module, rate: float) -> None:
    """Move the target network a part `rate` of the way to the online one; 1 copies it.

    Source: copies in Mnih et al. 2015 (Nature 518:529); a small rate in Lillicrap et al. 2016
    (arXiv 1509.02971).
    """
    for resting, moving in zip(target.parameters(), online.parameters(), strict=True):
        resting.lerp_(moving, rate)


@checked
def greedy(network: QNetwork, task: int | None = None) -> Callable:
    """The function from observations [S, E, D] to the best actions [S, E], by a task's head."""

    @torch.no_grad()
    def act(observation):
        observation = torch.as_tensor(observation, device=network.observation_scale.device)
        q = network(observation) if task is None else network(observation, task)
        if not math.isfinite(q.sum()):
            raise ValueError("action values are NaN or infinite: look at observations, weights.")
        return q.argmax(-1).cpu().numpy()

    return act


@checked
def trembling(act: Callable, share: float, actions: int, rng: np.random.Generator) -> Callable:
    """The same agent, but for a random one of its `actions` in a share of the steps."""

    def trembling_act(observation):
        action = np.asarray(act(observation))
        random = rng.random(action.shape) < share
        return np.where(random, rng.integers(actions, size=action.shape), action)

    return trembling_act
