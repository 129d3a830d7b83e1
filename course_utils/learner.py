"""What DQN learns in one update: settings, parts and learner of S seeds; the loop is in `train`.

Shapes: S seeds, N environments a seed, B batch, D observation, A actions.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from course_utils import losses, networks, replay
from course_utils.checks import check_shape, need
from course_utils.replay import Batch, Priorities, ReplayBuffer
from course_utils.settings import configuration, setting, switch


@configuration
class DQNConfig:
    """Settings of a DQN run; network, memory and length are read once, the rest at every step."""

    # The task: what is learned, and for how long.
    steps: int = setting(20_000, 100, 10_000_000, "environment steps a seed", log=True, once=True)
    discount: float = setting(0.995, 0, 1, "how much a reward one step later counts", symbol="γ")
    n_steps: int = setting(20, 1, 50, "rewards summed before the network's value", symbol="n")
    reward_scale: float = setting(0.1, 1e-3, 10, "multiplies each reward before learning", log=True)
    # The update.
    learning_rate: float = setting(1e-3, 1e-6, 1, "step size of Adam", log=True)
    learning_rate_decay: float = setting(0.1, 1e-3, 1, "share of it left at the end", log=True)
    batch_size: int = setting(32, 1, 1024, "transitions in one update")
    updates_per_step: int = setting(1, 1, 8, "updates after each step of all environments")
    target_period: int = setting(100, 1, 2000, "updates between target refreshes", log=True)
    target_rate: float = setting(1.0, 1e-4, 1, "how far a refresh moves the target", log=True)
    double: bool = switch(False, help="the online network chooses the action of the target")
    # Experience: environments, exploration, memory.
    environments: int = setting(8, 1, 64, "environments of each seed", symbol="N", once=True)
    epsilon_start: float = setting(1.0, 0, 1, "probability of a random action at the start")
    epsilon: float = setting(0.05, 0, 1, "the same after exploration", symbol="ε")
    exploration: float = setting(0.3, 0.001, 1, "share of the run in which ε falls to its end")
    learning_starts: int = setting(1000, 1, 100_000, "environment steps before the first update")
    replay_capacity: int = setting(5_000, 8, 2_000_000, "transitions kept", log=True, once=True)
    priority_exponent: float = setting(0.0, 0, 1, "0: all alike, 1: in proportion to the error")
    priority_correction: float = setting(0.4, 0, 1, "how far weights make up for that", symbol="β")
    # The network.
    width: int = setting(64, 1, 512, "units of each hidden layer", once=True)
    hidden_layers: int = setting(2, 1, 4, "hidden layers of the network", once=True)
    observation_scale: bool = switch(True, help="bring all its numbers to one size", once=True)
    layer_norm: bool = switch(True, help="normalise each hidden layer", once=True)
    dueling: bool = switch(False, help="two streams, value and advantages", once=True)


@dataclass(frozen=True)
class Parts:
    """The functions that a learner is made of: the module's own, or yours in their place.

    reward: batch → rewards [S, B], in place of the batch's own. extra_loss: (learner, q, batch) →
    [S], added to the TD loss. augment: observations [S, B, D] → others like them, which are learned
    from. The rest are called as the functions of the same names.
    """

    td_target: Callable = losses.td_target
    double_q: Callable = losses.double_q
    dueling_q: Callable = networks.dueling_q
    n_step_return: Callable = replay.n_step_return
    importance_weights: Callable = replay.importance_weights
    update_target: Callable = networks.update_target
    reward: Callable | None = None
    extra_loss: Callable | None = None
    augment: Callable | None = None


class DQN(nn.Module):
    """S learners in one: online and target network, replay memory, optimizer, counters, stream.

    config: a `DQNConfig`. network: a `QNetwork`. demonstrations: a second memory, see `train_dqn`.
    kind: how the memory stores observations, see `ReplayBuffer`.
    """

    def __init__(
        self, config, network, seed, device="cpu", parts=Parts(), demonstrations=None, kind=None
    ):  # fmt: skip
        super().__init__()
        self.config, self.network, self.device, self.parts = config, network, device, parts
        self.demonstrations = demonstrations
        self.seeds, self.actions = network.seeds, network.arguments["actions"]
        network.dueling_q = parts.dueling_q
        self.target_network = copy.deepcopy(network).requires_grad_(False)
        capacity = min(config.replay_capacity, config.steps + config.environments)
        size = self.seeds, config.environments, capacity, network.arguments["observations"]
        self.replay = ReplayBuffer(*size, kind)
        self.priorities = Priorities(self.seeds, self.replay.rows * config.environments)
        self.register_buffer("highest", torch.ones(self.seeds))  # what a new transition gets
        self.to(device)
        self.optimizer = torch.optim.Adam(network.parameters(), fused=True)
        self.generator = torch.Generator(device).manual_seed(seed)
        self.step, self.updates, self.cpu_seconds = 0, 0, 0.0

    def progress(self) -> float:
        """Share of the run that is done, 0 to 1."""
        return min(self.step / self.config.steps, 1)

    def epsilon(self) -> float:
        """The probability of a random action now: it falls linearly, then stays."""
        fall = self.config.epsilon - self.config.epsilon_start
        return self.config.epsilon_start + fall * min(self.progress() / self.config.exploration, 1)

    def learning_rate(self) -> float:
        """The step size now: it falls linearly to its share at the end of the run."""
        left = 1 - (1 - self.config.learning_rate_decay) * self.progress()
        return self.config.learning_rate * left

    @torch.no_grad()
    def act(self, observation: np.ndarray) -> np.ndarray:
        """ε-greedy actions [S, N] for observations [S, N, D]."""
        q = self.network(torch.as_tensor(observation, device=self.device))
        on = {"generator": self.generator, "device": self.device}
        explore = torch.rand(q.shape[:2], **on) < self.epsilon()
        random = torch.randint(self.actions, q.shape[:2], **on)
        return torch.where(explore, random, q.argmax(-1)).cpu().numpy()

    def remember(self, step) -> None:
        """Store one `envs.Step` of all environments, but for its rows that are no transition."""
        tensors = {}
        for name, column in {**step._asdict(), "done": step.done}.items():
            if name != "truncated":  # a truncated step looks ahead as any other
                flat = column.reshape(-1, *column.shape[2:])  # [S, N, …] → [S · N, …]
                tensors[name] = torch.as_tensor(flat, device=self.device)
        slot = self.replay.add(**tensors)
        # Also without priorities: somebody may switch them on midway.
        self.priorities.set(slot, self.highest[slot // self.priorities.slots])
        self.step += self.replay.lanes

    def draw(self) -> Batch:
        """A batch: a part of it from the demonstrations, if there are any, the rest own steps."""
        config, size = self.config, self.config.batch_size
        if self.demonstrations is None:
            return self._draw_own(size)
        share = round(config.demonstration_ratio * size)
        ahead = config.n_steps, config.discount, self.generator, self.parts.n_step_return
        shown = [self.demonstrations.sample(share, *ahead)] if share else []
        halves = [self._draw_own(size - share)] * (share < size) + shown
        return Batch(*(torch.cat(columns, 1) for columns in zip(*halves, strict=True)))

    def _draw_own(self, batch_size):
        config, n_step_return = self.config, self.parts.n_step_return
        ahead = config.n_steps, config.discount
        if not config.priority_exponent:
            return self.replay.sample(batch_size, *ahead, self.generator, n_step_return)
        slot, probability = self.priorities.sample(batch_size, self.generator)
        beta = config.priority_correction + (1 - config.priority_correction) * self.progress()
        weight = self.parts.importance_weights(probability, len(self.replay), beta)
        if not (check_shape("importance_weights", weight, slot.shape) > 0).all():
            raise ValueError("`importance_weights` must be above 0, and no NaN.")
        return self.replay.read(slot, *ahead, weight.float(), n_step_return)

    def errors(self, batch: Batch, task: int | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Error, target − value of the action taken, and target [S, B]; q of a head [S, B, A]."""
        parts = self.parts
        with torch.no_grad():
            next_q = self.target_network(batch.next_observation, task)
            if self.config.double:
                next_q = parts.double_q(next_q, self.network(batch.next_observation, task))
                check_shape("double_q", next_q, (*batch.reward.shape, 1))
            reward = parts.reward(batch) if parts.reward else batch.reward
        reward = check_shape("reward", reward, batch.reward.shape) * self.config.reward_scale
        target = parts.td_target(reward, batch.terminated, next_q, batch.discount)
        check_shape("td_target", target, batch.reward.shape)
        q = self.network(batch.observation, task)
        return losses.td_error(q, batch.action, target), target, q

    def update(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """One step of Adam for every seed; returns loss and mean value, both [S].

        Source: Mnih et al. 2015 (Nature 518:529), algorithm 1, the inner loop.
        """
        config = self.config
        if augment := self.parts.augment:
            seen = {name: getattr(batch, name) for name in replay.SEEN}
            made = {name: check_shape("augment", augment(x), x.shape) for name, x in seen.items()}
            batch = batch._replace(**made)
        error, target, q = self.errors(batch)
        loss = losses.td_loss(error, batch.weight)
        if self.parts.extra_loss:
            extra = self.parts.extra_loss(self, q, batch)
            loss = loss + check_shape("extra_loss", extra, loss.shape)
        need(loss.requires_grad, "nothing learns: this network is frozen, or merged.")
        self.optimizer.param_groups[0]["lr"] = self.learning_rate()
        self.optimizer.zero_grad()
        loss.sum().backward()
        self.optimizer.step()
        self.updates += 1
        if self.updates % config.target_period == 0:
            self.parts.update_target(self.target_network, self.network, config.target_rate)
        if config.priority_exponent:
            priority = (error.detach().abs() + 1e-3) ** config.priority_exponent
            self.highest = self.highest.maximum(priority.amax(-1))
            own = batch.demonstrated == 0  # a demonstration lies in another memory
            self.priorities.set(batch.index[own], priority[own])
        return loss.detach(), (target - error.detach()).mean(-1)
