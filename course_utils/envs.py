"""Environments: the small ones with their whole table of rules, the larger ones as many copies that step together."""

import contextlib
import ctypes
from dataclasses import dataclass

import gymnasium as gym
import numpy as np

# What an observation is multiplied by before a network sees it, where its numbers differ much in size.
OBSERVATION_SCALE = {"CartPole-v1": [0.5, 0.5, 5.0, 0.5], "MountainCar-v0": [1.0, 10.0]}


@dataclass(frozen=True, repr=False)
class MDP:
    """The rules of a small environment as arrays, read from Gymnasium's own transition table.

    probability, next_state, reward, terminated: [s, a, k]. Unused outcomes have probability 0.
    start: [s], the probability of each first state. time_limit: steps before truncation, infinite if there is none.
    """

    env_id: str
    probability: np.ndarray
    next_state: np.ndarray
    reward: np.ndarray
    terminated: np.ndarray
    start: np.ndarray
    time_limit: float

    def step(self, state: np.ndarray, action: np.ndarray, uniform: np.ndarray):
        """One step of as many environments as `state` has entries; `uniform`, of the same shape, decides the outcome.

        Returns next_state, reward, terminated. Each outcome's share of [0, 1) is its probability, in the table's
        order, as in Gymnasium: the same uniform numbers give the same steps.
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
        object.__setattr__(self, "_edges", edges)
        start_edges = self.start.cumsum()
        start_edges[np.flatnonzero(self.start)[-1] :] = np.inf
        object.__setattr__(self, "_start_edges", start_edges)


def read_mdp(env_id: str, **env_arguments) -> MDP:
    """Read the transition table `env.unwrapped.P` of a toy-text environment such as "FrozenLake-v1".

    Raises ValueError for an unknown environment or argument, and for an environment that has no table.
    """
    try:
        env = gym.make(env_id, **env_arguments)
    except (gym.error.Error, TypeError) as error:
        raise ValueError(f"Gymnasium cannot make '{env_id}': {error} Try 'FrozenLake-v1'.") from None
    if not hasattr(env.unwrapped, "P"):
        raise ValueError(
            f"{env_id} has no transition table, so its values cannot be computed exactly; "
            "use FrozenLake-v1, CliffWalking-v1 or Taxi-v4."
        )
    table = env.unwrapped.P
    states, actions = len(table), len(table[0])
    outcomes = max(len(table[s][a]) for s in range(states) for a in range(actions))
    columns = np.zeros((4, states, actions, outcomes))
    for s in range(states):
        for a in range(actions):
            columns[:, s, a, : len(table[s][a])] = np.array(table[s][a], dtype=float).T
    probability, next_state, reward, terminated = columns
    start = np.asarray(env.unwrapped.initial_state_distrib, dtype=float)
    time_limit = env.spec.max_episode_steps or np.inf
    env.close()
    return MDP(env_id, probability, next_state.astype(int), reward, terminated.astype(bool), start, time_limit)


def make_envs(env_id: str, copies: int, **env_arguments) -> gym.vector.VectorEnv:
    """`copies` environments that step together, by Gymnasium's own array version where there is one, else one by one.

    A step after an episode's end only resets (Gymnasium's NEXT_STEP): it is no transition.
    Raises ValueError for an unknown environment, for actions that cannot be counted, and for observations that are no
    vector of numbers.
    """
    try:
        native = gym.spec(env_id).vector_entry_point is not None
        mode = "vector_entry_point" if native else "sync"
        envs = gym.make_vec(env_id, num_envs=copies, vectorization_mode=mode, **env_arguments)
    except (gym.error.Error, TypeError) as error:
        raise ValueError(f"Gymnasium cannot make '{env_id}': {error} Try 'CartPole-v1'.") from None
    actions, observations = envs.single_action_space, envs.single_observation_space
    if not isinstance(actions, gym.spaces.Discrete):
        raise ValueError(f"{env_id} has the actions {actions}: Q-learning takes the maximum over a list of actions, so "
                         "it needs a Discrete action space, as in CartPole-v1.")  # fmt: skip
    if not isinstance(observations, gym.spaces.Box) or len(observations.shape) != 1:
        raise ValueError(f"{env_id} has the observations {observations}: these networks need a vector of numbers. For "
                         "images flatten them or use a convolution, for a few states a table.")  # fmt: skip
    return envs


def give_back_memory() -> None:
    """Hand memory that is no longer used back to the system, where that is possible (Linux).

    Box2D's small objects lie between PyTorch's large ones; without this LunarLander takes several GB in a long run.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
