"""The files that install the course agree with each other, and the documents with the course."""

import re
import subprocess
import sys
from pathlib import Path

import yaml
from packaging.requirements import Requirement

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


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
    job = yaml.safe_load(read(".github/workflows/test.yml"))["jobs"]["test"]
    assert job["strategy"]["matrix"]["python"] == ["3.10", "3.11", "3.12", "3.13"]
    assert job["strategy"]["matrix"]["os"] == ["ubuntu-latest", "macos-latest", "windows-latest"]
    assert any(step.get("run") == "make PYTHON=python test" for step in job["steps"])
    assert "make test" in read("README.md") and "make test" in read(".ci/run")


def test_the_readme_names_every_notebook_and_every_make_target_exists():
    readme = read("README.md")
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        assert f"notebooks/{notebook.name}" in readme
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))
    for document in ("README.md", "CONTRIBUTING.md"):
        named = set(re.findall(r"`make ([a-z-]+)", read(document)))
        assert named and named <= targets, f"{document} names {named - targets}"


def test_links_in_the_documents_lead_somewhere():
    for document in ("README.md", "CONTRIBUTING.md"):
        for target in re.findall(r"\]\((?!https?:|#)([^)]+)\)", read(document)):
            assert (ROOT / target).exists(), f"{document} links to {target}"


def test_the_module_loads_quickly():
    """All parts that the notebooks import, in a fresh Python: at most 3 CPU seconds."""
    names = "continual, demonstrations, distillation, dqn, envs, evaluation, exercises, finetuning, imitation, play, "
    names += "plotting, probes, rewards, robustness, self_check, shipping, storage, tabular, teachers, widgets"
    code = f"import time; from course_utils import {names}; print(time.process_time())"
    seconds = min(float(subprocess.check_output([sys.executable, "-c", code])) for _ in range(2))
    assert seconds <= 3


def test_the_module_stays_small():
    lengths = {
        path: len(path.read_text(encoding="utf-8").splitlines())
        for path in ROOT.glob("course_utils/**/*.py")
    }
    assert (
        sum(lengths[path] for path in ROOT.glob("course_utils/*.py")) <= 4000
    )  # without the exercises' own texts
    assert max(lengths.values()) <= 240
