"""A configuration whose fields describe themselves: default, bounds, scale, symbol, a sentence.

Sliders, tables and the messages for bad values are all made from this one description.
"""

import dataclasses
import functools
import inspect
from numbers import Real
from typing import Any

# What arguments of these names must be, in all functions that are `checked`: lowest, highest.
COUNTS = "seeds students records episodes copies updates rounds labels batch_size n_steps width"
COUNTS += " hidden_layers observations actions heads tasks lanes n_in n_out calls rank max_sweeps"
RULES = dict.fromkeys(COUNTS.split(), (1, None)) | dict.fromkeys(("horizon", "spare"), (0, None))
RULES |= dict.fromkeys(("discount", "epsilon", "share", "rate", "decay", "until"), (0.0, 1.0))
RULES |= {"seed": (0, None), "temperature": (1e-9, None), "weight": (0.0, None)}


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
    cls = dataclasses.dataclass(cls)
    fields = {field.name: field for field in dataclasses.fields(cls)}

    def checked_setattr(self, name, value):
        if name not in fields:
            raise TypeError(f"{cls.__name__} has no setting '{name}'. It has: {', '.join(fields)}.")
        object.__setattr__(self, name, check_setting(fields[name], value))

    cls.__setattr__ = checked_setattr
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
    whole = isinstance(field.default, int)
    low, high, meaning = (field.metadata[key] for key in ("low", "high", "help"))
    kind = "a whole number" if whole else "a number"
    sentence = f"{field.name} = {value!r}: must be {kind} between {low} and {high} ({meaning})."
    if not isinstance(value, Real) or isinstance(value, bool):
        raise TypeError(sentence)
    if not low <= value <= high or (whole and value != int(value)):
        raise ValueError(sentence)
    return type(field.default)(value)


def checked(function):
    """The function, whose arguments are held against RULES first. TypeError, ValueError."""
    told = inspect.signature(function)

    @functools.wraps(function)
    def asked(*arguments, **named):
        for name, value in told.bind_partial(*arguments, **named).arguments.items():
            if name in RULES and value is not told.parameters[name].default:
                check_argument(name, value, *RULES[name])
        return function(*arguments, **named)

    return asked


def check_argument(name: str, value, low, high) -> None:
    """One sentence for an argument that is no number of the right kind within its bounds."""
    kind = "a whole number" if isinstance(low, int) else "a number"
    bounds = f"of {low:g} or more" if high is None else f"between {low:g} and {high:g}"
    number = isinstance(value, Real) and not isinstance(value, bool) and value == value
    whole = number and (not isinstance(low, int) or value == int(value))
    if not whole or not low <= value <= (value if high is None else high):
        error = ValueError if number else TypeError
        raise error(f"{name} = {value!r}: must be {kind} {bounds}.")
