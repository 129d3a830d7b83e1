"""The exercises of notebook 04."""

import torch

from course_utils import imitation
from course_utils.exercises import Exercise, WrongAnswer


def with_gradient(loss, values, *rest):
    """A loss of the first argument, from which something must be learned."""
    result = loss(values.requires_grad_() * 1, *rest)
    if not getattr(result, "requires_grad", True):
        raise WrongAnswer("The loss carries no gradient, so nothing is learned from it: do not detach the network.")
    return result.detach() if isinstance(result, torch.Tensor) else result


def _logits():
    stream = torch.Generator().manual_seed(1)
    simple = (torch.tensor([0.0, 1.0, 3.0]), torch.tensor(1))
    drawn = [
        (3 * torch.randn(*shape, actions, generator=stream), torch.randint(actions, shape, generator=stream))
        for shape, actions in (((5,), 4), ((2, 3), 4), ((6,), 2))
    ]
    return [simple, *drawn, (torch.tensor([[0.0, 200.0], [200.0, 0.0]]), torch.tensor([0, 0]))]


EXERCISES = {
    "damaged_episode": Exercise(
        answer="b",
        hints=["What else may be wrong in an episode whose sensor failed once? And what does an n-step sum run over?"],
        mistakes={
            "A 0 is an observation like any other: the network learns from a state that never was.": "a",
            "Without this step its neighbours are not neighbours any more: an n-step sum would run over the gap.": "c",
            "One NaN in a batch makes the loss NaN, and then every weight.": "d",
        },
    ),
    "cloning_loss": Exercise(
        answer=imitation.cloning_loss,
        cases=_logits,
        probe=with_gradient,
        tolerance=1e-4,
        hints=[
            "log_softmax over the last axis, then pick the expert's action, then the sign. (torch's own cross_entropy "
            "wants the actions on axis 1, and takes the mean.)",
            "logits.log_softmax(-1).gather(-1, action[..., None])[..., 0] is log π(a | s).",
        ],
        mistakes={
            "The sign is wrong: it must be positive, and smaller where the expert's action is likelier.": (
                lambda logits, action: -imitation.cloning_loss(logits, action)
            ),
            "The mean over the batch is taken already: return one loss for each action, [...].": (
                lambda logits, action: imitation.cloning_loss(logits, action).mean()
            ),
            "This is the probability, not the surprise: the logarithm is missing.": (
                lambda logits, action: logits.softmax(-1).gather(-1, action[..., None])[..., 0]
            ),
            "The softmax runs over the wrong axis: the actions are on the last one, -1.": (
                lambda logits, action: -logits.log_softmax(0).gather(-1, action[..., None])[..., 0]
            ),
            "The softmax is missing: the logits themselves are no distribution.": (
                lambda logits, action: -logits.gather(-1, action[..., None])[..., 0]
            ),
            "One axis too many: gather keeps the last one, index it away with [..., 0].": (
                lambda logits, action: imitation.cloning_loss(logits, action)[..., None]
            ),
            "The logarithm of a softmax that is 0 is −∞: use log_softmax, which never computes that 0.": (
                lambda logits, action: -logits.softmax(-1).log().gather(-1, action[..., None])[..., 0]
            ),
        },
    ),
    "whose_actions": Exercise(
        answer="b",
        hints=["What does the loss push the clone towards, in a state where it errs?"],
        mistakes={
            "More data of the clone's own errors teaches exactly these errors.": "a",
            "There is no reward and no value in it; it is still classification.": "c",
            "More rounds add more of the same: the labels say that the clone is right.": "d",
        },
    ),
    "what_averages_out": Exercise(
        answer="c",
        hints=["What does the driver do most often, in the moment when one should brake?"],
        mistakes={
            "Only what has no rule averages out; the late braking is what the driver does most often.": "a",
            "It can be better: this section has shown one that is.": "b",
            "It is the other way round: the regular is learned, the rare is outvoted.": "d",
        },
    ),
    "where_is_the_expert": Exercise(
        answer="d",
        hints=["Where do the rows of the memory come from?"],
        mistakes={
            "The memory holds what the agent itself did, in the line above.": "a",
            "It fits values to a target made of rewards, not scores to an expert's actions.": "b",
            "With probability ε it takes a random action; no expert is asked.": "c",
        },
    ),
    "what_kind_of_learning": Exercise(
        answer="a",
        hints=["Is there a target for each input? And who decides which inputs come later?"],
        mistakes={
            "Such a reward can be defined (notebook 06 does), but cloning uses none: no return is added up.": "b",
            "There is a label for each state: the expert's action.": "c",
            "Cloning learns no behaviour from its consequences; section 4.5 shows what is special about it.": "d",
        },
    ),
}
