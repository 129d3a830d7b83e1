"""Wrong inputs to worlds get one sentence: a world of one's own, its copies, page and score."""

import json
import re
from dataclasses import dataclass
from inspect import signature
from itertools import islice

import gymnasium as gym
import numpy as np
import pytest

from course_utils import evaluation
from course_utils.distil import page
from course_utils.envs import make_envs, play_in
from course_utils.evaluation import Episode, normalized_score, play_episodes
from course_utils.laboratory.spectator import Spectator, film
from course_utils.networks import greedy
from course_utils.settings import configuration, setting
from course_utils.train import make_learner, train_dqn
from course_utils.worlds import kit, probes
from tests.refusals import disk_says, hold, listed, verdict
from tests.test_wrong_inputs import INF, NAN, net


@configuration
class Line:
    """A walk on a line; who leaves it ends."""

    pace: float = setting(1.0, 0, 5, "how far a step goes")
    observations, actions, limit = ["place", "pace"], ["back", "on"], 9

    def begin(self, n, rng):
        """Near the middle."""
        return {"place": rng.normal(size=n), "side": np.zeros(n)}

    def advance(self, state, action, rng):
        """A step."""
        place = state["place"] + self.pace * (2 * action - 1)
        return {"place": place, "side": state["side"]}, -abs(place), abs(place) > 4

    def observe(self, state):
        """Both numbers."""
        return np.stack([state["place"], state["side"]], -1)


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    monkeypatch.setattr(gym.envs.registration, "registry", dict(gym.registry))
    kit.register(Line, "Line-v0")


def other(**parts):
    """The same world with other parts, or, by None, without them."""
    base = {name: part for name, part in vars(Line).items() if name in kit.PARTS.split()}
    parts = {"__annotations__": {}} | base | parts
    parts = {name: part for name, part in parts.items() if part is not None}
    return configuration(type("Other", (), parts | {"pace": 1.0}))


def named(name):
    """A world with a setting of this name."""
    part = {name: setting(1.0, 0, 2, "anything"), "__annotations__": {name: float}}
    return lambda: kit.register(configuration(type("Other", (Line,), part)), "Other-v0")


def registers(**parts):
    return lambda: kit.register(other(**parts), "Other-v0")


class Forgotten(Line):
    """Its setting was never made one."""

    wind: float = setting(0.0, 0, 2, "from behind")


@dataclass
class Plain:
    """No configuration."""

    pace: float = 1.0


def many(actions=None, copies=4, **settings):
    made = kit.ManyCopies(Line, copies, **settings)
    made.reset(seed=0)
    return made.step(np.zeros(4, int) if actions is None else actions)


def one(action):
    env = gym.make("Line-v0")
    env.reset(seed=0)
    return env.step(action)


