"""Teachers: what they answer, where players go, and how a new learner is pulled to a teacher."""

import numpy as np
import pytest
import torch

from course_utils import envs, losses, storage
from course_utils.distil.teachers import (
    kickstart,
    policy_teacher,
    teacher_values,
    trembling_policy,
    visit_states,
)
from course_utils.evaluation import mean_returns
from course_utils.learner import DQN, DQNConfig, Parts
from course_utils.networks import QNetwork, greedy
from course_utils.train import train_dqn

POLE = "CartPole-v1"


@pytest.fixture(scope="module")
def teacher():
    return storage.load_agent(storage.shipped("cartpole.safetensors"))[0].choose([0])


def test_a_teacher_of_one_agent_and_one_for_each_student_answer_alike(teacher):
    observation = torch.randn(3, 5, 4, generator=torch.Generator().manual_seed(1))
    several, q = teacher.choose([0, 0, 0]), teacher_values(teacher, observation)
    torch.testing.assert_close(q, teacher_values(several, observation))

    def function(flat):
        return teacher(flat[None])[0].detach().numpy()

    torch.testing.assert_close(teacher_values(function, observation), q)


def test_a_policy_becomes_values_and_back():
    probability = np.array([[0.2, 0.8], [0.5, 0.5], [1.0, 0.0]])
    q = teacher_values(policy_teacher(lambda observation: probability), torch.zeros(1, 3, 4))
    assert np.allclose(q[0].softmax(-1), probability, atol=1e-5)
    for bad in ([[0.2, 0.2]], [[1.5, -0.5]]):
        with pytest.raises(ValueError, match="must give probabilities"):
            policy_teacher(lambda observation, bad=bad: bad)(torch.zeros(1, 4))


def test_a_trembling_policy_shares_its_random_steps_alike():
    policy = trembling_policy(torch.tensor([[1.0, 3.0, 2.0, 0.0]]), 0.2)
    torch.testing.assert_close(policy, torch.tensor([[0.05, 0.85, 0.05, 0.05]]))


def test_players_visit_no_state_behind_an_end_and_go_on(teacher):
    acting = [lambda observation: np.zeros(observation.shape[:2], int)]
    steps = envs.play(lambda observation: acting[-1](observation), POLE, 2, 3, 0)
    seen = visit_states(steps, 100)
    assert seen.shape == (2, 100, 4) and seen.dtype == torch.float32
    assert (seen[..., 2].abs() < 0.21).all()  # a pole that has fallen is no state to act in
    assert not torch.equal(seen[0], seen[1])
    acting.append(greedy(teacher.choose([0, 0])))
    onward = visit_states(steps, 100)
    assert onward[..., 2].abs().mean() < seen[..., 2].abs().mean()


@pytest.fixture(scope="module")
def learner():
    """Two learners, before the first update, with 50 transitions in each lane."""
    network = QNetwork(2, 4, 2, generator=torch.Generator().manual_seed(1))
    learner = DQN(DQNConfig(steps=1000, learning_starts=100), network, 0)
    stream = torch.Generator().manual_seed(1)
    for lane in range(learner.replay.seeds * learner.replay.lanes):
        observation = torch.randn(50, 4, generator=stream)
        learner.replay.extend(lane, observation=observation, action=torch.zeros(50))
    return learner


def test_kickstarting_pulls_to_the_teacher_and_lets_go(teacher, learner):
    hook = kickstart(teacher, weight=2.0, until=0.5, temperature=0.5)
    batch = learner.draw()
    q = learner.network(batch.observation)
    p = (teacher_values(teacher, batch.observation) / 0.5).softmax(-1)
    wanted = 2 * -(p * (q / 0.5).log_softmax(-1)).sum(-1).mean(-1)
    learner.step = 0
    torch.testing.assert_close(hook(learner, q, batch), wanted)
    learner.step = 250
    torch.testing.assert_close(hook(learner, q, batch), wanted / 2)
    learner.step = 500
    assert not torch.as_tensor(hook(learner, q, batch)).any()
    for_ever = kickstart(teacher, weight=2.0, until=0, temperature=0.5)
    torch.testing.assert_close(for_ever(learner, q, batch), wanted)
    with pytest.raises(ValueError, match="temperature = 0"):
        kickstart(teacher, temperature=0)


def test_a_learners_loss_and_schedule_are_what_pulls(teacher, learner):
    """The module's own, handed in, give the identical loss; others change it as they say."""
    batch, learner.step = learner.draw(), 250
    q = learner.network(batch.observation)
    own = kickstart(teacher)(learner, q, batch)
    kin = {"loss": losses.kickstart_loss, "schedule": losses.annealed}
    assert torch.equal(kickstart(teacher, **kin)(learner, q, batch), own)

    def reversed_kl(student, teacher, temperature):
        return losses.kl_loss(teacher, student, temperature)

    other = kickstart(teacher, loss=reversed_kl)(learner, q, batch)
    expected = losses.kl_loss(teacher_values(teacher, batch.observation), q).mean(-1) / 2
    torch.testing.assert_close(other, expected)
    assert not torch.allclose(other, own)
    constant = kickstart(teacher, schedule=lambda weight, progress, until: weight)
    torch.testing.assert_close(constant(learner, q, batch), 2 * own)


@pytest.mark.slow
def test_a_kickstarted_learner_starts_better(teacher):
    """With help 1,200 steps are enough for more than twice the return; it is the smaller one."""
    config = DQNConfig(steps=1200, learning_starts=200, width=16, exploration=0.1)
    returns = {}
    for name, hook in {"alone": None, "kickstarted": kickstart(teacher, 1.0, 1.0, 0.1)}.items():
        *_, last = train_dqn(config, POLE, 3, 0, 1, parts=Parts(extra_loss=hook))
        returns[name] = mean_returns(last.network, POLE, 10).mean()
    assert returns["kickstarted"] > 2 * returns["alone"], returns
