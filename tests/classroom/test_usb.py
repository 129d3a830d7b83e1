"""The folder for a USB stick: what it holds for each system, and its installation.

Packages here are tiny and made by the tests; nothing comes from outside.
"""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from classroom import usb
from classroom.stick import install

pytest.importorskip("uv", reason="the extra usb brings it")

PROJECT = """[project]
name = "course_utils"
version = "1"
requires-python = ">=3.10"
dependencies = ["torch>=2", "box2d>=2; platform_machine != 'aarch64'", "shell>=1"]
"""


def wheel(folder: Path, name: str, version: str, *needs: str, tag: str = "py3-none-any") -> Path:
    """Write a wheel that holds one empty module."""
    info = f"{name}-{version}.dist-info"
    told = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    files = {
        f"{name}.py": "",
        f"{info}/METADATA": told + "".join(f"Requires-Dist: {need}\n" for need in needs),
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    record = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    path = folder / f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(file, text)
    return path


@pytest.fixture
def index(tmp_path, monkeypatch):
    """Wheels as on PyPI: torch brings GPU libraries on Linux, a shell needs another on Windows."""
    monkeypatch.setattr(usb, "ROOT", tmp_path)
    (tmp_path / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    (tmp_path / "constraints.txt").write_text("torch==2.0\n", encoding="utf-8")
    (folder := tmp_path / "index").mkdir()
    wheel(folder, "torch", "2.0", "nvidia-things; sys_platform == 'linux'")
    wheel(folder, "torch", "2.1")
    wheel(folder, "box2d", "2.0", tag="cp312-cp312-win_amd64")
    wheel(folder, "box2d", "2.0", tag="cp312-cp312-manylinux_2_17_x86_64")
    wheel(folder, "shell", "1.0", "winpty; os_name == 'nt'", "expect; sys_platform != 'win32'")
    for name in ("nvidia_things", "winpty", "expect", "pip", "setuptools"):
        wheel(folder, name, "1.0")
    return folder


def resolved(system, index):
    return usb.resolved(system, "3.12", "--no-index", "--find-links", str(index))


def test_each_system_gets_what_it_needs_and_no_gpu_libraries(index):
    shared = {"pip==1.0", "setuptools==1.0", "shell==1.0"}
    windows = shared | {"torch==2.0", "box2d==2.0", "winpty==1.0"}
    linux = shared | {"torch==2.0+cpu", "box2d==2.0", "expect==1.0"}
    assert set(resolved("windows", index)) == windows
    assert set(resolved("linux", index)) == linux
    assert set(resolved("linux-arm", index)) == linux - {"box2d==2.0"}


def test_a_package_without_a_wheel_is_told(index):
    with pytest.raises(usb.NotComplete, match="box2d.*has no wheels"):
        resolved("macos", index)


def test_wheels_that_ask_for_more_than_is_there_are_not_complete(index, monkeypatch):
    monkeypatch.setattr(usb, "STICK", index.parent / "stick")
    (index.parent / "stick" / "lists").mkdir(parents=True)
    index.rename(wheels := index.parent / "stick" / "wheels")
    offline = usb.resolved
    pins = [pin for pin in resolved("windows", wheels) if "winpty" not in pin]
    monkeypatch.setattr(usb, "fetch", lambda *_: None)
    monkeypatch.setattr(usb, "resolved", lambda *a: offline(*a) if a[2:] else pins)
    with pytest.raises(usb.NotComplete, match=r"ask for winpty==1\.0"):
        usb.add("windows", "3.12")
    assert not list(wheels.parent.glob("lists/*"))
    pins += ["winpty==1.0"]
    usb.add("windows", "3.12")
    assert "winpty==1.0 --hash=sha256:" in (wheels.parent / "lists/windows-3.12.txt").read_text()


@pytest.fixture
def stick(tmp_path, monkeypatch):
    """A whole stick for this machine, with a course of two files that needs one package."""
    here = tmp_path / "stick"
    for name in ("wheels", "lists", "course/notebooks"):
        (here / name).mkdir(parents=True)
    monkeypatch.setattr(install, "STICK", here)
    monkeypatch.setattr(usb, "STICK", here)
    wheel(here / "wheels", "tiny", "1.0")
    return here


def sums(stick):
    lines = [
        f"{install.sha256(path)}  {path.relative_to(stick).as_posix()}\n"
        for path in sorted(stick.rglob("*"))
        if path.is_file() and path.name != "SHA256SUMS"
    ]
    (stick / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")


def test_a_damaged_file_is_named_and_fetched_again(stick, capsys):
    wheel(stick / "wheels", "other", "1.0")
    sums(stick)
    assert install.damaged(stick) == []
    broken = stick / "wheels" / "tiny-1.0-py3-none-any.whl"
    broken.write_bytes(broken.read_bytes()[:-1])
    assert install.damaged(stick) == ["wheels/tiny-1.0-py3-none-any.whl"]
    usb.mend()
    assert "tiny-1.0-py3-none-any.whl is damaged" in capsys.readouterr().out
    assert [path.name for path in stick.glob("wheels/*")] == ["other-1.0-py3-none-any.whl"]


def test_pip_takes_what_the_list_says_and_refuses_what_is_damaged(stick, tmp_path):
    wheels = stick / "wheels"
    (stick / "list.txt").write_text(usb.hashed(["tiny==1.0"], wheels), encoding="utf-8")
    command = [sys.executable, "-m", "pip", "--isolated", "install", "--no-index", "--find-links"]
    command += [str(wheels), "--target", str(tmp_path / "there"), "-r", str(stick / "list.txt")]
    assert subprocess.run(command, capture_output=True).returncode == 0
    assert (tmp_path / "there" / "tiny.py").exists()
    wheel(wheels, "tiny", "1.0", "another")
    refused = subprocess.run([*command, "--upgrade"], capture_output=True, text=True)
    assert refused.returncode and "DO NOT MATCH THE HASHES" in refused.stderr


def test_a_python_without_packages_is_told_which_there_are(stick, monkeypatch):
    (stick / "lists" / "windows-3.12.txt").touch()
    monkeypatch.setattr(install.platform, "system", lambda: "Linux")
    monkeypatch.setattr(install.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(install.platform, "python_version_tuple", lambda: ("3", "9", "1"))
    with pytest.raises(SystemExit, match=r"with Python 3\.9; .* for: windows-3\.12\."):
        install.packages()
    (stick / "lists" / "linux-3.9.txt").touch()
    assert install.packages().name == "linux-3.9.txt"


def test_a_newer_course_keeps_notebooks_and_renews_the_rest(stick, tmp_path):
    course, target = stick / "course", tmp_path / "target"
    for text in ("old", "new"):
        (course / "notebooks" / "00_a.ipynb").write_text(text, encoding="utf-8")
        (course / "module.py").write_text(text, encoding="utf-8")
        install.bring(course, target)
    (course / "notebooks" / "01_b.ipynb").write_text("new", encoding="utf-8")
    install.bring(course, target)
    there = {path.name: path.read_text("utf-8") for path in target.rglob("*.*")}
    assert there == {"00_a.ipynb": "old", "01_b.ipynb": "new", "module.py": "new"}


def test_the_stick_gets_the_course_what_stands_beside_it_and_hashes_of_all(stick, monkeypatch):
    (edition := stick.parent / "edition" / "docs").mkdir(parents=True)
    (edition / "install.md").write_text("How.", encoding="utf-8")
    monkeypatch.setattr(usb, "BESIDE", {"nowhere": "site"})
    (stick / "lists" / "windows-3.12.txt").write_text("# for pip\n", encoding="utf-8")
    usb.lay_out(edition.parent)
    listed = (stick / "SHA256SUMS").read_text(encoding="utf-8")
    names = {line.split("  ")[1] for line in listed.splitlines()}
    assert names >= {"course/start.sh", "course/start.bat", "install.bat", "README.txt"}
    assert {"wheels/tiny-1.0-py3-none-any.whl", "course/docs/install.md"} <= names
    assert install.damaged(stick) == [] and "SHA256SUMS" not in names
