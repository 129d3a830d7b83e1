"""The board: a class is counted rightly, what is hostile stays text, forged cards are found."""

import csv
import json
import os
import re
from html.parser import HTMLParser

import numpy as np
import pytest
import torch

from classroom import board, example, grade, handed_in, hidden, judged, parts, pooled
from course_utils import files, storage
from course_utils.exercise_book import contents
from course_utils.learn.pixels import PIXELS, PixelNetwork

STEM = "01_q_learning"
BAD = '<script>alert(1)</script><img src=x onerror=alert(2)>" onload="alert(3) $x^2$ \u202eabc \x1b'
HOSTILE = "<b onclick=alert(4)>&amp; \u202eשלום"
LONG = "\u0645" * 120  # 240 bytes, right to left


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A class of twelve, and three who hand in what a class should not."""
    folder = tmp_path_factory.mktemp("room") / "class"
    example.write(folder, 12, agents=False)
    for name in (HOSTILE, LONG, "=1+1"):
        (folder / name).mkdir()
    (folder / "kim.zip").write_bytes(b"")
    mine = folder / HOSTILE
    guesses = [["prediction", BAD, BAD, "today"], ["exercise", BAD, "right", "today"]]
    example.table(mine / "progress (1).csv", "", guesses)
    (mine / "00_start_here.ipynb").write_text("[" * 100_000)
    (mine / f"{STEM}.ipynb").write_text("no JSON")
    os.symlink("/etc/passwd", mine / "02_dqn.ipynb")
    (mine / "agent.pkl").write_bytes(b"cos\nsystem\n(S'touch here'\ntR.")
    cells = [
        {
            "cell_type": "code",
            "source": BAD,
            "outputs": [{"output_type": "stream", "text": f"holds: {BAD}"}],
        }
    ]
    (folder / LONG / f"{STEM}.ipynb").write_text(json.dumps({"cells": cells}))
    odd = [
        [HOSTILE, STEM, "bellman_backup", "wrong", 500 * BAD, 0],
        [BAD, STEM, "td_target", "right", BAD, 0],
    ]
    with open(folder.with_name("class-results") / "results.csv", "a", newline="") as file:
        csv.writer(file).writerows([*odd, ["x", "y"], ["x", STEM, "bellman_backup", BAD, "", 0]])
    return folder


def page_of(folder, **more):
    beside = folder.with_name(f"{folder.name}-results")
    return board.board(folder, beside, beside / "results.csv", judged=False, **more)


class Page(HTMLParser):
    """Tags with their attributes, and the text between them."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.words = [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.words.append(data)


def test_what_learners_wrote_stays_text_and_is_short(folder):
    plain = Page(page_of(folder, names=True))
    assert sum(tag == "script" for tag, _ in plain.tags) == 1
    assert not [tag for tag, about in plain.tags if any(name.startswith("on") for name in about)]
    assert not {"img", "b", "link", "iframe"} & {tag for tag, _ in plain.tags}
    assert not [about for _, about in plain.tags if {"src", "style"} & about.keys()]
    text = "".join(plain.words)
    assert "<script>alert(1)</script>" in text and "<b onclick=alert(4)>" in text
    assert "\u202e" not in text and "\x1b" not in text and max(map(len, plain.words[40:])) < 5000
    policy = next(about["content"] for _, about in plain.tags if "http-equiv" in about)
    assert policy.startswith("default-src 'none'")


def test_a_page_with_pseudonyms_holds_no_name(folder):
    page = page_of(folder)
    assert "learner 0" not in page and "שלום" not in page and "alert" not in page
    salt = hidden.salt_of(folder.with_name("class-results"))
    codes = hidden.pseudonyms([f"learner {n:02}" for n in range(1, 13)], salt)
    assert len({*codes.values()}) == 12 and all(
        f"<bdi>{code}</bdi>" in page for code in codes.values()
    )
    assert hidden.pseudonyms(["learner 03"], salt)["learner 03"] in codes["learner 03"]
    assert hidden.pseudonyms([*codes], b"another") != codes
    table = folder.with_name("class-results") / "pseudonyms.csv"
    assert "'=1+1" in table.read_text() and "\n=1+1" not in table.read_text()


