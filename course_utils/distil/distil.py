"""Distillation: S students at once learn to answer as one teacher does, or several."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from course_utils.distil.teachers import teacher_values, visit_states
from course_utils.envs import OBSERVATION_SCALE, make_envs, play_in
from course_utils.losses import kl_loss
from course_utils.networks import QNetwork, copy_to_go_on
from course_utils.settings import configuration, setting, switch
from course_utils.train import fit
from course_utils.tune.continual import add_heads, head_of

STATES = ("teacher", "student", "mixture")  # who leads, and goes on leading, to what is learned


@configuration
class DistillConfig:
    """Settings of a distillation; the learning rate falls linearly to 0."""

    temperature: float = setting(0.01, 1e-3, 100, "under 1 sharpens answers", symbol="τ", log=True)
    learning_rate: float = setting(3e-3, 1e-5, 0.1, "step size of Adam at the start", log=True)
    batch_size: int = setting(128, 1, 4096, "states in one update")
    rounds: int = setting(5, 1, 1000, "times that new states are visited")
    states: int = setting(2000, 1, 100_000, "new states for each student in each round")
    updates: int = setting(1000, 1, 100_000, "updates in each round")
    environments: int = setting(8, 1, 64, "environments of each student", symbol="N")
    width: int = setting(16, 1, 512, "units of each hidden layer")
    hidden_layers: int = setting(2, 1, 4, "hidden layers of the student")
    layer_norm: bool = switch(False, help="normalise each hidden layer")
    standardize: bool = switch(True, help="shift and divide a teacher's values: τ means the same")


class Lesson(NamedTuple):
    """A task, and a teacher for it: of one agent, or of one for each student; or a function."""

    env_id: str
    teacher: QNetwork | Callable


class DistillProgress(NamedTuple):
    """What `distill` yields; the network is the live one. states: of each student and task, so far.

    loss: [S], of the latest batch. scales: of each task mean and deviation [S, 1, 1] of the
    teacher's values, so that with the MSE Q = mean + deviation · answer.
    """

    updates: int
    states: int
    loss: np.ndarray
    cpu_seconds: float
    network: QNetwork
    scales: list[tuple[Tensor, Tensor]]


def answer(network: QNetwork, observation, lesson: int = 0, actions: int | None = None) -> Tensor:
    """A student's answers to a lesson, [S, B, D] → [S, B, A]; short observations end in zeros.

    actions: how many this task has, where the student has more.
    """
    observation = torch.as_tensor(observation)
    missing = network.arguments["observations"] - observation.shape[-1]
    return network(F.pad(observation, (0, missing)), head_of(network, lesson))[..., :actions]


def greedy_in(network: QNetwork, lesson: int, actions: int | None = None) -> Callable:
    """The function from a lesson's observations [S, E, D] to each student's best actions [S, E]."""
    own = torch.no_grad()(answer)
    return lambda observation: own(network, observation, lesson, actions).argmax(-1).numpy()


def distill(
    config: DistillConfig,
    lessons: list[Lesson],
    students: int = 10,
    loss: Callable = kl_loss,
    states: str = "mixture",
    seed: int = 0,
    records: int = 10,
    network: QNetwork | None = None,
    heads: bool = False,
) -> Iterator[DistillProgress]:
    """Train S students to answer as the teachers do; yield `records` times, the last at the end.

    In each round states are visited and kept: by the teacher, by the student, or by a mixture,
    which is the teacher in the first round and the student from then on; the teacher answers in
    all of them. The config is read as it goes. loss: (student, teacher, τ) → [...], as `kl_loss`.
    network: S networks to go on from, which are copied. heads: a last layer for each lesson, for
    tasks that differ in observations or actions. Raises ValueError for no lesson, unknown states,
    what does not fit each other, and as `teacher_values`.
    Source: Rusu et al. 2016 (arXiv 1511.06295); students' states: Ross et al. 2011 (1011.0686).
    """
    if not lessons or states not in STATES:
        told = f"{len(lessons)} lessons, states = {states!r}"
        raise ValueError(f"{told}: give a lesson or more, and one of {STATES}.")
    walk_seed, network_seed, batch_seed = map(int, np.random.SeedSequence(seed).generate_state(3))
    seen = [
        _LabelledStates(each, k, students, config, walk_seed + k) for k, each in enumerate(lessons)
    ]
    fresh = _fresh_students(config, seen, students, network_seed, heads)
    network = copy_to_go_on(network, fresh) if network else fresh
    if heads and network.arguments.get("heads", 1) != len(lessons):
        raise ValueError(f"{len(lessons)} lessons need as many heads: see `continual.add_heads`.")
    generator = torch.Generator().manual_seed(batch_seed)

    def batch_loss(update):
        if update % config.updates == 0:
            led = states == "teacher" or (states == "mixture" and update == 0)
            for each in seen:
                each.visit(network, by_teacher=led)
        total = 0
        for each in seen:
            observation, values = each.batch(generator)  # [S, B, D], [S, B, A]
            found = answer(network, observation, each.number, each.actions)
            total = total + loss(found, values, config.temperature).mean(-1)
        return total

    for step in fit(network, batch_loss, config, config.rounds * config.updates, records):
        facts = step.updates, seen[0].states.shape[1], step.loss, step.cpu_seconds, network
        yield DistillProgress(*facts, [each.scale for each in seen])


class _LabelledStates:
    """What S students saw in a lesson so far, [S, n, D], and the teacher's values, [S, n, A]."""

    def __init__(self, lesson, number, students, config, seed):
        self.lesson, self.number, self.config, self.scale = lesson, number, config, None
        envs = make_envs(lesson.env_id, students * config.environments)
        self.actions, size = int(envs.single_action_space.n), envs.single_observation_space.shape[0]
        self.states, self.values = (torch.empty(students, 0, n) for n in (size, self.actions))
        first = torch.as_tensor(envs.reset(seed=seed)[0]).view(students, -1, size)[:, :1]
        known = teacher_values(lesson.teacher, first).shape[-1]  # also raises before any work
        if known != self.actions:
            raise ValueError(f"the teacher knows {known} actions, this task has {self.actions}.")
        self.steps = play_in(envs, lambda observation: self.act(observation), students, seed)

    @torch.no_grad()
    def visit(self, network, by_teacher):
        """Add the states of one round, and the teacher's standardised values there."""
        ask = partial(teacher_values, self.lesson.teacher)
        own = partial(answer, network, lesson=self.number, actions=self.actions)
        lead = ask if by_teacher else own
        self.act = lambda observation: lead(torch.as_tensor(observation)).argmax(-1)
        states = visit_states(self.steps, self.config.states)
        q = ask(states)
        if self.scale is None:  # of the first round, so that labels keep their meaning
            mean, deviation = q.mean((1, 2), keepdim=True), q.std((1, 2), keepdim=True)
            plain = torch.zeros_like(mean), torch.ones_like(mean)
            self.scale = (mean, deviation.clamp(min=1e-6)) if self.config.standardize else plain
        labels = (q - self.scale[0]) / self.scale[1]
        self.states = torch.cat([self.states, states], 1)
        self.values = torch.cat([self.values, labels], 1)

    def batch(self, generator):
        """For each student some of its states, [S, B, D], and the values there, [S, B, A]."""
        students, count = self.states.shape[:2]
        index = torch.randint(count, (students, self.config.batch_size), generator=generator)
        row = torch.arange(students)[:, None]
        return self.states[row, index], self.values[row, index]


def _fresh_students(config, seen, students, seed, heads):
    """Fresh students that fit all the tasks."""
    sizes = {(each.states.shape[-1], each.actions) for each in seen}
    scales = {tuple(OBSERVATION_SCALE.get(each.lesson.env_id, ())) for each in seen}
    if not heads and len(sizes) > 1:
        told = f"the tasks have other observations or actions, {sorted(sizes)}"
        raise ValueError(f"{told}: take heads=True.")
    scale = list(scales.pop()) or None if len(scales) == 1 else None
    form = config.width, config.hidden_layers, config.layer_norm, False
    generator = torch.Generator().manual_seed(seed)
    network = QNetwork(students, *map(max, zip(*sizes, strict=True)), *form, scale, generator)
    return add_heads(network, len(seen), seed) if heads else network
