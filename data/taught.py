"""The recipes of notebooks 04 to 06: demonstrations, and studies of what agents learn from them.

A study is a file with several arms; each arm is a function of this file with its settings, ten
agents each.
"""

from functools import cache

import numpy as np
import torch
from recording import save_demonstrations

from course_utils import storage
from course_utils.envs import OBSERVATION_SCALE
from course_utils.evaluation import mean_returns, record_episodes
from course_utils.learner import DQNConfig, Parts
from course_utils.losses import cloning_loss
from course_utils.networks import QNetwork, greedy, trembling
from course_utils.replay import ReplayBuffer
from course_utils.teach import rewards
from course_utils.teach.demonstrations import load_demonstrations, memory_of, split, transitions
from course_utils.teach.dqfd import DQfDConfig, expert_margin, pretrain
from course_utils.teach.imitation import CloneConfig, behavior_cloning, dagger
from course_utils.train import train_dqn

FOLDER = storage.SHIPPED
SEED, SEEDS, RECORDS, EPISODES = 0, 10, 12, 100  # tuned with seeds from 100 on
RECORD_SEED, CURVE_SEED, TEST_SEED = 30_000_000, 1000, 20_000_000
HELD_OUT, CURVE_EPISODES, TREMBLE = 20, 20, 0.3
TEMPERATURE, ENERGY, CONSTANT, SPEED_BONUS = 0.01, 20_000, 30.0, 100  # of notebook 06
TEACHER, MEDIOCRE = ("lunar_lander_320k", 0), ("lunar_lander_200k", 2)
CLONING = SEED, SEED  # of the first weights and of the batches of clones: see README.md


# ---- demonstrations ----


def shipped_agent(name: str, number: int):
    """The greedy policy of one shipped agent, for any number of seeds."""
    return greedy(
        storage.load_agent(storage.shipped(f"{name}.safetensors", FOLDER))[0].choose([number])
    )


def along_the_speed(observation: np.ndarray) -> np.ndarray:
    """A rule of thumb for MountainCar: push where the car moves."""
    return np.where(observation[..., 1] >= 0, 2, 0)


def shaken_teacher():
    """The teacher, which takes a random action now and then."""
    return trembling(shipped_agent(*TEACHER), TREMBLE, 4, np.random.default_rng(0))


SHAKEN = "agent 0 of lunar_lander_320k, a random action in 30 % of the steps"
EXPERTS = {  # of each dataset: environment, expert in words, episodes, and what makes the expert
    "lunar_lander/expert-v0": (
        "LunarLander-v3", "agent 0 of lunar_lander_320k", 100, lambda: shipped_agent(*TEACHER)
    ),
    "lunar_lander/mediocre-v0": (
        "LunarLander-v3", "agent 2 of lunar_lander_200k", 60, lambda: shipped_agent(*MEDIOCRE)
    ),
    "lunar_lander/noisy-v0": ("LunarLander-v3", SHAKEN, 60, shaken_teacher),
    "cart_pole/expert-v0": (
        "CartPole-v1", "agent 0 of cartpole", 40, lambda: shipped_agent("cartpole", 0)
    ),
    "mountain_car/expert-v0": (
        "MountainCar-v0", "a rule: push where it moves", 60, lambda: along_the_speed
    ),
}  # fmt: skip
DEMONSTRATIONS = {
    name: {"env_id": env_id, "expert": expert, "episodes": episodes}
    for name, (env_id, expert, episodes, _) in EXPERTS.items()
}


def build_demonstrations(name: str) -> None:
    """Let one expert play, and store its episodes."""
    env_id, expert, episodes, make_expert = EXPERTS[name]
    seed = RECORD_SEED + 1000 * list(EXPERTS).index(name)
    [played] = record_episodes(make_expert(), env_id, 1, episodes, seed)
    save_demonstrations(name, played, env_id, {"expert": expert, "record_seed": seed})


# ---- arms ----


def given(name: str, episodes: int) -> list:
    """For each seed its own choice of so many episodes, the same for all arms.

    The last ones are held out.
    """
    training = load_demonstrations(name)[:-HELD_OUT]
    streams = [np.random.default_rng([SEED, seed]) for seed in range(SEEDS)]
    return [split(training, (episodes,), stream)[0] for stream in streams]


def tested_on_the_way(training, env_id: str, episodes: int, seed: int) -> tuple:
    """Steps [T], the networks' returns [S, T] in new episodes at each, and the last networks."""
    steps, curve = [], []
    for record in training:
        steps.append(record.step)
        curve.append(mean_returns(record.network, env_id, episodes, seed + record.step))
    return steps, np.array(curve).T, record.network


