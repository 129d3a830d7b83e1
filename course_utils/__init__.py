"""The helper module of the course, one concept a file: `from course_utils import tabular`."""

import os

# Environments draw into arrays here, never into a window: this works on machines without a display, and says nothing.
os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
