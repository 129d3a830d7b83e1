"""The files that install the course agree with each other, and the documents with the course."""

import re
import sys
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

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
