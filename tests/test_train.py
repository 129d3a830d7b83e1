"""The loops around an update: training, records, settings on the way, one fit."""

import gymnasium as gym
import numpy as np
import pytest
import torch

from course_utils import evaluation, storage
from course_utils.envs import OBSERVATION_SCALE
from course_utils.learner import DQNConfig, Parts
from course_utils.losses import td_target
from course_utils.networks import QNetwork, greedy
from course_utils.replay import n_step_return
from course_utils.train import due_steps, fit, train_dqn

SHORT = {"steps": 1200, "learning_starts": 200, "width": 16}


def test_records_and_reproducibility():
    runs = [list(train_dqn(DQNConfig(**SHORT), seeds=3, seed=4, records=4)) for _ in range(2)]
    assert [record.step for record in runs[0]] == [304, 600, 904, 1200]
    last, again = runs[0][-1], runs[1][-1]
    assert last.training_return.shape == last.loss.shape == last.q.shape == (3,)
    assert last.updates == 1 + (1200 - 200) // 8
    assert last.epsilon == pytest.approx(0.05) and np.array_equal(
        last.training_return, again.training_return
    )
    assert all(map(torch.equal, last.network.parameters(), again.network.parameters()))
    other = list(train_dqn(DQNConfig(**SHORT), seeds=3, seed=5, records=1))[-1]
    assert not torch.equal(last.network.head.weight, other.network.head.weight)


def test_observations_are_scaled_or_taken_as_they_are():
    scales = {}
    for scaled in (True, False):
        config = DQNConfig(**SHORT, observation_scale=scaled)
        scales[scaled] = next(train_dqn(config, seeds=1, records=1)).network.observation_scale
    assert scales[True].tolist() == OBSERVATION_SCALE["CartPole-v1"]
    assert scales[False].tolist() == [1, 1, 1, 1]


def test_settings_change_during_the_run():
    config = DQNConfig(**SHORT)
    training = train_dqn(config, seeds=2, records=4)
    first = next(training)
    config.learning_rate, config.n_steps, config.batch_size, config.epsilon = 1e-6, 3, 16, 0.5
    before = first.network.head.weight.clone()
    second = next(training)
    assert (second.network.head.weight - before).abs().max() < 1e-3
    assert second.epsilon == 0.5


def test_bad_input_gets_one_sentence():
    def first(config=None, env_id="CartPole-v1", **options):
        return next(train_dqn(config or DQNConfig(**SHORT), env_id, seeds=2, **options))

    with pytest.raises(
        ValueError, match="Pendulum-v1 has the actions Box.*needs a Discrete action space"
    ):
        first(env_id="Pendulum-v1")
    with pytest.raises(ValueError, match="CarRacing-v3 has the observations .*use a convolution"):
        first(env_id="CarRacing-v3", continuous=False)
    with pytest.raises(
        ValueError, match="FrozenLake-v1 has the observations Discrete.*for a few states a table"
    ):
        first(env_id="FrozenLake-v1")
    with pytest.raises(ValueError, match="Gymnasium cannot make 'CartPol-v1'"):
        first(env_id="CartPol-v1")
    with pytest.raises(ValueError, match="n_steps = 0: must be a whole number between 1 and 50"):
        DQNConfig(n_steps=0)
    with pytest.raises(ValueError, match="batch_size = 128: the memory was made for 64"):
        first(DQNConfig(replay_capacity=64, batch_size=128))
    with pytest.raises(ValueError, match="steps = 100: nothing is learned in the first 200 steps"):
        first(DQNConfig(**SHORT | {"steps": 100}))
    with pytest.raises(ValueError, match="records = 0: must be a whole number of 1 or more"):
        first(records=0)
    with pytest.raises(TypeError, match="double = 1: must be True or False"):
        DQNConfig(double=1)


class BrokenReward(gym.Wrapper):
    def step(self, action):
        observation, _, *rest = self.env.step(action)
        return observation, np.nan, *rest


