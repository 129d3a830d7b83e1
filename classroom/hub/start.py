"""A learner's own server: brings the course into the home, then starts Jupyter.

Run as the learner, by the hub or in the learner's container, so that it can write nothing else.
"""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path[0] = str(ROOT)  # in the place of this folder

from classroom.stick.install import bring  # noqa: E402

EDITION = Path(os.environ.get("COURSE_EDITION") or ROOT)
# Shared, not copied: what a learner reads and does not write.
SHARED = ["course_utils", "data", "docs", "README.md", "notebooks/self_check.py"]


def lay_out(course: Path) -> None:
    """Bring notebooks that are not there yet; lead to all else."""
    (course / "notebooks").mkdir(parents=True, exist_ok=True)
    for name in SHARED:
        link = course / name
        if link.is_symlink():
            link.unlink()  # the course may have moved
        if not link.exists():
            link.symlink_to(EDITION / name)
    bring(EDITION / "notebooks", course / "notebooks", only="*.ipynb")


if __name__ == "__main__":
    lay_out(Path.home() / "course")
    os.execv(sys.executable, [sys.executable, "-m", "jupyterhub.singleuser", *sys.argv[1:]])
