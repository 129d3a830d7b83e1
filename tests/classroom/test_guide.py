"""The instructor's guide is made from the notebooks and keeps its minutes; the exam is right."""

import re

import pytest

from classroom import exam, guide, parts
from course_utils.exercise_book import contents

SESSIONS = guide.plan()["sessions"]


def test_the_pages_are_up_to_date():
    """If not: python -m classroom.guide, python -m classroom.exam."""
    for module in (guide, exam):
        page = module.PAGE.read_text(encoding="utf-8")
        assert module.filled(page) == page, f"run python -m {module.__name__}"


def slugs(page):
    """The anchors that the usual forges make of a page's headings."""
    headings = re.findall(r"(?m)^##+ (.+)$", page.read_text(encoding="utf-8"))
    words = [re.sub(r"\[(.+?)\]\(.+?\)", r"\1", heading).lower() for heading in headings]
    return {re.sub(r"[^\w -]", "", each).replace(" ", "-") for each in words}


def test_links_within_the_guide_and_to_the_answers_lead_to_headings():
    for page in (guide.PAGE, exam.PAGE):
        links = re.findall(r"\]\(((?:\w+\.md)?)#([^)]+)\)", page.read_text(encoding="utf-8"))
        for target, place in links:
            assert place in slugs(page.parent / target if target else page), f"{target}#{place}"


@pytest.mark.parametrize("name", SESSIONS)
def test_a_session_stays_within_its_minutes(name):
    own = SESSIONS[name]
    assert 60 <= guide.minutes(own["plan"]) <= guide.LIMIT
    planned, late = own["plan"].split(), own["late"].split()
    assert len(planned) == len(set(planned)) and set(late) <= set(planned)
    assert guide.minutes(own["late"]) >= 5


@pytest.mark.parametrize("name", SESSIONS)
def test_a_session_has_mistakes_one_thing_to_move_and_a_plan_b(name):
    own = SESSIONS[name]
    told = [guide.mistake(words) for words in own["mistakes"].split()]
    assert len(set(told)) == 3 and all(len(line) > 40 for line in told)
    assert min(len(own[key]) for key in ("aim", "move", "offline")) > 60
    sections = re.match(r"(\d+\.\d+)", own["move"])
    assert sections[1] in guide.items()


def test_a_name_that_no_notebook_has_is_refused():
    for wrong in ("1.99", "vote:1.1", "bellman_backups", "discuss:19.1"):
        with pytest.raises(ValueError, match=re.escape(wrong)):
            guide.minutes(f"open {wrong}")


def test_the_minutes_are_those_of_the_notebooks():
    for number in parts.NOTEBOOKS:
        notebook = parts.read(number)
        shared = sum(section.minutes for section in notebook.sections)
        assert shared == pytest.approx(notebook.reading)
        names = [exercise.name for exercise in notebook.exercises]
        tasks = [name for name in names if name in contents.words("open_tasks")]
        assert set(names) - set(tasks) == set(contents.words(notebook.stem))
        assert len(tasks) == (number != "00")


def test_every_vote_has_its_measured_answer():
    votes = [v for n in parts.NOTEBOOKS for s in parts.read(n).sections for v in s.votes]
    assert len(votes) > 50 and len({vote.question for vote in votes}) == len(votes)
    for vote in votes:
        assert vote.measured in vote.options if vote.options else vote.measured


def test_the_semester_covers_all():
    lessons = guide.semester()
    taught = {key for name in lessons for key in SESSIONS[name]["plan"].split()}
    taught |= {item.key for name in lessons for item in guide.homework(name)}
    there = [key for key, item in guide.items().items() if item.kind in ("section", "exercise")]
    assert len(lessons) == 15 and set(there) <= taught


def test_every_course_has_a_time_for_each_session():
    for course in guide.plan()["courses"]:
        assert len(course["start"]) == len(course["sessions"]) == len(set(course["sessions"]))
        assert set(course["sessions"]) <= set(SESSIONS)


def test_exam_questions_cover_all_notebooks_and_their_points_add_up():
    asked = exam.questions()
    assert len(asked) >= 20
    assert {each["chapter"] for each in asked} == set(parts.NOTEBOOKS)
    for each in asked:
        points = re.findall(r"\((\d)(?: for any two)?\)", each["solution"])
        assert sum(map(int, points)) == each["points"], each["title"]


BY_HAND = {
    "A discounted return": "6 (1)|1.5 (2)",
    "A backup by hand": "0.700",
    "One step of Q-learning": "1.70|1.85|−1.00|0.50",
    "An n-step target": "k = 2|1.5 (2)|2.5 in all",
    "Whose output is moved?": "loss is 1|−2 at",
    "Double": "5.5|3.7",
    "One run that broke": "433.75|490.00",
    "What may be said?": "40: about 15 wide",
    "How surprised is the clone?": "0.25 and 0.75|1.39 and 0.29",
    "The margin loss": "0.3 (2)|1.3 (2)",
    "What is left of a potential?": "[1.8, 2.5, −4.1]|0.729",
    "An area under a curve": "37.5|33.3",
    "How many numbers learn?": "512|12.5 %|is 2 (1)",
    "A thin product": "[[6, −2], [12, −4], [0, 0]]",
    "A matrix of tasks": "225|−250|250 (2)|10 (1)",
    "Springs": "= 5:",
    "Closer, and worse": "4.67, that|second 4.51",
    "A sharper teacher": "0.731 and 0.982",
    "Letting go": "1.8 and 0.0",
    "A trembling hand": "0.7, and 0.1",
    "The worst direction": "[0.1, −0.4]",
    "Few bits": "[1.0, −0.571, 0.286]|[1.0, −0.598, 0.26]",
    "How large is a map?": "8 × 28|408",
    "A return on a scale": "0.95 in the shop|0.9 in the market",
    "From which doubt on?": "p = 0.25 (3)",
}


def test_the_numbers_of_the_exam_are_those_found_by_hand():
    asked = {each["title"]: each for each in exam.questions()}
    assert {title for title, each in asked.items() if each.get("numbers")} == set(BY_HAND)
    for title, numbers in BY_HAND.items():
        for number in numbers.split("|"):
            assert number in asked[title]["solution"], f"{title}: {number}"
