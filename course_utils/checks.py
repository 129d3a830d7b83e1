"""Wrong inputs get one sentence: arguments by names and annotations, tensors by their shapes."""

import functools
import inspect
import math
import os
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, repeat
from numbers import Real
from pathlib import Path
from typing import get_args, get_origin

import numpy as np
from torch import Tensor

# What arguments of these names must be, in all functions that are `checked`: kind, lowest, highest.
COUNTS = "seeds students records episodes copies updates rounds labels batch_size n_steps width"
COUNTS += " hidden_layers observations actions heads tasks lanes n_in n_out calls rank max_sweeps"
COUNTS += " capacity slots size most stride"
RULES = dict.fromkeys(COUNTS.split(), (int, 1))
RULES |= dict.fromkeys(("horizon", "spare", "seed"), (int, 0))
RULES |= dict.fromkeys(("discount", "epsilon", "share", "rate", "decay", "until"), (float, 0, 1))
RULES |= dict.fromkeys(("weight", "alpha", "margin", "exponent", "tolerance"), (float, 0))
RULES |= {"temperature": (float, 1e-9), "length": (float, 1e-3), "states": (int, 1)}
RULES |= {"main": (float, 0.51, 1), "side": (float, -1, 1), "gravity": (float, -1000, 1000)}
# Annotations that are `checked`, besides classes of the course: what a value must be, in words.
KINDS = {list: (Iterable, "a list"), dict: (Mapping, "a dict"), str: (str, "a name in quotes")}
KINDS |= {Callable: (Callable, "a function"), types.NoneType: (types.NoneType, "None")}
KINDS |= {Iterator: (Iterator, "steps of envs.play"), np.ndarray: (np.ndarray, "an array")}
KINDS |= {np.random.Generator: (np.random.Generator, "a stream: np.random.default_rng(seed)")}
KINDS |= {Path: (os.PathLike, "a path"), bool: (bool, "True or False")}
HOW = {"QNetwork": ": load one with storage.load_agent", "MDP": ": read one with envs.read_mdp"}
HOW |= {"ReplayBuffer": ", as demonstrations.memory_of makes it"}
# Tensors of these names end with an axis of actions, behind the axes that all tensors share.
OF_ACTIONS = ("q", "next_q", "target_q", "online_q", "logits", "student", "teacher", "advantage")


def checked(function, **rules):
    """The function, whose arguments are first held against their annotations, then against RULES.

    Known annotations: those in KINDS and classes of the course, also several with `|`. A whole
    number arrives as int. A default is never refused. Raises TypeError, ValueError when called.
    rules: for an argument's name, (name, value) → value, which raises, in place of the others.
    """
    told = inspect.signature(function).parameters
    kinds = {name: kinds_of(parameter.annotation) for name, parameter in told.items()}

    def hold(name, value):
        if name not in told or value is told[name].default:
            return value
        if isinstance(value, tuple) and tuple in get_args(told[name].annotation):
            return value  # a pair of seeds, say: its function looks at it
        if name in rules:
            return rules[name](name, value)
        if kinds[name]:
            return check_kind(name, value, kinds[name])
        return check_number(name, value, *RULES[name]) if name in RULES else value

    @functools.wraps(function)
    def asked(*arguments, **named):
        names = chain(told, repeat(""))  # too many arguments are left for Python to refuse
        arguments = [hold(*pair) for pair in zip(names, arguments, strict=False)]
        return function(*arguments, **{name: hold(name, value) for name, value in named.items()})

    return asked


def kinds_of(annotation) -> dict[type, str]:
    """The classes of an annotation and their names in a sentence; {} if one is not known."""
    several = get_args(annotation) if isinstance(annotation, types.UnionType) else (annotation,)
    kinds = {}
    for kind in (get_origin(one) or one for one in several):
        home = getattr(kind, "__module__", "").split(".")[0]
        if kind not in KINDS and home not in ("course_utils", "torch", "gymnasium"):
            return {}
        name = getattr(kind, "__name__", "")
        kinds |= dict([KINDS.get(kind, (kind, f"a {name}{HOW.get(name, '')}"))])
    return kinds


def check_kind(name: str, value, kinds: dict[type, str]):
    """The value; TypeError: it is of none of these kinds (a word is no list); ValueError: NaN."""
    if not isinstance(value, tuple(kinds)) or (isinstance(value, str) and str not in kinds):
        raise TypeError(f"{name} = {in_short(value)}: must be {' or '.join(kinds.values())}.")
    if hasattr(value, "dtype") and (value != value).any():
        raise ValueError(f"{name} holds NaN, which is no number: find out where it comes from.")
    return value


