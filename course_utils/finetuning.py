"""Fine-tuning: which part of a network learns, and small parts that learn in its place.

Each function returns a new network and leaves the given one as it was. Before training the new network gives the same
outputs; `plain` takes everything back.
"""

import copy
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from course_utils import storage
from course_utils.networks import QNetwork, SeedLinear, stream_of_parts


def freeze(network: QNetwork, learns: Callable[[str], bool]) -> QNetwork:
    """A copy in which only the parameters learn whose names satisfy `learns`.

    Raises ValueError if a part is frozen already, and if nothing would learn.
    """
    if not all(parameter.requires_grad for parameter in network.parameters()):
        raise ValueError("a part of this network is frozen already: start from `plain(network)`.")
    if not any(learns(name) for name, _ in network.named_parameters()):
        raise ValueError("nothing in this network would learn: choose at least one of its parameters.")
    frozen = copy.deepcopy(network)
    for name, parameter in frozen.named_parameters():
        parameter.requires_grad_(learns(name))
    return frozen


def head_only(network: QNetwork) -> QNetwork:
    """A copy whose last layer alone learns: a linear regression on fixed features."""
    return freeze(network, lambda name: "head." in name)


def bitfit(network: QNetwork) -> QNetwork:
    """A copy whose biases alone learn. Source: Ben Zaken et al. 2022 (arXiv 2106.10199)."""
    return freeze(network, lambda name: name.endswith("bias"))


def low_rank_change(a: Tensor, b: Tensor, alpha: float) -> Tensor:
    """What LoRA adds to a weight matrix: ΔW = (α / r) A B. a: [..., in, r]; b: [..., r, out] → [..., in, out].

    Source: Hu et al. 2022 (arXiv 2106.09685), section 4.1; the paper multiplies columns, and so writes B A.
    """
    return alpha / a.shape[-1] * a @ b


class LoRALinear(nn.Module):
    """A frozen linear layer and a change of low rank beside it: x W + b + (α / r) x A B.

    A: [S, in, r], random as in a fresh layer; B: [S, r, out], zero.
    """

    def __init__(self, layer: SeedLinear, rank: int, alpha: float, generator: torch.Generator | None = None):
        super().__init__()
        seeds, n_in, n_out = layer.weight.shape
        if not 1 <= rank <= min(n_in, n_out):
            raise ValueError(f"rank = {rank}: a layer from {n_in} to {n_out} numbers allows 1 to {min(n_in, n_out)}.")
        self.layer, self.alpha, self.merged = layer, alpha, False
        self.a = nn.Parameter(torch.empty(seeds, n_in, rank).uniform_(-(n_in**-0.5), n_in**-0.5, generator=generator))
        self.b = nn.Parameter(torch.zeros(seeds, rank, n_out))

    def change(self) -> Tensor:
        """ΔW, [S, in, out]."""
        return low_rank_change(self.a, self.b, self.alpha)

    def forward(self, x: Tensor) -> Tensor:
        h = self.layer(x)
        return h if self.merged else h + self.alpha / self.a.shape[-1] * (x @ self.a @ self.b)


class AdapterLinear(nn.Module):
    """A frozen linear layer, and behind it a bottleneck that adds to its output: h + relu(h D + d) U + u.

    D: [S, out, size], random; U: [S, size, out], zero. Source: Houlsby et al. 2019 (arXiv 1902.00751), section 2.1.
    """

    def __init__(self, layer: SeedLinear, size: int, generator: torch.Generator | None = None):
        super().__init__()
        seeds, _, n_out = layer.weight.shape
        if not 1 <= size <= n_out:
            raise ValueError(f"size = {size}: behind a layer of {n_out} numbers the bottleneck may have 1 to {n_out}.")
        self.layer = layer
        self.down, self.up = SeedLinear(seeds, n_out, size, generator), SeedLinear(seeds, size, n_out, generator)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, x: Tensor) -> Tensor:
        h = self.layer(x)
        return h + self.up(self.down(h).relu())


def add_lora(network: QNetwork, rank: int, alpha: float | None = None, seed: int = 0) -> QNetwork:
    """A copy with a low-rank change beside every hidden layer; only these changes learn.

    alpha: strength α of the change, 2 · rank if none is given, so that the factor α / r is 2.
    Raises ValueError for a rank that a layer does not allow, and for a network that was changed already.
    Source: Hu et al. 2022 (arXiv 2106.09685), section 4.1.
    """
    generator = stream_of_parts(seed)
    return _extend(network, lambda layer: LoRALinear(layer, rank, 2 * rank if alpha is None else alpha, generator))


