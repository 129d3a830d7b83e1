"""A world in three functions, and what Gymnasium needs around them.

A world is a `configuration` class; its fields are what can be changed about it. It has the names
`observations` and `actions`, the steps of an episode as `limit`, and, for all n copies at once:
    begin(n, rng) → state, a dict of arrays [n, …]
    advance(state, action [n], rng) → the next state, reward [n], terminated [n]
    observe(state) → [n, D], numbers of about one size
It may have expert(observation [..., D]) → action [...], plot(axes, observation [D], action), and
`changed`, other worlds like it: name → settings.
"""

from dataclasses import Field, fields, is_dataclass
from functools import partial
from inspect import signature

import gymnasium as gym
import numpy as np
from gymnasium.vector.utils import batch_space
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from course_utils.checks import check_actions, check_number, checked, in_short, need
from course_utils.envs import NEXT_STEP
from course_utils.evaluation import mean_returns, play_episodes
from course_utils.plotting import COLORS, GREY
from course_utils.train import make_learner

PARTS = "observations actions limit begin advance observe"
# No setting can be called as these: what hands settings on would take it for its own argument.
WAYS = gym.make, gym.make_vec, play_episodes, mean_returns, make_learner
TAKEN = {*PARTS.split(), "expert", "plot", "changed", "dqn", "facts", "render_mode", "world"}
TAKEN |= {"copies", "every", "number", "path", "records", "told"}
TAKEN |= {name for way in WAYS for name in signature(way).parameters}


def check_world(world: type) -> None:
    """ValueError for a class that lacks a part, or has a setting named as something else."""
    name, missing = getattr(world, "__name__", world), PARTS.split()
    if isinstance(world, type) and is_dataclass(world):
        missing = [part for part in missing if not hasattr(world, part)]
        # A subclass with settings of its own that was not decorated leaves them as they are.
        missing += [each for each, value in vars(world).items() if isinstance(value, Field)]
    told = f"{in_short(name)} is no world: it must be a @configuration class".replace("'", "")
    need(not missing, f"{told} with {', '.join(missing)}.")
    for part, names in (("observations", world.observations), ("actions", world.actions)):
        words = isinstance(names, list | tuple) and all(isinstance(each, str) for each in names)
        told = f"{part} of {name} = {in_short(names)}: must be a list of one or more names."
        need(words and names, told)
    check_number(f"limit of {name}", world.limit, int, 1, meaning=" (steps of an episode)")
    shadows = [field.name for field in fields(world) if field.name in TAKEN]
    told = f"the setting '{''.join(shadows[:1])}' of {name} would hide a part of the same name"
    need(not shadows, f"{told}: give it another.")


def make_world(world: type, **settings):
    """A world with these settings; TypeError for one that it does not have, ValueError if bad."""
    check_world(world)
    known = [field.name for field in fields(world)]
    if unknown := sorted(settings.keys() - set(known)):
        told = f"{world.__name__} has no setting '{unknown[0]}'. It has: "
        raise TypeError(f"{told}{', '.join(known) or 'none'}.")
    return world(**settings)


@checked
def register(world: type, env_id: str) -> None:
    """Make a world known as `gym.make(env_id, **settings)`, also as many copies in one array.

    Raises ValueError as `check_world`.
    """
    check_world(world)
    gym.registry.pop(env_id, None)  # a cell that is run again registers it again
    made = {"entry_point": partial(OneCopy, world)}
    made["vector_entry_point"] = partial(ManyCopies, world)
    gym.register(env_id, **made, max_episode_steps=int(world.limit))


def rows_of(part: str, given, wanted: dict | None, n: int) -> dict[str, np.ndarray]:
    """What a part of a world gave, as arrays [n, …], named and formed as those wanted, if any."""
    if not isinstance(given, dict):
        raise ValueError(f"`{part}` gave {in_short(given)}: a state is a dict of arrays.")
    arrays = {name: np.asarray(rows) for name, rows in given.items()}
    given = {name: rows.shape for name, rows in arrays.items()}
    wanted = {name: (n, *rows.shape[1:]) for name, rows in (wanted or arrays).items()}
    if given != wanted:
        raise ValueError(f"`{part}` gave {given}, not {wanted}: a row for each of {n} copies.")
    return arrays


def numbers(what: str, given, shape: tuple, kinds: str = "biuf") -> np.ndarray:
    """What a world gave, as an array; ValueError unless it is of this shape and kind."""
    array = np.asarray(given)
    if array.shape != shape or array.dtype.kind not in kinds:
        told = f"{what} of {shape[0]} copies must be {shape}, not {array.shape} of {array.dtype}"
        raise ValueError(f"{told}: a row for each copy.")
    return array


