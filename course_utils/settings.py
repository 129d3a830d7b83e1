"""A configuration whose fields describe themselves: default, bounds, scale, symbol, a sentence.

Sliders, tables and the messages for bad values are all made from this one description.
"""

import dataclasses
from typing import Any

from course_utils.checks import check_kind, check_number, in_short, need


def setting(default, low, high, help, *, symbol="", unit="", log=False, once=False) -> Any:
    """A field of a configuration: its default, the bounds of its value, and what it means.

    log: its slider is logarithmic. once: it counts from the next start of a training on. An
    integer default makes the field an integer.
    """
    about = {"low": low, "high": high, "help": help, "symbol": symbol, "unit": unit}
    return dataclasses.field(default=default, metadata=about | {"log": log, "once": once})


def switch(default: bool | str, *, help: str, names=(True, False), once=False) -> Any:
    """A field that is on or off; or one of `names`, for which its control is a menu."""
    about = {"names": list(names), "help": help, "symbol": "", "once": once}
    return dataclasses.field(default=default, metadata=about)


def configuration(cls):
    """Make a class of `setting` fields a dataclass that checks each value, also when it is changed.

    Raises TypeError for an unknown name or what is no number, ValueError for one out of bounds.
    """
    cls = dataclasses.dataclass(cls)
    fields = {field.name: field for field in dataclasses.fields(cls)}
    for name, field in fields.items():
        need(field.metadata, f"{name} of {cls.__name__} is a plain value: make it a `setting`.")

    def unknown(self, name, error=AttributeError):
        raise error(f"{cls.__name__} has no setting '{name}'. It has: {', '.join(fields)}.")

    def checked_setattr(self, name, value):
        if name not in fields:
            unknown(self, name, TypeError)
        object.__setattr__(self, name, check_setting(fields[name], value))

    cls.__setattr__, cls.__getattr__ = checked_setattr, unknown
    return cls


def check_setting(field: dataclasses.Field, value):
    """The value in the field's own type; TypeError for another, ValueError for a wrong value."""
    kind, about = type(field.default), field.metadata
    if names := about.get("names"):
        must = f"{', '.join(map(str, names[:-1]))} or {names[-1]} ({about['help']})"
        there = check_kind(field.name, value, {kind: must}) in names
        need(there, f"{field.name} = {in_short(value)}: must be {must}.")
        return value
    return check_number(field.name, value, kind, about["low"], about["high"], f" ({about['help']})")