SETTINGS = [
    ("register: no class", lambda: kit.register(3, "Other-v0"), "3 is no world: it must be a @con"),
    ("register: None", lambda: kit.register(None, "Other-v0"), "None is no world"),
    ("register: a world, made", lambda: kit.register(Line(), "Other-v0"), "no world"),
    ("register: an id first", lambda: kit.register("Other-v0", Line), "env_id = <cla"),
    ("register: a dataclass", lambda: kit.register(Plain, "Other-v0"), "@configuration .* observa"),
    ("register: undecorated", lambda: kit.register(Forgotten, "Other-v0"), "tion .* wind"),
    ("register: no limit", registers(limit=None), "with limit"),
    ("register: no observe, no begin", registers(observe=None, begin=None), "with begin, observe"),
    ("register: limit 0", registers(limit=0), "limit of Other = 0: must be a whole number of 1"),
    ("register: limit '9'", registers(limit="9"), "limit of Other = '9'"),
    ("register: limit 2.5", registers(limit=2.5), "limit of Other = 2.5"),
    ("register: limit inf", registers(limit=INF), "limit of Other = inf"),
    ("register: actions a number", registers(actions=2), "actions of Other = 2: must be a list"),
    ("register: no actions", registers(actions=[]), r"actions of Other = \[\]"),
    ("register: no numbers", registers(observations=[]), r"observations of Other = \[\]: must"),
    ("register: numbers a word", registers(observations="place"), "observations of Other = 'place"),
    ("register: actions 0, 1", registers(actions=[0, 1]), r"actions of Other = \[0, 1\]"),
    ("register: an id, no word", lambda: kit.register(Line, 3), "env_id = 3"),
    ("register: setting observe", named("observe"), "'observe' of Other would hide"),
    ("register: setting discount", named("discount"), "'discount' of Other would hide"),
    ("register: setting seed", named("seed"), "'seed' of Other would hide"),
    ("register: setting max_…", named("max_episode_steps"), "'max_episode_steps' of Other"),
    ("make: misspelt", lambda: kit.make_world(Line, pase=1), "no setting 'pase'. It has: pace"),
    ("make: has none", lambda: kit.make_world(other(), pase=1), "no setting 'pase'. It has: none"),
    ("make: no world", lambda: kit.make_world(Plain, pace=1), "Plain is no world"),
    ("make: too much", lambda: kit.make_world(Line, pace=9), "pace = 9: must be a number between"),
    ("make: NaN", lambda: kit.make_world(Line, pace=NAN), "pace = nan"),
    ("make: a word", lambda: kit.make_world(Line, pace="1"), "pace = '1'"),
    ("make: None", lambda: kit.make_world(Line, pace=None), "pace = None"),
    ("gym.make: too much", lambda: gym.make("Line-v0", pace=9), "pace = 9"),
    ("gym.make: NaN", lambda: gym.make("Line-v0", pace=NAN), "pace = nan"),
    ("make_envs: a word", lambda: make_envs("Line-v0", 2, pace="1"), "pace = '1'"),
    ("make_envs: in a fresh kernel", lambda: make_envs("Mine-v0", 2), "Or run first what"),
    ("make_envs: misspelt", lambda: make_envs("Line-v0", 2, pase=1), "no setting 'pase'"),
    ("play: NaN", lambda: play_episodes(greedy(net(1, 2, 2)), "Line-v0", 1, 1, pace=NAN), "= nan"),
    ("copies: 0", lambda: many(copies=0), "num_envs = 0"),
    ("copies: -1", lambda: many(copies=-1), "num_envs = -1"),
    ("copies: '2'", lambda: many(copies="2"), "num_envs = '2'"),
    ("copies: of no world", lambda: kit.ManyCopies(Plain, 2), "Plain is no world"),
    ("copies: action 2", lambda: many([0, 1, 2, 0]), "whole numbers .4., actions from 0 to 1"),
    ("copies: action -1", lambda: many([0, 1, -1, 0]), "actions from 0 to 1"),
    ("copies: action .5", lambda: many([0, 1, 0.5, 0]), "actions from 0 to 1"),
    ("copies: one for all", lambda: many(1), "actions from 0 to 1"),
    ("copies: three for four", lambda: many([0, 1, 0]), "actions from 0 to 1"),
    ("copies: bytes", lambda: many_in_bytes(), "right"),
    ("one: action 2", lambda: one(2), "action = 2: must be a whole number between 0 and 1"),
    ("one: action -1", lambda: one(-1), "action = -1"),
    ("one: action .5", lambda: one(0.5), "action = 0.5"),
    ("one: a list", lambda: one([1]), r"action = \[1\]"),
    ("one: a word", lambda: one("on"), "action = 'on'"),
    ("one: NaN", lambda: one(NAN), "action = nan"),
]  # fmt: skip


def many_in_bytes():
    """Actions in unsigned bytes do as others: 0 − 1 is −1."""
    same = [many(np.zeros(4, kind))[0] for kind in (np.uint8, int)]
    return np.array_equal(*same)


