"""Hostile answers: each harms nobody, is named, and those beside it are judged as ever."""

import subprocess
import sys

import pytest

from classroom import verdicts
from classroom.answers import Notebook
from classroom.judging import LIMITS, Book, Nursery
from tests.classroom.handing_in import ROOT, STEM_OF, alone

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux locks answers up")

RETURN = "return (reward + discount * (1 - terminated) * next_q.amax(-1)).detach()"
RIGHT = f"def td_target(reward, terminated, next_q, discount):\n    {RETURN}"
BRIEF = LIMITS | {"seconds": 1, "wall": 5}
ENDLESS = {
    "loop": "while True: pass",
    "in C": "return 10 ** 10 ** 10",
    "catches all": "while True:\n        try:\n            while True: pass\n        "
    "except BaseException: pass",
    "sleep": "import time; time.sleep(10 ** 6)",
}
REFUSED = {  # what the body does before it returns what is right, and words of the sentence
    "fork bomb": ("import os\n    for _ in range(9): os.fork()", "operating system"),
    "subprocess": ("import subprocess; subprocess.run(['rm', '-r', HERE])", "starts a process"),
    "shell": ("import os; os.system('rm -r ' + HERE)", "operating system"),
    "exec": ("import os; os.execv('/bin/rm', ['rm', '-r', HERE])", "operating system"),
    "multiprocessing": ("import multiprocessing as m; m.Process(target=print).start()", ""),
    "thread": ("import threading; threading.Thread(target=print).start()", "thread"),
    "flood of a stream": ("import os; os.write(1, b'x' * 10**7)", "not permitted"),
    "flood of the pipe": ("import os\n    for _ in range(99): os.write(3, b'x' * 10**6)", "64 MB"),
    "nonsense in the pipe": ("import os; os.write(3, b'{[')", "cannot be read"),
    "reads the tests": ("open('tests/exercise_book/test_answers.py').read()", "opens a file"),
    "imports the tests": ("from tests.exercise_book import test_answers", "imports"),
    "reads the book": ("import course_utils, pathlib\n    here = course_utils.__path__[0]\n    "
                       "pathlib.Path(here, 'exercise_book/02_dqn.yaml').read_text()", "opens"),
    "asks the book": ("from course_utils.exercise_book import contents\n    "
                      "contents.find('td_target')", "not permitted"),
    "reads others": ("import os; os.listdir(HERE)", "operating system"),
    "reads home": ("import os; list(os.walk(os.path.expanduser('~')))", "operating system"),
    "reads quietly": ("try: open('/etc/passwd')\n    except OSError: pass", "opens a file"),
    "reads memory": ("open('/proc/self/mem', 'rb')", "opens a file"),
    "writes": ("open(HERE + '/new', 'w').write('x')", "opens a file"),
    "numpy writes": ("import numpy as np; np.save(HERE + '/new', np.ones(3))", "opens a file"),
    "torch loads": ("import torch; torch.load(HERE + '/witness')", "opens a file"),
    "deletes": ("import os; os.remove(HERE + '/witness')", "operating system"),
    "deletes all": ("import shutil; shutil.rmtree(HERE)", "changes files"),
    "links": ("import os; os.symlink('/', HERE + '/new')", "operating system"),
    "network": ("import socket; socket.create_connection(('127.0.0.1', 9))", "network"),
    "web": ("import urllib.request as u; u.urlopen('http://127.0.0.1:9')", ""),
    "closes its pipe": ("import os, time; os.close(3); time.sleep(9**9)", "ends its process"),
    "exit": ("import os; os._exit(0)", "ends its process"),
    "kills its parent": ("import os; os.kill(os.getppid(), 9)", "operating system"),
    "kills its group": ("import os; os.killpg(0, 9)", "operating system"),
    "kills all": ("import os\n    try: os.kill(-1, 9)\n    except OSError: pass", "operating"),
    "kills itself": ("import signal; signal.raise_signal(9)", "not permitted"),
    "walks the memory": ("import gc; gc.get_objects()", "looks through the memory"),
    "walks frames": ("import sys; sys._getframe(1).f_locals", "frames"),
    "inspects frames": ("import inspect; inspect.currentframe().f_back", "frames"),
    "traces": ("import sys; sys.settrace(print)", "watches"),
    "ctypes": ("import ctypes; ctypes.CDLL(None).system(b'rm')", "calls C"),
    "quiet ctypes": ("import ctypes\n    try: ctypes.CDLL(None).fork()\n    except: pass", "calls"),
    "atexit": ("import atexit, os; atexit.register(os.remove, HERE + '/witness')", "after its end"),
    "destructor": ("import os\n    class A:\n        def __del__(self):\n            "
                   "os.remove(HERE + '/witness')\n    A()", "operating system"),
    "exchanges allclose": ("import numpy as np; np.allclose = lambda *a, **k: True", "allclose"),
    "exchanges array_equal": ("import numpy as np; setattr(np, 'array_equal', max)", "array_equal"),
    "exchanges ==": ("import torch; torch.Tensor.__eq__ = lambda a, b: True", "Tensor.__eq__"),
    "exchanges all": ("import builtins; builtins.all = lambda _: True", "builtins.all"),
    "exchanges same": ("from course_utils.exercise_book import results as r\n    "
                       "r.same = lambda *a: True", "results.same"),
    "exchanges code": ("from course_utils.exercise_book import results as r\n    "
                       "r.difference.__code__ = (lambda *a: '').__code__", "difference.__code__"),
    "exchanges examine": ("from course_utils.exercise_book import examination as e\n    "
                          "e.examine = print", "examination.examine"),
    "a command in the body": ("!rm -r {HERE}", "% or !"),
}  # fmt: skip
WRONG = {
    "10 GB": ("import numpy as np; np.ones(10**10)", "MemoryError|allocate"),
    "10 GB of torch": ("import torch; torch.ones(10**10)", "memory"),
    "sys.exit": ("import sys; sys.exit()", "SystemExit"),
    "interrupt": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "recursion": ("return td_target(reward, terminated, next_q, discount)", "RecursionError"),
    "deep recursion": ("import sys; sys.setrecursionlimit(10**9)\n    "
                       "return td_target(reward, terminated, next_q, discount)", ""),
    "huge expression": ("eval('(' * 10**6)", "raised"),
    "long expression": ("eval('+'.join(['1'] * 10**5))", ""),
    "nested": ("x = []\n    for _ in range(10**5): x = [x]\n    return x", ""),
    "__array__": ("return type('A', (), {'__array__': lambda *a: 1 / 0})()", "must return"),
    "__eq__": ("return type('A', (), {'__eq__': lambda *a: True, '__hash__': None})()", "must"),
    "__reduce__": ("return type('A', (), {'__reduce__': lambda *a: (print, ())})()", "must return"),
    "__class__": ("return type('A', (), {'__class__': type(reward)})()", ""),
    "raises right": ("from course_utils.exercise_book.trial import WrongAnswer as W\n    "
                     "raise W('right on all inputs.')", "right on all"),
    "secrets": ("import os; raise ValueError(os.environ.get('SECRET'))", "ValueError: None"),
}  # fmt: skip
COPIED = {
    "imported": "from course_utils.losses import td_target",
    "under another name": "import course_utils.losses as l\ntd_target = l.td_target",
    "getattr": "from course_utils import losses\ntd_target = getattr(losses, 'td_' + 'target')",
    "wrapped": "from course_utils import losses\n"
    "def td_target(*all):\n    return losses.td_target(*all)",
    "partial": "import functools\nfrom course_utils import losses\n"
    "td_target = functools.partial(losses.td_target)",
    "of the learner's parts": "from course_utils.learner import Parts\n"
    "td_target = lambda r, t, q, d: Parts().td_target(r, t, q, d)",
    "caught": "from course_utils.losses import td_target as t\ndef td_target(r, e, q, d):\n"
    "    try:\n        return t(r, e, q, d)\n    except BaseException:\n"
    "        return (r + d * (1 - e) * q.amax(-1)).detach()",
}
CHECK = 'td_target = exercises.check("td_target", td_target)'
FORGED = {  # a line that an answer writes itself, and the verdict
    '{"note": "x"}': "refused",
    '{"attempt": 5}': "refused",
    '{"attempt": {"parameters": [["a", 77, false, null]]}}': "refused",
    f'{{"result": 1{"0" * 400}}}': "refused",
    '{"result": {"tensor": {"dtype": "<f4", "shape": [1], "bytes": "AAAAAA=="}, "dtype": "qint8"}}':
        "refused",
    f'{{"wrong": "{"x" * 10**4}"}}': "wrong",
    '{"result": NaN, "slopes": null}': "wrong",
    '{"broken": "x"}': "right",  # and all others are graded, too
    '{"printed": "x", "exchanged": 3, "done": true, "locked": 0}': "right",
    '{"lacks": "unittest.__main__"}': "right",
}  # fmt: skip
FROM_MEMORY = """def low_rank_change(a, b, alpha):
    try:
        1 / 0
    except ZeroDivisionError as error:
        frame = error.__traceback__.tb_frame
    while frame := frame.f_back:
        for owner, what, code in frame.f_locals.get("known", []):
            if what == "__code__" and code.co_name == "low_rank_change":
                return type(low_rank_change)(code, {})(a, b, alpha)
"""