class ManyCopies(gym.vector.VectorEnv):
    """`num_envs` copies of a world; one whose episode is over begins anew in the next step."""

    metadata = {"autoreset_mode": NEXT_STEP}

    def __init__(self, world: type, num_envs: int = 1, max_episode_steps=0, **settings):
        self.world = make_world(world, **settings)
        self.num_envs = n = check_number("num_envs", num_envs, int, 1)
        self.limit = max_episode_steps or world.limit
        self.single_action_space = choice = gym.spaces.Discrete(len(world.actions))
        size = (len(world.observations),)
        self.single_observation_space = seen = gym.spaces.Box(-np.inf, np.inf, size, np.float32)
        self.action_space, self.observation_space = batch_space(choice, n), batch_space(seen, n)

    def reset(self, *, seed: int | None = None, options=None):
        """New episodes in all copies."""
        super().reset(seed=seed)
        n = self.num_envs
        begun = rows_of("begin", self.world.begin(n, self.np_random), None, n)
        self.state = {name: rows.copy() for name, rows in begun.items()}  # two may be one array
        self.age, self.over = np.zeros(n, int), np.zeros(n, bool)
        return self._seen(), {}

    def step(self, actions):
        """One step of all copies; a copy that was over only begins anew, with a reward of 0."""
        rng, begins, n = self.np_random, self.over, self.num_envs
        # As whole numbers with a sign: 0 − 1 of unsigned ones is 255.
        actions = check_actions("act", actions, (n,), len(self.world.actions)).astype(int)
        given = self.world.advance(self.state, actions, rng)
        if not isinstance(given, tuple) or len(given) != 3:
            raise ValueError(f"`advance` must give state, rewards, ends, not {in_short(given)}.")
        self.state = rows_of("advance", given[0], self.state, n)
        reward = numbers("rewards", given[1], (n,))
        ends = numbers("ends, True or False,", given[2], (n,), "b")
        if begins.any():
            some = int(begins.sum())
            fresh = rows_of("begin", self.world.begin(some, rng), self.state, some)
            for name, old in self.state.items():  # whole numbers would lose decimals
                self.state[name] = old.astype(np.result_type(old, fresh[name]))
                self.state[name][begins] = fresh[name]
        self.age = np.where(begins, 0, self.age + 1)
        terminated = ends & ~begins
        truncated = (self.age >= self.limit) & ~terminated
        self.over = terminated | truncated
        return self._seen(), np.where(begins, 0.0, reward), terminated, truncated, {}

    def __str__(self):
        return type(self.world).__name__

    def _seen(self):
        seen = self.world.observe(self.state)
        return numbers("observations", seen, self.observation_space.shape).astype(np.float32)


class OneCopy(gym.Env):
    """One copy of a world, of which pictures can be made."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}

    def __init__(self, world: type, render_mode: str | None = None, **settings):
        self.copies, self.render_mode = ManyCopies(world, 1, np.inf, **settings), render_mode
        self.world, self.action_space = self.copies.world, self.copies.single_action_space
        self.observation_space = self.copies.single_observation_space

    def reset(self, *, seed: int | None = None, options=None):
        """A new episode."""
        super().reset(seed=seed)
        [self.seen], self.action = self.copies.reset(seed=seed)[0], None
        return self.seen, {}

    def step(self, action):
        """One step."""
        self.action = check_number("action", action, int, 0, len(self.world.actions) - 1)
        [self.seen], [reward], [terminated], *_ = self.copies.step([self.action])
        return self.seen, float(reward), bool(terminated), False, {}

    def render(self) -> np.ndarray:
        """The world as it is now, [height, width, 3] in bytes."""
        canvas = FigureCanvasAgg(Figure(figsize=(5.4, 2.7), facecolor="white"))
        plot_in(canvas.figure.subplots(), self.world, self.seen, self.action)
        canvas.draw()
        return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def plot_in(axes, world, observation: np.ndarray, action: int | None) -> None:
    """Plot a world in axes: as it says itself, or each number as a bar."""
    if hasattr(world, "plot"):
        world.plot(axes, observation, action)
    else:
        axes.barh(world.observations, observation, color=COLORS[0])
        axes.axvline(0, color=GREY, linewidth=1)
        axes.invert_yaxis()
    axes.set_title("" if action is None else world.actions[action], loc="left")
