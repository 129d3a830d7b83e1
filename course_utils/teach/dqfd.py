"""Demonstrations in Q-learning, for S seeds: DQfD, by Hester et al. 2018 (arXiv 1704.03732)."""

from dataclasses import replace

import numpy as np
import torch

from course_utils import losses
from course_utils.checks import check_shape, checked
from course_utils.learner import DQN, DQNConfig, Parts
from course_utils.networks import QNetwork, copy_to_go_on
from course_utils.replay import ReplayBuffer
from course_utils.settings import configuration, setting


@configuration
class DQfDConfig(DQNConfig):
    """Settings of Q-learning with demonstrations, beside those of DQN."""

    demonstration_ratio: float = setting(0.25, 0, 1, "share of demonstrations in each batch")
    margin_weight: float = setting(1.0, 0, 10, "weight of the margin loss", symbol="λ₂")
    margin: float = setting(0.8, 0, 10, "by how much the expert's action must beat the others")
    margin_until: float = setting(0.5, 0, 1, "share of the run in which λ₂ falls to 0; 0: never")


def expert_margin(margin_loss=losses.margin_loss):
    """An `extra_loss` of `Parts`: the margin loss of the demonstrations in a batch, times λ₂.

    margin_loss: (q [S, B, A], action [S, B], margin) → [S, B]. Margin and λ₂, as it is now,
    are the learner's settings, of a `DQfDConfig`. Source: Hester et al. 2018, section 4.
    """

    def extra_loss(learner, q, batch):
        config = learner.config
        weight = losses.annealed(config.margin_weight, learner.progress(), config.margin_until)
        missed = margin_loss(q, batch.action, config.margin)
        missed = check_shape("margin_loss", missed, batch.action.shape)
        return weight * (batch.demonstrated * missed).mean(-1)

    return extra_loss


@checked
def pretrain(
    config: DQfDConfig, demonstrations: ReplayBuffer, network: QNetwork, updates, seed=0, records=1,
    parts=None,
):  # fmt: skip
    """Q-learning from a memory of demonstrations alone, before the first step in the environment.

    network: S networks to begin with, which are copied. parts: by default with the margin loss.
    Without priorities. Yields updates, loss [S], networks. ValueError if memory and networks do
    not belong together. Hester et al. 2018, algorithm 1.
    """
    config, observations = replace(config, priority_exponent=0.0), demonstrations.observation
    size = demonstrations.seeds, observations.shape[1], network.arguments["actions"]
    network = copy_to_go_on(network, QNetwork(*size, generator=torch.Generator()))
    learner = DQN(config, network, seed, parts=parts or Parts(extra_loss=expert_margin()))
    learner.replay = demonstrations  # instead of own steps, of which there are none yet
    for due in np.linspace(0, updates, records + 1)[1:]:
        while learner.updates < due:
            loss, _ = learner.update(learner.draw())
        yield learner.updates, loss.numpy(), learner.network
