"""Is this machine ready for the course? Beside the notebooks, to speak where nothing is installed.

Notebook 00 begins with it; a kernel that is not the course's is told as such.
`try_all` uses each part of the course once, in a process of its own, so that a crash is told, too.
"""

import contextlib
import importlib
import importlib.util
import io
import json
import os
import re
import subprocess
import sys
import tempfile
from functools import partial
from importlib import metadata
from pathlib import Path

ABOVE = Path(__file__).resolve().parents  # further up, where it lies beside translated notebooks
COURSE = next((folder for folder in ABOVE if (folder / "pyproject.toml").exists()), ABOVE[1])
PYTHON = sys.executable
if " " in PYTHON:  # PowerShell runs what stands in quotes behind a &, and only there
    PYTHON = f'& "{PYTHON}"' if sys.platform == "win32" else f'"{PYTHON}"'
PIP, REINSTALL = f"{PYTHON} -m pip install", "--force-reinstall"
if importlib.util.find_spec("pip") is None:  # an environment that uv has made
    PIP, REINSTALL = f'uv pip install --python "{sys.executable}"', "--reinstall"
INSTALL = f'In a terminal run `{PIP} -e "{COURSE}"`, then restart the kernel.'
MODULES = {"scikit-learn": "sklearn", "pillow": "PIL", "pyyaml": "yaml"}  # else named as packages
WORLDS = ["FrozenLake-v1", "CliffWalking-v1", "Taxi-v4", "CartPole-v1", "MountainCar-v0"]
WORLDS += ["Acrobot-v1", "LunarLander-v3"]
MEMORY_NEEDED, DISK_NEEDED = 1.0, 0.2  # GB: the most that a notebook takes, and what all save


class NotReady(Exception):
    """Shown without a traceback: its sentence is all that helps."""

    def _render_traceback_(self):
        return [str(self)]


def requirements() -> dict[str, str]:
    """Package → bounds of its version, as pyproject.toml says."""
    text = (COURSE / "pyproject.toml").read_text(encoding="utf-8")
    listed = text.partition("\ndependencies = [")[2].partition("\n]")[0]
    found = dict(re.findall(r'"([\w-]+)(?:\[[\w,-]+\])?([^"]*)"', listed))
    found["ipywidgets"] = ">=7.7"  # as Colab has; what JupyterLab needs is looked at in `front_end`
    # Other programs show notebooks, too; and without Box2D only the lander is left out.
    return {name: bounds for name, bounds in found.items() if name not in ("jupyterlab", "box2d")}


def check_kernel() -> None:
    """Raise NotReady in a kernel of another Python, or that lacks packages of the course."""
    if not (3, 10) <= sys.version_info[:2] < (3, 14):
        told = f"This kernel runs Python {sys.version.split()[0]}; the course needs 3.10 to 3.13."
        raise NotReady(f"{told} Choose another kernel, or install the course with another Python.")
    modules = {name: MODULES.get(name, name) for name in requirements()}
    lacks = [name for name, module in modules.items() if importlib.util.find_spec(module) is None]
    if lacks:
        told = f"This kernel ({sys.executable}) lacks {', '.join(lacks)}."
        way = "Choose the kernel of the course's folder .venv (in VS Code: 'Select Kernel')"
        raise NotReady(f"{told} {way}, or install into this one. {INSTALL}")
    hidden = {*sys.stdlib_module_names, *modules.values(), "pygame"} - {"test", "this"}
    hides = [path.name for path in (COURSE / "notebooks").glob("*.py") if path.stem in hidden]
    if hides:
        told = f"Python takes {', '.join(hides)} in the folder of the notebooks for a module of"
        raise NotReady(f"{told} that name. Rename your file, then restart the kernel.")
    found = importlib.util.find_spec("course_utils")
    if found is None:
        sys.path.insert(0, str(COURSE))  # all that it needs is there
    elif Path(found.submodule_search_locations[0]).resolve().parent != COURSE:
        told = f"This kernel uses another copy of the course, {Path(found.origin).parents[1]}."
        raise NotReady(f"{told} Choose the kernel of this copy's folder .venv. Or: {INSTALL}")


