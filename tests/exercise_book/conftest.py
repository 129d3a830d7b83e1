"""A test reads no clock: on a busy machine the time limit of an examination would."""

import pytest

from course_utils.exercise_book import trial


@pytest.fixture(autouse=True)
def unhurried(monkeypatch):
    monkeypatch.setattr(trial, "SECONDS", 3600)