def plays(steps=25, **parts):
    """What many copies of such a world show in some steps, and rewards and ends, [T, 4, …]."""
    played = play_in(kit.ManyCopies(other(**parts), 4), always_on, 1, 0)
    return [step[:, 0] for step in map(np.array, zip(*islice(played, steps), strict=True))]


def always_on(seen):
    return np.ones(seen.shape[:2], int)


def begins(state):
    """A world that begins so."""
    return lambda: plays(begin=lambda self, n, rng: state(n))


def goes_on(change):
    """A world in which each of the three results of a step is changed so."""
    step = Line.advance
    return lambda: plays(advance=lambda self, *given: change(*step(self, *given)))


def shows(change):
    return lambda: plays(observe=lambda self, state: change(Line.observe(self, state)))


def in_two_places():
    """A state in which two names are one array, which a step changes in its place."""

    def advance(self, state, action, rng):
        state["place"] += 2 * action - 1
        return state, -state["place"], state["place"] > 4

    def begin(self, n, rng):
        start = np.zeros(n)
        return {"place": start, "side": start}

    seen, *_ = plays(begin=begin, advance=advance)
    return bool((seen[..., 1] == 0).all() and seen[..., 0].max() > 2)


def frozen():
    """A world that begins with an array of its own: its copies never write into it."""

    def advance(self, state, action, rng):
        state["place"] += 1
        return state, -state["place"], state["place"] > 4

    kept = np.zeros(4)
    plays(advance=advance, begin=lambda self, n, rng: {
        "place": kept[:n], "side": np.broadcast_to(0.0, n)
    })  # fmt: skip
    return bool((kept == 0).all())


def keeps_decimals():
    """A state of whole numbers so far; copies that begin anew begin at a half."""

    def begin(self, n, rng):
        later.append(0.5)
        return {"place": np.full(n, later[-2]), "side": np.zeros(n)}

    def advance(self, state, action, rng):
        place = np.floor(state["place"]).astype(int) + 1
        return state | {"place": place}, -state["place"], place > 3

    later = [1]
    *_, seen, real = plays(begin=begin, advance=advance)
    return bool((seen[~real][:, 0] == 0.5).all() and (~real).any())


