"""Nothing changes before training, only the right part learns, and all can be taken back."""

import pytest
import torch
from torch import nn

from course_utils import storage
from course_utils.learner import DQNConfig
from course_utils.networks import QNetwork, SeedLinear
from course_utils.train import train_dqn
from course_utils.tune import parts
from course_utils.tune.parts import (
    add_adapters,
    add_lora,
    bitfit,
    head_only,
    low_rank_change,
    merge,
    plain,
    trainable,
    unmerge,
)

WAYS = {
    "head": head_only,
    "BitFit": bitfit,
    "adapters": lambda network: add_adapters(network, 3),
    "LoRA": lambda network: add_lora(network, 2),
}
NUMBERS = {"head": 16 * 4 + 4, "BitFit": 16 + 16 + 4, "adapters": 2 * (16 * 3 + 3 + 3 * 16 + 16)}
NUMBERS["LoRA"] = 2 * (8 + 16) + 2 * (16 + 16)


def stream(seed):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def network():
    return QNetwork(3, 8, 4, width=16, generator=stream(1))


@pytest.fixture
def observation():
    return torch.randn(3, 5, 8, generator=stream(2))


def trained(network, observation):
    """A few steps towards random targets, by everything in the network that learns."""
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    wanted = torch.randn(*network(observation).shape, generator=stream(3))
    for _ in range(20):
        optimizer.zero_grad()
        ((network(observation) - wanted) ** 2).sum().backward()
        optimizer.step()
    return network


@pytest.mark.parametrize("way", WAYS)
def test_nothing_changes_before_training_and_all_can_be_taken_back(way, network, observation):
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    changed = WAYS[way](network)
    assert torch.equal(changed(observation), network(observation))
    assert trainable(changed) == NUMBERS[way]
    trained(changed, observation)
    assert not torch.allclose(changed(observation), network(observation))
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    assert all(parameter.requires_grad for parameter in network.parameters())
    if way in ("adapters", "LoRA"):
        assert all(
            torch.equal(tensor, before[name])
            for name, tensor in plain(changed).state_dict().items()
        )
    assert trainable(plain(changed)) == trainable(network) == network.parameters_of_one()


@pytest.mark.parametrize("way", WAYS)
def test_only_the_named_part_moves(way, network, observation):
    changed = WAYS[way](network)
    before = {name: parameter.detach().clone() for name, parameter in changed.named_parameters()}
    trained(changed, observation)
    for name, parameter in changed.named_parameters():
        assert torch.equal(parameter, before[name]) != parameter.requires_grad, name


@pytest.mark.parametrize("first", WAYS)
@pytest.mark.parametrize("second", WAYS)
def test_a_second_application_is_refused(first, second, network):
    with pytest.raises(ValueError, match="start from `plain"):
        WAYS[second](WAYS[first](network))


@pytest.mark.parametrize("way", WAYS)
def test_seeds_do_not_feel_each_other(way, network, observation):
    many = trained(WAYS[way](network), observation)
    wanted = torch.randn(3, 5, 4, generator=stream(3))
    alone = WAYS[way](network).choose([1])
    optimizer = torch.optim.Adam(alone.parameters(), lr=0.01)
    for _ in range(20):
        optimizer.zero_grad()
        ((alone(observation[1:2]) - wanted[1:2]) ** 2).sum().backward()
        optimizer.step()
    assert torch.allclose(alone(observation[1:2]), many(observation)[1:2], atol=1e-4)


def test_merging_gives_the_same_outputs_and_can_be_taken_back(network, observation):
    lora = trained(add_lora(network, 2, alpha=3.0), observation)
    merged = merge(lora)
    assert torch.allclose(merged(observation), lora(observation), atol=1e-5)
    assert torch.allclose(plain(merged)(observation), lora(observation), atol=1e-5)
    assert torch.allclose(unmerge(merged)(observation), lora(observation), atol=1e-5)
    assert torch.allclose(plain(unmerge(merged))(observation), network(observation), atol=1e-5)
    assert type(plain(merged).head) is type(network.head)
    with pytest.raises(ValueError, match="merged already"):
        merge(merged)
    with pytest.raises(ValueError, match="not merged"):
        unmerge(lora)
    with pytest.raises(ValueError, match="no low-rank change"):
        merge(network)


@pytest.mark.parametrize("rank", [0, -1, 9, 17])
def test_a_rank_must_fit_the_layer(rank, network):
    with pytest.raises(ValueError, match="allows 1 to" if rank > 0 else f"rank = {rank}"):
        add_lora(network, rank)
    if rank < 1:
        with pytest.raises(ValueError, match=f"size = {rank}"):
            add_adapters(network, rank)


def test_a_network_in_which_nothing_would_learn_is_refused(network):
    with pytest.raises(ValueError, match="nothing in this network would learn"):
        parts.freeze(network, lambda name: "wieght" in name)


def test_a_dueling_network_keeps_its_two_heads(observation):
    network = QNetwork(3, 8, 4, width=16, dueling=True, generator=stream(1))
    learns = {
        name for name, parameter in head_only(network).named_parameters() if parameter.requires_grad
    }
    assert learns == {"head.weight", "head.bias", "value_head.weight", "value_head.bias"}
    adapted = add_adapters(network, 2)
    assert torch.equal(adapted(observation), network(observation))
    kinds = {name: type(part).__name__ for name, part in adapted.named_children()}
    assert (
        kinds["value_hidden"] == "AdapterLinear"
        and kinds["head"] == kinds["value_head"] == "SeedLinear"
    )


