"""Environments: small ones with their table of rules, larger ones as many copies in one loop."""

import contextlib
import ctypes
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import gymnasium as gym
import numpy as np

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


def read_mdp(env_id: str, **env_arguments) -> MDP:
    """Read the transition table `env.unwrapped.P` of a toy-text environment, as "FrozenLake-v1".

    Raises ValueError for an unknown environment or argument, and for one that has no table.
    """
    try:
        env = gym.make(env_id, **env_arguments)
    except (gym.error.Error, TypeError) as error:
        known = "Try 'FrozenLake-v1'."
        raise ValueError(f"Gymnasium cannot make '{env_id}': {error} {known}") from None
    if not hasattr(env.unwrapped, "P"):
        told = f"{env_id} has no transition table, so its values cannot be computed exactly"
        raise ValueError(f"{told}; use FrozenLake-v1, CliffWalking-v1 or Taxi-v4.")
    table = env.unwrapped.P
    pairs = [(s, a) for s in table for a in table[s]]
    outcomes = max(len(table[s][a]) for s, a in pairs)
    columns = np.zeros((4, len(table), len(table[0]), outcomes))  # what lacks has probability 0
    for s, a in pairs:
        columns[:, s, a, : len(table[s][a])] = np.array(table[s][a], dtype=float).T
    probability, next_state, reward, terminated = columns
    start = np.asarray(env.unwrapped.initial_state_distrib, dtype=float)
    limit, ends = env.spec.max_episode_steps or np.inf, terminated.astype(bool)
    return MDP(env_id, probability, next_state.astype(int), reward, ends, start, limit)


def make_envs(env_id: str, copies: int, **env_arguments) -> gym.vector.VectorEnv:
    """`copies` environments that step together: Gymnasium's array version if there is one.

    ValueError for an unknown one, uncountable actions, observations that are no vector.
    """
    try:
        mode = "vector_entry_point" if has_array_version(env_id) else "sync"
        envs = gym.make_vec(env_id, num_envs=copies, vectorization_mode=mode, **env_arguments)
    except (gym.error.Error, TypeError) as error:
        raise ValueError(f"Gymnasium cannot make '{env_id}': {error} Try 'CartPole-v1'.") from None
    actions, observations = envs.single_action_space, envs.single_observation_space
    if not isinstance(actions, gym.spaces.Discrete):
        told = f"{env_id} has the actions {actions}: Q-learning takes the maximum over a list"
        raise ValueError(f"{told}, so it needs a Discrete action space, as in CartPole-v1.")
    if not isinstance(observations, gym.spaces.Box) or len(observations.shape) != 1:
        told = f"{env_id} has the observations {observations}: these networks need a vector"
        raise ValueError(f"{told}. For images use a convolution, for a few states a table.")
    return envs


def has_array_version(env_id: str) -> bool:
    """Whether Gymnasium steps many copies of this environment as one array."""
    return gym.spec(env_id).vector_entry_point is not None


class Step(NamedTuple):
    """One step of S · N environments, N a seed. Arrays [S, N], observations [S, N, D].

    real: False where a vector environment only reset itself after an end: that is no transition.
    """

    observation: np.ndarray
    action: np.ndarray
    reward: np.ndarray
    terminated: np.ndarray
    truncated: np.ndarray
    next_observation: np.ndarray
    real: np.ndarray

    @property
    def done(self) -> np.ndarray:
        """[S, N], whether the episode is over: terminated or truncated."""
        return self.terminated | self.truncated


def play(act, env_id: str, seeds: int, copies: int, seed=0, **arguments) -> Iterator[Step]:
    """Let S agents act in N = `copies` environments each, without end. Raises as `make_envs`.

    act: observations [S, N, D] to actions [S, N]; it is asked anew at each step.
    """
    return play_in(make_envs(env_id, seeds * copies, **arguments), act, seeds, seed)


def play_in(envs: gym.vector.VectorEnv, act: Callable, seeds: int, seed: int) -> Iterator[Step]:
    """The same in environments that are there. The only loop of the course that steps networks."""
    observation, _ = envs.reset(seed=seed)
    observation = observation.reshape(seeds, -1, observation.shape[-1])
    real, number = np.ones(observation.shape[:2], bool), 0
    while True:
        action = np.asarray(act(observation))
        stepped = envs.step(action.reshape(-1))
        next_observation = stepped[0].reshape(observation.shape)
        paid = (each.reshape(real.shape) for each in stepped[1:4])  # reward and the two ends
        step = Step(observation, action, *paid, next_observation, real)
        yield step
        observation, real = next_observation, ~step.done
        number += 1
        if number % 200 == 0:
            give_back_memory()


def give_back_memory() -> None:
    """Hand unused memory back to the system (Linux): Box2D's small objects lie between PyTorch's.

    Without this LunarLander takes several GB in a long run.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
