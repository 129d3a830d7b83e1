"""What DQN learns in one update: settings and learner of S seeds at once; the loop around it is in `dqn`.

n-step targets, Double, dueling and prioritised replay are settings. Shapes: S seeds, N environments a seed, B batch,
D observation, A actions.
"""

import copy
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from course_utils.losses import double_q, td_error, td_loss, td_target
from course_utils.networks import QNetwork, update_target
from course_utils.replay import Batch, ReplayBuffer, SumTree, importance_weights
from course_utils.settings import configuration, setting, switch


@configuration
class DQNConfig:
    """Settings of a DQN run. What shapes network, memory or length is read at the start, the rest at every step."""

    discount: float = setting(0.995, 0, 1, symbol="γ", help="how much a reward one step later counts")
    learning_rate: float = setting(1e-3, 1e-6, 1, log=True, help="step size of Adam")
    learning_rate_decay: float = setting(0.1, 1e-3, 1, log=True, help="share of the learning rate left at the end")
    n_steps: int = setting(20, 1, 50, symbol="n", help="rewards that are summed before the network's value is used")
    reward_scale: float = setting(0.1, 1e-3, 10, log=True, help="multiplies each reward before it is learned from")
    batch_size: int = setting(32, 1, 1024, help="transitions in one update")
    updates_per_step: int = setting(1, 1, 8, help="updates after each step of all environments")
    environments: int = setting(8, 1, 64, symbol="N", help="environments of each seed")
    learning_starts: int = setting(1000, 1, 100_000, unit="steps", help="environment steps before the first update")
    replay_capacity: int = setting(5_000, 8, 2_000_000, log=True, help="transitions that the memory of a seed holds")
    target_period: int = setting(100, 1, 2000, unit="updates", help="updates from one target refresh to the next")
    target_rate: float = setting(1.0, 1e-4, 1, symbol="τ", log=True, help="how far a refresh moves the target network")
    epsilon_start: float = setting(1.0, 0, 1, help="probability of a random action at the start")
    epsilon: float = setting(0.05, 0, 1, symbol="ε", help="probability of a random action after exploration")
    exploration: float = setting(0.3, 0.001, 1, help="share of the run in which ε falls from its start to its end")
    width: int = setting(64, 1, 512, help="units of each hidden layer")
    hidden_layers: int = setting(2, 1, 4, help="hidden layers of the network")
    layer_norm: bool = switch(True, help="normalise each hidden layer")
    dueling: bool = switch(False, help="two streams, for the value and the advantages")
    double: bool = switch(False, help="the online network chooses the action of the target")
    priority_exponent: float = setting(0.0, 0, 1, help="0 draws all transitions alike, 1 in proportion to their error")
    priority_correction: float = setting(0.4, 0, 1, symbol="β", help="how far importance weights make up for that")
    steps: int = setting(20_000, 100, 10_000_000, log=True, unit="steps", help="environment steps of each seed")


