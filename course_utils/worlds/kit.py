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
TAKEN = {*PARTS.split(), "expert", "plot", "changed", "dqn", "facts", "render_mode", "world"}
TAKEN |= {"copies", "every", "number", "path", "records", "told"}
for way in (gym.make, gym.make_vec, play_episodes, mean_returns, make_learner):
    TAKEN |= signature(way).parameters.keys()


def make_world(world: type, **settings):
    """A world with these settings; TypeError for one that it does not have, ValueError if bad.

    Also for a class that lacks a part, or has a setting named as something else.
    """
    missing, name = PARTS.split(), getattr(world, "__name__", in_short(world))
    if isinstance(world, type) and is_dataclass(world):
        missing = [part for part in missing if not hasattr(world, part)]
        # Settings of a subclass that was not decorated are none.
        missing += [each for each, value in vars(world).items() if isinstance(value, Field)]
    told = f"{name} is no world: it must be a @configuration class with"
    need(not missing, f"{told} {', '.join(missing)}.")
    for part, names in (("observations", world.observations), ("actions", world.actions)):
        right = isinstance(names, list | tuple) and {*map(type, names)} == {str}
        need(right, f"{part} of {name} = {in_short(names)}: must be a list of one or more names.")
    check_number(f"limit of {name}", world.limit, int, 1, meaning=" (steps of an episode)")
    known = [field.name for field in fields(world)]
    for each in known:
        told = f"the setting '{each}' of {name} would hide a part of the same name"
        need(each not in TAKEN, f"{told}: give it another.")
    if unknown := sorted(settings.keys() - set(known)):
        told = f"{name} has no setting '{unknown[0]}'. It has: {', '.join(known) or 'none'}."
        raise TypeError(told)
    return world(**settings)


@checked
def register(world: type, env_id: str) -> type:
    """Make a world known as `gym.make(env_id, **settings)`, also as many copies in one array.

    Returns the world. Raises as `make_world`, also for its changed worlds.
    """
    for settings in [{}, *getattr(world, "changed", {}).values()]:
        make_world(world, **settings)
    gym.registry.pop(env_id, None)  # a cell that is run again registers it again
    made = {"entry_point": partial(OneCopy, world)}
    made["vector_entry_point"] = partial(ManyCopies, world)
    gym.register(env_id, **made, max_episode_steps=int(world.limit))
    return world


def as_rows(what: str, given, shape: tuple, kinds: str = "") -> np.ndarray:
    """What a world gave, as an array; ValueError unless it is of this shape, and of these kinds."""
    array = np.asarray(given)
    if array.shape != shape or kinds and array.dtype.kind not in kinds:
        told = f"{what} of {shape[0]} copies must be {shape}, not {array.shape} of {array.dtype}"
        raise ValueError(f"{told}: a row for each copy.")
    return array


def as_state(part: str, given, before: dict | None, n: int) -> dict[str, np.ndarray]:
    """A state of n copies, as arrays [n, …]; ValueError unless named and formed as before."""
    if not isinstance(given, dict) or given.keys() != (before or given).keys():
        must = ", ".join(before or ["arrays"])
        raise ValueError(f"`{part}` must give a dict of {must}, not {in_short(given)}.")
    forms = {name: np.shape(rows)[1:] for name, rows in (before or given).items()}
    return {name: as_rows(f"'{name}'", given[name], (n, *form)) for name, form in forms.items()}


class ManyCopies(gym.vector.VectorEnv):
    """`num_envs` copies of a world; one whose episode is over begins anew in the next step."""

    metadata = {"autoreset_mode": NEXT_STEP}
    metadata["interface"] = "See begin, advance, observe; as copies act at once: np.where, no if"

    def __init__(self, world: type, num_envs: int = 1, max_episode_steps=0, **settings):
        self.world = make_world(world, **settings)
        self.num_envs = n = check_number("num_envs", num_envs, int, 1)
        self.limit = max_episode_steps or world.limit
        self.single_action_space = choice = gym.spaces.Discrete(len(world.actions))
        size = (len(world.observations),)
        self.single_observation_space = seen = gym.spaces.Box(-np.inf, np.inf, size, np.float32)
        self.action_space, self.observation_space = batch_space(choice, n), batch_space(seen, n)

    def reset(self, *, seed: int | None = None, options=None):
        super().reset(seed=seed)
        n = self.num_envs
        begun = as_state("begin", self.world.begin(n, self.np_random), None, n)
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
        self.state = as_state("advance", given[0], self.state, n)
        reward = as_rows("rewards", given[1], (n,), "biuf")
        ends = as_rows("ends, True or False,", given[2], (n,), "b")
        if begins.any():
            some = int(begins.sum())
            fresh = as_state("begin", self.world.begin(some, rng), self.state, some)
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
        seen, shape = self.world.observe(self.state), self.observation_space.shape
        return as_rows("observations", seen, shape, "biuf").astype(np.float32)


class OneCopy(gym.Env):
    """One copy of a world, of which pictures can be made."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}

    def __init__(self, world: type, render_mode: str | None = None, **settings):
        self.copies, self.render_mode = ManyCopies(world, 1, np.inf, **settings), render_mode
        self.world, self.action_space = self.copies.world, self.copies.single_action_space
        self.observation_space = self.copies.single_observation_space

    def reset(self, *, seed: int | None = None, options=None):
        super().reset(seed=seed)
        [self.seen], self.action = self.copies.reset(seed=seed)[0], None
        return self.seen, {}

    def step(self, action):
        self.action = check_number("action", action, int, 0, len(self.world.actions) - 1)
        [self.seen], [reward], [terminated], *_ = self.copies.step([self.action])
        return self.seen, float(reward), bool(terminated), False, {}

    def render(self) -> np.ndarray:
        """The world as it plots itself, or a bar a number: [height, width, 3] in bytes."""
        canvas = FigureCanvasAgg(Figure(figsize=(5.4, 2.7), facecolor="white"))
        axes, world = canvas.figure.subplots(), self.world
        if hasattr(world, "plot"):
            world.plot(axes, self.seen, self.action)
        else:
            axes.barh(world.observations, self.seen, color=COLORS[0])
            axes.axvline(0, color=GREY, linewidth=1)
            most = max(1.5, abs(self.seen).max())  # else bars of two pictures cannot be compared
            axes.set(xlim=(-most, most))
            axes.invert_yaxis()
        axes.set_title("" if self.action is None else world.actions[self.action], loc="left")
        canvas.draw()
        return np.asarray(canvas.buffer_rgba())[..., :3].copy()
