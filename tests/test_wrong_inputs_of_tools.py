"""Wrong inputs to what plays, measures, draws, asks and stores get one sentence."""

import io
import os
from collections import deque
from dataclasses import dataclass
from functools import partial
from unittest.mock import patch

import numpy as np
import pytest
import torch
from checkpoints import train_dqn as train_from
from matplotlib.figure import Figure
from recording import save_demonstrations

from course_utils import controls, envs, evaluation, exercises, plotting, storage
from course_utils.laboratory import Drawn, Laboratory, Look, explore, sketch
from course_utils.laboratory.view import describe
from course_utils.learner import DQNConfig, Parts
from course_utils.losses import td_target
from course_utils.plotting import Curve
from course_utils.tune.parts import add_lora
from tests.refusals import ROOT, disk_says, hold, listed, verdict
from tests.test_wrong_inputs import CARD, INF, NAN, POLE, SMALL, broken, net

RUNS = np.arange(12.0).reshape(4, 3)  # of four seeds, three points each
LEFT = partial(np.zeros, dtype=int)  # actions of a shape


def always_left(observation):
    return np.zeros(observation.shape[:2], int)


def episodes(act=always_left, env_id=POLE, seeds=2, episodes=2, seed=0, **more):
    return evaluation.play_episodes(act, env_id, seeds, episodes, seed, **more)


def recorded(act=always_left, env_id=POLE, seeds=2, episodes=2, seed=0):
    return evaluation.record_episodes(act, env_id, seeds, episodes, seed)


def unchanged(act):
    """Whether an agent that writes into what it sees leaves the recorded observations alone."""
    (first,), _ = recorded(act, episodes=1)
    return bool((first.observation[1:] != first.observation[:-1]).any(1).all())


def blanking(observation):
    observation *= 0
    return always_left(observation)


PLAYING = [
    ("evaluation: play, env misspelt", lambda: episodes(env_id="Cartpole-v1"), "cannot make 'Cart"),
    ("evaluation: play, no version", lambda: episodes(env_id="CartPole-v9"), "cannot make 'CartP"),
    ("evaluation: play, env None", lambda: episodes(env_id=None), "^(?!.*bytes-like).*None"),
    ("evaluation: play, Pendulum", lambda: episodes(env_id="Pendulum-v1"), "Discrete action space"),
    ("evaluation: play, a misspelt world", lambda: episodes(env_id="CartPole-Short-v0"),
     "cannot m"),
    ("evaluation: play, seeds 0", lambda: episodes(seeds=0), "seeds = 0"),
    ("evaluation: play, seeds '2'", lambda: episodes(seeds="2"), "seeds = '2'"),
    ("evaluation: play, episodes 0", lambda: episodes(episodes=0), "episodes = 0"),
    ("evaluation: play, episodes -10", lambda: episodes(episodes=-10), "episodes = -10"),
    ("evaluation: play, episodes '2'", lambda: episodes(episodes="2"), "episodes = '2'"),
    ("evaluation: play, episodes 2.5", lambda: episodes(episodes=2.5), "episodes = 2.5"),
    ("evaluation: play, seed -1", lambda: episodes(seed=-1), "seed = -1"),
    ("evaluation: play, seed 'a'", lambda: episodes(seed="a"), "seed = 'a'"),
    ("evaluation: play, seed None", lambda: episodes(seed=None), "seed = None"),
    ("evaluation: play, discount '1'", lambda: episodes(discount="1"), "discount = '1'"),
    ("evaluation: play, discount nan", lambda: episodes(discount=NAN), "discount = nan"),
    ("evaluation: play, discount 2", lambda: episodes(discount=2), "discount = 2"),
    ("evaluation: act a network", lambda: episodes(net()), "observation.*tensor"),
    ("evaluation: act nothing", lambda: episodes(lambda o: None), "`?act"),
    ("evaluation: act one number", lambda: episodes(lambda o: 0), "`?act"),
    ("evaluation: act [S]", lambda: episodes(lambda o: LEFT(2)), "`?act"),
    ("evaluation: act [S, E, A]", lambda: episodes(lambda o: LEFT((2, 2, 2))), "`?act"),
    ("evaluation: act [E, S, 1]", lambda: episodes(lambda o: LEFT((2, 2, 1))), "`?act"),
    ("evaluation: act 2 of 2", lambda: episodes(lambda o: LEFT((2, 2)) + 2), "action"),
    ("evaluation: act -1", lambda: episodes(lambda o: LEFT((2, 2)) - 1), "action"),
    ("evaluation: act 0.5", lambda: episodes(lambda o: LEFT((2, 2)) + 0.5), "action"),
    ("evaluation: act words", lambda: episodes(lambda o: [["left"] * 2] * 2), "action"),
    ("evaluation: act the values", lambda: episodes(values_of), "`?act"),
    ("evaluation: act in place", lambda: unchanged(blanking), "observation"),
    ("evaluation: networks of a lander", lambda: evaluation.mean_returns(net(2, 8, 4), POLE, 2),
     "8"),
    ("evaluation: more actions", lambda: evaluation.mean_returns(acts_3(), POLE, 2),
     "3 actions|act"),
    ("evaluation: NaN weights", lambda: evaluation.mean_returns(broken(), POLE, 2), "NaN"),
    ("evaluation: networks a path", lambda: evaluation.mean_returns("a", POLE, 2), "network"),
    ("evaluation: network and card", lambda: evaluation.mean_returns((net(), {}), POLE), "network"),
    ("evaluation: no head 3", lambda: evaluation.mean_returns(net(heads=2), POLE, 2, task=3),
     "no h"),
    ("evaluation: record, seeds 0", lambda: recorded(seeds=0), "seeds = 0"),
    ("evaluation: record, episodes -1", lambda: recorded(episodes=-1), "episodes = -1"),
    ("evaluation: record, episodes '2'", lambda: recorded(episodes="2"), "episodes = '2'"),
    ("evaluation: record, 2.5 episodes", lambda: recorded(episodes=2.5), "episodes = 2.5"),
    ("evaluation: record, env misspelt", lambda: recorded(env_id="Cart"), "cannot make 'Cart'"),
    ("evaluation: record, act [S]", lambda: recorded(lambda o: LEFT(2)), "`?act"),
    ("evaluation: record, 0 rounds", lambda: evaluation.episode_returns(steps(), 0), "rounds = 0"),
    ("envs: play, copies 0", lambda: next(envs.play(always_left, POLE, 2, 0)), "copies = 0"),
    ("envs: play, seeds '2'", lambda: next(envs.play(always_left, POLE, "2", 2)), "seeds = '2'"),
    ("envs: copies '8'", lambda: envs.make_envs(POLE, "8"), "copies = '8'"),
    ("envs: copies -1", lambda: envs.make_envs(POLE, -1), "copies = -1"),
    ("envs: copies 2.5", lambda: envs.make_envs(POLE, 2.5), "copies = 2.5"),
    ("envs: table, no version", lambda: len(envs.read_mdp("FrozenLake").reward) == 16, "v1"),
    ("envs: table of no version", lambda: envs.read_mdp("FrozenLake-v9"), "cannot make 'FrozenL"),
    ("envs: table of CartPole", lambda: envs.read_mdp(POLE), "has no transition table"),
    ("envs: table of Blackjack", lambda: envs.read_mdp("Blackjack-v1"), "no transition table"),
    ("envs: table of a number", lambda: envs.read_mdp(8), "'?8"),
    ("envs: table, unknown argument", lambda: envs.read_mdp("FrozenLake-v1", slip=1), "slip"),
    ("envs: table, unknown map", lambda: envs.read_mdp("FrozenLake-v1", map_name="9x9"), "9x9"),
    ("envs: table, map without start", lambda: envs.read_mdp("FrozenLake-v1", desc=["FG"]),
     "start"),
    ("envs: table, empty map", lambda: envs.read_mdp("FrozenLake-v1", desc=[]),
     "make 'FrozenL.*: not"),
]  # fmt: skip


