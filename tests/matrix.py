"""Run every notebook with the lowest and the newest versions, on every Python: make matrix.

Each cell of the matrix has an environment of its own in .matrix. What is done there, with these
versions and this notebook, and passed, is not done again: a cut-off run goes on where it was. The
table goes to docs/matrix.md. PYTHONS, VERSIONS, NOTEBOOKS choose by first letters; TURN=n chooses
two cells, others for each n; FRESH=1 runs again what ran with an earlier state of course_utils.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDER, PAGE = ROOT / ".matrix", ROOT / "docs" / "matrix.md"
CELLS = [f"{p}-{v}" for p in ("3.10", "3.11", "3.12", "3.13") for v in ("lowest", "newest")]
CELLS += ["3.12-colab", "3.12-nobox2d"]
OVERRIDES = {  # what is asked for where Python is below 0 is not installed
    "colab": ["ipykernel==6.17.1", "ipywidgets==7.7.1", "jupyterlab; python_version < '0'"],
    "nobox2d": ["box2d; python_version < '0'"],
}
TOLD = ["python", "torch", "numpy", "scipy", "gymnasium", "onnx", "onnxruntime", "onnxscript"]
TOLD += ["ipykernel", "ipywidgets", "jupyterlab"]
ABOUT = """# Versions on which the notebooks run

Written by `make matrix`. *lowest*: the lowest versions that `pyproject.toml` allows and that need
no compiler; *newest*: the newest that there are; *colab*: ipykernel and ipywidgets as old as
Colab's, no JupyterLab, the rest new; *nobox2d*: without Box2D, as on ARM Linux, so what needs the
lander is left out, the rest new. ✓ passed, ✗ failed, – is still to run.
"""
NOTEBOOKS = {path.stem: path for path in sorted((ROOT / "notebooks").glob("*.ipynb"))}
# What the Python of an environment runs, beside run_notebooks.py.
RUN = """import json, pathlib, sys
from run_notebooks import run_notebook
try:
    told = {"error": None, **run_notebook(pathlib.Path(sys.argv[1]))[1]}
except Exception as error:
    name, value = getattr(error, "ename", type(error).__name__), getattr(error, "evalue", error)
    told = {"error": f"{name}: {(str(value).strip() or '-').splitlines()[0]}"}
