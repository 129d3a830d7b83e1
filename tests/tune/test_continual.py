"""What keeps old tasks alive: formulas against independent ones, and what they do to a training."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.func import functional_call, grad, vmap

from course_utils import storage
from course_utils.learner import DQN, DQNConfig, Parts
from course_utils.losses import ewc_penalty, td_target
from course_utils.networks import QNetwork, greedy
from course_utils.replay import ReplayBuffer
from course_utils.train import train_dqn
from course_utils.tune import continual
from course_utils.tune.continual import (
    ProgressiveNetwork,
    add_heads,
    elastic,
    fisher,
    remember_weights,
)
from course_utils.tune.parts import add_lora

TINY = DQNConfig(steps=400, learning_starts=100, width=16, replay_capacity=400, n_steps=3)


def stream(seed):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def network():
    return QNetwork(3, 4, 2, width=16, generator=stream(1))


@pytest.fixture
def observation():
    return torch.randn(3, 6, 4, generator=stream(2))


@pytest.fixture
def memory():
    drawn = stream(3)
    memory = ReplayBuffer(3, 1, 50, 4)
    for lane in range(3):
        seen, reward = torch.randn(51, 4, generator=drawn), torch.randn(50, generator=drawn)
        ends = torch.rand(50, generator=drawn) < 0.1
        steps = {"observation": seen[:-1], "next_observation": seen[1:], "reward": reward}
        action = torch.randint(2, (50,), generator=drawn)
        memory.extend(lane, **steps, terminated=ends, done=ends, action=action)
    return memory


@pytest.mark.parametrize("form", ["gaussian", "policy"])
def test_fisher_equals_per_sample_autograd_of_another_kind(form, network, observation):
    """torch.func takes the gradient of each sample by itself, for one seed at a time."""
    found = fisher(network, observation, form)
    for seed in range(3):
        one = network.choose([seed])
        parameters = {name: parameter.detach() for name, parameter in one.named_parameters()}

        def output(parameters, sample, action, one=one):
            q = functional_call(one, parameters, (sample[None, None],))[0, 0]
            return q[action] if form == "gaussian" else q.log_softmax(-1)[action]

        total = {name: 0 for name in parameters}
        share = one(observation[seed : seed + 1])[0].detach().softmax(-1)
        for action in range(2):
            each = vmap(grad(output), (None, 0, None))(parameters, observation[seed], action)
            weight = share[:, action] if form == "policy" else torch.ones(6)
            for name in total:
                total[name] = total[name] + torch.einsum("b,b...->...", weight, each[name] ** 2) / 6
        for name in total:
            torch.testing.assert_close(found[name][seed], total[name][0], rtol=1e-4, atol=1e-6)


def test_fisher_equals_finite_differences():
    network = QNetwork(1, 4, 2, width=8, layer_norm=False, generator=stream(1)).double()
    observation = torch.randn(1, 5, 4, dtype=torch.float64, generator=stream(2))
    found, step = fisher(network, observation), 1e-6
    for name, parameter in network.named_parameters():
        index = tuple(size // 2 for size in parameter.shape)
        with torch.no_grad():
            parameter[index] += step
            above = network(observation)
            parameter[index] -= 2 * step
            below = network(observation)
            parameter[index] += step
        slope = (above - below) / (2 * step)
        expected = (slope**2).sum(-1).mean().item()
        assert found[name][index].item() == pytest.approx(expected, rel=1e-4, abs=1e-9)


def test_fisher_of_a_hand_case():
    """One layer, q = x w: ∂q/∂w = x, so F = mean x², and not (mean x)²."""
    network = QNetwork(1, 1, 1, width=1, hidden_layers=1, layer_norm=False)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(1.0)
    found = fisher(network, torch.tensor([[[1.0], [3.0]]]))
    assert found["head.weight"].item() == pytest.approx((2.0**2 + 4.0**2) / 2)
    assert found["hidden.0.weight"].item() == pytest.approx((1.0**2 + 3.0**2) / 2)
    assert found["head.bias"].item() == 1


def test_fisher_needs_data_and_a_known_form(network, observation):
    with pytest.raises(ValueError, match="there are none"):
        fisher(network, observation[:, :0])
    with pytest.raises(ValueError, match="choose 'gaussian'"):
        fisher(network, observation, "laplace")


def test_a_frozen_part_and_other_heads_do_not_matter(network, observation):
    heads = add_heads(network, 3)
    heads.hidden[0].weight.requires_grad_(False)
    heads.task = 1
    found = fisher(heads, observation)
    assert "hidden.0.weight" not in found
    for name in ("weight", "bias"):
        first, own, third = (
            found[f"{head}.{name}"] for head in ("head", "other_heads.0", "other_heads.1")
        )
        assert own.min() >= 0 and own.sum() > 0
        assert not first.any() and not third.any()


def test_ewc_penalty_by_hand_and_its_gradient(network, observation):
    importance = fisher(network, observation)
    anchor = remember_weights(network, importance)
    parameters = dict(network.named_parameters())
    assert ewc_penalty(parameters, anchor).tolist() == [0, 0, 0]
    with torch.no_grad():
        network.head.bias += 2.0
    penalty = ewc_penalty(parameters, anchor)
    torch.testing.assert_close(penalty, 0.5 * 4 * importance["head.bias"].flatten(1).sum(-1))
    penalty.sum().backward()
    torch.testing.assert_close(network.head.bias.grad, 2 * importance["head.bias"])


def test_online_ewc_adds_up_importance_and_moves_the_anchor(network, observation):
    first = remember_weights(network, fisher(network, observation))
    with torch.no_grad():
        network.head.bias += 1.0
    importance = fisher(network, 2 * observation)
    second = remember_weights(network, importance, first, decay=0.5)
    for name in importance:
        torch.testing.assert_close(
            second.importance[name], 0.5 * first.importance[name] + importance[name]
        )
    assert torch.equal(second.parameters["head.bias"], network.head.bias)
    assert torch.equal(first.parameters["head.bias"] + 1, network.head.bias)


def train(network, extra_loss=None, task=0):
    parts = Parts(extra_loss=extra_loss)
    start = {"network": network, "task": task, "parts": parts}
    *_, last = train_dqn(TINY, "CartPole-v1", 3, records=1, **start)
    return last.network


def test_a_strong_ewc_holds_the_network_and_a_weak_one_does_not(network, observation):
    anchor = remember_weights(network, fisher(network, observation))

    def moved(network):
        return ewc_penalty(dict(network.named_parameters()), anchor).sum()

    weak = train(network, elastic([anchor], 0.0))
    assert moved(train(network, elastic([anchor], 1e4))) < 0.1 * moved(weak)
    naive = dict(train(network).named_parameters())
    assert all(torch.equal(each, naive[name]) for name, each in weak.named_parameters())


def test_a_learners_penalty_is_what_holds(network, observation):
    """The module's own, handed in, gives the same network; that of a uniform spring another one."""
    anchor = remember_weights(network, fisher(network, observation))

    def uniform(parameters, anchor):
        ones = {name: torch.ones_like(each) for name, each in anchor.importance.items()}
        return ewc_penalty(parameters, anchor._replace(importance=ones))

    own, same, other = (
        train(network, elastic([anchor], 10.0, *penalty)).head.weight
        for penalty in ((), (ewc_penalty,), (uniform,))
    )
    assert torch.equal(same, own) and not torch.allclose(other, own, atol=1e-3)


