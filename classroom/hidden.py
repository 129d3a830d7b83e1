"""What is kept beside the learners' folders: a salt, and from it pseudonyms and hidden episodes."""

import contextlib
import hashlib
import hmac
import json
import os
import secrets
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from course_utils import storage

SECONDS = 120  # for each file that is judged, and for the start
LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # none looks like another one


def salt_of(place: Path) -> bytes:
    """The salt in a folder, made when it is not there: whoever has it can undo pseudonyms."""
    path = place / "salt"
    if not path.exists():
        place.mkdir(parents=True, exist_ok=True)
        path.write_text(secrets.token_hex(), "utf-8")
        with contextlib.suppress(OSError):
            path.chmod(0o600)
    return path.read_bytes()


def pseudonyms(names: list[str], salt: bytes) -> dict[str, str]:
    """name → four letters or more, the same each time, and as long as it takes to differ."""
    long = {}
    for name in names:
        digest = hmac.digest(salt, name.encode(errors="surrogateescape"), "sha256")
        long[name] = "".join(LETTERS[byte % len(LETTERS)] for byte in digest)
    codes = {name: text[:4] for name, text in long.items()}
    while len(count := Counter(codes.values())) < len(codes):
        codes = {n: long[n][: len(code) + (count[code] > 1)] for n, code in codes.items()}
    return codes


def hidden_seed(salt: bytes) -> int:
    """Where hidden episodes begin: no notebook and no judge of the course uses such seeds."""
    return 2_000_000 + int.from_bytes(hmac.digest(salt, b"episodes", "sha256")[:4], "big") // 4


def judge_all(handed_in: dict[str, list[dict]], seed: int, known: dict, workers: int) -> dict:
    """What is reached: learner → a verdict, as of `judge`, for each of what was handed in.

    handed_in: learner → {"task", and "path" or "source"} of each. seed: of the hidden episodes.
    known: verdicts of earlier calls, by `key`; new ones are added.
    """
    keys = {name: [key(one, seed) for one in given] for name, given in handed_in.items()}
    fresh = {
        name: {k: one for k, one in zip(keys[name], given, strict=True) if k not in known}
        for name, given in handed_in.items()
    }
    with ThreadPoolExecutor(workers) as pool:
        told = list(pool.map(lambda given: in_child([*given.values()], seed), fresh.values()))
    for given, verdicts in zip(fresh.values(), told, strict=True):
        known |= zip(given, verdicts, strict=False)
    ended = {"odd": ["Judging this took too long or too much memory, and was ended."]}
    return {
        name: [
            known.get(k, {"task": one["task"]} | ended)
            for k, one in zip(keys[name], given, strict=True)
        ]
        for name, given in handed_in.items()
    }


def key(given: dict, seed: int) -> str:
    """A hash of all that a verdict depends on."""
    content = Path(given["path"]).read_bytes() if "path" in given else given["source"].encode()
    return hashlib.sha256(f"{seed} {given['task']} ".encode() + content).hexdigest()


def in_child(given: list[dict], seed: int) -> list[dict]:
    """Verdicts of one learner's files, in order; fewer if the child was ended before the last."""
    if not given:
        return []
    command = [sys.executable, "-m", "classroom.judged", str(seed)]
    about = {"input": json.dumps(given).encode(), "stdout": -1, "stderr": subprocess.DEVNULL}
    about |= {"cwd": storage.COURSE, "env": os.environ | {"OMP_NUM_THREADS": "1"}}
    try:
        said = subprocess.run(command, timeout=SECONDS * (1 + len(given)), **about).stdout
    except subprocess.TimeoutExpired as late:
        said = late.stdout or b""
    return [json.loads(line) for line in said.splitlines(True) if line.endswith(b"\n")]
