"""Things to move: a training that is watched, and pictures that answer at once."""

from course_utils.laboratory.instant import Look, explore
from course_utils.laboratory.microscope import microscope
from course_utils.laboratory.sketch import sketch
from course_utils.laboratory.spectator import film
from course_utils.laboratory.training import Laboratory
from course_utils.laboratory.view import Drawn

__all__ = ["Drawn", "Laboratory", "Look", "explore", "film", "microscope", "sketch"]
