"""One folder for a USB stick: the course and all that it installs, for a room without network.

python -m classroom.usb [--systems windows macos linux] [--pythons 3.11 3.12 3.13]: `make usb`.
Packages that are there already are not fetched again; damaged ones are. The course is the student
edition; SOLUTIONS=out makes it without solutions.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from packaging.utils import canonicalize_name, parse_wheel_filename

from classroom.editions import student
from classroom.stick.install import bring, damaged, sha256

ROOT = Path(__file__).parents[1]
STICK = ROOT / "build" / "usb"
# Beside the course, if they are made: what of `build` → its name on the stick.
BESIDE = {"site": "site", "classroom/slides": "slides"}
# On Linux PyPI's torch brings GPU libraries, 2.5 GB more than the course uses; here it has none.
CPU_TORCH = "https://download.pytorch.org/whl/cpu"
GPU_LIBRARIES = re.compile("nvidia|cuda|triton")


def manylinux(machine: str) -> list[str]:
    """The names of wheels for Linux, the newest first."""
    names = [f"manylinux_2_{minor}_{machine}" for minor in range(28, 4, -1)]
    return [*names, *(f"manylinux{year}_{machine}" for year in (2014, 2010, 1))]


SYSTEMS = {  # name → what uv calls it, and the wheels that fit
    "windows": ("x86_64-pc-windows-msvc", ["win_amd64"]),
    "macos": ("aarch64-apple-darwin", ["macosx_14_0_arm64"]),  # ONNX Runtime needs macOS 14
    "linux": ("x86_64-manylinux_2_28", manylinux("x86_64")),
    "linux-arm": ("aarch64-manylinux_2_28", manylinux("aarch64")),
}
PYTHONS = ["3.10", "3.11", "3.12", "3.13"]


class NotComplete(Exception):
    """Packages for a system could not be found or fetched."""


def run(*command: str, **options) -> str:
    """The output of a module of Python. NotComplete with its last line if it fails."""
    options["env"] = os.environ | {"MACOSX_DEPLOYMENT_TARGET": "14.0"}  # read by uv
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, **options
    )
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if not line.startswith("WARNING")]
        raise NotComplete(" ".join(said).strip()[-600:] or f"{command[0]} says nothing")
    return done.stdout


def resolved(system: str, python: str, *sources: str) -> list[str]:
    """All packages with their versions, `name==version`, for a system and a Python.

    sources: options of uv that say where to look, else PyPI. NotComplete if one has no wheel.
    """
    lists = ["pyproject.toml", "-", "-c", "constraints.txt", "--python", sys.executable]
    how = ["--python-version", python, "--python-platform", SYSTEMS[system][0]]
    how += ["--only-binary", ":all:"]
    quiet = ["--quiet", "--no-header", "--no-annotate"]
    # pip comes along, as some systems leave it out of Python; setuptools installs the course.
    pins = run("uv", "pip", "compile", *lists, *how, *quiet, *sources, input="pip\nsetuptools\n")
    if system.startswith("linux"):
        pins = re.sub(r"(?m)^torch==([\d.]+)$", r"torch==\1+cpu", pins)
        return [pin for pin in pins.split() if not GPU_LIBRARIES.match(pin)]
    return pins.split()


def fetch(system: str, python: str, pins: list[str], wheels: Path) -> None:
    """Download the wheels that are not there. NotComplete if one cannot be had."""
    fits = [f"--platform={name}" for name in SYSTEMS[system][1]]
    how = ["--only-binary=:all:", "--no-deps", f"--python-version={python}", *fits]
    command = ["pip", "download", "--quiet", "--disable-pip-version-check", "-d", str(wheels), *how]
    cpu = [pin for pin in pins if pin.endswith("+cpu")]
    run(*command, *(pin for pin in pins if pin not in cpu))
    try:
        if cpu:
            run(*command, "--index-url", CPU_TORCH, *cpu)
    except NotComplete as error:
        told = f"{cpu[0]}, which has no GPU libraries, could not be had from {CPU_TORCH}"
        raise NotComplete(f"{told}: {error}") from error


def hashed(pins: list[str], wheels: Path) -> str:
    """The list that pip installs: each package with the hashes of its wheels."""
    found = {}
    for path in sorted(wheels.glob("*.whl")):
        name, version, *_ = parse_wheel_filename(path.name)
        found.setdefault(f"{name}=={version}", []).append(f" --hash=sha256:{sha256(path)}")
    lines = ["# Checked by pip when it installs: python install.py"]
    for pin in pins:
        name, version = pin.split("==")
        lines.append(pin + "".join(found[f"{canonicalize_name(name)}=={version}"]))
    return "\n".join(lines) + "\n"


def add(system: str, python: str) -> None:
    """Bring the packages for one system and one Python onto the stick, and look whether all fit.

    Raises NotComplete.
    """
    wheels, wanted = STICK / "wheels", STICK / "lists" / f"{system}-{python}.txt"
    wanted.unlink(missing_ok=True)  # until all is there
    pins = resolved(system, python)
    fetch(system, python, pins, wheels)
    # What the wheels themselves ask for is all there, too.
    if missing := {*resolved(system, python, "--no-index", "--find-links", wheels)} - {*pins}:
        raise NotComplete(f"the wheels ask for {', '.join(sorted(missing))}")
    wanted.write_text(hashed(pins, wheels), encoding="utf-8")
    left_out = "" if any(pin.startswith("box2d==") for pin in pins) else " (no wheel of Box2D)"
    print(f"{system}, Python {python}: {len(pins)} packages{left_out}", flush=True)


def mend() -> None:
    """Take away wheels that are not as they were, so that they are fetched again."""
    for name in damaged(STICK) if (STICK / "SHA256SUMS").exists() else []:
        if (STICK / name).suffix == ".whl":
            print(f"{name} is damaged or missing: it is fetched again.")
            (STICK / name).unlink(missing_ok=True)


def lay_out(course: Path) -> None:
    """Course, pages and scripts, made anew, and the hashes of all that is on the stick."""
    shutil.rmtree(STICK / "course", ignore_errors=True)
    bring(course, STICK / "course")
    for built, name in BESIDE.items():
        shutil.rmtree(STICK / name, ignore_errors=True)
        if (ROOT / "build" / built).exists():
            shutil.copytree(ROOT / "build" / built, STICK / name)
        else:
            print(f"Without {name}: build/{built} is not there.")
    for path in (ROOT / "classroom" / "stick").glob("[!_]*.*"):
        shutil.copyfile(path, STICK / ("course" if path.stem == "start" else "") / path.name)
    files = [path for path in sorted(STICK.rglob("*")) if path.is_file()]
    sums = [f"{sha256(path)}  {path.relative_to(STICK).as_posix()}" for path in files]
    listed = [line for line in sums if not line.endswith("  SHA256SUMS")]
    (STICK / "SHA256SUMS").write_text("\n".join(listed) + "\n", encoding="utf-8")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument(
        "--systems", nargs="+", choices=SYSTEMS, default=["windows", "macos", "linux"]
    )
    options.add_argument("--pythons", nargs="+", choices=PYTHONS, default=PYTHONS[1:])
    chosen = options.parse_args()
    try:
        course = student(os.environ.get("SOLUTIONS") or "in")
    except ValueError as error:
        sys.exit(str(error))
    for folder in ("wheels", "lists"):
        (STICK / folder).mkdir(parents=True, exist_ok=True)
    mend()
    incomplete = []
    for system in chosen.systems:
        for python in chosen.pythons:
            try:
                add(system, python)
            except NotComplete as error:
                incomplete.append(f"{system}-{python}")
                print(f"{system}, Python {python}: NOT COMPLETE. {error}", flush=True)
    lay_out(course)
    size = sum(path.stat().st_size for path in STICK.rglob("*") if path.is_file()) / 1e9
    print(f"{STICK.relative_to(ROOT)}: {size:.1f} GB. Copy it to a stick; README.txt goes on.")
    if incomplete:
        sys.exit(f"Without {', '.join(incomplete)}: why stands above. make usb again goes on.")


if __name__ == "__main__":
    main()
