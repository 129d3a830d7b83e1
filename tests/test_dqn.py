"""Deep Q-learning against plain loops, an independent library, and environments whose values are known."""

import subprocess
import sys
import time
from dataclasses import asdict, replace

import gymnasium as gym
import numpy as np
import pytest
import torch

from course_utils import envs, evaluation, probes, storage
from course_utils.dqn import DQN, DQNConfig, train_dqn
from course_utils.losses import double_q, td_error, td_loss, td_target
from course_utils.networks import QNetwork, greedy
from course_utils.replay import Batch

SHORT = {"steps": 1200, "learning_starts": 200, "width": 16}


def some_batch(seeds, size=32, observations=4, actions=2, seed=0):
    stream = torch.Generator().manual_seed(seed)
    return Batch(
        observation=torch.randn(seeds, size, observations, generator=stream),
        action=torch.randint(actions, (seeds, size), generator=stream),
        reward=0.1 * torch.randn(seeds, size, generator=stream),
        terminated=(torch.rand(seeds, size, generator=stream) < 0.3).float(),
        next_observation=torch.randn(seeds, size, observations, generator=stream),
        discount=0.9 * torch.ones(seeds, size),
        index=torch.arange(seeds * size).view(seeds, size),
        weight=torch.rand(seeds, size, generator=stream),
        demonstrated=torch.zeros(seeds, size),
    )


@pytest.mark.parametrize("double", [False, True])
def test_targets_equal_a_plain_loop(double):
    stream = torch.Generator().manual_seed(0)
    target_q, online_q = torch.randn(2, 3, 40, 5, generator=stream)
    reward, terminated = torch.randn(3, 40, generator=stream), torch.rand(3, 40, generator=stream) < 0.4
    discount = torch.rand(3, 40, generator=stream)
    y = td_target(reward, terminated.float(), double_q(target_q, online_q) if double else target_q, discount)
    for s, b in np.ndindex(3, 40):
        chooser = online_q if double else target_q
        best = max(range(5), key=lambda a: float(chooser[s, b, a]))
        future = 0.0 if terminated[s, b] else float(discount[s, b] * target_q[s, b, best])
        assert float(y[s, b]) == pytest.approx(float(reward[s, b]) + future, abs=1e-6)


def test_targets_carry_no_gradient():
    next_q = torch.ones(4, 2, requires_grad=True)
    assert not td_target(torch.zeros(4), torch.zeros(4), next_q, 0.9).requires_grad


def test_the_loss_equals_a_plain_loop():
    q, action, target = torch.tensor([[[1.0, 2.0], [3.0, 5.0]]]), torch.tensor([[1, 0]]), torch.tensor([[4.0, 2.0]])
    error = td_error(q, action, target)
    assert error.tolist() == [[2.0, -1.0]]
    assert td_loss(error, torch.tensor([[1.0, 0.5]])).tolist() == [(4 + 0.5) / 2]


@pytest.mark.parametrize("options", [{}, {"dueling": True}, {"double": True}])
def test_one_update_is_the_same_alone_and_beside_others(options):
    config = DQNConfig(width=16, steps=100, target_period=1, target_rate=0.3, **options)
    shape = {"width": 16, "dueling": config.dueling, "generator": torch.Generator().manual_seed(1)}
    together = DQN(config, QNetwork(4, 4, 2, **shape), seed=0)
    alone = [DQN(config, together.network.choose([seed]), seed=0) for seed in range(4)]
    for number in range(3):
        batch = some_batch(4, seed=number)
        together.update(batch)
        for seed, learner in enumerate(alone):
            learner.update(Batch(*(column[seed : seed + 1] for column in batch)))
    for seed, learner in enumerate(alone):
        for network in ("network", "target_network"):
            pairs = zip(getattr(together, network).parameters(), getattr(learner, network).parameters(), strict=True)
            for ours, theirs in pairs:
                torch.testing.assert_close(ours[seed], theirs[0], rtol=0, atol=1e-6)


