"""The replay memory against plain loops, exact distributions, and another library's."""

import numpy as np
import pytest
import torch
from scipy import stats

from course_utils.replay import Batch, Priorities, ReplayBuffer, importance_weights, n_step_return

GAMMA = 0.9


def fill(seeds=2, lanes=3, capacity=30, steps=40, seed=0):
    """A memory filled by made-up episodes, and each lane's transitions, without mere resets.

    An observation is the number of its transition within the lane; its second entry tells the lane.
    """
    rng = np.random.default_rng(seed)
    buffer = ReplayBuffer(seeds, lanes, capacity, 2)
    history = [[] for _ in range(seeds * lanes)]
    done = np.zeros(seeds * lanes, bool)
    clock = np.zeros(seeds * lanes)
    for _ in range(steps):
        real = ~done
        terminated = real & (rng.random(len(done)) < 0.15)
        truncated = real & ~terminated & (rng.random(len(done)) < 0.15)
        row = {
            "observation": np.stack([clock, np.arange(len(done))], -1),
            "next_observation": np.stack([clock + 0.5, np.arange(len(done))], -1),
            "action": rng.integers(0, 4, len(done)),
            "reward": rng.normal(size=len(done)),
            "terminated": terminated,
            "done": terminated | truncated,
        }
        buffer.add(
            torch.tensor(real), **{name: torch.tensor(values) for name, values in row.items()}
        )
        for lane in np.flatnonzero(real):
            history[lane].append({name: values[lane] for name, values in row.items()})
        clock += real
        done = row["done"]
    return buffer, history


def by_hand(history, position, n_steps):
    """The n-step transition that begins at a position of one lane's history, with plain Python."""
    total, k = 0.0, 0
    for step in history[position : position + n_steps]:
        total += GAMMA**k * step["reward"]
        k += 1
        if step["done"]:
            break
    return total, k, step["terminated"], step["next_observation"]


def draw(buffer, batches, n_steps, seed):
    """Many batches of 25, side by side: [S, 25 · batches]."""
    generator = torch.Generator().manual_seed(seed)
    drawn = [buffer.sample(25, n_steps, GAMMA, generator) for _ in range(batches)]
    return Batch(*(torch.cat(column, 1) for column in zip(*drawn, strict=True)))


@pytest.mark.parametrize("n_steps", [1, 3, 20])
@pytest.mark.parametrize("capacity", [30, 400])  # the first is overwritten several times
def test_n_step_transitions_equal_a_plain_loop(n_steps, capacity):
    buffer, history = fill(capacity=capacity)
    batch = draw(buffer, 20, n_steps, seed=1)
    seen = set()
    for s, b in np.ndindex(2, 500):
        position, lane = map(int, batch.observation[s, b])
        assert lane // 3 == s, "a seed was given another seed's transition"
        assert position >= len(history[lane]) - buffer.rows, "this transition was overwritten"
        seen.add((lane, position))
        reward, k, terminated, next_observation = by_hand(history[lane], position, n_steps)
        assert batch.action[s, b] == history[lane][position]["action"]
        assert float(batch.reward[s, b]) == pytest.approx(reward, abs=1e-6)
        assert float(batch.discount[s, b]) == pytest.approx(GAMMA**k, abs=1e-6)
        assert bool(batch.terminated[s, b]) == terminated
        assert batch.next_observation[s, b].tolist() == next_observation.tolist()
    held = sum(min(len(lane), buffer.rows) for lane in history)
    assert int(buffer.filled().sum()) == held
    assert len(seen) > 0.9 * held


def test_some_windows_end_in_each_way():
    _, history = fill()
    ends = {(step["terminated"], step["done"]) for lane in history for step in lane}
    assert ends == {(True, True), (False, True), (False, False)}


def test_every_transition_is_drawn_equally_often():
    buffer, _ = fill(capacity=400, steps=25)
    batch = draw(buffer, 1000, 1, seed=2)
    for seed in range(2):
        filled = int(buffer.filled()[seed].sum())
        _, counts = np.unique(batch.index[seed].numpy(), return_counts=True)
        assert len(counts) == filled
        assert stats.chisquare(counts).pvalue > 1e-3


@pytest.mark.parametrize("slots", [5, 8, 300])
def test_slots_are_sampled_in_proportion(slots):
    generator = torch.Generator().manual_seed(3)
    priorities = Priorities(2, slots)
    priority = torch.rand(2, slots, generator=generator) ** 3
    priority[:, 1] = 0
    everything = torch.arange(2 * slots).view(2, slots)
    priorities.set(everything, torch.ones(2, slots))
    priorities.set(everything, priority)
    slot, probability = priorities.sample(60_000, generator)
    exact = (priority / priority.sum(-1, keepdim=True)).double()
    for seed in range(2):
        own = slot[seed] - seed * slots
        assert own.min() >= 0 and own.max() < slots and not (own == 1).any()
        torch.testing.assert_close(
            probability[seed].double(), exact[seed][own], rtol=1e-4, atol=1e-7
        )
        counts, expected = np.bincount(own, minlength=slots), 60_000 * exact[seed].numpy()
        rare = expected < 5
        counts = np.append(counts[~rare], counts[rare].sum())
        expected = np.append(expected[~rare], expected[rare].sum())
        held = expected > 0
        assert (
            stats.chisquare(counts[held], expected[held] * counts.sum() / expected.sum()).pvalue
            > 1e-3
        )


