"""Training a deep Q-learner for many seeds at once: environments, records, checkpoints. One update is in `learner`."""

import copy
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from course_utils import storage
from course_utils.envs import OBSERVATION_SCALE, give_back_memory, make_envs
from course_utils.learner import DQN, DQNConfig
from course_utils.losses import td_target
from course_utils.networks import QNetwork, copy_to_go_on, make_network
from course_utils.replay import ReplayBuffer


class DQNProgress(NamedTuple):
    """What `train_dqn` yields. Network and optimizer are the live ones: copy what you keep (`network.choose`).

    step, updates: of each seed. training_return: [S], mean over its environments of the latest episode, exploration
    included (of the first episode so far, until it ends). loss, q: [S], of the latest batch, NaN before there was one;
    q is the mean value of the actions that were taken, in scaled rewards.
    """

    step: int
    updates: int
    training_return: np.ndarray
    loss: np.ndarray
    q: np.ndarray
    epsilon: float
    cpu_seconds: float
    network: QNetwork
    optimizer: torch.optim.Adam


def train_dqn(
    config: DQNConfig,
    env_id: str = "CartPole-v1",
    seeds: int = 10,
    seed: int = 0,
    records: int = 20,
    checkpoint: Path | None = None,
    device: str = "cpu",
    target: Callable = td_target,
    network: QNetwork | None = None,
    optimizer: torch.optim.Adam | None = None,
    demonstrations: ReplayBuffer | None = None,
    reward: Callable | None = None,
    extra_loss: Callable | None = None,
    **env_arguments,
) -> Iterator[DQNProgress]:
    """Train `seeds` independent agents side by side; yield `records` times, the last time at the end.

    The config is read at every step, so it may be changed on the way. device: "cpu", "cuda" or "mps". checkpoint: a
    file that is written before each record and, if it is there, gone on from: then the first record is the
    checkpoint's own, and episodes in flight start again.
    What later notebooks add: target, a function in place of `td_target`. network: S networks to go on from, which are
    copied. optimizer: that of an earlier record, whose moments are gone on with. demonstrations: a second memory;
    `config.demonstration_ratio` of each batch comes from it (the config must have one, as `DQfDConfig`). reward: batch
    → rewards [S, B], in place of the batch's own. extra_loss: (learner, q, batch) → [S], added to the TD loss.
    Raises ValueError for an environment that does not fit (see `make_envs`), for a reward that is NaN or infinite, for
    a memory smaller than a batch, for a loss that is no number any more, and for a checkpoint of another training.
    Source: Mnih et al. 2015, algorithm 1.
    """
    if seeds < 1 or records < 1:
        raise ValueError(f"seeds = {seeds}, records = {records}: both must be 1 or more.")
    if config.steps <= config.learning_starts:
        raise ValueError(
            f"steps = {config.steps}: nothing is learned before learning_starts = {config.learning_starts}."
        )
    if config.replay_capacity < config.batch_size:
        raise ValueError(f"replay_capacity = {config.replay_capacity} is smaller than batch_size = "
                         f"{config.batch_size}: raise the one or lower the other.")  # fmt: skip
    if demonstrations is not None:
        if not hasattr(config, "demonstration_ratio"):
            raise TypeError("demonstrations need a config with a demonstration_ratio, such as DQfDConfig.")
        if demonstrations.seeds != seeds:
            raise ValueError(f"these are demonstrations for {demonstrations.seeds} seeds; the training has {seeds}.")
    envs = make_envs(env_id, seeds * config.environments, **env_arguments)
    env_seed, network_seed, learner_seed = map(int, np.random.SeedSequence(seed).generate_state(3))
    fresh = make_network(envs, config, seeds, OBSERVATION_SCALE.get(env_id), network_seed, device)
    if demonstrations is not None and demonstrations.observation.shape[1] != fresh.shape["observations"]:
        raise ValueError(f"the demonstrations have {demonstrations.observation.shape[1]} numbers in an observation, "
                         f"{env_id} has {fresh.shape['observations']}: take those of this environment.")  # fmt: skip
    network = copy_to_go_on(network, fresh) if network else fresh
    learner = DQN(config, network, learner_seed, device, target, demonstrations, reward, extra_loss)
    if optimizer:
        learner.optimizer.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    training = {"env_id": env_id, "seed": seed, "seeds": seeds, "config": asdict(config), "arguments": env_arguments}
    hooks = {"target": target, "reward": reward, "extra_loss": extra_loss}
    training |= {name: getattr(hook, "__qualname__", None) for name, hook in hooks.items()}
    started = time.process_time()
    running, latest = np.zeros(envs.num_envs), np.full(envs.num_envs, np.nan)
    loss = q = torch.full((seeds,), torch.nan)

    def record():
        returns = np.where(np.isnan(latest), running, latest).reshape(seeds, -1).mean(-1)
        seconds = time.process_time() - started
        numbers = loss.cpu().numpy(), q.cpu().numpy(), learner.epsilon(), seconds, network, learner.optimizer
        return DQNProgress(learner.step, learner.updates, returns, *numbers)

    due = [int(step) for step in np.linspace(0, config.steps, records + 1)[1:]]
    if checkpoint and Path(checkpoint).exists():
        facts = storage.load_training(checkpoint, learner, training)
        learner.replay.cut()
        learner.step, learner.updates, started = facts["step"], facts["updates"], started - facts["cpu_seconds"]
        due = [step for step in due if step > learner.step]
        yield record()

    observation, _ = envs.reset(seed=env_seed + learner.step)
    done = np.zeros(envs.num_envs, bool)
    while due:
        action = learner.act(observation)
        next_observation, paid, terminated, truncated, _ = envs.step(action)
        if not np.isfinite(paid).all():
            raise ValueError(f"{env_id} gave the reward {paid[~np.isfinite(paid)][0]} at step {learner.step}: "
                             "repair the environment's reward.")  # fmt: skip
        real, done = ~done, terminated | truncated
        transition = {"observation": observation, "action": action, "reward": paid.astype(np.float32)}
        learner.remember(real, **transition, terminated=terminated, done=done, next_observation=next_observation)
        running += paid
        latest = np.where(done, running, latest)
        running[done] = 0
        observation = next_observation
        if learner.step >= max(config.learning_starts, 2 * config.batch_size):  # up to half of the rows may be resets
            for _ in range(config.updates_per_step):
                loss, q = learner.update(learner.draw())
            if learner.updates % 200 == 0:
                give_back_memory()
        if learner.step >= due[0]:
            del due[0]
            if not torch.isfinite(loss).all() and learner.updates:
                raise ValueError(f"the loss is not a number any more at step {learner.step}: lower learning_rate or "
                                 "reward_scale.")  # fmt: skip
            if checkpoint:
                facts = {"step": learner.step, "updates": learner.updates, "cpu_seconds": time.process_time() - started}
                storage.save_training(checkpoint, learner, training, facts)
            progress, paused = record(), time.process_time()  # what others do between two records is not training
            yield progress
            started += time.process_time() - paused
