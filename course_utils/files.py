"""Files that are whole or not there at all: numbers and a header in JSON, nothing that could run.

A file is written beside its place and moved there when it is whole; a hash of all that it holds
is in it.
"""

import hashlib
import json
import os
import re
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path

import torch
from safetensors.torch import load, save

from course_utils.checks import checked

SEAL = b"course-sha256:" + b"0" * 64  # where in a file its hash is to be


@checked
def write_whole(path: Path | str, content: bytes) -> None:
    """Write a file beside its place, then move it there: an older one stays until this is whole.

    A `SEAL` in the content gets its SHA-256. Raises OSError with one sentence.
    """
    path = Path(path)
    unfinished = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}.unfinished")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in path.parent.glob(f"{escape(path.name)}.*unfinished"):
            with suppress(OSError):  # another process may be quicker
                if time.time() - left.stat().st_mtime > 600:  # that process was killed
                    left.unlink()
        with open(unfinished, "wb") as file:
            file.write(sealed(content))
            file.flush()
            os.fsync(file.fileno())  # else a power cut may leave the new name on an empty file
        unfinished.replace(path)
    except OSError as error:
        way = "make room, or choose a folder of your own, such as by COURSE_RUNS"
        raise type(error)(f"{path} cannot be written ({error.strerror or error}): {way}.") from None
    finally:
        with suppress(OSError):  # also after an interrupt
            unfinished.unlink()


def sealed(content: bytes) -> bytes:
    """The content with its SHA-256 in its `SEAL`, if it has one."""
    return content.replace(SEAL, SEAL[:-64] + hashlib.sha256(content).hexdigest().encode(), 1)


@contextmanager
@checked
def reading(path: Path | str) -> Iterator[bytes]:
    """The content of a file, for a block in which any error means that the file is bad.

    Raises FileNotFoundError if it is not there, OSError if it cannot be read, ValueError if it is
    damaged (older files have no seal) or foreign.
    """
    path = Path(path)
    if not path.exists():
        told = f"{path.name} is not in {path.parent}"
        raise FileNotFoundError(f"{told}: run the cell or command that makes it first.")
    try:
        content = path.read_bytes()
        for seal in re.findall(SEAL[:-64] + b"[0-9a-f]{64}", content):
            if sealed(content.replace(seal, SEAL, 1)) != content:
                raise ValueError(seal)
        yield content
    except OSError as error:
        way = "it must be a file, no folder, that you may read"
        raise type(error)(f"{path} cannot be read ({error.strerror or error}): {way}.") from None
    except Exception:  # what safetensors, NumPy and ONNX Runtime raise has no class in common
        raise ValueError(f"{path.name} is damaged, or not the course's: make it again.") from None


def as_json(value):
    """Arrays and NumPy's numbers as JSON can hold them; TypeError for what has no such form."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"a card or facts cannot hold {value!r:.60}: tell it in words or numbers.")


def save_tensors(path: Path, tensors: dict[str, torch.Tensor], facts: dict) -> None:
    """Write tensors and facts (whatever JSON can hold) as one file, whole or not at all."""
    tensors = {
        name: torch.as_tensor(t).detach().cpu().clone().contiguous() for name, t in tensors.items()
    }
    told = {"facts": json.dumps(facts, default=as_json), "seal": SEAL.decode()}
    write_whole(path, save(tensors, metadata=told))


def load_tensors(path: Path) -> tuple[dict[str, torch.Tensor], dict]:
    """What `save_tensors` wrote. Raises as `reading`."""
    with reading(path) as content:  # 8 bytes for the length of the header, the header, the numbers
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        return dict(sorted(load(content).items())), json.loads(header["__metadata__"]["facts"])


def fingerprint(tensors: dict[str, torch.Tensor]) -> str:
    """A hash of numbers, as 16 hexadecimal digits: equal for equal tensors under equal names."""
    numbers = b"".join(tensors[name].detach().cpu().numpy().tobytes() for name in sorted(tensors))
    return hashlib.sha256(numbers).hexdigest()[:16]


def sha256(path: Path) -> str:
    """The SHA-256 of a file, as hexadecimal digits."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
