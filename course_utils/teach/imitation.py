"""Learning to do what an expert does: behaviour cloning, and DAgger, for S seeds at once.

Demonstrations lie in a replay memory with one lane a seed, see `demonstrations.memory_of`.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch

from course_utils.evaluation import record_episodes
from course_utils.losses import cloning_loss
from course_utils.networks import QNetwork, copy_to_go_on, greedy
from course_utils.settings import configuration, setting, switch
from course_utils.train import fit


@configuration
class CloneConfig:
    """Settings of behaviour cloning; the learning rate falls linearly to 0."""

    learning_rate: float = setting(1e-3, 1e-6, 0.1, "step size of Adam at the start", log=True)
    batch_size: int = setting(128, 1, 1024, "transitions in one update")
    updates: int = setting(4000, 1, 100_000, "updates in all", log=True)
    width: int = setting(128, 1, 512, "units of each hidden layer")
    hidden_layers: int = setting(2, 1, 4, "hidden layers of the network")
    layer_norm: bool = switch(True, help="normalise each hidden layer")


class CloneProgress(NamedTuple):
    """What cloning yields: loss of the latest batch [S], labels of each seed [S], live network."""

    updates: int
    loss: np.ndarray
    labels: np.ndarray
    network: QNetwork


def behavior_cloning(
    config: CloneConfig, memory, actions, seed=0, records=10, network=None, loss=cloning_loss
) -> Iterator[CloneProgress]:
    """Train S networks to do what the expert did; yield `records` times.

    memory: a `ReplayBuffer`, each seed's demonstrations. actions: how many the environment has.
    network: S networks to go on with, which are copied. loss: as `cloning_loss`. Raises ValueError
    for an action that does not exist, fewer steps than a batch, a network that does not fit.
    """
    highest = memory.action.max()
    if highest >= actions or memory.action.min() < 0:
        known = f"there are the actions 0 to {actions - 1}."
        raise ValueError(f"the demonstrations hold action {highest}; {known}")
    # One stream for the first weights, one for the batches: these are the same for any network.
    weights, order = (torch.Generator().manual_seed(seed) for _ in range(2))
    size = memory.seeds, memory.observation.shape[1], actions, config.width
    fresh = QNetwork(*size, config.hidden_layers, config.layer_norm, generator=weights)
    network = copy_to_go_on(network, fresh) if network else fresh

    def batch_loss(update):
        batch = memory.sample(config.batch_size, 1, 1.0, order)
        return loss(network(batch.observation), batch.action).mean(-1)

    for progress in fit(network, batch_loss, config, config.updates, records):
        labels = memory.filled().sum(-1).numpy()
        yield CloneProgress(progress.updates, progress.loss, labels, network)


def dagger(
    config, env_id, expert, memory, actions, rounds=5, labels=100, seed=0, episodes=2, **cloning
) -> Iterator[CloneProgress]:
    """Clone; let the clone play; ask the expert what it would have done there; and so on.

    expert: observations [S, B, D] to actions [S, B]. memory: the first demonstrations, with room
    for rounds · labels more rows a seed; ValueError without. In each round every seed plays some
    episodes, and `labels` of the states that it met are labelled. cloning: more arguments of
    `behavior_cloning`, such as `loss`. Yields after each cloning, rounds + 1 times.
    Source: Ross et al. 2011 (arXiv 1011.0686), algorithm 3.1 with β₁ = 1 and β = 0 from then on.
    """
    if memory.filled().max() + rounds * labels > memory.rows:
        room = f"the memory has no room for {rounds} · {labels} more labels"
        raise ValueError(f"{room}: make it with spare = that many.")
    rng, network = np.random.default_rng(seed), None
    for turn in range(rounds + 1):
        if network:
            # Other first states than in the round before.
            starts = int(np.random.SeedSequence([seed, turn]).generate_state(1)[0])
            played = record_episodes(greedy(network), env_id, memory.seeds, episodes, starts)
            met = [np.concatenate([episode.observation[:-1] for episode in own]) for own in played]
            asked = [rng.choice(states, labels, replace=len(states) < labels) for states in met]
            for lane, answer in enumerate(np.asarray(expert(np.stack(asked)))):
                rows = {"observation": asked[lane], "action": answer}
                memory.extend(lane, **{name: torch.as_tensor(x) for name, x in rows.items()})
        *_, progress = behavior_cloning(config, memory, actions, seed + turn, 1, network, **cloning)
        yield progress
        network = progress.network
