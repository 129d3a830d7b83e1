import sys
from importlib import metadata

import gymnasium as gym
from packaging.requirements import Requirement

from course_utils import self_check


def test_this_machine_is_ready(capsys):
    assert self_check.self_check()
    printed = capsys.readouterr().out
    assert "FIX" not in printed and "Everything is ready" in printed
    for env_id in self_check.ENVIRONMENTS:
        assert f"ok  {env_id} runs" in printed


def test_an_old_package_is_named_with_what_to_do():
    fine, sentence = self_check.check_package(Requirement("numpy>=99"))
    assert not fine and sentence.startswith("numpy ") and ">=99 is needed" in sentence
    assert "pip install -e ." in sentence


def test_a_missing_package_is_named_with_what_to_do():
    fine, sentence = self_check.check_package(Requirement("no-such-package>=1"))
    assert not fine and sentence == f"no-such-package is missing. {self_check.INSTALL}"


def test_a_course_that_is_not_installed_is_told(monkeypatch, capsys):
    def absent(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "requires", absent)
    assert not self_check.self_check()
    printed = capsys.readouterr().out
    assert "FIX the course's own package is not installed" in printed
    assert "Repair the lines that begin with FIX" in printed and "runs" not in printed


def test_packaging_itself_may_be_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "packaging.requirements", None)
    assert self_check.check_packages() == [(False, f"packaging is missing. {self_check.INSTALL}")]


def test_versions_of_python():
    assert self_check.check_python((3, 10, 0)) == (True, "Python 3.10.0")
    assert self_check.check_python((3, 13, 9))[0]
    for version in ((3, 9, 18), (3, 14, 0)):
        fine, sentence = self_check.check_python(version)
        assert not fine and "needs 3.10 to 3.13" in sentence


def test_an_environment_that_does_not_run(monkeypatch):
    def broken(env_id):
        raise gym.error.DependencyNotInstalled("Box2D is not installed\nmore lines")

    monkeypatch.setattr(gym, "make", broken)
    fine, sentence = self_check.check_environment("LunarLander-v3")
    assert not fine and sentence.startswith(
        "LunarLander-v3 does not run (DependencyNotInstalled: Box2D is not"
    )
    assert "\n" not in sentence


def test_little_memory(monkeypatch):
    monkeypatch.setattr(self_check, "MEMORY_NEEDED", 1e6)
    fine, sentence = self_check.check_machine()
    assert not fine and "close other programs" in sentence


def test_a_folder_that_cannot_be_written(monkeypatch):
    monkeypatch.setattr("os.access", lambda *arguments: False)
    fine, sentence = self_check.check_folder()
    assert not fine and "copy the course to a folder of your own" in sentence


def test_the_button_answers(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    self_check.widget_check()
    button, answer = shown[0].children
    assert "install ipywidgets" in answer.value
    button.click()
    assert answer.value == "Widgets work: the button reached the kernel."
