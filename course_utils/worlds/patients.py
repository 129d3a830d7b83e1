"""The patients of the clinic, and what a doctor who has seen them thinks of others."""

from functools import cache

import numpy as np

TESTS = ["radius", "texture", "perimeter", "area", "smoothness", "compactness", "concavity"]
TESTS += ["concave points", "symmetry", "fractal dimension"]
ORDER = [3, 4, 1]  # of the doctor: those three tests on which the data's authors settled

BENIGN, MALIGNANT = 10, 11  # actions; 0 to 9 are the tests


@cache
def patients(split: int = 0) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """learned, unseen → values [P, 20], ten means and ten worst, and whether malignant [P].

    369 and 200, with as large a share of cancers in both, in deviations of the learned ones. In
    the file of scikit-learn: Street et al. 1993, Nuclear feature extraction for breast tumor
    diagnosis, SPIE 1905.
    """
    from sklearn.datasets import load_breast_cancer  # takes seconds, so only who plays waits
    from sklearn.model_selection import train_test_split

    found = load_breast_cancer()
    values, ill = np.delete(found.data, range(10, 20), 1), found.target == 0
    old, new, *ill = train_test_split(values, ill, test_size=200, stratify=ill, random_state=split)
    # rounded, so that a web page knows them to the last digit
    both = [((part - old.mean(0)) / old.std(0)).round(3) for part in (old, new)]
    return {"learned": (both[0], ill[0]), "unseen": (both[1], ill[1])}


@cache
def regression(split: int, done: tuple[bool, ...]) -> np.ndarray:
    """Log odds of cancer by these tests, of the learned patients: 20 weights and the bias, [21].

    done: ten, whether a test was made. The weights of one that was not are 0.
    """
    from sklearn.linear_model import LogisticRegression

    values, ill = patients(split)["learned"]
    fitted = LogisticRegression(solver="newton-cholesky").fit(values * np.tile(done, 2), ill)
    return np.append(fitted.coef_, fitted.intercept_)


def suspicion(split: int, done: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The doctor's probability of cancer, [..., 10] and [..., 20] → [...]."""
    rows = done.reshape(-1, 10).tolist()
    weights = np.reshape([regression(split, tuple(row)) for row in rows], (*done.shape[:-1], 21))
    odds = (weights[..., :20] * values).sum(-1) + weights[..., 20]
    return 1 / (1 + np.exp(-odds))


def shield(action, suspicion, done, bound):
    """The agent's action, but no *benign* above the bound, and no test twice.

    action, suspicion: [...], the latter the doctor's probability of cancer; done: [..., 10], which
    tests were made → [...]. What is refused becomes the first test that was not made, or
    *malignant* if all were. Shields in general: Alshiekh et al. 2018 (arXiv 1708.08611).
    """
    twice = (done & (action[..., None] == np.arange(10))).any(-1)
    refused = (action == BENIGN) & (suspicion > bound) | twice
    instead = np.where(done.all(-1), MALIGNANT, done.argmin(-1))
    return np.where(refused, instead, action)