ROWS = "a row for each"
BROKEN = [
    ("begin: nothing", begins(lambda n: None), "`begin` must give a dict of arr"),
    ("begin: an array", begins(np.zeros), "`begin` must give a dict of arrays"),
    ("begin: a pair", begins(lambda n: (np.zeros(n), np.zeros(n))), "must give a dict"),
    ("begin: numbers", begins(lambda n: {"place": 0.0, "side": 0}), ROWS),
    ("begin: a row", begins(lambda n: {"place": np.zeros(1), "side": np.zeros(n)}), ROWS),
    ("begin: other names", begins(lambda n: {"plaice": np.zeros(n), "side": np.zeros(n)}), "place"),
    ("begin: lists", lambda: lists(), "right"),
    ("begin: one array twice", in_two_places, "right"),
    ("begin: an array of its own", frozen, "right"),
    ("begin: decimals after whole numbers", keeps_decimals, "right"),
    ("begin: fewer numbers later", lambda: fewer_later(), ROWS),
    ("begin: NaN", begins(lambda n: {"place": np.full(n, NAN), "side": np.zeros(n)}), "NaN"),
    ("advance: nothing", goes_on(lambda *given: None), "`advance` must give state, rewards, ends"),
    ("advance: two things", goes_on(lambda s, r, e: (s, r)), "must give state, rewards, ends"),
    ("advance: five things", goes_on(lambda s, r, e: (s, r, e, e, {})), "state, rewards, ends"),
    ("advance: state nothing", goes_on(lambda s, r, e: (None, r, e)), "a dict of place, side"),
    ("advance: other names", goes_on(lambda s, r, e: (s | {"age": r}, r, e)), "a dict of place"),
    ("advance: a name less", goes_on(lambda s, r, e: ({"place": r}, r, e)), "side"),
    ("advance: a number as state", goes_on(lambda s, r, e: (s | {"side": 0}, r, e)), ROWS),
    ("advance: another form", goes_on(lambda s, r, e: (s | {"side": r[:, None]}, r, e)), ROWS),
    ("advance: one reward", goes_on(lambda s, r, e: (s, 1.0, e)), "rewards of 4 copies must be"),
    ("advance: rewards in a column", goes_on(lambda s, r, e: (s, r[:, None], e)), "rewards of 4"),
    ("advance: lists", lambda: bool(goes_on(lambda s, r, e: (s, [*r], [*e]))()), "right"),
    ("advance: rewards words", goes_on(lambda s, r, e: (s, r.astype(str), e)), "rewards of 4"),
    ("advance: rewards nothing", goes_on(lambda s, r, e: (s, None, e)), "rewards of 4"),
    ("advance: rewards complex", goes_on(lambda s, r, e: (s, r + 1j, e)), "rewards of 4"),
    ("advance: rewards NaN", goes_on(lambda s, r, e: (s, r * NAN, e)), "rewards are NaN"),
    ("advance: one end", goes_on(lambda s, r, e: (s, r, False)), "ends, True or False, of 4"),
    ("advance: ends 0 and 1", goes_on(lambda s, r, e: (s, r, e * 1)), "ends, True or False"),
    ("advance: ends numbers", goes_on(lambda s, r, e: (s, r, r)), "ends, True or False"),
    ("advance: ends before rewards", goes_on(lambda s, r, e: (s, e, r)), "ends, True or False"),
    ("advance: it fails", goes_on(lambda s, r, e: s["no"]), r"Other broke down: KeyError\('no'\)"),
    ("advance: keeps a number", lambda: plays(advance=keeps), "no setting 'clock'"),
    ("observe: nothing", shows(lambda seen: None), "observations of 4 copies must be .4, 2."),
    ("observe: a number less", shows(lambda seen: seen[:, :1]), "observations of 4 copies must be"),
    ("observe: turned", shows(lambda seen: seen.T), "observations of 4 copies must be"),
    ("observe: one copy", shows(lambda seen: seen[0]), "observations of 4 copies must be"),
    ("observe: words", shows(lambda seen: seen.astype(str)), "observations of 4 copies"),
    ("observe: complex", shows(lambda seen: seen * 1j), "observations of 4 copies"),
    ("observe: lists", lambda: bool(shows(lambda seen: seen.tolist())()), "right"),
    ("observe: NaN", shows(lambda seen: seen * NAN), "observations are NaN"),
    ("observe: too large", shows(lambda seen: seen * 1e300), "observations are NaN or infinite"),
]  # fmt: skip


def keeps(self, state, action, rng):
    self.clock = 1


def lists():
    """Lists do as arrays."""
    plays(begin=lambda self, n, rng: {"place": [0.5] * n, "side": [0] * n})
    return True


def fewer_later():
    """At first a row of two numbers, later one, which would spread."""

    def begin(self, n, rng):
        return {"place": rng.normal(size=n), "side": np.zeros((n, 2) if n == 4 else n)}

    return plays(
        begin=begin,
        advance=lambda self, state, action, rng: (state, action, state["place"] > 0),
        observe=lambda self, state: state["side"],
    )


def asks(words, **parts):
    """The probes ask about such a world."""
    return lambda: any(words in told for told in probes.examine(other(**parts)))


def dimmed(self, state):
    state["place"] *= 0.9
    return Line.observe(self, state)


def uneven(self, n, rng):
    """Random numbers that no seed begins anew."""
    return {"place": STRAY.normal(size=n), "side": np.zeros(n)}


