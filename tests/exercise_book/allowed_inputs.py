"""Inputs that the texts of the exercises allow: wider than the book's own, and made apart from it.

ALLOWED: by the exercise's name, a function of a NumPy generator → the arguments of one call.
"""

import numpy as np
import torch

from course_utils import envs
from course_utils.losses import Anchor
from course_utils.networks import QNetwork


def shape(rng, most=3):
    """Sizes of the leading axes: none to `most`, of 1 to 6."""
    return tuple(rng.integers(1, 7, size=rng.integers(0, most + 1)))


def normal(rng, *sizes):
    """Numbers of any level and scale."""
    scale, level = 10 ** rng.uniform(-0.5, 1.3), rng.normal() * rng.integers(0, 4)
    return scale * rng.normal(size=sizes) + level


def tensor(array):
    return torch.tensor(np.asarray(array), dtype=torch.float32)


def world(rng):
    """A random MDP, [s, a, k]."""
    s, a, k = rng.integers(2, 6), rng.integers(2, 5), rng.integers(1, 4)
    ends, reward = rng.random((s, a, k)) < 0.3, normal(rng, s, a, k)
    probability, start = rng.dirichlet(np.ones(k), (s, a)), rng.dirichlet(np.ones(s))
    return envs.MDP("random", probability, rng.integers(s, size=(s, a, k)), reward, ends, start, 9)


def discounted_return(rng):
    rewards = normal(rng, rng.integers(0, 12)).tolist()
    return rewards, float(rng.choice([0.0, 0.5, 0.9, 0.99, 1.0]))


def bellman_backup(rng):
    mdp = world(rng)
    return mdp, normal(rng, len(mdp.start)), float(rng.choice([0.0, 0.5, 0.9, 1.0]))


def q_learning_target(rng):
    leading, discount = shape(rng, 2), float(rng.choice([0.5, 0.9, 1.0]))
    terminated = rng.random(leading) < 0.5
    terminated = terminated if leading else bool(terminated)
    next_q = normal(rng, *leading, rng.integers(2, 6))
    return normal(rng, *leading) if leading else float(rng.normal()), terminated, next_q, discount


def epsilon_greedy(rng):
    q = rng.integers(-3, 3, size=rng.integers(2, 6)).astype(float)  # with ties
    return q, float(rng.choice([0.0, 0.1, 0.5, 1.0])), np.random.default_rng(rng.integers(1000))


def policy_return(rng):
    mdp = world(rng)
    states, actions, _ = mdp.reward.shape
    policy = rng.dirichlet(np.ones(actions), states)
    policy = np.eye(actions)[policy.argmax(-1)] if rng.random() < 0.3 else policy
    return mdp, policy, int(rng.integers(1, 12))


def td_target(rng):
    leading = shape(rng)
    discount = float(rng.choice([0.5, 0.9, 1.0]))
    discount = tensor(rng.random(leading)) if rng.random() < 0.3 else discount
    next_q = tensor(normal(rng, *leading, rng.integers(2, 6)))
    flags = tensor(rng.random(leading) < 0.5)
    return tensor(normal(rng, *leading)), flags, next_q, discount


def n_step_return(rng):
    sizes = (*shape(rng, 2), rng.integers(1, 7))
    done = torch.tensor(rng.random(sizes) < float(rng.choice([0.0, 0.2, 0.6])))
    return tensor(normal(rng, *sizes)), done, float(rng.choice([0.5, 0.9, 1.0]))


def double_q(rng):
    sizes = (*shape(rng), rng.integers(2, 6))
    return tensor(normal(rng, *sizes)), tensor(normal(rng, *sizes))


def dueling_q(rng):
    leading = shape(rng)
    return tensor(normal(rng, *leading, 1)), tensor(normal(rng, *leading, rng.integers(2, 6)))


def importance_weights(rng):
    sizes = (*shape(rng, 2), rng.integers(1, 7))
    chance = tensor(10 ** rng.uniform(-4, -1, sizes))
    return chance, int(rng.integers(10, 5000)), float(rng.choice([0.0, 0.4, 0.7, 1.0]))


def interquartile_mean(rng):
    return (normal(rng, rng.integers(1, 25), *shape(rng, 2)),)


def cloning_loss(rng):
    leading, actions = shape(rng), rng.integers(2, 6)
    logits = normal(rng, *leading, actions) * rng.choice([1, 1, 30])
    return tensor(logits), torch.tensor(rng.integers(actions, size=leading))


def margin_loss(rng):
    leading, actions = shape(rng), rng.integers(2, 6)
    chosen = torch.tensor(rng.integers(actions, size=leading))
    return tensor(normal(rng, *leading, actions)), chosen, float(rng.choice([0.1, 0.8, 2.0]))


def shaping_reward(rng):
    sizes = shape(rng, 2) or (3,)
    ends, flags = normal(rng, 2, *sizes), rng.random(sizes) < 0.4
    discount = float(rng.choice([0.5, 0.9, 1.0]))
    if rng.random() < 0.5:
        discount = tensor(2 * rng.random(sizes)) if rng.random() < 0.5 else discount
        return *map(tensor, ends), tensor(flags), discount
    return *ends, flags if rng.random() < 0.5 else flags.astype(float), discount