def values_of(observation):
    return net()(torch.as_tensor(observation)).detach().numpy()


def acts_3():
    """Networks for CartPole that would always take a third action."""
    network = net(2, 4, 3)
    network.head.bias.data[..., 2] = 100
    return network


def steps():
    return envs.play(always_left, POLE, 1, 1)


STATISTICS = [
    ("evaluation: one run", lambda: evaluation.interval([1.0]), "needs 2 runs or more"),
    ("evaluation: no run", lambda: evaluation.interval([]), r"runs = \[\]: must be numbers"),
    ("evaluation: a number", lambda: evaluation.interval(3.0), "needs 2 runs or more"),
    ("evaluation: NaN", lambda: evaluation.interval([1, NAN, 2]), "some runs are NaN or infinite"),
    ("evaluation: inf", lambda: evaluation.interval([1, INF, 2]), "some runs are NaN or infinite"),
    ("evaluation: words", lambda: evaluation.interval(["a", "b"]), "number"),
    ("evaluation: None", lambda: evaluation.interval([None, 1, 2]), "NaN|number"),
    ("evaluation: ragged", lambda: evaluation.interval([[1, 2], [1]]),
     "runs = .*rows of one length"),
    ("evaluation: a dict", lambda: evaluation.interval({"DQN": [1, 2]}), "run|number"),
    ("evaluation: no statistic", lambda: evaluation.interval([1, 2, 3], "mean"), "statistic"),
    ("evaluation: no groups", lambda: evaluation.stratified_interval([]), "group"),
    ("evaluation: a group of one", lambda: evaluation.stratified_interval([[1, 2], [1]]), "2 runs"),
    ("evaluation: unequal groups", lambda: evaluation.stratified_interval([RUNS, [1, 2]]),
     "shape|gr"),
    ("evaluation: one against five", lambda: evaluation.probability_of_improvement([1], [1, 2]),
     "2 r"),
    ("evaluation: against NaN", lambda: evaluation.probability_of_improvement([1, 2], [NAN, 1]),
     "Na"),
    ("evaluation: against words", lambda: evaluation.probability_of_improvement([1, 2], "ab"),
     "run|n"),
    ("evaluation: curves, not runs", lambda: evaluation.probability_of_improvement(RUNS, RUNS),
     "one number a run"),
    ("evaluation: IQM of nothing", lambda: evaluation.interquartile_mean([]),
     r"values = \[\]: must be"),
    ("evaluation: IQM of NaN", lambda: evaluation.interquartile_mean([NAN, 1.0]), "NaN"),
    ("evaluation: area, other steps", lambda: evaluation.area_under_curve([1, 2], RUNS), "2|steps"),
    ("evaluation: area of a point", lambda: evaluation.area_under_curve([1], [[2.0]]),
     "2 points|step"),
    ("evaluation: area, same steps", lambda: evaluation.area_under_curve([1, 1], [[2, 2]]), "step"),
    ("evaluation: area, backwards", lambda: evaluation.area_under_curve([3, 1, 2], RUNS),
     "step|order"),
    ("evaluation: area of NaN", lambda: evaluation.area_under_curve([1, 2, 3], RUNS * NAN), "NaN"),
]  # fmt: skip
CURVE, EMPTY = Curve(np.arange(3), RUNS), np.zeros((4, 4))


