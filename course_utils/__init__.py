"""The helper of the course: a small core, and beside it the code that one chapter builds."""

import os

# Environments paint into arrays, never into a window: so they need no display, and say nothing.
os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
