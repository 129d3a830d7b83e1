"""Environments: small ones with their table of rules, larger ones as many copies in one loop."""

import contextlib
import ctypes
import math
from collections import namedtuple
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

import gymnasium as gym
import numpy as np

from course_utils.checks import check_actions, check_array, checked, need

STEP = "observation action reward terminated truncated next_observation real"
NEXT_STEP = gym.vector.AutoresetMode.NEXT_STEP
INTERFACE = "reset(seed, options) gives observation and info; step(action) gives observation, "
INTERFACE += "reward, terminated, truncated and info; gymnasium.utils.env_checker tries it"
# What an observation is multiplied by before a network sees it, where its numbers differ in size.
OBSERVATION_SCALE = {"CartPole-v1": [0.5, 0.5, 5.0, 0.5], "MountainCar-v0": [1.0, 10.0]}


@dataclass(frozen=True, repr=False)
class MDP:
    """The rules of a small environment as arrays, read from Gymnasium's own transition table.

    probability, next_state, reward, terminated: [s, a, k]. start: [s], the probability of each
    first state. time_limit: steps before truncation, or inf.
    """

    env_id: str
    probability: np.ndarray
    next_state: np.ndarray
    reward: np.ndarray
    terminated: np.ndarray
    start: np.ndarray
    time_limit: float

    def step(self, state: np.ndarray, action: np.ndarray, uniform: np.ndarray):
        """next_state, reward, terminated, each of the shape of `state`; `uniform` decides.

        An outcome's share of [0, 1) is its probability, in the table's order, as in Gymnasium.
        """
        _, actions, outcomes = self.probability.shape
        pair = state * actions + action
        outcome = (self._edges.take(pair, axis=0) > uniform[..., None]).argmax(-1)
        index = pair * outcomes + outcome
        return self.next_state.take(index), self.reward.take(index), self.terminated.take(index)

    def reset(self, uniform: np.ndarray) -> np.ndarray:
        """First states, one for each of the uniform numbers."""
        return self._start_edges.searchsorted(uniform, side="right")

    def __repr__(self):
        return f"<the rules of {self.env_id}>"

    def __post_init__(self):
        edges = self.probability.cumsum(-1).reshape(-1, self.probability.shape[-1])
        edges[:, -1] = np.inf  # rounding may leave the last edge just below 1
        start_edges = self.start.cumsum()
        start_edges[np.flatnonzero(self.start)[-1] :] = np.inf
        vars(self).update(_edges=edges, _start_edges=start_edges)  # derived once, as step is hot


def ask(whom: str, then: str, call: Callable, *arguments, **named):
    """What a call to Gymnasium or an environment returns; ValueError for whatever it raises."""
    try:
        return call(*arguments, **named)
    except Exception as error:
        said = repr(error) if isinstance(error, KeyError) else error  # a name alone says little
        told = " ".join(f"{whom}: {said}".split()).rstrip(".") + f". {then}".rstrip()
        raise ValueError(told) from (None if isinstance(error, gym.error.Error) else error)


def _make(make, env_id, **arguments):
    then = "Try 'CartPole-v1' or 'FrozenLake-v1'. Or run first what registers yours."
    then = "" if env_id in gym.registry else then
    return ask(f"Gymnasium cannot make '{env_id}'", then, make, env_id, **arguments)


@checked
def read_mdp(env_id: str, **env_arguments) -> MDP:
    """Read the transition table `env.unwrapped.P` of a toy-text environment, as "FrozenLake-v1".

    Raises ValueError for an unknown environment or argument, and for one that has no table.
    """
    env = _make(gym.make, env_id, **env_arguments)
    told = f"{env_id} has no transition table: use FrozenLake-v1, CliffWalking-v1 or Taxi-v4."
    need(hasattr(env.unwrapped, "P"), told)
    table = env.unwrapped.P
    pairs = [(s, a) for s in table for a in table[s]]
    outcomes = max(len(table[s][a]) for s, a in pairs)
    columns = np.zeros((4, len(table), len(table[0]), outcomes))  # what lacks has probability 0
    for s, a in pairs:
        columns[:, s, a, : len(table[s][a])] = np.array(table[s][a], dtype=float).T
    probability, next_state, reward, terminated = columns
    start = np.asarray(env.unwrapped.initial_state_distrib, dtype=float)
    need(math.isclose(start.sum(), 1), f"{env_id} has no start: its map needs an S.")
    limit, ends = env.spec.max_episode_steps or np.inf, terminated.astype(bool)
    return MDP(env_id, probability, next_state.astype(int), reward, ends, start, limit)