def curves(curve=CURVE, **more):
    return plotting.learning_curves({"DQN": curve}, "return", **more)


def bars(runs=RUNS[:, 0], xlabel="return", **more):
    return plotting.compare_runs({"DQN": runs}, xlabel, **more)


def strip(x=(1, 2, 3), values=RUNS, **more):
    return plotting.band(Figure().subplots(), x, values, **more)


def table(values=RUNS, rows=4, columns=3, **more):
    labels = {"row": list(range(rows))}, {"column": list(range(columns))}
    return plotting.heat_map(values, *labels, "return", **more)


def grid(q=EMPTY, symbols=("SF", "FF")):
    return plotting.q_map(q, np.ones((4, 4)) / 4, symbols)


PICTURE = np.zeros((4, 4, 3), np.uint8)
FIGURES = [
    ("plotting: no curves", lambda: plotting.learning_curves({}, "return"), "curve"),
    ("plotting: a list of curves", lambda: plotting.learning_curves([CURVE], "return"), "curves"),
    ("plotting: an array", lambda: curves(RUNS), "Curve"),
    ("plotting: a pair", lambda: curves((np.arange(3), RUNS)), "Curve"),
    ("plotting: curve of one run", lambda: curves(Curve(np.arange(3), RUNS[:1])), "2 runs or more"),
    ("plotting: curve of NaN", lambda: curves(Curve(np.arange(3), RUNS * NAN)), "NaN or infinite"),
    ("plotting: other steps", lambda: curves(Curve(np.arange(2), RUNS)), "steps|points"),
    ("plotting: empty curve", lambda: curves(Curve([], RUNS[:, :0])), "point|curve"),
    ("plotting: a number as reference", lambda: curves(reference=3.0), "reference"),
    ("plotting: a word as level", lambda: curves(reference={"best": "500"}), "reference|500"),
    ("plotting: axes as figure", lambda: curves(figure=Figure().subplots()), "figure"),
    ("plotting: no rows", lambda: plotting.compare_runs({}, "return"), "result|row"),
    ("plotting: row of one run", lambda: bars(RUNS[0, :1]), "2 runs or more"),
    ("plotting: row of NaN", lambda: bars([1, NAN]), "NaN or infinite"),
    ("plotting: row of curves", lambda: bars(RUNS), r"\[S\]|shape|one number"),
    ("plotting: row of words", lambda: bars(["a", "b"]), "number"),
    ("plotting: row an estimate", lambda: bars(3.0), "2 runs or more"),
    ("plotting: no xlabel", lambda: bars(xlabel=""), "xlabel"),
    ("plotting: rows an array", lambda: plotting.compare_runs(RUNS, "return"), "results|label"),
    ("plotting: a list as reference", lambda: bars(reference=[1]), "reference"),
    ("plotting: band over other x", lambda: strip(x=(1, 2)), "x|shape"),
    ("plotting: 0 strata", lambda: strip(strata=0), "strata = 0"),
    ("plotting: 3 strata of 4 runs", lambda: strip(strata=3), "strata = 3"),
    ("plotting: 4 strata of 4 runs", lambda: strip(strata=4), "2 runs or more"),
    ("plotting: band of NaN", lambda: strip(values=RUNS * NAN), "NaN or infinite"),
    ("plotting: map of another table", lambda: grid(np.zeros((5, 4))), r"\(4, 4\), not \(5, 4\)"),
    ("plotting: map of nothing", lambda: grid(symbols=()), "symbols|map"),
    ("plotting: map of bytes", lambda: grid(symbols=(b"SF", b"FF")), "symbols|letters"),
    ("plotting: map, unequal rows", lambda: grid(symbols=("SF", "F")), "symbols|row"),
    ("plotting: map of holes", lambda: grid(symbols=("HH", "HH")), "symbols|map|cell"),
    ("plotting: map of NaN", lambda: grid(np.full((4, 4), NAN)), "NaN"),
    ("plotting: table, other rows", lambda: table(rows=3), "3 rows and 3 columns are named, the"),
    ("plotting: table of words", lambda: table(np.full((4, 3), "a")), "number"),
    ("plotting: table, rows a list", lambda: plotting.heat_map(RUNS, [1], [2], "r"), "rows"),
    ("plotting: table, one limit", lambda: table(limits=3), "limits"),
    ("plotting: no frames", lambda: plotting.animation([], "none"), "frame"),
    ("plotting: frames of floats", lambda: plotting.animation([PICTURE / 2], "one"), "frame|uint8"),
    ("plotting: frames None", lambda: plotting.animation([None], "one"), "frame|render_mode"),
    ("plotting: 0 frames a second", lambda: plotting.animation([PICTURE], "one", 0), "per_second"),
    ("plotting: show nothing", lambda: plotting.show(None), "figure|Figure"),
    ("plotting: show no sentence", lambda: plotting.show(Figure()), "sentence"),
]  # fmt: skip


