"""Start the hub: python -m classroom.hub [LEARNERS], where LEARNERS lists a name a line.

The course is the student edition, made at each start; SOLUTIONS=out makes it without solutions.
New accounts are made with a password each, which is shown here once and kept nowhere in clear.
"""

import os
import re
import shutil
import sys
from pathlib import Path

from classroom.editions import student
from classroom.hub.accounts import make_accounts, names_in

ROOT = Path(__file__).resolve().parents[2]
PYTHON = Path(sys.executable)


def closed(path: Path) -> Path | None:
    """The folder on the way to a path that other users may not enter, if there is one."""
    return next((p for p in path.resolve().parents if not p.stat().st_mode & 0o001), None)


def place(root: bool) -> Path:
    """The hub's folder, made if it is missing. SystemExit if learners could not work there."""
    os.umask(0o022)
    here = os.environ.get("COURSE_HUB") or ("/srv/course-hub" if root else "~/course-hub")
    folder = Path(here).expanduser().absolute()
    (folder / "state").mkdir(0o700, parents=True, exist_ok=True)
    (folder / "homes").mkdir(0o711, exist_ok=True)
    needs = [ROOT / "classroom", PYTHON.parents[1] / "lib", PYTHON, folder / "homes" / "-"]
    for needed in needs if root else []:
        if shut := closed(needed):
            told = "Course and Python must lie where everybody may enter, such as in /srv"
            sys.exit(f"Learners may not enter {shut}, so they do not reach {needed}. {told}.")
    return folder


def main() -> None:
    root = os.geteuid() == 0
    if shutil.which("node") is None:
        sys.exit("The hub's proxy needs Node.js 20 or newer: install it, for example by apt.")
    memory = os.environ.get("COURSE_HUB_GB") or "3"
    if not re.fullmatch(r"[1-9]\d*(\.\d+)?", memory):
        sys.exit(
            f"COURSE_HUB_GB={memory}: must be a number, 1 or more (GB that a process may take)."
        )
    folder = place(root)
    try:
        names = names_in(Path(sys.argv[1])) if sys.argv[1:] else []
        student(os.environ.get("SOLUTIONS") or "in", folder)
    except (OSError, ValueError) as error:
        sys.exit(str(error))
    made = make_accounts(f"sqlite:///{folder}/state/hub.sqlite", ["teacher", *names])
    for name, password in made.items():
        print(f"{name:32}{password}")
    if made:
        print("These passwords are shown only now. Hand them out; each can be changed in the hub.")
    if not root:
        print("No walls: all learners run as you, and can read and change all that you can.")
        print("For a class start it as root (sudo make hub): then each has a user number.")
    sys.stdout.flush()
    os.chdir(ROOT)
    os.environ["COURSE_HUB"] = str(folder)
    config = str(Path(__file__).with_name("config.py"))
    os.execv(sys.executable, [sys.executable, "-m", "jupyterhub", "-f", config])


if __name__ == "__main__":
    main()
