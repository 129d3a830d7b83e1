"""The replay memory of S seeds: what each seed's N environments lived through, as tensors.

Every environment writes into a lane of its own, so that the n steps behind a transition are found
in the next n rows.
"""

from collections import namedtuple

import torch
from torch import Tensor, nn

from course_utils.checks import check_shape, checked, fitting

COLUMNS = "observation action reward terminated next_observation discount index weight demonstrated"
SEEN = ("observation", "next_observation")


class Batch(namedtuple("Batch", COLUMNS)):
    """B transitions a seed, over up to n steps each.

    observation, next_observation: [S, B, D]. action: [S, B], int64. reward: [S, B], the discounted
    sum of k rewards. terminated: [S, B], 0 or 1. discount: [S, B], γ^k, what the value behind the
    k steps counts. index: [S, B], where the transition lies. weight: [S, B], importance weights,
    1 for uniform sampling. demonstrated: [S, B], 1 where an expert acted, else 0.
    """


@fitting
def n_step_return(reward: Tensor, done: Tensor, discount: float) -> tuple[Tensor, Tensor]:
    """The discounted sum of the first k of n rewards, and k: up to n, or until the episode is done.

    reward, done: [..., n], in order; done: terminated or truncated. Returns two tensors [...].
    Source: Sutton & Barto 2018, equation 7.1; Hessel et al. 2018 (arXiv 1710.02298).
    """
    going_on = (1 - done.to(reward)).cumprod(-1)[..., :-1]
    alive = torch.cat([torch.ones_like(reward[..., :1]), going_on], -1)
    power = discount ** torch.arange(reward.shape[-1], device=reward.device)
    return (alive * power * reward).sum(-1), alive.sum(-1).long()


class ReplayBuffer(nn.Module):
    """The last `capacity` transitions of each of S seeds; each has the same chance to be sampled.

    A seed's transitions lie in `lanes` rings, one an environment. All tensors are buffers of a
    module, so that `state_dict` holds the whole memory. `demonstrated` tells whether an expert
    acted. kind: how observations are stored; pictures as torch.uint8, in a quarter of the memory.
    Raises ValueError for a capacity under one row a lane.
    """

    demonstrated = False

    @checked
    def __init__(self, seeds: int, lanes: int, capacity: int, observations: int, kind=None):
        super().__init__()
        if capacity < lanes:
            raise ValueError(f"replay_capacity = {capacity}: it must be {lanes}, a step, or more.")
        self.seeds, self.lanes, self.rows = seeds, lanes, capacity // lanes
        slots = seeds * lanes * self.rows
        for name in SEEN:
            self.register_buffer(name, torch.zeros(slots, observations, dtype=kind))
        kinds = {"action": torch.int16, "reward": torch.float32}
        for name, kind in (kinds | {"terminated": torch.bool, "done": torch.bool}).items():
            self.register_buffer(name, torch.zeros(slots, dtype=kind))
        # How many rows were written to each lane in all, also those that are gone.
        self.register_buffer("written", torch.zeros(seeds * lanes, dtype=torch.int64))
        self.register_buffer("first_slot", torch.arange(seeds * lanes) * self.rows)

    def __len__(self) -> int:
        """Transitions of the seed that has the fewest."""
        return int(self.filled().sum(-1).min())

    def filled(self) -> Tensor:
        """Transitions in each lane, [S, N]."""
        return self.written.clamp(max=self.rows).view(self.seeds, self.lanes)

    def add(self, real: Tensor, **transition: Tensor) -> Tensor:
        """Write one step of all S · N environments, each tensor [S · N, ...]; return the slots.

        real: [S · N], False where a vector environment only reset itself: that is no transition.
        """
        self._hold_bytes(transition["observation"])
        slot = (self.first_slot + self.written % self.rows)[real]
        for name, values in transition.items():
            getattr(self, name)[slot] = values[real].to(getattr(self, name).dtype)
        self.written += real
        return slot

    def extend(self, lane: int, **transitions: Tensor) -> None:
        """Write T steps in a row into one lane, each tensor [T, ...]. ValueError for a bad one."""
        number = torch.arange(len(transitions["action"]), device=self.action.device)
        slot = self.first_slot[lane] + (self.written[lane] + number) % self.rows
        self._hold_bytes(transitions["observation"])
        for name, values in transitions.items():
            column = getattr(self, name)
            check_shape(name, values, (len(number), *column.shape[1:]), "must be")
            kept = values.to(column.dtype)
            wrong = name == "action" and not torch.equal(kept.clamp(min=0).to(values), values)
            if wrong or not values.isfinite().all():
                raise ValueError(f"{name} holds what cannot be: NaN, infinity, or no such action.")
            column[slot] = kept
        self.written[lane] += len(number)

    def _hold_bytes(self, observation):
        if self.observation.dtype == torch.uint8 != observation.dtype:
            raise ValueError("this memory holds bytes: hand over observations as torch.uint8.")

    @checked
    def sample(self, batch_size, n_steps, discount, generator, n_step_return=n_step_return):
        """A `Batch` of `batch_size` transitions a seed, at random, each with the n steps behind it.

        Raises ValueError if a seed holds fewer transitions than a batch.
        """
        if len(self) < batch_size:
            raise ValueError(f"the memory holds {len(self)} transitions, a batch is {batch_size}.")
        filled = self.filled()
        edges = filled.cumsum(-1)  # [S, N]
        total = edges[:, -1:]
        uniform = torch.rand(self.seeds, batch_size, generator=generator, device=edges.device)
        # Which of the seed's transitions, counted lane after lane: [S, B].
        number = (uniform * total).long().minimum(total - 1)
        lane = torch.searchsorted(edges, number, right=True)
        row = number - (edges - filled).gather(-1, lane)
        slot = self.first_slot.view(self.seeds, self.lanes).gather(-1, lane) + row
        weight = torch.ones_like(slot, dtype=torch.float32)
        return self.read(slot, n_steps, discount, weight, n_step_return)

    def read(self, slot, n_steps, discount, weight, n_step_return=n_step_return) -> Batch:
        """The transitions at these slots, [S, B], with the n-step window behind each.

        A window ends early at the episode's end and at the newest row of its lane.
        """
        lane, row = slot // self.rows, slot % self.rows
        age = (self.written[lane] - 1 - row) % self.rows  # rows written after this one
        ahead = torch.arange(n_steps, device=slot.device).minimum(age[..., None])  # [S, B, n]
        window = slot[..., None] + ahead
        window -= self.rows * (window >= (lane[..., None] + 1) * self.rows)  # round the ring
        done = self.done[window] | (ahead == age[..., None])
        reward, steps = n_step_return(self.reward[window], done, discount)
        for each in (reward, steps):
            check_shape("n_step_return", each, slot.shape)
        last = window.gather(-1, steps[..., None].long() - 1)[..., 0]
        taken = self.observation[slot], self.action[slot].long(), reward
        reached = self.terminated[last].float(), self.next_observation[last], discount**steps
        return Batch(*taken, *reached, slot, weight, torch.full_like(weight, self.demonstrated))


