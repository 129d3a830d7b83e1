"""The recipes of notebooks 07 to 09: shipped agents that meet other tasks, in parts and sequences.

A study is a file with several arms, as in `taught`; each arm is a function of this file with its
settings, ten agents.
"""

import itertools

import numpy as np
import taught
import torch

from course_utils import storage
from course_utils.envs import OBSERVATION_SCALE, play_in
from course_utils.evaluation import mean_returns, record_episodes
from course_utils.learner import DQNConfig, Parts
from course_utils.losses import td_loss
from course_utils.networks import QNetwork, greedy, learning_part, trembling
from course_utils.teach.demonstrations import memory_of
from course_utils.train import due_steps, make_learner, train_dqn
from course_utils.tune import continual, parts
from course_utils.tune.worlds import TASKS

SEED, SEEDS, EPISODES = 0, 10, 100  # tuned with seeds from 100 on
CURVE_SEED, TEST_SEED, MEMORY_SEED, CURVE_EPISODES = 1000, 20_000_000, 40_000_000, 10
SOURCES = {"CartPole-v1": "cartpole", "LunarLander-v3": "lunar_lander_320k"}
GRAVITIES = -1.0, -2.0, -4.0, -6.0, -8.0, -10.0, -11.9
WINDS = 0.0, 5.0, 10.0, 15.0, 20.0


def source(env_id: str) -> QNetwork:
    """The ten shipped agents of the task that this one is a variant of: each seed has its own."""
    name = SOURCES[TASKS[env_id].parent]
    return storage.load_agent(storage.shipped(f"{name}.safetensors", taught.FOLDER))[0]


def fresh(env_id: str) -> QNetwork:
    """Ten untrained networks of the same shape."""
    scale, generator = OBSERVATION_SCALE.get(env_id), torch.Generator().manual_seed(SEED)
    return QNetwork(**source(env_id).arguments, observation_scale=scale, generator=generator)


def biases_and_head_too(network: QNetwork) -> QNetwork:
    """The same network, in which the biases and the head learn beside what was added."""
    for name, parameter in network.named_parameters():
        too = name.endswith("bias") or name.startswith("head")
        parameter.requires_grad_(parameter.requires_grad or too)
    return network


def begin_again(network: QNetwork, part: str) -> QNetwork:
    """A copy in which a part, "head" or "hidden" layers, is that of a fresh network."""
    scale, generator = network.observation_scale.tolist(), torch.Generator().manual_seed(SEED)
    fresh_one = QNetwork(**network.arguments, observation_scale=scale, generator=generator)
    old = {n: weight for n, weight in network.state_dict().items() if not n.startswith(part)}
    fresh_one.load_state_dict(fresh_one.state_dict() | old)
    return fresh_one


WAYS = {
    "full": lambda network: network,
    "fresh head": lambda network: begin_again(network, "head"),
    "fresh features": lambda network: begin_again(network, "hidden"),
    "head": parts.head_only,
    "BitFit": parts.bitfit,
    "adapters 1": lambda network: parts.add_adapters(network, 1, SEED),
    "adapters 2": lambda network: parts.add_adapters(network, 2, SEED),
    "LoRA 1": lambda network: parts.add_lora(network, 1, seed=SEED),
    "LoRA 2": lambda network: parts.add_lora(network, 2, seed=SEED),
    "LoRA 4": lambda network: parts.add_lora(network, 4, seed=SEED),
    "LoRA 2, biases, head": lambda network: biases_and_head_too(WAYS["LoRA 2"](network)),
    "LoRA 4, α = 1": lambda network: parts.add_lora(network, 4, 1.0, SEED),
}


def learn(env_id: str, way: str, config: dict, records: int) -> dict:
    """A task, learned by fresh agents or by some part of the shipped ones.

    They are tested along the way and after.
    """
    network = fresh(env_id) if way == "fresh" else WAYS[way](source(env_id))
    training = train_dqn(DQNConfig(**config), env_id, SEEDS, SEED, records, network=network)
    test = env_id, CURVE_EPISODES, CURVE_SEED
    steps, curve, network = taught.tested_on_the_way(training, *test)
    returns = mean_returns(network, env_id, EPISODES, TEST_SEED)
    arrays = {"steps": steps, "curve": curve, "return": returns}
    return arrays | {"trainable": parts.trainable(network)}