def test_names_that_begin_alike_are_told_apart():
    names = [str(number) for number in range(3000)]
    codes = hidden.pseudonyms(names, b"salt")
    assert len({*codes.values()}) == 3000 and max(map(len, codes.values())) <= 8


def test_the_same_class_gives_the_same_page(folder):
    assert page_of(folder) == page_of(folder)


def test_what_is_damaged_is_told_and_the_rest_is_counted(folder):
    page = page_of(folder)
    for stem in ("00_start_here", STEM, "02_dqn"):
        assert f"{stem}: damaged, a link, or too large. Ask for the notebook again." in page
    assert "Files that may hold code were not opened: 1." in page
    assert "A link, or what is no plain file, was passed over." in page
    assert "Lines of results.csv that could not be read: 2." in page
    assert "notebooks in nobody&#39;s folder, were not read: 1." in page


@pytest.mark.parametrize(
    ("place", "more", "words"),
    [
        ("none", [], "There is no folder"),
        ("flat", [], "holds nobody's folder"),
        ("room", ["--results", "none.csv"], "--results names"),
        ("room", ["--out", "."], "cannot be written"),
    ],
)
def test_what_gives_no_board_gets_a_sentence(place, more, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "room" / "anna").mkdir(parents=True)
    (tmp_path / "flat").mkdir()
    (tmp_path / "flat" / f"{STEM}.ipynb").write_text("{}")
    with pytest.raises(SystemExit, match=words):
        board.main([place, "--unjudged", *more])


def test_a_name_may_hold_any_letter(tmp_path):
    results = {("a\x0cb\u2028c\nd", STEM): {"verdicts": {"bellman_backup": ("right", "x", 0)}}}
    (tmp_path / "results.csv").write_text(grade.table(results), "utf-8", newline="")
    told, odd = board.read_results(tmp_path / "results.csv")
    assert [*told] == [("a\x0cb\u2028c\nd", "bellman_backup")] and not odd


def test_of_too_much_the_first_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(handed_in, "MOST_LINES", 3)
    monkeypatch.setattr(handed_in, "MOST_AGENTS", 2)
    lines = "".join(f"exercise,{name},right,today\n" for name in "aabcd")
    for name in ("progress.csv", "progress (1).csv"):
        (tmp_path / name).write_text(lines)
    for name in "abc":
        (tmp_path / f"{name}.safetensors").write_text(name)
    told = handed_in.learner(tmp_path, {})
    assert told.noted == [("exercise", "a", "right"), ("exercise", "b", "right")]
    assert [path.stem for path in told.agents] == ["a", "b"]
    assert "Only the first 2 agents were judged." in told.odd


def test_what_ships_with_the_course_is_no_work_of_a_learner(tmp_path):
    for name in ("cartpole_student", "five_minutes"):
        own = storage.shipped("cartpole_student.safetensors").read_bytes()
        (tmp_path / f"{name}.safetensors").write_bytes(own)
    found = handed_in.learner(tmp_path, {}).agents
    assert [path.stem for path in found] == ["five_minutes"]


def test_exercises_are_graded_or_else_as_noted(folder):
    [first, *_] = learners = list(handed_in.learners(folder))
    first.noted[:] = [("exercise", "dueling_q", "right"), ("exercise", "bellman_backup", "right")]
    graded = {(first.name, "bellman_backup"): ("wrong", "γ is missing.")}
    row = pooled.grid(learners, graded)[0]
    names = [one["name"] for several in pooled.book().values() for one in several]
    states = dict(zip(names, row["cells"], strict=True))
    assert len(names) == 72 and row["right"] == 1
    assert (states["dueling_q"], states["bellman_backup"], states["ewc_penalty"]) == (
        "claimed",
        "wrong",
        "",
    )


def test_names_are_those_that_the_grader_wrote(tmp_path):
    """What a spreadsheet would compute has a mark in results.csv, and is the same learner."""
    names = ["=1+1", "-x", "@y", "'quoted", "Åsa, B"]
    found = {"verdicts": {"td_target": ("right", "right.", 0.1)}}
    text = grade.table({(name, "02_dqn"): found for name in names})
    (tmp_path / "results.csv").write_text(text, encoding="utf-8")
    graded, odd = board.read_results(tmp_path / "results.csv")
    assert [name for name, _ in graded] == names and not odd


