"""Who watches an agent play while it learns."""

import time

import gymnasium as gym
import numpy as np

from course_utils.envs import ask
from course_utils.laboratory.view import short
from course_utils.networks import QNetwork, greedy

# Environments whose observations the view can plot.
WORLDS = {"CartPoleEnv": "cartpole", "MountainCarEnv": "mountaincar", "LunarLander": "lander"}


class Spectator:
    """Agent 0 at play in an environment of its own, some steps at a time.

    world: how the view plots its observations, or "". facts: what it needs to know for that.
    seconds: what a step took lately. Raises ValueError for an environment that is not there.
    """

    def __init__(self, env_id: str, seed: int = 0, **env_arguments):
        way = "env_id and env_arguments must be what gymnasium.make takes."
        self.env = ask(f"no '{env_id}' to play in", way, gym.make, env_id, **env_arguments)
        self.seed, self.seen, self.seconds = seed, None, 1e-4
        names = [kind.__name__ for kind in type(self.env.unwrapped).__mro__]
        self.world = next((WORLDS[name] for name in names if name in WORLDS), "")
        self.facts = {"length": getattr(self.env.unwrapped, "length", 0)}

    def frames(self, network: QNetwork, steps: int) -> list[tuple]:
        """What it does in the next steps, greedily: (observation, action, words) for each."""
        act, frames, began = greedy(network), [], time.perf_counter()
        for _ in range(steps):
            if self.seen is None:  # an episode begins
                (self.seen, _), self.seed = self.env.reset(seed=self.seed), None
                self.paid, self.number = 0.0, 0
            alike = np.broadcast_to(self.seen, (network.seeds, 1, len(self.seen)))
            action = int(act(alike.astype(np.float32))[0, 0])
            seen, reward, terminated, truncated, _ = self.env.step(action)
            self.paid, self.number = self.paid + reward, self.number + 1
            words = f"agent 0, greedy: step {self.number}, return {self.paid:.0f}"
            words += "; terminated" * terminated + "; truncated" * truncated
            frames.append((short(self.seen), action, words))
            self.seen = None if terminated or truncated else seen
        self.seconds = (time.perf_counter() - began) / max(steps, 1)
        return frames
