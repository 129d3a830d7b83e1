"""Learning to do what an expert does: behaviour cloning, and DAgger, for S seeds at once."""

from collections import namedtuple
from collections.abc import Callable

import numpy as np
import torch

from course_utils.checks import check_actions, check_shape, checked
from course_utils.evaluation import record_episodes
from course_utils.losses import cloning_loss
from course_utils.networks import QNetwork, copy_to_go_on, greedy
from course_utils.replay import ReplayBuffer
from course_utils.settings import configuration, setting, switch
from course_utils.train import fit

# What cloning yields: loss of the latest batch [S], labels of each seed [S], the live network.
CloneProgress = namedtuple("CloneProgress", "updates loss labels network")


@configuration
class CloneConfig:
    """Settings of behaviour cloning; the learning rate falls linearly to 0."""

    learning_rate: float = setting(1e-3, 1e-6, 0.1, "step size of Adam at the start", log=True)
    batch_size: int = setting(128, 1, 1024, "transitions in one update")
    updates: int = setting(4000, 1, 100_000, "updates in all", log=True)
    width: int = setting(128, 1, 512, "units of each hidden layer")
    hidden_layers: int = setting(2, 1, 4, "hidden layers of the network")
    layer_norm: bool = switch(True, help="normalise each hidden layer")


@checked
def behavior_cloning(
    config: CloneConfig, memory: ReplayBuffer, actions, seed: int | tuple = 0, records=10,
    network=None, loss=cloning_loss,
):  # fmt: skip
    """Train S networks by a `CloneConfig` to do what the expert did; yield `CloneProgress`.

    memory: of `memory_of`. actions: how many. seed: a number, or a pair, of weights and of batches.
    network: a copy of it learns on. ValueError for an unknown action, few steps, a wrong network.
    """
    pair = seed if isinstance(seed, tuple) else (seed, seed + 10**9)  # never the same numbers
    weights, order = (torch.Generator().manual_seed(own) for own in pair)
    size = memory.seeds, memory.observation.shape[1], actions, config.width
    fresh = QNetwork(*size, config.hidden_layers, config.layer_norm, generator=weights)
    network = copy_to_go_on(network, fresh) if network else fresh

    def batch_loss(update):
        batch = memory.sample(config.batch_size, 1, 1.0, order)
        surprise = loss(network(batch.observation), batch.action)
        return check_shape("loss", surprise, batch.action.shape).mean(-1)

    for record in fit(network, batch_loss, config, config.updates, records):
        yield CloneProgress(record.updates, record.loss, memory.filled().sum(-1).numpy(), network)


@checked
def dagger(
    config: CloneConfig, env_id: str, expert: Callable, memory: ReplayBuffer, actions, rounds=5,
    labels=100, seed=0, episodes=2, **cloning,
):  # fmt: skip
    """Clone; let the clone play; ask the expert what it would have done there; and so on.

    expert: observations [S, B, D] → actions [S, B]. memory: the first demonstrations. In each round
    every seed plays `episodes`, and `labels` of the states met are labelled and added: ValueError
    if there is no room, or for a wrong label. cloning: for `behavior_cloning`, whose last record is
    yielded.
    Source: Ross et al. 2011 (arXiv 1011.0686), algorithm 3.1, β₁ = 1 and β = 0 from then on.
    """
    if memory.filled().max() + rounds * labels > memory.rows:
        raise ValueError(f"no room for {rounds} · {labels} more labels: the memory needs `spare`.")
    rng, network = np.random.default_rng(seed), None
    for turn in range(rounds + 1):
        if network:
            # Other episodes in each round, and never those of `play_episodes` with this seed.
            start = np.random.SeedSequence([seed, turn, 1]).generate_state(1)
            played = record_episodes(greedy(network), env_id, memory.seeds, episodes, int(start[0]))
            met = [np.concatenate([episode.observation[:-1] for episode in own]) for own in played]
            asked = np.stack([rng.choice(seen, labels, replace=len(seen) < labels) for seen in met])
            # What it writes into a copy is its own affair.
            answers = check_actions("expert", expert(asked.copy()), asked.shape[:2], actions)
            for lane, states in enumerate(torch.as_tensor(asked)):
                memory.extend(lane, observation=states, action=torch.as_tensor(answers[lane]))
        *_, progress = behavior_cloning(config, memory, actions, seed + turn, 1, network, **cloning)
        yield progress
        network = progress.network