def try_all(*only: str) -> bool:
    """Print a line for each part, `ok` or `FIX` and what to do; return whether all is well."""
    check_kernel()
    command = [sys.executable, "-u", "-X", "faulthandler", __file__, "--parts", *only]
    begun, ready = "Python", True
    process = partial(subprocess.Popen, encoding="utf-8", errors="replace", stdout=subprocess.PIPE)
    with tempfile.TemporaryFile() as errors, process(command, stderr=errors) as child:
        for line in child.stdout:
            if not line.startswith("\x1e"):  # packages print, too
                continue
            begun, fine, said = json.loads(line[1:])
            if said:
                print(f"{'ok ' if fine else 'FIX'} {said}", flush=True)
                ready &= fine
        child.wait()
        errors.seek(0)
        lines = errors.read().decode("utf-8", "replace")
    if child.returncode:
        shown = re.findall(r"(?m)^(?:OMP: Error|Fatal Python error|\w+Error\b).*", lines)[:1]
        why = " ".join([f"code {child.returncode}", *shown])[:200]
        print(f"FIX {begun} ends Python ({why}). {remedy(begun, lines)}")
        ready = False
    again = "Repair the lines that begin with FIX, then run this cell again."
    print("Everything is ready." if ready else again)
    return ready


USES = {"pictures": "matplotlib pillow", "training": "torch numpy scipy"}
USES |= {"demonstrations": "h5py minari", "export": "onnx onnxruntime onnxscript scikit-learn"}
USES |= dict.fromkeys(WORLDS, "gymnasium pygame-ce box2d")
WAYS = {  # what "part: error" shows → what to do, whichever package it is
    r"WinError 1455|not enough memory|bad_alloc": "Close other programs and kernels.",
    r"(?i)\.dll\b|\bDLL\b|WinError (126|1114)": (  # of torch, onnx, onnxruntime; in any language
        "Install the newest Microsoft Visual C++ Redistributable (x64), then restart the computer."
    ),
    r"OMP: Error|GLIBCXX|NumPy 1\.x|dtype size changed|Numpy is not available": (
        "Packages of different origin clash here: make an environment for the course alone, as"
        " docs/install.md shows."
    ),
    "Illegal instruction": "The processor is too old for this package: use another machine.",
    r"(x11|wayland) not available|video device": "Unset SDL_VIDEODRIVER; start JupyterLab again.",
    r"manifest\.json|is damaged": "Get the folder data again from where you have the course.",
    "lock file": "Set HDF5_USE_FILE_LOCKING to FALSE, then start JupyterLab again.",
    "^the folder": "Set COURSE_RUNS to a folder of yours, then start JupyterLab again.",
    "^the machine": "Then run this cell again.",
    "^front end": f'Run `{PIP} "ipywidgets>=8.1"`, then start JupyterLab again.',
}


def remedy(name: str, error="") -> str:
    """What to do where a part fails."""
    for shown, way in WAYS.items():
        if re.search(shown, f"{name}: {error}"):
            return way
    broken = name if name in requirements() else USES.get(name)
    if broken is None:
        return INSTALL
    cpu = "--extra-index-url https://download.pytorch.org/whl/cpu "  # else several GB more
    cpu = cpu if sys.platform == "linux" and "torch" in broken.split() else ""
    tested = f'-c "{COURSE / "constraints.txt"}"'
    return f"Run `{PIP} {REINSTALL} {cpu}{tested} {broken}`, then restart the kernel."


PRESS_ME = """export default { render({ model, el }) {
  const button = document.createElement("button");
  button.textContent = "Press me";
  button.addEventListener("click", () => model.send("pressed"));
  el.append(button);
} };"""


def widget_check() -> None:
    """Display a button that answers when pressed: the one check that only a person can make."""
    import anywidget
    import ipywidgets
    from IPython.display import display

    # Of the kind that the course's pictures are: they need both packages where JupyterLab runs.
    button = type("Button", (anywidget.AnyWidget,), {"_esm": PRESS_ME})()
    repair = "install ipywidgets and anywidget where JupyterLab runs, and restart JupyterLab."
    answer = ipywidgets.Label(f"If there is no button beside this line, {repair}")
    works = "Widgets work: the button reached the kernel."
    button.on_msg(lambda *_: setattr(answer, "value", works))
    display(ipywidgets.HBox([button, answer]))


# ---- in the other process: one function a part, which returns what to say ----


def package(name, bounds):
    from packaging.specifiers import SpecifierSet

    module, version = importlib.import_module(MODULES.get(name, name)), metadata.version(name)
    if not getattr(module, "__file__", None):
        raise ImportError("its files are gone")
    if not SpecifierSet(bounds).contains(version, prereleases=True):
        raise ImportError(f"{version} does not fit, {bounds} is needed")
    return f"{name} {version}"


def picture():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2, 1))
    figure.subplots().set(title="$Q(s, a)$, γ")
    figure.savefig(file := io.BytesIO())
    if file.tell() < 1000:
        raise OSError("the picture is empty")
    return "a picture can be plotted"


