"""The exercises of notebook 06."""

import numpy as np
import torch

from course_utils import rewards
from course_utils.exercises import Exercise


def _steps():
    rng = np.random.default_rng(1)
    simple = (np.array([1.0, 2.0]), np.array([3.0, 5.0]), np.array([False, True]), 0.5)
    shapes = {0.9: (6,), 1.0: (3, 4)}
    drawn = [(*rng.normal(size=(2, *shape)), rng.random(shape) < 0.3, discount) for discount, shape in shapes.items()]
    return [simple, *drawn, (np.ones(3), 2 * np.ones(3), np.array([1.0, 0.0, 1.0]), 0.25)]


def _values():
    stream = torch.Generator().manual_seed(1)
    simple = (torch.tensor([0.0, 0.0, 0.0]), 1.0)
    drawn = [(3 * torch.randn(*shape, generator=stream), tau) for shape, tau in (((5, 4), 0.5), ((2, 3, 2), 2.0))]
    return [simple, *drawn, (torch.tensor([[200.0, 100.0]]), 0.1)]


EXERCISES = {
    "shaping_reward": Exercise(
        answer=rewards.shaping_reward,
        cases=_steps,
        hints=[
            "The new potential is discounted, and counts 0 behind a terminal step; the old one is taken away in full.",
            "The whole of it: discount * (1 - terminated) * next_potential - potential.",
        ],
        mistakes={
            "The potential of a terminal state counts: the factor (1 − terminated) is missing.": (
                lambda old, new, terminated, discount: discount * new - old
            ),
            "The discount is missing: only with the agent's own γ the terms cancel.": (
                lambda old, new, terminated, discount: (1 - terminated) * new - old
            ),
            "The sign is turned round: what is gained must be paid.": (
                lambda old, new, terminated, discount: old - discount * (1 - terminated) * new
            ),
            "Old and new are exchanged.": (
                lambda old, new, terminated, discount: discount * (1 - terminated) * old - new
            ),
            "The old potential is left out: this is a bonus, and no shaping.": (
                lambda old, new, terminated, discount: discount * (1 - terminated) * new
            ),
            "At a terminal step the old potential must be taken back, too; here all of F is 0 there.": (
                lambda old, new, terminated, discount: (1 - terminated) * (discount * new - old)
            ),
            "The old potential is discounted as well: only the new one lies a step ahead.": (
                lambda old, new, terminated, discount: discount * ((1 - terminated) * new - old)
            ),
        },
    ),
    "which_shaping_is_safe": Exercise(
        answer="b",
        hints=["Which of them is γ Φ(s′) − Φ(s) for some function Φ of the state alone?"],
        mistakes={
            "It can touch the cup again and again, and be paid each time.": "a",
            "Going nearer is free and going away costs: that is no difference of potentials; standing still may become "
            "best.": "c",
            "Whether the cup was touched before is not in the state, so this is no function of s and s′; and a large "
            "bonus may be worth more than the table.": "d",
        },
    ),
    "how_to_notice_hacking": Exercise(
        answer="b",
        hints=["Which of the two curves of this section looked wrong?"],
        mistakes={
            "The loss measures how well the values fit the pay; they fit it well.": "a",
            "Nearly all do the same, and are paid more for it: that is no bad luck.": "c",
            "The promised value rises: by its own measure the agent becomes better.": "d",
        },
    ),
    "soft_value": Exercise(
        answer=rewards.soft_value,
        cases=_values,
        tolerance=1e-3,
        hints=[
            "Divide by τ, take logsumexp over the last axis, multiply by τ.",
            "The whole of it: temperature * (q / temperature).logsumexp(-1).",
        ],
        mistakes={
            "This is the hard maximum.": lambda q, tau: q.amax(-1),
            "The factor τ in front is missing.": lambda q, tau: (q / tau).logsumexp(-1),
            "Q must be divided by τ, not multiplied.": lambda q, tau: tau * (q * tau).logsumexp(-1),
            "The division by τ is missing.": lambda q, tau: tau * q.logsumexp(-1),
            "exp(Q/τ) overflows: use logsumexp, which takes the maximum out first.": (
                lambda q, tau: tau * (q / tau).exp().sum(-1).log()
            ),
            "This is the mean under the softmax; it lies below the maximum, the soft value above it.": (
                lambda q, tau: ((q / tau).softmax(-1) * q).sum(-1)
            ),
            "The number of actions is divided out: then equal values give themselves; here they give more.": (
                lambda q, tau: tau * ((q / tau).logsumexp(-1) - np.log(q.shape[-1]))
            ),
        },
    ),
    "shaping_at_the_cut": Exercise(
        answer="b",
        hints=["Does the target look ahead at a truncated step?"],
        mistakes={
            "That is right for a terminal state. Here the agent would lose its height for no fault of its own.": "a",
            "The step is a step like any other, and the agent has learned something in it.": "c",
            "The next episode has nothing to do with this step.": "d",
        },
    ),
}
