"""Without Box2D a notebook reaches its end: what needs the lander is left out, in a sentence."""

import ast
import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor

import gymnasium as gym
import pytest

from course_utils import envs, exercises, storage
from course_utils.without_box2d import TOLD, WithoutBox2D
from tests.run_notebooks import FOLDER, run_notebook

BLOCKED = "import sys\nsys.modules['Box2D'] = None"


@pytest.fixture
def run(monkeypatch):
    """Runs a cell as IPython would, and returns the notebook's variables."""
    for name in [
        name for name in sys.modules if name.startswith(("Box2D", "gymnasium.envs.box2d"))
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "Box2D", None)
    variables = {"gym": gym, "envs": envs, "__name__": "__main__"}
    transformer = WithoutBox2D(variables)

    def run(cell):
        changed = transformer.visit(ast.parse(cell))
        code = compile(changed, "cell", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        waiting = eval(code, variables)
        if waiting is not None:
            with ThreadPoolExecutor() as pool:  # here another loop may be running
                pool.submit(asyncio.run, waiting).result()
        return variables

    return run


@pytest.mark.parametrize(
    "needs",
    [
        "made = gym.make('LunarLander-v3')",
        "made = envs.make_envs('LunarLander-v3', 2)",
        "from gymnasium.envs.box2d import lunar_lander as made",
        "import Box2D as made",
        "made = next(envs.play(print, 'LunarLander-v3', 1, 1))",
    ],
)
def test_what_needs_box2d_is_left_out_and_said_once(needs, run, capsys):
    variables = run(f"before = 1\n{needs}\nprint(made)\nmore = made\nafter = 2")
    assert capsys.readouterr().out == TOLD + "\n"
    assert variables["before"] == 1 and variables["after"] == 2
    assert not {"made", "more"} & set(variables)
    run("print(more)")
    assert capsys.readouterr().out == TOLD + "\n"


@pytest.mark.parametrize(
    ("uses", "left_out"),
    [
        ("def see():\n    return made\nlater = see()", True),
        ("see = lambda: made\nlater = see()", True),
        ("later = [each for each in made]", True),
        ("later = 1 if True else made", False),  # it was not needed
        ("for made in [1, 2]:\n    later = made", False),  # another one
        ("def later(made):\n    return made", False),
        ("later = [made for made in (1, 2)]", False),
        ("later = dict(made=1)", False),
        ("made = 5\nlater = made", False),
    ],
)
def test_what_builds_on_it_is_left_out_too(uses, left_out, run):
    run("made = gym.make('LunarLander-v3')")
    assert ("later" not in run(uses)) == left_out


def test_what_would_have_been_put_into_something_makes_it_incomplete(run):
    run("table, rows, other = {'a': 1}, [], []")
    run("made = gym.make('LunarLander-v3')\ntable['b'] = made\nrows.append(made)\nother.append(1)")
    variables = run("x = table['a']\ny = len(rows)\nz = len(other)")
    assert not {"x", "y", "table", "rows"} & set(variables) and variables["z"] == 1
    assert run("rows = [4]\ny = len(rows)")["y"] == 1  # made anew


def test_a_loop_that_fails_on_its_way_leaves_nothing_half_done(run):
    run("out = {}\nfor name in ('CartPole-v1', 'LunarLander-v3'):\n    out[name] = gym.make(name)")
    assert "out" not in run("") and "count" not in run("count = len(out)")


def test_a_file_that_would_have_been_written_is_not_missed(run, tmp_path):
    run(
        f"made = gym.make('LunarLander-v3')\ntext = open({str(tmp_path / 'x')!r}).read()\nafter = 1"
    )
    with pytest.raises(FileNotFoundError):
        run(f"text = open({str(tmp_path / 'x')!r}).read()")


@pytest.mark.parametrize(
    "mistake",
    ["1 / 0", "print(unknown)", "import no_such_package", "assert gym is None", "{}['key']",
     "envs.make_envs('NoSuchWorld-v0', 1)"],
)  # fmt: skip
def test_other_errors_stay_errors(mistake, run, capsys):
    with pytest.raises(Exception) as plain:
        exec(mistake, {"gym": gym, "envs": envs})
    run("made = gym.make('LunarLander-v3')")
    with pytest.raises(plain.type) as raised:
        run(f"x = 1\n{mistake}")
    assert str(raised.value) == str(plain.value)


def test_modules_are_not_forgotten(run):
    run("made = gym.make('LunarLander-v3')\ngym.spec(made)")
    assert run("spec = gym.spec('CartPole-v1')")["spec"].id == "CartPole-v1"


def test_the_last_value_is_shown_and_await_works(run, monkeypatch):
    shown = []
    monkeypatch.setattr(sys, "displayhook", shown.append)
    run("1\n2")
    run("import asyncio\nawait asyncio.sleep(0, 3)")
    run("gym.make('LunarLander-v3')")
    assert shown == [2, 3]


@pytest.mark.parametrize("wrong", ["return 1", "x = 1\nbreak", "def f(a, a): 0", "nonlocal x"])
def test_what_python_refuses_is_refused_by_python(wrong, run):
    with pytest.raises(SyntaxError):
        run(wrong)


def test_a_future_import_stays_in_front(run):
    assert run("from __future__ import annotations\nx = 1")["x"] == 1


@pytest.mark.parametrize("name", ["five_minutes", "smallest_student", "wind_and_noise"])
def test_an_open_task_with_the_lander_says_so(name, run, capsys):
    network, _ = storage.load_agent(storage.shipped("lunar_lander_320k.safetensors"))
    assert exercises.open_task(name, network) is None
    [line] = capsys.readouterr().out.splitlines()
    assert line.startswith(f"{name}: no mark yet.")
    assert line.endswith("the lander is left out: docs/install.md says how to get Box2D.")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["04_imitation", "10_distillation"])
def test_a_notebook_reaches_its_end(name, tmp_path):
    """All of them: make matrix VERSIONS=nobox2d."""
    (tmp_path / "sitecustomize.py").write_text(BLOCKED, encoding="utf-8")
    found = {"PYTHONPATH": f"{tmp_path}{':' if sys.platform != 'win32' else ';'}{FOLDER}"}
    notebook, _ = run_notebook(
        FOLDER / f"{name}.ipynb", COURSE_RUNS=str(tmp_path / "runs"), **found
    )
    told = [cell for cell in notebook.cells if TOLD in str(cell.get("outputs"))]
    assert len(told) >= 5 and str(notebook).count("holds: ") >= 10