def zero_shot(env_id: str) -> dict:
    """What the shipped agents return in a task before any learning, and what fresh ones do."""
    agents = {"return": source(env_id), "fresh": fresh(env_id)}
    return {name: mean_returns(own, env_id, EPISODES, TEST_SEED) for name, own in agents.items()}


def zero_shot_map() -> dict:
    """What the shipped landers return by gravity and wind, unlearned: `map` [S, gravity, wind]."""
    network = source("LunarLander-Wind-v0")

    def returns(gravity, wind):
        world = {"gravity": gravity, "enable_wind": wind > 0, "wind_power": wind}
        return mean_returns(network, "LunarLander-v3", 10, TEST_SEED, **world)

    cells = [[returns(gravity, wind) for wind in WINDS] for gravity in GRAVITIES]
    found = np.moveaxis(np.array(cells), -1, 0)
    return {"map": found, "return": found.mean((1, 2))}


def after_more_source(env_id: str, config: dict, parts: int) -> dict:
    """A task, begun from ever later moments of one training on CartPole.

    `by_source` is [S, parts + 1], 0 the first. All explore as agents that go on, also those of
    moment 0.
    """
    steps, sources = [0], [fresh(env_id)]
    start = {"network": sources[0]}
    for record in train_dqn(DQNConfig(), "CartPole-v1", SEEDS, SEED + 1, parts, **start):
        steps.append(record.step)
        sources.append(record.network.choose(list(range(SEEDS))))
    ends = []
    for network in sources:
        *_, last = train_dqn(DQNConfig(**config), env_id, SEEDS, SEED, 1, network=network)
        ends.append(mean_returns(last.network, env_id, EPISODES, TEST_SEED))

    def test(where):
        return [mean_returns(network, where, EPISODES, TEST_SEED) for network in sources]

    arrays = {"at_home": test("CartPole-v1"), "starts": test(env_id), "by_source": ends}
    columns = {name: np.array(rows).T for name, rows in arrays.items()}
    return {"steps": steps, "return": ends[-1]} | columns


# ---- one task after another ----


SEQUENCE = ["CartPole-v1", "CartPole-Reversed-v0", "CartPole-ShortPole-v0"]
TREMBLE, FISHER_SAMPLES = 0.3, 200


WITH_MEMORY = "replay", "distillation, old states", "EWC", "online EWC", "EWC by policy"


def what_keeps(method: str, weight: float, network: QNetwork, task: int, memories, anchors):
    """The `extra_loss` of a method for the tasks before this one."""
    if anchors:
        return continual.elastic(anchors[-1:] if method == "online EWC" else anchors, weight)
    if method == "replay":
        return continual.rehearse(memories, weight, seed=SEED + task)
    if method.startswith("distillation"):
        seen = memories if method.endswith("old states") else None
        return continual.keep_outputs(network, list(range(task)), weight, seen, seed=SEED + task)
    return None


def importance_of(method: str, network: QNetwork, task: int, memories) -> dict[str, torch.Tensor]:
    """How hard each parameter is held: by its Fisher information; or all alike, by a spring."""
    if method == "uniform spring":  # as with EWC, the heads of other tasks stay free
        own = f"other_heads.{task - 1}." if task else "head."
        learns = learning_part(network).items()
        kept = {n: p for n, p in learns if "head" not in n or n.startswith(own)}
        return {name: torch.ones_like(parameter) for name, parameter in kept.items()}
    stream, memory = torch.Generator().manual_seed(SEED + task), memories[task]
    samples = min(FISHER_SAMPLES, len(memory))  # who learned little has fallen soon
    states = memory.sample(samples, 1, 1.0, stream).observation
    return continual.fisher(network, states, "policy" if method == "EWC by policy" else "gaussian")


