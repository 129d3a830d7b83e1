"""The helper of the course: a small core, and beside it the code that one chapter builds."""

import importlib.util
import os
import sys

from course_utils import language

# Environments paint into arrays, never into a window: so they need no display, and say nothing.
os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
# Each notebook reads its seed below this import; set to nothing is not set.
if not (_seed := os.environ.get("COURSE_SEED", "0").strip()):
    del os.environ["COURSE_SEED"]
elif not _seed.isdecimal() or int(_seed) >= 2**31:
    _told = f"COURSE_SEED = '{_seed}': must be a whole number from 0 to {2**31 - 1}"
    raise ValueError(f"{_told}. Set another, or none, and start again.")
# Home folders in a network often lock no files, which h5py takes for an error. Nobody writes here.
os.environ.setdefault("HDF5_USE_FILE_LOCKING", "FALSE")

if language.LANGUAGE:  # else no module is looked at
    language.catalogue()
    sys.meta_path.insert(0, language.Finder)
_notebook = "IPython" in sys.modules and sys.modules["IPython"].get_ipython()
if _notebook and importlib.util.find_spec("Box2D") is None:
    from course_utils.without_box2d import WithoutBox2D

    _notebook.ast_transformers.append(WithoutBox2D(_notebook.user_ns))