class Priorities(nn.Module):
    """A priority for each slot of each seed's memory; slots are sampled in proportion to it.

    One running sum over the slots finds a sample: in small memories faster than the tree of sums
    in Schaul et al. 2016 (arXiv 1511.05952), appendix B.2.1, which wins in large ones.
    """

    @checked
    def __init__(self, seeds: int, slots: int):
        super().__init__()
        self.slots = slots
        self.register_buffer("table", torch.zeros(seeds, slots))

    def set(self, slot: Tensor, priority: Tensor) -> None:
        """Give these slots, counted over all seeds, their priorities."""
        self.table.view(-1)[slot] = priority

    @checked
    def sample(self, batch_size: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """`batch_size` slots a seed, counted over all seeds, and their probabilities; [S, B]."""
        size, device = (len(self.table), batch_size), self.table.device
        uniform = torch.rand(size, generator=generator, device=device)
        # In 64 bits, so that rounding never leads to an empty slot; not every device has these.
        edges = self.table.cpu().cumsum(-1, dtype=torch.float64)
        if not (edges[:, -1] > 0).all():
            raise ValueError("priorities must be above 0 for some slots of each seed, and no NaN.")
        share = torch.searchsorted(edges, uniform.cpu() * edges[:, -1:], right=True).to(device)
        probability = self.table.gather(-1, share) / self.table.sum(-1, keepdim=True)
        return share + self.slots * torch.arange(len(share), device=device)[:, None], probability


@fitting
def importance_weights(probability: Tensor, size: int, exponent: float) -> Tensor:
    """What makes up for unequal sampling: (size · P)^−β, divided by the largest of the batch.

    probability: [..., B], of each sampled transition among `size`. Returns [..., B], at most 1.
    Source: Schaul et al. 2016 (arXiv 1511.05952), section 3.4.
    """
    weight = (size * probability) ** -exponent
    return weight / weight.amax(-1, keepdim=True)