def live(settings=("epsilon",), train=lambda c: iter([(1, [1, 2]), (2, [1, 2])]), **more):
    """A live training; the one of its class that was before is put back."""
    config = more.pop("config", None) or DQNConfig()
    with patch.dict(controls.Background._newest, clear=True):
        return Laboratory(train, config, list(settings), **more)


def live_after_a_typo():
    """A typo in one cell must not spoil the next."""
    with pytest.raises(ValueError, match="has no setting 'gamma'"):
        live(["gamma"])
    return live().count == 2


def control_of_a_switch():
    """A switch can be moved: it says True or False to its setting."""
    lab = live(["double"])
    lab.hear({"set": {"double": True}})
    return lab.config.double


@dataclass
class Bare:
    """A dataclass that is no configuration."""

    epsilon: float = 0.1


def a_sketch(measured, sentence="It rises."):
    sketch("Which way?", [1, 2], (0, 1), "rounds", "return").reveal(measured, sentence)


def look(k):
    return Look(f"{k}")


LAB = [
    ("lab: a misspelt setting", lambda: live(["gamma"]), "has no setting 'gamma'. It has: st"),
    ("lab: the cell after a typo", live_after_a_typo, "gamma"),
    ("lab: a control of a switch", control_of_a_switch, "double"),
    ("lab: settings one word", lambda: live("epsilon"), "no setting 'e'|settings"),
    ("lab: a setting no word", lambda: live([3]), "no setting '3'"),
    ("lab: no configuration", lambda: live(config={"epsilon": 1}), "config"),
    ("lab: a bare dataclass", lambda: describe(Bare(), "epsilon"), "epsilon|config"),
    ("lab: control, misspelt", lambda: describe(DQNConfig(), "lr"), "no setting 'l"),
    ("lab: train no function", lambda: live(train=[1, 2]), "train"),
    ("lab: train gives nothing", lambda: live(train=lambda c: None), "train"),
    ("lab: train gives no record", lambda: live(train=lambda c: iter([])), "train|record"),
    ("lab: a record of one", lambda: live(train=lambda c: iter([(1,)])), r"yield \(step, values"),
    ("lab: a record no tuple", lambda: live(train=lambda c: iter([7])), r"yield \(step, values"),
    ("lab: preview -1", lambda: live(preview=-1), "preview = -1"),
    ("lab: preview '5'", lambda: live(preview="5"), "preview = '5'"),
    ("lab: another environment", lambda: live(env_id="Nowhere-v0"), "Nowhere"),
    ("instant: two numbers", lambda: explore(look, k=(1, 5)), "k"),
    ("instant: crossed", lambda: explore(look, k=(5, 1, 2)), "k"),
    ("instant: start outside", lambda: explore(look, k=(1, 5, 9)), "k"),
    ("instant: words", lambda: explore(look, k=("a", "b", "c")), "k"),
    ("instant: log from 0", lambda: explore(look, k=(0.0, 5.0, 1.0, "log")), "k"),
    ("instant: nothing to choose", lambda: explore(look, k=[]), "k"),
    ("instant: a number", lambda: explore(look, k=7), "k"),
    ("instant: another name", lambda: explore(look, j=(1, 5, 2)), "j|show"),
    ("drawn: x that fall", lambda: explore(look, k=Drawn([2, 1], 0, 1)), "x = .*rise"),
    ("drawn: one x", lambda: explore(look, k=Drawn([1], 0, 1)), "x = .*two"),
    ("drawn: no x", lambda: explore(look, k=Drawn([], 0, 1)), "x"),
    ("drawn: x a number", lambda: explore(look, k=Drawn(3, 0, 1)), "x"),
    ("drawn: x a word", lambda: explore(look, k=Drawn("abc", 0, 1)), "x = .*two"),
    ("drawn: crossed", lambda: explore(look, k=Drawn([1, 2], 1, 0)), "k"),
    ("drawn: bounds are words", lambda: explore(look, k=Drawn([1, 2], "a", "b")), "k"),
    ("drawn: start too short", lambda: explore(look, k=Drawn([1, 2], 0, 1, [0])), "k: must be 2"),
    ("drawn: start outside", lambda: explore(look, k=Drawn([1, 2], 0, 1, [0, 2])), "k: must lie"),
    ("sketch: no question", lambda: sketch(None, [1, 2], (0, 1), "x", "y"), "question"),
    ("sketch: a label no word", lambda: sketch("?", [1, 2], (0, 1), 3, "y"), "xlabel"),
    ("sketch: one bound", lambda: sketch("?", [1, 2], 1, "x", "y"), "ylim"),
    ("sketch: bounds crossed", lambda: sketch("?", [1, 2], (1, 0), "x", "y"), "lowest"),
    ("sketch: no curve", lambda: a_sketch({}), "measured"),
    ("sketch: a curve alone", lambda: a_sketch([1, 2]), "measured"),
    ("sketch: another length", lambda: a_sketch({"a": [1, 2, 3]}), "a: must be one number"),
    ("sketch: NaN", lambda: a_sketch({"a": [1, NAN]}), "NaN"),
    ("sketch: words", lambda: a_sketch({"a": ["x", "y"]}), "numbers"),
    ("sketch: sentence a number", lambda: a_sketch({"a": [1, 2]}, 3), "sentence"),
    ("sketch: elsewhere", lambda: a_sketch({"a": Curve([5, 6], [1, 2])}), "a: .*1 to 2"),
    ("instant: no look", lambda: explore(lambda k: "x", k=(1, 5, 2)), "Look"),
]  # fmt: skip


