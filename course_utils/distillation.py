"""Distillation: S students at once learn to answer as a teacher does; from one teacher, or from several.

Losses take any leading axes, [..., A]. A teacher is a `QNetwork`, or any function from observations to action values.
"""

from collections.abc import Callable, Iterator
from functools import partial
from time import process_time
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from course_utils.continual import TaskHeads, add_heads, q_of_task
from course_utils.envs import OBSERVATION_SCALE
from course_utils.imitation import cloning_loss
from course_utils.networks import QNetwork, copy_to_go_on
from course_utils.settings import configuration, setting, switch
from course_utils.teachers import Walk, above_zero, ask

STATES = ("teacher", "student", "mixture")  # who goes first, and who goes on, to the states that are learned from


@configuration
class DistillConfig:
    """Settings of a distillation; the learning rate falls linearly to 0."""

    temperature: float = setting(0.01, 1e-3, 100, symbol="τ", log=True, help="under 1 sharpens the teacher's answers")
    learning_rate: float = setting(3e-3, 1e-5, 0.1, log=True, help="step size of Adam at the start")
    batch_size: int = setting(128, 1, 4096, help="states in one update")
    rounds: int = setting(5, 1, 1000, help="times that new states are visited")
    states: int = setting(2000, 1, 100_000, help="states that each student learns from, new in each round")
    updates: int = setting(1000, 1, 100_000, help="updates in each round")
    environments: int = setting(8, 1, 64, symbol="N", help="environments of each student")
    width: int = setting(16, 1, 512, help="units of each hidden layer")
    hidden_layers: int = setting(2, 1, 4, help="hidden layers of the student")
    layer_norm: bool = switch(False, help="normalise each hidden layer")
    standardize: bool = switch(True, help="shift and divide the teacher's values, so that τ means the same everywhere")


class Lesson(NamedTuple):
    """What a student shall learn: a task, and a teacher for it.

    teacher: a network of one agent, or of as many as there are students, each teaching its own; or a function from
    observations [n, D] to action values [n, A].
    """

    env_id: str
    teacher: QNetwork | Callable


class DistillProgress(NamedTuple):
    """What `distill` yields. The network is the live one.

    updates: so far. states: that each student has seen, of each task. loss: [S], of the latest batch.
    scales: for each task mean and deviation [S, 1, 1] of the teacher's values: Q = mean + deviation · answer for MSE.
    """

    updates: int
    states: int
    loss: np.ndarray
    cpu_seconds: float
    network: QNetwork
    scales: list[tuple[Tensor, Tensor]]


# ---- losses: all are called alike, so that one can take the other's place ----


def mse_loss(student: Tensor, teacher: Tensor, temperature: float = 1.0) -> Tensor:
    """The squared distance between the values, mean over the actions; it has no τ. student, teacher: [..., A] → [...].

    Source: Rusu et al. 2016 (arXiv 1511.06295), equation 2.
    """
    return ((student - teacher) ** 2).mean(-1)


def advantage_loss(student: Tensor, teacher: Tensor, temperature: float = 1.0) -> Tensor:
    """The same for what is left after the mean over the actions is taken away; it has no τ. [..., A] → [...].

    What the state is worth is not asked for: the advantages of dueling networks, Wang et al. 2016 (arXiv 1511.06581).
    """
    return mse_loss(*(q - q.mean(-1, keepdim=True) for q in (student, teacher)))


def nll_loss(student: Tensor, teacher: Tensor, temperature: float = 1.0) -> Tensor:
    """How surprised the student is by the teacher's best action: −log softmax(student)_a; no τ. [..., A] → [...].

    Source: Rusu et al. 2016 (arXiv 1511.06295), equation 1.
    """
    return cloning_loss(student, teacher.argmax(-1))


def kl_loss(student: Tensor, teacher: Tensor, temperature: float = 1.0) -> Tensor:
    """Kullback–Leibler divergence from softmax(teacher / τ) to softmax(student), without τ there. [..., A] → [...].

    Raises ValueError for τ ≤ 0. Source: Rusu et al. 2016 (arXiv 1511.06295), equation 3.
    """
    log_p = (teacher / above_zero(temperature)).log_softmax(-1)
    return (log_p.exp() * (log_p - student.log_softmax(-1))).sum(-1)


def hinton_loss(student: Tensor, teacher: Tensor, temperature: float = 1.0, weight: float = 0.9) -> Tensor:
    """(1 − λ) NLL + λ τ² KL, where both sides of the KL are divided by τ. [..., A] → [...].

    The label is the teacher's best action, as there is no other one. The KL's gradient shrinks with 1/τ²: hence τ².
    Raises ValueError for τ ≤ 0. Source: Hinton et al. 2015 (arXiv 1503.02531), section 2.
    """
    soft = kl_loss(student / above_zero(temperature), teacher, temperature)
    return (1 - weight) * nll_loss(student, teacher) + weight * temperature**2 * soft


def agreement(student: Tensor, teacher: Tensor) -> Tensor:
    """The share of states in which both have the same best action. [..., B, A] → [...]."""
    return (student.argmax(-1) == teacher.argmax(-1)).float().mean(-1)


def answer(network: QNetwork, observation, lesson: int = 0, actions: int | None = None) -> Tensor:
    """A student's answers to a lesson, [S, B, D] → [S, B, A]; shorter observations are filled up with zeros.

    actions: how many this task has, where the student has more.
    """
    observation = torch.as_tensor(observation)
    missing = network.shape["observations"] - observation.shape[-1]
    return q_of_task(network, F.pad(observation, (0, missing)), lesson)[..., :actions]


