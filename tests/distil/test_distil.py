"""Distillation: losses against brute force and PyTorch, students against their teachers."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from course_utils import envs, evaluation, storage
from course_utils.distil.distil import DistillConfig, Lesson, answer, distill, greedy_in
from course_utils.distil.teachers import policy_teacher, teacher_values, visit_states
from course_utils.losses import advantage_loss, agreement, hinton_loss, kl_loss, mse_loss, nll_loss
from course_utils.networks import QNetwork, greedy

POLE = "CartPole-v1"
TINY = DistillConfig(rounds=2, states=40, updates=10, environments=2, batch_size=16, width=8)


def drawn(*shape, seed=1):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def untrained(*shape, **more):
    return QNetwork(*shape, generator=torch.Generator().manual_seed(1), **more)


def seen_by(act, seeds, states, seed, env_id=POLE):
    return visit_states(envs.play(act, env_id, seeds, 4, seed), states)


def softmax(values):
    powers = [math.exp(value - max(values)) for value in values]
    return [power / sum(powers) for power in powers]


def kl_by_hand(student, teacher, temperature):
    p, q = softmax([value / temperature for value in teacher]), softmax(student)
    return sum(a * (math.log(a) - math.log(b)) for a, b in zip(p, q, strict=True) if a > 0)


def surprise(student, teacher_q):
    """PyTorch's own cross-entropy with the teacher's best action as label, [3, 5]."""
    label = teacher_q.argmax(-1).flatten()
    return F.cross_entropy(student.flatten(0, 1), label, reduction="none").view(3, 5)


@pytest.fixture
def pairs():
    stream = torch.Generator().manual_seed(1)
    return [torch.randn(3, 5, 4, generator=stream, dtype=torch.float64) for _ in range(2)]


@pytest.fixture(scope="module")
def teacher():
    return storage.load_agent(storage.shipped("cartpole.safetensors"))[0].choose([0])


@pytest.mark.parametrize("temperature", [0.01, 1, 5])
def test_kl_equals_brute_force_and_pytorch(pairs, temperature):
    student, teacher_q = pairs
    found = kl_loss(student, teacher_q, temperature)
    assert found.shape == (3, 5)
    for index in np.ndindex(3, 5):
        by_hand = kl_by_hand(student[index].tolist(), teacher_q[index].tolist(), temperature)
        assert found[index].item() == pytest.approx(by_hand, rel=1e-9)
    target = (teacher_q / temperature).softmax(-1)
    pytorchs = F.kl_div(student.log_softmax(-1), target, reduction="none").sum(-1)
    torch.testing.assert_close(found, pytorchs)


@pytest.mark.parametrize("temperature", [0.01, 1, 5])
@pytest.mark.parametrize("loss", [kl_loss, hinton_loss, nll_loss, mse_loss, advantage_loss])
def test_gradients_equal_finite_differences(pairs, loss, temperature):
    student, teacher_q = pairs[0].requires_grad_(), pairs[1]
    assert torch.autograd.gradcheck(lambda x: loss(x, teacher_q, temperature), student)


@pytest.mark.parametrize("temperature", [0.01, 1, 5])
def test_the_gradient_of_kl_is_the_difference_of_the_probabilities(pairs, temperature):
    student, teacher_q = pairs[0].requires_grad_(), pairs[1]
    kl_loss(student, teacher_q, temperature).sum().backward()
    difference = student.softmax(-1) - (teacher_q / temperature).softmax(-1)
    torch.testing.assert_close(student.grad, difference)


@pytest.mark.parametrize("temperature", [0.01, 1, 5])
def test_hintons_form_equals_pytorch(pairs, temperature):
    student, teacher_q = pairs
    hard = surprise(student, teacher_q)
    logs = [(q / temperature).log_softmax(-1) for q in pairs]
    soft = F.kl_div(*logs, reduction="none", log_target=True).sum(-1)
    mixed = 0.3 * hard + 0.7 * temperature**2 * soft
    torch.testing.assert_close(hinton_loss(*pairs, temperature, 0.7), mixed)


def test_the_other_losses_equal_pytorch(pairs):
    student, teacher_q = pairs
    squares = F.mse_loss(student, teacher_q, reduction="none")
    torch.testing.assert_close(mse_loss(*pairs), squares.mean(-1))
    hard = surprise(student, teacher_q)
    torch.testing.assert_close(nll_loss(*pairs), hard)


def test_a_sharp_teacher_leaves_the_best_action_only(pairs):
    torch.testing.assert_close(kl_loss(*pairs, 1e-3), nll_loss(*pairs), rtol=1e-3, atol=1e-3)


def test_what_a_state_is_worth_is_seen_by_the_mse_alone(pairs):
    student, teacher_q = pairs
    for loss in (kl_loss, nll_loss, advantage_loss):
        torch.testing.assert_close(loss(student + 7, teacher_q - 3), loss(student, teacher_q))
    assert not torch.allclose(mse_loss(student + 7, teacher_q), mse_loss(student, teacher_q))


@pytest.mark.parametrize("temperature", [0, -1.0, math.nan])
@pytest.mark.parametrize("loss", [kl_loss, hinton_loss])
def test_a_temperature_must_be_above_zero(pairs, loss, temperature):
    with pytest.raises(ValueError, match="must be a number above 0"):
        loss(*pairs, temperature)


def test_the_temperature_of_a_config_has_bounds():
    with pytest.raises(ValueError, match="temperature = 0"):
        DistillConfig(temperature=0)


def test_agreement_counts_the_same_best_actions():
    one = torch.tensor([[[1.0, 0], [0, 1], [2, 1]]])
    other = torch.tensor([[[5.0, 0], [1, 0], [0, 3]]])
    assert agreement(one, other).tolist() == [pytest.approx(1 / 3)]


def test_losses_take_a_single_state():
    teacher_q, student_q = torch.tensor([10.0, 5, 15]), torch.tensor([8.0, 4, 12])
    assert mse_loss(student_q, teacher_q).item() == pytest.approx(14 / 3)
    other_q = torch.tensor([12.6, 5, 12.4])
    assert mse_loss(other_q, teacher_q).item() == pytest.approx(4.5067, abs=1e-4)
    assert advantage_loss(student_q, teacher_q).item() == pytest.approx(2 / 3)


# ---- sentences ----


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda observation: torch.full((len(observation), 2), torch.nan), "NaN or infinite"),
        (lambda observation: torch.zeros(len(observation), 3), "knows 3 actions, this task has 2"),
        (lambda observation: torch.zeros(2), "answer of shape"),
        (untrained(1, 8, 2), "takes 8 numbers as an observation, this task has 4"),
        (untrained(1, 4, 3), "knows 3 actions, this task has 2"),
        (untrained(2, 4, 2), r"`observation` must be a tensor \[2"),
    ],
)
def test_a_teacher_that_does_not_fit_gets_a_sentence(wrong, sentence):
    with pytest.raises(ValueError, match=sentence):
        next(distill(TINY, [Lesson(POLE, wrong)], students=3))


def test_other_bad_input_gets_a_sentence(teacher):
    lesson = Lesson(POLE, teacher)
    with pytest.raises(ValueError, match="0 lessons"):
        next(distill(TINY, []))
    with pytest.raises(ValueError, match="states = 'nobody'"):
        next(distill(TINY, [lesson], states="nobody"))
    with pytest.raises(ValueError, match="states = 0"):
        DistillConfig(states=0)
    swing = Lesson("Acrobot-v1", lambda observation: torch.zeros(len(observation), 3))
    with pytest.raises(ValueError, match="heads=True"):
        next(distill(TINY, [lesson, swing], 3))


# ---- states ----


@pytest.mark.parametrize(("states", "by_teacher"), [("teacher", 2), ("mixture", 1), ("student", 0)])
def test_who_goes_to_the_states(teacher, states, by_teacher):
    """Whoever acts for the teacher asks it; what is learned from comes on top, once a round."""
    asked = []

    def counting(observation):
        asked.append(len(observation))
        return teacher(observation[None])[0].detach()

    *_, last = distill(TINY, [Lesson(POLE, counting)], 3, states=states)
    assert asked.count(3 * TINY.states) == TINY.rounds  # the labels
    assert (asked.count(3 * TINY.environments) > 0) == (by_teacher > 0)
    one_round = TINY.states // TINY.environments
    assert asked.count(3 * TINY.environments) <= by_teacher * (one_round + 40)
    assert last.states == TINY.rounds * TINY.states


def test_noise_is_the_students_and_not_the_teachers(teacher):
    """The teacher is asked about true states; the student answers other numbers, as far away."""
    asked, answered = [], []

    def watching(observation):
        asked.append(observation)
        return teacher(observation[None])[0].detach()

    def watched(student, teacher_q, temperature):
        answered.append(student.detach())
        return kl_loss(student, teacher_q, temperature)

    def first_answers(noise):
        asked.clear(), answered.clear()
        list(distill(TINY, [Lesson(POLE, watching, noise)], 3, watched, states="teacher"))
        return torch.cat(asked), answered[0]

    (calm_states, calm), (rough_states, rough) = first_answers(0.0), first_answers(0.5)
    assert torch.equal(calm_states, rough_states)
    assert not torch.equal(calm, rough)
    same, again = first_answers(np.zeros(4)), first_answers(0.5)
    assert torch.equal(same[1], calm) and torch.equal(again[1], rough)


def test_a_student_behind_noise_acts_on_what_it_sees(teacher):
    def end(noise):
        *_, last = distill(TINY, [Lesson(POLE, teacher, noise)], 3, states="student")
        return last.network.head.weight

    assert torch.equal(end(0.0), end(0.0)) and not torch.equal(end(0.0), end(0.3))


@pytest.mark.slow
def test_a_lesson_takes_place_in_its_world():
    def nothing(observation):
        return torch.zeros(len(observation), 4)

    def visited(world):
        seen = []

        def watching(observation):
            seen.append(observation)
            return nothing(observation)

        list(distill(TINY, [Lesson("LunarLander-v3", watching, world=world)], 2, states="teacher"))
        return torch.cat(seen)

    calm, windy = visited(None), visited({"enable_wind": True, "wind_power": 20.0})
    assert torch.equal(calm, visited({})) and not torch.equal(calm, windy)
    with pytest.raises(ValueError, match="strength"):
        visited({"strength": 2})


# ---- students ----


@pytest.mark.slow
def test_a_student_becomes_its_teacher(teacher):
    config = DistillConfig(rounds=3, states=300, updates=300, temperature=0.1)
    records = list(distill(config, [Lesson(POLE, teacher)], students=3, records=6))
    assert [record.updates for record in records] == [150, 300, 450, 600, 750, 900]
    student = records[-1].network
    assert student.parameters_of_one() == 386 < teacher.parameters_of_one() / 10
    returns = evaluation.mean_returns(student, POLE, 10)
    assert returns.min() > 450, returns
    observation = seen_by(greedy(student), 3, 200, seed=5)
    same = agreement(student(observation), teacher_values(teacher, observation))
    assert same.min() > 0.85


def test_no_student_feels_another(teacher):
    """The same numbers drawn, the same students; and one's loss moves no other's weights."""
    lesson = [Lesson(POLE, teacher)]
    *_, three = distill(TINY, lesson, 3)
    *_, again = distill(TINY, lesson, 3)
    assert torch.equal(three.network.head.weight, again.network.head.weight)
    three.network.zero_grad()
    observation = drawn(3, 6, 4)
    q = teacher_values(teacher, observation)
    kl_loss(three.network(observation), q).mean(-1)[0].backward()
    assert three.network.head.weight.grad[1:].abs().sum() == 0


def test_the_loss_falls(teacher):
    config = DistillConfig(rounds=2, states=100, updates=100, temperature=0.1)
    first, *_, last = distill(config, [Lesson(POLE, teacher)], 3, records=10)
    assert (last.loss < first.loss).all()


def test_the_scale_turns_answers_into_values_again(teacher):
    config = DistillConfig(rounds=1, states=500, updates=500, width=32, learning_rate=1e-2)
    *_, last = distill(config, [Lesson(POLE, teacher)], 2, mse_loss, records=1)
    [(mean, deviation)] = last.scales
    observation = seen_by(greedy(teacher.choose([0, 0])), 2, 200, seed=5)
    q = teacher_values(teacher, observation)
    assert ((mean + deviation * last.network(observation) - q) ** 2).mean() < 0.2 * q.var()
    raw = DistillConfig(rounds=1, states=40, updates=1, standardize=False)
    *_, last = distill(raw, [Lesson(POLE, teacher)], 2)
    assert (last.scales[0][0] == 0).all() and (last.scales[0][1] == 1).all()


@pytest.mark.slow
def test_one_student_learns_from_teachers_with_other_observations_and_actions(teacher):
    def swing(observation):  # Acrobot: push along the first joint's speed
        push = np.where(np.asarray(observation)[:, 4] > 0, 2, 0)
        return np.eye(3)[push]

    lessons = [Lesson(POLE, teacher), Lesson("Acrobot-v1", policy_teacher(swing))]
    config = DistillConfig(rounds=2, states=200, updates=400, width=32)
    *_, last = distill(config, lessons, 2, nll_loss, heads=True)
    network = last.network
    assert network.arguments["observations"] == 6 and network.arguments["heads"] == 2
    assert answer(network, torch.zeros(2, 5, 4), 0, 2).shape == (2, 5, 2)
    for number, (lesson, actions) in enumerate(zip(lessons, (2, 3), strict=True)):
        act = greedy_in(network, number, actions)
        observation = seen_by(act, 2, 100, 9, lesson.env_id)
        found = answer(network, observation, number, actions)
        same = agreement(found, teacher_values(lesson.teacher, observation))
        assert same.min() > 0.7, lesson.env_id


@pytest.mark.slow
def test_a_real_dqn_of_another_library_teaches():
    """Stable-Baselines3's DQN, briefly trained: its student takes its actions."""
    stable_baselines3 = pytest.importorskip("stable_baselines3")
    often = {"train_freq": 1, "learning_rate": 1e-3, "target_update_interval": 50, "gamma": 0.95}
    model = stable_baselines3.DQN("MlpPolicy", POLE, learning_starts=100, seed=1, **often)
    model.learn(1000)
    config = DistillConfig(rounds=3, states=200, updates=200)
    *_, last = distill(config, [Lesson(POLE, model.q_net)], 2)
    observation = seen_by(greedy(last.network), 2, 200, seed=7)
    flat = observation.flatten(0, 1).numpy()
    best = torch.tensor(model.predict(flat, deterministic=True)[0]).view(2, 200)
    assert 0.1 < best.float().mean() < 0.9  # a teacher that knows one action is easily copied
    assert (last.network(observation).argmax(-1) == best).float().mean() > 0.85


def test_a_learners_loss_is_what_distils(teacher):
    """The module's own, handed in, gives the same students; another one gives others."""

    def sharp(student, teacher, temperature):
        return kl_loss(student, teacher, temperature / 10)

    own, same, other = (
        list(distill(TINY, [Lesson(POLE, teacher)], 3, *loss))[-1].network.head.weight
        for loss in ((), (kl_loss,), (sharp,))
    )
    assert torch.equal(same, own) and not torch.allclose(other, own)