def soft_value(rng):
    q = tensor(normal(rng, *shape(rng), rng.integers(2, 6)))
    return q, float(rng.choice([0.01, 0.1, 0.5, 2.0, 10.0]))


def area_under_curve(rng):
    steps = np.cumsum(rng.integers(1, 9, size=rng.integers(2, 8))) - 3.0
    return steps, normal(rng, *shape(rng, 2), len(steps))


def low_rank_change(rng):
    leading, (inputs, rank, outputs) = shape(rng, 2), rng.integers(1, 6, size=3)
    alpha = float(rng.choice([0.5, 1.0, 4.0, 16.0]))
    return (
        tensor(normal(rng, *leading, inputs, rank)),
        tensor(normal(rng, *leading, rank, outputs)),
        alpha,
    )


def forgetting(rng):
    tasks = rng.integers(2, 6)
    return (normal(rng, *shape(rng, 2), tasks + 1, tasks),)


def ewc_penalty(rng):
    seeds = rng.integers(1, 6)
    sizes = [(seeds, *rng.integers(1, 5, size=rng.integers(1, 3))) for _ in range(3)]
    now, was, held = (
        {n: tensor(rng.random(s)) for n, s in zip("abc", sizes, strict=True)} for _ in range(3)
    )
    kept = list("abc")[: rng.integers(1, 4)]
    return now, Anchor({n: was[n] for n in kept}, {n: held[n] for n in kept})


def two_policies(rng):
    sizes = (*shape(rng), rng.integers(2, 6))
    extreme = float(rng.choice([1, 1, 1, 40]))
    student, teacher = rng.normal(size=(2, *sizes)) * 3
    return tensor(extreme * student), tensor(teacher), float(rng.choice([0.3, 1.0, 2.0, 5.0]))


def hinton_loss(rng):
    return *two_policies(rng), float(rng.choice([0.0, 0.2, 0.5, 0.9, 1.0]))


def annealed(rng):
    weight, until = (
        float(rng.choice([0.5, 1.0, 3.0])),
        float(rng.choice([0.0, 0.25, 0.5, 0.9, 1.0])),
    )
    return weight, float(rng.choice([0.0, until, 1.0, rng.random()])), until


def trembling_policy(rng):
    return tensor(normal(rng, *shape(rng), rng.integers(2, 6))), float(rng.choice([0, 0.1, 0.5, 1]))


def fgsm(rng):
    seeds, states, numbers, actions = rng.integers(1, 4), *rng.integers(2, 6, size=3)
    stream = torch.Generator().manual_seed(int(rng.integers(1000)))
    network = QNetwork(seeds, numbers, actions, 8, layer_norm=False, generator=stream)
    size = float(rng.choice([0.01, 0.1, 1.0]))
    size = tensor(size * rng.random(numbers)) if rng.random() < 0.5 else size
    return network, tensor(rng.normal(size=(seeds, states, numbers))), size


def numpy_q(rng):
    sizes = rng.integers(2, 6, size=rng.integers(2, 5))
    pairs = zip(sizes, sizes[1:], strict=False)
    layers = [(rng.normal(size=(i, o)), rng.normal(size=o)) for i, o in pairs]
    return layers, rng.normal(size=(*shape(rng), sizes[0]))


def convolve(rng):
    size, stride = rng.integers(1, 5), int(rng.integers(1, 4))
    picture = normal(rng, *shape(rng), *(size + rng.integers(0, 7, size=2)))
    return tensor(picture), tensor(rng.normal(size=(size, size))), stride


def moved(rng):
    lead, sides = shape(rng), rng.integers(2, 8, size=2)
    down, right = torch.tensor(rng.integers(-9, 10, size=(2, *lead)))
    return tensor(normal(rng, *lead, *sides)), down, right


def normalized_score(rng):
    random = normal(rng)
    return normal(rng, *shape(rng)), float(random), float(random + 10 ** rng.uniform(-1, 2))


def shield(rng):
    sizes = shape(rng) or (5,)
    done = rng.random((*sizes, 10)) < float(rng.choice([0.1, 0.5, 0.9, 1.0]))
    bound = float(rng.choice([0.02, 0.3, 0.5, 1.0]))
    return rng.integers(0, 12, sizes), rng.random(sizes), done, bound


def update_target(rng):
    sizes = rng.integers(1, 5, size=3)
    two = [torch.nn.Sequential(*map(torch.nn.Linear, sizes, sizes[1:])) for _ in range(2)]
    for parameter in [*two[0].parameters(), *two[1].parameters()]:
        parameter.data = tensor(normal(rng, *parameter.shape))
    return *two, float(rng.choice([0.01, 0.3, 0.9, 1.0]))


kl_loss = advantage_loss = kickstart_loss = two_policies
ALLOWED = {name: made for name, made in globals().items() if callable(made)}