def greedy_in(network: QNetwork, lesson: int, actions: int | None = None) -> Callable:
    """The function from a lesson's observations [S, E, D] to each student's best actions [S, E]."""

    @torch.no_grad()
    def act(observation):
        return answer(network, observation, lesson, actions).argmax(-1).numpy()

    return act


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
    """Train S students to answer as the teachers do; yield `records` times, the last time at the end.

    In each round states are visited and kept: by the teacher, by the student, or by a mixture, which is the teacher in
    the first round and the student from then on. The teacher answers in all of them. The config is read as it goes.
    network: S networks to go on from, which are copied. heads: an own last layer for each lesson; needed where tasks
    differ in observations or actions. Raises ValueError for no lesson, for states by somebody else, for tasks and
    teachers that do not fit each other or the network, and as `ask`.
    Source: Rusu et al. 2016 (arXiv 1511.06295); students' states as in Ross et al. 2011 (arXiv 1011.0686).
    """
    if not lessons or states not in STATES:
        raise ValueError(f"{len(lessons)} lessons, states = {states!r}: give a lesson or more, and one of {STATES}.")
    walk_seed, network_seed, batch_seed = map(int, np.random.SeedSequence(seed).generate_state(3))
    courses = [_Course(lesson, k, students, config, walk_seed + k) for k, lesson in enumerate(lessons)]
    fresh = _student(config, courses, students, network_seed, heads)
    network = copy_to_go_on(network, fresh) if network else fresh
    if heads and (not isinstance(network.head, TaskHeads) or len(network.head.heads) != len(lessons)):
        raise ValueError(f"{len(lessons)} lessons need a network with as many heads: `continual.add_heads` makes them.")
    optimizer = torch.optim.Adam(network.parameters(), lr=config.learning_rate, fused=True)
    generator, updates = torch.Generator().manual_seed(batch_seed), config.rounds * config.updates
    started = process_time()
    due = {int(update) for update in np.linspace(0, updates, records + 1)[1:]}
    for update in range(updates):
        if update % config.updates == 0:
            for course in courses:
                course.visit(network, by_teacher=states == "teacher" or (states == "mixture" and update == 0))
        total = 0
        for course in courses:
            seen, q = course.batch(generator)
            found = answer(network, seen, course.number, course.actions)
            total = total + loss(found, q, config.temperature).mean(-1)
        optimizer.param_groups[0]["lr"] = config.learning_rate * (1 - update / updates)
        optimizer.zero_grad()
        total.sum().backward()
        optimizer.step()
        if update + 1 in due:
            paused = process_time()  # what others do between two records is not training
            facts = update + 1, courses[0].seen.shape[1], total.detach().numpy(), paused - started
            yield DistillProgress(*facts, network, [course.scale for course in courses])
            started += process_time() - paused


class _Course:
    """One lesson of S students: where they are, what was seen so far [S, n, D], and what the teacher said [S, n, A]."""

    def __init__(self, lesson, number, students, config, seed):
        self.lesson, self.number, self.config = lesson, number, config
        self.walk = Walk(lesson.env_id, students, config.environments, seed)
        self.actions = int(self.walk.envs.single_action_space.n)
        self.seen = torch.empty(students, 0, self.walk.envs.single_observation_space.shape[0])
        self.told, self.scale = torch.empty(students, 0, self.actions), None
        first = torch.as_tensor(self.walk.observation).view(students, -1, self.seen.shape[-1])[:, :1]
        known = ask(lesson.teacher, first).shape[-1]
        if known != self.actions:
            raise ValueError(f"the teacher knows {known} actions, this task has {self.actions}: choose another.")

    def visit(self, network, by_teacher):
        """Add the states of one round, and the teacher's standardised values there."""
        own = partial(answer, network, lesson=self.number, actions=self.actions)
        lead = partial(ask, self.lesson.teacher) if by_teacher else torch.no_grad()(own)
        states = self.walk.visit(lambda observation: lead(torch.as_tensor(observation)).argmax(-1), self.config.states)
        q = ask(self.lesson.teacher, states)
        if self.scale is None:
            self.scale = torch.zeros(len(q), 1, 1), torch.ones(len(q), 1, 1)
            if self.config.standardize:
                self.scale = q.mean((1, 2), keepdim=True), q.std((1, 2), keepdim=True).clamp(min=1e-6)
        mean, deviation = self.scale
        self.seen, self.told = torch.cat([self.seen, states], 1), torch.cat([self.told, (q - mean) / deviation], 1)

    def batch(self, generator):
        """States drawn for each student from its own, [S, B, D], with the teacher's values, [S, B, A]."""
        students, count = self.seen.shape[:2]
        index = torch.randint(count, (students, self.config.batch_size), generator=generator)
        return [x[torch.arange(students)[:, None], index] for x in (self.seen, self.told)]


def _student(config, courses, students, seed, heads):
    """Fresh students that fit all the tasks."""
    sizes = {(course.seen.shape[-1], course.actions) for course in courses}
    scales = {tuple(OBSERVATION_SCALE.get(course.lesson.env_id, ())) for course in courses}
    if not heads and len(sizes) > 1:
        raise ValueError(f"the tasks have other observations or actions, {sorted(sizes)}: take heads=True.")
    scale = list(scales.pop()) or None if len(scales) == 1 else None
    shape = *map(max, zip(*sizes, strict=True)), config.width, config.hidden_layers, config.layer_norm
    network = QNetwork(students, *shape, False, scale, torch.Generator().manual_seed(seed))
    return add_heads(network, len(courses), seed) if heads else network
