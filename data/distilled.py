"""The recipes of notebooks 10 to 12: students of the shipped agents, of one teacher or several.

A study is a file with several arms, as in `taught`; each arm is a function of this file with its
settings.
"""

from collections.abc import Callable
from functools import cache
from itertools import product

import capstone
import numpy as np
import taught
import torch
import tuned
from sklearn.tree import DecisionTreeClassifier

from course_utils import losses, storage
from course_utils.distil import robust
from course_utils.distil.distil import STATES, DistillConfig, Lesson, distill, greedy_in
from course_utils.distil.teachers import kickstart, policy_teacher, teacher_values, visit_states
from course_utils.envs import play
from course_utils.evaluation import episode_returns, mean_returns, play_episodes
from course_utils.learner import DQNConfig, Parts
from course_utils.networks import QNetwork, greedy
from course_utils.teach.demonstrations import load_demonstrations, memory_of, split
from course_utils.teach.dqfd import DQfDConfig, expert_margin, pretrain
from course_utils.train import train_dqn
from course_utils.tune.worlds import TASKS

SEED, EPISODES = 0, 100  # tuned with seeds from 100 on
CURVE_SEED, TEST_SEED = 1000, 20_000_000
# Students of each teacher; seeds of what is trained from scratch.
TEACHERS, STUDENTS, SEEDS = (0, 1, 2), 10, 10
LANDER = "LunarLander-v3"
HEAVY, LIGHT, SWAPPED = tuned.HEAVY, tuned.LIGHT, "LunarLander-SwappedEngines-v0"
LOSSES = {"KL": losses.kl_loss, "NLL": losses.nll_loss}
LOSSES |= {"advantages": losses.advantage_loss, "MSE": losses.mse_loss}
WIDTHS = (32, 16, 8, 4)
TEMPERATURES = (0.003, 0.01, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
STATE_COUNTS = (60, 200, 1000)  # in each of five rounds
EQUAL_STEPS = 20_000  # from scratch in at least the CPU time of a student
# Of each loss and size the best of four learning rates from 1e-3 to 3e-2, for KL with each of three
# τ from .01 to 1: by the interquartile mean of students of three other teachers, agents 3 to 5, on
# base seed 100.
RATES = {
    "KL": {32: 1e-2, 16: 3e-3, 8: 3e-2, 4: 1e-2},
    "NLL": {32: 3e-2, 16: 1e-2, 8: 1e-2, 4: 3e-2},
    "advantages": {32: 1e-2, 16: 1e-3, 8: 3e-3, 4: 3e-3},
    "MSE": {32: 1e-2, 16: 1e-2, 8: 3e-3, 4: 3e-3},
}
BEST = {
    f"{loss}, {width}-{width}": {"width": width, "learning_rate": rate, "temperature": 0.1}
    for loss, rates in RATES.items()
    for width, rate in rates.items()
}


# ---- agents: the teachers of other worlds, and what is handed on from notebook to notebook ----


def taught_agent(config: dict, episodes: int, warm_up: int) -> QNetwork:
    """Fresh agents that learn with demonstrations of agent 0 (notebook 05), one a teacher."""
    training = load_demonstrations("lunar_lander/expert-v0")[: -taught.HELD_OUT]
    streams = [np.random.default_rng([SEED, seed]) for seed in TEACHERS]
    memory = memory_of([split(training, (episodes,), stream)[0] for stream in streams])
    generator, config = torch.Generator().manual_seed(SEED), DQfDConfig(**config)
    network = QNetwork(len(TEACHERS), 8, 4, config.width, generator=generator)
    parts = Parts(extra_loss=expert_margin())
    *_, (_, _, network) = pretrain(config, memory, network, warm_up, SEED, 1, parts)
    start = {"network": network, "demonstrations": memory, "parts": parts}
    *_, last = train_dqn(config, LANDER, len(TEACHERS), SEED, 1, **start)
    return last.network


def tuned_agent(env_id: str, parent: str, config: dict) -> QNetwork:
    """The three agents of `parent`, fine-tuned to another world (notebook 07)."""
    start, config = teachers(parent), DQNConfig(**config)
    *_, last = train_dqn(config, env_id, len(TEACHERS), SEED, 1, network=start)
    return last.network


def students(lessons: dict, config: dict, heads: bool = False) -> QNetwork:
    """Ten students of each of three teachers; lessons: environment → file of its teachers."""
    given = [Lesson(env_id, teachers(name, STUDENTS)) for env_id, name in lessons.items()]
    count, options = len(TEACHERS) * STUDENTS, {"seed": SEED, "records": 1, "heads": heads}
    *_, last = distill(DistillConfig(**config), given, count, **options)
    return last.network


def agents(name: str) -> QNetwork:
    """A file of agents that was made before."""
    return storage.load_agent(storage.shipped(f"{name}.safetensors", taught.FOLDER))[0]


def teachers(name: str = "lunar_lander_320k", students: int = 1) -> QNetwork:
    """The first three agents of a file, each as often as it has students."""
    return agents(name).choose([teacher for teacher in TEACHERS for _ in range(students)])


# Chosen among four (rounds, rate) with other seeds: by the three worlds together.
WORLDS = {"temperature": 0.1, "learning_rate": 1e-2, "rounds": 10}
GOING_ON = tuned.LANDER | {"steps": 150_000, "learning_rate": 1e-3}
# Name → environment of its test, parent, function, settings; in the order in which they are made.
AGENTS = {
    "lunar_lander_taught": (LANDER, "lunar_lander_320k", taught_agent,
        {"config": taught.LANDER | {"steps": 60_000}, "episodes": 4, "warm_up": 2000}),
    "lunar_lander_tuned": (LIGHT, "lunar_lander_taught", tuned_agent,
        {"env_id": LIGHT, "parent": "lunar_lander_taught", "config": GOING_ON}),
    "lunar_lander_swapped": (SWAPPED, "lunar_lander_320k", tuned_agent,
        {"env_id": SWAPPED, "parent": "lunar_lander_320k", "config": GOING_ON}),
    "lunar_lander_distilled": (LIGHT, "lunar_lander_tuned", students,
        {"lessons": {LIGHT: "lunar_lander_tuned", LANDER: "lunar_lander_320k"},
         "config": WORLDS | {"width": 16}}),
    "cartpole_student": ("CartPole-v1", "cartpole", students,
        {"lessons": {"CartPole-v1": "cartpole"}, "config": {"temperature": 0.1}}),
}  # fmt: skip
for width in WIDTHS:
    settings = {"lessons": {LANDER: "lunar_lander_320k"}, "config": BEST[f"KL, {width}-{width}"]}
    made = LANDER, "lunar_lander_320k", students, settings
    AGENTS[f"lunar_lander_students_{width}"] = made


AGENTS |= capstone.AGENTS


@cache
def visited_by_teachers(seed: int) -> torch.Tensor:
    """States of the three teachers' flights, [3, 4000, 8]."""
    return visit_states(play(greedy(teachers()), LANDER, len(TEACHERS), 8, seed), 4000)


def agent_recipe(name: str) -> dict:
    """All that decides what these agents are."""
    env_id, parent, function, settings = AGENTS[name]
    sources = sorted({parent, *settings.get("lessons", {}).values()} - {None})
    made = {"task": env_id, "made_from": parent, "does": function.__name__, "settings": settings}
    made |= {"sources": [taught.weights_hash(source) for source in sources]}
    return made | {"seed": SEED, "test_seed": TEST_SEED}


def steps_of(settings: dict) -> int:
    """Environment steps of one agent."""
    if "steps" in settings["config"]:
        return settings["config"]["steps"]
    config = DistillConfig(**settings["config"])
    return config.rounds * config.states * len(settings.get("lessons", [1]))


# ---- notebook 10 ----


def themselves() -> dict:
    """What the three teachers return: [3]."""
    return {"return": mean_returns(teachers(), LANDER, EPISODES, TEST_SEED)}


def students_of_three(loss: str, config: dict, who="mixture", students=10, episodes=100) -> dict:
    """Students of each of the three teachers, one after the other: `return` [3 · students]."""
    lessons = [Lesson(LANDER, teachers(students=students))]
    how = 3 * students, LOSSES[loss], who, SEED, 1
    *_, last = distill(DistillConfig(**config), lessons, *how)
    returns = mean_returns(last.network, LANDER, min(episodes, EPISODES), TEST_SEED)
    found = {"return": returns, "learning_seconds": last.cpu_seconds}
    return found | {"parameters": last.network.parameters_of_one()}


def from_scratch(changed: dict) -> dict:
    """The same small networks, trained by reward, with the teacher's settings but for `changed`."""
    card = storage.load_agent(storage.shipped("lunar_lander_320k.safetensors", taught.FOLDER))[1]
    *_, last = train_dqn(DQNConfig(**card["config"] | changed), LANDER, SEEDS, SEED, 1)
    returns = mean_returns(last.network, LANDER, EPISODES, TEST_SEED)
    return {"return": returns, "learning_seconds": last.cpu_seconds}


def study_of_distillation():
    """Notebook 10: the frontier of loss and size; temperatures; states; updates; from scratch."""
    yield "teachers", themselves, {}
    for arm, best in BEST.items():
        yield arm, students_of_three, {"loss": arm.split(",")[0], "config": best}
    slow = BEST["MSE, 16-16"] | {"updates": 4000}
    yield "MSE, 16-16, four times the updates", students_of_three, {"loss": "MSE", "config": slow}
    for width in WIDTHS[1:]:
        for temperature in TEMPERATURES:
            config = BEST[f"KL, {width}-{width}"] | {"temperature": temperature}
            settings = {"loss": "KL", "config": config, "students": 4, "episodes": 30}
            yield f"KL, {width}-{width}, τ = {temperature:g}", students_of_three, settings
    for who in STATES:
        for count in STATE_COUNTS:
            # whole flights, however few states
            config = BEST["KL, 8-8"] | {"states": count, "environments": 1}
            settings = {"loss": "KL", "config": config, "who": who, "episodes": 30}
            yield f"KL, 8-8, {who}, {count} states", students_of_three, settings
    for width in WIDTHS:
        yield f"scratch, {width}-{width}", from_scratch, {"changed": {"width": width}}
        short = {"width": width, "steps": EQUAL_STEPS, "learning_starts": 1000}
        yield f"scratch, equal CPU, {width}-{width}", from_scratch, {"changed": short}


# ---- notebook 11 ----


STARTING = {
    "pole": (HEAVY, {"steps": 12_000, "learning_starts": 500, "width": 32}),
    "lander": (LIGHT, tuned.EXPLORING[LANDER] | {"learning_rate": 1e-3, "width": 64}),
}
# Named beforehand, by runs with base seed 100: 0.1 until .5 for the pole, 3 until 1 for the lander.
WEIGHTS, UNTILS = (0.1, 0.3, 1.0, 3.0), (0.25, 0.5, 1.0, 0.0)
# The three with the lowest return on their card, alone and together; three by three; all ten.
COUNCILS = [[2], [3], [9], [2, 3, 9], [0, 1, 2], [3, 4, 5], [6, 7, 8], [*range(10)]]


def several(lessons: dict, config: dict, heads: bool, episodes: int = 100) -> dict:
    """Students of several teachers at once: `matrix` [30, lessons].

    lessons: environment → (file, actions).
    """
    network = students({env_id: name for env_id, (name, _) in lessons.items()}, config, heads)
    episodes, columns = min(episodes, EPISODES), []
    for number, (env_id, (_, actions)) in enumerate(lessons.items()):
        act = greedy_in(network, number, actions)
        columns.append(play_episodes(act, env_id, network.seeds, episodes, TEST_SEED).mean(1))
    matrix = np.stack(columns, -1)
    parameters = network.parameters_of_one()
    return {"matrix": matrix, "return": matrix.mean(1), "parameters": parameters}


def elsewhere(name: str, worlds: list) -> dict:
    """What teachers return in all worlds: `matrix` [3, worlds]."""
    network = teachers(name)
    columns = [mean_returns(network, env_id, EPISODES, TEST_SEED) for env_id in worlds]
    matrix = np.stack(columns, -1)
    return {"matrix": matrix, "return": matrix.mean(1)}


def generations(width: int, count: int, students: int) -> dict:
    """Students of students: `by_generation` [3 · students, count + 1], the teachers first."""
    network, episodes = teachers(students=students), min(50, EPISODES)
    config = DistillConfig(width=width, temperature=0.1, layer_norm=width > 32)
    returns = [mean_returns(network, LANDER, episodes, TEST_SEED)]
    for generation in range(count):
        options = {"seed": SEED + generation, "records": 1}
        *_, last = distill(config, [Lesson(LANDER, network)], len(TEACHERS) * students, **options)
        network = last.network
        returns.append(mean_returns(network, LANDER, episodes, TEST_SEED))
    return {"by_generation": np.stack(returns, -1), "return": returns[-1]}


def wrong_teacher(share: float, students: int, rng: np.random.Generator, biased: bool) -> Callable:
    """The three teachers, whose decision is another one in a share of the states.

    At random: any action, drawn anew each time. Biased: none at all, always in the same states, the
    right part of the world, so wide that this share of the teachers' own states lies in it.
    """
    network = teachers(students=students)
    edge = np.quantile(visited_by_teachers(SEED + 1)[..., 0], 1 - share) if biased else 0.0

    def teacher(observation):
        several = torch.as_tensor(observation).view(len(TEACHERS) * students, -1, 8)
        action = greedy(network)(several).ravel()
        if biased:
            action = np.where(observation[:, 0].numpy() > edge, 0, action)
        else:
            random = rng.integers(4, size=action.shape)
            action = np.where(rng.random(action.shape) < share, random, action)
        return 10.0 * np.eye(4)[action]

    return teacher


def of_a_wrong_teacher(share: float, biased: bool, states: int, environments: int = 8) -> dict:
    """Students of teachers that are wrong in a share of the states, and these teachers' returns."""
    teacher = wrong_teacher(share, STUDENTS, np.random.default_rng(SEED), biased)
    config = DistillConfig(states=states, standardize=False, environments=environments)
    how = len(TEACHERS) * STUDENTS, losses.nll_loss
    *_, last = distill(config, [Lesson(LANDER, teacher)], *how, seed=SEED, records=1)
    own = wrong_teacher(share, 1, np.random.default_rng(SEED), biased)

    def act(observation):
        values = own(torch.as_tensor(observation).flatten(0, 1))
        return values.argmax(-1).reshape(observation.shape[:2])

    taught_by = play_episodes(act, LANDER, len(TEACHERS), EPISODES, TEST_SEED).mean(1)
    returns = mean_returns(last.network, LANDER, min(30, EPISODES), TEST_SEED)
    return {"return": returns, "teachers": taught_by}


def voted(numbers: list) -> dict:
    """Students of the vote of several agents of one task, and what vote and voters return.

    Each agent votes by the softmax of its advantages, in a tenth of their own deviation.
    """
    council, count = agents("lunar_lander_200k").choose(numbers), len(numbers)
    seen = visit_states(play(greedy(council), LANDER, count, 8, SEED + 3), 1000)
    scale = advantages(council, seen).std((1, 2), keepdim=True) / 10

    def vote(observation):
        each = torch.as_tensor(observation).expand(count, -1, -1)
        return (advantages(council, each) / scale).softmax(-1).mean(0)

    config = DistillConfig(standardize=False, temperature=1.0)
    lesson = [Lesson(LANDER, policy_teacher(vote))]
    *_, last = distill(config, lesson, STUDENTS, seed=SEED, records=1)
    episodes = min(50, EPISODES)
    returns = mean_returns(last.network, LANDER, episodes, TEST_SEED)

    def act(observation):
        return vote(observation[0]).argmax(-1)[None].numpy()

    own = play_episodes(act, LANDER, 1, episodes, TEST_SEED).mean(1)
    each = mean_returns(council, LANDER, episodes, TEST_SEED)
    return {"return": returns, "vote": own, "voters": each}


@torch.no_grad()
def advantages(network: QNetwork, observation) -> torch.Tensor:
    """Values minus their mean over the actions, [S, B, D] → [S, B, A]."""
    q = network(observation)
    return q - q.mean(-1, keepdim=True)


def kickstarted(env_id: str, weight: float, until: float, config: dict) -> dict:
    """Fresh small learners of a task, pulled to a teacher that knows another: seed k to agent k."""
    hook = kickstart(tuned.source(env_id), weight, until, 0.1) if weight else None
    parts, config = Parts(extra_loss=hook), DQNConfig(**config)
    training = train_dqn(config, env_id, SEEDS, SEED, 12, parts=parts)
    steps, curve, network = taught.tested_on_the_way(training, env_id, 20, CURVE_SEED)
    returns = mean_returns(network, env_id, EPISODES, TEST_SEED)
    return {"steps": steps, "curve": curve, "return": returns}


def study_of_several_teachers():
    """Notebook 11: several worlds and bodies; generations; wrong teachers; a start with help."""
    own = {
        LANDER: "lunar_lander_320k",
        LIGHT: "lunar_lander_tuned",
        SWAPPED: "lunar_lander_swapped",
    }
    for env_id, name in own.items():
        yield f"teachers of {env_id}", elsewhere, {"name": name, "worlds": list(own)}
    worlds = {env_id: (name, 4) for env_id, name in own.items()}
    for width in (32, 16):
        settings = {"lessons": worlds, "config": WORLDS | {"width": width}, "heads": True}
        yield f"three worlds, {width}-{width}", several, settings
    settings = {"lessons": worlds, "config": WORLDS | {"width": 32}, "heads": False, "episodes": 30}
    yield "three worlds, 32-32, one head", several, settings
    for pair, other in (("two worlds", LIGHT), ("opposite worlds", SWAPPED)):
        two = {env_id: worlds[env_id] for env_id in (LANDER, other)}
        settings = {"lessons": two, "heads": False}
        yield f"{pair}, 16-16, one head", several, settings | {"config": WORLDS | {"width": 16}}
    bodies = {"CartPole-v1": ("cartpole", 2), "Acrobot-v1": ("acrobot", 3)}
    for env_id, (name, _) in bodies.items():
        yield f"teachers of {env_id}", elsewhere, {"name": name, "worlds": [env_id]}
    for width in (32, 16):
        config = {"width": width, "temperature": 0.1}
        settings = {"lessons": bodies, "config": config, "heads": True}
        yield f"two bodies, {width}-{width}", several, settings
    yield "generations, 16-16", generations, {"width": 16, "count": 6, "students": STUDENTS}
    yield "generations, 128-128", generations, {"width": 128, "count": 1, "students": 3}
    for share in (0.0, 0.3, 0.5, 0.7):
        for states, environments in ((2000, 8), (40, 1)):  # few states, but of whole flights
            settings = {"share": share, "biased": False}
            settings |= {"states": states, "environments": environments}
            yield f"random in {share:.0%}, {states} states", of_a_wrong_teacher, settings
    for share in (0.1, 0.3):
        settings = {"share": share, "biased": True, "states": 2000}
        yield f"biased in {share:.0%}", of_a_wrong_teacher, settings
    for numbers in COUNCILS:
        yield f"vote of {', '.join(map(str, numbers))}", voted, {"numbers": numbers}
    for task, (env_id, config) in STARTING.items():
        alone = {"env_id": env_id, "weight": 0.0, "until": 0.0, "config": config}
        yield f"{task}: alone", kickstarted, alone
        for weight, until in product(WEIGHTS, UNTILS):
            settings = alone | {"weight": weight, "until": until}
            yield f"{task}: λ = {weight:g}, until {until:g}", kickstarted, settings


# ---- notebook 12 ----


NOISES, DELAYS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5), (0, 1, 2, 3, 4, 6)
WINDS = (0.0, 5.0, 10.0, 15.0, 20.0)
TREE_STATES, LEAVES = (300, 1000, 3000), (10, 30, 100, 300, 1000)