def printed(call, words):
    """Whether a call prints these words: exercises answer so, as a cell must not stop."""
    with patch("builtins.print") as told:
        call()
    return words in " ".join(str(one) for made in told.call_args_list for one in made.args)


def check(name, attempt, words):
    return printed(lambda: exercises.check(name, attempt), words)


EXERCISES = [
    ("exercises: check, misspelt", lambda: exercises.check("td_tagret", max), "no exercise 'td_t"),
    ("exercises: check, no word", lambda: exercises.check(td_target, td_target),
     "no exercise|name"),
    ("exercises: check, None", lambda: exercises.check(None, ...), "no exercise 'None'"),
    ("exercises: check a list", lambda: exercises.check(["td_target"], ...), "no exercise|name"),
    ("exercises: hint, misspelt", lambda: exercises.hint("td"), "no exercise 'td'. There are: "),
    ("exercises: hint 'two'", lambda: exercises.hint("td_target", "two"), "number"),
    ("exercises: hint None", lambda: exercises.hint("td_target", None), "number"),
    ("exercises: hint 99", lambda: printed(lambda: exercises.hint("td_target", 99), "Hint"),
     "hint"),
    ("exercises: hint 0", lambda: exercises.hint("td_target", 0), "number = 0"),
    ("exercises: solution, misspelt", lambda: exercises.solution("td"), "no exercise 'td'"),
    ("exercises: task, misspelt", lambda: exercises.open_task("fastest"), "no exercise 'fastest'"),
    ("exercises: task for an exercise", lambda: exercises.open_task("td_target"),
     "exercises.check"),
    ("exercises: check for a task", lambda: exercises.check(a_task(), 3), "exercises.open_task"),
    ("exercises: no answer", lambda: check("td_target", ..., "not attempted"), "not"),
    ("exercises: called, not given", lambda: check("td_target", 0.5, "not yet right"), "not"),
    ("exercises: None", lambda: check("td_target", None, "not yet right"), "not"),
    ("exercises: too few arguments", lambda: check("td_target", lambda r: r, "take 4 arg"), "not"),
    ("exercises: gives nothing", lambda: check("td_target", lambda r, t, q, d: None, "not y"),
     "not"),
    ("exercises: gives a word", lambda: check("td_target", lambda r, t, q, d: "y", "not y"), "not"),
    ("exercises: raises", lambda: check("td_target", lambda r, t, q, d: 1 / 0, "raised Zero"),
     "not"),
    ("exercises: guess, no options", lambda: exercises.predict("?", []), "option"),
    ("exercises: guess, a word", lambda: exercises.predict("?", "ab"), "option"),
    ("exercises: guess, None", lambda: exercises.predict("?", None), "option"),
    ("exercises: guess, twice the same", lambda: exercises.predict("?", ["a", "a"]), "option"),
    ("exercises: reveal another", lambda: exercises.predict("?", ["a"]).reveal("b"),
     "none of the op"),
    ("exercises: reveal a number", lambda: exercises.predict("?", ["1"]).reveal(1),
     "^1 is none of"),
    ("exercises: claim a number", lambda: exercises.claim("it works", 1), "claim is True or False"),
    ("exercises: claim an array", lambda: exercises.claim("it", np.ones(2) > 0),
     "is True or False"),
    ("exercises: claim nothing", lambda: exercises.claim("it works", None), "is True or False"),
    ("exercises: claim exchanged", lambda: exercises.claim(True, "it works"), "is True or False"),
    ("exercises: claim what fails", lambda: exercises.claim("it works", False), "does not hold"),
]  # fmt: skip