@pytest.mark.slow
def test_lora_equals_the_peft_library(network, observation):
    """One seed, the same weights: outputs, gradients, and outputs after merging."""
    import peft  # takes seconds

    one = network.choose([0])
    ours = add_lora(one, 2, alpha=3.0, seed=4)
    for part in ours.modules():
        if isinstance(part, parts.LoRALinear):
            nn.init.normal_(part.b, generator=stream(5))
    layers = [*one.hidden, one.head]
    plain_layers = [nn.Linear(*layer.weight.shape[1:]) for layer in layers]
    theirs = nn.ModuleDict({f"layer{i}": layer for i, layer in enumerate(plain_layers)})
    config = peft.LoraConfig(r=2, lora_alpha=3.0, target_modules=["layer0", "layer1"], bias="none")
    theirs = peft.get_peft_model(theirs, config)
    lora = [theirs.base_model.model[f"layer{i}"] for i in range(3)]
    for base, other in zip(layers, lora, strict=True):
        other = getattr(other, "base_layer", other)
        other.weight.data, other.bias.data = base.weight[0].T.detach(), base.bias[0, 0].detach()
    for mine, other in zip(ours.hidden, lora, strict=False):
        other.lora_A["default"].weight.data = mine.a[0].T.detach().clone()
        other.lora_B["default"].weight.data = mine.b[0].T.detach().clone()

    def forward(x):
        for layer in lora[:-1]:
            x = nn.functional.layer_norm(layer(x), (16,)).relu()
        return lora[-1](x)

    x = observation[0]
    assert torch.allclose(ours(x[None])[0], forward(x), atol=1e-5)
    ours(x[None]).square().sum().backward()
    forward(x).square().sum().backward()
    for mine, other in zip(ours.hidden, lora, strict=False):
        a, b = other.lora_A["default"].weight, other.lora_B["default"].weight
        assert torch.allclose(mine.a.grad[0].T, a.grad, rtol=1e-4, atol=1e-5)
        assert torch.allclose(mine.b.grad[0].T, b.grad, rtol=1e-4, atol=1e-5)
        assert mine.layer.weight.grad is None and other.base_layer.weight.grad is None
    for layer in lora[:2]:
        layer.merge()
    assert torch.allclose(merge(ours)(x[None])[0], forward(x), atol=1e-5)


def test_a_learners_low_rank_change_is_trained_and_merged(network, observation):
    """The module's own function, handed in, changes nothing but rounding; another one does."""
    own, same, twice = (
        add_lora(network, 2, seed=4, change=change)
        for change in (None, low_rank_change, lambda a, b, alpha: 2 * low_rank_change(a, b, alpha))
    )
    for lora in (own, same, twice):
        trained(lora, observation)
    assert torch.allclose(same(observation), own(observation), atol=1e-4)
    assert torch.allclose(merge(same)(observation), own(observation), atol=1e-4)
    assert not torch.allclose(twice(observation), own(observation), atol=1e-3)
    assert torch.allclose(merge(twice)(observation), twice(observation), atol=1e-5)
    assert torch.allclose(unmerge(merge(twice))(observation), twice(observation), atol=1e-5)


@pytest.mark.parametrize("way", WAYS)
def test_q_learning_trains_a_changed_network(way):
    config = DQNConfig(
        steps=400, learning_starts=100, width=16, replay_capacity=400, learning_rate=0.01
    )
    network = WAYS[way](QNetwork(2, 4, 2, width=16, generator=stream(1)))
    *_, last = train_dqn(config, "CartPole-v1", 2, records=1, network=network)
    after = dict(last.network.named_parameters())
    for name, parameter in network.named_parameters():
        assert torch.equal(parameter, after[name]) != parameter.requires_grad, name


def test_a_merged_agent_is_saved_as_any_other(network, observation, tmp_path):
    lora = trained(add_lora(network, 2), observation)
    card = {"environment": "LunarLander-v3", "parent": "x"}
    storage.save_agent(tmp_path / "a.safetensors", plain(merge(lora)), card)
    again, _ = storage.load_agent(tmp_path / "a.safetensors")
    assert torch.allclose(again(observation), lora(observation), atol=1e-5)


def test_a_network_with_additions_is_not_saved_as_an_agent(network, tmp_path):
    with pytest.raises(ValueError, match="plain"):
        card = {"environment": "x", "parent": None}
        storage.save_agent(tmp_path / "a.safetensors", add_lora(network, 2), card)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("way", WAYS)
def test_the_part_that_learns_is_saved_alone(way, network, observation, tmp_path):
    changed = trained(WAYS[way](network), observation)
    storage.save_part(tmp_path / "part.safetensors", changed, {"environment": "Moon"})
    again, card = storage.load_part(tmp_path / "part.safetensors", WAYS[way](network))
    assert torch.equal(again(observation), changed(observation)) and card == {"environment": "Moon"}
    assert (tmp_path / "part.safetensors").stat().st_size < 4 * 3 * NUMBERS[way] + 1500


def test_a_part_that_does_not_fit_is_refused(network, observation, tmp_path):
    path = tmp_path / "part.safetensors"
    storage.save_part(path, trained(add_lora(network, 2), observation), {})
    for other in (add_lora(network, 1), add_adapters(network, 2), network):
        before = other(observation)
        with pytest.raises(ValueError, match="change the network alike"):
            storage.load_part(path, other)
        assert torch.equal(other(observation), before)
    stranger = QNetwork(3, 8, 4, width=16, generator=stream(9))
    with pytest.raises(ValueError, match="another source agent"):
        storage.load_part(path, add_lora(stranger, 2))
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ValueError, match="damaged"):
        storage.load_part(path, add_lora(network, 2))


def test_numbers_of_a_single_layer_are_counted_too():
    layer = parts.LoRALinear(SeedLinear(3, 4, 5).requires_grad_(False), 2, 4.0, torch.Generator())
    assert parts.trainable(layer) == 2 * (4 + 5)