def sizes_of_observations() -> np.ndarray:
    """The standard deviation of each number that the teachers observe, [8]."""
    return visited_by_teachers(SEED + 2).flatten(0, 1).std(0).numpy()


def disturbed(name: str, kind: str, episodes: int, apart: bool = False) -> dict:
    """Agents of a file under a growing disturbance: `curve` [S, sizes], `steps` the sizes.

    apart: also each flight's return, `flights` [S, sizes, episodes].
    """
    network = agents(name) if "students" in name else teachers(name)
    grid = {"delay": DELAYS, "wind": WINDS}.get(kind, NOISES)
    unit, rng, curve = sizes_of_observations(), np.random.default_rng(SEED), []
    for size in grid:
        act, world = greedy(network), {}
        if kind == "noise":
            act = robust.noisy(act, size * unit, rng)
        elif kind == "delay":
            act = robust.delayed(act, size)
        elif kind == "attack":
            act = robust.attacked(network, size * unit)
        elif kind == "random signs":
            act = signed(act, size * unit, rng)
        else:
            world = {"enable_wind": size > 0, "wind_power": size}
        count = min(episodes, EPISODES)
        curve.append(play_episodes(act, LANDER, network.seeds, count, TEST_SEED, **world))
    flights = np.stack(curve, 1)
    found = {"steps": grid, "curve": flights.mean(-1), "return": flights[:, 0].mean(-1)}
    return found | ({"flights": flights} if apart else {})


