"""A fixed piece of work, like a small learner's, by which other work is measured on any machine.

A busy or a slower machine needs more CPU seconds for all that it does. Done right before and after,
this work is slowed down as much, so the ratio stays. Never change it: budgets are multiples of it.
"""

import time

import numpy as np
import torch
from torch import nn

# What it takes on a quiet machine with two cores, the one on which the budgets were set.
QUIET_SECONDS = 3.0


def small_arrays(steps: int = 120_000) -> None:
    """A table's update for 20 agents, again and again: NumPy, and the cost of calling it."""
    rng = np.random.default_rng(0)
    q = np.zeros((20, 16, 4))
    agent, state = np.arange(20), np.zeros(20, int)
    for _ in range(steps):
        action = q[agent, state].argmax(-1)
        following = rng.integers(16, size=20)
        target = rng.random(20) + 0.9 * q[agent, following].max(-1)
        q[agent, state, action] += 0.1 * (target - q[agent, state, action])
        state = following


def small_networks(updates: int = 3000) -> None:
    """Ten networks of 64 units a layer side by side, batches of 64: forward, backward and Adam."""
    generator = torch.Generator().manual_seed(0)
    sizes = [(8, 64), (64, 64), (64, 4)]
    weights = [nn.Parameter(0.1 * torch.randn(10, *size, generator=generator)) for size in sizes]
    optimizer = torch.optim.Adam(weights, lr=1e-3)
    for _ in range(updates):
        x = torch.randn(10, 64, 8, generator=generator)
        for weight in weights[:-1]:
            x = torch.relu(x @ weight)
        loss = ((x @ weights[-1] - 1) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def reference_seconds() -> float:
    """CPU seconds of this process for the whole piece of work, on one thread."""
    torch.set_num_threads(1)
    started = time.process_time()
    small_arrays()
    small_networks()
    return time.process_time() - started


if __name__ == "__main__":
    small_networks(300)  # what is slow only the first time
    print([round(reference_seconds(), 2) for _ in range(3)], "CPU seconds")
