"""The exercises of notebook 05."""

import torch

from course_utils import imitation
from course_utils.exercise_book.imitation import with_gradient
from course_utils.exercises import Exercise


def _values():
    stream = torch.Generator().manual_seed(1)
    simple = [
        (torch.tensor([1.0, 3.0, 2.5]), torch.tensor(1), 0.8),
        (torch.tensor([4.0, 3.0, 2.5]), torch.tensor(1), 0.8),
        (torch.tensor([[3.0, 1.0], [1.0, 3.0]]), torch.tensor([0, 0]), 0.5),
    ]
    drawn = [
        (torch.randn(*shape, actions, generator=stream), torch.randint(actions, shape, generator=stream), margin)
        for shape, actions, margin in (((6,), 3, 0.8), ((2, 5), 4, 0.3), ((8,), 2, 1.0))
    ]
    return [*simple, *drawn]


def _margin(penalty, base=lambda q, own: own):
    def loss(q, action, margin):
        own = q.gather(-1, action[..., None])
        chosen = torch.zeros_like(q).scatter(-1, action[..., None], 1.0)
        return (q + penalty(chosen, margin)).amax(-1) - base(q, own)[..., 0]

    return loss


EXERCISES = {
    "margin_loss": Exercise(
        answer=imitation.margin_loss,
        cases=_values,
        probe=with_gradient,
        hints=[
            "Add the margin to every action but the expert's; take the maximum; subtract the expert's value.",
            "1 - torch.nn.functional.one_hot(action, q.shape[-1]) is 1 for every action but the expert's.",
        ],
        mistakes={
            "The margin is added to the expert's action, too: then it cancels out, and a tie is good enough.": (
                _margin(lambda chosen, margin: margin + 0 * chosen)
            ),
            "There is no margin: an expert's action that is best by a hair costs nothing.": (
                _margin(lambda chosen, margin: 0 * chosen)
            ),
            "The margin goes to the expert's action: it belongs to all the others.": (
                _margin(lambda chosen, margin: margin * chosen)
            ),
            "The expert's own value is not subtracted.": _margin(
                lambda chosen, margin: margin * (1 - chosen), lambda q, own: 0 * own
            ),
            "The maximum leaves the expert's action out: then the loss can fall below 0, and never stops pushing.": (
                _margin(lambda chosen, margin: margin - 1e9 * chosen)
            ),
            "The margin is subtracted from the others: then they may even be better than the expert's.": (
                _margin(lambda chosen, margin: -margin * (1 - chosen))
            ),
            "The mean over the batch is taken already: return one loss for each action, [...].": (
                lambda q, action, margin: imitation.margin_loss(q, action, margin).mean()
            ),
        },
    ),
    "why_the_cliff": Exercise(
        answer="c",
        hints=["Neither of the two suspects was the cause alone. What does the TD loss say about the expert's action?"],
        mistakes={
            "With a tenth of the learning rate they fall as well: the figure above shows it.": "a",
            "With so low an ε almost all actions are the clone's own; and the greedy policy itself collapses.": "b",
            "With the level corrected they fall as well; they only recover sooner.": "d",
        },
    ),
    "unseen_actions": Exercise(
        answer="b",
        hints=["In which entries of Q(s, ·) do the expert's steps appear? And which entry does the maximum take?"],
        mistakes={
            "More demonstrations of the same expert still show one action a state.": "a",
            "The discount makes values smaller; it does not say anything about an action that was never tried.": "c",
            "The TD loss of the expert's steps does learn; but only about the expert's actions.": "d",
        },
    ),
    "where_is_the_reward": Exercise(
        answer="a",
        hints=["Look for r in each of the three losses."],
        mistakes={
            "The weights say how much each loss counts; none brings in a reward that is in no loss.": "b",
            "A penalty on large weights keeps numbers small; it says nothing about what is good.": "c",
            "Cross-entropy learns what the expert did, also where the expert was paid nothing for it.": "d",
        },
    ),
    "cross_entropy_of_a_value": Exercise(
        answer="d",
        hints=["Between which bounds must a probability lie? What are the values of CartPole?"],
        mistakes={
            "The minus sign belongs there: the logarithm of a probability is negative.": "a",
            "Two actions or four: the trouble is the same.": "b",
            "Its gradient exists wherever the logarithm does; it pushes in a direction that means nothing.": "c",
        },
    ),
    "penalty_in_the_update": Exercise(
        answer="b",
        hints=["Differentiate λ/2 · |θ|². And which of the two would a test of the gradient compare?"],
        mistakes={
            "Both pull the weights towards 0; the sign is right.": "a",
            "Adam is not used here; and it would make the two differ even more.": "c",
            "The two do belong together: the one is the gradient of the other, if it is written down.": "d",
        },
    ),
}