def test_the_same_loss_and_gradient_as_stable_baselines3():
    """Their Huber loss is half our squared error where errors are under 1. Truncation is among the transitions."""
    from stable_baselines3 import DQN as Reference

    theirs = Reference(
        "MlpPolicy", gym.make("CartPole-v1"), policy_kwargs={"net_arch": [16, 16]}, gamma=0.9, batch_size=32,
        learning_rate=1e-3, max_grad_norm=1e9, device="cpu", seed=0,
    )  # fmt: skip
    theirs._setup_learn(1)
    ours = DQN(DQNConfig(width=16, reward_scale=1, layer_norm=False, discount=0.9),
               QNetwork(1, 4, 2, width=16, layer_norm=False), seed=0)  # fmt: skip
    for net, mine in ((theirs.q_net, ours.network), (theirs.q_net_target, ours.target_network)):
        for linear, layer in zip(net.q_net[::2], [*mine.hidden, mine.head], strict=True):
            linear.weight.data += 0.1 * torch.randn(linear.weight.shape, generator=ours.generator)
            layer.weight.data[0], layer.bias.data[0, 0] = linear.weight.data.T, linear.bias.data
    batch = some_batch(1)
    batch = batch._replace(weight=torch.ones_like(batch.weight), observation=0.3 * batch.observation)
    rng = np.random.default_rng(0)
    for b in range(32):  # one of their dones is a truncation wherever the step did not terminate
        terminated = bool(batch.terminated[0, b])
        done = np.array([terminated or rng.random() < 0.5])
        columns = (batch.observation, batch.next_observation, batch.action, batch.reward)
        arrays = [column[0, b].numpy()[None] for column in columns]
        theirs.replay_buffer.add(*arrays, done, [{"TimeLimit.truncated": bool(done[0] and not terminated)}])
    theirs.replay_buffer.sample = lambda size, env=None: theirs.replay_buffer._get_samples(np.arange(32))
    theirs.train(gradient_steps=1, batch_size=32)
    loss, _ = ours.update(batch)
    assert theirs.logger.name_to_value["train/loss"] == pytest.approx(loss.item() / 2, abs=1e-6)
    for linear, layer in zip(theirs.q_net.q_net[::2], [*ours.network.hidden, ours.network.head], strict=True):
        torch.testing.assert_close(linear.weight.grad.T, layer.weight.grad[0] / 2, rtol=1e-5, atol=1e-7)
        torch.testing.assert_close(linear.weight.data.T, layer.weight.data[0], rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", probes.PROBES)
@pytest.mark.parametrize("options", [{}, {"n_steps": 3}, {"double": True, "dueling": True, "priority_exponent": 0.6}])
def test_probe_environments_are_learned(name, options):
    config = DQNConfig(
        discount=0.8, reward_scale=1, steps=3000, environments=4, learning_starts=64, target_period=1, target_rate=0.1,
        learning_rate=3e-3, learning_rate_decay=0.1, width=32, epsilon=1, **{"n_steps": 1} | options,
    )  # fmt: skip
    *_, last = train_dqn(config, "Probe-v0", seeds=3, seed=1, records=2, name=name)
    observation, right = probes.right_values(name, config.discount)
    if config.n_steps > 1 and name == "choice":
        right[observation[:, 1] == 0] = 0  # a random second action pays 0 on the average: the price of n steps
    q = last.network(torch.tensor(observation).expand(3, -1, -1)).detach().numpy()
    np.testing.assert_allclose(q, np.broadcast_to(right, q.shape), atol=0.12)


def test_probe_values_by_hand():
    assert probes.right_values("delay", 0.5)[1].tolist() == [[1.0], [0.5]]
    assert probes.right_values("choice", 0.5)[1].tolist() == [[-1.0, 1.0], [0.5, 0.5]]
    assert probes.right_values("truncation", 0.75)[1].tolist() == [[4.0]]
    assert probes.right_values("both", 0.5)[1].tolist() == [[1.0, -1.0], [-1.0, 1.0]]
    with pytest.raises(ValueError, match="there is no probe 'dely'. There are: one value"):
        gym.make("Probe-v0", name="dely")


def test_records_and_reproducibility():
    runs = [list(train_dqn(DQNConfig(**SHORT), seeds=3, seed=4, records=4)) for _ in range(2)]
    assert [record.step for record in runs[0]] == [304, 600, 904, 1200]
    last, again = runs[0][-1], runs[1][-1]
    assert last.training_return.shape == last.loss.shape == last.q.shape == (3,)
    assert last.updates == 1 + (1200 - 200) // 8
    assert last.epsilon == pytest.approx(0.05) and np.array_equal(last.training_return, again.training_return)
    assert all(map(torch.equal, last.network.parameters(), again.network.parameters()))
    other = list(train_dqn(DQNConfig(**SHORT), seeds=3, seed=5, records=1))[-1]
    assert not torch.equal(last.network.head.weight, other.network.head.weight)


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

    with pytest.raises(ValueError, match="Pendulum-v1 has the actions Box.*needs a Discrete action space"):
        first(env_id="Pendulum-v1")
    with pytest.raises(ValueError, match="CarRacing-v3 has the observations .*use a convolution"):
        first(env_id="CarRacing-v3", continuous=False)
    with pytest.raises(ValueError, match="FrozenLake-v1 has the observations Discrete.*for a few states a table"):
        first(env_id="FrozenLake-v1")
    with pytest.raises(ValueError, match="Gymnasium cannot make 'CartPol-v1'"):
        first(env_id="CartPol-v1")
    with pytest.raises(ValueError, match="n_steps = 0: must be a whole number between 1 and 50"):
        DQNConfig(n_steps=0)
    with pytest.raises(ValueError, match="replay_capacity = 64 is smaller than batch_size = 128"):
        first(DQNConfig(replay_capacity=64, batch_size=128))
    with pytest.raises(ValueError, match="steps = 100: nothing is learned before learning_starts = 200"):
        first(DQNConfig(**SHORT | {"steps": 100}))
    with pytest.raises(ValueError, match="seeds = 2, records = 0: both must be 1 or more"):
        first(records=0)
    with pytest.raises(ValueError, match="has no device 'tpu': use 'cpu'"):
        first(device="tpu")
    with pytest.raises(TypeError, match="double = 1: must be True or False"):
        DQNConfig(double=1)


class BrokenReward(gym.Wrapper):
    def step(self, action):
        observation, _, *rest = self.env.step(action)
        return observation, np.nan, *rest


def test_a_reward_that_is_no_number_stops_the_training():
    gym.register("Broken-v0", entry_point=lambda: BrokenReward(gym.make("CartPole-v1")))
    with pytest.raises(ValueError, match="Broken-v0 gave the reward nan at step 0: repair the environment's reward"):
        next(train_dqn(DQNConfig(**SHORT), "Broken-v0", seeds=1))


def test_a_loss_that_is_no_number_stops_the_training():
    def infinite(reward, terminated, next_q, discount):
        return td_target(reward, terminated, next_q, discount) + np.inf

    with pytest.raises(ValueError, match="the loss is not a number any more at step .*: lower learning_rate"):
        list(train_dqn(DQNConfig(**SHORT), seeds=1, target=infinite))


def test_other_environments_step_one_by_one():
    assert type(envs.make_envs("CartPole-v1", 2)).__name__ == "CartPoleVectorEnv"
    assert isinstance(envs.make_envs("MountainCar-v0", 2), gym.vector.SyncVectorEnv)


# Going on after a break


def everything(learner):
    return learner.state_dict() | {
        f"{n}{k}": v for n, s in learner.optimizer.state_dict()["state"].items() for k, v in s.items()
    }


def test_a_checkpoint_holds_the_whole_learner(tmp_path):
    config = DQNConfig(**SHORT, priority_exponent=0.6)
    path = tmp_path / "run.safetensors"
    list(train_dqn(config, seeds=2, seed=3, records=2, checkpoint=path))
    training = {"env_id": "CartPole-v1", "seed": 3, "seeds": 2, "config": asdict(config), "arguments": {}}
    training |= {"target": "td_target", "reward": None, "extra_loss": None}
    learners = [DQN(config, QNetwork(2, 4, 2, width=16, observation_scale=[1.0] * 4), seed=9) for _ in range(2)]
    for learner in learners:
        facts = storage.load_training(path, learner, training)
        assert facts["cpu_seconds"] > 0 and facts["step"] == 1200 and facts["updates"] == 1 + 1000 // 8
    storage.save_training(tmp_path / "again.safetensors", learners[0], training, facts)
    (first, facts), (second, again) = map(storage.load_tensors, (path, tmp_path / "again.safetensors"))
    assert first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)
    assert facts == again
    for _ in range(3):  # the same batches, the same updates
        for learner in learners:
            learner.update(learner.draw())
    for ours, theirs in zip(everything(learners[0]).values(), everything(learners[1]).values(), strict=True):
        assert torch.equal(ours, theirs)