def clone_the_pole(episodes: int, config: dict) -> dict:
    """Behaviour cloning of CartPole."""
    memory = memory_of(given("cart_pole/expert-v0", episodes))
    *_, last = behavior_cloning(CloneConfig(**config), memory, 2, CLONING, 1)
    return {"return": mean_returns(last.network, "CartPole-v1", EPISODES, TEST_SEED)}


def spread(chosen: list, steps: int) -> ReplayBuffer:
    """A memory of so many steps of each seed, drawn at random from all its episodes."""
    memory = ReplayBuffer(len(chosen), 1, steps, chosen[0][0].observation.shape[1])
    for lane, episodes in enumerate(chosen):
        columns, stream = transitions(episodes), np.random.default_rng([SEED, lane, 1])
        rows = stream.choice(len(columns["action"]), steps, replace=False)
        memory.extend(lane, **{name: columns[name][rows] for name in ("observation", "action")})
    return memory


def clone(demonstrations: str, episodes: int, config: dict, most=None, scattered=False) -> dict:
    """Behaviour cloning of LunarLander.

    most: only so many steps, the first of the episodes, or scattered over all of them.
    """
    chosen = given(demonstrations, episodes)
    memory = spread(chosen, most) if scattered else memory_of(chosen, most=most)
    *_, last = behavior_cloning(CloneConfig(**config), memory, 4, CLONING, 1)
    returns = mean_returns(last.network, "LunarLander-v3", EPISODES, TEST_SEED)
    return {"return": returns, "labels": last.labels}


def aggregate(labels: int, rounds: int, config: dict) -> dict:
    """DAgger: half of the labels from the expert's own episodes, the rest where the clone goes."""
    each = labels // 2 // rounds
    first = labels - rounds * each
    memory = memory_of(given("lunar_lander/expert-v0", 40), spare=rounds * each, most=first)
    teacher = shipped_agent(*TEACHER)

    def expert(observation):  # one teacher for all seeds
        together = observation.reshape(1, -1, observation.shape[-1])
        return teacher(together).reshape(observation.shape[:2])

    given_labels = expert, memory, 4, rounds, each, SEED
    *_, last = dagger(CloneConfig(**config), "LunarLander-v3", *given_labels)
    returns = mean_returns(last.network, "LunarLander-v3", EPISODES, TEST_SEED)
    return {"return": returns, "labels": last.labels}


def soft_margin(q, action, margin):
    """The penalty of CQL, log Σ_a exp(q_a) − q(a_E): Kumar et al. 2020 (arXiv 2006.04779)."""
    return cloning_loss(q, action)


def go_on(
    env_id: str,
    episodes: int,
    config: dict,
    cloned: dict | None,
    warm_up: int,
    shown: bool,
    margin: bool | str,
) -> dict:
    """Q-learning after, or with, demonstrations.

    cloned: settings of the cloning that the network comes from; None for a fresh one. warm_up:
    updates on the demonstrations alone. shown: whether they stay in every batch. margin: whether
    the margin loss is added; "soft": the penalty of CQL in its place.
    """
    lander, car = ("lunar_lander", 4), ("mountain_car", 3)
    name, actions = {"LunarLander-v3": lander, "MountainCar-v0": car}[env_id]
    memory = memory_of(given(f"{name}/expert-v0", episodes))
    config = DQfDConfig(**config)
    extra = expert_margin(soft_margin) if margin == "soft" else expert_margin()
    parts = Parts(extra_loss=extra if margin else None)
    if cloned:
        *_, last = behavior_cloning(CloneConfig(**cloned), memory, actions, CLONING, 1)
        network = last.network
    else:
        size = SEEDS, memory.observation.shape[1], actions, config.width
        scale, generator = OBSERVATION_SCALE.get(env_id), torch.Generator().manual_seed(SEED)
        network = QNetwork(*size, observation_scale=scale, generator=generator)
    fresh_episodes = EPISODES, TEST_SEED
    start = mean_returns(network, env_id, *fresh_episodes)
    if warm_up:
        *_, (_, _, network) = pretrain(config, memory, network, warm_up, SEED, 1, parts)
    first = mean_returns(network, env_id, *fresh_episodes)
    options = {"parts": parts, "network": network, "demonstrations": memory if shown else None}
    training = train_dqn(config, env_id, SEEDS, SEED, RECORDS, **options)
    steps, curve, network = tested_on_the_way(training, env_id, CURVE_EPISODES, CURVE_SEED)
    returns = mean_returns(network, env_id, *fresh_episodes)
    curves = {"steps": np.array([0, *steps]), "curve": np.column_stack([first, curve])}
    return {"start": start, "return": returns} | curves


