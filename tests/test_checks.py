"""Arguments of the wrong kind get one sentence; shapes that would spread are refused."""

import inspect
import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from course_utils.checks import check_actions, checked, fitting, need
from course_utils.learner import Parts
from course_utils.losses import td_error
from course_utils.networks import QNetwork


@checked
def example(
    network: QNetwork, tasks: list[int], act: Callable[[], int], seeds=1, seed=0, discount=1.0,
    parts: Parts | None = None, table: dict | None = None, name: str = "", weight=None,
    values: np.ndarray | Tensor | None = None, rng: np.random.Generator | None = None, **more,
):  # fmt: skip
    """A function whose arguments are checked."""
    return seeds, seed, discount, more


NET = QNetwork(2, 4, 2, width=4)


def test_arguments_of_the_right_kind_pass_and_arrive():
    assert example(NET, [0], max) == (1, 0, 1.0, {})
    found = example(NET, range(2), NET, np.int16(3), 2.0, np.float32(0.5), Parts(), {}, "a")
    assert found == (3, 2, 0.5, {})
    assert [type(number) for number in found[:3]] == [int, int, float]
    heir = type("Heir", (QNetwork,), {})(2, 4, 2, width=4)
    assert example(heir, np.arange(3), act=max, seeds=2, parts=None, width=-1) == (
        *(2, 0, 1.0),
        {"width": -1},  # an argument for somebody else, although the name has a rule
    )
    values = torch.ones(2, requires_grad=True)
    assert example(NET, [0], max, values=values, rng=np.random.default_rng(0))[0] == 1
    assert "network" in inspect.signature(example).parameters
    assert example.__doc__ == "A function whose arguments are checked."


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        ({"network": "a"}, TypeError, "network = 'a': must be a QNetwork: load one with storage"),
        ({"network": QNetwork}, TypeError, "network = <class '.*'>: must be a QNetwork"),
        ({"network": None}, TypeError, "network = None: must be a QNetwork"),
        ({"tasks": 1}, TypeError, "tasks = 1: must be a list"),
        ({"tasks": "01"}, TypeError, "tasks = '01': must be a list"),
        ({"act": 3}, TypeError, "act = 3: must be a function"),
        ({"parts": {}}, TypeError, "parts = {}: must be a Parts or None"),
        ({"table": [1]}, TypeError, r"table = \[1\]: must be a dict or None"),
        ({"name": 1}, TypeError, "name = 1: must be a name in quotes"),
        ({"values": [1.0]}, TypeError, r"values = \[1.0\]: must be an array or a Tensor or None"),
        ({"values": np.array([0, np.nan])}, ValueError, "values holds NaN"),
        ({"values": torch.tensor([0, np.nan])}, ValueError, "values holds NaN"),
        ({"rng": 3}, TypeError, r"rng = 3: must be a stream: np.random.default_rng\(seed\)"),
        ({"seeds": 0}, ValueError, "seeds = 0: must be a whole number of 1 or more"),
        ({"seeds": 1.5}, ValueError, "seeds = 1.5: must be a whole number"),
        ({"seeds": True}, TypeError, "seeds = True"),
        ({"seeds": math.inf}, ValueError, "seeds = inf"),
        ({"seed": -1}, ValueError, "seed = -1: must be a whole number of 0 or more"),
        ({"seed": None}, TypeError, "seed = None"),
        ({"discount": 2}, ValueError, "discount = 2: must be a number between 0 and 1"),
        ({"discount": math.nan}, ValueError, "discount = nan"),
        (
            {"discount": np.eye(2)},
            TypeError,
            r"discount = array\(\[\[1., 0.\], \[0., 1.\]\]\): must",
        ),
        ({"weight": -0.1}, ValueError, "weight = -0.1: must be a number of 0 or more"),
    ],
)
def test_a_wrong_argument_gets_one_sentence(wrong, error, words):
    right = {"network": NET, "tasks": [0], "act": max}
    with pytest.raises(error, match=words) as found:
        example(**right | wrong)
    assert "\n" not in str(found.value)


def test_what_lacks_and_what_is_too_much_is_told_by_python():
    with pytest.raises(TypeError, match=r"example\(\) missing 1 required .* 'act'"):
        example(NET, [0])
    with pytest.raises(TypeError, match=r"example\(\) takes .* arguments"):
        example(NET, [0], max, 1, 0, 0.5, None, None, "", 1, None, None, 2)


def test_a_generator_is_checked_when_it_is_made():
    @checked
    def count(rounds):
        yield from range(rounds)

    with pytest.raises(ValueError, match="rounds = 0"):
        count(0)
    assert list(count(2.0)) == [0, 1]


def test_tensors_that_would_spread_are_refused_also_after_some_that_fit():
    q, action, target = torch.zeros(2, 3, 4), torch.zeros(2, 3, dtype=torch.int64), torch.ones(2, 3)
    for _ in range(2):
        assert torch.equal(td_error(q, action, target), target)
        assert torch.equal(td_error(q, action=action, target=target), target)
        for bad in (target[:1], target[..., None], target[0]):
            with pytest.raises(ValueError, match="td_error: these shapes do not belong together"):
                td_error(q, action, bad)
        with pytest.raises(ValueError, match="td_error: action must be whole numbers"):
            td_error(q, action + 4, target)
        with pytest.raises(TypeError, match="target = 1: must be a tensor"):
            td_error(q, action, 1)


def test_numbers_beside_tensors_are_looked_at_in_each_call():
    @fitting
    def softened(q: Tensor, temperature: float):
        return q / temperature

    softened(torch.ones(2), 1.0)
    with pytest.raises(ValueError, match="temperature = 0: must be a number above 0"):
        softened(torch.ones(2), 0)


@pytest.mark.parametrize(
    "wrong", [[0, 2], [-1, 0], [0], [[0, 1]], [0.0, 1.0], ["0", "1"], [0, None], 1, None]
)
def test_actions_are_whole_numbers_of_their_shape_that_exist(wrong):
    assert check_actions("act", [True, 0], (2,), 2).tolist() == [1, 0]
    with pytest.raises(ValueError, match=r"`act` must return whole numbers \[2\], .* 0 to 1, not"):
        check_actions("act", wrong, (2,), 2)


def test_what_is_needed():
    need([1], "no")
    with pytest.raises(ValueError, match="^one or more$"):
        need([], "one or more")
