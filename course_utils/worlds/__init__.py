"""Worlds of application. Importing this room makes the five known to Gymnasium, as "Shop-v0"."""

from course_utils.worlds import arm, clinic, market, road, shop  # noqa: F401
