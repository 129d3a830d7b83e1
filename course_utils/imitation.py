"""Learning from an expert: behaviour cloning, DAgger, and demonstrations in Q-learning (DQfD), for S seeds at once.

Demonstrations lie in a replay memory with one lane a seed, see `demonstrations.memory_of`.
"""

import copy
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from course_utils.demonstrations import record_episodes
from course_utils.learner import DQN, DQNConfig
from course_utils.losses import annealed
from course_utils.networks import QNetwork, copy_to_go_on, greedy
from course_utils.replay import ReplayBuffer
from course_utils.settings import configuration, setting, switch


@configuration
class CloneConfig:
    """Settings of behaviour cloning; the learning rate falls linearly to 0."""

    learning_rate: float = setting(1e-3, 1e-6, 0.1, log=True, help="step size of Adam at the start")
    batch_size: int = setting(128, 1, 1024, help="transitions in one update")
    updates: int = setting(4000, 1, 100_000, log=True, help="updates in all")
    width: int = setting(128, 1, 512, help="units of each hidden layer")
    hidden_layers: int = setting(2, 1, 4, help="hidden layers of the network")
    layer_norm: bool = switch(True, help="normalise each hidden layer")


class CloneProgress(NamedTuple):
    """What cloning yields. The network is the live one. loss: [S], of the latest batch; labels: of each seed, [S]."""

    updates: int
    loss: np.ndarray
    labels: np.ndarray
    network: QNetwork


def cloning_loss(logits: Tensor, action: Tensor) -> Tensor:
    """How surprised the network is by the expert's action: −log softmax(logits)_a. logits: [..., A], action: [...].

    Returns [...]. Source: Pomerleau 1991; the cross-entropy of any classifier.
    """
    return -logits.log_softmax(-1).gather(-1, action[..., None])[..., 0]


def behavior_cloning(
    config: CloneConfig,
    memory: ReplayBuffer,
    actions: int,
    seed: int = 0,
    records: int = 10,
    network: QNetwork | None = None,
) -> Iterator[CloneProgress]:
    """Train S networks to do what the expert did; a copy of `network` is gone on with, if one is handed over.

    memory: the demonstrations of each seed. actions: how many the environment has.
    Raises ValueError for a demonstrated action that does not exist, for fewer steps than a batch, and for a network
    that does not fit.
    """
    if memory.action.max() >= actions or memory.action.min() < 0:
        raise ValueError(
            f"the demonstrations hold action {memory.action.max()}; there are the actions 0 to {actions - 1}."
        )
    generator = torch.Generator().manual_seed(seed)
    size = memory.seeds, memory.observation.shape[1], actions
    fresh = QNetwork(*size, config.width, config.hidden_layers, config.layer_norm, generator=generator)
    network = copy_to_go_on(network, fresh) if network else fresh
    optimizer = torch.optim.Adam(network.parameters(), lr=config.learning_rate, fused=True)
    generator = torch.Generator().manual_seed(seed)
    due = {int(update) for update in np.linspace(0, config.updates, records + 1)[1:]}
    for update in range(1, config.updates + 1):
        batch = memory.sample(config.batch_size, 1, 1.0, generator)
        loss = cloning_loss(network(batch.observation), batch.action).mean(-1)
        optimizer.param_groups[0]["lr"] = config.learning_rate * (1 - (update - 1) / config.updates)
        optimizer.zero_grad()
        loss.sum().backward()
        optimizer.step()
        if update in due:
            labels = memory.filled().sum(-1).numpy()
            yield CloneProgress(update, loss.detach().numpy(), labels, network)


def margin_loss(q: Tensor, action: Tensor, margin: float = 0.8) -> Tensor:
    """How far the expert's action is from beating all others by the margin: max_a [q_a + ℓ(a)] − q(a_E).

    ℓ is the margin for other actions and 0 for the expert's. q: [..., A], action: [...] → [...].
    Source: Hester et al. 2018 (arXiv 1704.03732), equation for J_E.
    """
    others = margin * (1 - torch.nn.functional.one_hot(action, q.shape[-1]))
    return (q + others).amax(-1) - q.gather(-1, action[..., None])[..., 0]


