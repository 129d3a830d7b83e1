"""Answers to notebook 14: right ones in another form, and wrong ones as learners write them."""

import numpy as np

from course_utils.worlds.patients import BENIGN, MALIGNANT


def along_a_line(returns, random, best):
    slope = 1 / (best - random)
    return slope * np.asarray(returns) - slope * random


def patient_by_patient(action, suspicion, done, bound):
    result = np.array(action)
    for one in np.ndindex(result.shape):
        left = [test for test in range(10) if not done[one][test]]
        again = action[one] < 10 and action[one] not in left
        if again or (action[one] == 10 and suspicion[one] > bound):
            result[one] = left[0] if left else 11
    return result


def share_of_the_best(returns, random, best):
    return returns / best


def way_from_nothing(returns, random, best):
    return (returns - random) / best


def return_from_nothing(returns, random, best):
    return returns / (best - random)


def in_its_own_units(returns, random, best):
    return returns - random


def what_is_left(returns, random, best):
    return (best - returns) / (best - random)


def turned_round(returns, random, best):
    return (returns - random) / (random - best)


def held_between_0_and_1(returns, random, best):
    return np.clip((returns - random) / (best - random), 0, 1)


def by_what_was_seen(returns, random, best):
    return (returns - returns.min()) / (returns.max() - returns.min())


def first_left(done):
    return np.where(done.all(-1), MALIGNANT, done.argmin(-1))


def made_already(action, done):
    return (done & (action[..., None] == np.arange(10))).any(-1)


def every_action_of_the_suspicious(action, suspicion, done, bound):
    refused = (suspicion > bound) | made_already(action, done)
    return np.where(refused, first_left(done), action)


def where_the_doctor_agrees(action, suspicion, done, bound):
    refused = (action == BENIGN) & (suspicion < bound) | made_already(action, done)
    return np.where(refused, first_left(done), action)


def malignant_at_once(action, suspicion, done, bound):
    refused = (action == BENIGN) & (suspicion > bound) | made_already(action, done)
    return np.where(refused, MALIGNANT, action)


def always_a_test(action, suspicion, done, bound):
    refused = (action == BENIGN) & (suspicion > bound) | made_already(action, done)
    return np.where(refused, (~done).argmax(-1), action)


def the_first_that_was_made(action, suspicion, done, bound):
    refused = (action == BENIGN) & (suspicion > bound) | made_already(action, done)
    return np.where(refused, np.where(done.all(-1), MALIGNANT, done.argmax(-1)), action)


def a_test_twice_passes(action, suspicion, done, bound):
    return np.where((action == BENIGN) & (suspicion > bound), first_left(done), action)


def exchanged(action, suspicion, done, bound):
    refused = (action == BENIGN) & (suspicion > bound) | made_already(action, done)
    return np.where(refused, action, first_left(done))


def malignant_is_refused(action, suspicion, done, bound):
    refused = (action == MALIGNANT) & (suspicion > bound) | made_already(action, done)
    return np.where(refused, first_left(done), action)


def both_reasons_at_once(action, suspicion, done, bound):
    refused = (action == BENIGN) & (suspicion > bound) & made_already(action, done)
    return np.where(refused, first_left(done), action)


def in_place(action, suspicion, done, bound):
    refused = (action == BENIGN) & (suspicion > bound) | made_already(action, done)
    action[refused] = first_left(done)[refused]
    return action


def of_words_too(action, suspicion, done, bound):
    twice = np.take_along_axis(done, action[..., None], -1)[..., 0]
    return np.where((action == BENIGN) & (suspicion > bound) | twice, first_left(done), action)


RIGHT = {"normalized_score": along_a_line, "shield": patient_by_patient}

WRONG = [
    ("normalized_score", share_of_the_best, "share of the best one"),
    ("normalized_score", way_from_nothing, "length is best - random"),
    ("normalized_score", return_from_nothing, "counted from 0"),
    ("normalized_score", in_its_own_units, "divide it by the whole way"),
    ("normalized_score", what_is_left, "share of the way that is left"),
    ("normalized_score", turned_round, "sign is turned round"),
    ("normalized_score", held_between_0_and_1, "right is"),
    ("normalized_score", by_what_was_seen, "right is"),
    ("shield", every_action_of_the_suspicious, "Every action is refused"),
    ("shield", where_the_doctor_agrees, "where the doctor agrees"),
    ("shield", malignant_at_once, "ask for another test"),
    ("shield", always_a_test, "When all tests are made"),
    ("shield", the_first_that_was_made, "that \\*was\\* made"),
    ("shield", a_test_twice_passes, "A test that is asked for twice passes"),
    ("shield", exchanged, "The two are exchanged"),
    ("shield", malignant_is_refused, "right is"),
    ("shield", both_reasons_at_once, "right is"),
    ("shield", in_place, "changes its inputs"),
    ("shield", of_words_too, "raised IndexError"),
]
