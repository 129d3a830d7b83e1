"""The self-check uses each part, so a machine on which a part is broken is never called ready."""

import runpy
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
TWICE = "import os\nos.write(2, b'OMP: Error #15: libomp is here.\\nOMP: Hint\\n')\nos.abort()"
OLD_PROCESSOR = "import os, signal; os.kill(os.getpid(), signal.SIGILL)"
NO_UTF8 = f"import os; os.write(1, b'caf\\xe9\\n'); {RAISES}"
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
    "no writing": ({"sitecustomize.py": NO_WRITING}, "the folder `runs`", "Set COURSE_RUNS to"),
    "OpenMP twice": ({"torch/__init__.py": TWICE}, "torch", "for the course alone"),
    "old processor": ({"torch/__init__.py": OLD_PROCESSOR}, "torch", "too old"),
    "foreign text": ({"h5py/__init__.py": NO_UTF8}, "h5py", "it cannot be loaded"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("version", "fine"), [("7.7.1", False), ("8.0.7", False), ("8.10.0", True)]
)
def test_widgets_too_old_for_jupyterlab(version, fine, tmp_path, monkeypatch, capsys):
    pytest.importorskip("jupyterlab")
    monkeypatch.delenv("VSCODE_PID", raising=False)
    place = tmp_path / f"ipywidgets-{version}.dist-info"
    place.mkdir()
    (place / "METADATA").write_text(f"Name: ipywidgets\nVersion: {version}\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert self_check.try_all("front end") == fine
    printed = capsys.readouterr().out
    assert fine or f"ipywidgets {version}" in printed and '"ipywidgets>=8.1"`' in printed


def test_without_box2d_only_the_lander_is_left_out(tmp_path, monkeypatch, capsys):
    blocked = "import sys\nsys.modules['Box2D'] = None"
    (tmp_path / "sitecustomize.py").write_text(blocked, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert self_check.try_all("LunarLander-v3", "CartPole-v1")
    printed = capsys.readouterr().out
    assert "ok  LunarLander-v3 is not there" in printed and "docs/install.md" in printed
    assert "CartPole-v1 runs" in printed and "FIX" not in printed


@pytest.mark.slow
def test_this_machine_is_ready(capsys):
    assert self_check.try_all()
    printed = capsys.readouterr().out
    assert "FIX" not in printed and "Everything is ready" in printed
    for env_id in self_check.WORLDS:
        assert f"ok  {env_id} " in printed
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
    assert "--force-reinstall" in self_check.remedy("scipy", "anything")
    assert "pygame-ce" in self_check.remedy("CartPole-v1")  # pygame would gut it
    assert "h5py" in self_check.remedy("demonstrations") and "onnx" in self_check.remedy("export")
    for platform, cpu in {"linux": True, "win32": False}.items():
        monkeypatch.setattr(sys, "platform", platform)
        assert ("whl/cpu" in self_check.remedy("torch")) == cpu
    assert "pip" not in self_check.remedy("the machine", "0.1 GB of memory are free")


@pytest.mark.parametrize(
    ("part", "error", "words"),
    [
        ("torch", 'OSError: [WinError 126] Error loading "C:\\lib\\fbgemm.dll"', "Visual C"),
        ("torch", "OSError: [WinError 1114] 动态链接库(DLL)初始化例程失败。", "Visual C"),
        ("onnxruntime", "ImportError: DLL load failed while importing pybind11_state", "Visual C"),
        ("LunarLander-v3", "ImportError: DLL load failed while importing _Box2D", "Visual C"),
        ("torch", "A module that was compiled using NumPy 1.x cannot be run", "the course alone"),
        ("scipy", "ImportError: libstdc++.so.6: `GLIBCXX_3.4.30' not found", "the course alone"),
        ("CartPole-v1", "error: x11 not available", "SDL_VIDEODRIVER"),
        ("torch", "OSError: [WinError 1455] Error loading cublas.dll", "Close other programs"),
        ("demonstrations", "ValueError: data/manifest.json is missing", "folder data again"),
        ("demonstrations", "OSError: unable to lock file, errno = 37", "HDF5_USE_FILE_LOCKING"),
    ],
)
def test_what_an_error_shows_has_its_own_remedy(part, error, words):
    assert words in self_check.remedy(part, error)


@pytest.mark.parametrize(
    ("platform", "python", "begins"),
    [
        ("linux", "/a b/python", '"/a b/python" -m pip'),
        ("win32", "C:\\a\\python.exe", "C:\\a\\python.exe -m pip"),
        ("win32", "C:\\a b\\python.exe", '& "C:\\a b\\python.exe" -m pip'),
    ],
)
def test_a_command_runs_in_the_shell_of_its_system(platform, python, begins, monkeypatch):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(sys, "executable", python)
    assert runpy.run_path(self_check.__file__)["PIP"].startswith(begins)


def test_an_environment_without_pip_is_told_uv(monkeypatch):
    monkeypatch.setattr(self_check.importlib.util, "find_spec", lambda name: None)
    assert "`uv pip install --python" in runpy.run_path(self_check.__file__)["INSTALL"]


def test_a_file_that_hides_a_module_is_told(monkeypatch, tmp_path):
    for name in ["self_check.py", "notes.py", "test.py"]:
        (tmp_path / "notebooks").mkdir(exist_ok=True)
        (tmp_path / "notebooks" / name).touch()
    monkeypatch.setattr(self_check, "requirements", lambda: {"torch": ">=2.7"})
    monkeypatch.setattr(self_check, "COURSE", tmp_path)
    for name in ["torch.py", "random.py"]:
        (tmp_path / "notebooks" / name).touch()
        with pytest.raises(self_check.NotReady, match=f"takes {name} .*Rename your file"):
            self_check.check_kernel()
        (tmp_path / "notebooks" / name).unlink()
    with pytest.raises(self_check.NotReady, match="another copy of the course.*folder .venv"):
        self_check.check_kernel()


def test_a_container_has_the_memory_of_its_limit(tmp_path):
    free = self_check.free_memory(tmp_path)
    (tmp_path / "memory.max").write_text("max\n", encoding="utf-8")
    (tmp_path / "memory.stat").write_text("anon 400000000\nfile 7\n", encoding="utf-8")
    assert free > 1.0 and self_check.free_memory(tmp_path) > 1.0
    (tmp_path / "memory.max").write_text("1000000000\n", encoding="utf-8")
    assert self_check.free_memory(tmp_path) == 0.6
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory/memory.limit_in_bytes").write_text("900000000\n", encoding="utf-8")
    (tmp_path / "memory/memory.stat").write_text("total_rss 800000000\n", encoding="utf-8")
    assert self_check.free_memory(tmp_path) == 0.1


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
    assert "install ipywidgets and anywidget" in answer.value
    button._msg_callbacks(button, "pressed", [])
    assert answer.value == "Widgets work: the button reached the kernel."