def a_task():
    return next(iter(exercises.book("contents").words("open_tasks")))


def agent(folder, network=None, name="a.safetensors", **card):
    """The path of an agent's file."""
    storage.save_agent(folder / name, network or net(), CARD | card)
    return folder / name


def study(folder, tensors=None, **facts):
    """The path of a file of other numbers."""
    storage.save_tensors(folder / "a.safetensors", tensors or {"x": torch.zeros(2)}, facts)
    return folder / "a.safetensors"


def read_back(path):
    return storage.load_tensors(path)[0]["x"].numpy()


def part(folder, network=None):
    storage.save_part(folder / "part.safetensors", network or add_lora(net(), 1), {})
    return folder / "part.safetensors"


def text(path, words="hello"):
    path.write_text(words)
    return path


def found(folder, network, name="cartpole.safetensors", **card):
    """What a notebook gets that finds this network in the learner's folder under that name."""
    with patch.object(storage, "RUNS", folder):
        path = storage.find_agent(agent(folder, network, name, **card).name)
        return storage.load_agent(path)


def shipped(folder, manifest, name="a.bin"):
    text(folder / "a.bin")
    if manifest is not None:
        text(folder / "manifest.json", manifest)
    return storage.shipped(name, folder)


def refused_by_disk(folder, number, words):
    with disk_says(number, words):
        agent(folder)


def retold(folder, **changes):
    """An agent's file whose header says something else than its tensors."""
    path = agent(folder, **{"return": [400.0, 500.0]})
    tensors, facts = storage.load_tensors(path)
    for key, change in changes.items():
        facts[key] = facts[key] | change
    storage.save_tensors(path, tensors, facts)
    return storage.load_agent(path)