def energy(observation):
    """A potential for MountainCar: the car's energy, in units of the reward."""
    position, speed = observation[..., 0], observation[..., 1]
    return ENERGY * (speed**2 / 2 + 0.0025 / 3 * torch.sin(3 * position))


def speed(observation):
    """How fast the car is, to the left or to the right."""
    return observation[..., 1].abs()


REWARDS = {
    "as it is": lambda batch: batch.reward,
    "shaped by the energy": rewards.with_potential(energy),
    "shaped by a constant": rewards.with_potential(lambda x: 0 * x[..., 0] + CONSTANT),
    "bonus for speed": lambda batch: batch.reward + SPEED_BONUS * speed(batch.next_observation),
}


def rewarded(config: dict, reward: str) -> dict:
    """MountainCar with a changed reward: the environment's return, and what the agent was paid."""
    steps, curve, paid = [], [], []
    training = DQNConfig(**config), "MountainCar-v0", SEEDS, SEED, RECORDS
    for record in train_dqn(*training, parts=Parts(reward=REWARDS[reward])):
        test = SEEDS, CURVE_EPISODES, CURVE_SEED + record.step
        memory = memory_of(record_episodes(greedy(record.network), "MountainCar-v0", *test))
        for number in range(SEEDS):
            slot = memory.first_slot[number] + torch.arange(memory.filled()[number].item())
            batch = memory.read(slot, 1, config["discount"], torch.ones(len(slot)))
            curve.append(batch.reward.sum() / CURVE_EPISODES)
            paid.append(REWARDS[reward](batch).sum() / CURVE_EPISODES)
        steps.append(record.step)
    curves = {"curve": curve, "paid": paid}
    curves = {name: np.array(values).reshape(-1, SEEDS).T for name, values in curves.items()}
    returns = mean_returns(record.network, "MountainCar-v0", EPISODES, TEST_SEED)
    return {"return": returns, "steps": np.array(steps)} | curves


def by_demonstrations(env_id: str, episodes: int, config: dict, absorbing: bool) -> dict:
    """SQIL: no reward but 1 for each step of the expert."""
    name = {"CartPole-v1": "cart_pole", "MountainCar-v0": "mountain_car"}[env_id]
    config = DQfDConfig(**config)
    reward = rewards.sqil_reward(config.discount, absorbing)
    parts = Parts(reward=reward, td_target=rewards.soft_target(TEMPERATURE))
    memory = memory_of(given(f"{name}/expert-v0", episodes))
    *_, last = train_dqn(config, env_id, SEEDS, SEED, 1, parts=parts, demonstrations=memory)
    return {"return": mean_returns(last.network, env_id, EPISODES, TEST_SEED)}


LANDER = {
    "width": 128, "n_steps": 5, "double": True, "environments": 16, "updates_per_step": 2,
    "target_period": 1, "target_rate": 0.01, "learning_starts": 1000, "replay_capacity": 100_000,
    "batch_size": 64, "steps": 60_000, "epsilon_start": 0.05, "demonstration_ratio": 0.5,
    "margin_weight": 2.0, "margin_until": 1.0,
}  # fmt: skip
CAR = {
    "discount": 0.99, "n_steps": 10, "steps": 30_000, "epsilon_start": 0.1, "epsilon": 0.02,
    "exploration": 0.1, "replay_capacity": 40_000, "batch_size": 64, "margin_until": 0.3,
}  # fmt: skip
WALK = {
    "discount": 0.99, "n_steps": 1, "steps": 40_000, "exploration": 0.5,
    "replay_capacity": 40_000, "batch_size": 64,
}  # fmt: skip
SQIL = {
    "discount": 0.99, "n_steps": 1, "target_period": 20, "batch_size": 64,
    "demonstration_ratio": 0.5, "epsilon_start": 0.01, "epsilon": 0.01,
}  # fmt: skip
SMALL = {"width": 64, "batch_size": 64}


def study_of_imitation():
    """Notebook 04: how much from how many demonstrations of whom; DAgger at as many labels."""
    numbers = {"expert": (1, 2, 4, 10, 20, 40), "mediocre": (4, 20), "noisy": (4, 20)}
    for kind, counts in numbers.items():
        for episodes in counts:
            settings = {"demonstrations": f"lunar_lander/{kind}-v0", "episodes": episodes}
            yield f"{kind}, {episodes} episodes", clone, settings | {"config": {}}
    for labels in (250, 500, 1000, 2000, 4000):
        settings = {"demonstrations": "lunar_lander/expert-v0", "episodes": 40, "most": labels}
        settings["config"] = SMALL | {"updates": 3000}
        yield f"cloning, {labels} labels", clone, settings
        yield f"cloning, {labels} scattered labels", clone, settings | {"scattered": True}
        settings = {"labels": labels, "rounds": 5, "config": SMALL | {"updates": 500}}
        yield f"DAgger, {labels} labels", aggregate, settings