def test_a_reward_that_is_no_number_stops_the_training():
    gym.register("Broken-v0", entry_point=lambda: BrokenReward(gym.make("CartPole-v1")))
    with pytest.raises(ValueError, match="some rewards are NaN or infinite: repair Broken-v0"):
        next(train_dqn(DQNConfig(**SHORT), "Broken-v0", seeds=1))


def test_a_loss_that_is_no_number_stops_the_training():
    def infinite(reward, terminated, next_q, discount):
        return td_target(reward, terminated, next_q, discount) + np.inf

    with pytest.raises(ValueError, match="the loss is no number any more: lower learning_rate"):
        list(train_dqn(DQNConfig(**SHORT), seeds=1, parts=Parts(td_target=infinite)))


@pytest.mark.slow
def test_the_whole_learner_solves_cartpole():
    *_, last = train_dqn(DQNConfig(), seeds=10, seed=0, records=1)
    returns = evaluation.play_episodes(greedy(last.network), "CartPole-v1", 10, 100, seed=0).mean(1)
    assert evaluation.interquartile_mean(returns) >= 485 and returns.mean() >= 475


def test_an_optimizer_may_be_gone_on_with():
    """The earlier moments are there at the first update; the earlier training keeps its own."""
    config = DQNConfig(steps=400, learning_starts=100, width=16, replay_capacity=400)
    *_, first = train_dqn(config, "CartPole-v1", 2, records=1)
    moments = first.optimizer.state_dict()["state"][0]
    before = {name: moment.clone() for name, moment in moments.items()}
    *_, warm = train_dqn(
        config, "CartPole-v1", 2, records=1, network=first.network, optimizer=first.optimizer
    )
    *_, cold = train_dqn(config, "CartPole-v1", 2, records=1, network=first.network)
    assert warm.optimizer.state_dict()["state"][0]["step"] == 2 * before["step"] == 2 * cold.updates
    assert all(torch.equal(moments[name], before[name]) for name in before)
    assert not torch.equal(warm.network.head.weight, cold.network.head.weight)


# ---- your own parts ----


def never_discounted(reward, done, discount):
    total, steps = n_step_return(reward, done, 1.0)
    return total, steps


WRONG = {
    "td_target": lambda reward, terminated, next_q, discount: 0 * reward,
    "double_q": lambda target_q, online_q: target_q.amin(-1, keepdim=True),
    "dueling_q": lambda value, advantage: value - advantage,
    "n_step_return": never_discounted,
    "importance_weights": lambda probability, size, exponent: 0 * probability + 0.5,
    "update_target": lambda target, online, rate: None,
    "reward": lambda batch: 0 * batch.reward,
    "extra_loss": lambda learner, q, batch: (q**2).mean((1, 2)),
    "augment": lambda observation: -observation,
}
ALL_IN = SHORT | {"double": True, "dueling": True, "priority_exponent": 0.6, "target_period": 5}


def trained(**parts):
    *_, last = train_dqn(DQNConfig(**ALL_IN), seeds=2, records=1, parts=Parts(**parts))
    return torch.cat([parameter.flatten() for parameter in last.network.parameters()])


@pytest.fixture(scope="module")
def by_the_module():
    return trained()


def test_the_same_functions_give_the_same_networks(by_the_module):
    ours = {name: part for name, part in vars(Parts()).items() if part}
    wrapped = {name: lambda *a, part=part: part(*a) for name, part in ours.items()}
    assert torch.equal(trained(**wrapped), by_the_module)


@pytest.mark.parametrize("name", vars(Parts()))
def test_a_wrong_function_gives_other_networks(name, by_the_module):
    assert not torch.equal(trained(**{name: WRONG[name]}), by_the_module)