FILES = [
    ("storage: load, missing", lambda d: storage.load_agent(d / "a"),
     "a is not in .*: run the cell"),
    ("storage: load, a folder", lambda d: storage.load_agent(d), "cannot be read .*no folder"),
    ("storage: load, empty", lambda d: storage.load_agent(text(d / "a", "")), "a is damaged, or"),
    ("storage: load, a text", lambda d: storage.load_agent(text(d / "a")), "a is damaged, or not"),
    ("storage: load, None", lambda: storage.load_agent(None), "path"),
    ("storage: load, an open file", lambda: storage.load_agent(io.StringIO()), "path"),
    ("storage: load, a network", lambda: storage.load_agent(net()), "path"),
    ("storage: load, a study", lambda d: storage.load_agent(study(d, kind="curve")),
     "holds no age"),
    ("storage: load, nameless study", lambda d: storage.load_agent(study(d)), "holds no agent"),
    ("storage: load, a part", lambda d: storage.load_agent(part(d)), "holds no agent; it has card"),
    ("storage: load, NaN", lambda d: storage.load_agent(agent(d, broken())), "NaN"),
    ("storage: load, infinity", lambda d: storage.load_agent(agent(d, broken(INF))), "NaN|infinit"),
    ("storage: card, more seeds", lambda d: retold(d, card={"seeds": 9}), "card|seeds"),
    ("storage: card, more numbers", lambda d: retold(d, card={"parameters": 1}), "card|parameters"),
    ("storage: card, more returns", lambda d: retold(d, card={"return": [1, 2, 3]}), "card|return"),
    ("storage: header, other width", lambda d: retold(d, network={"width": 8}),
     "damaged, or|width"),
    ("storage: header, other seeds", lambda d: retold(d, network={"seeds": 3}),
     "damaged, or|seeds"),
    ("storage: header, unknown", lambda d: retold(d, network={"attention": 1}), "a.safetensors"),
    ("storage: header, a word", lambda d: retold(d, network={"width": "8"}), "damaged|width"),
    ("storage: own, of three seeds", lambda d: found(d, net(3, 4, 2))[0].choose([0, 5]),
     "networks 0 to 2"),
    ("storage: own, of a lander", lambda d: found(d, net(2, 8, 4)),
     "cartpole|CartPole|environment"),
    ("storage: own, another card", lambda d: found(d, net(), environment="Moon"),
     "Moon|environmen"),
    ("storage: own, untrained NaN", lambda d: found(d, broken()), "NaN"),
    ("storage: find, misspelt", lambda: storage.find_agent("cartpol.safetensors"),
     "ships no file 'c"),
    ("storage: find, no ending", lambda: storage.find_agent("cartpole"),
     "ships no file 'cartpole'"),
    ("storage: find, nothing", lambda: storage.find_agent(""), "ships no file"),
    ("storage: find, None", lambda: storage.find_agent(None), "name|ships no file"),
    ("storage: save, no card", lambda d: storage.save_agent(d / "a", net(), {}),
     "lacks environment"),
    ("storage: save, card None", lambda d: storage.save_agent(d / "a", net(), None), "card"),
    ("storage: save, card a text", lambda d: storage.save_agent(d / "a", net(), "x"), "card"),
    ("storage: save, numpy in card",
     lambda d: storage.load_agent(agent(d, map=RUNS, step=RUNS[0, 1]))[1]["map"] == RUNS.tolist(),
     "card"),
    ("storage: save, a function in card", lambda d: agent(d, act=max), "cannot hold .*function"),
    ("storage: save, NaN", lambda d: agent(d, broken()), "NaN"),
    ("storage: save, a LoRA", lambda d: agent(d, add_lora(net(), 1)), "such as LoRA: save"),
    ("storage: save, weights only", lambda d: agent(d, net().state_dict()), "network"),
    ("storage: save on a folder", lambda d: storage.save_agent(d, net(), CARD), "folder|director"),
    ("storage: save under a file", lambda d: agent(text(d / "a")), "folder|director|a file"),
    ("storage: save, no permission", lambda d: refused_by_disk(d, 13, "denied"), "permi|writ"),
    ("storage: save, full disk", lambda d: refused_by_disk(d, 28, "No space"), "space|full|writ"),
    ("storage: save, read-only", lambda d: refused_by_disk(d, 30, "Read-only"), "read-only|writ"),
    ("storage: save, path None", lambda: storage.save_agent(None, net(), CARD), "path"),
    ("storage: tensors, numbers", lambda d: read_back(study(d, {"x": 3.0})).item() == 3,
     "x|tensor"),
    ("storage: tensors, arrays", lambda d: bool((read_back(study(d, {"x": RUNS})) == RUNS).all()),
     "x|tensor"),
    ("storage: facts, a function", lambda d: study(d, act=max), "act|facts|JSON"),
    ("storage: part, nothing learns", lambda d: part(d, net().requires_grad_(False)), "learn"),
    ("storage: part, other source", lambda d: storage.load_part(part(d),
     add_lora(broken(0.5), 1)), "part.safetensors belongs to another source agent: load"),
    ("storage: part, other rank", lambda d: storage.load_part(part(d), add_lora(net(), 2)),
     "not .*: change the network alike"),
    ("storage: part, an agent", lambda d: storage.load_part(agent(d), add_lora(net(), 1)),
     "change the network alike|part"),
    ("storage: part, missing", lambda d: storage.load_part(d / "a", net()), "a is not in"),
    ("storage: part, no network", lambda d: storage.load_part(part(d), None), "network"),
    ("storage: card, one run", lambda: storage.lineage_card(POLE, None, [1.0]), "2 runs or more"),
    ("storage: card, NaN", lambda: storage.lineage_card(POLE, None, [NAN, 1]), "NaN or infinite"),
    ("storage: card, no environment", lambda: storage.lineage_card(None, None, [1, 2]), "environm"),
    ("storage: ships, misspelt", lambda: storage.shipped("rewards"), "ships no file 'rewards'. It"),
    ("storage: manifest missing", lambda d: shipped(d, None), "manifest.json"),
    ("storage: manifest empty", lambda d: shipped(d, ""), "manifest.json"),
    ("storage: manifest a list", lambda d: shipped(d, '["a.bin"]'), "manifest.json"),
    ("storage: manifest, no hash", lambda d: shipped(d, '{"a.bin": {}}'), "manifest.json"),
    ("storage: manifest, other hash", lambda d: shipped(d, '{"a.bin": {"sha256": "0"}}'),
     "damaged"),
    ("storage: manifest, file gone", lambda d: shipped(d, '{"b": {"sha256": "0"}}', "b"),
     "missing"),
    ("recording: no episodes", lambda d: save_demonstrations("pole/expert-v0", [], POLE,
     {"expert": "me"}, d), "episode"),
    ("recording: no expert", lambda d: save_demonstrations("pole/expert-v0", [], POLE, {}, d),
     "expert"),
]  # fmt: skip


def checkpoint(folder, change=lambda path: None, then=None, **first):
    """A training that is gone on with: `first` and `then` are what it is given each time."""
    path, start = folder / "run.safetensors", {"config": DQNConfig(**SMALL), "seeds": 2}
    start |= {"records": 1}
    list(train_from(path, **start | first))
    change(path)
    deque(train_from(path, **start | (first if then is None else then)), maxlen=0)


def without(*prefixes):
    """A change of a checkpoint: what begins so is not in it any more."""

    def change(path):
        tensors, facts = storage.load_tensors(path)
        kept = {name: t for name, t in tensors.items() if not name.startswith(prefixes)}
        storage.save_tensors(path, kept, facts)

    return change


