"""Variants of tasks, in other worlds. Importing this file makes their names known to Gymnasium."""

from collections import namedtuple
from functools import partial

import gymnasium as gym
import numpy as np
from gymnasium.envs.classic_control.cartpole import CartPoleEnv, CartPoleVectorEnv

from course_utils.checks import checked
from course_utils.envs import OBSERVATION_SCALE


@checked
def lunar_lander(main: float | None = None, side: float | None = None, **arguments) -> gym.Env:
    """LunarLander-v3 with other engines; `arguments` are its own, such as gravity.

    main, side: power of the engines, above .5 up to 1; a negative side exchanges left and right.
    """
    from gymnasium.envs.box2d.lunar_lander import LunarLander

    if main is None and side is None:
        return LunarLander(**arguments)
    main, side = main or 1.0, side or 1.0
    throttle = np.array([[0, 0], [0, -side], [2 * main - 1, 0], [0, side]], dtype=np.float32)
    lander, four = LunarLander(continuous=True, **arguments), gym.spaces.Discrete(4)
    return gym.wrappers.TransformAction(lander, lambda action: throttle[action], four)


@checked
def cart_pole(length=0.5, gravity=9.8, force_mag=10.0, **arguments):
    """A CartPole, or `num_envs` of them. length: half a pole, in metres; force_mag: in newtons."""
    env = (CartPoleVectorEnv if "num_envs" in arguments else CartPoleEnv)(**arguments)
    env.length, env.gravity, env.force_mag = length, gravity, force_mag
    env.polemass_length = env.masspole * length
    return env


# A variant of an environment: the same observations, actions and rewards in another world.
Task = namedtuple("Task", "parent arguments meaning")
POLE, LANDER = "CartPole-v1", "LunarLander-v3"
STORM = {"enable_wind": True, "wind_power": 20.0, "turbulence_power": 2.0}
SHORT, REVERSE, SWAPPED = {"length": 0.05}, {"force_mag": -10.0}, {"side": -1.0}
TASKS = {
    "LunarLander-LowGravity-v0": Task(LANDER, {"gravity": -2.0}, "a fifth of the gravity"),
    "LunarLander-HighGravity-v0": Task(LANDER, {"gravity": -11.9}, "a fifth more gravity"),
    "LunarLander-Wind-v0": Task(LANDER, {"enable_wind": True}, "wind of power 15, turbulence 1.5"),
    "LunarLander-Storm-v0": Task(LANDER, STORM, "wind of power 20, turbulence 2"),
    "LunarLander-WeakEngine-v0": Task(LANDER, {"main": 0.6}, "60 % of the main engine's power"),
    "LunarLander-SwappedEngines-v0": Task(LANDER, SWAPPED, "left and right engine exchanged"),
    "CartPole-LongPole-v0": Task(POLE, {"length": 8.0}, "a pole sixteen times as long"),
    "CartPole-ShortPole-v0": Task(POLE, SHORT, "a pole a tenth as long"),
    "CartPole-HighGravity-v0": Task(POLE, {"gravity": 80.0}, "about eight times the gravity"),
    "CartPole-WeakForce-v0": Task(POLE, {"force_mag": 0.5}, "a twentieth of the force"),
    "CartPole-Reversed-v0": Task(POLE, REVERSE, "left pushes to the right"),
    "CartPole-ReversedShort-v0": Task(POLE, SHORT | REVERSE, "a short pole, and left pushes right"),
}

for _name, (_parent, _changed, _) in TASKS.items():
    if _parent == LANDER:
        gym.register(_name, partial(lunar_lander, **_changed), max_episode_steps=1000)
    else:
        _pole = partial(cart_pole, **_changed)
        gym.register(_name, _pole, max_episode_steps=500, vector_entry_point=_pole)
        OBSERVATION_SCALE[_name] = OBSERVATION_SCALE[_parent]
