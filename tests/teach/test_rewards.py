"""Reward design: shaping leaves the optimal policies alone; the soft maximum; SQIL's reward."""

import numpy as np
import pytest
import torch

from course_utils.envs import read_mdp
from course_utils.evaluation import record_episodes
from course_utils.learn.tabular import greedy_policy, value_iteration
from course_utils.learner import Parts
from course_utils.losses import soft_value, td_target
from course_utils.replay import ReplayBuffer
from course_utils.teach import rewards
from course_utils.teach.demonstrations import memory_of
from course_utils.teach.dqfd import DQfDConfig
from course_utils.train import train_dqn


def drawn_potential(mdp, seed):
    return np.random.default_rng(seed).normal(0, 5, len(mdp.start))


@pytest.mark.parametrize("env_id", ["FrozenLake-v1", "CliffWalking-v1"])
@pytest.mark.parametrize("seed", range(10))
def test_shaping_leaves_all_optimal_actions_as_they_are(env_id, seed):
    mdp = read_mdp(env_id)
    plain = greedy_policy(value_iteration(mdp, 0.95))
    shaped_mdp = rewards.shaped_mdp(mdp, drawn_potential(mdp, seed), 0.95)
    shaped = greedy_policy(value_iteration(shaped_mdp, 0.95))
    np.testing.assert_array_equal(plain, shaped)


def test_shaping_moves_each_value_by_the_potential():
    """Q′ = Q − Φ(s), in every state and for every action: why the order of the actions stays."""
    mdp = read_mdp("FrozenLake-v1")
    potential = drawn_potential(mdp, 1)
    moved = value_iteration(rewards.shaped_mdp(mdp, potential, 0.9), 0.9)
    np.testing.assert_allclose(moved, value_iteration(mdp, 0.9) - potential[:, None], atol=1e-8)


def test_a_shaping_that_works_in_place_serves_and_spoils_nothing():
    def in_place(potential, next_potential, terminated, discount):
        potential *= -1
        potential += discount * (1 - terminated) * next_potential
        return potential

    mdp = read_mdp("FrozenLake-v1")
    given = mdp, drawn_potential(mdp, 1), 0.9
    wanted = rewards.shaped_mdp(*given).reward
    np.testing.assert_allclose(rewards.shaped_mdp(*given, in_place).reward, wanted)
    np.testing.assert_allclose(rewards.shaped_mdp(*given).reward, wanted)


def test_another_discount_in_the_shaping_can_change_the_optimum():
    mdp = read_mdp("CliffWalking-v1")
    plain = greedy_policy(value_iteration(mdp, 0.9))
    shaped = [rewards.shaped_mdp(mdp, drawn_potential(mdp, seed), 1.0) for seed in range(5)]
    assert any((greedy_policy(value_iteration(other, 0.9)) != plain).any() for other in shaped)


def test_behind_the_end_the_potential_is_zero_but_not_behind_a_cut():
    assert rewards.shaping_reward(2.0, 7.0, 1.0, 0.5) == -2.0
    assert rewards.shaping_reward(2.0, 7.0, 0.0, 0.5) == 1.5


@pytest.mark.parametrize(
    ("potential", "words"),
    [(np.zeros(3), "FrozenLake-v1 needs 16 potentials"), (np.full(16, np.nan), "holds NaN")],
)
def test_a_potential_that_does_not_fit_is_refused(potential, words):
    with pytest.raises(ValueError, match=words):
        rewards.shaped_mdp(read_mdp("FrozenLake-v1"), potential, 0.9)


def half(*arguments):
    return 0.5 * rewards.shaping_reward(*arguments)


def test_a_shaping_of_ones_own_makes_the_rewards():
    mdp = read_mdp("FrozenLake-v1")
    arguments = mdp, drawn_potential(mdp, 2), 0.9
    ours = rewards.shaped_mdp(*arguments).reward
    same = rewards.shaped_mdp(*arguments, shaping_reward=lambda *a: rewards.shaping_reward(*a))
    assert np.array_equal(same.reward, ours)
    halved = rewards.shaped_mdp(*arguments, shaping_reward=half).reward
    np.testing.assert_allclose(halved - mdp.reward, (ours - mdp.reward) / 2)


def test_the_n_step_reward_is_the_sum_of_the_shaped_steps():
    """Against a plain loop over recorded episodes: shape each step, then add up with γ^i."""
    n, discount = 4, 0.9

    def potential(observation):
        return 3 * observation[..., 0] + observation[..., 2] ** 2

    def pushing(observation):
        return (observation[..., 2] > 0).astype(int)

    [episodes] = record_episodes(pushing, "CartPole-v1", 1, 3, seed=0)
    memory = memory_of([episodes])
    slot = torch.arange(memory.rows)[None]
    batch = memory.read(slot, n, discount, torch.ones(1, memory.rows))
    found, row = rewards.with_potential(potential)(batch)[0], 0
    halved = rewards.with_potential(potential, shaping_reward=half)(batch)[0]
    torch.testing.assert_close(halved, (found + batch.reward[0]) / 2)
    for episode in episodes:
        phi = potential(torch.as_tensor(episode.observation)).numpy()
        steps = len(episode.action)
        behind = np.where(episode.last_step(), (1 - episode.terminated) * phi[1:], phi[1:])
        shaped = episode.reward + discount * behind - phi[:-1]
        for start in range(steps):
            window = shaped[start : start + n]
            by_hand = sum(discount**i * r for i, r in enumerate(window))
            assert found[row].item() == pytest.approx(by_hand, abs=1e-4)
            row += 1


