"""A configuration whose fields describe themselves: default, bounds, scale, symbol, a sentence.

Sliders, tables and the messages for bad values are all made from this one description.
"""

import dataclasses
import functools
import inspect
import math
import os
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, repeat
from numbers import Real
from pathlib import Path
from typing import Any, get_args, get_origin

import numpy as np

# What arguments of these names must be, in all functions that are `checked`: kind, lowest, highest.
COUNTS = "seeds students records episodes copies updates rounds labels batch_size n_steps width"
COUNTS += " hidden_layers observations actions heads tasks lanes n_in n_out calls rank max_sweeps"
COUNTS += " capacity slots size most"
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


def setting(default, low, high, help: str, *, symbol="", unit="", log=False) -> Any:
    """A field of a configuration: its default, the bounds of its value, and what it means.

    `log` asks for a logarithmic slider; an integer default makes the field an integer.
    """
    description = {"low": low, "high": high, "help": help, "symbol": symbol}
    return dataclasses.field(default=default, metadata=description | {"unit": unit, "log": log})


def switch(default: bool, *, help: str) -> Any:
    """A field that is on or off."""
    return dataclasses.field(default=default, metadata={"help": help, "symbol": ""})


def configuration(cls):
    """Make a class of `setting` fields a dataclass that checks each value, also when it is changed.

    Raises TypeError for an unknown name or what is no number, ValueError for one out of bounds.
    """
    for name, value in vars(cls).items():
        # A plain number would be no field at all, without a word from `dataclass`.
        described = isinstance(value, dataclasses.Field) or hasattr(value, "__get__")
        if not described and not name.startswith("_"):
            raise TypeError(f"{name} of {cls.__name__} is {in_short(value)}: make it a `setting`.")
    cls = dataclasses.dataclass(cls)
    fields = {field.name: field for field in dataclasses.fields(cls)}

    def unknown(self, name, error=AttributeError):
        raise error(f"{cls.__name__} has no setting '{name}'. It has: {', '.join(fields)}.")

    def checked_setattr(self, name, value):
        if name not in fields:
            unknown(self, name, TypeError)
        object.__setattr__(self, name, check_setting(fields[name], value))

    cls.__setattr__, cls.__getattr__ = checked_setattr, unknown
    return cls


def check_setting(field: dataclasses.Field, value):
    """Return `value` as the field's own type, or raise one sentence that says what it must be.

    TypeError for what is no number (or no bool), ValueError for one out of bounds, also for NaN.
    """
    if isinstance(field.default, bool):
        if not isinstance(value, bool):
            meaning = field.metadata["help"]
            raise TypeError(f"{field.name} = {value!r}: must be True or False ({meaning}).")
        return value
    kind, low, high = type(field.default), field.metadata["low"], field.metadata["high"]
    return check_number(field.name, value, kind, low, high, f" ({field.metadata['help']})")


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


def check_array(name: str, value) -> np.ndarray:
    """The value as an array; ValueError unless it is numbers, all of them finite."""
    try:
        array = np.asarray(value)
    except ValueError:  # rows of unequal length
        array = np.array(None)
    if array.dtype.kind not in "biuf" or not array.size:
        raise ValueError(f"{name} = {in_short(value)}: must be numbers, in rows of one length.")
    if not np.isfinite(array).all():
        raise ValueError(f"some {name} are NaN or infinite: find out which, before you average.")
    return array


def in_short(value) -> str:
    """A value in a sentence: on one line, and no more of it than tells what it is."""
    return " ".join(repr(value).split())[:80]
