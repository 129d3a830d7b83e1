"""The judges of the open tasks: what an answer reaches where nobody has looked before.

A judge returns the figure, or raises WrongAnswer. Words, marks, attempts: `open_tasks.yaml`."""

import copy
import itertools
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from gymnasium.envs.toy_text.frozen_lake import generate_random_map

from course_utils import envs, storage
from course_utils.distil.robust import noisy
from course_utils.evaluation import mean_returns, play_episodes
from course_utils.exercise_book.trial import WrongAnswer
from course_utils.learn import tabular
from course_utils.learn.pixels import PIXELS
from course_utils.learner import DQNConfig, Parts
from course_utils.networks import QNetwork, greedy, update_target
from course_utils.replay import n_step_return
from course_utils.train import train_dqn
from course_utils.tune import parts
from course_utils.tune.worlds import LANDER, POLE
from course_utils.worlds import WORLDS

FRESH = 900_001  # seed of the judges' trainings and episodes: no notebook uses it
HEAVY = "CartPole-HighGravity-v0"
SEQUENCE = [POLE, "CartPole-Reversed-v0", "CartPole-ShortPole-v0"]


def check_network(network: QNetwork, env_id: str, least: int) -> None:
    """WrongAnswer for what is no network of `least` agents or more for this environment."""
    if not isinstance(network, QNetwork):
        raise WrongAnswer(f"Hand in a QNetwork, no {type(network).__name__}.")
    space, names = envs.make_envs(env_id, 1), ["observations", "actions"]
    needed = [space.single_observation_space.shape[0], int(space.single_action_space.n)]
    given = [network.arguments[name] for name in names]
    if given != needed or network.seeds < least:
        told = "{} observations, {} actions and {} agents".format
        asked = f"{env_id} needs {told(*needed, least)} or more"
        raise WrongAnswer(f"{asked}; this network has {told(*given, network.seeds)}.")
    numbers = torch.cat([p.detach().flatten(1) for p in network.parameters()], 1)
    if len(numbers.unique(dim=0)) < len(numbers):
        raise WrongAnswer("Some of these agents are copies of each other: train each one.")


