"""Environments: small ones with their whole table of rules, larger ones as many copies, and variants of a task."""

import contextlib
import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import gymnasium as gym
import numpy as np
from gymnasium.envs.classic_control.cartpole import CartPoleEnv, CartPoleVectorEnv

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


def lunar_lander(main: float | None = None, side: float | None = None, **arguments) -> gym.Env:
    """LunarLander-v3 with other engines; `arguments` are its own, such as gravity.

    main: power of the main engine, above .5 up to 1. side: power of the side engines, .5 to 1; negative: exchanged.
    The continuous lander has engines that can be throttled; four fixed settings of them are the four actions.
    """
    from gymnasium.envs.box2d.lunar_lander import LunarLander

    if main is None and side is None:
        return LunarLander(**arguments)
    main, side = main or 1.0, side or 1.0
    throttle = np.array([[0, 0], [0, -side], [2 * main - 1, 0], [0, side]], dtype=np.float32)
    lander = LunarLander(continuous=True, **arguments)
    return gym.wrappers.TransformAction(lander, lambda action: throttle[action], gym.spaces.Discrete(4))


def cart_pole(maker: Callable, length=0.5, gravity=9.8, force_mag=10.0, **arguments):
    """A CartPole, or many in one, with another world. length: half of the pole's, in metres; force_mag: newtons."""
    env = maker(**arguments)
    env.length, env.gravity, env.force_mag = length, gravity, force_mag
    env.polemass_length = env.masspole * length
    return env


class Task(NamedTuple):
    """A variant of an environment: the same observations, actions and rewards in another world."""

    parent: str
    arguments: dict
    meaning: str


STORM = {"enable_wind": True, "wind_power": 20.0, "turbulence_power": 2.0}
SHORT, REVERSED = {"length": 0.05}, {"force_mag": -10.0}
TASKS = {
    "LunarLander-LowGravity-v0": Task("LunarLander-v3", {"gravity": -2.0}, "a fifth of the gravity"),
    "LunarLander-HighGravity-v0": Task("LunarLander-v3", {"gravity": -11.9}, "a fifth more gravity"),
    "LunarLander-Wind-v0": Task("LunarLander-v3", {"enable_wind": True}, "wind of power 15, turbulence 1.5"),
    "LunarLander-Storm-v0": Task("LunarLander-v3", STORM, "wind of power 20, turbulence 2"),
    "LunarLander-WeakEngine-v0": Task("LunarLander-v3", {"main": 0.6}, "60 % of the main engine's power"),
    "LunarLander-SwappedEngines-v0": Task("LunarLander-v3", {"side": -1.0}, "left and right engine exchanged"),
    "CartPole-LongPole-v0": Task("CartPole-v1", {"length": 8.0}, "a pole sixteen times as long"),
    "CartPole-ShortPole-v0": Task("CartPole-v1", SHORT, "a pole a tenth as long"),
    "CartPole-HighGravity-v0": Task("CartPole-v1", {"gravity": 80.0}, "about eight times the gravity"),
    "CartPole-WeakForce-v0": Task("CartPole-v1", {"force_mag": 0.5}, "a twentieth of the force"),
    "CartPole-Reversed-v0": Task("CartPole-v1", REVERSED, "left pushes to the right"),
    "CartPole-ReversedShort-v0": Task("CartPole-v1", SHORT | REVERSED, "a short pole, and left pushes right"),
}


def register_tasks() -> None:
    """Make the variants known to Gymnasium under their names."""
    for name, task in TASKS.items():
        if task.parent == "CartPole-v1":
            one, many = (partial(cart_pole, maker, **task.arguments) for maker in (CartPoleEnv, CartPoleVectorEnv))
            gym.register(name, entry_point=one, vector_entry_point=many, max_episode_steps=500)
            OBSERVATION_SCALE[name] = OBSERVATION_SCALE[task.parent]
        else:
            gym.register(name, entry_point=partial(lunar_lander, **task.arguments), max_episode_steps=1000)


register_tasks()
