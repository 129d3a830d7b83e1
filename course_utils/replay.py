"""The replay memory of S seeds: what each seed's N environments lived through, as preallocated tensors.

Every environment writes into a lane of its own, so that the n steps behind a transition are found in the next n rows.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn


class Batch(NamedTuple):
    """B transitions a seed, over up to n steps each.

    observation, next_observation: [S, B, D]. action: [S, B], int64. reward: [S, B], the discounted sum of k rewards.
    terminated: [S, B], 0 or 1. discount: [S, B], γ^k, what the value behind the k steps counts.
    index: [S, B], where the transition lies. weight: [S, B], importance weights, 1 for uniform sampling.
    demonstrated: [S, B], 1 where an expert acted, else 0.
    """

    observation: Tensor
    action: Tensor
    reward: Tensor
    terminated: Tensor
    next_observation: Tensor
    discount: Tensor
    index: Tensor
    weight: Tensor
    demonstrated: Tensor


def n_step_return(reward: Tensor, done: Tensor, discount: float) -> tuple[Tensor, Tensor]:
    """The discounted sum of the first k of n rewards, and k: up to n, or until the episode is done.

    reward, done: [..., n], the steps in order; done is terminated or truncated. Returns two tensors [...].
    Source: Sutton & Barto 2018, equation 7.1; n-step Q-learning in Hessel et al. 2018 (arXiv 1710.02298).
    """
    alive = torch.cat([torch.ones_like(reward[..., :1]), (1 - done.to(reward)).cumprod(-1)[..., :-1]], -1)
    power = discount ** torch.arange(reward.shape[-1], device=reward.device)
    return (alive * power * reward).sum(-1), alive.sum(-1).long()


class ReplayBuffer(nn.Module):
    """The last `capacity` transitions of each of S seeds; each is drawn with the same probability.

    A seed's transitions lie in `lanes` rings, one an environment. All tensors are buffers of a module, so that
    `state_dict` holds the whole memory. Raises ValueError for a capacity under one row a lane.
    """

    demonstrated = False  # whether an expert acted

    def __init__(self, seeds: int, lanes: int, capacity: int, observations: int):
        super().__init__()
        if capacity < lanes:
            raise ValueError(
                f"replay_capacity = {capacity}: it must hold a transition of each of {lanes} environments."
            )
        self.seeds, self.lanes, self.rows = seeds, lanes, capacity // lanes
        slots = seeds * lanes * self.rows
        self.register_buffer("observation", torch.zeros(slots, observations))
        self.register_buffer("next_observation", torch.zeros(slots, observations))
        self.register_buffer("action", torch.zeros(slots, dtype=torch.int16))
        self.register_buffer("reward", torch.zeros(slots))
        self.register_buffer("terminated", torch.zeros(slots, dtype=torch.bool))
        self.register_buffer("done", torch.zeros(slots, dtype=torch.bool))
        self.register_buffer("written", torch.zeros(seeds * lanes, dtype=torch.int64))  # in all, also what is gone
        self.register_buffer("first_slot", torch.arange(seeds * lanes) * self.rows)

    def __len__(self) -> int:
        """Transitions of the seed that has the fewest."""
        return int(self.filled().sum(-1).min())

    def filled(self) -> Tensor:
        """Transitions in each lane, [S, N]."""
        return self.written.clamp(max=self.rows).view(self.seeds, self.lanes)

    def add(self, real: Tensor, **transition: Tensor) -> Tensor:
        """Write one step of all S · N environments, each tensor [S · N, ...]; return the slots written.

        real: [S · N], False where a vector environment only reset itself: such a row is no transition.
        """
        slot = (self.first_slot + self.written % self.rows)[real]
        for name, values in transition.items():
            getattr(self, name)[slot] = values[real].to(getattr(self, name).dtype)
        self.written += real
        return slot

    def extend(self, lane: int, **transitions: Tensor) -> None:
        """Write T steps in a row into one lane, each tensor [T, ...]."""
        steps = len(transitions["action"])
        slot = self.first_slot[lane] + (self.written[lane] + torch.arange(steps, device=self.action.device)) % self.rows
        for name, values in transitions.items():
            getattr(self, name)[slot] = values.to(getattr(self, name).dtype)
        self.written[lane] += steps

    def cut(self) -> None:
        """End the window of n steps behind each lane's newest row: what comes next is another episode."""
        newest = self.first_slot + (self.written - 1) % self.rows
        self.done[newest[self.written > 0]] = True

    def sample(self, batch_size: int, n_steps: int, discount: float, generator: torch.Generator) -> Batch:
        """Draw `batch_size` transitions a seed. A window of n ends early at the episode's end and at the newest row.

        Raises ValueError if a seed holds fewer transitions than a batch.
        """
        if len(self) < batch_size:
            raise ValueError(f"the memory holds {len(self)} transitions a seed, fewer than a batch of {batch_size}.")
        slot = self._draw_slots(batch_size, generator)
        return self.read(slot, n_steps, discount, torch.ones_like(slot, dtype=torch.float32))

    def _draw_slots(self, batch_size, generator):
        filled = self.filled()
        edges = filled.cumsum(-1)
        total = edges[:, -1:]
        uniform = torch.rand(self.seeds, batch_size, generator=generator, device=edges.device)
        number = (uniform * total).long().minimum(total - 1)  # which of the seed's transitions, lane after lane
        lane = torch.searchsorted(edges, number, right=True)
        row = number - (edges - filled).gather(-1, lane)
        return self.first_slot.view(self.seeds, self.lanes).gather(-1, lane) + row

    def read(self, slot: Tensor, n_steps: int, discount: float, weight: Tensor) -> Batch:
        """The transitions at these slots, [S, B], with the n-step window behind each."""
        lane, row = slot // self.rows, slot % self.rows
        age = (self.written[lane] - 1 - row) % self.rows  # rows written after this one
        ahead = torch.arange(n_steps, device=slot.device).minimum(age[..., None])
        window = slot[..., None] + ahead
        window -= self.rows * (window >= (lane[..., None] + 1) * self.rows)  # round the ring
        done = self.done[window] | (ahead == age[..., None])
        reward, steps = n_step_return(self.reward[window], done, discount)
        last = window.gather(-1, steps[..., None] - 1)[..., 0]
        return Batch(
            observation=self.observation[slot],
            action=self.action[slot].long(),
            reward=reward,
            terminated=self.terminated[last].float(),
            next_observation=self.next_observation[last],
            discount=discount**steps,
            index=slot,
            weight=weight,
            demonstrated=torch.full_like(weight, self.demonstrated),
        )


