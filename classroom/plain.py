"""What comes out of a child: numbers as JSON, from which nothing but numbers can be made."""

import base64
import re

import numpy as np
import torch

from course_utils.exercise_book.trial import brief

DTYPES = r"[<>|=]?[biufc]\d{1,2}"


class Other:
    """Stands for what is no number: its type's name is that of its class, its text what it is."""


def plain(value):
    """A value as JSON can hold it: arrays, numbers, texts, and what holds them; else its name."""
    try:
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, torch.Tensor):
            dense = value.detach()
            odd = dense.dtype in (torch.bfloat16, torch.float16)
            array = raw((dense.float() if odd else dense).numpy())
            return {"tensor": array, "dtype": str(value.dtype).removeprefix("torch.")}
        if isinstance(value, np.ndarray | np.generic):
            return {"array" if isinstance(value, np.ndarray) else "number": raw(value)}
        if isinstance(value, int | float):
            return float(value)
        if isinstance(value, str) and len(value) < 200:
            return {"text": str(value)}
        if isinstance(value, tuple | list):
            return {"tuple" if isinstance(value, tuple) else "list": [plain(x) for x in value]}
        if isinstance(value, torch.nn.Module):
            return {"module": type(value).__name__, "parts": plain([*value.state_dict().values()])}
        if value is ...:
            return {"dots": True}
    except Exception:  # a value that lies about itself is none of these
        pass
    return {"other": type(value).__name__[:60], "is": brief_of(value)}


def brief_of(value) -> str:
    try:
        return brief(value)
    except Exception:
        return "something that cannot be shown"


def raw(array) -> dict:
    """The bytes of an array; TypeError if it holds objects."""
    array = np.array(array, order="C")
    if not re.fullmatch(DTYPES, array.dtype.str):
        raise TypeError(array.dtype)
    told = base64.b64encode(array.tobytes()).decode()
    return {"dtype": array.dtype.str, "shape": array.shape, "bytes": told}


def array_of(told: dict) -> np.ndarray:
    """The array that `raw` told of. ValueError, TypeError, KeyError if it did not."""
    if not re.fullmatch(DTYPES, told["dtype"]):
        raise ValueError("no dtype of numbers")
    array = np.frombuffer(base64.b64decode(told["bytes"]), np.dtype(told["dtype"]))
    return array.reshape(told["shape"]).copy()


def rebuilt(told):
    """What `plain` told of. ValueError, TypeError, KeyError, RecursionError if it did not."""
    if not isinstance(told, dict):
        return told if told is None or isinstance(told, bool) else float(told)
    if "tensor" in told:
        dtype = getattr(torch, told["dtype"])
        if not isinstance(dtype, torch.dtype):
            raise ValueError("no dtype")
        return torch.from_numpy(array_of(told["tensor"])).to(dtype)
    if "array" in told:
        return array_of(told["array"])
    if "number" in told:
        return array_of(told["number"])[()]
    if "text" in told:
        return str(told["text"])
    if "tuple" in told or "list" in told:
        kind = "tuple" if "tuple" in told else "list"
        return (tuple if kind == "tuple" else list)(map(rebuilt, told[kind]))
    if "module" in told:
        parts = rebuilt(told["parts"])
        return named(dict, told["module"])(enumerate(parts))
    if "dots" in told:
        return ...
    text = str(told["is"])
    return named(Other, told["other"], __repr__=lambda self: text)()


def named(base: type, name, **more) -> type:
    """A class of that name, if it is one."""
    name = str(name)
    return type(name if name.isidentifier() else "object", (base,), more)
