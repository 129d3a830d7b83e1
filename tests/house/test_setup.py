"""The files that install the course agree with each other, and the documents with the course."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import gymnasium as gym
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

import conftest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DOCUMENTS = ["README.md", "CONTRIBUTING.md", "data/README.md"]
DOCUMENTS += sorted(f"docs/{path.name}" for path in ROOT.glob("docs/*.md"))


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def test_conda_and_pip_install_the_same_list():
    dependencies = yaml.safe_load(read("environment.yml"))["dependencies"]
    pip = next(entry["pip"] for entry in dependencies if isinstance(entry, dict))
    assert sorted(set(pip) - {"-e ."}) == sorted(PROJECT["dependencies"])
    assert "-e ." in pip
    assert f"python{PROJECT['requires-python']}" in dependencies and "pip" in dependencies


def test_every_requirement_has_a_pin_that_fits():
    pins = [
        Requirement(line)
        for line in read("constraints.txt").splitlines()
        if line and line[0] != "#"
    ]
    wanted = PROJECT["dependencies"] + sum(PROJECT["optional-dependencies"].values(), [])
    for need in map(Requirement, wanted):
        found = [pin for pin in pins if pin.name.lower().replace("_", "-") == need.name.lower()]
        assert found, f"{need.name} has no pin in constraints.txt"
        for pin in found:
            version = str(pin.specifier).removeprefix("==")
            assert need.specifier.contains(version), f"{pin} does not fit {need}"


def test_users_are_not_pinned():
    for need in map(Requirement, PROJECT["dependencies"]):
        assert {part.operator for part in need.specifier} == {">="}, (
            f"{need}: give an open lower bound"
        )


def test_citation_and_package_name_the_same_version():
    assert yaml.safe_load(read("CITATION.cff"))["version"] == PROJECT["version"]


def test_the_workflow_runs_the_readmes_command_on_every_supported_python():
    jobs = yaml.safe_load(read(".github/workflows/test.yml"))["jobs"]
    matrix = jobs["test"]["strategy"]["matrix"]
    assert matrix["python"] == ["3.10", "3.11", "3.12", "3.13"]
    assert matrix["os"] == ["ubuntu-latest", "macos-latest", "windows-latest"]
    assert any(step.get("run") == "make PYTHON=python test" for step in jobs["test"]["steps"])
    assert "make test" in read("README.md") and "make test" in read(".ci/run")


def test_what_takes_long_runs_once_a_week():
    job = yaml.safe_load(read(".github/workflows/test.yml"))["jobs"]["weekly"]
    assert job["if"] == "github.event_name == 'schedule'"
    commands = {step.get("run", "").removeprefix("make PYTHON=python ") for step in job["steps"]}
    assert commands >= {"coverage", "test-seeds", "test-browser"}


def test_the_readme_names_every_notebook():
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        assert f"notebooks/{notebook.name}" in read("README.md")


def test_the_readme_begins_with_promise_picture_commands_and_notebooks():
    """All of it stands before the first line that few readers need."""
    before, _, _ = read("README.md").partition("## How it works")
    places = [
        before.index(piece)
        for piece in ("![", "make lab", "make test", "## The notebooks", "notebooks/00_")
    ]
    assert places == sorted(places) and len(before.splitlines()) < 50


def test_every_make_target_that_is_named_exists():
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))
    for document in DOCUMENTS:
        named = set(re.findall(r"\bmake ([a-z-]+)\b(?=[` ]*[A-Z=]*[`\n])", read(document)))
        assert named <= targets, f"{document} names {named - targets}"
    assert {"lab", "test", "quick", "bench", "data"} <= targets


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document):
    folder = (ROOT / document).parent
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)[^)]*\)", read(document)):
        assert (folder / target).exists(), f"{document} links to {target}"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_files_that_are_named_exist(document):
    for name in re.findall(
        r"`((?:course_utils|data|docs|notebooks|tests)/[\w/.-]*)`", read(document)
    ):
        assert (ROOT / name).exists(), f"{document} names {name}"


def test_every_page_of_docs_is_linked():
    linked = read("README.md") + read("CONTRIBUTING.md")
    for page in ROOT.glob("docs/*.md"):
        assert f"docs/{page.name}" in linked


@pytest.mark.parametrize(
    ("tried", "error"),
    [
        ("from stable_baselines3.common import buffers", None),
        ("gym.make('LunarLander-v3')", None),
        ("import stable_baselines", ModuleNotFoundError),
        ("1 / 0", ZeroDivisionError),
    ],
)
def test_a_test_is_skipped_for_want_of_an_extra_only(tried, error, monkeypatch):
    loaded = ("stable_baselines3", "Box2D", "gymnasium.envs.box2d")
    for name in [name for name in sys.modules if name.startswith(loaded)]:
        monkeypatch.delitem(sys.modules, name)
    for name in loaded[:2]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr(conftest, "MISSING", set(loaded[:2]))
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(error or pytest.skip.Exception), conftest.skipped_if_lacking():
        exec(tried, {"gym": gym})
    monkeypatch.setenv("CI", "true")
    with pytest.raises(error or (ImportError, gym.error.Error)), conftest.skipped_if_lacking():
        exec(tried, {"gym": gym})


MACHINES = [  # sys_platform, platform_machine, whether PyPI has a wheel of Box2D
    ("linux", "x86_64", True), ("win32", "AMD64", True), ("darwin", "arm64", True),
    ("darwin", "x86_64", True), ("linux", "aarch64", False), ("win32", "ARM64", False),
]  # fmt: skip


@pytest.mark.parametrize(("platform", "machine", "wheel"), MACHINES)
def test_box2d_comes_where_it_has_a_wheel_and_is_an_extra_elsewhere(platform, machine, wheel):
    here = {"sys_platform": platform, "platform_machine": machine}
    lists = PROJECT["dependencies"], PROJECT["optional-dependencies"]["lander"]
    needs = [
        [need for need in map(Requirement, listed) if "box2d" in str(need)] for listed in lists
    ]
    assert [need.name for [need] in needs] == ["box2d", "box2d-py"]
    assert [need.marker.evaluate(here) for [need] in needs] == [wheel, not wheel]


def test_the_readme_has_one_table_of_systems():
    table = read("README.md").partition("## Where it runs")[2].partition("\n## ")[0]
    rows = [line.split(" | ") for line in table.splitlines() if line.startswith("| ")]
    assert {len(row) for row in rows} == {4}
    named = "\n".join(row[0] for row in rows)
    systems = ["Linux, x86-64", "Linux, ARM", "Windows", "Windows on ARM", "macOS, Apple"]
    systems += ["macOS, Intel", "Colab", "Binder", "VS Code", "JupyterHub", "Docker"]
    assert [system for system in systems if system not in named] == []
    headings = re.findall(r"^## (.+)$", read("docs/install.md"), re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in headings}
    assert set(re.findall(r"docs/install\.md#([\w-]+)", table)) <= anchors


def test_the_dockerfile_installs_the_pinned_course_and_runs_as_no_root():
    lines = read("Dockerfile").replace("\\\n", " ").splitlines()
    steps = [line.split(maxsplit=1) for line in lines if line and line[0] != "#"]
    known = {"FROM", "RUN", "WORKDIR", "COPY", "ARG", "USER", "EXPOSE", "CMD"}
    assert {name for name, _ in steps} <= known and steps[0][0] == "FROM"
    version = re.fullmatch(r"python:(\d\.\d+)-slim", steps[0][1])[1]
    assert SpecifierSet(PROJECT["requires-python"]).contains(version)
    installs = re.findall(r"pip install ([^;&]+)", read("Dockerfile"))
    assert len(installs) == 2 and all(each.startswith("-c constraints.txt -e") for each in installs)
    names, users = [name for name, _ in steps], [rest for name, rest in steps if name == "USER"]
    assert users == ["learner"] and names.index("USER") < names.index("CMD")
    command = json.loads(steps[-1][1])
    assert command[:2] == ["jupyter", "lab"] and (ROOT / command[-1]).exists()
    assert "q-course" in read("docs/install.md") and ":/course/runs" in read("docs/install.md")


def test_the_dev_container_makes_what_vs_code_then_uses():
    container = json.loads(read(".devcontainer/devcontainer.json"))
    version = container["image"].rpartition(":")[2]
    assert SpecifierSet(PROJECT["requires-python"]).contains(version)
    target = container["postCreateCommand"].removeprefix("make ")
    assert f"\n{target}:" in read("Makefile")
    tools = container["customizations"]["vscode"]
    assert {"ms-python.python", "ms-toolsai.jupyter"} == set(tools["extensions"])
    assert tools["settings"]["python.defaultInterpreterPath"].endswith("/.venv/bin/python")


def test_files_that_are_no_text_are_marked_and_text_has_one_kind_of_line_end():
    attributes = read(".gitattributes")
    assert "* text=auto eol=lf" in attributes.splitlines()
    places = ["course_utils", "data", "docs", "notebooks", "tests"]
    files = [path for place in places for path in (ROOT / place).rglob("*") if path.is_file()]
    ours = [path for path in files if "__pycache__" not in path.parts and path.name[0] != "."]
    binary = {path.suffix for path in ours if path.suffix and b"\0" in path.read_bytes()[:8000]}
    marked = set(re.findall(r"^\*(\.\w+) binary$", attributes, re.MULTILINE))
    assert binary - {".unfinished", ".checkpoint"} <= marked
    mixed = [
        p.name for p in ours if p.suffix in {".py", ".md", ".ipynb"} and b"\r" in p.read_bytes()
    ]
    assert mixed == []


@pytest.mark.parametrize(("first", "opens"), [("course_utils", True), ("os", False)])
def test_recorded_episodes_open_in_home_folders_that_lock_no_files(first, opens, tmp_path):
    """A lock that cannot be had is what h5py meets there."""
    fcntl = pytest.importorskip("fcntl")
    shipped = next((ROOT / "data" / "demonstrations").rglob("main_data.hdf5"))
    path = shutil.copy(shipped, tmp_path)
    code = f"import {first}, h5py, sys; h5py.File(sys.argv[1], 'r')"
    free = {name: value for name, value in os.environ.items() if not name.startswith("HDF5")}
    with open(path, "rb+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        run = subprocess.run([sys.executable, "-c", code, path], cwd=ROOT, env=free, stderr=-1)
    assert (run.returncode == 0) == opens, run.stderr.decode()
    assert opens or b"unable to lock file" in run.stderr


def test_binder_gets_the_versions_of_the_course():
    wanted = (ROOT / ".binder" / "requirements.txt").read_text(encoding="utf-8")
    assert "-c ../constraints.txt" in wanted and "-e ." in wanted
