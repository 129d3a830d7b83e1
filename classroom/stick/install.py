"""Install the course from this folder, without network: python install.py [FOLDER]

Needs nothing but Python. FOLDER: where the course is to live, else q-course in your home folder.
A notebook that is there already is kept; all else is renewed.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import venv
from pathlib import Path

STICK = Path(__file__).resolve().parent
SYSTEMS = {
    ("Windows", "AMD64"): "windows",
    ("Darwin", "arm64"): "macos",
    ("Linux", "x86_64"): "linux",
    ("Linux", "aarch64"): "linux-arm",
}


def sha256(path: Path) -> str:
    """The hash of a file, read in pieces."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(2**20):
            digest.update(piece)
    return digest.hexdigest()


def damaged(stick: Path) -> list:
    """Names of files that SHA256SUMS lists and that are missing or not as they were."""
    listed = (stick / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    pairs = [line.split("  ", 1) for line in listed]
    return [n for d, n in pairs if not (stick / n).is_file() or sha256(stick / n) != d]


def bring(source: Path, target: Path, only: str = "*") -> None:
    """Copy a folder. A notebook that is there already is the learner's, and stays as it is."""
    for path in sorted(source.rglob(only)):
        parts = path.relative_to(source)
        there = target / parts
        hidden = any(part[0] == "." or part == "__pycache__" for part in parts.parts)
        if path.is_dir() or hidden or (there.suffix == ".ipynb" and there.exists()):
            continue
        there.parent.mkdir(parents=True, exist_ok=True)
        unfinished = there.with_name(there.name + ".unfinished")
        shutil.copyfile(path, unfinished)
        unfinished.replace(there)  # whole or not at all


def packages() -> Path:
    """The list of packages for this system and this Python. SystemExit if the stick has none."""
    version = ".".join(platform.python_version_tuple()[:2])
    system = SYSTEMS.get((platform.system(), platform.machine()), platform.system())
    wanted = STICK / "lists" / (system + "-" + version + ".txt")
    if not wanted.exists():
        there = ", ".join(sorted(path.stem for path in wanted.parent.glob("*.txt")))
        sys.exit(
            f"This is {platform.system()} on {platform.machine()} with Python {version}; this"
            f" folder has packages for: {there}. Run install.py with one of these Pythons."
        )
    if sys.maxsize < 2**32:
        sys.exit("This Python has 32 bits; the packages need one with 64 bits.")
    return wanted


def main() -> None:
    wanted = packages()
    course = Path(sys.argv[1] if sys.argv[1:] else Path.home() / "q-course").resolve()
    print(f"The course comes into {course}; this takes some minutes.", flush=True)
    bring(STICK / "course", course)
    # pip comes from the stick, as some systems leave it out of their Python.
    venv.create(course / ".venv", with_pip=False)
    folder = "Scripts" if os.name == "nt" else "bin"
    python = str(course / ".venv" / folder / "python")
    listed = wanted.read_text(encoding="utf-8")
    version = listed.partition("\npip==")[2].split()[0]
    pip = str(STICK / "wheels" / f"pip-{version}-py3-none-any.whl" / "pip")
    offline = ["--no-index", "--find-links", str(STICK / "wheels"), "--disable-pip-version-check"]
    quiet = dict(os.environ, PYTHONWARNINGS="ignore")
    install = [python, pip, "--isolated", "install", "--quiet", *offline]
    for more in (["-r", str(wanted)], ["--no-deps", "--no-build-isolation", "-e", str(course)]):
        if subprocess.call(install + more, env=quiet):
            broken = ", ".join(damaged(STICK))
            why = f"Damaged here: {broken}. Copy them again." if broken else "No file is damaged."
            sys.exit(f"The installation has failed, for what pip says above. {why}")
    check = "import sys, self_check; sys.exit(not self_check.try_all())"
    ready = subprocess.call([python, "-c", check], cwd=str(course / "notebooks")) == 0
    print("To start:", course / ("start.bat" if os.name == "nt" else "start.sh"))
    sys.exit(not ready)


if __name__ == "__main__":
    main()