def test_the_soft_maximum_lies_above_the_hard_one_by_at_most_tau_log_a():
    q = torch.randn(50, 4, generator=torch.Generator().manual_seed(0))
    for temperature in (0.01, 0.3, 2.0):
        gap = soft_value(q, temperature) - q.amax(-1)
        assert (gap >= -1e-6).all() and (gap <= temperature * np.log(4) + 1e-6).all()
    same = torch.zeros(3)
    assert soft_value(same, 0.5).item() == pytest.approx(0.5 * np.log(3))


def test_the_soft_target_becomes_the_hard_one_and_carries_no_gradient():
    stream = torch.Generator().manual_seed(0)
    reward = torch.randn(6, generator=stream)
    next_q = torch.randn(6, 3, generator=stream, requires_grad=True)
    terminated = torch.tensor([0.0, 1.0, 0.0, 0.0, 1.0, 0.0])
    soft = rewards.soft_target(1e-4)(reward, terminated, next_q, 0.9)
    torch.testing.assert_close(soft, td_target(reward, terminated, next_q, 0.9), atol=1e-3, rtol=0)
    assert not soft.requires_grad
    same = rewards.soft_target(1e-4, lambda q, temperature: soft_value(q, temperature))
    assert torch.equal(same(reward, terminated, next_q, 0.9), soft)
    other = rewards.soft_target(1e-4, soft_value=lambda q, temperature: q.amin(-1))
    assert not torch.equal(other(reward, terminated, next_q, 0.9), soft)


@pytest.mark.parametrize("temperature", [0, -1.0, float("nan")])
def test_a_temperature_of_zero_is_refused(temperature):
    with pytest.raises(ValueError, match="above 0"):
        rewards.soft_target(temperature)


def test_sqil_pays_the_expert_one_a_step_and_the_agent_nothing():
    memory = ReplayBuffer(1, 1, 5, 1)
    rows = {name: torch.zeros(5, 1) for name in ("observation", "next_observation")}
    rows["action"] = torch.zeros(5)
    done = torch.tensor([False, False, False, False, True])
    memory.extend(0, **rows, reward=torch.full((5,), 9.0), terminated=done, done=done)
    slot = torch.arange(5)[None]
    reward = rewards.sqil_reward(0.5)
    with pytest.raises(ValueError, match="there are none in this batch"):
        reward(memory.read(slot, 3, 0.5, torch.ones(1, 5)))
    memory.demonstrated = True
    batch = memory.read(slot, 3, 0.5, torch.ones(1, 5))
    mixed = batch._replace(demonstrated=torch.tensor([[1.0, 0.0, 0.0, 0.0, 0.0]]))
    assert reward(mixed).tolist() == [[1.75, 0.0, 0.0, 0.0, 0.0]]
    expected = [1.75, 1.75, 1.75, 1.5, 1.0]
    assert reward(memory.read(slot, 3, 0.5, torch.ones(1, 5)))[0].tolist() == pytest.approx(
        expected
    )
    with pytest.raises(ValueError, match="under 1"):
        rewards.sqil_reward(1.0)


def test_with_an_absorbing_end_the_pay_goes_on_for_ever_but_not_behind_a_cut():
    memory = ReplayBuffer(1, 1, 4, 1)
    memory.demonstrated = True
    rows = {name: torch.zeros(4, 1) for name in ("observation", "next_observation")}
    rows["action"] = torch.zeros(4)
    done = torch.tensor([False, True, False, True])
    terminated = torch.tensor([False, True, False, False])
    memory.extend(0, **rows, reward=torch.zeros(4), terminated=terminated, done=done)
    batch = memory.read(torch.arange(4)[None], 3, 0.5, torch.ones(1, 4))
    paid = rewards.sqil_reward(0.5, absorbing=True)(batch)[0]
    assert paid.tolist() == pytest.approx([2.0, 2.0, 1.5, 1.0])
    mixed = batch._replace(demonstrated=torch.tensor([[0.0, 1.0, 0.0, 0.0]]))
    assert rewards.sqil_reward(0.5, absorbing=True)(mixed).tolist() == [[0.0, 2.0, 0.0, 0.0]]


def test_sqil_learns_to_balance_without_the_environments_reward(shown):
    config = DQfDConfig(
        discount=0.99, steps=4000, exploration=0.01, epsilon_start=0, epsilon=0, n_steps=1,
        demonstration_ratio=0.5, target_period=20, reward_scale=1.0, batch_size=64,
    )  # fmt: skip
    parts = Parts(reward=rewards.sqil_reward(0.99), td_target=rewards.soft_target(0.01))
    options = {"parts": parts, "demonstrations": memory_of([shown[:4]] * 4)}
    *_, last = train_dqn(config, seeds=4, records=1, **options)
    assert last.training_return.mean() > 100  # by chance: 22
