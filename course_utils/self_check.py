"""Is this machine ready for the course? One line a part, with what to do where something is wrong.

Packages are imported where they are used: this file must load, and speak, when one is missing.
"""

import os
import sys
from importlib import metadata
from pathlib import Path

INSTALL = "In the course's folder run `pip install -e .` and restart the kernel."
ENVIRONMENTS = ["FrozenLake-v1", "CliffWalking-v1", "Taxi-v4"]
ENVIRONMENTS += ["CartPole-v1", "MountainCar-v0", "LunarLander-v3"]
MEMORY_NEEDED = 1.0  # GB, the most that any notebook of the course may take


def self_check() -> bool:
    """Print a line for each check, `ok` or `FIX`, and return whether all is well."""
    findings = [check_python(sys.version_info), *check_packages(), check_folder()]
    if all(fine for fine, _ in findings):
        findings += [check_machine(), *map(check_environment, ENVIRONMENTS)]
    for fine, sentence in findings:
        print(f"{'ok ' if fine else 'FIX'} {sentence}")
    ready = all(fine for fine, _ in findings)
    repair = "Repair the lines that begin with FIX, then run this cell again."
    print("Everything is ready." if ready else repair)
    return ready


def check_python(version) -> tuple[bool, str]:
    """Whether the course runs on this version of Python, given as sys.version_info."""
    fine, name = (3, 10) <= tuple(version[:2]) < (3, 14), ".".join(map(str, version[:3]))
    repair = ": the course needs 3.10 to 3.13. Make a new environment with one of these."
    return fine, f"Python {name}" + ("" if fine else repair)


def check_packages() -> list[tuple[bool, str]]:
    """Whether each package that the course needs is there in a version that is new enough."""
    try:
        from packaging.requirements import Requirement

        needed = [Requirement(text) for text in metadata.requires("course_utils")]
    except metadata.PackageNotFoundError:
        return [(False, f"the course's own package is not installed in this kernel. {INSTALL}")]
    except ImportError:
        return [(False, f"packaging is missing. {INSTALL}")]
    return [check_package(need) for need in needed if need.marker is None]


def check_package(need) -> tuple[bool, str]:
    """Whether one package, given as a `packaging` Requirement, is installed and new enough."""
    try:
        version = metadata.version(need.name)
    except metadata.PackageNotFoundError:
        return False, f"{need.name} is missing. {INSTALL}"
    if not need.specifier.contains(version, prereleases=True):
        return False, f"{need.name} {version} does not fit: {need.specifier} is needed. {INSTALL}"
    return True, f"{need.name} {version}"


def check_environment(env_id: str) -> tuple[bool, str]:
    """Whether one environment can be made, reset and moved a step."""
    import gymnasium as gym

    try:
        env = gym.make(env_id)
        env.reset(seed=0)
        env.step(0)
        env.close()
    except Exception as error:
        reason = f"{type(error).__name__}: {str(error).splitlines()[0]}"
        return False, f"{env_id} does not run ({reason}). {INSTALL}"
    return True, f"{env_id} runs"


def check_machine() -> tuple[bool, str]:
    """Whether enough memory is free; the number of cores is only named."""
    import psutil

    free = psutil.virtual_memory().available / 1e9
    machine = f"{os.cpu_count()} processor cores, {free:.1f} GB of memory free"
    repair = f": close other programs or kernels until {MEMORY_NEEDED:.0f} GB is free."
    return free >= MEMORY_NEEDED, machine + ("" if free >= MEMORY_NEEDED else repair)


def check_folder(folder: Path = Path()) -> tuple[bool, str]:
    """Whether the notebooks' folder can be written, so that work can be saved."""
    if os.access(folder, os.W_OK):
        return True, "this folder can be written: your work can be saved"
    repair = "copy the course to a folder of your own, or your work is lost."
    return False, f"this folder cannot be written: {repair}"


def widget_check() -> None:
    """Display a button that answers when pressed: the one check that only a person can make."""
    import ipywidgets
    from IPython.display import display

    button = ipywidgets.Button(description="Press me", button_style="primary")
    repair = "install ipywidgets where JupyterLab runs, and restart JupyterLab."
    answer = ipywidgets.Label(f"If there is no button beside this line, {repair}")
    works = "Widgets work: the button reached the kernel."
    button.on_click(lambda _: setattr(answer, "value", works))
    display(ipywidgets.HBox([button, answer]))
