"""The patients are those of the file; nobody learns from those that are unseen."""

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression

from course_utils.worlds.clinic import Clinic
from course_utils.worlds.patients import patients, regression


def test_all_patients_are_there_once_and_cancers_are_spread_evenly():
    """Undo the standardising: 569 different rows, those of the file."""
    raw = load_breast_cancer()
    for split in (0, 1):
        parts = patients(split)
        (old, ill_old), (new, ill_new) = parts["learned"], parts["unseen"]
        assert (len(old), len(new)) == (369, 200)
        assert abs(ill_old.mean() - ill_new.mean()) < 0.01
        assert np.abs(old.mean(0)).max() < 1e-3 and np.abs(old.std(0) - 1).max() < 1e-3
        # radius and texture to the file's places in one linear map each, so in the same order
        both, ill = np.concatenate([old, new]), np.concatenate([ill_old, ill_new])
        for column, own in ((0, 0), (1, 1), (20, 10), (29, 19)):
            assert np.corrcoef(np.sort(raw.data[:, column]), np.sort(both[:, own]))[0, 1] > 0.999999
        assert ill.sum() == (raw.target == 0).sum() == 212
        assert both[ill][:, 0].mean() > both[~ill][:, 0].mean()  # cancers are the larger ones
    assert not np.array_equal(patients(0)["unseen"][1], patients(1)["unseen"][1])


def test_suspicion_is_a_regression_of_the_learned_patients():
    """By scikit-learn's own probability, in its other solver, from two tests alone."""
    values, ill = patients(0)["learned"]
    columns = [3, 7, 13, 17]
    fitted = LogisticRegression(tol=1e-8, max_iter=5000).fit(values[:, columns], ill)
    state = {"patient": np.arange(200), "done": np.isin(np.arange(10), [3, 7])[None].repeat(200, 0)}
    clinic = Clinic(patients="unseen")
    expected = fitted.predict_proba(patients(0)["unseen"][0][:, columns])[:, 1]
    assert np.abs(clinic.suspicion(clinic.observe(state)) - expected).max() < 1e-3
    weights = regression(0, tuple(state["done"][0].tolist()))
    assert (weights[:20] != 0).sum() == 4
