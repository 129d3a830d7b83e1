"""Who watches an agent play while it learns."""

import time
from collections.abc import Callable

import gymnasium as gym
import numpy as np

from course_utils.checks import checked
from course_utils.envs import ask
from course_utils.laboratory.view import short
from course_utils.networks import QNetwork, greedy
from course_utils.plotting import animation

# Environments whose observations the view can plot.
WORLDS = {"CartPoleEnv": "cartpole", "MountainCarEnv": "mountaincar", "LunarLander": "lander"}
WORLDS |= {"PixelPole": "pixels"}


class Spectator:
    """Agent 0 at play in an environment of its own, some steps at a time.

    world: how the view plots its observations, or "". facts: what else it must know for that.
    seconds: what a step took lately. Raises ValueError for an environment that is not there.
    """

    def __init__(self, env_id: str, seed: int = 0, **env_arguments):
        way = "env_id and env_arguments must be what gymnasium.make takes."
        self.env = ask(f"no '{env_id}' to play in", way, gym.make, env_id, **env_arguments)
        self.seed, self.seen, self.seconds = seed, None, 1e-4
        names = (kind.__name__ for kind in type(self.env.unwrapped).__mro__)
        self.world = next((WORLDS[name] for name in names if name in WORLDS), "")
        self.facts = {"length": getattr(self.env.unwrapped, "length", 0)}
        own = getattr(self.env.unwrapped, "world", None)
        if hasattr(own, "observations"):  # of the kit; Box2D's environments have another world
            ours = "course_utils" in own.__module__  # another one is called so by chance
            self.world = type(own).__name__.lower() if ours else "bars"
            self.facts = vars(own) | {"names": list(own.observations)}

    def frames(self, network: QNetwork, steps: int) -> list[tuple]:
        """Its next steps, greedily: (observation after it, action, words, facts) of each."""
        act, frames, began = greedy(network), [], time.perf_counter()
        for _ in range(steps):
            if self.seen is None:  # an episode begins
                (self.seen, _), self.seed = self.env.reset(seed=self.seed), None
                self.paid, self.number = 0.0, 0
            alike = np.broadcast_to(self.seen, (network.seeds, 1, len(self.seen)))
            action = int(act(alike.astype(np.float32))[0, 0])
            seen, reward, terminated, truncated, _ = self.env.step(action)
            self.paid, self.number = self.paid + reward, self.number + 1
            words = f"agent 0, greedy: step {self.number}, return {round(self.paid, 2):g}"
            words += "; terminated" * terminated + "; truncated" * truncated
            frames.append((short(seen), action, words, self.facts))
            self.seen = None if terminated or truncated else seen
        self.seconds = (time.perf_counter() - began) / max(steps, 1)
        return frames


@checked
def film(env_id: str, told: str, act: Callable | None = None, seed=0, every=4, **env_arguments):
    """Display an episode as an animation of up to 75 pictures, one every so many steps.

    act: observations [1, 1, D] → actions [1, 1], as of `networks.greedy`; at random without it.
    told: its sentence, in which {steps} and {total} stand for their number and the return.
    """
    env = ask("no film", "Register it.", gym.make, env_id, render_mode="rgb_array", **env_arguments)
    observation, _ = env.reset(seed=seed)
    env.action_space.seed(seed)
    frames, steps, total, over = [env.render()], 0, 0.0, False
    while not over:
        action = act(observation[None, None]).item() if act else env.action_space.sample()
        observation, reward, terminated, truncated, _ = env.step(action)
        steps, total, over = steps + 1, total + reward, terminated or truncated
        if over or (steps % every == 0 and len(frames) < 74):  # the end is always seen
            frames.append(env.render())
    animation(frames, told.format(steps=steps, total=total), min(12, 1 + len(frames) / 8))
