"""Targets and losses, against plain loops."""

import numpy as np
import pytest
import torch

from course_utils.losses import Anchor, double_q, ewc_penalty, td_error, td_loss, td_target


@pytest.mark.parametrize("double", [False, True])
def test_targets_equal_a_plain_loop(double):
    stream = torch.Generator().manual_seed(0)
    target_q, online_q = torch.randn(2, 3, 40, 5, generator=stream)
    reward, terminated = (
        torch.randn(3, 40, generator=stream),
        torch.rand(3, 40, generator=stream) < 0.4,
    )
    discount = torch.rand(3, 40, generator=stream)
    y = td_target(
        reward, terminated.float(), double_q(target_q, online_q) if double else target_q, discount
    )
    for s, b in np.ndindex(3, 40):
        chooser = online_q if double else target_q
        best = max(range(5), key=lambda a: float(chooser[s, b, a]))
        future = 0.0 if terminated[s, b] else float(discount[s, b] * target_q[s, b, best])
        assert float(y[s, b]) == pytest.approx(float(reward[s, b]) + future, abs=1e-6)


def test_targets_carry_no_gradient():
    next_q = torch.ones(4, 2, requires_grad=True)
    assert not td_target(torch.zeros(4), torch.zeros(4), next_q, 0.9).requires_grad


def test_the_loss_equals_a_plain_loop():
    q, action, target = (
        torch.tensor([[[1.0, 2.0], [3.0, 5.0]]]),
        torch.tensor([[1, 0]]),
        torch.tensor([[4.0, 2.0]]),
    )
    error = td_error(q, action, target)
    assert error.tolist() == [[2.0, -1.0]]
    assert td_loss(error, torch.tensor([[1.0, 0.5]])).tolist() == [(4 + 0.5) / 2]


def test_ewc_equals_a_plain_loop_over_what_mattered():
    stream = torch.Generator().manual_seed(0)
    now, then, mattered = (
        {name: torch.rand(2, 3, 4, generator=stream) for name in "ab"} for _ in range(3)
    )
    del mattered["b"]
    found = ewc_penalty(now, Anchor(then, mattered))
    for s in range(2):
        parts = [
            mattered["a"][s, i, j] * (now["a"][s, i, j] - then["a"][s, i, j]) ** 2
            for i, j in np.ndindex(3, 4)
        ]
        assert float(found[s]) == pytest.approx(float(sum(parts)) / 2)
    assert ewc_penalty(then, Anchor(then, mattered)).tolist() == [0, 0]


def test_one_discount_may_be_a_number_or_a_tensor_of_one():
    reward, terminated, next_q = torch.ones(2, 3), torch.zeros(2, 3), torch.ones(2, 3, 4)
    wanted = td_target(reward, terminated, next_q, 0.5)
    for discount in (torch.tensor(0.5), torch.full((2, 3), 0.5), np.float32(0.5)):
        assert torch.equal(td_target(reward, terminated, next_q, discount), wanted)