def sequence(config: dict, method: str, weight=1.0, heads=True, kept_episodes=10, order=()) -> dict:
    """Three tasks in a row: `matrix` [S, 4, 3], the returns before the first and after each task.

    method: what keeps the old tasks alive. heads: one for each task, else one for all.
    kept_episodes: how many episodes the agent plays after a task, with some random actions, to fill
    the method's memory; `kept_steps`: their steps, the mean over agents. order: of the tasks, as
    numbers of `SEQUENCE`; the matrix has its columns in this order. For a task still to come the
    newest column answers, or a separate network that is untrained.
    """
    if method not in ("none", "columns", "separate", *WEIGHTS):
        known = ", ".join(("none", "columns", "separate", *WEIGHTS))
        raise ValueError(f"method = {method!r}: choose one of {known}.")
    tasks = [SEQUENCE[task] for task in order] or SEQUENCE
    network = untrained = fresh(SEQUENCE[1])  # CartPole-v1 itself is no variant
    network = continual.add_heads(network, len(tasks), SEED) if heads else network
    own_networks, memories, anchors, rows, kept_steps = [], {}, [], [], 0

    def network_for(task):
        if method in ("columns", "separate") and task < len(own_networks):
            return own_networks[task]
        return untrained if method == "separate" else network

    def test(task, env_id):
        head = task if heads else None
        return mean_returns(network_for(task), env_id, EPISODES, TEST_SEED, head)

    rows.append([test(*each) for each in enumerate(tasks)])
    for task, env_id in enumerate(tasks):
        keeps = what_keeps(method, weight, network, task, memories, anchors) if task else None
        if method == "columns" and task:
            network = continual.ProgressiveNetwork(network, SEED + task)
        start = {"network": network_for(task), "task": task if heads else 0}
        start |= {"parts": Parts(extra_loss=keeps)}
        *_, last = train_dqn(DQNConfig(**config), env_id, SEEDS, SEED + task, 1, **start)
        network = last.network
        own_networks.append(network)
        rows.append([test(*each) for each in enumerate(tasks)])
        if env_id == tasks[-1]:
            break  # nothing comes that would need a memory
        if method in WITH_MEMORY:
            stream = np.random.default_rng(SEED + task)
            act = trembling(greedy(network), TREMBLE, network.arguments["actions"], stream)
            seed = MEMORY_SEED + SEED + task
            episodes = record_episodes(act, env_id, SEEDS, kept_episodes, seed)
            memories[task] = memory_of(episodes)
            kept_steps += np.mean([sum(len(each.reward) for each in one) for one in episodes])
        if "EWC" in method or method == "uniform spring":
            before = anchors[-1] if anchors and method == "online EWC" else None
            importance = importance_of(method, network, task, memories)
            anchors.append(continual.remember_weights(network, importance, before))
    matrix = np.moveaxis(np.array(rows), -1, 0)
    used = own_networks if method == "separate" else [network]
    arrays = {"matrix": matrix, "return": matrix[:, -1].mean(1), "kept_steps": kept_steps}
    return arrays | {"parameters": sum(each.parameters_of_one() for each in used)}


def joint(config: dict) -> dict:
    """The three tasks of the sequence at once, the same steps of each: `matrix` as of `sequence`.

    One network with a head a task; each update adds up the losses of a batch of every task. Tested
    before, and after each third of the training.
    """
    network = continual.add_heads(fresh(SEQUENCE[1]), len(SEQUENCE), SEED)

    def others(first, q, batch):
        """The TD loss of the other tasks, each on its own memory and by its own head."""
        drawn = {task: learners[task].draw() for task in range(1, len(SEQUENCE))}
        errors = {task: first.errors(batch, task)[0] for task, batch in drawn.items()}
        return sum(td_loss(errors[task], batch.weight) for task, batch in drawn.items())

    start = {"network": network, "parts": Parts(extra_loss=others)}
    settings = DQNConfig(**config)
    makers = [(settings, env_id, SEEDS, SEED + task) for task, env_id in enumerate(SEQUENCE)]
    learners = [make_learner(*each, **start) for each in makers]
    first = learners[0]
    for learner in learners[1:]:
        learner.network = first.network  # they only play and remember
    plays = [play_in(each.envs, each.act, SEEDS, each.env_seed) for each in learners]

    def test():
        return [mean_returns(first.network, *each) for each in tests]

    tests = [(env_id, EPISODES, TEST_SEED, task) for task, env_id in enumerate(SEQUENCE)]
    rows, due = [test()], due_steps(settings.steps, len(SEQUENCE))
    while due:
        for task, (learner, play) in enumerate(zip(learners, plays, strict=True)):
            first.network.task = task
            learner.remember(next(play))
        first.network.task = 0
        if first.step >= settings.learning_starts:
            first.update(first.draw())
        if first.step >= due[0]:
            rows.append(test())
            del due[0]
    matrix = np.moveaxis(np.array(rows), -1, 0)
    numbers = {"kept_steps": 0, "parameters": first.network.parameters_of_one()}
    return {"matrix": matrix, "return": matrix[:, -1].mean(1)} | numbers