class DQN(nn.Module):
    """S learners in one: online and target network, replay memory, optimizer, counters, random stream.

    target, demonstrations, reward, extra_loss: see `train_dqn`.
    """

    def __init__(
        self,
        config: DQNConfig,
        network: QNetwork,
        seed: int,
        device: str = "cpu",
        target: Callable = td_target,
        demonstrations: ReplayBuffer | None = None,
        reward: Callable | None = None,
        extra_loss: Callable | None = None,
    ):
        super().__init__()
        self.config, self.network, self.device, self.td_target = config, network, device, target
        self.demonstrations, self.reward, self.extra_loss = demonstrations, reward, extra_loss
        self.seeds, self.actions = network.shape["seeds"], network.shape["actions"]
        self.target_network = copy.deepcopy(network).requires_grad_(False)
        capacity = min(config.replay_capacity, config.steps + config.environments)
        self.replay = ReplayBuffer(self.seeds, config.environments, capacity, network.shape["observations"])
        self.tree = SumTree(self.seeds, self.replay.rows * config.environments)
        self.register_buffer("highest", torch.ones(self.seeds))  # priority of a transition not yet learned from
        self.to(device)
        self.optimizer = torch.optim.Adam(network.parameters(), lr=config.learning_rate, fused=True)
        self.generator = torch.Generator(device).manual_seed(seed)
        self.step = self.updates = 0

    def progress(self) -> float:
        """Share of the run that is done, 0 to 1."""
        return min(self.step / self.config.steps, 1)

    def epsilon(self) -> float:
        """The probability of a random action now: it falls linearly, then stays."""
        start, end = self.config.epsilon_start, self.config.epsilon
        return start + (end - start) * min(self.progress() / self.config.exploration, 1)

    def learning_rate(self) -> float:
        """The step size now: it falls linearly to its share at the end of the run."""
        return self.config.learning_rate * (1 - (1 - self.config.learning_rate_decay) * self.progress())

    @torch.no_grad()
    def act(self, observation: np.ndarray) -> np.ndarray:
        """ε-greedy actions [S · N] for observations [S · N, D]."""
        q = self.network(self._tensor(observation).view(self.seeds, -1, observation.shape[-1])).flatten(0, 1)
        explore = torch.rand(len(q), generator=self.generator, device=self.device) < self.epsilon()
        random = torch.randint(self.actions, (len(q),), generator=self.generator, device=self.device)
        return torch.where(explore, random, q.argmax(-1)).cpu().numpy()

    def remember(self, real: np.ndarray, **transition: np.ndarray) -> None:
        """Store one step of all environments, arrays [S · N, ...]; `real` is False for rows that are no transition."""
        slot = self.replay.add(self._tensor(real), **{name: self._tensor(x) for name, x in transition.items()})
        if self.config.priority_exponent:
            self.tree.set(slot, self.highest[slot // self.tree.slots])
        self.step += self.replay.lanes

    def _tensor(self, array):
        return torch.as_tensor(array, device=self.device)

    def draw(self) -> Batch:
        """A batch: a part of it from the demonstrations, if there are any, the rest from the replay memory."""
        config = self.config
        if self.demonstrations is None:
            return self._draw_own(config.batch_size)
        share = round(config.demonstration_ratio * config.batch_size)
        shown = self.demonstrations.sample(share, config.n_steps, config.discount, self.generator)
        parts = self._draw_own(config.batch_size - share), shown
        return Batch(*(torch.cat(columns, 1) for columns in zip(*parts, strict=True)))

    def _draw_own(self, batch_size):
        config = self.config
        if not config.priority_exponent:
            return self.replay.sample(batch_size, config.n_steps, config.discount, self.generator)
        slot, probability = self.tree.sample(batch_size, self.generator)
        beta = config.priority_correction + (1 - config.priority_correction) * self.progress()
        weight = importance_weights(probability, len(self.replay), beta).float()
        return self.replay.read(slot, config.n_steps, config.discount, weight)

    def errors(
        self, batch: Batch, answer: Callable = lambda network, observation: network(observation)
    ) -> tuple[Tensor, Tensor, Tensor]:
        """How far the values of the actions taken lie below their targets; returns error, target [S, B], q [S, B, A].

        answer: (network, observation) → action values; by default the network's own, in `continual` a task's head.
        """
        with torch.no_grad():
            next_q = answer(self.target_network, batch.next_observation)
            if self.config.double:
                next_q = double_q(next_q, answer(self.network, batch.next_observation))
            reward = self.reward(batch) if self.reward else batch.reward
        target = self.td_target(reward * self.config.reward_scale, batch.terminated, next_q, batch.discount)
        q = answer(self.network, batch.observation)
        return td_error(q, batch.action, target), target, q

    def update(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """One step of Adam for every seed; returns loss and mean value, both [S].

        Source: Mnih et al. 2015, algorithm 1, the inner loop.
        """
        config = self.config
        error, target, q = self.errors(batch)
        loss = td_loss(error, batch.weight)
        if self.extra_loss:
            loss = loss + self.extra_loss(self, q, batch)
        self.optimizer.param_groups[0]["lr"] = self.learning_rate()
        self.optimizer.zero_grad()
        loss.sum().backward()
        self.optimizer.step()
        self.updates += 1
        if self.updates % config.target_period == 0:
            update_target(self.target_network, self.network, config.target_rate)
        if config.priority_exponent:
            priority = (error.detach().abs() + 1e-3) ** config.priority_exponent
            self.highest = self.highest.maximum(priority.amax(-1))
            own = batch.demonstrated == 0
            self.tree.set(batch.index[own], priority[own])
        return loss.detach(), (target - error.detach()).mean(-1)