KILLED = """
from course_utils.dqn import DQNConfig, train_dqn
for record in train_dqn(DQNConfig(steps=100_000, width=16, learning_starts=200), seeds=2, records=500, checkpoint="{}"):
    print(record.step, flush=True)
"""


def test_a_killed_training_goes_on(tmp_path):
    path = tmp_path / "run.safetensors"
    process = subprocess.Popen([sys.executable, "-c", KILLED.format(path)], stdout=subprocess.PIPE, text=True)
    reached = [int(process.stdout.readline()) for _ in range(12)][-1]
    time.sleep(0.02)
    process.kill()  # kill -9: no chance to tidy up
    process.wait()
    tensors, facts = storage.load_tensors(path)
    assert facts["step"] >= reached
    path.with_name(path.name + ".unfinished").write_bytes(b"half a che")
    config = DQNConfig(steps=100_000, width=16, learning_starts=200)
    training = train_dqn(config, seeds=2, records=500, checkpoint=path)
    record = next(training)
    assert record.step == facts["step"] and record.updates == facts["updates"]
    record = next(training)
    assert facts["step"] < record.step <= facts["step"] + 200 + 8
    assert record.updates > facts["updates"] > 0
    assert record.cpu_seconds > facts["cpu_seconds"]
    after, _ = storage.load_tensors(path)
    kept = int(tensors["replay.written"].min()) - 1
    assert torch.equal(after["replay.reward"][:kept], tensors["replay.reward"][:kept]) and kept > 100