def test_mistakes_are_counted_by_the_books_own_sentences():
    mask, *_ = contents.words("02_dqn")["td_target"]["mistakes"].values()
    graded = {(name, "td_target"): ("wrong", f"On others not. {mask}") for name in "abc"}
    graded["d", "td_target"] = "wrong", f"Your function raised {BAD}"
    graded["e", "td_target"] = "right", "right."
    [found], others = pooled.misconceptions(graded)
    assert (found["count"], found["sentence"], others) == (3, " ".join(mask.split()), 1)
    assert found["section"].number.startswith("2.") and found["stem"] == "02_dqn"


def one_run(seed=None, outputs=None, **exchanged):
    """A notebook as a learner hands it in; exchanged: pieces of its cells."""
    rng = np.random.default_rng(0)
    cells = [handed_in.cell_of(cell) for cell in example.stored(STEM, seed, rng, 0.0)["cells"]]
    return cells


def with_runs(*runs):
    return [handed_in.Learner(str(i), {STEM: run}, [], [], []) for i, run in enumerate(runs)]


def test_a_claim_is_pooled_over_seeds_and_a_seed_counts_once():
    held = [handed_in.run(STEM, one_run(seed)) for seed in (1, 2, 3, 3)]
    place = [*handed_in.claims(STEM)][4]
    failed = held[3]._replace(claims=held[3].claims | {place: False})
    [found] = [one for one in pooled.replication(with_runs(*held[:3], failed)) if one["seeds"]]
    assert (found["seeds"], found["twice"], len(found["rows"])) == ([1, 2, 3], {3: 2}, 38)
    assert [row["failed"] for row in found["rows"]] == [[]] * 4 + [[3]] + [[]] * 33
    row = found["rows"][4]
    assert (row["count"], row["total"]) == (2, 3)
    assert (row["low"], row["high"]) == pytest.approx((0.2077, 0.9385), abs=1e-4)  # Wilson 1927


def test_a_claim_that_failed_is_found_and_those_behind_it_are_unknown():
    cells = one_run(7)
    number = next(i for i, cell in enumerate(cells) if cell.printed.startswith("holds"))
    first, second, *_ = cells[number].printed.splitlines()
    error = second.replace("holds with seed 7:", "this does not hold in this run with seed 7:")
    error = error.replace("-13", "-14")  # other numbers, the same claim
    cells[number] = cells[number]._replace(printed=f"{first}\n", error=error)
    run = handed_in.run(STEM, cells)
    source = cells[number].source
    assert run.seed == 7 and run.changed == 0
    assert [run.claims.get((source, place)) for place in range(3)] == [True, False, None]


def test_cells_that_were_changed_are_not_pooled():
    cells = one_run(5)
    claims = [i for i, cell in enumerate(cells) if cell.printed.startswith("holds")]
    changed = cells[claims[0]]._replace(source='print("holds: all of it")')
    run = handed_in.run(STEM, [changed if i == claims[0] else cell for i, cell in enumerate(cells)])
    assert run.changed == 1 and cells[claims[0]].source not in {place[0] for place in run.claims}
    [found] = [one for one in pooled.replication(with_runs(run)) if one["changed"]]
    assert found["seeds"] == [] and found["changed"] == [("0", 1)]


@pytest.mark.parametrize(
    ("line", "told", "seed"),
    [("seed = 12", ["3"], 12), ('seed = int(os.environ.get("COURSE_SEED", 0))', ["3"], 3),
     ('seed = int(os.environ.get("COURSE_SEED", 0))', [], 0), ("seed = time.time()", [], None),
     ('seed = int(os.environ.get("COURSE_SEED", 0))', ["3", "4"], None)],
)  # fmt: skip
def test_a_notebook_tells_its_seed(line, told, seed):
    cells = one_run(5)
    exchanged = [cell._replace(source=handed_in.SEED.sub(line, cell.source)) for cell in cells]
    assert handed_in.seed_of(exchanged, told) == seed
    assert handed_in.run(STEM, exchanged).changed == ("time" in line)


