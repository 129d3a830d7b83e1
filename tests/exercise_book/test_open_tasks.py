"""Open tasks: a judge gives marks for what is good, none for what is not, and a sentence."""

import re

import nbformat
import numpy as np
import pytest
import torch

from course_utils import exercises, storage
from course_utils.exercise_book import contents, marks, open_tasks, progress
from course_utils.learn.tabular import QLearningConfig
from course_utils.networks import QNetwork
from course_utils.tune import parts
from course_utils.worlds.market import Market
from tests.run_notebooks import FOLDER

TASKS = list(contents.words("open_tasks"))
HANDED_IN = {"half_the_steps": "settings", "mend_the_learner": "mended", "decide": "rule"}
HANDED_IN |= {"design_a_reward": "reward_of", "whole_arc": "arc"}
CHEAP = ["half_the_steps", "mend_the_learner", "decide", "design_a_reward"]


def shipped(name, agents):
    return storage.load_agent(storage.shipped(f"{name}.safetensors"))[0].choose(agents)


def told(name, attempt):
    """The verdict on an attempt, and its figure."""
    return marks.judge(contents.find(name), attempt)


def test_each_open_task_is_asked_in_its_notebook_and_only_the_first_notebook_has_none():
    found = {}
    for path in sorted(FOLDER.glob("*.ipynb")):
        cells = nbformat.read(path, as_version=4).cells
        asked = [re.findall(r'exercises\.open_task\("(\w+)"', cell.source) for cell in cells]
        found |= {name: path.stem for names in asked for name in names}
    told = {name: said["notebook"] for name, said in contents.words("open_tasks").items()}
    assert list(found.items()) == list(told.items())
    assert {*contents.STEMS} - {*told.values()} == {"00_start_here"}


@pytest.mark.parametrize("name", TASKS)
def test_a_task_that_is_not_attempted_says_what_earns_a_mark(name, capsys):
    assert exercises.open_task(name) is None
    output = capsys.readouterr().out
    assert output.startswith(f"{name}: not attempted yet (") and "gold" in output
    exercises.hint(name, 99)
    assert f'exercises.solution("{name}")' in capsys.readouterr().out


@pytest.mark.parametrize("name", TASKS)
def test_marks_rise_or_fall_and_hints_lead(name):
    task = contents.find(name)
    assert task.marks in (sorted(task.marks), sorted(task.marks, reverse=True))
    assert len(set(task.marks)) == 3 and len(task.hints) >= 2
    assert f"{HANDED_IN.get(name, 'network')} = " in task.answer or "def " in task.answer


def attempt_of(name):
    exec(contents.find(name).answer, space := {"seed": 0})
    return space[HANDED_IN.get(name, "network")]


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[] if n in CHEAP else [pytest.mark.seeds]) for n in TASKS]
)
def test_the_courses_own_attempt_earns_silver_or_gold(name):
    verdict, _ = told(name, attempt_of(name))
    assert verdict.startswith(("silver", "gold")), verdict


NO_MARK = {
    "half_the_steps": QLearningConfig(),
    "mend_the_learner": {},
    "decide": lambda x, y: 0,
    "design_a_reward": lambda mdp: mdp.reward,
}


@pytest.mark.parametrize("name", NO_MARK)
def test_what_was_there_before_earns_no_mark(name):
    verdict, figure = told(name, NO_MARK[name])
    assert verdict.startswith("no mark yet, with") and figure < contents.find(name).marks[0]


def test_a_mark_follows_the_figure():
    task = marks.OpenTask(lambda figure: figure, "return", "", [1, 2, 3], [], "")
    found = [marks.judge(task, figure)[0].partition(",")[0] for figure in (0, 1, 2.5, 3, 9)]
    assert found == ["no mark yet", "bronze", "silver", "gold", "gold"]
    less = marks.OpenTask(lambda figure: figure, "numbers", "", [30, 20, 10], [], "")
    found = [marks.judge(less, figure)[0].partition(",")[0] for figure in (31, 30, 15, 10)]
    assert found == ["no mark yet", "bronze", "silver", "gold"]


def test_agents_that_earned_a_mark_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "RUNS", tmp_path)
    source = shipped("cartpole", list(range(10)))
    tuned, one, states = (
        parts.add_lora(source, 2),
        parts.add_adapters(source, 2),
        torch.ones(10, 1, 4),
    )
    tuned.hidden[0].b.data += 0.1
    marks.keep("fewest_numbers", tuned, "gold", 100.0)
    network, card = storage.load_agent(tmp_path / "fewest_numbers.safetensors")
    assert torch.allclose(network(states), tuned(states), atol=1e-3)
    assert (card["task"], card["figure"]) == ("fewest_numbers", 100.0)
    for name, attempt in {"new_gravity": one, "decide": len}.items():  # no agent's file holds them
        marks.keep(name, attempt, "silver", 1.0)
    assert [path.name for path in tmp_path.glob("*.safetensors")] == ["fewest_numbers.safetensors"]
    assert ("open task", "decide", "silver") in progress.noted()