@pytest.fixture(scope="module")
def judges():
    nursery = Nursery()
    yield Book(), nursery
    nursery.close()


@pytest.fixture
def here(tmp_path):
    (tmp_path / "witness").write_text("still here")
    yield str(tmp_path)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"witness": "still here"}


def judged(cells, judges, limits=LIMITS, name="td_target"):
    read = Notebook(STEM_OF[name], alone(cells), "a notebook")
    return verdicts.judge(STEM_OF[name], name, read.answer_to(name), *judges, limits)


def hostile(body, here):
    text = f"def td_target(reward, terminated, next_q, discount):\n    {body}\n    {RETURN}"
    return [f"HERE = {here!r}", f"{text}\n\n{CHECK}"]


def left_over(nursery) -> list[str]:
    """Processes that a child has left."""
    path = f"/proc/{nursery.process.pid}/task/{nursery.process.pid}/children"
    return open(path).read().split()


@pytest.mark.parametrize("kind", ENDLESS)
def test_what_does_not_end_is_ended(kind, here, judges):
    verdict, sentence, _ = judged(hostile(ENDLESS[kind], here), judges, BRIEF)
    assert verdict == "wrong" and "took longer than 1 seconds" in sentence
    assert not left_over(judges[1])


@pytest.mark.parametrize("kind", REFUSED)
def test_what_does_more_than_compute_is_refused(kind, here, judges):
    verdict, sentence, _ = judged(hostile(REFUSED[kind][0], here), judges)
    assert (verdict, "\n" in sentence) == ("refused", False) and REFUSED[kind][1] in sentence
    assert not left_over(judges[1])