def add_adapters(network: QNetwork, size: int, seed: int = 0) -> QNetwork:
    """A copy with an adapter behind every hidden layer; only the adapters learn. Raises as `add_lora`."""
    generator = stream_of_parts(seed)
    return _extend(network, lambda layer: AdapterLinear(layer, size, generator))


def _extend(network, make):
    changed = [type(part).__name__ for part in network.modules() if isinstance(part, LoRALinear | AdapterLinear)]
    if changed:
        raise ValueError(f"this network has a {changed[0]} already: start from `plain(network)`.")
    extended = freeze(network, lambda name: True).requires_grad_(False)
    layers = [place for place in _places(extended, SeedLinear) if not place[1].endswith("head")]
    if not layers:
        raise ValueError("this network has no layer that could be changed: it needs at least one hidden SeedLinear.")
    for parent, name, layer in layers:
        setattr(parent, name, make(layer))
    return extended


def _places(network, kinds):
    """Where layers of these kinds hang: (parent, name, layer)."""
    named = [(parent, *child) for parent in network.modules() for child in parent.named_children()]
    return [place for place in named if isinstance(place[2], kinds)]


def merge(network: QNetwork) -> QNetwork:
    """A copy in which each low-rank change is added to its layer's weights, so that it costs nothing more to use."""
    return _merged(network, 1)


def unmerge(network: QNetwork) -> QNetwork:
    """A copy in which each low-rank change stands beside its layer again."""
    return _merged(network, -1)


@torch.no_grad()
def _merged(network, sign):
    network = copy.deepcopy(network)
    parts = [part for part in network.modules() if isinstance(part, LoRALinear)]
    if not parts or any(part.merged == (sign > 0) for part in parts):
        state = "has no low-rank change" if not parts else "is merged already" if sign > 0 else "is not merged"
        raise ValueError(f"this network {state}: nothing was done.")
    for part in parts:
        part.layer.weight += sign * part.change()
        part.merged = sign > 0
    return network


def plain(network: QNetwork) -> QNetwork:
    """A copy without additions, all of which learns; a merged change stays in the weights."""
    network = copy.deepcopy(network).requires_grad_(True)
    for parent, name, part in _places(network, LoRALinear | AdapterLinear):
        setattr(parent, name, part.layer)
    return network


def learning_part(network: QNetwork) -> dict[str, nn.Parameter]:
    """The parameters that learn, by name."""
    return {name: parameter for name, parameter in network.named_parameters() if parameter.requires_grad}


def trainable(network: QNetwork) -> int:
    """How many numbers of one seed's network learn."""
    return sum(parameter[0].numel() for parameter in learning_part(network).values())


def save_part(path: Path, network: QNetwork, card: dict) -> None:
    """Save only what learns: a small file beside the source agent's, one for each task. The card names its task."""
    storage.save_tensors(path, learning_part(network), {"card": card, "frozen": _frozen(network)})


def load_part(path: Path, network: QNetwork) -> tuple[QNetwork, dict]:
    """A copy of a network with the saved part put in, and the part's card.

    network: made from the same source agent, and changed in the same way, as the one that was saved.
    Raises ValueError for a part of another shape or for another source, and as `storage.load_tensors`.
    """
    part, facts = storage.load_tensors(path)
    network = copy.deepcopy(network)
    own = learning_part(network)
    wanted, found = ({name: tuple(tensor.shape) for name, tensor in each.items()} for each in (own, part))
    if wanted != found:
        different = next(name for name in sorted(wanted.keys() | found) if wanted.get(name) != found.get(name))
        there, here = (shapes.get(different, "missing") for shapes in (found, wanted))
        raise ValueError(f"{Path(path).name} does not fit: {different} is {there} there and {here} here; change the "
                         "network in the same way as before it was saved.")  # fmt: skip
    if facts.get("frozen") != _frozen(network):
        raise ValueError(f"{Path(path).name} belongs to another source agent: load the one that it was trained on.")
    for name, tensor in part.items():
        own[name].data = tensor
    return network, facts["card"]


def _frozen(network):
    frozen = {name: parameter for name, parameter in network.named_parameters() if not parameter.requires_grad}
    return storage.fingerprint(frozen)
