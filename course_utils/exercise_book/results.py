"""What a function returned: its kind, its numbers and its gradient. Differences are sentences."""

import operator
import re
from dataclasses import is_dataclass

import numpy as np
import torch

from course_utils.exercise_book.trial import advised, brief

KINDS = {"tensor": "a tensor of PyTorch", "array": "a NumPy array or a number"}


def kind(value) -> str:
    """A tensor, an array (or a number), or the name of another type."""
    if isinstance(value, torch.Tensor):
        return "tensor"
    number = isinstance(value, np.ndarray | np.generic | int | float)
    return "array" if number and not isinstance(value, bool) else type(value).__name__


def unfit(result, wanted, exact=False) -> str:
    """Why a result does not work where the wanted one does, in a sentence; or ''."""
    if isinstance(wanted, tuple):
        if isinstance(result, tuple | list) and len(result) == len(wanted):
            return next(filter(None, map(unfit, result, wanted)), "")
        return f"Return {len(wanted)} results with a comma between them; it returned one thing."
    came, asked = kind(result), kind(wanted)
    if came != asked:
        told = KINDS.get(came, f"something of type {came}: {brief(result)}")
        return advised(f"Your function must return {KINDS[asked]}; it returned {told}.")
    came, asked = (str(getattr(x, "dtype", "float64")) for x in (result, wanted))
    allowed = "float32|float64" if "torch.float" in asked else "float32|float64|int32|int64"
    allowed = "float64" if exact and asked == "float64" else allowed
    fits = re.fullmatch(rf"(torch\.)?({allowed})", came)
    return "" if fits else f"The result consists of {came}; {asked} is asked for."


def fitted(result, arguments):
    """The same result in the precision of the arguments; an array without axes as a number."""
    if isinstance(result, tuple | list):
        parts = [fitted(part, arguments) for part in result]
        return result if all(map(operator.is_, parts, result)) else tuple(parts)
    if isinstance(result, np.ndarray) and not result.ndim:
        return result[()]
    if isinstance(result, torch.Tensor) and result.is_floating_point():
        floats = [x for x in arguments if isinstance(x, torch.Tensor) and x.is_floating_point()]
        return result.to(floats[0].dtype) if floats else result
    return result


def close(one, other, tolerance) -> np.ndarray:
    """Where two arrays of one shape agree, in proportion to the second's largest number."""
    scale = max(np.abs(other[np.isfinite(other)]).max(initial=0), 0.1)
    return np.isclose(one, other, rtol=tolerance, atol=tolerance * scale, equal_nan=True)


def same(found, wanted, tolerance) -> bool:
    """Whether all arrays of two lists agree."""
    alike = [a.shape for a in found] == [b.shape for b in wanted]
    return alike and all(close(*pair, tolerance).all() for pair in zip(found, wanted, strict=True))


def difference(exercise, case, found, wanted) -> str:
    """The first difference of the results on one case: shape, NaN, or value. Or ''."""
    for one, other in zip(found, wanted, strict=True):
        if one.shape != other.shape:
            why = " (a number)" * (other.shape == ())
            if one.shape == other.squeeze().shape:
                why = ": `squeeze()` without an axis takes away all axes of length 1"
            return f"The result has shape {one.shape}; it must have shape {other.shape}{why}."
        equal = close(one, other, exercise.tolerance)
        if not equal.all() and not np.isfinite(one).all():
            why = "exp of a large number, a logarithm of 0, or a division by 0"
            saved = "log_softmax and logsumexp avoid the first two"
            return f"NaN or infinity: {why}; {saved}. Inputs: {brief(case)}."
        if not equal.all() and exercise.tell:  # the exercise has its own words
            return exercise.tell(case, one, other)
        for entry in np.argwhere(~equal).tolist():
            where, at = f"entry {entry} is" if entry else "it gives", tuple(entry)
            return f"For {brief(case)} {where} {one[at]:.6g}; right is {other[at]:.6g}."
    return ""


def learnable(value, leaves):
    """The same tensors, or a dictionary of them, as something computed from `leaves`."""
    if isinstance(value, dict):
        return {name: learnable(part, leaves) for name, part in value.items()}
    if not (isinstance(value, torch.Tensor) and value.is_floating_point()):
        return value
    leaves.append(value.clone().requires_grad_())
    return leaves[-1] * 1


def slopes(result, leaves):
    """Gradients of a fixed random combination of a result; None if it carries no gradient."""
    if not (leaves and getattr(result, "requires_grad", False)):
        return None
    weight = torch.randn(result.shape, generator=torch.Generator().manual_seed(0))
    found = torch.autograd.grad((weight * result).sum(), leaves, materialize_grads=True)
    return [one.detach().double().numpy() for one in found]  # older versions may carry gradients


def gradient_difference(found, wanted) -> str:
    """What is wrong with the gradient of a right result; or ''."""
    if found is None and wanted is not None:
        told = "so nothing is learned from it: do not detach the network"
        return f"The result carries no gradient, {told} (no .detach(), .data, .item(), no_grad)."
    if wanted is None and found is not None:
        told = "so it would be pulled towards Q: end with `.detach()`."
        return f"The result carries a gradient, {told}"
    if wanted is not None and not same(found, wanted, 1e-4):
        told = "something in it is detached, or rounded, or changed in place"
        return f"The result is right, but its gradient is not: {told}."
    return ""


def arrays(value, dtype=None) -> list[np.ndarray]:
    """Copies of all that is in a tuple, a list, a dictionary or an MDP, as arrays."""
    value = value.state_dict() if isinstance(value, torch.nn.Module) else value
    value = value.__dict__ if is_dataclass(value) else value
    value = tuple(value.values()) if isinstance(value, dict) else value
    if isinstance(value, tuple | list):
        return [array for part in value for array in arrays(part, dtype)]
    return [np.array(value.detach().numpy() if isinstance(value, torch.Tensor) else value, dtype)]