pathlib.Path(sys.argv[2]).write_text(json.dumps(told), encoding="utf-8")
"""


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def write_whole(path: Path, text: str) -> None:
    unfinished = path.with_name(path.name + ".unfinished")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)


def hash_of(texts: list[str]) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:12]


BOUNDS = hash_of(re.findall(r"(?ms)^dependencies = \[.*?^\]", read(ROOT / "pyproject.toml")))
CODE = [path for path in sorted((ROOT / "course_utils").rglob("*.*")) if path.suffix != ".pyc"]
MODULE = hash_of(list(map(read, CODE)))


def uv(*arguments, **options) -> str:
    """The output of a command of uv. Raises RuntimeError with what it said."""
    # Pythons of pyenv are found by their own names; none is fetched behind the user's back.
    pyenv = [str(path) for path in sorted(Path.home().glob(".pyenv/versions/*/bin"))]
    search = os.pathsep.join([*pyenv, os.environ["PATH"]])
    options["env"] = os.environ | {"PATH": search, "UV_PYTHON_DOWNLOADS": "never"}
    command = [sys.executable, "-m", "uv", "--no-progress", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", **options)
    if done.returncode:
        said = done.stderr[max(0, done.stderr.find("error:")) :]  # without warnings
        raise RuntimeError(" ".join(said.split())[:300] or "uv says nothing")
    return done.stdout


def python_in(cell: str) -> Path:
    return FOLDER / cell / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def make_environment(cell: str) -> None:
    """Install what the bounds ask for. The list is written last: it says that all is there."""
    place, (python, versions) = FOLDER / cell, cell.split("-")
    wanted, bounds = place / "requirements.txt", f"# bounds {BOUNDS}"
    had, _, before = read(wanted).partition("\n")
    if had == bounds:
        return
    place.mkdir(parents=True, exist_ok=True)
    interpreter = uv("python", "find", "--system", python).strip()
    how = ["--resolution", "lowest-direct" if versions == "lowest" else "highest"]
    how += ["--python-version", python, "--only-binary", ":all:", "--no-header", "--no-annotate"]
    write_whole(place / "overrides.txt", "\n".join(OVERRIDES.get(versions, [])))
    lists = ["pyproject.toml", "-", "--overrides", place / "overrides.txt"]
    # nbclient runs the notebooks; jupyterlab, which brings it, is not in every cell.
    packages = uv("pip", "compile", *lists, *how, cwd=ROOT, input="nbclient>=0.10\n")
    install = ["pip", "install", "--no-deps", "--python", python_in(cell)]
    if packages != before:
        wanted.unlink(missing_ok=True)
        uv("venv", "--clear", "--python", interpreter, place / "venv")
        uv(*install, "-r", "-", input=packages)
    uv(*install, "-e", ROOT)
    write_whole(wanted, f"{bounds}\n{packages}")


def run(cell: str, name: str) -> dict:
    """Run a notebook as at a learner who has made nothing before."""
    runs, told = FOLDER / cell / "runs", FOLDER / cell / "told.unfinished"
    told.unlink(missing_ok=True)
    shutil.rmtree(runs, ignore_errors=True)
    surroundings = os.environ | {"COURSE_RUNS": str(runs), "COURSE_SEED": "0"}
    command = [python_in(cell), "-c", RUN, NOTEBOOKS[name], told]
    subprocess.run(command, cwd=ROOT / "tests", env=surroundings, stderr=subprocess.DEVNULL)
    return json.loads(read(told) or '{"error": "the process died"}')


def state_of(cell: str, name: str) -> str:
    """What a result holds for: the packages, and the code of the notebook."""
    cells = json.loads(read(NOTEBOOKS[name]))["cells"]
    sources = ["".join(part["source"]) for part in cells if part["cell_type"] == "code"]
    return hash_of([read(FOLDER / cell / "requirements.txt").partition("\n")[2], *sources])


def result(cell: str, name: str) -> dict | None:
    """What a notebook came to in a cell, if it still holds. Its "error" is None if it passed."""
    done = json.loads(read(FOLDER / cell / f"{name}.json") or "{}")
    return done if done.get("state") == state_of(cell, name) else None


def do_cell(cell: str, names: list[str]) -> bool:
    """Make the environment of a cell, run what is not done yet, and return whether all passed."""
    missing, results = {}, []
    try:
        make_environment(cell)
    except RuntimeError as error:
        missing = {"error": f"not installed: {error}"}
        print(f"{cell}: {missing['error']}", flush=True)
    for name in names:
        done = result(cell, name)
        old = done and os.environ.get("FRESH") and done["module"] != MODULE
        if missing or not done or done["error"] or old:
            done = {"state": state_of(cell, name), "module": MODULE, **(missing or run(cell, name))}
            write_whole(FOLDER / cell / f"{name}.json", json.dumps(done))
            write_whole(PAGE, page())
            print(f"{cell} {name}: {done['error'] or 'passed'}", flush=True)
        results.append(done)
    return not missing and not any(done["error"] for done in results)


def page() -> str:
    """The table of results, the errors, the table of versions."""
    errors, older = [], 0
    results, versions = [["notebook", *(name[:2] for name in NOTEBOOKS)]], [["version", *TOLD]]
    for cell in CELLS:
        done = {name: told for name in NOTEBOOKS if (told := result(cell, name))}
        failed = {name: told["error"] for name, told in done.items() if told["error"]}
        signs = ["✗" if name in failed else "✓" if name in done else "–" for name in NOTEBOOKS]
        packages = dict(re.findall(r"(?m)^(\S+)==(\S+)", read(FOLDER / cell / "requirements.txt")))
        made = read(FOLDER / cell / "venv" / "pyvenv.cfg")
        packages["python"] = "".join(re.findall(r"version_info = ([\d.]+)", made)) or "–"
        results.append([cell, *signs])
        versions.append([cell, *(packages.get(name, "–") for name in TOLD)])
        errors += [f"- {cell}, {name}: `{error}`" for name, error in failed.items()]
        older += sum(told["module"] != MODULE for told in done.values())
    tables = []
    for rows in (results, versions):
        rows.insert(1, ["---"] * len(rows[0]))
        tables.append("\n".join(f"| {' | '.join(row)} |" for row in rows))
    count = sum(row.count("✓") for row in results)
    count = f"{count} of {len(CELLS) * len(NOTEBOOKS)} passed"
    count += f"; {older} ran with an earlier state of `course_utils`." if older else "."
    return "\n\n".join([ABOUT.strip(), count, tables[0], "\n".join(errors), tables[1]]) + "\n"


def chosen(variable: str, entries: list[str], part: slice = slice(None)) -> list[str]:
    """The entries of which this part begins with one of the words of an environment variable."""
    wanted = tuple(os.environ.get(variable, "").split())
    return [entry for entry in entries if not wanted or entry[part].startswith(wanted)]


def turn(number: int) -> list[str]:
    """Two cells. Numbers that follow each other bring all cells round."""
    return [CELLS[(2 * number + i) % len(CELLS)] for i in range(2)]


def main() -> None:
    cells = turn(int(os.environ["TURN"])) if os.environ.get("TURN") else CELLS
    cells = chosen("VERSIONS", chosen("PYTHONS", cells), slice(5, None))
    names = chosen("NOTEBOOKS", list(NOTEBOOKS))
    sys.exit(not all([do_cell(cell, names) for cell in cells]))


if __name__ == "__main__":
    main()