def fresh_return(network: QNetwork, env_id: str, least: int, **more) -> float:
    """Their mean return, in 100 fresh episodes of each agent, of landers in 100 or more of all."""
    check_network(network, env_id, least)
    episodes = max(20, 100 // network.seeds) if env_id == LANDER else 100
    return float(mean_returns(network, env_id, episodes, FRESH, **more).mean())


def half_the_steps(settings) -> float:
    """Notebook 01: the exact return in Taxi of 20 new tables after 60,000 steps, their mean."""
    taxi = envs.read_mdp("Taxi-v4")
    *_, last = tabular.q_learning(taxi, replace(settings, steps=60_000), 20, FRESH, 1)
    return tabular.policy_return(taxi, tabular.greedy_policy(last.q), 200).mean()


BROKEN = Parts(
    n_step_return=lambda reward, done, discount: n_step_return(reward, 0 * done, discount),
    update_target=lambda target, online, rate: update_target(target, online, 0.02 * rate),
)


def mend_the_learner(mended: dict) -> float:
    """Notebook 02: CartPole's return of five new agents of `BROKEN`, with these parts exchanged."""
    if len(mended) > 2:
        raise WrongAnswer("Two functions are broken: exchange these two, and no other.")
    settings, mended = DQNConfig(steps=15_000), replace(BROKEN, **mended)
    *_, last = train_dqn(settings, POLE, 5, FRESH, 1, parts=mended)
    return fresh_return(last.network, POLE, 5)


def decide(rule: Callable) -> float:
    """Notebook 03: how often a rule finds the better of two variants, by ten runs of each.

    rule: returns [10], [10] → 1 if the first is better, −1 if the second is, 0 for "cannot tell".
    """
    pool, _ = storage.load_tensors(storage.shipped("cartpole_pool.safetensors"))
    runs = {key: value.numpy() for key, value in pool.items() if key.endswith(".return")}
    rng, verdicts = np.random.default_rng(FRESH), {True: [], False: []}
    for first, second in itertools.combinations_with_replacement(runs, 2):
        # What ten runs cannot show, the hundred of the pool can.
        better = np.sign(runs[first].mean() - runs[second].mean())
        for _ in range(150):
            x, y = (rng.choice(runs[arm], 20, replace=False) for arm in (first, second))
            told = rule(x[:10], x[10:] if first == second else y[:10])
            if told not in (-1, 0, 1):
                raise WrongAnswer(f"The rule must return 1, −1 or 0; it returned {told!r}.")
            verdicts[first == second].append(told != 0 if first == second else told == better)
    if (alarms := np.mean(verdicts[True])) > 0.06:
        told = f"a difference in {alarms:.0%} of the cases; at most 6 % are allowed"
        raise WrongAnswer(f"Between runs of one and the same variant the rule sees {told}.")
    return 100 * np.mean(verdicts[False])


five_minutes = partial(fresh_return, env_id=LANDER, least=1)
three_demonstrations = partial(fresh_return, env_id="MountainCar-v0", least=5)
new_gravity = partial(fresh_return, env_id=HEAVY, least=10, gravity=120.0)


def design_a_reward(reward_of: Callable) -> float:
    """Notebook 06: the share of the best return on three unseen lakes, after 10,000 steps.

    reward_of: MDP → rewards [s, a, k], from which the agents learn in place of the MDP's own.
    """
    shares = []
    for seed in range(3):
        lake = envs.read_mdp("FrozenLake-v1", desc=generate_random_map(8, 0.85, FRESH + seed))
        changed = replace(lake, reward=np.asarray(reward_of(copy.deepcopy(lake)), float))
        if changed.reward.shape != lake.reward.shape or not np.isfinite(changed.reward).all():
            raise WrongAnswer(f"Rewards must be finite, of the MDP's shape, {lake.reward.shape}.")
        # Exact values tell whether the changed reward has another best policy.
        optima = (tabular.value_iteration(mdp, 0.99) for mdp in (lake, changed))
        best, by_it = (tabular.policy_return(lake, tabular.greedy_policy(q), 200) for q in optima)
        if by_it < 0.99 * best:
            raise WrongAnswer("Hacked: whoever earns most by this reward does not reach the goal.")
        *_, last = tabular.q_learning(changed, tabular.QLearningConfig(steps=10_000), 20, FRESH, 1)
        shares.append(tabular.policy_return(lake, tabular.greedy_policy(last.q), 200) / best)
    return 100 * np.mean(shares)


def fewest_numbers(network: QNetwork) -> float:
    """Notebook 08: how many numbers of one agent learned, if ten return 350 in high gravity."""
    reached, learned = fresh_return(network, HEAVY, 10), parts.trainable(network)
    if reached < 350 or not learned:
        raise WrongAnswer(f"They return {reached:.0f} with {learned} numbers: 350 are asked for.")
    return learned


def three_tasks(network: QNetwork) -> float:
    """Notebook 09: the mean return of ten agents on the three tasks, a head for each."""
    reached = [fresh_return(network, each, 10, task=task) for task, each in enumerate(SEQUENCE)]
    if not network.other_heads:
        raise WrongAnswer("The network must have a head for each task.")
    return np.mean(reached)


def smallest_student(network: QNetwork) -> float:
    """Notebook 10: the numbers of one student, if ten return 90 % of what their teacher does."""
    teacher, _ = storage.load_agent(storage.shipped("lunar_lander_320k.safetensors"))
    share = fresh_return(network, LANDER, 10) / fresh_return(teacher.choose([0]), LANDER, 1)
    if share < 0.9:
        raise WrongAnswer(f"They return {share:.0%} of what the teacher does, 90 % are asked for.")
    return network.parameters_of_one()


def better_than_both(network: QNetwork) -> float:
    """Notebook 11: by how much five students return more than the better of two teachers."""
    teachers, _ = storage.load_agent(storage.shipped("mountain_car_n10.safetensors"))
    best = mean_returns(teachers.choose([6, 7]), "MountainCar-v0", 400, FRESH).max()
    return fresh_return(network, "MountainCar-v0", 5) - best


def wind_and_noise(network: QNetwork) -> float:
    """Notebook 12: the mean return in wind, of agents whose sensors are noisy."""
    check_network(network, LANDER, 3)
    act = noisy(greedy(network), np.float32(0.05), np.random.default_rng(FRESH))
    wind = {"enable_wind": True, "wind_power": 10.0}
    return play_episodes(act, LANDER, network.seeds, 20, FRESH, **wind).mean()


def smallest_eye(network: QNetwork) -> float:
    """Notebook 13: the numbers of one agent, if three return 400 by what they see."""
    if (reached := fresh_return(network, PIXELS, 3)) < 400:
        raise WrongAnswer(f"They return {reached:.0f}: 400 are asked for.")
    return network.parameters_of_one()


def whole_arc(arc: dict) -> float:
    """Notebook 14: at how many of four stages agents reach what the course's own do there."""
    stages = "cloned", "learned", "tuned", "distilled"
    if missing := [part for part in ("world", *stages) if part not in dict(arc)]:
        raise WrongAnswer(f"The dict lacks {', '.join(missing)}.")
    if (name := arc["world"]) not in WORLDS:
        raise WrongAnswer(f"The course went this way in {', '.join(WORLDS)} only, not in {name!r}.")
    for stage in stages:
        check_network(arc[stage], f"{name}-v0", 4)
    if (numbers := arc["distilled"].parameters_of_one()) > 450:
        raise WrongAnswer(f"The distilled one has {numbers} numbers: 450 are allowed.")
    study, _ = storage.load_tensors(storage.shipped("worlds.safetensors"))
    change, other = next(iter(WORLDS[name].changed.items()))
    theirs = {"cloned": "cloned", "learned": "handed on", "distilled": "small"}
    reached = 0
    for stage in stages:
        where, settings = (f"{name}, {change}", other) if stage == "tuned" else (name, {})
        best = study[f"{where}: {theirs.get(stage, 'fine-tuned')}.return"].mean()
        lowest = study[f"{where}: references.random"].mean()
        ours = fresh_return(arc[stage], f"{name}-v0", 4, **settings)
        reached += ours >= best - 0.05 * (best - lowest)  # no two trainings end alike
    return reached