def study_of_demonstrations():
    """Notebook 05: what becomes of a clone that goes on with Q-learning, and what holds it."""
    bare = {"warm_up": 0, "shown": False, "margin": False}
    lander = bare | {"env_id": "LunarLander-v3", "episodes": 4}
    lander |= {"cloned": {"width": 128}, "config": LANDER}
    yield "lander: plain DQN", go_on, lander
    yield "lander: + demonstrations", go_on, lander | {"shown": True}
    yield "lander: + margin loss", go_on, lander | {"shown": True, "margin": True}
    complete = lander | {"shown": True, "margin": True, "warm_up": 2000}
    yield "lander: + warm-up", go_on, complete
    yield "lander: with 1 step", go_on, complete | {"config": LANDER | {"n_steps": 1}}

    car = {"env_id": "MountainCar-v0", "episodes": 10, "cloned": None, "config": CAR}
    car |= {"warm_up": 2000, "shown": True, "margin": True}
    yield "car: complete", go_on, car
    yield "car: λ₂ never falls", go_on, car | {"config": CAR | {"margin_until": 0}}
    yield "car: without the margin", go_on, car | {"margin": False}
    yield "car: without warm-up", go_on, car | {"warm_up": 0}
    yield "car: with 1 step", go_on, car | {"config": CAR | {"n_steps": 1}}
    yield "car: with CQL's penalty", go_on, car | {"margin": "soft"}
    yield "car: warm-up, then plain DQN", go_on, car | {"shown": False}
    at_once = {"config": CAR | {"margin_until": 0.001}}  # before the first update
    yield "car: warm-up, then no margin", go_on, car | at_once
    yield "car: without demonstrations", go_on, car | bare
    clone_first = car | bare | {"cloned": {"width": 64, "batch_size": 64, "updates": 1000}}
    yield "car: cloned, then plain DQN", go_on, clone_first
    yield "car: cloned, then 1-step DQN", go_on, clone_first | {"config": CAR | {"n_steps": 1}}


def study_of_rewards():
    """Notebook 06: rewards that are changed, and demonstrations in place of a reward."""
    for reward in REWARDS:
        yield f"car: {reward}", rewarded, {"config": WALK, "reward": reward}
    for episodes in (1, 4):
        settings = {"episodes": episodes, "config": SMALL}
        yield f"pole: cloning, {episodes} episodes", clone_the_pole, settings
        settings = {"env_id": "CartPole-v1", "episodes": episodes, "absorbing": False}
        settings["config"] = SQIL | {"steps": 8000, "reward_scale": 1.0}
        yield f"pole: SQIL, {episodes} episodes", by_demonstrations, settings
    settings = {"env_id": "MountainCar-v0", "episodes": 10, "config": SQIL | {"steps": 20_000}}
    yield "car: SQIL", by_demonstrations, settings | {"absorbing": False}
    yield "car: SQIL, absorbing", by_demonstrations, settings | {"absorbing": True}


CHOSEN = {}
STUDIES = {"imitation": study_of_imitation, "demonstrations": study_of_demonstrations}
STUDIES |= {"rewards": study_of_rewards}


@cache
def weights_hash(name: str) -> str:
    """A hash of shipped weights: that of the file changes with the seconds on their card."""
    return storage.fingerprint(
        storage.load_tensors(storage.shipped(f"{name}.safetensors", FOLDER))[0]
    )


def fixed() -> dict:
    """What all arms have in common and a recipe must name."""
    facts = {"seed": SEED, "seeds": SEEDS, "record_seed": RECORD_SEED}
    facts |= {"test_seeds": [CURVE_SEED, TEST_SEED], "records": RECORDS, "episodes": EPISODES}
    facts |= {"curve_episodes": CURVE_EPISODES, "held_out": HELD_OUT, "tremble": TREMBLE}
    facts |= {"temperature": TEMPERATURE, "energy": ENERGY, "constant": CONSTANT}
    facts |= {"speed_bonus": SPEED_BONUS, "demonstrations": DEMONSTRATIONS}
    return facts | {"teachers": [weights_hash(name) for name, _ in (TEACHER, MEDIOCRE)]}