def spoilt(path):
    tensors, facts = storage.load_tensors(path)
    tensors["network.head.weight"][:] = NAN
    storage.save_tensors(path, tensors, facts)


def a_folder(path):
    path.unlink()
    path.mkdir()


def paid(number):
    """Two settings of one function have the same name."""
    return Parts(reward=lambda batch: number * batch.reward)


def longer():
    return DQNConfig(**SMALL | {"steps": 200})


OTHER = "another training"
CHECKPOINTS = [
    ("checkpoints: another seed", lambda d: checkpoint(d, then={"seed": 1}), OTHER + ".* seed"),
    ("checkpoints: more seeds", lambda d: checkpoint(d, then={"seeds": 3}), OTHER + ".* seeds"),
    ("checkpoints: more steps", lambda d: checkpoint(d, then={"config": longer()}), OTHER),
    ("checkpoints: another world", lambda d: checkpoint(d, then={"env_id": "Acrobot-v1"}), OTHER),
    ("checkpoints: another reward", lambda d: checkpoint(d, parts=paid(1), then={"parts": paid(2)}),
     OTHER),
    ("checkpoints: a reward less", lambda d: checkpoint(d, parts=paid(1), then={}), OTHER),
    ("checkpoints: another network", lambda d: checkpoint(d, network=net(),
     then={"network": broken(0.5)}), OTHER),
    ("checkpoints: a network less", lambda d: checkpoint(d, network=net(), then={}), OTHER),
    ("checkpoints: no optimizer", lambda d: checkpoint(d, without("optimizer")), "optimizer|damag"),
    ("checkpoints: no stream", lambda d: checkpoint(d, without("generator")), "generator|damag"),
    ("checkpoints: no memory", lambda d: checkpoint(d, without("replay")), OTHER + "|damaged"),
    ("checkpoints: NaN weights", lambda d: checkpoint(d, spoilt), "NaN"),
    ("checkpoints: empty", lambda d: checkpoint(d, lambda p: text(p, "")), "damaged, or not the"),
    ("checkpoints: a text", lambda d: checkpoint(d, text), "damaged, or not the course's"),
    ("checkpoints: a folder", lambda d: checkpoint(d, a_folder), "damaged, or not|folder"),
    ("checkpoints: an agent", lambda d: checkpoint(d, lambda p: agent(d, name=p.name)), OTHER),
    ("checkpoints: path None", lambda: next(train_from(None, DQNConfig(**SMALL))), "path"),
    ("checkpoints: records = 0", lambda d: checkpoint(d, records=0), "records = 0"),
]  # fmt: skip


def imported(value):
    """Import the course with this COURSE_SEED, as a notebook's first cell does, and read it."""
    path = ROOT / "course_utils" / "__init__.py"
    with patch.dict(os.environ, COURSE_SEED=value):
        exec(compile(path.read_text(encoding="utf-8"), path, "exec"), {})
        return int(os.environ.get("COURSE_SEED", 0))


def runs_folder(value):
    """`storage.RUNS` with this COURSE_RUNS, from a module of its own."""
    path = ROOT / "course_utils" / "storage.py"
    names = {"__file__": str(path), "__name__": "storage"}
    with patch.dict(os.environ, COURSE_RUNS=value):
        exec(compile(path.read_text(encoding="utf-8"), path, "exec"), names)
    return names["RUNS"]


VARIABLES = [
    ("variables: COURSE_SEED abc", lambda: imported("abc"), "COURSE_SEED"),
    ("variables: COURSE_SEED empty", lambda: imported("") == 0, "COURSE_SEED"),
    ("variables: COURSE_SEED 1.5", lambda: imported("1.5"), "COURSE_SEED"),
    ("variables: COURSE_SEED -1", lambda: imported("-1"), "COURSE_SEED"),
    ("variables: COURSE_SEED 10**20", lambda: imported("1" + "0" * 20), "COURSE_SEED"),
    ("variables: COURSE_SEED ' 7 '", lambda: imported(" 7 ") == 7, "COURSE_SEED"),
    ("variables: COURSE_RUNS ~/x", lambda: "~" not in str(runs_folder("~/x")), "COURSE_RUNS"),
    ("variables: COURSE_RUNS empty", lambda: runs_folder("") == ROOT / "runs", "COURSE_RUNS"),
    ("variables: COURSE_RUNS relative", lambda: runs_folder("x") == ROOT / "x", "COURSE_RUNS"),
]  # fmt: skip


# What is not mended yet: no error at all, or a foreign one. A test that is mended says so.
NOT_YET = {
    "foreign": """
exercises: check a list
"""
}


@pytest.mark.filterwarnings("ignore")
@listed(PLAYING + STATISTICS + FIGURES + LAB + EXERCISES + FILES + CHECKPOINTS + VARIABLES, NOT_YET)
def test_a_wrong_input_gets_one_sentence(call, words, tmp_path):
    hold(verdict(call, words, tmp_path))