def test_the_checkpoint_of_another_training_is_refused(tmp_path):
    path = tmp_path / "run.safetensors"
    config = DQNConfig(**SHORT)
    list(train_dqn(config, seeds=2, records=1, checkpoint=path))
    for other in ({"seeds": 3}, {"seed": 1}, {"config": replace(config, width=32)}, {"env_id": "Acrobot-v1"},
                  {"config": replace(config, environments=4)}, {"config": replace(config, discount=0.9)},
                  {"reward": lambda batch: 0 * batch.reward}):  # fmt: skip
        with pytest.raises(ValueError, match="run.safetensors is the checkpoint of another training"):
            next(train_dqn(**{"config": config, "seeds": 2, "checkpoint": path} | other))
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ValueError, match="run.safetensors is damaged"):
        next(train_dqn(config, seeds=2, checkpoint=path))


def test_a_finished_training_hands_out_its_end_again(tmp_path):
    config, path = DQNConfig(**SHORT), tmp_path / "run.safetensors"
    *_, last = train_dqn(config, seeds=2, records=2, checkpoint=path)
    (again,) = train_dqn(config, seeds=2, records=2, checkpoint=path)
    assert again.step == last.step == 1200 and again.cpu_seconds > 0.5 * last.cpu_seconds
    assert torch.equal(again.network.head.weight, last.network.head.weight)


