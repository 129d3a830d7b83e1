"""Accounts of learners in the hub's own list, where passwords stand as bcrypt hashes only."""

import re
import secrets
from pathlib import Path

import bcrypt
from jupyterhub import orm
from nativeauthenticator.orm import UserInfo

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,30}")
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is taken for another


def names_in(path: Path) -> list[str]:
    """The names in a file, one a line; # begins a remark. ValueError for what cannot be one."""
    lines = path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    names = [name for line in lines if (name := line.partition("#")[0].strip())]
    if not names:
        raise ValueError(f"{path.name} holds no name: write one for each learner, a line each.")
    for name in names:
        if not NAME.fullmatch(name):
            told = "use a to z, 0 to 9, - and _, at most 31 of them, a letter or digit first"
            raise ValueError(f"{path.name}: {name[:40]!r} cannot be a name; {told}.")
    return names


def make_accounts(database: str, names: list[str]) -> dict[str, str]:
    """Make an account for each name that has none. Returns the new ones' passwords.

    database: address of the hub's database, as SQLAlchemy writes it.
    """
    session = orm.new_session_factory(database)()
    made = {}
    for name in dict.fromkeys(names):
        if UserInfo.find(session, name) is None:
            made[name] = "".join(secrets.choice(LETTERS) for _ in range(10))
            hashed = bcrypt.hashpw(made[name].encode(), bcrypt.gensalt())
            session.add(UserInfo(username=name, password=hashed, is_authorized=True))
    session.commit()
    session.close()
    return made