def test_heads_leave_the_first_task_as_it_was(network, observation):
    heads = add_heads(network, 3, seed=1)
    assert torch.equal(heads(observation), network(observation))
    for task in range(3):
        answer = heads(observation, task=task)
        other = copy.deepcopy(heads)
        other.task = task
        assert torch.equal(other(observation), answer)
        assert np.array_equal(greedy(heads, task)(observation), answer.argmax(-1))
        assert torch.equal(answer, network(observation)) == (task == 0)
    after = train(heads, task=1)
    for task in range(3):
        moved, kept = after.head_of(task).weight, heads.head_of(task).weight
        assert torch.equal(moved, kept) == (task != 1)


def test_agents_with_heads_are_saved_as_any_other(network, observation, tmp_path):
    heads = add_heads(network, 3, seed=1)
    storage.save_agent(tmp_path / "a.safetensors", heads, {"environment": "x", "parent": None})
    again, _ = storage.load_agent(tmp_path / "a.safetensors")
    assert torch.equal(again(observation, task=2), heads(observation, task=2))


def test_added_parts_do_not_repeat_the_first_network(network):
    """The network of the seed 1 and parts added with the seed 1 begin with other numbers."""
    first = network.hidden[0].weight.flatten()[:90]
    heads = add_heads(network, 2, seed=1).head_of(1).weight
    column, lora = ProgressiveNetwork(network, seed=1), add_lora(network, 4, seed=1)
    for weight in (heads, column.hidden[0].weight, lora.hidden[0].a):
        drawn = weight.detach().flatten()[: len(first)]
        both = torch.stack([drawn, first[: len(drawn)].detach()])
        assert torch.corrcoef(both)[0, 1].abs() < 0.5


