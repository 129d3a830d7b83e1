"""Medicine: which tests does this patient need, and what does one say after them?"""

import numpy as np

from course_utils.plotting import COLORS, GREY
from course_utils.settings import configuration, setting, switch
from course_utils.worlds.patients import ORDER, TESTS, patients, suspicion


@configuration
class Clinic:
    """Is a lump benign or malignant? Ask for tests, each at a price, then say it. No medical
    device: all is read from one image, of one hospital, without age, origin, history, next visit.

    A test tells two numbers of the cells' nuclei, the mean and the worst, in standard deviations of
    the learned patients; 0 before it is made. The reward is 1 for a right word, −1 for a false
    alarm, −1 for a test asked twice, which ends the visit, and less for cancer that is missed.
    """

    patients: str = switch("learned", names=("learned", "unseen"), help="who comes")
    split: int = setting(0, 0, 99, "which of all patients are the unseen ones")
    price: float = setting(0.05, 0, 1, "what a test costs, in rewards")
    missed: float = setting(5.0, 0, 20, "what missed cancer costs, in rewards")
    scale: float = setting(1.0, 0.1, 10, "what the instruments multiply by", log=True)
    shift: float = setting(0.0, -5, 5, "what the instruments add", unit="standard deviations")

    observations = [f"{what} {test}" for what in ("done:", "mean", "worst") for test in TESTS]
    actions, limit = [*TESTS, "benign", "malignant"], 11
    changed = {"other instruments": {"shift": -1.0}, "dear tests": {"price": 0.2}}
    dqn = {"steps": 40_000, "discount": 0.98, "n_steps": 3, "reward_scale": 0.3, "margin": 0.1}
    dqn |= {"batch_size": 64, "replay_capacity": 40_000, "exploration": 0.5}

    def facts(self):  # the patients, for a web page
        values, ill = patients(self.split)[self.patients]
        return {"values": values.tolist(), "malignant": ill.tolist()}

    def begin(self, n, rng):  # any patient, no test
        who = rng.integers(len(patients(self.split)[self.patients][1]), size=n)
        return {"patient": who, "done": np.zeros((n, 10), bool)}

    def advance(self, state, action, rng):  # one more test, or the last word
        ill = patients(self.split)[self.patients][1][state["patient"]]
        asked = action[:, None] == np.arange(10)
        twice, word = (asked & state["done"]).any(-1), action >= 10
        paid = np.where((action == 11) == ill, 1.0, np.where(ill, -self.missed, -1))
        reward = np.where(word, paid, np.where(twice, -1, -self.price))
        return {**state, "done": state["done"] | asked}, reward, word | twice

    def observe(self, state):  # which tests were made, and what the instruments show
        shown = patients(self.split)[self.patients][0][state["patient"]] * self.scale + self.shift
        return np.concatenate([state["done"], shown * np.tile(state["done"], 2)], -1)

    def suspicion(self, observation):
        """The doctor's probability of cancer, [..., D] → [...]: a regression by the tests made."""
        done, values = np.split(np.asarray(observation, float), [10], -1)
        return suspicion(self.split, done > 0.5, (values - self.shift) / self.scale)

    def expert(self, observation):
        """The doctor asks in a fixed order until the doubt costs less than another four tests."""
        p, done = self.suspicion(observation), np.asarray(observation)[..., ORDER] > 0.5
        benign, malignant = 1 - p - self.missed * p, p - (1 - p)  # expected rewards
        sure = (1 - np.maximum(benign, malignant) < 4 * self.price) & done.any(-1) | done.all(-1)
        return np.where(sure, np.where(benign > malignant, 10, 11), np.take(ORDER, done.argmin(-1)))

    def plot(self, axes, observation, action):  # a row a test; empty where it was not made
        done, *both = np.reshape(observation, (3, 10))
        for values, color, marker in zip(both, COLORS, "oD", strict=False):
            axes.plot(np.where(done > 0.5, values, np.nan), TESTS, marker, color=color)
        axes.axvline(0, color=GREY, linewidth=1)
        axes.set(xlim=(-4, 8), ylim=(9.6, -0.6), xlabel="● mean, ◆ worst, in deviations")