def test_a_fit_is_adam_with_a_falling_rate():
    stream = torch.Generator().manual_seed(0)
    x, y = torch.randn(3, 20, 4, generator=stream), torch.randn(3, 20, 2, generator=stream)
    network = QNetwork(3, 4, 2, width=8, generator=stream)
    alone = network.choose([1])
    config = DQNConfig(learning_rate=0.01)
    records = list(fit(network, lambda _: ((network(x) - y) ** 2).mean((1, 2)), config, 10, 2))
    assert [record.updates for record in records] == due_steps(10, 2) == [5, 10]
    optimizer = torch.optim.Adam(alone.parameters())
    for update in range(10):
        optimizer.param_groups[0]["lr"] = 0.01 * (1 - update / 10)
        loss = ((alone(x[1:2]) - y[1:2]) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert records[-1].loss.shape == (3,) and records[-1].network is network
    assert records[-1].loss[1] == pytest.approx(loss.item(), abs=1e-6)
    torch.testing.assert_close(network.head.weight[1], alone.head.weight[0], rtol=0, atol=1e-5)


def test_a_head_is_trained_and_the_others_stay():
    network = QNetwork(2, 4, 2, width=16, heads=3, observation_scale=[0.5, 0.5, 5.0, 0.5])
    *_, last = train_dqn(DQNConfig(**SHORT), seeds=2, records=1, network=network, task=1)
    for task in range(3):
        before, after = network.head_of(task).weight, last.network.head_of(task).weight
        assert torch.equal(before, after) == (task != 1)
    assert network.task == 0 and last.network.task == 1


QUICK = {"steps": 400, "learning_starts": 100, "batch_size": 16, "width": 16}
SPREADS = {  # functions whose result would spread over others in silence
    "td_target": lambda reward, terminated, next_q, discount: reward[..., None],
    "reward": lambda batch: torch.tensor(1.0),
    "double_q": lambda target_q, online_q: target_q.amax(-1),
    "n_step_return": lambda reward, done, discount: (reward.sum(), torch.ones(reward.shape[:-1])),
    "extra_loss": lambda learner, q, batch: q.mean((1, 2))[:, None],
    "augment": lambda observation: observation[:, :1],
}


@pytest.mark.parametrize("seeds", [1, 2])
@pytest.mark.parametrize("name", SPREADS)
def test_a_part_that_returns_another_shape_is_told(name, seeds):
    config = DQNConfig(**QUICK, double=name == "double_q")
    with pytest.raises(ValueError, match=f"`{name}` must return a tensor"):
        list(train_dqn(config, seeds=seeds, parts=Parts(**{name: SPREADS[name]})))


def test_records_never_lengthen_a_training():
    config = DQNConfig(**QUICK, environments=64)
    *_, last = train_dqn(config, seeds=1, records=100)
    assert 400 <= last.step < 400 + 64


def test_an_optimizer_of_other_networks_is_refused():
    *_, last = train_dqn(DQNConfig(**QUICK), seeds=2, records=1)
    for seeds, width in ((3, 16), (1, 16), (2, 12)):
        config = DQNConfig(**QUICK | {"width": width})
        with pytest.raises(ValueError, match="this optimizer belongs to other networks"):
            train_dqn(config, seeds=seeds, optimizer=last.optimizer)


def test_a_batch_that_is_never_full_is_told():
    with pytest.raises(ValueError, match="nothing is learned in the first 1024 steps"):
        train_dqn(DQNConfig(steps=1000, learning_starts=100, batch_size=512), seeds=2)


def test_a_curve_begins_when_all_have_ended_an_episode_and_is_flat_without_learning():
    """Good agents that learn nothing: what they have got so far would rise from 25 to 500."""
    agents, _ = storage.load_agent(storage.shipped("cartpole.safetensors"))
    config = DQNConfig(steps=5_000, epsilon_start=0, epsilon=0, learning_rate=1e-6)
    training = train_dqn(config, seeds=2, records=25, network=agents.choose([0, 1]))
    curve = np.array([record.training_return for record in training])
    known = ~np.isnan(curve).any(1)
    assert not known[:19].any() and known[20:].all()  # 8 environments, 500 steps each
    assert (curve[known] > 490).all()
