"""What the course says in another language: exchanged as it is loaded, never in English."""

import ast
import importlib
import os
import subprocess
import sys
from importlib.machinery import SourceFileLoader

import matplotlib
import pytest

import course_utils
from course_utils import language
from course_utils.laboratory import view

SAID = """
import ast, sys
from pathlib import Path
import matplotlib, numpy as np
from matplotlib import font_manager
font_manager.get_font_names = lambda: ["SimHei"]
from course_utils import exercises, language, plotting, storage
from course_utils.exercise_book import progress
from course_utils.laboratory.view import View
from course_utils.learn.tabular import QLearningConfig
storage.RUNS = Path(sys.argv[1])
def add_up(rewards, discount): return sum(rewards)
def right(rewards, discount): return sum(discount**k * r for k, r in enumerate(rewards))
exercises.check("discounted_return", add_up)
exercises.check("discounted_return", right)
exercises.check("discounted_return", lambda rewards, discount: np.ones(2).tolist())
print(progress.noted())
try: QLearningConfig(discount=2)
except ValueError as error: print(error)
try: exercises.claim("1 = 2", False)
except AssertionError as error: print(error)
print('"开始"' in View({})._esm, 'press(running ? "Pause" : "Start")' in View({})._esm)
print("`大约还需 ${Math.ceil(" in View({})._esm)
print(matplotlib.rcParams["font.family"])
language.fonts = lambda: {}
figure = plotting.compare_runs({"20 个智能体, ε = 0": [1.0, 2.0]}, "回报")
print(figure.sentence)
plotting.to_png(figure)
print(figure.axes[0].get_xlabel(), figure.axes[0].get_yticklabels()[0].get_text())
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What a reader sees whose language is Chinese; at the end no font has Chinese letters."""
    command = [sys.executable, "-c", SAID, str(tmp_path_factory.mktemp("runs"))]
    added = {"PYTHONIOENCODING": "utf-8", "COURSE_SEED": "", "COURSE_LANGUAGE": "zh_CN"}
    ran = subprocess.run(command, env=os.environ | added, capture_output=True, encoding="utf-8")
    assert not ran.returncode, ran.stderr
    return ran.stdout


@pytest.mark.slow
def test_answers_are_judged_in_chinese(said):
    assert (
        "还不对。完全没有折扣：第 t 步的奖励要乘以 γ 的 t 次方。笔记本用课程自带的版本继续。"
        in said
    )
    assert "正确，全部 7 组输入都通过。笔记本用你的答案继续。" in said
    assert "必须返回 NumPy 数组或一个数，但它返回了 list 类型的东西：[1.0, 1.0]。" in said
    assert "`np.array(…)` 把列表变成数组。" in said, "advice knows the sentence"
    assert "[('exercise', 'discounted_return', 'right')]" in said, "files stay as they are"


@pytest.mark.slow
def test_errors_and_scripts_are_chinese(said):
    assert "discount = 2：必须是数，介于 0 与 1 之间 (晚一步得到的奖励算多少)。" in said
    assert "这在本次运行中不成立：1 = 2" in said
    assert "True True\nTrue" in said


@pytest.mark.slow
def test_labels_are_english_where_no_font_has_their_letters(said):
    assert "['DejaVu Sans', 'SimHei']" in said
    assert "回报：四分位均值及 95 % 区间：20 个智能体, ε = 0: 1.5 [1.0, 2.0]。" in said
    assert "\nreturn 20 agents, ε = 0" in said


def test_without_a_language_nothing_is_touched():
    assert language.LANGUAGE == "" and language.Finder not in sys.meta_path
    assert type(view.__spec__.loader) is SourceFileLoader
    assert matplotlib.rcParams["font.family"] == ["sans-serif"]
    words = ["a list", {"of": "words"}]
    assert language.tell(words) is words and language.catalogue() == {}
    source = 'make("button", {}, "Start")'
    assert language.script(source) is source


def test_an_unknown_language_is_named(monkeypatch):
    with pytest.raises(ValueError, match="^COURSE_LANGUAGE = 'xx': must be en or one of zh_CN.$"):
        language.catalogue(language="xx")


def exchanged(monkeypatch, known, source):
    monkeypatch.setattr(language, "catalogue", lambda name="": known)
    monkeypatch.setattr(language, "LANGUAGE", "zh_CN")
    tree = language.Translator().visit(ast.parse(source))
    exec(compile(ast.fix_missing_locations(tree), "", "exec"), made := {})
    return made


def test_values_go_where_the_translation_wants_them(monkeypatch):
    known = {"step {0} of {1:}": "", "{0} steps of {1}": "{1} 步中的 {0} 步", "one step": "一步"}
    source = '"""one step"""\nn, m = 2, 0.12345\n'
    source += 'told = f"{n} steps of {m:.2f}"\nalone = "one step"\nf = f"{n}: {\'one step\'}"'
    made = exchanged(monkeypatch, known, source)
    assert made["told"] == "0.12 步中的 2 步"
    assert made["alone"] == "一步" and made["f"] == "2: 一步"
    assert made["__doc__"] == "one step"


def test_a_single_word_is_a_name_unless_it_is_told(monkeypatch):
    made = exchanged(monkeypatch, {"right": "正确"}, 'word = {"right": 1}')
    assert made["word"] == {"right": 1} and language.tell("right") == "正确"


def test_a_script_keeps_what_it_sends_and_inserts(monkeypatch):
    known = {"Start": "开始", "about {0} s": "约 {0} 秒", "no": "不"}
    monkeypatch.setattr(language, "catalogue", lambda name="": known)
    monkeypatch.setattr(language, "LANGUAGE", "zh_CN")
    source = 'press(run ? "Pause" : "Start"); b = "Start"; c = `about ${f({ x: 1 })} s`; // "no"'
    wanted = 'press(run ? "Pause" : "Start"); b = "开始"; c = `约 ${f({ x: 1 })} 秒`; // "no"'
    assert language.script(source) == wanted


def test_the_module_is_found_by_python_again():
    """The finder leaves all but the modules of the course to Python."""
    assert language.Finder.find_spec("json") is None
    spec = language.Finder.find_spec("course_utils.losses", course_utils.__path__)
    assert isinstance(spec.loader, language.Loader)
    assert importlib.util.module_from_spec(spec).__name__ == "course_utils.losses"
