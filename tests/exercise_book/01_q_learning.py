"""Answers to notebook 01: a right one in another form, and wrong ones as learners write them."""

import numpy as np


def backup_with_loops(mdp, value, discount):
    q = np.zeros(mdp.reward.shape[:2])
    for s, a, k in np.ndindex(*mdp.reward.shape):
        future = 0 if mdp.terminated[s, a, k] else discount * value[mdp.next_state[s, a, k]]
        q[s, a] += mdp.probability[s, a, k] * (mdp.reward[s, a, k] + future)
    return q


def target_with_where(reward, terminated, next_q, discount):
    return np.where(terminated, reward, reward + discount * np.max(next_q, axis=-1))


def epsilon_greedy_with_if(q, epsilon, rng):
    if rng.random() < epsilon:
        return int(rng.integers(len(q)))
    return rng.choice(np.flatnonzero(q == q.max()))


def return_forwards(mdp, policy, horizon):
    """Follows the distribution of states instead of the values."""
    here, total = mdp.start.copy(), 0.0
    for _ in range(horizon):
        weight = here[:, None, None] * policy[:, :, None] * mdp.probability
        total += (weight * mdp.reward).sum()
        here = np.bincount(
            mdp.next_state.ravel(), (weight * ~mdp.terminated).ravel(), minlength=len(here)
        )
    return total


def backup_without_mask(mdp, value, discount):
    return np.einsum("sak,sak->sa", mdp.probability, mdp.reward + discount * value[mdp.next_state])


def backup_without_probabilities(mdp, value, discount):
    return np.sum(
        mdp.reward + discount * np.where(mdp.terminated, 0, value[mdp.next_state]), axis=2
    )


def backup_with_maximum(mdp, value, discount):
    return backup_with_loops(mdp, value, discount).max(axis=1)


def target_without_mask(reward, terminated, next_q, discount):
    return reward + discount * np.max(next_q, axis=-1)


def target_masking_all(reward, terminated, next_q, discount):
    return np.where(terminated, 0, reward + discount * np.max(next_q, axis=-1))


def target_of_the_mean(reward, terminated, next_q, discount):
    return reward + np.where(terminated, 0, discount) * np.mean(next_q, axis=-1)


def target_over_everything(reward, terminated, next_q, discount):
    return reward + discount * np.logical_not(terminated) * np.max(next_q)


def plain_argmax(q, epsilon, rng):
    return int(rng.integers(len(q))) if rng.random() < epsilon else int(np.argmax(q))


def exchanged(q, epsilon, rng):
    best = rng.choice(np.flatnonzero(q == q.max()))
    return best if rng.random() < epsilon else rng.integers(len(q))


def only_greedy(q, epsilon, rng):
    return rng.choice(np.flatnonzero(q == q.max()))


def best_instead_of_policy(mdp, policy, horizon):
    value = np.zeros(len(mdp.start))
    for _ in range(horizon):
        value = backup_with_loops(mdp, value, 1.0).max(axis=1)
    return mdp.start @ value


def one_step_short(mdp, policy, horizon):
    return return_forwards(mdp, policy, horizon - 1)


def return_without_mask(mdp, policy, horizon):
    value = np.zeros(len(mdp.start))
    for _ in range(horizon):
        value = (policy * backup_without_mask(mdp, value, 1.0)).sum(axis=1)
    return mdp.start @ value


def target_with_tilde(reward, terminated, next_q, discount):
    return reward + discount * ~terminated * np.max(next_q, axis=-1)


def every_state(mdp, policy, horizon):
    value = np.zeros(len(mdp.start))
    for _ in range(horizon):
        value = (policy * backup_with_loops(mdp, value, 1.0)).sum(axis=1)
    return value


def almost_ties(q, epsilon, rng):
    return (
        rng.integers(len(q))
        if rng.random() < epsilon
        else rng.choice(np.flatnonzero(q > q.max() - 0.1))
    )


def from_zero(q, epsilon, rng):
    if rng.random() < epsilon:
        return rng.integers(len(q))
    best, top = [0], 0
    for action, value in enumerate(q):
        if value > top:
            best, top = [action], value
        elif value == top:
            best.append(action)
    return rng.choice(best)


def too_little_exploration(q, epsilon, rng):
    return epsilon_greedy_with_if(q, 0.8 * epsilon, rng)


def another_rng(q, epsilon, rng):
    return epsilon_greedy_with_if(q, epsilon, np.random.default_rng())


def a_float(q, epsilon, rng):
    return float(epsilon_greedy_with_if(q, epsilon, rng))


def mean_of_the_first_states(mdp, policy, horizon):
    return every_state(mdp, policy, horizon)[mdp.start > 0].mean()


def at_most_100_steps(mdp, policy, horizon):
    return return_forwards(mdp, policy, min(horizon, 100))


RIGHT = {
    "bellman_backup": backup_with_loops,
    "q_learning_target": target_with_where,
    "epsilon_greedy": epsilon_greedy_with_if,
    "policy_return": return_forwards,
}

WRONG = [
    ("bellman_backup", backup_without_mask, "behind a terminal step"),
    ("bellman_backup", backup_without_probabilities, "without their probabilities"),
    ("bellman_backup", backup_with_maximum, "one number for each action"),
    ("q_learning_target", target_without_mask, "terminal mask is missing"),
    ("q_learning_target", target_masking_all, "also removes the reward"),
    ("q_learning_target", target_of_the_mean, "averages over the next actions"),
    ("q_learning_target", target_over_everything, "everything at once"),
    ("q_learning_target", target_with_tilde, "~True is −2"),
    ("epsilon_greedy", plain_argmax, "lowest index"),
    ("epsilon_greedy", exchanged, "are exchanged"),
    ("epsilon_greedy", only_greedy, "never explores"),
    ("epsilon_greedy", almost_ties, None),
    ("epsilon_greedy", from_zero, None),
    ("epsilon_greedy", too_little_exploration, None),
    ("epsilon_greedy", another_rng, None),
    ("epsilon_greedy", a_float, None),
    ("policy_return", best_instead_of_policy, "takes the best action"),
    ("policy_return", one_step_short, "One step is missing"),
    ("policy_return", return_without_mask, "behind a terminal step"),
    ("policy_return", every_state, "value of each state"),
    ("policy_return", mean_of_the_first_states, None),
    ("policy_return", at_most_100_steps, None),
]