def test_votes_stand_beside_what_was_measured():
    asked = pooled.votes([])[1]
    question, options = asked["question"], [option["text"] for option in asked["options"]]
    learners = with_runs(*(handed_in.run(STEM, one_run(seed)) for seed in (1, 2)))
    learners[0].noted[:] = [
        ("prediction", question, options[0]),
        ("prediction", question, options[1]),
    ]
    learners[1].runs[STEM].votes[question] = options[1], options[2]  # another seed, another outcome
    learners.append(handed_in.Learner("c", {}, [("prediction", question, BAD)], [], []))
    found = pooled.votes(learners)[1]
    told = [(one["count"], one["course"], one["seeds"]) for one in found["options"]]
    assert told == [(1, False, 0), (1, True, 1), (0, False, 1)] and found["total"] == 2


def test_every_question_has_its_outcome():
    found = pooled.votes([])
    assert len({one["question"] for one in found}) == len(found) == 66
    assert all(
        sum(option["course"] for option in one["options"]) == 1 for one in found if one["options"]
    )
    assert all(one["told"] for one in found if not one["options"])
    for stem in contents.STEMS:
        assert all(question for question in handed_in.questions(stem).values())


# ---- agents ----


def agent(path, seal=True, **card):
    """Five agents on MountainCar, the course's own but for a hair, with a card."""
    network = storage.load_agent(storage.shipped("mountain_car_n10.safetensors"))[0].choose(
        range(5)
    )
    with torch.no_grad():
        network.head.bias += 1e-5
    card = {"environment": "MountainCar-v0", "parent": None} | card
    storage.save_agent(path, network, card)
    return {"path": str(path), "task": None}


def returned(tmp_path, **card):
    return judged.judge(agent(tmp_path / "a.safetensors", **card), 2_000_001)


def test_an_honest_agent_is_not_accused(tmp_path):
    claims = [-104.44, -103.08, -108.8, -109.92, -107.38]
    told = returned(tmp_path, **storage.lineage_card("MountainCar-v0", None, claims))
    assert told["odd"] == [] and told["figure"] == pytest.approx(-107, abs=3)
    told = returned(tmp_path, task="three_demonstrations", figure=-107.0)
    assert told["odd"] == [] and told["mark"] == "silver" and len(told["prints"]) == 5


def test_an_agent_of_a_world_of_application_is_played_there(tmp_path):
    network = storage.load_agent(storage.shipped("market.safetensors"))[0].choose(range(4))
    with torch.no_grad():
        network.head.bias += 1e-5
    card = storage.lineage_card("Market-v0", None, [14.8, 14.7, 14.8, 14.7])
    storage.save_agent(tmp_path / "Market.safetensors", network, card)
    told = judged.judge({"path": str(tmp_path / "Market.safetensors"), "task": None}, 2_000_001)
    assert told["odd"] == [] and told["world"] == "Market-v0"
    assert told["figure"] == pytest.approx(14.7, abs=3)


FORGED = {
    "figure": ({"task": "three_demonstrations", "figure": -90.0}, "claims -90, the judge finds"),
    "returns": ({"return": [-90.0] * 5}, "claims far more than the agents return"),
    "interval": ({"return": [-107.0] * 5, "interval": [-100.0, -110.0, -90.0]}, "was edited"),
    "another world": ({"environment": "os:Evil-v0", "return": [1.0] * 5}, "not the course's"),
    "wrong world": ({"environment": "CartPole-v1"}, "CartPole-v1 needs 4 observations"),
}


@pytest.mark.parametrize("what", FORGED)
def test_a_forged_card_is_found(what, tmp_path):
    card, sentence = FORGED[what]
    assert sentence in " ".join(returned(tmp_path, **card)["odd"])


def edited(path):
    """The same file with one number of its card exchanged, and its old seal."""
    path.write_bytes(path.read_bytes().replace(b"-107.0", b"-101.0"))


def resealed(path):
    """A file without its seal."""
    path.write_bytes(path.read_bytes().replace(b"course-sha256:", b"someone-sha25:"))


def huge(path):
    """A header that asks for a network of many gigabytes."""
    content = path.read_bytes()
    path.write_bytes(content.replace(b'\\"width\\": 64', b'\\"width\\":999999'))