@checked
def make_envs(env_id: str, copies: int, **env_arguments) -> gym.vector.VectorEnv:
    """`copies` environments that step together: Gymnasium's array version if there is one.

    ValueError for an unknown one, uncountable actions, observations that are no vector.
    """
    mode = "vector_entry_point" if has_array_version(env_id) else "sync"
    form = env_arguments | {"num_envs": copies, "vectorization_mode": mode}
    envs = _make(gym.make_vec, env_id, **form)
    right = envs.metadata.get("autoreset_mode", NEXT_STEP) == NEXT_STEP
    need(right, "a step of these networks expects the autoreset_mode NEXT_STEP: leave it.")
    actions, observations = envs.single_action_space, envs.single_observation_space
    told = f"{env_id} has the actions {actions}: Q-learning takes the maximum over a list, "
    told += "so it needs a Discrete action space, as in CartPole-v1."
    need(isinstance(actions, gym.spaces.Discrete), told)
    told = f"{env_id} has the observations {observations}: these networks need a vector. "
    told += "For images use a convolution, for a few states a table."
    vector = isinstance(observations, gym.spaces.Box) and len(observations.shape) == 1
    need(vector and observations.shape[0], told)
    return envs


def has_array_version(env_id: str) -> bool:
    """Whether Gymnasium steps many copies of this environment as one array."""
    return _make(gym.spec, env_id).vector_entry_point is not None


class Step(namedtuple("Step", STEP)):
    """One step of S · N environments, N a seed. Arrays [S, N], observations [S, N, D].

    real: False where a vector environment only reset itself after an end: that is no transition.
    """

    @property
    def done(self) -> np.ndarray:
        """[S, N], whether the episode is over: terminated or truncated."""
        return self.terminated | self.truncated


@checked
def play(act: Callable, env_id: str, seeds: int, copies: int, seed=0, **more) -> Iterator[Step]:
    """Let S agents act in N = `copies` environments each, without end. Raises as `make_envs`.

    act: observations [S, N, D] to actions [S, N]; it is asked anew at each step.
    """
    return play_in(make_envs(env_id, seeds * copies, **more), act, seeds, seed)


def play_in(envs: gym.vector.VectorEnv, act: Callable, seeds: int, seed: int) -> Iterator[Step]:
    """The same in environments that are there. The only loop of the course that steps networks.

    ValueError for actions that are none, for what is no number, and for whatever they raise.
    """
    name, actions = envs.spec.id if envs.spec else envs, envs.single_action_space
    whom, then = f"{name} broke down", f"repair {name}"
    way = envs.metadata.get("interface", INTERFACE)
    [seen, _] = ask(whom, way, envs.reset, seed=seed)
    observation = check_array("observations", seen, then)
    kind = np.uint8 if observation.dtype == np.uint8 else np.float32  # pictures stay bytes
    observation = observation.astype(kind, copy=False).reshape(seeds, -1, observation.shape[-1])
    real = np.ones(observation.shape[:2], bool)
    for number in count(1):
        # What it writes into a copy is its own affair.
        action = check_actions("act", act(observation.copy()), real.shape, int(actions.n))
        seen, *paid, _ = ask(whom, way, envs.step, action.reshape(-1) + actions.start)
        if not math.isfinite(seen.sum(dtype=np.float64) + paid[0].sum(dtype=np.float64)):
            for what, numbers in (("observations", seen), ("rewards", paid[0])):
                check_array(what, numbers, then)
        seen = seen.astype(kind, copy=False).reshape(observation.shape)
        paid = (each.reshape(real.shape) for each in paid)  # reward and the two ends
        step = Step(observation, action, *paid, seen, real)
        yield step
        observation, real = step.next_observation, ~step.done
        if number % 200 == 0:
            # Box2D's small objects lie between PyTorch's: LunarLander would take several GB. A
            # system that is not Linux has no such function.
            with contextlib.suppress(AttributeError, OSError, TypeError):
                ctypes.CDLL(None).malloc_trim(0)