def world(env_id):
    import gymnasium as gym

    if env_id.startswith("LunarLander") and importlib.util.find_spec("Box2D") is None:
        told = "is not there, as Box2D is not: what needs it is left out in the notebooks"
        return f"{env_id} {told} (docs/install.md says how to get it)"
    env = gym.make(env_id, render_mode="rgb_array")
    env.reset(seed=0)
    env.step(0)
    if env.render().ndim != 3:
        raise ValueError("it shows no picture")
    return f"{env_id} runs, and can be seen"


def training():
    from course_utils.evaluation import interval
    from course_utils.learner import DQNConfig
    from course_utils.train import train_dqn

    config = DQNConfig(steps=100, learning_starts=20, batch_size=8, width=8)
    *_, last = train_dqn(config, "CartPole-v1", 2, 0, 1)
    interval(last.network.head.bias.detach().flatten())  # ValueError for NaN
    return "a small agent learns"


def demonstrations():
    from course_utils.teach.demonstrations import load_demonstrations

    return f"{len(load_demonstrations('lunar_lander/expert-v0'))} demonstrations can be read"


def exported():
    from sklearn.tree import DecisionTreeClassifier

    from course_utils.distil import ship
    from course_utils.networks import QNetwork

    DecisionTreeClassifier().fit([[0.0], [1.0]], [0, 1])
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as here:
        path, path_int8 = Path(here) / "small.onnx", Path(here) / "int8.onnx"
        ship.export_onnx(path, QNetwork(1, 4, 2, 8, layer_norm=False))
        ship.quantize_onnx(path, path_int8)
        ship.onnx_q(path_int8)([[0.0] * 4])
    return "an agent can be turned into a tree, and into ONNX with 8 bits"


def folder():
    from course_utils import files, storage

    path = storage.RUNS / ".self_check"
    files.write_whole(path, b"course")
    if path.read_bytes() != b"course":
        raise OSError("what was written is not what is read")
    path.unlink()
    return f"{storage.RUNS} keeps what you make"


def free_memory(group=Path("/sys/fs/cgroup")):
    """GB: of the machine or, where a container (hub, Binder, Docker) may use less, of that."""
    import psutil

    free = psutil.virtual_memory().available
    for folder, limit, used in [
        (group, "memory.max", "anon"),
        (group / "memory", "memory.limit_in_bytes", "total_rss"),
    ]:
        with contextlib.suppress(OSError, ValueError, KeyError):  # not there, or without a limit
            most = int((folder / limit).read_text())
            stat = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
            free = min(free, most - int(stat[used]))
    return free / 1e9


def machine():
    import psutil

    free, cores = free_memory(), os.cpu_count()
    disk = psutil.disk_usage(str(COURSE)).free / 1e9
    if free < MEMORY_NEEDED:
        raise MemoryError(f"{free:.1f} GB of memory are free: close other programs or kernels")
    if disk < DISK_NEEDED:
        raise OSError(f"{disk:.1f} GB of the disk are free: make room")
    return f"{cores} processor cores, {free:.1f} GB of memory free"


def front_end():
    if "COLAB_RELEASE_TAG" in os.environ or "VSCODE_PID" in os.environ:
        return "shown by " + ("Colab" if "COLAB_RELEASE_TAG" in os.environ else "VS Code")
    if importlib.util.find_spec("jupyterlab"):
        lab, widgets = metadata.version("jupyterlab"), metadata.version("ipywidgets")
        if tuple(map(int, widgets.split(".")[:2])) < (8, 1):
            raise ImportError(f"JupyterLab {lab} shows no widgets of ipywidgets {widgets}")
        return f"JupyterLab {lab}"
    return "JupyterLab is not here: another program shows the notebooks"


def main(only):
    sys.path.append(str(COURSE))  # for a Python that has what the course needs, but not the course
    parts = {name: partial(package, name, bounds) for name, bounds in requirements().items()}
    parts |= {"pictures": picture} | {env_id: partial(world, env_id) for env_id in WORLDS}
    parts |= {"training": training, "demonstrations": demonstrations, "export": exported}
    parts |= {"the folder `runs`": folder, "the machine": machine}
    parts |= {"front end": front_end}
    for name in only or parts:
        use = parts[name]
        print("\x1e" + json.dumps([name, True, ""]))
        try:
            fine, said = True, use()
        except BaseException as error:
            why = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            fine, said = False, f"{name} fails ({why}). {remedy(name, error)}"
        print("\x1e" + json.dumps([name, fine, said]))


if __name__ == "__main__":
    main(sys.argv[2:]) if sys.argv[1:2] == ["--parts"] else sys.exit(not try_all())