class SumTree(nn.Module):
    """Priorities of each seed's slots in a binary tree whose nodes hold the sum of their two children.

    Changing a priority or drawing a slot takes log₂(slots) steps, instead of one pass over all slots.
    Source: Schaul et al. 2016 (arXiv 1511.05952), appendix B.2.1.
    """

    def __init__(self, seeds: int, slots: int):
        super().__init__()
        self.depth = (slots - 1).bit_length()
        self.slots, self.leaves = slots, 2**self.depth
        self.register_buffer("nodes", torch.zeros(seeds * 2 * self.leaves))
        self.register_buffer("first_node", 2 * self.leaves * torch.arange(seeds)[:, None])

    def set(self, slot: Tensor, priority: Tensor) -> None:
        """Give these slots, counted over all seeds, their priorities."""
        part, leaf = slot // self.slots * 2 * self.leaves, slot % self.slots + self.leaves
        self.nodes[part + leaf] = priority
        for _ in range(self.depth):
            leaf = leaf // 2
            self.nodes[part + leaf] = self.nodes[part + 2 * leaf] + self.nodes[part + 2 * leaf + 1]

    def sample(self, batch_size: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draw slots [S, B] in proportion to their priority; return them with their probabilities [S, B]."""
        total = self.nodes[self.first_node + 1]
        uniform = torch.rand(len(total), batch_size, generator=generator, device=total.device)
        rest, node = uniform * total, torch.ones_like(uniform, dtype=torch.int64)
        for _ in range(self.depth):
            left = self.nodes[self.first_node + 2 * node]
            not_empty = self.nodes[self.first_node + 2 * node + 1] > 0  # rounding must not lead to an empty leaf
            right = (rest >= left) & not_empty
            rest, node = torch.where(right, rest - left, rest), 2 * node + right
        probability = self.nodes[self.first_node + node] / total
        first = self.slots * torch.arange(len(total), device=total.device)[:, None]
        return first + node - self.leaves, probability


def importance_weights(probability: Tensor, size: int, exponent: float) -> Tensor:
    """What makes up for unequal sampling: (size · P)^−β, divided by the largest of the batch.

    probability: [..., B], of each drawn transition among `size`. Returns [..., B], at most 1.
    Source: Schaul et al. 2016 (arXiv 1511.05952), section 3.4.
    """
    weight = (size * probability) ** -exponent
    return weight / weight.amax(-1, keepdim=True)
