"""The loops around an update: a network fitted to batches, and deep Q-learning of S seeds."""

import copy
import time
from collections import namedtuple
from collections.abc import Callable, Iterator

import numpy as np
import torch

from course_utils import envs
from course_utils.checks import check_shape, checked, need
from course_utils.learner import DQN, DQNConfig, Parts
from course_utils.networks import QNetwork, copy_to_go_on, learning_part
from course_utils.replay import ReplayBuffer

RECORD = "step updates training_return loss q epsilon cpu_seconds network optimizer"

# What `fit` yields: loss of the latest batch [S], the live network.
FitProgress = namedtuple("FitProgress", "updates loss cpu_seconds network")


@checked
def fit(network: QNetwork, batch_loss: Callable, config, updates: int, records=1):
    """Adam on one batch after the other, with a rate that falls linearly to 0: `FitProgress`.

    batch_loss: number of the update, from 0 → loss of each seed [S]. config: its `learning_rate`
    is read at every update, so it may be changed on the way. Yields `records` times. Raises
    ValueError for a network in which nothing learns, and for a loss of another shape, or NaN.
    """
    need(learning_part(network), "nothing learns in this network: it is frozen.")
    optimizer = torch.optim.Adam(network.parameters(), fused=True)
    due, started = set(due_steps(updates, records)), time.process_time()
    for update in range(updates):
        loss = check_shape("batch_loss", batch_loss(update), (network.seeds,))
        need(loss.requires_grad, "nothing learns: no network that can learn is in `batch_loss`.")
        optimizer.param_groups[0]["lr"] = config.learning_rate * (1 - update / updates)
        optimizer.zero_grad()
        loss.sum().backward()
        optimizer.step()
        if update + 1 in due:
            paused = time.process_time()  # what others do between two records is not training
            _check_loss(loss)
            yield FitProgress(update + 1, loss.detach().numpy(), paused - started, network)
            started += time.process_time() - paused


def due_steps(steps: int, records: int) -> list[int]:
    """The steps at which `records` records are due, evenly spaced, the last one at the end."""
    return [int(step) for step in np.linspace(0, steps, records + 1)[1:]]


class DQNProgress(namedtuple("DQNProgress", RECORD)):
    """What `train_dqn` yields. Network and optimizer are the live ones: copy what you keep.

    step, updates: of each seed. training_return: [S], mean over its environments of the latest
    episode, exploration included; NaN until each has ended one. loss, q: [S], of the latest
    batch, NaN before there was one; q is the mean scaled value of the actions that were taken.
    """


def train_dqn(
    config: DQNConfig, env_id="CartPole-v1", seeds=10, seed=0, records=20, **more
) -> Iterator[DQNProgress]:
    """Train `seeds` agents side by side; yield `records` times, the last time at the end.

    The config is read at every step, so it may be changed on the way. more: as `make_learner`,
    which says what is raised; besides, ValueError for a reward or a loss that is NaN or infinite.
    Source: Mnih et al. 2015 (Nature 518:529), algorithm 1.
    """
    return learn(make_learner(config, env_id, seeds, seed, **more), records)