def test_priorities_hold_the_latest_values():
    generator = torch.Generator().manual_seed(4)
    priorities, wanted = Priorities(1, 11), torch.zeros(11)
    for _ in range(50):
        slot = torch.randperm(11, generator=generator)[:3]
        wanted[slot] = torch.rand(3, generator=generator)
        priorities.set(slot, wanted[slot])
        assert torch.equal(priorities.table[0], wanted)
    drawn, probability = priorities.sample(100, generator)
    torch.testing.assert_close(probability[0], wanted[drawn[0]] / wanted.sum())


def test_an_empty_slot_is_never_sampled():
    priorities = Priorities(1, 3)
    priorities.set(torch.arange(3), torch.tensor([1e-8, 1.0, 1e-8]))
    slot, _ = priorities.sample(10_000, torch.Generator().manual_seed(5))
    assert slot.max() <= 2


def test_importance_weights_undo_the_preference():
    """The weighted mean under unequal sampling is the mean under equal sampling."""
    probability, values = torch.tensor([0.5, 0.3, 0.2]), torch.tensor([1.0, 5.0, 9.0])
    weight = importance_weights(probability, 3, 1.0)
    assert weight.max() == 1
    assert float(
        (probability * weight * values).sum() / (probability * weight).sum()
    ) == pytest.approx(5)
    assert importance_weights(probability, 3, 0.0).tolist() == [1, 1, 1]


def test_n_step_return_with_any_leading_axes():
    reward = torch.tensor([[1.0, 2.0, 4.0], [1.0, 2.0, 4.0]])
    done = torch.tensor([[False, False, False], [False, True, False]])
    total, k = n_step_return(reward, done, 0.5)
    assert total.tolist() == [3.0, 2.0] and k.tolist() == [3, 2]
    total, k = n_step_return(reward[0], done[0], 0.5)
    assert float(total) == 3.0 and int(k) == 3


def test_a_memory_that_is_too_small_says_so():
    with pytest.raises(ValueError, match="replay_capacity = 3: it must be 8, a step, or more"):
        ReplayBuffer(1, 8, 3, 4)
    with pytest.raises(ValueError, match="holds 0 transitions, a batch is 4"):
        ReplayBuffer(1, 8, 80, 4).sample(4, 1, GAMMA, torch.Generator())


@pytest.mark.parametrize("n_steps", [1, 3, 5])
def test_the_same_transitions_as_stable_baselines3(n_steps):
    """A lane with episodes of both ends, written into both memories, read at the same rows."""
    from gymnasium import spaces
    from stable_baselines3.common.buffers import NStepReplayBuffer

    buffer, history = fill(seeds=1, lanes=1, capacity=200, steps=120, seed=5)
    spaces_of_it = spaces.Box(-1e3, 1e3, (2,), np.float32), spaces.Discrete(4)
    theirs = NStepReplayBuffer(200, *spaces_of_it, device="cpu", n_steps=n_steps, gamma=GAMMA)
    for step in history[0]:
        truncated = bool(step["done"] and not step["terminated"])
        infos = [{"TimeLimit.truncated": truncated}]
        arrays = (
            np.array([step[name]])
            for name in ("observation", "next_observation", "action", "reward", "done")
        )
        theirs.add(*arrays, infos)
    rows = np.arange(len(history[0]))
    wanted = theirs._get_samples(rows)
    batch = buffer.read(torch.tensor(rows)[None], n_steps, GAMMA, torch.ones(1, len(rows)))
    compare = {
        "rewards": batch.reward,
        "dones": batch.terminated,
        "discounts": batch.discount * (1 - batch.terminated),
    }
    for name, ours in compare.items():
        reference = getattr(wanted, name).reshape(-1)
        if name == "discounts":
            reference = reference * (1 - wanted.dones.reshape(-1))
        np.testing.assert_allclose(ours[0].numpy(), reference.numpy(), atol=1e-5, err_msg=name)
    still_going = batch.terminated[0] == 0
    np.testing.assert_allclose(
        batch.next_observation[0][still_going], wanted.next_observations[still_going]
    )


def test_a_count_of_steps_may_be_a_float():
    """As a learner's own n_step_return may count."""
    buffer, _ = fill()

    def counted_in_floats(reward, done, discount):
        total, steps = n_step_return(reward, done, discount)
        return total, steps.float()

    both = [
        buffer.sample(4, 3, GAMMA, torch.Generator().manual_seed(0), count)
        for count in (n_step_return, counted_in_floats)
    ]
    for ours, theirs in zip(*both, strict=True):
        torch.testing.assert_close(ours, theirs)
