"""JavaScript from npm for slides and site: fetched once into build/vendor, offline ever after."""

import json
import shutil
import subprocess
import tarfile
import tempfile
from contextlib import suppress
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "build" / "vendor"
VERSIONS = {"reveal.js": "5.2.1", "mathjax": "3.2.2", "mermaid": "11.17.2"}


def package(name: str) -> Path:
    """The folder of an npm package of that name, as it is published.

    RuntimeError if it is not there yet and npm is missing or does not get it.
    """
    there = FOLDER / f"{name}-{VERSIONS[name]}"
    if there.exists():
        return there
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER) as scratch:
        npm = shutil.which("npm") or "npm"  # on Windows npm is a script
        command = [npm, "pack", "--json", f"{name}@{VERSIONS[name]}"]
        try:
            run = subprocess.run(command, cwd=scratch, capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            told = f"{name} comes from npm, once: install Node.js, go online, and try again."
            raise RuntimeError(told) from error
        with tarfile.open(Path(scratch) / json.loads(run.stdout)[0]["filename"]) as archive:
            archive.extractall(scratch, filter="data")
        with suppress(OSError):  # another process has put it there meanwhile
            (Path(scratch) / "package").replace(there)
    return there