def arc_of(world, agents=4, width=8, stages=("cloned", "learned", "tuned", "distilled")):
    """Networks that have learned nothing, of the shape of Market."""
    network = QNetwork(agents, 4, 3, width, generator=torch.Generator().manual_seed(0))
    return {"world": world} | dict.fromkeys(stages, network)


def test_the_stages_of_an_arc_are_counted(monkeypatch):
    """Each beside the course's own, by their way from random: 5 % of it are given."""
    asked, arc = [], arc_of("Market")
    change, settings = next(iter(Market.changed.items()))
    theirs = {"Market: cloned": 10.4, f"Market, {change}: fine-tuned": 12.0}
    theirs |= {"Market: handed on": 10.6, "Market: small": 9.0}
    study = {f"{stage}.return": torch.tensor([a - 1, a + 1]) for stage, a in theirs.items()}
    study["Market: references.random"] = torch.tensor([0.0, 0.0])
    study[f"Market, {change}: references.random"] = torch.tensor([-30.0])
    monkeypatch.setattr(storage, "shipped", str)
    monkeypatch.setattr(storage, "load_tensors", lambda name: (study, {}))
    monkeypatch.setattr(open_tasks, "fresh_return", lambda *_, **more: asked.append(more) or 10.0)
    assert told("whole_arc", arc)[1] == 3  # but for the handed on: 10 < 0.95 · 10.6
    assert asked == [{}, {}, settings, {}]


def pays_for_moving(mdp):
    """Nobody who is paid for each step goes to the goal."""
    return mdp.reward + 1.0 * ~mdp.terminated


SENTENCES = {
    "hacked": ("design_a_reward", pays_for_moving, "Hacked"),
    "another shape": ("design_a_reward", lambda mdp: mdp.reward[0], "of the MDP's shape"),
    "always sure": ("decide", lambda x, y: np.sign(x.mean() - y.mean()), "at most 6 %"),
    "says no number": ("decide", lambda x, y: None, "must return 1, −1 or 0; it returned None"),
    "copies": ("new_gravity", shipped("cartpole", [3] * 10), "copies of each other"),
    "nothing learned": (
        "fewest_numbers",
        shipped("lunar_lander_320k", [0]).requires_grad_(False),
        "observations",
    ),
    "one head": ("three_tasks", shipped("cartpole", list(range(10))), "a head for each task"),
    "settings no settings": ("half_the_steps", {"steps": 1}, "Hand in the settings"),
    "no dictionary": ("mend_the_learner", None, "Hand in a dictionary"),
    "infinite": ("design_a_reward", lambda mdp: mdp.reward - np.inf, "must be finite"),
    "raises": ("decide", lambda x, y: x[99], "IndexError"),
    "all exchanged": ("mend_the_learner", dict.fromkeys("abc"), "these two, and no other"),
    "no such part": ("mend_the_learner", {"speed": 1}, "speed"),
    "no network": ("five_minutes", "clone", "Hand in a QNetwork, no str"),
    "too few": (
        "three_demonstrations",
        shipped("mountain_car_n10", [0]),
        "3 actions and 5 agents or more",
    ),
    "another world": ("wind_and_noise", shipped("cartpole", [0, 1, 2]), "8 observations"),
    "no better than before": ("fewest_numbers", shipped("cartpole", list(range(10))), "return"),
    "an arc is missing parts": (
        "whole_arc",
        {"world": "Shop", "learned": len},
        "lacks cloned, tuned",
    ),
    "an arc in a world of one's own": (
        "whole_arc",
        arc_of("Mine"),
        "Shop, Arm, Clinic, Road, Market",
    ),
    "an arc of another world": ("whole_arc", arc_of("Arm"), "needs 10 observations, 9 actions"),
    "an arc of one agent": ("whole_arc", arc_of("Market", 1), "4 agents or more"),
    "an arc that ends large": ("whole_arc", arc_of("Market", width=64), "450 are allowed"),
    "no heads": (
        "three_tasks",
        shipped("cartpole", list(range(9))),
        "2 actions and 10 agents or more",
    ),
}


@pytest.mark.parametrize("name, attempt, words", SENTENCES.values(), ids=SENTENCES)
def test_what_cannot_earn_a_mark_gets_a_sentence(name, attempt, words):
    verdict, figure = told(name, attempt)
    assert figure is None and verdict.startswith("no mark yet. ") and words in verdict
    assert "\n" not in verdict
