"""Distillation: losses against brute force and PyTorch, students against their teachers, sentences for bad input."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from course_utils import distillation, evaluation, storage
from course_utils.distillation import (
    DistillConfig,
    Lesson,
    advantage_loss,
    agreement,
    answer,
    distill,
    greedy_in,
    hinton_loss,
    kl_loss,
    mse_loss,
    nll_loss,
)
from course_utils.dqn import DQNConfig, train_dqn
from course_utils.learner import DQN
from course_utils.networks import QNetwork, greedy
from course_utils.teachers import Walk, ask, kickstart, policy_teacher

POLE = "CartPole-v1"
TINY = DistillConfig(rounds=2, states=40, updates=10, environments=2, batch_size=16, width=8)


def softmax(values):
    powers = [math.exp(value - max(values)) for value in values]
    return [power / sum(powers) for power in powers]


def kl_by_hand(student, teacher, temperature):
    p, q = softmax([value / temperature for value in teacher]), softmax(student)
    return sum(a * (math.log(a) - math.log(b)) for a, b in zip(p, q, strict=True) if a > 0)


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
    torch.testing.assert_close(found, F.kl_div(student.log_softmax(-1), target, reduction="none").sum(-1))


@pytest.mark.parametrize("temperature", [0.01, 1, 5])
@pytest.mark.parametrize("loss", [kl_loss, hinton_loss, nll_loss, mse_loss, advantage_loss])
def test_gradients_equal_finite_differences(pairs, loss, temperature):
    student, teacher_q = pairs[0].requires_grad_(), pairs[1]
    assert torch.autograd.gradcheck(lambda x: loss(x, teacher_q, temperature), student)


@pytest.mark.parametrize("temperature", [0.01, 1, 5])
def test_the_gradient_of_kl_is_the_difference_of_the_probabilities(pairs, temperature):
    student, teacher_q = pairs[0].requires_grad_(), pairs[1]
    kl_loss(student, teacher_q, temperature).sum().backward()
    torch.testing.assert_close(student.grad, student.softmax(-1) - (teacher_q / temperature).softmax(-1))


@pytest.mark.parametrize("temperature", [0.01, 1, 5])
def test_hintons_form_equals_pytorch(pairs, temperature):
    student, teacher_q = pairs
    hard = F.cross_entropy(student.flatten(0, 1), teacher_q.argmax(-1).flatten(), reduction="none").view(3, 5)
    logs = [(q / temperature).log_softmax(-1) for q in pairs]
    soft = F.kl_div(*logs, reduction="none", log_target=True).sum(-1)
    torch.testing.assert_close(hinton_loss(*pairs, temperature, 0.7), 0.3 * hard + 0.7 * temperature**2 * soft)


def test_the_other_losses_equal_pytorch(pairs):
    student, teacher_q = pairs
    torch.testing.assert_close(mse_loss(*pairs), F.mse_loss(student, teacher_q, reduction="none").mean(-1))
    hard = F.cross_entropy(student.flatten(0, 1), teacher_q.argmax(-1).flatten(), reduction="none").view(3, 5)
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
    with pytest.raises(ValueError, match="must be above 0"):
        loss(*pairs, temperature)


def test_the_temperature_of_a_config_has_bounds():
    with pytest.raises(ValueError, match="temperature = 0"):
        DistillConfig(temperature=0)


def test_agreement_counts_the_same_best_actions():
    one, other = torch.tensor([[[1.0, 0], [0, 1], [2, 1]]]), torch.tensor([[[5.0, 0], [1, 0], [0, 3]]])
    assert agreement(one, other).tolist() == [pytest.approx(1 / 3)]


# ---- teachers ----


def test_a_teacher_of_one_agent_and_one_for_each_student_answer_alike(teacher):
    observation = torch.randn(3, 5, 4)
    several = teacher.choose([0, 0, 0])
    torch.testing.assert_close(ask(teacher, observation), ask(several, observation))
    as_function = ask(lambda flat: teacher(flat[None])[0].detach().numpy(), observation)
    torch.testing.assert_close(as_function, ask(teacher, observation))


def test_a_policy_becomes_values_and_back():
    probability = np.array([[0.2, 0.8], [0.5, 0.5], [1.0, 0.0]])
    q = ask(policy_teacher(lambda observation: probability), torch.zeros(1, 3, 4))
    assert np.allclose(q[0].softmax(-1), probability, atol=1e-5)
    for bad in ([[0.2, 0.2]], [[1.5, -0.5]]):
        with pytest.raises(ValueError, match="must give probabilities"):
            ask(policy_teacher(lambda observation, bad=bad: bad), torch.zeros(1, 1, 4))


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda observation: torch.full((len(observation), 2), torch.nan), "NaN or infinite"),
        (lambda observation: torch.zeros(len(observation), 3), "knows 3 actions, this task has 2"),
        (lambda observation: torch.zeros(2), "answer of shape"),
        (QNetwork(1, 8, 2), "takes 8 numbers as an observation, this task has 4"),
        (QNetwork(1, 4, 3), "knows 3 actions, this task has 2"),
        (QNetwork(2, 4, 2), "2 teachers for 3 students"),
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
    with pytest.raises(ValueError, match="8 observations"):
        next(distill(TINY, [lesson], 3, network=QNetwork(3, 8, 2)))
    with pytest.raises(ValueError, match="heads=True"):
        next(distill(TINY, [lesson, Lesson("Acrobot-v1", lambda observation: torch.zeros(len(observation), 3))], 3))
    with pytest.raises(ValueError, match="2 lessons need"):
        next(distill(TINY, [lesson, lesson], 3, network=QNetwork(3, 4, 2), heads=True))


# ---- states ----


def test_a_walk_visits_no_state_behind_an_end_and_goes_on(teacher):
    walk = Walk(POLE, 2, 3, 0)
    seen = walk.visit(lambda observation: np.zeros(observation.shape[:2], int), 100)
    assert seen.shape == (2, 100, 4) and seen.dtype == torch.float32
    assert (seen[..., 2].abs() < 0.21).all()  # a pole that has fallen is no state to act in
    assert not torch.equal(seen[0], seen[1])
    onward = walk.visit(greedy(teacher.choose([0, 0])), 100)
    assert onward[..., 2].abs().mean() < seen[..., 2].abs().mean()


@pytest.mark.parametrize(("states", "by_teacher"), [("teacher", 2), ("mixture", 1), ("student", 0)])
def test_who_goes_to_the_states(monkeypatch, teacher, states, by_teacher):
    """Whoever acts for the teacher asks it; the answers that are learned from come on top, once a round."""
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


# ---- students ----


def test_a_student_becomes_its_teacher(teacher):
    config = DistillConfig(rounds=3, states=500, updates=400, temperature=0.1)
    records = list(distill(config, [Lesson(POLE, teacher)], students=3, records=6))
    assert [record.updates for record in records] == [200, 400, 600, 800, 1000, 1200]
    student = records[-1].network
    assert student.parameters_of_one() == 386 < teacher.parameters_of_one() / 10
    returns = evaluation.play_episodes(greedy(student), POLE, 3, 30).mean(1)
    assert returns.min() > 450, returns
    observation = Walk(POLE, 3, 4, 5).visit(greedy(student), 200)
    assert agreement(student(observation), ask(teacher, observation)).min() > 0.85


def test_no_student_feels_another(teacher):
    """Three students and two of them alone: the same, as far as they draw the same numbers."""
    lesson = [Lesson(POLE, teacher)]
    *_, three = distill(TINY, lesson, 3)
    *_, again = distill(TINY, lesson, 3)
    assert torch.equal(three.network.head.weight, again.network.head.weight)
    three.network.zero_grad()
    observation = torch.randn(3, 6, 4)
    kl_loss(three.network(observation), ask(teacher, observation)).mean(-1)[0].backward()
    assert three.network.head.weight.grad[1:].abs().sum() == 0


def test_the_loss_falls_and_a_student_can_be_gone_on_with(teacher):
    lesson = [Lesson(POLE, teacher)]
    config = DistillConfig(rounds=2, states=200, updates=200, temperature=0.1)
    first, *_, last = distill(config, lesson, 3, records=10)
    start = last.network.choose([0, 1, 2])
    assert (last.loss < first.loss).all()
    gentle = DistillConfig(rounds=1, states=200, updates=5, learning_rate=1e-5, temperature=0.1)
    *_, onward = distill(gentle, lesson, 3, network=start)
    assert (onward.network.head.weight - start.head.weight).abs().max() < 1e-3
    assert torch.equal(last.network.head.weight, start.head.weight)  # a copy was trained


def test_the_scale_turns_answers_into_values_again(teacher):
    config = DistillConfig(rounds=1, states=1000, updates=2000, width=32)
    *_, last = distill(config, [Lesson(POLE, teacher)], 2, mse_loss, records=1)
    [(mean, deviation)] = last.scales
    observation = Walk(POLE, 2, 4, 5).visit(greedy(teacher.choose([0, 0])), 200)
    q = ask(teacher, observation)
    assert ((mean + deviation * last.network(observation) - q) ** 2).mean() < 0.2 * q.var()
    raw = DistillConfig(rounds=1, states=40, updates=1, standardize=False)
    *_, last = distill(raw, [Lesson(POLE, teacher)], 2)
    assert (last.scales[0][0] == 0).all() and (last.scales[0][1] == 1).all()


def test_one_student_learns_from_teachers_with_other_observations_and_actions(teacher):
    def swing(observation):  # Acrobot: push along the first joint's speed
        push = np.where(np.asarray(observation)[:, 4] > 0, 2, 0)
        return np.eye(3)[push]

    lessons = [Lesson(POLE, teacher), Lesson("Acrobot-v1", policy_teacher(swing))]
    config = DistillConfig(rounds=2, states=500, updates=500, width=32)
    *_, last = distill(config, lessons, 2, nll_loss, heads=True)
    assert last.network.shape["observations"] == 6 and len(last.network.head.heads) == 2
    assert answer(last.network, torch.zeros(2, 5, 4), 0, 2).shape == (2, 5, 2)
    for number, (lesson, actions) in enumerate(zip(lessons, (2, 3), strict=True)):
        observation = Walk(lesson.env_id, 2, 4, 9).visit(greedy_in(last.network, number, actions), 100)
        same = agreement(answer(last.network, observation, number, actions), ask(lesson.teacher, observation))
        assert same.min() > 0.7, lesson.env_id


def test_a_real_dqn_of_another_library_teaches():
    """Stable-Baselines3's DQN, briefly trained: its student takes its actions."""
    stable_baselines3 = pytest.importorskip("stable_baselines3")
    model = stable_baselines3.DQN("MlpPolicy", POLE, learning_starts=100, seed=1).learn(1500)
    config = DistillConfig(rounds=3, states=400, updates=500)
    *_, last = distill(config, [Lesson(POLE, model.q_net)], 2)
    observation = Walk(POLE, 2, 4, 7).visit(greedy(last.network), 200)
    best = torch.tensor(model.predict(observation.flatten(0, 1).numpy(), deterministic=True)[0]).view(2, 200)
    assert (last.network(observation).argmax(-1) == best).float().mean() > 0.85