def test_no_window_of_n_steps_crosses_a_break(tmp_path):
    path = tmp_path / "run.safetensors"
    config = DQNConfig(steps=2000, learning_starts=200, width=16)
    training = train_dqn(config, seeds=2, records=4, checkpoint=path)
    next(training)
    newest = storage.load_tensors(path)[0]["replay.written"] - 1
    resumed = train_dqn(config, seeds=2, records=4, checkpoint=path)
    next(resumed)
    next(resumed)
    learner = DQN(config, QNetwork(2, 4, 2, width=16), seed=0)
    learner.load_state_dict({k: v for k, v in storage.load_tensors(path)[0].items() if k in learner.state_dict()})
    slot = (learner.replay.first_slot + newest).view(2, -1)
    assert learner.replay.done[slot].all()
    batch = learner.replay.read(slot, 20, 0.9, torch.ones_like(slot))
    torch.testing.assert_close(batch.next_observation, learner.replay.next_observation[slot])


# Playing


def test_returns_of_known_policies():
    returns = evaluation.play_episodes(lambda o: np.zeros(o.shape[:2], int), "Probe-v0", 2, 5, name="both")
    assert set(returns.ravel()) == {-1.0, 1.0} and returns.shape == (2, 5)
    returns = evaluation.play_episodes(lambda o: np.zeros(o.shape[:2], int), "Probe-v0", 2, 20, name="truncation")
    assert (returns == 5).all()
    halves = evaluation.play_episodes(
        lambda o: np.zeros(o.shape[:2], int), "Probe-v0", 1, 20, discount=0.5, name="truncation"
    )
    assert np.allclose(halves, 1 + 1 / 2 + 1 / 4 + 1 / 8 + 1 / 16)


def test_cartpole_returns_equal_a_plain_loop():
    """A policy that leans on the pole's angle, in Gymnasium's single environment and in ours."""
    vector = evaluation.play_episodes(lambda o: (o[..., 2] + 0.3 * o[..., 3] > 0).astype(int), "CartPole-v1", 4, 200)
    env, alone = gym.make("CartPole-v1"), []
    for episode in range(200):
        observation, _ = env.reset(seed=episode)
        total, over = 0, False
        while not over:
            observation, reward, terminated, truncated, _ = env.step(int(observation[2] + 0.3 * observation[3] > 0))
            total, over = total + reward, terminated or truncated
        alone.append(total)
    assert abs(vector.mean() - np.mean(alone)) < 4 * np.std(alone) * (1 / 200 + 1 / 800) ** 0.5 + 1e-9


def test_ten_seeds_cost_little_more_than_one():
    """In CPU seconds of one run: 10 seeds at most 3 times one, 50 seeds at most 10 times."""
    seconds = {}
    for seeds in (1, 10, 50):
        *_, last = train_dqn(DQNConfig(steps=4000), seeds=seeds, records=1)
        seconds[seeds] = last.cpu_seconds
    assert seconds[10] <= 3 * seconds[1], seconds
    assert seconds[50] <= 10 * seconds[1], seconds


def test_the_whole_learner_solves_cartpole():
    *_, last = train_dqn(DQNConfig(), seeds=10, seed=0, records=1)
    returns = evaluation.play_episodes(greedy(last.network), "CartPole-v1", 10, 100, seed=0).mean(1)
    assert evaluation.interquartile_mean(returns) >= 485 and returns.mean() >= 475


def test_an_optimizer_may_be_gone_on_with():
    """The moments of the earlier training are there at the first update, and the earlier training keeps its own."""
    config = DQNConfig(steps=400, learning_starts=100, width=16, replay_capacity=400)
    *_, first = train_dqn(config, "CartPole-v1", 2, records=1)
    moments = first.optimizer.state_dict()["state"][0]
    before = {name: moment.clone() for name, moment in moments.items()}
    *_, warm = train_dqn(config, "CartPole-v1", 2, records=1, network=first.network, optimizer=first.optimizer)
    *_, cold = train_dqn(config, "CartPole-v1", 2, records=1, network=first.network)
    assert warm.optimizer.state_dict()["state"][0]["step"] == 2 * before["step"] == 2 * cold.updates
    assert all(torch.equal(moments[name], before[name]) for name in before)
    assert not torch.equal(warm.network.head.weight, cold.network.head.weight)
