"""The self-check uses each part, so a machine on which a part is broken is never called ready."""

import sys
from pathlib import Path

import pytest
import self_check

# What is put before the real packages, as files of a folder that Python looks into first.
RAISES = "raise OSError('it cannot be loaded')"
PATCH = "import {module}\n{module}.{name} = {value}"
NO_MEMORY = "lambda: type('Memory', (), {'available': 1e8})"
FULL = "lambda path: type('Disk', (), {'free': 1e6})"
OLD = {"numpy-1.0.dist-info/METADATA": "Name: numpy\nVersion: 1.0\n"}
NO_WRITING = (
    "import os\n\ndef replace(*paths):\n    raise PermissionError(paths)\n\nos.replace = replace"
)
BROKEN = {  # files, the part that finds it, words of what is said
    **{
        f"{module} raises": ({f"{module}/__init__.py": RAISES}, package, "cannot be loaded")
        for package, module in [
            ("torch", "torch"), ("matplotlib", "matplotlib"), ("scipy", "scipy"), ("h5py", "h5py"),
            ("onnxruntime", "onnxruntime"), ("onnx", "onnx"), ("safetensors", "safetensors"),
            ("scikit-learn", "sklearn"), ("pillow", "PIL"), ("minari", "minari"),
        ]
    },
    "NumPy ends Python": ({"numpy/__init__.py": "import os; os._exit(3)"}, "numpy", "ends Python"),
    "NumPy is old": (OLD, "numpy", "1.0 does not fit"),
    "SciPy is gutted": ({"scipy/__init__.py": ""}, "training", "training fails"),
    "h5py is gutted": ({"h5py/__init__.py": ""}, "demonstrations", "demonstrations fails"),
    "ONNX Runtime is gutted": ({"onnxruntime/__init__.py": ""}, "export", "export fails"),
    "scikit-learn is gutted": ({"sklearn/__init__.py": ""}, "export", "export fails"),
    "pygame is gutted": ({"pygame/__init__.py": ""}, "CartPole-v1", "CartPole-v1 fails"),
    "Box2D raises": ({"Box2D/__init__.py": RAISES}, "LunarLander-v3", "LunarLander-v3 fails"),
    "no font": (
        {"sitecustomize.py": PATCH.format(
            module="matplotlib.font_manager", name="findfont", value="None")},
        "pictures", "pictures fails",
    ),
    "little memory": (
        {"sitecustomize.py": PATCH.format(module="psutil", name="virtual_memory", value=NO_MEMORY)},
        "the machine", "close other programs",
    ),
    "full disk": (
        {"sitecustomize.py": PATCH.format(module="psutil", name="disk_usage", value=FULL)},
        "the machine", "make room",
    ),
    "no writing": ({"sitecustomize.py": NO_WRITING}, "the folder `runs`", "PermissionError"),
}  # fmt: skip


@pytest.mark.slow
def test_this_machine_is_ready(capsys):
    assert self_check.try_all()
    printed = capsys.readouterr().out
    assert "FIX" not in printed and "Everything is ready" in printed
    for env_id in self_check.WORLDS:
        assert f"ok  {env_id} runs" in printed
    assert all(f"ok  {package} " in printed for package in self_check.requirements())


@pytest.mark.parametrize(("files", "part", "words"), BROKEN.values(), ids=BROKEN)
def test_a_broken_machine_is_not_called_ready(files, part, words, tmp_path, monkeypatch, capsys):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert not self_check.try_all(part)
    printed = capsys.readouterr().out.splitlines()
    [line] = [line for line in printed if line.startswith("FIX")]
    assert words in line and line.endswith(".") and "Everything is ready" not in printed
    assert "Repair the lines that begin with FIX" in printed[-1]


def test_a_kernel_without_the_packages_is_told(monkeypatch):
    found = self_check.importlib.util.find_spec
    monkeypatch.setattr(
        self_check.importlib.util, "find_spec", lambda name: None if name == "h5py" else found(name)
    )
    with pytest.raises(self_check.NotReady, match="lacks h5py.*Select Kernel.*pip install") as told:
        self_check.try_all()
    assert told.value._render_traceback_() == [str(told.value)]


@pytest.mark.parametrize("version", [(3, 9, 18), (3, 14, 0)])
def test_another_python_is_told(version, monkeypatch):
    monkeypatch.setattr(sys, "version_info", version)
    with pytest.raises(self_check.NotReady, match="the course needs 3.10 to 3.13"):
        self_check.check_kernel()


def test_a_remedy_for_each_part(monkeypatch):
    assert "--force-reinstall scipy" in self_check.remedy("scipy", "anything")
    assert "pygame" in self_check.remedy("CartPole-v1")
    monkeypatch.setattr(sys, "platform", "win32")
    told = self_check.remedy("torch", OSError("DLL load failed while importing _C"))
    assert "Visual C++" in told


def test_it_needs_nothing_but_python():
    text = Path(self_check.__file__).read_text(encoding="utf-8")
    above, inside = text.split("def requirements")
    assert "numpy" not in above and "course_utils" not in above and "course_utils" in inside


@pytest.mark.parametrize(
    ("variable", "name"), [("COLAB_RELEASE_TAG", "Colab"), ("VSCODE_PID", "VS Code")]
)
def test_the_front_end_is_told_and_not_required(variable, name, monkeypatch, capsys):
    monkeypatch.setenv(variable, "1")
    assert self_check.try_all("front end") and f"ok  shown by {name}" in capsys.readouterr().out
    monkeypatch.delenv(variable)
    monkeypatch.setattr(self_check.importlib.util, "find_spec", lambda name: None)
    assert "another program" in self_check.front_end()


def test_the_button_answers(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    self_check.widget_check()
    button, answer = shown[0].children
    assert "install ipywidgets" in answer.value
    button.click()
    assert answer.value == "Widgets work: the button reached the kernel."