POLE = {"steps": 15_000, "learning_rate_decay": 0.01}
LANDER = {
    name: value for name, value in taught.LANDER.items() if name in DQNConfig.__dataclass_fields__
}
LANDER |= {"steps": 30_000, "learning_rate_decay": 0.01}
EXPLORING = {
    "CartPole-v1": POLE,
    "LunarLander-v3": LANDER | {"epsilon_start": 1.0, "exploration": 0.15},
}
GOING_ON = {
    "CartPole-v1": POLE | {"epsilon_start": 0.05, "learning_starts": 500},
    "LunarLander-v3": LANDER,
}
RATES = (3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1)
HEAVY, LIGHT = "CartPole-HighGravity-v0", "LunarLander-LowGravity-v0"
REVERSED, REVERSED_SHORT = "CartPole-Reversed-v0", "CartPole-ReversedShort-v0"
SWEPT = (HEAVY, REVERSED, REVERSED_SHORT)  # at all rates
# The best of those tried, by tests on the way in episodes of their own. Notebook 07: by the mean of
# all tests, on base seed 100; for the poles with ten other source agents, trained with that seed;
# for the landers, on LowGravity, with five of the shipped ones and four rates from 3e-4. Notebook
# 08: by the last three tests; on the pole with the same other agents, base seeds 100 to 102 and the
# rates from 1e-3 to 1e-1; on the moon as the landers of 07.
POLE_RATES = {
    "CartPole-LongPole-v0": {"fresh": 1e-2, "full": 1e-1},
    "CartPole-ShortPole-v0": {"fresh": 1e-3, "full": 3e-3},
    HEAVY: {"fresh": 3e-3, "full": 1e-2, "head": 1e-1},
    "CartPole-WeakForce-v0": {"fresh": 3e-3, "full": 1e-3},
    REVERSED: {"fresh": 1e-2, "full": 1e-2, "head": 3e-1},
    REVERSED_SHORT: {"fresh": 1e-3, "full": 1e-2, "head": 3e-2, "full, exploring": 1e-2},
}
LANDER_RATES = {"fresh": 1e-3, "full": 3e-4, "head": 1e-3}  # those of LowGravity, for all landers
BEST_RATES = {
    "transfer": {env_id: POLE_RATES.get(env_id, LANDER_RATES) for env_id in TASKS},
    "adaptation": {
        "full": 3e-2,
        "head": 3e-2,
        "BitFit": 3e-2,
        "adapters 1": 3e-3,
        "adapters 2": 3e-3,
        "LoRA 1": 1e-2,
        "LoRA 2": 1e-2,
        "LoRA 4": 3e-2,
    },
    "on the moon": {
        "BitFit": 3e-4,
        "adapters 2": 1e-3,
        "LoRA 2": 1e-3,
        "LoRA 4": 1e-3,
        "LoRA 2, biases, head": 1e-3,
    },
}
LONGER = 25_000
SPRINGS = (10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0, 10_000.0)
WEIGHTS = {  # of the loss that keeps the old tasks
    "replay": (0.3, 1.0, 3.0, 10.0),
    "distillation, old states": (0.1, 0.3, 1.0, 3.0),
    "distillation, new states": (0.1, 0.3, 1.0, 3.0),
    "EWC": SPRINGS,
    "online EWC": SPRINGS,
    "EWC by policy": (30.0, 100.0, 300.0, 1000.0, 3000.0, 10_000.0, 30_000.0),
    "uniform spring": (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0),
}
# On base seed 100, with other test episodes, by the mean return on all three tasks at the end.
BEST_WEIGHTS = {
    "replay": 3.0,
    "distillation, old states": 0.3,
    "distillation, new states": 1.0,
    "EWC": 1000.0,
    "online EWC": 1000.0,
    "EWC by policy": 10_000.0,
    "uniform spring": 300.0,
}


def arm_of(env_id: str, way: str, rate: float, **more) -> tuple:
    """A name, the function and the settings of one way to learn a task."""
    parent = TASKS[env_id].parent
    configs = EXPLORING if way == "fresh" or way.endswith("exploring") else GOING_ON
    config = configs[parent] | {"learning_rate": rate} | more
    settings = {"env_id": env_id, "way": way.removesuffix(", exploring"), "config": config}
    settings["records"] = {"CartPole-v1": 12, "LunarLander-v3": 6}[parent]
    return f"{env_id}: {way}, η = {rate:g}", learn, settings