STRAY = np.random.default_rng(5)
EXAMINED = [
    ("examine: None", lambda: probes.examine(None), "None is no world"),
    ("examine: a world, made", lambda: probes.examine(Line()), "is no world"),
    ("examine: an id", lambda: probes.examine("Line-v0"), "Line-v0. is no world"),
    ("examine: no limit", lambda: probes.examine(other(limit=None)), "with limit"),
    ("examine: no numbers", lambda: probes.examine(other(observations=[])), "one or more names"),
    ("examine: misspelt", lambda: probes.examine(Line, pase=1), "no setting 'pase'"),
    ("examine: NaN as setting", lambda: probes.examine(Line, pace=NAN), "pace = nan"),
    ("examine: seed 'a'", lambda: probes.examine(Line, "a"), "seed = 'a'"),
    ("examine: seed -1", lambda: probes.examine(Line, seed=-1), "seed = -1"),
    ("examine: it fails", lambda: probes.examine(other(observe=lambda self, s: s["no"])), "'no'"),
    ("examine: one action", asks("There is one action", actions=["on"]), "right"),
    ("examine: observe changes it", asks("To observe changed the state", observe=dimmed), "right"),
    ("examine: stray randomness", asks("from rng", begin=uneven), "right"),
    ("examine: one step", lambda: isinstance(probes.examine(other(limit=1)), list), "right"),
]


def plain(observations=2, actions=2, **more):
    return net(2, observations, actions, layer_norm=False, **more)


def pages(folder, network=None, env_id="Line-v0", number=0, episodes=None, name="a.html", **more):
    """A page of these; one that is refused leaves nothing behind."""
    episodes = LIVED if episodes is None else episodes
    try:
        page.write_page(folder / name, network or plain(), env_id, number, episodes, **more)
    finally:
        assert [*folder.rglob("*.html*")] == [folder / "x" / "y" / "a.html"] * ("/" in name)
    return json.loads(re.search(r'json">(.*?)</script>', (folder / name).read_text("utf-8"))[1])


def episode(steps=6, size=2, **changes):
    """An episode of actions 0 and 1 that ends."""
    seen = np.random.default_rng(0).normal(size=(steps + 1, size))
    return Episode(seen, np.arange(steps) % 2, np.ones(steps), True, False)._replace(**changes)


def alike():
    """What the first of two plain networks would do in this episode."""
    seen = np.float32(episode().observation[:-1])
    return greedy(plain().choose([0]))(seen[None])[0]


LIVED, OTHERWISE = [episode(action=alike())], 1 - alike()
NEEDED = "each of the episodes must be an Episode of 2 numbers"
PAGES = [
    ("page: number 5", lambda d: pages(d, number=5), "number = 5: must be .* between 0 and 1"),
    ("page: number '1'", lambda d: pages(d, number="1"), "number = '1'"),
    ("page: number True", lambda d: pages(d, number=True), "number = True"),
    ("page: number .5", lambda d: pages(d, number=0.5), "number = 0.5"),
    ("page: no episodes", lambda d: pages(d, episodes=[]), "give episodes"),
    ("page: an episode", lambda d: pages(d, episodes=LIVED[0]), NEEDED),
    ("page: of several agents", lambda d: pages(d, episodes=[LIVED, LIVED]), NEEDED),
    ("page: of numbers", lambda d: pages(d, episodes=[1, 2]), NEEDED),
    ("page: of another world", lambda d: pages(d, episodes=[episode(size=4)]), NEEDED),
    ("page: other actions", lambda d: pages(d, episodes=[episode(action=np.full(6, 2))]),
     "an episode is damaged: an action that does not exist"),
    ("page: without a step", lambda d: pages(d, episodes=[episode(0)]), "damaged: 0 actions"),
    ("page: NaN lived", lambda d: pages(d, episodes=[episode(reward=np.full(6, NAN))]), "NaN"),
    ("page: another agent lived", lambda d: pages(d, episodes=[episode(action=OTHERWISE)]),
     "another agent played these episodes"),
    ("page: NaN weights", lambda d: pages(d, not_whole(), "Market-v0"), "a weight is NaN"),
    ("page: layer_norm", lambda d: pages(d, net(2, 2, 2, layer_norm=True)), "without layer_norm"),
    ("page: dueling", lambda d: pages(d, plain(dueling=True)), "dueling"),
    ("page: another's agent", lambda d: pages(d, plain(4, 3)), "this network takes 4 and 3"),
    ("page: no network", lambda d: page.write_page(d / "a", None, "Line-v0"), "network = None"),
    ("page: a world, no id", lambda d: pages(d, env_id=Line), "env_id = <class"),
    ("page: misspelt", lambda d: pages(d, env_id="Lime-v0"), "no world 'Lime-v0'"),
    ("page: no world of the kit", lambda d: pages(d, env_id="CartPole-v1"), "no world of the kit"),
    ("page: Box2D's world", lambda d: pages(d, plain(8, 4), "LunarLander-v3"), "of the kit"),
    ("page: setting misspelt", lambda d: pages(d, pase=1), "no setting 'pase'"),
    ("page: setting too much", lambda d: pages(d, pace=9), "pace = 9"),
    ("page: a fresh folder", lambda d: pages(d, name="x/y/a.html")["rules"] == "recorded", ""),
    ("page: no path", lambda: page.write_page(None, plain(), "Line-v0"), "path = None"),
    ("page: a folder", lambda d: page.write_page(d, plain(), "Line-v0", 0, LIVED), "written"),
    ("page: a full disk", lambda d: on_a_full_disk(d), "No space left"),
]  # fmt: skip


