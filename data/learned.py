"""The recipes of notebooks 02 and 03: studies of agents that learn alone.

A study is a file with several arms; each arm is a function of this file with its settings, ten
agents each, or as many as `seeds` says.
"""

import numpy as np
import torch
from torch.nn import functional as F

from course_utils.evaluation import mean_returns
from course_utils.learner import DQNConfig, Parts
from course_utils.train import learn, make_learner

SEED, SEEDS, EPISODES, TEST_SEED = 0, 10, 100, 20_000_000
CALM, BOUND = 1.0, 1.0  # where Huber's loss turns straight; the longest gradient of one agent


def alone(config: dict, env_id="CartPole-v1", seeds=SEEDS, way="plain") -> dict:
    """Agents that learn alone: return, and what they promise and get at the first state."""
    learner = make_learner(DQNConfig(**config), env_id, seeds, SEED, parts=WAYS[way])
    if way == "short gradients":
        learner.optimizer.register_step_pre_hook(lambda *_: shorten(learner.network))
    *_, last = learn(learner, 1)
    return {"return": mean_returns(last.network, env_id, EPISODES, TEST_SEED)}


def promising(config: dict, seeds: int) -> dict:
    """CartPole: besides, what the network promises at first states, and the discounted truth."""
    config = DQNConfig(**config)
    *_, last = learn(make_learner(config, "CartPole-v1", seeds, SEED), 1)
    starts = np.random.default_rng(SEED).uniform(-0.05, 0.05, (1, 100, 4)).astype(np.float32)
    with torch.no_grad():
        q = last.network(torch.tensor(starts).expand(seeds, -1, -1))
    limits = {"discount": config.discount, "max_episode_steps": round(6 / (1 - config.discount))}
    truth = mean_returns(last.network, "CartPole-v1", 20, TEST_SEED, **limits)
    promised = q.amax(-1).mean(-1) / config.reward_scale
    returns = mean_returns(last.network, "CartPole-v1", EPISODES, TEST_SEED)
    return {"return": returns, "promised": promised, "truth": truth}


def huber_instead(learner, q, batch):
    """What turns the squared error into Huber's loss, twice as large as usual: e² near zero."""
    error, _, _ = learner.errors(batch)
    huber = 2 * F.huber_loss(error, torch.zeros_like(error), reduction="none", delta=CALM)
    return ((huber - error**2) * batch.weight).mean(-1)


@torch.no_grad()
def shorten(network) -> None:
    """Scale each agent's gradient down to `BOUND`, where it is longer."""
    gradients = [parameter.grad for parameter in network.parameters()]
    length = sum(gradient.flatten(1).square().sum(1) for gradient in gradients).sqrt()
    for gradient in gradients:
        gradient *= (BOUND / length.clamp(min=BOUND)).view(-1, *[1] * (gradient.ndim - 1))


WAYS = {"plain": Parts(), "Huber": Parts(extra_loss=huber_instead), "short gradients": Parts()}

INGREDIENTS = {
    "complete": {},
    "without 20 steps": {"n_steps": 1},
    "without × 0.1": {"reward_scale": 1.0},
    "without scaled inputs": {"observation_scale": False},
    "without LayerNorm": {"layer_norm": False},
}
PERIODS = (10, 100)
HILL = {"discount": 0.99, "steps": 60_000, "exploration": 0.5}
HILL |= {"replay_capacity": 60_000, "batch_size": 64}
REACHES = {1: (50,), 2: (100,), 10: (300, 1000)}  # n → periods; others are shipped as agents
ONE_STEP = {"steps": 8000, "n_steps": 1, "discount": 0.98, "target_period": 10}
ALL_FOUR = {"double": True, "dueling": True, "priority_exponent": 0.6, "steps": 10_000}
FORGETFUL = {"environments": 32, "replay_capacity": 32 * 20, "n_steps": 10, "batch_size": 128}
FORGETFUL |= {"target_period": 1, "steps": 60_000}  # the memory is the last 20 steps of each


def study_of_ingredients():
    """Notebook 02: each ingredient taken away, at several target periods; other losses."""
    for period in PERIODS:
        for label, settings in INGREDIENTS.items():
            config = settings | {"target_period": period}
            yield f"{label}, every {period}", alone, {"config": config}
    for scale in (0.1, 1.0):
        for way in ("Huber", "short gradients"):
            yield f"{way}, × {scale}", alone, {"config": {"reward_scale": scale}, "way": way}


def study_of_improvements():
    """Notebook 03: Double's promise and return in one learner, all parts together, no memory."""
    for label, double in (("DQN", False), ("Double DQN", True)):
        for name, config in (("1 step", ONE_STEP), ("20 steps", {"steps": 10_000})):
            settings = {"config": config | {"double": double}, "seeds": 40}
            yield f"{label}, {name}", promising, settings
    yield "all four", alone, {"config": ALL_FOUR, "seeds": 40}
    for label, settings in (("with", {}), ("without", {"layer_norm": False})):
        yield f"no memory, {label} LayerNorm", alone, {"config": FORGETFUL | settings}


def study_of_reach():
    """Notebook 03: MountainCar by the number of steps in a target and by the target period."""
    for n_steps, periods in REACHES.items():
        for period in periods:
            config = HILL | {"n_steps": n_steps, "target_period": period}
            settings = {"config": config, "env_id": "MountainCar-v0"}
            yield f"n = {n_steps}, every {period}", alone, settings


CHOSEN = {}
STUDIES = {"ingredients": study_of_ingredients, "improvements": study_of_improvements}
STUDIES |= {"reach": study_of_reach}


def fixed() -> dict:
    """What all arms have in common and a recipe must name."""
    facts = {"seed": SEED, "seeds": SEEDS, "test_seed": TEST_SEED, "episodes": EPISODES}
    return facts | {"calm": CALM, "bound": BOUND}