def study_of_transfer():
    """Notebook 07: every task, by fresh and by shipped agents; a map; rates; source training."""
    for env_id in TASKS:
        yield f"{env_id}: zero-shot", zero_shot, {"env_id": env_id}
        if env_id not in SWEPT:
            for way in ("fresh", "full"):
                yield arm_of(env_id, way, BEST_RATES["transfer"][env_id][way])
    for env_id in SWEPT:
        for way in POLE_RATES[env_id]:
            for rate in RATES:
                yield arm_of(env_id, way, rate)
    for way in ("fresh head, exploring", "fresh features, exploring"):
        for rate in RATES:
            yield arm_of(REVERSED_SHORT, way, rate)
    yield arm_of(LIGHT, "head", LANDER_RATES["head"])
    for env_id in (HEAVY, REVERSED):
        for rate in (1e-3, 3e-3, 1e-2):
            config = GOING_ON["CartPole-v1"] | {"steps": 5000, "learning_rate": rate}
            settings = {"env_id": env_id, "config": config, "parts": 8}
            yield f"{env_id}: by source, η = {rate:g}", after_more_source, settings
    yield "map", zero_shot_map, {}


def study_of_adaptation():
    """Notebook 08: which part learns, how many numbers it has, and how fast it may learn."""
    for way in [*BEST_RATES["adaptation"], "LoRA 4, α = 1"]:
        for rate in RATES[1:]:
            yield arm_of(HEAVY, way, rate, steps=LONGER)
    for way, rate in BEST_RATES["on the moon"].items():
        yield arm_of(LIGHT, way, rate)


def study_of_continual_learning():
    """Notebook 09: three tasks in a row, and what keeps the first ones alive."""
    for method in ("none", "columns", "separate"):
        yield method, sequence, {"config": POLE, "method": method, "heads": method == "none"}
    yield "joint", joint, {"config": POLE}
    for method, weights in WEIGHTS.items():
        for weight in weights:
            settings = {"config": POLE, "method": method, "weight": weight}
            yield f"{method}, λ = {weight:g}", sequence, settings
    replay = {"config": POLE, "method": "replay", "weight": BEST_WEIGHTS["replay"]}
    yield "replay, 1 episode", sequence, replay | {"kept_episodes": 1}
    for method, weight in (("none", 0.0), ("replay", 1.0), ("distillation, old states", 0.3)):
        settings = {"config": POLE, "method": method, "weight": weight, "heads": False}
        yield f"one head: {method}", sequence, settings


def study_of_orders():
    """Notebook 09: the same three tasks in every order, and the ways to keep that are built there.

    λ as chosen for the first order.
    """
    ways = {"nothing": ("none", 1.0)}
    for method in ("EWC", "replay", "distillation, old states"):
        ways[method] = method, BEST_WEIGHTS[method]
    for order in itertools.permutations(range(len(SEQUENCE))):
        for way, (method, weight) in ways.items():
            settings = {"config": POLE, "method": method, "weight": weight, "order": list(order)}
            yield f"{way}: {', '.join(map(str, order))}", sequence, settings


CHOSEN = {
    "rates": RATES,
    "best_rates": BEST_RATES,
    "weights": WEIGHTS,
    "best_weights": BEST_WEIGHTS,
}
STUDIES = {
    "transfer": study_of_transfer,
    "adaptation": study_of_adaptation,
    "continual": study_of_continual_learning,
    "orders": study_of_orders,
}


def fixed() -> dict:
    """What all arms have in common and a recipe must name."""
    facts = {"seed": SEED, "seeds": SEEDS, "episodes": EPISODES, "curve_episodes": CURVE_EPISODES}
    facts |= {"test_seeds": [CURVE_SEED, TEST_SEED], "memory_seed": MEMORY_SEED}
    facts |= {"sequence": SEQUENCE}
    facts |= {"tremble": TREMBLE, "fisher_samples": FISHER_SAMPLES}
    facts |= {"map": [GRAVITIES, WINDS], "tasks": TASKS}
    return facts | {"sources": [taught.weights_hash(name) for name in SOURCES.values()]}