@checked
def make_learner(
    config: DQNConfig, env_id: str = "CartPole-v1", seeds=10, seed=0, *, parts: Parts | None = None,
    network: QNetwork | None = None, task=0, optimizer: torch.optim.Adam | None = None,
    demonstrations: ReplayBuffer | None = None, device="cpu", **env_arguments,
) -> DQN:  # fmt: skip
    """S learners in their environments, ready to `learn`.

    parts: `Parts` with your functions in place of the module's. network: S networks to go on from,
    which are copied; task: whose head learns. optimizer: of an earlier record, whose moments are
    gone on with. demonstrations: a second memory; `config.demonstration_ratio` of each batch comes
    from it. device: "cpu", "cuda" or "mps".
    Raises ValueError for settings, a network, a memory or an environment that do not fit.
    """
    first = max(config.learning_starts, 2 * config.batch_size)
    told = f"steps = {config.steps}: nothing is learned in the first {first} steps."
    need(config.steps > first, told)
    copies = envs.make_envs(env_id, seeds * config.environments, **env_arguments)
    env_seed, network_seed, stream = map(int, np.random.SeedSequence(seed).generate_state(3))
    scale = envs.OBSERVATION_SCALE.get(env_id) if config.observation_scale else None
    size = copies.single_observation_space.shape[0], int(copies.single_action_space.n)
    form = config.width, config.hidden_layers, config.layer_norm, config.dueling
    form = (1, *form[1:]) if network else form  # then only its sizes are compared
    weights = torch.Generator().manual_seed(network_seed)
    fresh = QNetwork(seeds, *size, *form, scale, weights)
    envs.ask(f"there is no device '{device}' here", "Use 'cpu'.", fresh.to, device)
    if demonstrations is not None:
        _check_demonstrations(demonstrations, fresh)
    network = copy_to_go_on(network, fresh) if network else fresh
    network.task = task
    kind = torch.uint8 if copies.single_observation_space.dtype == np.uint8 else None
    learner = DQN(config, network, stream, device, parts or Parts(), demonstrations, kind)
    if optimizer:
        # torch would take moments of any shape, and write beyond their end
        moments = [state["exp_avg"].shape for state in optimizer.state.values()]
        own = [p.shape for p in learner.optimizer.param_groups[0]["params"]]
        need(moments == own, "this optimizer belongs to other networks: leave it out.")
        learner.optimizer.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    learner.env_id, learner.env_arguments = env_id, env_arguments
    learner.envs, learner.env_seed = copies, env_seed
    return learner


@checked
def learn(learner: DQN, records: int) -> Iterator[DQNProgress]:
    """Remember each step and learn from the memory, from where the learner is to its last step."""
    config, seeds = learner.config, learner.seeds
    running = np.zeros((seeds, config.environments))  # return of the episode in flight, [S, N]
    latest = np.full_like(running, np.nan)  # of the one before
    loss = q = torch.full((seeds,), torch.nan)
    due = [step for step in due_steps(config.steps, records) if step > learner.step]
    started = time.process_time() - learner.cpu_seconds
    steps = envs.play_in(learner.envs, learner.act, seeds, learner.env_seed + learner.step)
    while due:
        step = next(steps)
        learner.remember(step)
        running += step.reward
        latest = np.where(step.done, running, latest)
        running[step.done] = 0
        if config.batch_size > (most := learner.replay.rows * learner.replay.lanes):
            told = f"batch_size = {config.batch_size}: the memory was made for {most} transitions"
            raise ValueError(f"{told}: lower it, or begin again with a larger replay_capacity.")
        # Twice a batch, as up to half of the rows may be resets.
        if learner.step >= max(config.learning_starts, 2 * config.batch_size):
            for _ in range(config.updates_per_step):
                loss, q = learner.update(learner.draw())
        if learner.step >= due[0]:
            due = [later for later in due if later > learner.step]
            if learner.updates:
                _check_loss(loss)
            returns = latest.mean(-1)
            paused = time.process_time()  # what others do between two records is not training
            learner.cpu_seconds = paused - started
            yield record_of(learner, returns, loss, q)
            started += time.process_time() - paused


def record_of(learner: DQN, returns: np.ndarray, loss, q) -> DQNProgress:
    """What is told of a learner at this moment. returns, loss, q: [S]."""
    numbers = loss.cpu().numpy(), q.cpu().numpy(), learner.epsilon(), learner.cpu_seconds
    counts = learner.step, learner.updates
    return DQNProgress(*counts, returns, *numbers, learner.network, learner.optimizer)


def _check_loss(loss):
    told = "lower learning_rate or reward_scale, look at your own functions."
    need(loss.isfinite().all(), f"the loss is no number any more: {told}")


def _check_demonstrations(memory, network):
    """One sentence for demonstrations of another task, or for other learners."""
    found = memory.seeds, memory.observation.shape[1]
    needed = network.seeds, network.arguments["observations"]
    told = "the demonstrations are for {} seeds, with {} numbers in an observation".format(*found)
    need(found == needed, f"{told}; this training has {needed[0]}, with {needed[1]}: take others.")
    told = "this memory is an agent's own: demonstrations are what memory_of makes."
    need(memory.demonstrated, told)
