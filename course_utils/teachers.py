"""Teachers: what they answer, where they and their students go, and how they give a new learner a start.

A teacher is a `QNetwork`, or any function from observations [n, D] to action values [n, A].
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from course_utils.envs import give_back_memory, make_envs
from course_utils.learner import DQN
from course_utils.losses import annealed
from course_utils.networks import QNetwork


@torch.no_grad()
def ask(teacher: QNetwork | Callable, observation: Tensor) -> Tensor:
    """A teacher's action values for the states of S students, [S, B, D] → [S, B, A].

    Raises ValueError for answers of another shape, and for answers that are NaN or infinite.
    """
    flat = observation.flatten(0, 1)
    if not isinstance(teacher, QNetwork):
        q = torch.as_tensor(np.asarray(teacher(flat)), dtype=torch.float32)
    elif teacher.shape["observations"] != observation.shape[-1]:
        raise ValueError(f"the teacher takes {teacher.shape['observations']} numbers as an observation, this task has "
                         f"{observation.shape[-1]}: choose the teacher of this task.")  # fmt: skip
    elif teacher.shape["seeds"] in (1, len(observation)):
        q = teacher(flat[None] if teacher.shape["seeds"] == 1 else observation).flatten(0, 1)
    else:
        raise ValueError(f"{teacher.shape['seeds']} teachers for {len(observation)} students: take one, or one each.")
    if q.dim() != 2 or len(q) != len(flat):
        raise ValueError(f"the teacher gave an answer of shape {tuple(q.shape)} for {len(flat)} observations: it must "
                         "give a value for each action, [observations, actions].")  # fmt: skip
    if not torch.isfinite(q).all():
        raise ValueError("the teacher's answers hold NaN or infinite values: look for what broke it before it teaches.")
    return q.view(*observation.shape[:2], -1)


def policy_teacher(policy: Callable) -> Callable:
    """A teacher made from a policy: its values are log-probabilities, so that softmax(values) is the policy again.

    policy: observations [n, D] → probabilities [n, A]. Learn from it with τ = 1 and without standardizing.
    Its answers raise ValueError for what are no probabilities.
    """

    def teacher(observation):
        probability = torch.as_tensor(np.asarray(policy(observation)), dtype=torch.float32)
        if probability.min() < 0 or not torch.allclose(probability.sum(-1), torch.ones(len(probability)), atol=1e-3):
            raise ValueError("a policy must give probabilities: none below 0, and their sum over the actions is 1.")
        return probability.clamp(min=1e-6).log()

    return teacher


def trembling_policy(q: Tensor, share: float) -> Tensor:
    """The probabilities of an agent that takes its best action, but a random one in a share of the steps.

    q: [..., A] → [..., A]. The random action may be the best one, too.
    """
    best = torch.nn.functional.one_hot(q.argmax(-1), q.shape[-1])
    return (1 - share) * best + share / q.shape[-1]


class Walk:
    """Environments of S players that step on whoever acts: the next player goes on where the last one stopped."""

    def __init__(self, env_id: str, players: int, environments: int, seed: int):
        self.players, self.envs = players, make_envs(env_id, players * environments)
        self.observation, _ = self.envs.reset(seed=seed)
        self.done = np.zeros(self.envs.num_envs, bool)

    def visit(self, act: Callable, states: int) -> Tensor:
        """The next states of each player, without those behind an episode's end: [S, states, D].

        act: observations [S, E, D] to actions [S, E].
        """
        seen, real = [], []
        while not real or np.sum(real, axis=0).reshape(self.players, -1).sum(1).min() < states:
            seen.append(self.observation)
            real.append(~self.done)
            action = act(self.observation.reshape(self.players, -1, self.observation.shape[-1]))
            self.observation, _, terminated, truncated, _ = self.envs.step(np.asarray(action).reshape(-1))
            self.done = terminated | truncated
        give_back_memory()
        seen = np.array(seen).reshape(len(seen), self.players, -1, self.observation.shape[-1])
        real = np.array(real).reshape(len(real), self.players, -1)
        return torch.as_tensor(np.stack([seen[:, k][real[:, k]][:states] for k in range(self.players)]))


def above_zero(temperature: float) -> float:
    """A temperature, unless it is 0 or less: then ValueError."""
    if not temperature > 0:
        raise ValueError(f"temperature = {temperature}: it must be above 0; towards 0 only the best action counts.")
    return temperature


def kickstart_loss(student: Tensor, teacher: Tensor, temperature: float = 1.0) -> Tensor:
    """The cross-entropy −Σ_a softmax(teacher / τ)_a log softmax(student / τ)_a of two policies. [..., A] → [...].

    Raises ValueError for τ ≤ 0. Source: Schmitt et al. 2018 (arXiv 1803.03835), equation 3, where policies take the
    place of values.
    """
    shown = (teacher / above_zero(temperature)).softmax(-1)
    return -(shown * (student / temperature).log_softmax(-1)).sum(-1)


def kickstart(teacher: QNetwork | Callable, weight: float = 1.0, until: float = 0.5, temperature: float = 1.0):
    """An `extra_loss` of `train_dqn` that pulls a new learner to a teacher with `kickstart_loss`.

    weight: λ at the start; it falls to 0 in a share `until` of the run, or never, if that is 0. τ: in scaled rewards.
    Raises ValueError for τ ≤ 0.
    """
    above_zero(temperature)

    def loss(learner: DQN, q: Tensor, batch) -> Tensor:
        now = annealed(weight, learner.progress(), until)
        if not now:
            return torch.zeros(len(q))
        return now * kickstart_loss(q, ask(teacher, batch.observation), temperature).mean(-1)

    return loss
