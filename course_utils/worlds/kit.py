"""A world in three functions, and what Gymnasium needs around them.

A world is a `configuration` class; its fields are what can be changed about it. It has the names
`observations` and `actions`, the steps of an episode as `limit`, and, for all n copies at once:
    begin(n, rng) → state, a dict of arrays [n, …]
    advance(state, action [n], rng) → the next state, reward [n], terminated [n]
    observe(state) → [n, D], numbers of about one size
It may have expert(observation [..., D]) → action [...], plot(axes, observation [D], action), and
`changed`, other worlds like it: name → settings.
"""

from dataclasses import fields, is_dataclass
from functools import partial

import gymnasium as gym
import numpy as np
from gymnasium.vector.utils import batch_space
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from course_utils.checks import need
from course_utils.envs import NEXT_STEP
from course_utils.plotting import COLORS, GREY

PARTS = "observations actions limit begin advance observe"


def make_world(world: type, **settings):
    """A world with these settings; TypeError for one that it does not have, ValueError if bad."""
    known, name = [field.name for field in fields(world)], world.__name__
    if unknown := sorted(settings.keys() - set(known)):
        raise TypeError(f"{name} has no setting '{unknown[0]}'. It has: {', '.join(known)}.")
    return world(**settings)


def register(world: type, env_id: str) -> None:
    """Make a world known as `gym.make(env_id, **settings)`, also as many copies in one array.

    Raises ValueError for a world that lacks a part, or has a setting named as something else.
    """
    missing = [part for part in PARTS.split() if not hasattr(world, part)]
    whole = isinstance(world, type) and is_dataclass(world) and not missing
    told = f"{getattr(world, '__name__', world)} is no world: it must be a @configuration class"
    need(whole, f"{told} with {', '.join(missing or PARTS.split())}.")
    taken = {*PARTS.split(), "expert", "plot", "changed", "dqn", *dir(gym.Env), *dir(ManyCopies)}
    taken |= gym.Env.__annotations__.keys() | gym.vector.VectorEnv.__annotations__.keys()
    shadows = [field.name for field in fields(world) if field.name in taken]
    told = f"the setting '{''.join(shadows[:1])}' of {world.__name__} would hide a part of the same"
    need(not shadows, f"{told} name: give it another.")
    gym.registry.pop(env_id, None)  # a cell that is run again registers it again
    made = {"entry_point": partial(OneCopy, world)}
    made["vector_entry_point"] = partial(ManyCopies, world)
    gym.register(env_id, **made, max_episode_steps=world.limit)


def spaces(world) -> dict[str, gym.Space]:
    """What Gymnasium must know of observations and actions."""
    seen = gym.spaces.Box(-np.inf, np.inf, (len(world.observations),), np.float32)
    return {"observation_space": seen, "action_space": gym.spaces.Discrete(len(world.actions))}


class ManyCopies(gym.vector.VectorEnv):
    """`num_envs` copies of a world; one whose episode is over begins anew in the next step."""

    metadata = {"autoreset_mode": NEXT_STEP}

    def __init__(self, world: type, num_envs: int = 1, max_episode_steps=0, **settings):
        self.world, self.num_envs = make_world(world, **settings), num_envs
        self.limit = max_episode_steps or world.limit
        for name, space in spaces(self.world).items():
            setattr(self, f"single_{name}", space)
            setattr(self, name, batch_space(space, num_envs))

    def reset(self, *, seed: int | None = None, options=None):
        """New episodes in all copies."""
        super().reset(seed=seed)
        self.state = self.world.begin(self.num_envs, self.np_random)
        self.age, self.over = np.zeros(self.num_envs, int), np.zeros(self.num_envs, bool)
        return self._seen(), {}

    def step(self, actions):
        """One step of all copies; a copy that was over only begins anew, with a reward of 0."""
        rng, begins = self.np_random, self.over
        self.state, reward, ends = self.world.advance(self.state, np.asarray(actions), rng)
        told = f"advance gave rewards {np.shape(reward)} and ends {np.shape(ends)}: one for each"
        right = np.shape(reward) == np.shape(ends) == begins.shape
        need(right, f"{told} of the {self.num_envs} copies.")
        if begins.any():
            for name, fresh in self.world.begin(int(begins.sum()), rng).items():
                self.state[name][begins] = fresh
        self.age = np.where(begins, 0, self.age + 1)
        terminated = ends & ~begins
        truncated = (self.age >= self.limit) & ~terminated
        self.over = terminated | truncated
        return self._seen(), np.where(begins, 0.0, reward), terminated, truncated, {}

    def __str__(self):
        return type(self.world).__name__

    def _seen(self):
        seen, needed = np.asarray(self.world.observe(self.state)), self.observation_space.shape
        need(seen.shape == needed, f"observe gave {seen.shape}, not {needed}: a row for each copy.")
        return seen.astype(np.float32)


class OneCopy(gym.Env):
    """One copy of a world, of which pictures can be made."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}

    def __init__(self, world: type, render_mode: str | None = None, **settings):
        self.world, self.render_mode = make_world(world, **settings), render_mode
        vars(self).update(spaces(self.world))

    def reset(self, *, seed: int | None = None, options=None):
        """A new episode."""
        super().reset(seed=seed)
        self.state, self.action = self.world.begin(1, self.np_random), None
        return self._seen(), {}

    def step(self, action):
        """One step."""
        self.action, one = int(action), np.array([action])
        self.state, reward, ends = self.world.advance(self.state, one, self.np_random)
        return self._seen(), float(reward[0]), bool(ends[0]), False, {}

    def render(self) -> np.ndarray:
        """The world as it is now, [height, width, 3] in bytes."""
        canvas = FigureCanvasAgg(Figure(figsize=(5.4, 2.7), facecolor="white"))
        plot_in(canvas.figure.subplots(), self.world, self._seen(), self.action)
        canvas.draw()
        return np.asarray(canvas.buffer_rgba())[..., :3].copy()

    def _seen(self):
        return self.world.observe(self.state)[0].astype(np.float32)


def plot_in(axes, world, observation: np.ndarray, action: int | None) -> None:
    """Plot a world in axes: as it says itself, or each number as a bar."""
    if hasattr(world, "plot"):
        world.plot(axes, observation, action)
    else:
        axes.barh(world.observations, observation, color=COLORS[0])
        axes.axvline(0, color=GREY, linewidth=1)
        axes.invert_yaxis()
    axes.set_title("" if action is None else world.actions[action], loc="left")