def cut(path):
    path.write_bytes(path.read_bytes()[:-100])


def pickled(path):
    path.write_bytes(b"cos\nsystem\n(S'touch here'\ntR.")


DAMAGE = {edited: "seal is wrong", huge: "seal is wrong", cut: "seal is wrong"}
DAMAGE |= {resealed: "has no seal", pickled: "damaged, or holds no agent"}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_gets_a_sentence(damage, tmp_path):
    given = agent(path := tmp_path / "a.safetensors", figure=-107.0)
    damage(path)
    told = judged.judge(given, 2_000_001)
    assert DAMAGE[damage] in told["odd"][0] and "a.safetensors" not in " ".join(told["odd"])


def test_a_part_of_an_agent_is_no_damage(tmp_path):
    facts = {"card": {"environment": "CartPole-HighGravity-v0"}, "frozen": "1234"}
    files.save_tensors(tmp_path / "lora.safetensors", {"a": torch.zeros(3)}, facts)
    told = judged.judge({"path": str(tmp_path / "lora.safetensors"), "task": None}, 1)
    assert told == {"task": None, "odd": []}


def test_a_network_that_would_fill_the_memory_is_not_made(tmp_path):
    path = tmp_path / "a.safetensors"
    network = {"seeds": 5, "observations": 2, "actions": 3, "width": 10**6, "hidden_layers": 9}
    facts = {"card": {"environment": "MountainCar-v0", "parent": None}, "network": network}
    files.save_tensors(path, {"x": torch.zeros(3)}, facts)
    assert judged.judge({"path": str(path), "task": None}, 1)["odd"] == [
        "It is damaged, or holds no agent."
    ]


def test_an_agent_that_sees_pictures_is_opened_and_one_too_large_is_not_made(tmp_path):
    path, odd, stream = tmp_path / "eye.safetensors", [], torch.Generator().manual_seed(0)
    network = PixelNetwork(3, width=4, filters=(2, 4), generator=stream)
    card = storage.lineage_card(PIXELS, None, [9.0, 9.5, 10.0])
    storage.save_agent(path, network, card)
    opened, its_card = judged.opened(path, odd)
    pictures = torch.randint(0, 256, (3, 2, 2400), generator=stream)
    assert torch.equal(opened(pictures), network(pictures)) and not odd
    found = judged.played(opened, its_card, 1)
    assert found["world"] == PIXELS and 8 <= found["figure"] < 200
    facts = {"card": its_card, "kind": "PixelNetwork"}
    for filters in ([10**9, 4], [4, 10**9], [4]):
        own = {"network": network.arguments | {"filters": filters}}
        files.save_tensors(path, {"x": torch.zeros(3)}, facts | own)
        with pytest.raises(ValueError, match="damaged, or holds no agent"):
            judged.opened(path, [])


def test_the_courses_own_agents_are_recognised():
    path = storage.shipped("lunar_lander_students_8.safetensors")
    network, odd = storage.load_agent(path)[0].choose(range(10)), []
    assert set(judged.prints(network)) <= judged.shipped()
    assert judged.opened(path, odd)[1]["seeds"] == 30


def test_how_many_numbers_learned_is_found_in_the_numbers(monkeypatch):
    monkeypatch.setattr(judged.open_tasks, "fresh_return", lambda *_: 400.0)
    source = storage.load_agent(storage.shipped("cartpole.safetensors"))[0]
    assert judged.fewest_numbers(source) == 0
    with torch.no_grad():
        source.head.bias += 1
        source.hidden[1].weight += torch.ones(10, 64, 1) @ torch.ones(10, 1, 64)
    assert judged.fewest_numbers(source) == 2 + 128  # of rank one


def test_settings_are_judged_only_where_they_are_numbers():
    source = "settings = QLearningConfig(learning_rate=1.0, steps=500)\n"
    assert judged.settings_of(source).steps == 500
    for other in (
        "settings = QLearningConfig(steps=open('x').read())",
        "(" * 5000,
        "settings = mine",
    ):
        with pytest.raises(ValueError, match="not judged"):
            judged.settings_of(other)