@configuration
class DQfDConfig(DQNConfig):
    """Settings of Q-learning with demonstrations, beside those of DQN."""

    demonstration_ratio: float = setting(0.25, 0, 1, help="share of each batch that comes from the demonstrations")
    margin_weight: float = setting(1.0, 0, 10, symbol="λ₂", help="weight of the margin loss")
    margin: float = setting(0.8, 0, 10, help="by how much the expert's action must beat the others")
    margin_until: float = setting(0.5, 0, 1, help="share of the run in which λ₂ falls to 0; 0: it never falls")


def expert_margin(learner: DQN, q: Tensor, batch) -> Tensor:
    """The margin loss of the demonstrations in a batch, weighted by λ₂ as it is now; an `extra_loss` of `train_dqn`."""
    config = learner.config
    weight = annealed(config.margin_weight, learner.progress(), config.margin_until)
    return weight * (batch.demonstrated * margin_loss(q, batch.action, config.margin)).mean(-1)


def pretrain(
    config: DQNConfig,
    demonstrations: ReplayBuffer,
    network: QNetwork,
    updates: int,
    seed: int = 0,
    records: int = 1,
    extra_loss: Callable | None = expert_margin,
) -> Iterator[tuple[int, np.ndarray, QNetwork]]:
    """Q-learning from the demonstrations alone, before the first step in the environment.

    network: S networks to begin with, which are copied. Yields updates, loss [S], and the networks.
    Source: Hester et al. 2018 (arXiv 1704.03732), algorithm 1, the first loop.
    """
    learner = DQN(config, copy.deepcopy(network), seed, extra_loss=extra_loss)
    learner.replay = demonstrations
    for due in np.linspace(0, updates, records + 1)[1:]:
        while learner.updates < due:
            loss, _ = learner.update(learner.draw())
        yield learner.updates, loss.numpy(), learner.network


def dagger(
    config: CloneConfig,
    env_id: str,
    expert: Callable,
    memory: ReplayBuffer,
    actions: int,
    rounds: int = 5,
    labels: int = 100,
    seed: int = 0,
    episodes: int = 2,
) -> Iterator[CloneProgress]:
    """Clone; let the clone play; ask the expert what it would have done there; add that and clone on; and so on.

    expert: observations [S, B, D] to actions [S, B]. memory: the first demonstrations, with room for rounds · labels
    more rows a seed. In each round every seed plays some episodes, and `labels` of the states that it met are labelled.
    Yields after each round of cloning, rounds + 1 times. Raises ValueError for a memory without that room.
    Source: Ross et al. 2011 (arXiv 1011.0686), algorithm 3.1 with β₁ = 1 and β = 0 from then on.
    """
    if memory.filled().max() + rounds * labels > memory.rows:
        raise ValueError(f"the memory has no room for {rounds} · {labels} more labels: make it with spare = that many.")
    rng = np.random.default_rng(seed)
    *_, progress = behavior_cloning(config, memory, actions, seed, 1)
    yield progress
    for turn in range(1, rounds + 1):
        starts = int(np.random.SeedSequence([seed, turn]).generate_state(1)[0])  # others than in the round before
        played = record_episodes(greedy(progress.network), env_id, memory.seeds, episodes, starts)
        met = [np.concatenate([episode.observation[:-1] for episode in own]) for own in played]
        asked = np.stack([rng.choice(states, labels, replace=len(states) < labels) for states in met])
        answer = np.asarray(expert(asked))
        for lane in range(memory.seeds):
            memory.extend(lane, observation=torch.as_tensor(asked[lane]), action=torch.as_tensor(answer[lane]))
        *_, progress = behavior_cloning(config, memory, actions, seed + turn, 1, progress.network)
        yield progress
