"""Worlds of application. Importing this room makes the five known to Gymnasium, as "Shop-v0"."""

from course_utils.worlds.arm import Arm
from course_utils.worlds.clinic import Clinic
from course_utils.worlds.kit import register
from course_utils.worlds.market import Market
from course_utils.worlds.road import Road
from course_utils.worlds.shop import Shop

WORLDS = {world.__name__: world for world in (Shop, Arm, Clinic, Road, Market)}
for name, world in WORLDS.items():
    register(world, f"{name}-v0")
