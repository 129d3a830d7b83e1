"""Environments whose values are known: by hand, and the learner finds them."""

import gymnasium as gym
import numpy as np
import pytest
import torch

from course_utils.learn import probes
from course_utils.learner import DQNConfig
from course_utils.train import train_dqn

QUICK = {
    "discount": 0.5, "reward_scale": 1, "steps": 500, "environments": 2, "learning_starts": 64,
    "target_period": 1, "target_rate": 0.2, "learning_rate": 0.02, "learning_rate_decay": 0.02,
    "width": 16, "epsilon": 1,
}  # fmt: skip
ADDED = {"double": True, "dueling": True, "priority_exponent": 0.6}


@pytest.mark.parametrize("name", probes.PROBES)
@pytest.mark.parametrize("options", [{}, {"n_steps": 3}, ADDED], ids=["plain", "n steps", "added"])
def test_probe_environments_are_learned(name, options):
    config = DQNConfig(**QUICK | {"n_steps": 1} | options)
    *_, last = train_dqn(config, "Probe-v0", seeds=2, seed=1, records=2, name=name)
    observation, right = probes.right_values(name, config.discount)
    if config.n_steps > 1 and name == "choice":
        # A random second action pays 0 on the average: the price of n steps.
        right[observation[:, 1] == 0] = 0
    q = last.network(torch.tensor(observation).expand(2, -1, -1)).detach().numpy()
    np.testing.assert_allclose(q, np.broadcast_to(right, q.shape), atol=0.12)


def test_probe_values_by_hand():
    assert probes.right_values("delay", 0.5)[1].tolist() == [[1.0], [0.5]]
    assert probes.right_values("choice", 0.5)[1].tolist() == [[-1.0, 1.0], [0.5, 0.5]]
    assert probes.right_values("truncation", 0.75)[1].tolist() == [[4.0]]
    assert probes.right_values("both", 0.5)[1].tolist() == [[1.0, -1.0], [-1.0, 1.0]]
    with pytest.raises(ValueError, match="there is no probe 'dely'. There are: one value"):
        gym.make("Probe-v0", name="dely")
