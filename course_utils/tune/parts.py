"""Fine-tuning: copies of a network that answer as it does, in which only some part will learn."""

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn

from course_utils.checks import check_shape, checked, need
from course_utils.networks import QNetwork, SeedLinear, learning_part, stream_of_parts


@checked
def freeze(network: QNetwork, learns: Callable[[str], bool]) -> QNetwork:
    """A copy in which only parameters learn whose names satisfy `learns`; ValueError for none."""
    if learning_part(network, False):
        raise ValueError("a part of this network is frozen already: start from `plain(network)`.")
    frozen = copy.deepcopy(network)
    for name, parameter in frozen.named_parameters():
        parameter.requires_grad_(learns(name))
    if not learning_part(frozen):
        raise ValueError("nothing in this network would learn: choose at least one parameter.")
    return frozen


def head_only(network: QNetwork) -> QNetwork:
    """A copy whose last layer alone learns: a linear regression on fixed features."""
    return freeze(network, lambda name: "head" in name)


def bitfit(network: QNetwork) -> QNetwork:
    """A copy whose biases alone learn. Source: Ben Zaken et al. 2022 (arXiv 2106.10199)."""
    return freeze(network, lambda name: name.endswith("bias"))


def low_rank_change(a: Tensor, b: Tensor, alpha: float) -> Tensor:
    """What LoRA adds to weights: ΔW = (α / r) A B. [..., in, r], [..., r, out] → [..., in, out].

    Source: Hu et al. 2022 (arXiv 2106.09685), section 4.1; for columns it is B A.
    """
    return alpha / a.shape[-1] * a @ b


class LoRALinear(nn.Module):
    """A frozen linear layer and a change of low rank: x W + b + (α / r) x A B. See `add_lora`."""

    def __init__(self, layer: SeedLinear, rank: int, alpha: float, generator=None, change=None):
        super().__init__()
        seeds, n_in, n_out = layer.weight.shape
        most, bound = min(n_in, n_out), n_in**-0.5
        need(1 <= rank <= most, f"rank = {rank}: a layer {n_in} → {n_out} allows 1 to {most}.")
        self.layer, self.alpha, self.change, self.merged = layer, alpha, change, False
        a = torch.empty(seeds, n_in, rank).uniform_(-bound, bound, generator=generator)
        b = torch.zeros(seeds, rank, n_out)  # so that nothing changes before training
        self.a, self.b = nn.Parameter(a), nn.Parameter(b)

    def added(self) -> Tensor:
        """ΔW, [S, in, out]."""
        added = (self.change or low_rank_change)(self.a, self.b, self.alpha)
        return check_shape("change", added, self.layer.weight.shape)

    def forward(self, x: Tensor) -> Tensor:
        if self.merged:
            return self.layer(x)
        if self.change:
            return self.layer(x) + x @ self.added()
        # x A is only r wide: in this order ΔW, as large as the layer, is never made
        return self.layer(x) + self.alpha / self.a.shape[-1] * (x @ self.a @ self.b)


class AdapterLinear(nn.Module):
    """A frozen linear layer, and a bottleneck that adds to its output: h + relu(h D + d) U + u.

    D: [S, out, size], U: [S, size, out]. Source: Houlsby et al. 2019 (arXiv 1902.00751), 2.1.
    """

    def __init__(self, layer: SeedLinear, size: int, generator=None):
        super().__init__()
        seeds, _, n_out = layer.weight.shape
        self.layer, self.down = layer, SeedLinear(seeds, n_out, size, generator)
        self.up = SeedLinear(seeds, size, n_out, generator)
        for parameter in self.up.parameters():
            nn.init.zeros_(parameter)

    def forward(self, x: Tensor) -> Tensor:
        h = self.layer(x)
        return h + self.up(self.down(h).relu())


@checked
def add_lora(network: QNetwork, rank: int, alpha=None, seed: int = 0, change=None) -> QNetwork:
    """A copy with a low-rank change beside every hidden layer; only these changes learn.

    alpha: strength α of the change, by default 2 · rank, so that the factor α / r is 2.
    change: a function in place of `low_rank_change`; then all of ΔW is made at each use.
    Raises ValueError for a rank that a layer does not allow, and for a network that was changed.
    """
    alpha, generator = 2 * rank if alpha is None else alpha, stream_of_parts(seed)
    return _extend(network, lambda layer: LoRALinear(layer, rank, alpha, generator, change))


@checked
def add_adapters(network: QNetwork, size: int, seed: int = 0) -> QNetwork:
    """A copy with an adapter behind every hidden layer; only they learn. Raises as `add_lora`."""
    generator = stream_of_parts(seed)
    return _extend(network, lambda layer: AdapterLinear(layer, size, generator))


def _extend(network, make):
    extended = freeze(network, lambda name: True).requires_grad_(False)
    for name, part in list(extended.named_modules()):
        if isinstance(part, SeedLinear) and "head" not in name:
            extended.set_submodule(name, make(part))
    return extended


@checked
@torch.no_grad()
def merge(network: QNetwork, inside: bool = True) -> QNetwork:
    """A copy with its low-rank changes `inside` the weights; ValueError if none can move."""
    network = copy.deepcopy(network)
    changes = [part for part in network.modules() if isinstance(part, LoRALinear)]
    if not changes or changes[0].merged == inside:
        state = "is merged already" if inside else "is not merged"
        state = state if changes else "has no low-rank change"
        raise ValueError(f"this network {state}: nothing was done.")
    for part in changes:
        part.layer.weight += part.added() if inside else -part.added()
        part.merged = inside
    return network


def unmerge(network: QNetwork) -> QNetwork:
    """A copy with each low-rank change beside its layer again. Raises as `merge`."""
    return merge(network, inside=False)


@checked
def plain(network: QNetwork) -> QNetwork:
    """A copy without additions, all of which learns; a merged change stays in the weights."""
    network = copy.deepcopy(network).requires_grad_(True)
    for name, part in list(network.named_modules()):
        if isinstance(part, LoRALinear | AdapterLinear):
            network.set_submodule(name, part.layer)
    return network


@checked
def trainable(network: nn.Module) -> int:
    """How many numbers of one seed's network, or of a layer, learn."""
    return sum(parameter[0].numel() for parameter in learning_part(network).values())
