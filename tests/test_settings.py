import math

import numpy as np
import pytest

from course_utils.learn.tabular import QLearningConfig
from course_utils.settings import configuration, switch


@pytest.mark.parametrize(
    ("values", "error", "words"),
    [
        (
            {"discount": 1.5},
            ValueError,
            r"discount = 1.5: must be a number between 0 and 1 \(how much a reward",
        ),
        (
            {"learning_rate": 0},
            ValueError,
            "learning_rate = 0: must be a number between 0.001 and 1",
        ),
        ({"epsilon": -0.1}, ValueError, "epsilon = -0.1: must be a number between 0 and 1"),
        ({"epsilon": math.nan}, ValueError, "epsilon = nan"),
        ({"discount": "high"}, TypeError, "discount = 'high': must be a number"),
        ({"steps": 10.5}, ValueError, "steps = 10.5: must be a whole number"),
        ({"steps": True}, TypeError, "steps = True"),
        ({"gamma": 0.9}, TypeError, "gamma"),
    ],
)
def test_a_bad_value_gets_one_sentence(values, error, words):
    with pytest.raises(error, match=words):
        QLearningConfig(**values)


def test_a_change_is_checked_too_and_a_refused_one_changes_nothing():
    config = QLearningConfig(discount=0.9)
    with pytest.raises(ValueError, match="discount = 2"):
        config.discount = 2
    with pytest.raises(TypeError, match="no setting 'discont'. It has: discount, learning_rate"):
        config.discont = 0.5
    assert config.discount == 0.9


def test_numpy_numbers_are_numbers():
    config = QLearningConfig(steps=np.int64(10), epsilon=np.float32(0.5))
    assert config.steps == 10 and config.epsilon == 0.5
    assert type(config.steps) is int and type(config.epsilon) is float


@configuration
class Switches:
    fast: bool = switch(False, help="how it goes")
    loss: str = switch("KL", names=("KL", "NLL", "MSE"), help="what is copied")


def test_a_switch_is_on_or_off_or_one_of_its_names():
    config = Switches(fast=True, loss="MSE")
    assert (config.fast, config.loss, Switches().loss) == (True, "MSE", "KL")
    for wrong, error in (("L2", ValueError), ("kl", ValueError), (1, TypeError), (None, TypeError)):
        with pytest.raises(error, match=r"loss = .*: must be KL, NLL or MSE \(what is copied\)"):
            config.loss = wrong
    with pytest.raises(TypeError, match=r"fast = 1: must be True or False \(how it goes\)"):
        config.fast = 1
    assert (config.fast, config.loss) == (True, "MSE")