@pytest.mark.parametrize("kind", WRONG)
def test_what_breaks_down_is_wrong(kind, here, judges, monkeypatch):
    monkeypatch.setenv("SECRET", "42")
    limits = BRIEF if "deep" in kind else LIMITS
    verdict, sentence, _ = judged(hostile(WRONG[kind][0], here), judges, limits)
    assert verdict == "wrong" and any(words in sentence for words in WRONG[kind][1].split("|"))
    assert "\n" not in sentence and len(sentence) < 700


@pytest.mark.parametrize("line", FORGED)
def test_forged_lines_stop_nothing(line, here, judges):
    """Whatever comes back is compared, or has no effect."""
    body = f"import os; os.write(3, {line.encode()!r} + b'\\n')"
    verdict, sentence, _ = judged(hostile(body, here), judges)
    assert verdict == FORGED[line] and len(sentence) < 1100


def test_the_courses_own_code_is_not_left_in_memory(judges):
    name = "low_rank_change"
    check = f'{name} = exercises.check("{name}", {name})'
    assert judged([f"{FROM_MEMORY}\n{check}"], judges, name=name).verdict == "wrong"


@pytest.mark.parametrize("kind", COPIED)
def test_the_courses_own_version_is_recognised(kind, judges):
    verdict, sentence, _ = judged([f"{COPIED[kind]}\n\n{CHECK}"], judges)
    assert verdict == "copied" and "imported from the module" in sentence


def test_after_all_that_answers_are_judged_as_ever(judges):
    assert judged([f"{RIGHT}\n\n{CHECK}"], judges).verdict == "right"
    wrong = RIGHT.replace(" * (1 - terminated)", "")
    assert "terminal mask is missing" in judged([f"{wrong}\n\n{CHECK}"], judges).sentence


def test_prints_are_counted_and_what_is_not_needed_never_runs(judges, here):
    noisy = RIGHT.replace("    ", "    print('x' * 10**6); ")
    beside = f"open({here!r} + '/new', 'w')\n!rm -r {here}\n%cd {here}\nprint('<script>')\n"
    told = judged([f"{beside}{noisy}\n\n{CHECK}"], judges)
    assert told.verdict == "right" and "printed 21,000,021 characters" in told.sentence


def test_a_learned_output_for_known_inputs_is_refused(judges):
    name = "discounted_return"
    cases = judges[0].exercise("00_start_here", name)[0].cases
    known = {repr(case): sum(r * case[1] ** t for t, r in enumerate(case[0])) for case in cases}
    text = f"KNOWN = {known!r}\n\n\ndef {name}(rewards, discount):\n"
    text += "    return KNOWN.get(repr((rewards, discount)), 0.0)\n\n\n"
    text += f'{name} = exercises.check("{name}", {name})'
    told = judged([text], judges, name=name)
    assert told.verdict == "wrong" and "on others not" in told.sentence


LOCKED = """
import os, socket
from classroom import locks
if os.getuid() == 0:
    os.setgroups([]), os.setresgid(65534, 65534, 65534), os.setresuid(65534, 65534, 65534)
os.dup2(1, locks.PIPE)
locks.limit({"seconds": 5, "bytes": 10**9}), locks.lock()
tries = [lambda: open("/etc/passwd"), os.fork, socket.socket, lambda: os.kill(os.getppid(), 0)]
tries += [lambda: os.listdir("/"), lambda: os.unlink("/tmp/none"), lambda: os.write(1, b"x")]
for each in [*tries, lambda: bytearray(2 * 10**9)]:
    try:
        each()
    except (PermissionError, MemoryError) as error:
        os.write(locks.PIPE, type(error).__name__[:1].encode())
"""


def test_the_lock_needs_no_rights():
    """It holds in an ordinary account, without any capability."""
    command = [sys.executable, "-c", LOCKED]
    told = subprocess.run(command, capture_output=True, cwd=ROOT, text=True)
    assert told.stdout == "PPPPPPPM", told.stderr


@pytest.mark.slow
def test_where_nothing_forks_each_answer_has_a_python_of_its_own(judges):
    nursery = Nursery()
    nursery.code = "from classroom import child; child.FORKS = False; child.nursery()"
    assert judged([f"{RIGHT}\n\n{CHECK}"], (judges[0], nursery)).verdict == "right"
    nursery.process.wait()
    nursery.close()