def test_children_judge_and_what_they_found_is_kept(tmp_path, monkeypatch):
    given = {
        "a": [agent(tmp_path / "a.safetensors", figure=-90.0) | {"task": "three_demonstrations"}],
        "b": [],
    }
    known = {}
    told = hidden.judge_all(given, 2_000_001, known, 2)
    assert "Its card is wrong" in told["a"][0]["odd"][0] and told["b"] == []
    monkeypatch.setattr(hidden, "in_child", lambda given, seed: [] if not given else 1 / 0)
    assert hidden.judge_all(given, 2_000_001, dict(known), 2) == told


def test_a_child_that_takes_too_long_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(hidden, "SECONDS", 0.01)
    given = {"a": [agent(tmp_path / "a.safetensors") | {"task": "five_minutes"}]}
    [verdict] = hidden.judge_all(given, 1, {}, 1)["a"]
    assert "took too long" in verdict["odd"][0] and verdict["task"] == "five_minutes"


def test_marks_are_those_of_hidden_episodes_and_others_are_claimed():
    noted = [("open task", "decide", "gold"), ("open task", "five_minutes", "gold")]
    learners = [handed_in.Learner(name, {}, noted, [], []) for name in "ab"]
    verdicts = {"a": [{"task": "five_minutes", "mark": "bronze", "odd": []}]}
    marks = {task["name"]: dict(task["marks"]) for task in pooled.tasks(learners, verdicts)}
    assert marks["decide"] == {"claimed, not checked": 2}
    assert marks["five_minutes"] == {"bronze": 1, "claimed, not checked": 1}
    assert marks["half_the_steps"] == {}


def test_what_was_judged_is_shown_with_remarks(folder, monkeypatch):
    forged = {"mark": "silver", "figure": 181.5, "claimed": 280.0, "odd": ["Its card is wrong."]}
    verdicts = {"learner 01": [{"task": "five_minutes", "prints": ["a", "b"]} | forged]}
    verdicts["learner 02"] = [{"task": None, "odd": []}]  # a part of an agent
    played = {"world": "CartPole-v1", "figure": 500.0, "claimed": None, "odd": []}
    verdicts["learner 02"].append({"task": None, "prints": ["b", "c"]} | played)
    verdicts["learner 03"] = [{"task": "three_tasks", "odd": ["It is damaged."]}]
    monkeypatch.setattr(board, "judge", lambda *_: verdicts)
    beside = folder.with_name("class-results")
    page = board.board(folder, beside, beside / "results.csv", names=True)
    assert "All 3 that were judged" in page and page.count("⚑ Its card is wrong.") == 2
    assert page.count("2 learners have handed this in.") == 3 and "181.5" in page
    assert page.count("⚑ It is damaged.") == 2


# ---- the command ----


def test_the_command_says_what_is_missing(tmp_path, capsys):
    with pytest.raises(SystemExit, match="There is no folder"):
        board.main([str(tmp_path / "nobody")])
    (tmp_path / "class" / "a").mkdir(parents=True)
    board.main([str(tmp_path / "class")])
    page = (tmp_path / "class-results" / "board.html").read_text("utf-8")
    assert "There is no results.csv" in page and "No votes have been handed in." in page
    with pytest.raises(SystemExit, match="is not empty"):
        board.main(["--example", str(tmp_path / "class")])


def test_sections_are_links_where_the_pages_are(tmp_path):
    (tmp_path / "site" / "notebooks").mkdir(parents=True)
    out = tmp_path / "results" / "board.html"
    assert board.site_from(str(tmp_path / "site"), out) == "../site"
    assert board.site_from("https://example.org/course/", out) == "https://example.org/course"
    assert board.site_from(str(tmp_path), out) == ""
    section = pooled.book()[STEM][0]["section"]
    assert re.fullmatch(r"[a-z][a-z0-9-]*", board.anchor(section))


def test_sections_have_the_names_that_sphinx_gives_them():
    make_id = pytest.importorskip("docutils.nodes").make_id
    sections = [section for number in parts.NOTEBOOKS for section in parts.read(number).sections]
    for section in sections:
        assert board.anchor(section) == make_id(f"{section.number} {section.title}")