def test_heads_are_refused_where_they_make_no_sense(network, observation):
    with pytest.raises(ValueError, match="tasks = 0: must be a whole number of 1 or more"):
        add_heads(network, 0)
    with pytest.raises(ValueError, match="one head so far"):
        add_heads(add_heads(network, 2), 2)
    for task in (-1, 2):
        with pytest.raises(ValueError, match="it has 2"):
            add_heads(network, 2)(observation, task=task)
    assert torch.equal(network(observation, task=1), network(observation))  # one for all


def test_networks_that_do_not_answer_by_their_head_alone_are_refused(network):
    dueling = QNetwork(3, 4, 2, width=16, dueling=True, generator=stream(1))
    for wrong in (dueling, ProgressiveNetwork(network)):
        with pytest.raises(ValueError, match="last layer alone"):
            add_heads(wrong, 2)
    with pytest.raises(ValueError, match="no dueling"):
        ProgressiveNetwork(dueling)


@pytest.mark.parametrize("double", [False, True])
def test_rehearsal_is_the_td_loss_of_the_old_tasks(network, memory, double):
    config = replace(TINY, double=double)
    learner = DQN(config, add_heads(network, 2, seed=1), seed=0)
    other = QNetwork(3, 4, 2, width=16, generator=stream(9))
    learner.target_network = add_heads(other, 2)
    loss = continual.rehearse({0: memory, 1: memory}, weight=2.0, seed=7)(learner, None, None)
    drawn, wanted = stream(7), torch.zeros(3)
    for task in (0, 1):
        batch = memory.sample(32, TINY.n_steps, TINY.discount, drawn)
        next_q = learner.target_network(batch.next_observation, task)
        if double:
            chosen = learner.network(batch.next_observation, task).argmax(-1, keepdim=True)
            next_q = next_q.gather(-1, chosen)
        y = td_target(batch.reward * TINY.reward_scale, batch.terminated, next_q, batch.discount)
        q = learner.network(batch.observation, task)
        q = q.gather(-1, batch.action[..., None])[..., 0]
        wanted += 2.0 * ((y - q) ** 2).mean(-1)
    torch.testing.assert_close(loss, wanted)


def test_the_old_self_is_distilled_on_old_or_on_new_states(network, memory):
    heads = add_heads(network, 2)
    moved = copy.deepcopy(heads)
    with torch.no_grad():
        moved.head.weight += 0.1
    same, other = (DQN(TINY, each, seed=0) for each in (heads, moved))
    new = memory.sample(4, 1, 1.0, stream(8))
    old = memory.sample(32, 1, 1.0, stream(0))
    for memories, seen in ((None, new), ({0: memory}, old)):
        assert continual.keep_outputs(heads, [0], 0.5, memories)(same, None, new).tolist() == [
            0,
            0,
            0,
        ]
        moved_by = 0.1 * heads.units(seen.observation)[-1].sum(-1)  # of each of the two actions
        loss = continual.keep_outputs(heads, [0], 0.5, memories)(other, None, new)
        torch.testing.assert_close(loss, 0.5 * 2 * (moved_by**2).mean(-1))


