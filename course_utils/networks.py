"""Q-networks for many seeds at once: the weights of S networks lie side by side, [S, in, out].

No seed feels another: a batched matrix product treats each of the S slices by itself.
"""

import copy
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

torch.set_num_threads(1)  # for networks this small, sharing the work between threads costs more than it gains


class SeedLinear(nn.Module):
    """S linear layers side by side, one a seed: [S, B, in] → [S, B, out].

    Weights and biases start uniform in ±1/√in, PyTorch's own choice for a linear layer.
    """

    def __init__(self, seeds: int, n_in: int, n_out: int, generator: torch.Generator | None = None):
        super().__init__()
        bound = n_in**-0.5
        self.weight = nn.Parameter(torch.empty(seeds, n_in, n_out).uniform_(-bound, bound, generator=generator))
        self.bias = nn.Parameter(torch.empty(seeds, 1, n_out).uniform_(-bound, bound, generator=generator))

    def forward(self, x: Tensor) -> Tensor:
        return torch.baddbmm(self.bias, x, self.weight)


def dueling_q(value: Tensor, advantage: Tensor) -> Tensor:
    """Action values from two streams: Q = V + A − mean A. value: [..., 1], advantage: [..., A] → [..., A].

    Without the mean a constant could move from A to V and back, and neither would mean anything.
    Source: Wang et al. 2016 (arXiv 1511.06581), equation 9.
    """
    return value + advantage - advantage.mean(-1, keepdim=True)


class QNetwork(nn.Module):
    """S Q-networks: observations [S, B, D] → action values [S, B, A].

    width: units of each hidden layer. layer_norm: normalise each hidden layer before its ReLU, without parameters
    (Ba et al. 2016, arXiv 1607.06450). dueling: two streams behind the first layers, see `dueling_q`.
    observation_scale: [D], multiplies the observation first; it is stored with the weights.
    `shape` holds the arguments that build the same network again.
    """

    def __init__(
        self,
        seeds: int,
        observations: int,
        actions: int,
        width: int = 64,
        hidden_layers: int = 2,
        layer_norm: bool = True,
        dueling: bool = False,
        observation_scale: list[float] | None = None,
        generator: torch.Generator | None = None,
    ):
        super().__init__()
        self.shape = {"seeds": seeds, "observations": observations, "actions": actions, "width": width}
        self.shape |= {"hidden_layers": hidden_layers, "layer_norm": layer_norm, "dueling": dueling}
        self.register_buffer("observation_scale", torch.tensor(observation_scale or [1.0] * observations))
        sizes = [observations] + [width] * hidden_layers
        pairs = zip(sizes, sizes[1:], strict=False)
        self.hidden = nn.ModuleList(SeedLinear(seeds, *pair, generator) for pair in pairs)
        self.head = SeedLinear(seeds, width, actions, generator)
        if dueling:
            self.value_hidden = SeedLinear(seeds, sizes[-2], width, generator)
            self.value_head = SeedLinear(seeds, width, 1, generator)

    def forward(self, observation: Tensor) -> Tensor:
        units = self.units(observation)
        q = self.head(units[-1])
        if self.shape["dueling"]:
            q = dueling_q(self.value_head(self._activate(self.value_hidden(units[-2]))), q)
        return q

    def units(self, observation: Tensor) -> list[Tensor]:
        """What is computed on the way: the scaled observation, then each hidden layer's units [S, B, width]."""
        units = [observation * self.observation_scale]
        for layer in self.hidden:
            units.append(self._activate(layer(units[-1])))
        return units

    def _activate(self, x):
        return F.relu(F.layer_norm(x, x.shape[-1:]) if self.shape["layer_norm"] else x)

    def choose(self, seeds: list[int]) -> "QNetwork":
        """A new network with copies of these seeds' weights."""
        chosen = copy.deepcopy(self)
        chosen.shape["seeds"] = len(seeds)
        for parameter in chosen.parameters():
            parameter.data = parameter.data[seeds]
        return chosen

    def parameters_of_one(self) -> int:
        """How many numbers one seed's network has, frozen ones included."""
        return sum(parameter[0].numel() for parameter in self.parameters())


def stream_of_parts(seed: int) -> torch.Generator:
    """A random stream for parts added later, apart from the one that drew a network's first weights from this seed."""
    return torch.Generator().manual_seed(int(np.random.SeedSequence(seed).spawn(1)[0].generate_state(1)[0]))


def make_network(envs, config, seeds: int, scale: list[float] | None, seed: int, device: str = "cpu") -> QNetwork:
    """S networks that fit these environments, with the shape of a `DQNConfig`; their first weights come from `seed`.

    Raises ValueError for a device that is not there.
    """
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError):
        raise ValueError(f"this machine or this PyTorch has no device '{device}': use 'cpu'.") from None
    size = envs.single_observation_space.shape[0], int(envs.single_action_space.n)
    shape = config.width, config.hidden_layers, config.layer_norm, config.dueling
    return QNetwork(seeds, *size, *shape, scale, torch.Generator().manual_seed(seed)).to(device)


def copy_to_go_on(network: QNetwork, fresh: QNetwork) -> QNetwork:
    """A copy of `network` to train further, where a fresh one like `fresh` would have been trained.

    Raises ValueError if the number of networks, observations or actions does not fit.
    """
    for name in ("seeds", "observations", "actions"):
        if network.shape[name] != fresh.shape[name]:
            raise ValueError(f"the network to go on from has {network.shape[name]} {name}, this training needs "
                             f"{fresh.shape[name]}: choose another network or environment.")  # fmt: skip
    return copy.deepcopy(network).to(fresh.observation_scale.device)


@torch.no_grad()
def update_target(target: nn.Module, online: nn.Module, rate: float) -> None:
    """Move the target network a part `rate` of the way to the online one; 1 copies it.

    Source: a copy every so many updates in Mnih et al. 2015; a small rate every time in Lillicrap et al. 2016
    (arXiv 1509.02971).
    """
    for resting, moving in zip(target.parameters(), online.parameters(), strict=True):
        resting.lerp_(moving, rate)


def greedy(network: QNetwork) -> Callable:
    """The function from observations [S, E, D] to each network's best actions [S, E]."""

    @torch.no_grad()
    def act(observation):
        observation = torch.as_tensor(observation, device=network.observation_scale.device)
        return network(observation).argmax(-1).cpu().numpy()

    return act