def not_whole():
    network = plain(4, 3)
    network.head.bias.data[1] = NAN
    return network


def on_a_full_disk(folder):
    """The page that was there stays."""
    (folder / "a").write_text("old")
    try:
        with disk_says(28, "No space left on device"):
            page.write_page(folder / "a", plain(), "Line-v0", 0, LIVED)
    finally:
        assert [path.read_text() for path in folder.iterdir()] == ["old"]


def scored(returns=(1.0, 2.0), random=0.0, best=1.0):
    return lambda: normalized_score(returns, random, best)


SCORES = [
    ("score: best is random", scored(random=1), "best = 1.0, random = 1: such a scale"),
    ("score: best is worse", scored(random=2.5), "such a scale has no length"),
    ("score: best NaN", scored(best=NAN), "random and best are NaN or infinite"),
    ("score: best inf", scored(best=INF), "random and best are NaN or infinite"),
    ("score: random NaN", scored(random=NAN), "random and best are NaN"),
    ("score: random a list", scored(random=[0.0]), "random and best = .* must be numbers"),
    ("score: random an array", scored(random=np.zeros(2)), "random and best = .* must be numbers"),
    ("score: best '1'", scored(best="1"), "random and best = .*'1'.* must be numbers"),
    ("score: best None", scored(best=None), "random and best = .*None.* must be numbers"),
    ("score: a return NaN", scored([1, NAN]), "some returns, .* are NaN"),
    ("score: a return inf", scored([INF]), "some returns, random and best are NaN or infinite"),
    ("score: words", scored(["1"]), "best = .* must be numbers"),
    ("score: None", scored(None), "best = .*None.*: must be numbers"),
]


@pytest.mark.filterwarnings("ignore:overflow encountered")
@listed(SETTINGS + BROKEN + EXAMINED + PAGES + SCORES, {})
def test_a_wrong_input_gets_one_sentence(call, words, tmp_path):
    hold(verdict(call, words, tmp_path))


def test_what_functions_on_the_way_keep_for_themselves_is_no_setting():
    """A setting of such a name would never reach the world."""
    ways = [
        play_episodes,
        evaluation.record_episodes,
        evaluation.mean_returns,
        make_envs,
        train_dqn,
    ]
    ways += [make_learner, page.write_page, film, Spectator, probes.examine, gym.make, gym.make_vec]
    ways += [kit.ManyCopies, kit.OneCopy]
    asked = {name for way in ways for name, told in signature(way).parameters.items()
             if told.kind is not told.VAR_KEYWORD}  # fmt: skip
    assert asked <= kit.TAKEN