def test_a_missing_memory_or_head_gets_one_sentence(network, memory):
    batch = memory.sample(4, 1, 1.0, stream(0))
    rehearsing = DQN(TINY, network, seed=0, parts=Parts(extra_loss=continual.rehearse({}, 1.0)))
    with pytest.raises(ValueError, match="`extra_loss` must return"):
        rehearsing.update(batch)
    with pytest.raises(KeyError, match="0"):
        continual.keep_outputs(network, [0], 1.0, memories={})(rehearsing, None, batch)
    learner = DQN(TINY, add_heads(network, 2), seed=0)
    for task in (-1, 2):
        with pytest.raises(ValueError, match="it has 2"):
            continual.keep_outputs(learner.network, [task], 1.0)(learner, None, batch)


def test_a_memory_smaller_than_a_batch_is_rehearsed(network):
    few = ReplayBuffer(3, 1, 50, 4)
    steps = {"observation": torch.zeros(5, 4), "next_observation": torch.ones(5, 4)}
    steps |= {"reward": torch.ones(5), "done": torch.arange(5) == 4}
    steps |= {"terminated": torch.zeros(5, dtype=bool)}
    for lane in range(3):
        few.extend(lane, **steps, action=torch.zeros(5, dtype=int))
    loss = continual.rehearse({0: few}, 1.0)(DQN(TINY, network, seed=0), None, None)
    assert loss.shape == (3,) and loss.isfinite().all()


def test_in_a_training_the_old_outputs_are_held(network, memory):
    """While the second head learns, what the first answers moves less with help than without."""
    heads = add_heads(network, 2, seed=1)
    importance = fisher(heads, memory.sample(50, 1, 1.0, stream(0)).observation)
    helps = {
        "two anchors": elastic([remember_weights(heads, importance)] * 2, 100.0),
        "on old states": continual.keep_outputs(heads, [0], 10.0, {0: memory}),
        "on new states": continual.keep_outputs(heads, [0], 10.0),
    }
    seen = memory.sample(40, 1, 1.0, stream(5)).observation

    def drift(extra_loss=None):
        return (train(heads, extra_loss, task=1)(seen, task=0) - heads(seen, task=0)).norm()

    naive = drift()
    assert all(drift(extra_loss) < 0.5 * naive for extra_loss in helps.values())


def test_a_progressive_column_forgets_nothing(network, observation):
    column = ProgressiveNetwork(network, seed=1)
    assert column(observation).shape == (3, 6, 2)
    lateral = 16 * 16 + 16 + 16 * 2 + 2
    assert column.parameters_of_one() == 2 * network.parameters_of_one() + lateral
    after = train(column)
    assert torch.equal(after.old(observation), network(observation))
    assert not torch.equal(after(observation), column(observation))
    third = ProgressiveNetwork(after)
    assert torch.equal(third.old.old(observation), network(observation))
    with torch.no_grad():
        for lateral in third.lateral:
            lateral.weight.zero_(), lateral.bias.zero_()
    alone = QNetwork(**third.arguments)
    own = {
        name: tensor for name, tensor in third.state_dict().items() if name in alone.state_dict()
    }
    alone.load_state_dict(own)
    torch.testing.assert_close(third(observation), alone(observation))


def test_forgetting_and_forward_transfer_by_hand():
    matrix = np.array([[10.0, 10, 10], [100, 20, 30], [60, 100, 50], [30, 90, 100]])
    assert continual.forgetting(matrix).tolist() == [70, 10]
    assert continual.forward_transfer(matrix).tolist() == [10, 40]
    many = np.stack([matrix, matrix])
    for measure in (continual.forgetting, continual.forward_transfer):
        assert measure(many).shape == (2, 2)