def check_number(name: str, value, kind: type, low, high=None, meaning=""):
    """The value as this kind, int or float; or one sentence, which ends with the meaning.

    TypeError for what is no number, ValueError for one out of bounds, broken, NaN or infinite.
    """
    number = isinstance(value, Real) and not isinstance(value, bool)
    within = number and low <= value < math.inf and (high is None or value <= high)
    if within and (kind is float or value % 1 == 0):
        return kind(value)
    told = f"{name} = {in_short(value)}: must be a {'whole ' if kind is int else ''}number"
    bounds = f"between {low} and {high}" if high is not None else f"of {low} or more"
    bounds = bounds if high is not None or not 0 < low < 1e-6 else "above 0"
    raise (ValueError if number else TypeError)(f"{told} {bounds}{meaning}.")


def check_array(name: str, value, then="find out which, before you average") -> np.ndarray:
    """The value as an array; ValueError unless it is numbers, all of them finite."""
    try:
        array = np.asarray(value)
    except ValueError:  # rows of unequal length
        array = np.array(None)
    if array.dtype.kind not in "biuf" or not array.size:
        raise ValueError(f"{name} = {in_short(value)}: must be numbers, in rows of one length.")
    need(np.isfinite(array).all(), f"some {name} are NaN or infinite: {then}.")
    return array


def check_actions(part: str, value, shape: tuple, actions: int) -> np.ndarray:
    """The value as an array; ValueError unless it is of this shape, each from 0 to actions − 1."""
    array = np.asarray(value)
    whole = array.shape == shape and array.dtype.kind in "biu"
    if not whole or array.astype(np.uint64).max() >= actions:  # as one of these, −1 is huge
        must = f"must return whole numbers {list(shape)}, actions from 0 to {actions - 1}"
        raise ValueError(f"`{part}` {must}, not {in_short(value)} of shape {list(array.shape)}.")
    return array


def check_finite(whose: Path | str, tensors: dict[str, Tensor]) -> None:
    """ValueError, with the name of the file or of the network, if not all weights are numbers."""
    if not all(tensor.isfinite().all() for tensor in tensors.values()):
        raise ValueError(f"{Path(whose).name}: a weight is NaN or infinite: train it again.")


def in_short(value) -> str:
    """A value in a sentence: on one line, and no more of it than tells what it is."""
    return " ".join(repr(value).split())[:80]


def need(right, sentence: str) -> None:
    """ValueError with this sentence unless it is right."""
    if not right:
        raise ValueError(sentence)


def check_shape(part: str, value: Tensor, shape: tuple, must="must return") -> Tensor:
    """The value; ValueError if it is no tensor of this shape: another one would spread."""
    if not isinstance(value, Tensor) or value.shape != shape:
        found = list(value.shape) if isinstance(value, Tensor) else in_short(value)
        raise ValueError(f"`{part}` {must} a tensor {list(shape)}, not {found}.")
    return value


def fitting(function, **rules):
    """The function, whose tensors are held against each other and whose numbers against RULES.

    TypeError for what is no tensor; ValueError for shapes that would spread and for actions that
    do not exist. rules: others for some numbers.
    """
    told, rules, name = inspect.signature(function).parameters, RULES | rules, function.__name__
    seen = set()  # shapes that fit: an update asks for the same ones again and again

    def hold(given):
        shapes = {}
        for key, value in given.items():
            a_tensor = key in told and told[key].annotation is Tensor
            if isinstance(value, Tensor) and (value.ndim or a_tensor):
                shapes[key] = tuple(value.shape)
            elif a_tensor:
                raise TypeError(f"{key} = {in_short(value)}: must be a tensor.")
            elif key in rules and not isinstance(value, Tensor):  # else one γ, one τ for all
                check_number(key, value, *rules[key])
        leads = {s[:-1] if key in (*OF_ACTIONS, "value") else s for key, s in shapes.items()}
        ends = {shape[-1:] for key, shape in shapes.items() if key in OF_ACTIONS}
        if len(leads) > 1 or len(ends) > 1 or (0,) in ends:
            raise ValueError(f"{name}: these shapes do not belong together: {shapes}.")

    @functools.wraps(function)
    def asked(*arguments, **named):
        form = tuple([x.shape if isinstance(x, Tensor) else None for x in arguments])
        if named or None in form or form not in seen:
            hold(dict(zip(told, arguments, strict=False)) | named)
            seen.add(form)
        try:
            return function(*arguments, **named)
        except RuntimeError as error:
            if "action" not in told:
                raise
            must = "action must be whole numbers, as torch.int64, of actions that there are"
            raise ValueError(f"{name}: {must} ({in_short(error)}).") from None

    return asked
