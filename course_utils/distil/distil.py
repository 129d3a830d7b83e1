"""Distillation: S students at once learn to answer as one teacher does, or several."""

from collections import namedtuple
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from course_utils.checks import check_shape, checked
from course_utils.distil.robust import noisy
from course_utils.distil.teachers import teacher_values, visit_states
from course_utils.envs import OBSERVATION_SCALE, make_envs, play_in
from course_utils.losses import kl_loss
from course_utils.networks import QNetwork
from course_utils.settings import configuration, setting, switch
from course_utils.train import fit
from course_utils.tune.continual import add_heads

STATES = ("teacher", "student", "mixture")  # who leads, and goes on leading, to what is learned


@configuration
class DistillConfig:
    """Settings of a distillation; the learning rate falls linearly to 0."""

    temperature: float = setting(0.01, 1e-3, 100, "under 1 sharpens answers", symbol="τ", log=True)
    learning_rate: float = setting(3e-3, 1e-5, 0.1, "step size of Adam at the start", log=True)
    batch_size: int = setting(128, 1, 4096, "states in one update")
    rounds: int = setting(5, 1, 1000, "times that new states are visited")
    states: int = setting(2000, 1, 100_000, "new states a student and round", log=True)
    updates: int = setting(1000, 1, 100_000, "updates in each round", log=True)
    environments: int = setting(8, 1, 64, "environments of each student", symbol="N")
    width: int = setting(16, 1, 512, "units of each hidden layer", once=True)
    hidden_layers: int = setting(2, 1, 4, "hidden layers of the student")
    layer_norm: bool = switch(False, help="normalise each hidden layer")
    standardize: bool = switch(True, help="shift and divide a teacher's values: τ means the same")


class Lesson(NamedTuple):
    """A task, and a teacher for it: of one agent, or of one for each student; or a function."""

    env_id: str
    teacher: QNetwork | Callable
    noise: float | np.ndarray = 0.0  # of the student's sensors, as in `noisy`; the teacher has none
    world: dict | None = None  # arguments of the environment


# What `distill` yields: states of each student and task so far, loss of the latest batch [S], the
# live network; scales: a task's mean and deviation, [S, 1, 1]. With the MSE, Q = mean + deviation ·
# answer.
DistillProgress = namedtuple("DistillProgress", "updates states loss cpu_seconds network scales")


@checked
def answer(network: QNetwork, observation, lesson: int = 0, actions: int | None = None) -> Tensor:
    """Answers, [S, B, D] → [S, B, A]; zeros end short observations, long ones are a ValueError."""
    observation = torch.as_tensor(observation)
    if (missing := network.arguments["observations"] - observation.shape[-1]) < 0:
        raise ValueError(f"an observation has {-missing} numbers more than this network takes.")
    return network(nn.functional.pad(observation, (0, missing)), lesson)[..., :actions]


def greedy_in(network: QNetwork, lesson: int, actions: int | None = None) -> Callable:
    """The function from a lesson's observations [S, E, D] to each student's best actions [S, E]."""
    return torch.no_grad()(lambda seen: answer(network, seen, lesson, actions).argmax(-1).numpy())


