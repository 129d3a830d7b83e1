"""The clinic does what its data sheet says, and its doctor what the clinic's text says of him."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from matplotlib.figure import Figure

from course_utils.evaluation import play_episodes
from course_utils.worlds.clinic import Clinic
from course_utils.worlds.patients import ORDER, patients


def test_gymnasium_finds_nothing_wrong():
    check_env(gym.make("Clinic-v0").unwrapped)


def scalar_visit(values, ill, settings, actions):
    """The data sheet once more, for one patient: what is seen and paid until the visit ends."""
    asked, seen, paid = [], [[0.0] * 30], []
    for action in actions:
        over = True
        if action >= 10:
            cancer = bool(ill)
            paid.append(1 if (action == 11) == cancer else -settings["missed"] if cancer else -1)
        elif action in asked:
            paid.append(-1)
        else:
            asked.append(action)
            paid.append(-settings["price"])
            over = False
        row = [0.0] * 30
        for test in asked:
            row[test] = 1.0
            for place in (test, 10 + test):
                row[10 + place] = values[place] * settings["scale"] + settings["shift"]
        seen.append(row)
        if over:
            return seen, paid
    raise AssertionError("a visit of eleven steps has an end")


@pytest.mark.parametrize("who", ["learned", "unseen"])
@pytest.mark.parametrize("settings", [{}, {"price": 0.3, "missed": 9, "scale": 0.5, "shift": -2}])
def test_copies_follow_the_data_sheet(who, settings):
    settings = {"price": 0.05, "missed": 5.0, "scale": 1.0, "shift": 0.0} | settings
    clinic, rng = Clinic(patients=who, **settings), np.random.default_rng(5)
    values, ill = patients(0)[who]
    state = clinic.begin(300, rng)
    assert state["patient"].max() > 0.9 * len(ill) and not state["done"].any()
    # random actions hardly get far: half of the copies ask all tests in some order
    actions = rng.integers(12, size=(300, 11))
    actions[::2] = [[*rng.permutation(10), rng.integers(12)] for _ in range(150)]
    expected = [
        scalar_visit(values[p], ill[p], settings, row)
        for p, row in zip(state["patient"], actions, strict=True)
    ]
    going = np.ones(300, bool)
    for step in range(12):
        seen = clinic.observe(state)
        for copy in np.flatnonzero(going):
            assert seen[copy] == pytest.approx(expected[copy][0][step], abs=1e-12)
        if step == 11:
            break
        state, reward, ends = clinic.advance(state, actions[:, step], rng)
        for copy in np.flatnonzero(going):
            rows, paid = expected[copy]
            assert reward[copy] == pytest.approx(paid[step], abs=1e-12)
            assert ends[copy] == (step + 1 == len(paid))
        going &= ~ends
    assert not going.any()


def test_many_copies_are_as_many_single_ones():
    clinic, rng = Clinic(), np.random.default_rng(2)
    state, action = clinic.begin(20, rng), rng.integers(12, size=20)
    after, reward, ends = clinic.advance(state, action, rng)
    for copy in range(20):
        one = {name: column[[copy]] for name, column in state.items()}
        after_one, reward_one, ends_one = clinic.advance(one, action[[copy]], rng)
        assert np.array_equal(clinic.observe(after_one)[0], clinic.observe(after)[copy])
        assert (reward_one[0], ends_one[0]) == (reward[copy], ends[copy])


def visit(clinic, seed=0):
    return play_episodes(clinic.expert, "Clinic-v0", 1, 3000, seed, **vars(clinic)).mean()


def test_returns_are_those_that_were_measured():
    """Margins are five standard errors of 3,000 visits, about 0.03 a unit of spread."""
    rng = np.random.default_rng(0)
    by_chance = play_episodes(lambda o: rng.integers(12, size=o.shape[:2]), "Clinic-v0", 1, 3000)
    assert by_chance.mean() == pytest.approx(-0.97, abs=0.16)
    assert visit(Clinic()) == pytest.approx(0.779, abs=0.08)
    assert visit(Clinic(patients="unseen")) == pytest.approx(0.756, abs=0.08)


def test_the_doctor_knows_his_instruments_and_prices():
    other = Clinic(scale=0.6, shift=-1)
    assert visit(other) == pytest.approx(visit(Clinic()), abs=1e-9)
    rich, dear = (play(price) for price in (0.001, 0.3))
    assert rich > dear + 0.5


def play(price):
    """Tests that the doctor makes in one visit, on average."""
    clinic = Clinic(price=price)
    state = clinic.begin(200, np.random.default_rng(0))
    going = np.ones(200, bool)
    for _ in range(11):
        action = clinic.expert(clinic.observe(state))
        going &= action < 10
        state = {**state, "done": state["done"] | (going[:, None] & (action[:, None] == range(10)))}
    return state["done"].sum(-1).mean()


def test_the_doctor_asks_in_his_order_and_then_speaks():
    clinic = Clinic(price=0)  # so that he asks all that he knows
    state = clinic.begin(5, np.random.default_rng(0))
    for test in ORDER:
        action = clinic.expert(clinic.observe(state))
        assert (action == test).all()
        state, *_ = clinic.advance(state, action, None)
    said = clinic.expert(clinic.observe(state))
    assert np.isin(said, [10, 11]).all()
    several = clinic.observe(state).reshape(5, 1, 30)
    assert np.array_equal(clinic.expert(several), said[:, None])  # any leading axes


def test_a_page_knows_the_patients_of_its_world():
    facts = Clinic(patients="unseen").facts()
    assert np.array_equal(facts["values"], patients(0)["unseen"][0])
    assert np.array_equal(facts["malignant"], patients(0)["unseen"][1])


@pytest.mark.parametrize(
    "wrong", [{"patients": "all"}, {"price": -0.1}, {"missed": 21}, {"scale": 0}, {"split": 100}]
)
def test_settings_have_bounds(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Clinic(**wrong)


@pytest.mark.parametrize("action", [None, 3, 11])
def test_the_picture_shows_the_tests_that_were_made(action):
    clinic, axes = Clinic(), Figure().subplots()
    done = np.isin(np.arange(10), [3, 7])[None]
    clinic.plot(axes, clinic.observe({"patient": np.array([4]), "done": done})[0], action)
    mean, worst, _ = axes.lines
    shown = patients(0)["learned"][0][4]
    assert np.flatnonzero(np.isfinite(mean.get_xdata())).tolist() == [3, 7]
    assert mean.get_xdata()[[3, 7]] == pytest.approx(shown[[3, 7]])
    assert worst.get_xdata()[[3, 7]] == pytest.approx(shown[[13, 17]])