def signed(act: Callable, size: np.ndarray, rng: np.random.Generator) -> Callable:
    """The control of the attack: steps of the same size, with signs drawn at random."""

    def signed_act(observation):
        step = size * rng.choice([-1, 1], observation.shape)
        return act((observation + step).astype(np.float32))

    return signed_act


# How students are taught: noise of their sensors, in units; powers of the wind.
SCHOOLS = {
    "in calm air": (0.0, [0.0]),
    "in noise": (0.2, [0.0]),
    "in winds": (0.0, [0.0, 5.0, 10.0, 15.0]),
    "in noise and winds": (0.2, [0.0, 5.0, 10.0, 15.0]),
}
# How they are tested: noise, power of the wind, delay.
TRIALS = {
    "calm": (0.0, 0.0, 0),
    "noise 0.1": (0.1, 0.0, 0),
    "noise 0.2": (0.2, 0.0, 0),
    "wind 10": (0.0, 10.0, 0),
    "wind 15": (0.0, 15.0, 0),
    "wind 20": (0.0, 20.0, 0),
    "delay 4": (0.0, 0.0, 4),
}


def windy(power: float) -> dict:
    """The lander's own wind, as arguments of the environment."""
    return {"enable_wind": power > 0, "wind_power": power}


def hardened(noise: float, winds: list, trials: dict, students: int) -> dict:
    """Students whose sensors are noisy in training, or who meet many winds, then tested.

    The teacher sees without noise. All have as many states, and as many in an update.
    `flights`, `crashed` [S, trials, episodes]: each flight's return, and whether it crashed.
    """
    unit, count = sizes_of_observations(), len(TEACHERS) * students
    more = {"states": 2000 // len(winds), "batch_size": 128 // len(winds)}
    config, given = DistillConfig(**BEST["KL, 16-16"] | more), teachers(students=students)
    lessons = [Lesson(LANDER, given, noise * unit, windy(power)) for power in winds]
    *_, last = distill(config, lessons, count, seed=SEED, records=1)
    found = []
    for size, power, steps in trials.values():
        act = robust.noisy(greedy(last.network), size * unit, np.random.default_rng(SEED))
        act = robust.delayed(act, steps)
        found.append(flights(act, count, min(20, EPISODES), windy(power)))
    returns, crashed = (np.stack(each, 1) for each in zip(*found, strict=True))
    return {"flights": returns, "crashed": crashed, "return": returns[:, 0].mean(-1)}


def flights(act: Callable, agents: int, episodes: int, world: dict):
    """Each flight's return, and whether it crashed or left the picture: twice [S, episodes]."""
    seen = []

    def watched():
        for step in play(act, LANDER, agents, episodes, TEST_SEED, **world):
            seen.append(step._replace(observation=None, next_observation=None))
            yield step

    returns = episode_returns(watched(), 1)[..., 0]
    crashes = (step._replace(reward=1.0 * (step.reward == -100)) for step in seen)
    return returns, episode_returns(crashes, 1)[..., 0]


def trees(leaves: int, states: int, rounds: int, trees: int) -> dict:
    """Decision trees after each of three teachers: `return` and `fidelity` [3 · trees].

    They visit the states after the first round themselves; a state weighs as much as its worst
    action costs. Fidelity: how often they decide as their teacher, in its own states.
    """
    network, seen = teachers(students=trees), []
    act = greedy(network)
    walk = play(lambda observation: act(observation), LANDER, network.seeds, 8, SEED)
    for _ in range(rounds):
        seen.append(visit_states(walk, states))
        observation = torch.cat(seen, 1)
        q = teacher_values(network, observation).numpy()
        forest = [
            DecisionTreeClassifier(max_leaf_nodes=leaves, random_state=number).fit(
                each.numpy(), values.argmax(1), sample_weight=values.max(1) - values.min(1)
            )
            for number, (each, values) in enumerate(zip(observation, q, strict=True))
        ]
        act = decided_by(forest)
    own = visited_by_teachers(SEED + 3)[[k for k in range(len(TEACHERS)) for _ in range(trees)]]
    fidelity = (act(own.numpy()) == greedy(network)(own)).mean(1)
    returns = play_episodes(act, LANDER, network.seeds, min(50, EPISODES), TEST_SEED).mean(1)
    return {"return": returns, "fidelity": fidelity}


def decided_by(forest: list) -> Callable:
    """The actions of S trees, [S, E, D] → [S, E]."""
    return lambda seen: np.stack([tree.predict(x) for tree, x in zip(forest, seen, strict=True)])


def study_of_trees():
    """Notebook 12: how many states and leaves a tree needs."""
    for states, leaves in product(TREE_STATES, LEAVES):
        settings = {"leaves": leaves, "states": states, "rounds": 10, "trees": 3}
        yield f"{leaves} leaves, {10 * states} states", trees, settings


def study_of_robustness():
    """Notebook 12: teachers and students with bad sensors, late engines, wind, an attacker."""
    for name in ("lunar_lander_320k", *(f"lunar_lander_students_{width}" for width in (32, 16, 8))):
        for kind in ("noise", "delay", "wind", "attack", "random signs"):
            settings = {"name": name, "kind": kind, "episodes": 20}
            if name == "lunar_lander_320k":  # three agents only: the luck of their flights counts
                settings["episodes"] = 100
                settings |= {"apart": True} if kind in ("noise", "delay", "wind") else {}
            yield f"{name}: {kind}", disturbed, settings
    for arm, (noise, winds) in SCHOOLS.items():
        settings = {"noise": noise, "winds": winds, "trials": TRIALS, "students": 5}
        yield f"taught {arm}", hardened, settings


CHOSEN = {"best": BEST, "temperatures": TEMPERATURES, "state_counts": STATE_COUNTS}
STUDIES = {
    "distillation": study_of_distillation,
    "several_teachers": study_of_several_teachers,
    "robustness": study_of_robustness,
    "trees": study_of_trees,
}


def fixed() -> dict:
    """What all arms have in common and a recipe must name."""
    facts = {"seed": SEED, "episodes": EPISODES, "test_seeds": [CURVE_SEED, TEST_SEED]}
    facts |= {"teachers": TEACHERS, "students": STUDENTS, "seeds": SEEDS, "tasks": TASKS}
    facts |= {"disturbances": [NOISES, DELAYS, WINDS]}
    own = [name for name in AGENTS if name not in capstone.AGENTS]
    names = "lunar_lander_320k", "cartpole", "acrobot", *own
    return facts | {"sources": [taught.weights_hash(name) for name in names]}