@checked
def distill(
    config: DistillConfig, lessons: list[Lesson], students=10, loss: Callable = kl_loss,
    states: str = "mixture", seed=0, records=10, heads: bool = False,
) -> Iterator[DistillProgress]:  # fmt: skip
    """Train S students to answer as the teachers do; yield `records` times, the last at the end.

    In each round states are visited and kept, by the teacher, by the student, or by a mixture: the
    teacher first, then the student. The config is read as it goes. loss: (student, teacher, τ) →
    [...], as `kl_loss`. heads: a last layer for each lesson.
    Raises ValueError for unknown states, what does not fit, and as `teacher_values`.
    Source: Rusu et al. 2016 (arXiv 1511.06295); students' states: Ross et al. 2011 (1011.0686).
    """
    if not lessons or states not in STATES:
        raise ValueError(f"{len(lessons)} lessons, states = {states!r}: give one, and of {STATES}.")
    if not all(isinstance(each, Lesson) for each in lessons):
        raise TypeError("lessons must be a list of them, each as Lesson(env_id, teacher).")
    walk_seed, network_seed, batch_seed = map(int, np.random.SeedSequence(seed).generate_state(3))
    visited = [_Visited(each, k, students, config, walk_seed + k) for k, each in enumerate(lessons)]
    sizes = {(each.states.shape[-1], each.actions) for each in visited}
    if not heads and len(sizes) > 1:
        raise ValueError(f"observations or actions differ, {sorted(sizes)}: take heads=True.")
    scales = [OBSERVATION_SCALE.get(lesson.env_id) for lesson in lessons]
    scale = scales[0] if scales.count(scales[0]) == len(lessons) else None
    form = config.width, config.hidden_layers, config.layer_norm, False, scale
    stream = torch.Generator().manual_seed(network_seed)
    network = QNetwork(students, *map(max, zip(*sizes, strict=True)), *form, stream)
    network = add_heads(network, len(lessons), network_seed) if heads else network
    generator = torch.Generator().manual_seed(batch_seed)

    def batch_loss(update):
        if update % config.updates == 0:  # a round begins
            by_teacher = states == "teacher" or (states == "mixture" and update == 0)
            for each in visited:
                each.visit(network, by_teacher)
        return sum(each.loss(network, loss, generator) for each in visited)

    for step in fit(network, batch_loss, config, config.rounds * config.updates, records):
        facts = step.updates, visited[0].states.shape[1], step.loss, step.cpu_seconds, network
        yield DistillProgress(*facts, [each.scale for each in visited])


class _Visited:
    """Where S students were in a lesson so far, [S, n, D], and the teacher's values, [S, n, A]."""

    def __init__(self, lesson, number, students, config, seed):
        envs = make_envs(lesson.env_id, students * config.environments, **(lesson.world or {}))
        blur = partial(noisy, size=lesson.noise, rng=np.random.default_rng(seed))
        self.behind = blur if np.any(lesson.noise) else lambda act: act  # the student's sensors
        self.ask, self.number, self.config = partial(teacher_values, lesson.teacher), number, config
        first = torch.as_tensor(envs.reset(seed=seed)[0][:students, None])  # [S, 1, D]
        self.actions = self.ask(first).shape[-1]  # also raises before any work
        if self.actions != (count := int(envs.single_action_space.n)):
            raise ValueError(f"the teacher knows {self.actions} actions, this task has {count}.")
        self.states, self.values = first[:, :0], torch.empty(students, 0, count)
        self.steps = play_in(envs, lambda observation: self.act(observation), students, seed)

    def visit(self, network, by_teacher):
        """Add the states of one round, and the teacher's standardised values there."""
        student, ask = self.behind(greedy_in(network, self.number, self.actions)), self.ask
        self.act = (lambda seen: ask(torch.as_tensor(seen)).argmax(-1)) if by_teacher else student
        states = visit_states(self.steps, self.config.states)
        q = ask(states)
        if not self.states.shape[1]:  # labels keep the meaning that they have in the first round
            mean, deviation = q.mean((1, 2), keepdim=True), q.std((1, 2), keepdim=True)
            if not self.config.standardize:
                mean, deviation = torch.zeros_like(mean), torch.ones_like(mean)
            self.scale = mean, deviation.clamp(min=1e-6)
        self.states = torch.cat([self.states, states], 1)
        self.values = torch.cat([self.values, (q - self.scale[0]) / self.scale[1]], 1)

    def loss(self, network, loss, generator):
        size = len(self.states), self.config.batch_size, 1
        index = torch.randint(self.states.shape[1], size, generator=generator)
        states, values = (each.take_along_dim(index, 1) for each in (self.states, self.values))
        look = self.behind(partial(answer, network, lesson=self.number, actions=self.actions))
        apart = loss(look(states.numpy()), values, self.config.temperature)
        return check_shape("loss", apart, index.shape[:2]).mean(-1)  # [S]
