"""The hub: accounts, a home that keeps what is the learner's, and a wall between two learners."""

import os
import stat
from pathlib import Path

import pytest

pytest.importorskip("jupyterhub", reason="JupyterHub runs on Linux and macOS")

from jupyterhub import orm
from nativeauthenticator.orm import UserInfo

from classroom.hub import __main__ as hub_main
from classroom.hub import accounts, start
from classroom.hub.learner import Learner
from tests.classroom import room
from tests.classroom.room import PROXY, ROOT, hub


def test_accounts_are_made_once_and_no_password_is_kept_in_clear(tmp_path):
    database = f"sqlite:///{tmp_path}/hub.sqlite"
    first = accounts.make_accounts(database, ["anna", "ben", "anna"])
    again = accounts.make_accounts(database, ["anna", "ben", "carl"])
    assert list(first) == ["anna", "ben"] and list(again) == ["carl"]
    session = orm.new_session_factory(database)()
    anna = UserInfo.find(session, "anna")
    assert anna.is_valid_password(first["anna"]) and anna.is_authorized
    assert not anna.is_valid_password(first["ben"])
    kept = (tmp_path / "hub.sqlite").read_bytes()
    assert not [word for word in {**first, **again}.values() if word.encode() in kept]


def test_names_are_read_from_a_list(tmp_path):
    listed = tmp_path / "learners.txt"
    listed.write_text("\ufeffanna # in the first row\n\n# nobody\nben-2\n", encoding="utf-8")
    assert accounts.names_in(listed) == ["anna", "ben-2"]


@pytest.mark.parametrize("name", ["../root", "Anna", "an na", "-anna", "a" * 32, "安娜", "."])
def test_a_name_that_is_no_folder_is_told(tmp_path, name):
    listed = tmp_path / "learners.txt"
    listed.write_text(name, encoding="utf-8")
    with pytest.raises(ValueError, match=r"learners\.txt: .* cannot be a name; use a to z"):
        accounts.names_in(listed)


def test_a_list_without_names_is_told(tmp_path):
    (tmp_path / "learners.txt").write_text("# nobody yet\n\n")
    with pytest.raises(ValueError, match=r"learners\.txt holds no name"):
        accounts.names_in(tmp_path / "learners.txt")


def test_a_home_keeps_the_learners_notebooks_and_gets_new_ones(tmp_path, monkeypatch):
    shipped, home = tmp_path / "shipped", tmp_path / "home" / "course"
    for name in ("00_a.ipynb", ".ipynb_checkpoints/00_a.ipynb", "self_check.py"):
        path = shipped / "notebooks" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("1", encoding="utf-8")
    monkeypatch.setattr(start, "EDITION", shipped)
    start.lay_out(home)
    (home / "notebooks/00_a.ipynb").write_text("mine", encoding="utf-8")
    (shipped / "notebooks/00_a.ipynb").write_text("2", encoding="utf-8")
    (shipped / "notebooks/01_b.ipynb").write_text("2", encoding="utf-8")
    start.lay_out(home)
    there = {path.name: path.read_text("utf-8") for path in (home / "notebooks").iterdir()}
    assert there == {"00_a.ipynb": "mine", "01_b.ipynb": "2", "self_check.py": "1"}
    assert (home / "notebooks/self_check.py").is_symlink()


def test_a_folder_that_others_may_not_enter_is_found(tmp_path):
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    inner.chmod(0o755)
    inner.parent.chmod(0o700)
    assert hub_main.closed(inner / "c") == inner.parent


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives numbers")
def test_each_home_has_a_number_of_its_own_and_none_is_an_account_s(tmp_path):
    homes = [tmp_path / name for name in ("anna", "ben", "carl")]
    numbers = [Learner(home_dir=str(home)).number() for home in homes]
    assert numbers == [70_000, 70_001, 70_002] == [home.stat().st_uid for home in homes]
    assert Learner(home_dir=str(homes[1])).number() == 70_001
    os.chown(homes[0], 0, 0)
    with pytest.raises(PermissionError, match=r"anna belongs to user 0: give it a number"):
        Learner(home_dir=str(homes[0])).number()


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("COURSE_HUB_GB", "two", "COURSE_HUB_GB=two: must be a number, 1 or more"),
        ("SOLUTIONS", "maybe", "SOLUTIONS=maybe: must be in or out"),
    ],
)
def test_a_wrong_setting_is_told(tmp_path, monkeypatch, name, value, told):
    monkeypatch.setenv("COURSE_HUB", str(tmp_path / "hub"))
    monkeypatch.setenv(name, value)
    monkeypatch.setattr(hub_main, "closed", lambda path: None)
    monkeypatch.setattr(hub_main.shutil, "which", lambda name: name)
    monkeypatch.setattr("sys.argv", ["hub"])
    with pytest.raises(SystemExit, match=told):
        hub_main.main()


@pytest.mark.slow
@pytest.mark.skipif(not PROXY.exists(), reason="make .venv/course-hub brings the proxy")
def test_a_learner_logs_in_finds_the_course_and_sees_nothing_of_another():
    with hub("anna", "ben") as (address, place, passwords):
        assert set(passwords) == {"teacher", "anna", "ben"}
        assert room.Learner(address, "anna", passwords["ben"]).came.url.endswith("/login")
        anna, ben = (room.Learner(address, name, passwords[name]) for name in ("anna", "ben"))
        anna.start()
        listed = anna.ask("GET", "contents/course/notebooks").json()["content"]
        shipped = {path.name for path in ROOT.glob("notebooks/*.ipynb")}
        assert {entry["name"] for entry in listed} >= {*shipped, "self_check.py"}
        run = anna.kernel("course/notebooks/01_q_learning.ipynb")
        assert run("from course_utils.storage import RUNS; print(RUNS)").strip() == str(
            place / "homes/anna/course/runs"
        )
        # Sockets are shared by all users of a machine: what a kernel says there is encrypted.
        told = "from ipykernel import get_connection_info; print(get_connection_info())"
        assert "curve_publickey" in run(told)
        assert ben.ask("GET", "contents/course", of="anna").status_code == 403
        if os.geteuid() == 0:
            hold_the_walls(place, run)


def hold_the_walls(place: Path, run) -> None:
    """What holds where each learner has a user number: files, module and the hub's own list."""
    anna, ben = ((place / "homes" / name).stat() for name in ("anna", "ben"))
    assert stat.S_IMODE(anna.st_mode) == stat.S_IMODE(ben.st_mode) == 0o700
    assert ben.st_uid != anna.st_uid and min(anna.st_uid, ben.st_uid) >= 70_000
    tried = f"""
from pathlib import Path
for look in (
    lambda: list(Path('{place}/homes/ben').iterdir()),
    lambda: list(Path('{place}/homes').iterdir()),
    lambda: list(Path('{place}/state').iterdir()),
    lambda: Path('~/course/course_utils/new.py').expanduser().touch(),
):
    try:
        look()
        print('open')
    except PermissionError:
        print('closed')
"""
    assert run(tried).split() == ["closed"] * 4