# ---- kickstarting ----


def test_kickstarting_pulls_to_the_teacher_and_lets_go(teacher):
    config = DQNConfig(steps=1000, learning_starts=100)
    learner = DQN(config, QNetwork(2, 4, 2), 0)
    hook = kickstart(teacher, weight=2.0, until=0.5, temperature=0.5)
    stream = torch.Generator().manual_seed(1)
    learner.replay.extend(0, observation=torch.randn(50, 4, generator=stream), action=torch.zeros(50))
    for lane in range(1, learner.replay.seeds * learner.replay.lanes):
        learner.replay.extend(lane, observation=torch.randn(50, 4, generator=stream), action=torch.zeros(50))
    batch = learner.draw()
    q = learner.network(batch.observation)
    p = (ask(teacher, batch.observation) / 0.5).softmax(-1)
    wanted = 2 * -(p * (q / 0.5).log_softmax(-1)).sum(-1).mean(-1)
    torch.testing.assert_close(hook(learner, q, batch), wanted)
    learner.step = 250
    torch.testing.assert_close(hook(learner, q, batch), wanted / 2)
    learner.step = 500
    assert not torch.as_tensor(hook(learner, q, batch)).any()
    for_ever = kickstart(teacher, weight=2.0, until=0, temperature=0.5)
    torch.testing.assert_close(for_ever(learner, q, batch), wanted)
    with pytest.raises(ValueError, match="must be above 0"):
        kickstart(teacher, temperature=0)


def test_a_kickstarted_learner_starts_better(teacher):
    """With the teacher's help 2,000 steps are enough for more than twice the return; the learner is smaller than it."""
    config = DQNConfig(steps=2000, learning_starts=200, width=16, exploration=0.1)
    returns = {}
    for name, hook in {"alone": None, "kickstarted": kickstart(teacher, 1.0, 1.0, 0.1)}.items():
        *_, last = train_dqn(config, POLE, 5, 0, 1, extra_loss=hook)
        returns[name] = evaluation.play_episodes(greedy(last.network), POLE, 5, 20).mean()
    assert returns["kickstarted"] > 2 * returns["alone"], returns


def test_losses_take_a_single_state():
    teacher_q, student_q = torch.tensor([10.0, 5, 15]), torch.tensor([8.0, 4, 12])
    assert mse_loss(student_q, teacher_q).item() == pytest.approx(14 / 3)
    assert mse_loss(torch.tensor([12.6, 5, 12.4]), teacher_q).item() == pytest.approx(4.5067, abs=1e-4)
    assert distillation.advantage_loss(student_q, teacher_q).item() == pytest.approx(2 / 3)
