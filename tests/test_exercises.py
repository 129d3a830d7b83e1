"""Each exercise accepts right answers, also oddly written ones, and tells the typical mistakes apart.

The wrong answers below are written as a learner would write them, not copied from the exercise book.
"""

import re
import sys

import numpy as np
import pytest
import torch
from scipy import stats

from course_utils import distillation, exercises, robustness, tabular, teachers
from course_utils.exercise_book import EXERCISES
from course_utils.exercises import NotAttempted, WrongAnswer, examine

FUNCTIONS = [name for name, exercise in EXERCISES.items() if callable(exercise.answer)]
CHOICES = [name for name in EXERCISES if name not in FUNCTIONS]


# Right answers in another form than the course's own.


def return_by_recursion(rewards, discount):
    return rewards[0] + discount * return_by_recursion(rewards[1:], discount) if len(rewards) else 0


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


def torch_target_with_where(reward, terminated, next_q, discount):
    with torch.no_grad():
        return torch.where(terminated == 1, reward, reward + discount * next_q.max(dim=-1).values)


@torch.no_grad()
def refresh_with_state_dict(target, online, rate):
    mine, theirs = target.state_dict(), online.state_dict()
    target.load_state_dict({name: (1 - rate) * mine[name] + rate * theirs[name] for name in mine})


def n_steps_with_a_loop(reward, done, discount):
    total, k, going = (
        torch.zeros_like(reward[..., 0]),
        torch.zeros_like(reward[..., 0]),
        torch.ones_like(done[..., 0]),
    )
    for i in range(reward.shape[-1]):
        total = total + going * discount**i * reward[..., i]
        k = k + going
        going = going & ~done[..., i]
    return total, k


def double_with_one_hot(target_q, online_q):
    chosen = torch.nn.functional.one_hot(online_q.argmax(-1), online_q.shape[-1])
    return (chosen * target_q).sum(-1, keepdim=True)


def dueling_by_parts(value, advantage):
    centered = advantage - advantage.sum(dim=-1, keepdim=True) / advantage.shape[-1]
    return value + centered


def weights_by_logarithm(probability, size, exponent):
    logarithm = -exponent * torch.log(size * probability)
    return torch.exp(logarithm - logarithm.max(dim=-1, keepdim=True).values)


def middle_half(values):
    cut = len(values) // 4
    return np.mean(np.sort(np.asarray(values), axis=0)[cut : len(values) - cut], axis=0)


def surprise_by_hand(logits, action):
    shifted = logits - logits.max(-1, keepdim=True).values
    log_sum = torch.log(torch.exp(shifted).sum(-1))
    return log_sum - torch.take_along_dim(shifted, action.unsqueeze(-1), -1).squeeze(-1)


def margin_in_steps(q, action, margin):
    bonus = torch.full_like(q, margin)
    bonus.scatter_(-1, action.unsqueeze(-1), 0.0)
    best = (q + bonus).max(-1).values
    return best - torch.take_along_dim(q, action.unsqueeze(-1), -1).squeeze(-1)


def shaping_with_where(potential, next_potential, terminated, discount):
    behind = np.where(terminated, 0.0, next_potential)
    return discount * behind - potential


def area_by_loop(steps, values):
    area = 0
    for i in range(len(steps) - 1):
        area = area + (steps[i + 1] - steps[i]) * (values[..., i] + values[..., i + 1]) / 2
    return area / (steps[-1] - steps[0])


def forgetting_by_sorting(matrix):
    *before, last = np.moveaxis(matrix, -2, 0)
    return (np.sort(np.stack(before), axis=0)[-1] - last)[..., :-1]


def penalty_by_loop(parameters, anchor):
    total = 0
    for name in anchor.importance:
        distance = parameters[name] - anchor.parameters[name]
        weighted = anchor.importance[name] * distance * distance / 2
        total = total + weighted.reshape(len(distance), -1).sum(1)
    return total


def change_by_einsum(a, b, alpha):
    return torch.einsum("...ir,...ro->...io", a, b) * (alpha / b.shape[-2])


def soft_value_shifted(q, temperature):
    top = q.max(-1).values
    return top + temperature * torch.log(torch.exp((q - top[..., None]) / temperature).sum(-1))


def divergence_by_torch(student, teacher, temperature):
    wanted = torch.softmax(teacher / temperature, -1)
    return torch.nn.functional.kl_div(torch.log_softmax(student, -1), wanted, reduction="none").sum(
        -1
    )


def hinton_from_entropies(student, teacher, temperature, weight):
    soft = torch.distributions.Categorical(logits=teacher / temperature)
    cross = -(soft.probs * (student / temperature).log_softmax(-1)).sum(-1)
    best = torch.nn.functional.one_hot(teacher.argmax(-1), teacher.shape[-1])
    hard = -(best * student.log_softmax(-1)).sum(-1)
    return hard + weight * (temperature * temperature * (cross - soft.entropy()) - hard)


def variance_of_the_difference(student, teacher, temperature):
    return (student - teacher).var(-1, unbiased=False)


def six_in_a_tuple():
    return 23, 21, 15, np.int64(14), 13, 1


def cross_entropy_from_sums(student, teacher, temperature=1.0):
    score = student / temperature
    wanted = torch.exp(
        teacher / temperature - torch.logsumexp(teacher / temperature, -1, keepdim=True)
    )
    return torch.logsumexp(score, -1) - torch.einsum("...a,...a->...", wanted, score)


def annealed_with_if(weight, progress, until):
    if until == 0:
        return weight
    return (until - progress) / until * weight if progress < until else 0


def trembling_by_filling(q, share):
    probability = torch.full(q.shape, share / q.shape[-1])
    probability[q == q.max(-1, keepdim=True).values] += 1 - share
    return probability.numpy()


def attack_by_its_own_gradient(network, observation, size):
    watched = observation.clone().requires_grad_()
    q = network(watched).sort(-1).values
    (q[..., -1] - q[..., -2]).sum().backward()
    return torch.where(
        watched.grad > 0, watched - size, torch.where(watched.grad < 0, watched + size, watched)
    )


def q_by_counting(layers, observation):
    x = np.asarray(observation, float)
    for k, (weight, bias) in enumerate(layers):
        x = np.einsum("...i,io->...o", x, weight) + bias
        if k < len(layers) - 1:
            x = x * (x > 0)
    return x


RIGHT = {
    "kickstart_loss": cross_entropy_from_sums,
    "annealed": annealed_with_if,
    "trembling_policy": trembling_by_filling,
    "fgsm": attack_by_its_own_gradient,
    "numpy_q": q_by_counting,
    "kl_loss": divergence_by_torch,
    "hinton_loss": hinton_from_entropies,
    "advantage_loss": variance_of_the_difference,
    "wrong_lines": six_in_a_tuple,
    "cloning_loss": surprise_by_hand,
    "margin_loss": margin_in_steps,
    "shaping_reward": shaping_with_where,
    "soft_value": soft_value_shifted,
    "area_under_curve": area_by_loop,
    "low_rank_change": change_by_einsum,
    "forgetting": forgetting_by_sorting,
    "ewc_penalty": penalty_by_loop,
    "td_target": torch_target_with_where,
    "update_target": refresh_with_state_dict,
    "n_step_return": n_steps_with_a_loop,
    "double_q": double_with_one_hot,
    "dueling_q": dueling_by_parts,
    "importance_weights": weights_by_logarithm,
    "interquartile_mean": middle_half,
    "discounted_return": return_by_recursion,
    "bellman_backup": backup_with_loops,
    "q_learning_target": target_with_where,
    "epsilon_greedy": epsilon_greedy_with_if,
    "policy_return": return_forwards,
}


# Wrong answers as learners write them, with a word of what must be said.


def forgets_gamma(rewards, discount):
    total = 0
    for reward in rewards:
        total = total + reward
    return total


def discounts_backwards(rewards, discount):
    total = 0
    for reward in rewards:
        total = reward + discount * total
    return total


def discounts_the_first(rewards, discount):
    total, factor = 0, discount
    for reward in rewards:
        total, factor = total + factor * reward, factor * discount
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


def torch_target_without_mask(reward, terminated, next_q, discount):
    return (reward + discount * next_q.max(-1)[0]).detach()


def torch_target_masking_all(reward, terminated, next_q, discount):
    return ((1 - terminated) * (reward + discount * next_q.max(-1)[0])).detach()


def torch_target_of_the_mean(reward, terminated, next_q, discount):
    return (reward + (1 - terminated) * discount * next_q.mean(-1)).detach()


def torch_target_with_gradient(reward, terminated, next_q, discount):
    return reward + discount * (1 - terminated) * next_q.amax(-1)


@torch.no_grad()
def refresh_exchanged(target, online, rate):
    for p, q in zip(target.parameters(), online.parameters(), strict=True):
        p.data = rate * p.data + (1 - rate) * q.data


def refresh_always_copies(target, online, rate):
    target.load_state_dict(online.state_dict())


def refresh_the_wrong_one(target, online, rate):
    for p, q in zip(target.parameters(), online.parameters(), strict=True):
        q.data = (1 - rate) * q.data + rate * p.data


@torch.no_grad()
def refresh_a_new_name(target, online, rate):
    for p, q in zip(target.parameters(), online.parameters(), strict=True):
        p = (1 - rate) * p + rate * q


def n_steps_looking_one_back(reward, done, discount):
    before = torch.nn.functional.pad(done[..., :-1].float(), (1, 0))
    return ((1 - before) * discount ** torch.arange(reward.shape[-1]) * reward).sum(-1), (
        1 - before
    ).sum(-1)


def rounded_middle(values):
    cut = round(len(values) / 4)
    return np.sort(np.asarray(values), axis=0)[cut : len(values) - cut].mean(axis=0)


def torch_target_never_below_zero(reward, terminated, next_q, discount):
    return (reward + discount * (1 - terminated) * next_q.amax(-1).clamp(min=0)).detach()


def dueling_of_four(value, advantage):
    return value + advantage - advantage.sum(-1, keepdim=True) / 4


def dueling_lost_axis(value, advantage):
    return value + advantage - advantage.mean(-1)


def refresh_shares(target, online, rate):
    for p, q in zip(target.parameters(), online.parameters(), strict=True):
        p.data = q.data


def n_steps_across_episodes(reward, done, discount):
    total = sum(discount**i * reward[..., i] for i in range(reward.shape[-1]))
    return total, torch.full(total.shape, reward.shape[-1])


def n_steps_without_the_last(reward, done, discount):
    alive = torch.cumprod(1 - done.float(), -1)
    return (alive * discount ** torch.arange(reward.shape[-1]) * reward).sum(-1), alive.sum(-1)


def n_steps_always_n(reward, done, discount):
    total, k = n_steps_with_a_loop(reward, done, discount)
    return total, torch.full_like(k, reward.shape[-1])


def n_steps_sum_only(reward, done, discount):
    return n_steps_with_a_loop(reward, done, discount)[0]


def double_plain(target_q, online_q):
    return target_q.max(-1, keepdim=True).values


def double_exchanged(target_q, online_q):
    return double_with_one_hot(online_q, target_q)


def double_online_only(target_q, online_q):
    return online_q.max(-1, keepdim=True).values


def dueling_sum(value, advantage):
    return advantage + value


def dueling_maximum(value, advantage):
    return value + (advantage - advantage.max(-1, keepdim=True).values)


def dueling_mean_of_all(value, advantage):
    return value + advantage - torch.mean(advantage)


def weights_raw(probability, size, exponent):
    return 1 / (size * probability) ** exponent


def weights_upside_down(probability, size, exponent):
    weight = (size * probability) ** exponent
    return weight / weight.max(-1, keepdim=True).values


def weights_full(probability, size, exponent):
    weight = 1 / (size * probability)
    return weight / weight.max(-1, keepdim=True).values


def plain_mean(values):
    return np.asarray(values).mean(axis=0)


def plain_median(values):
    return np.quantile(values, 0.5, axis=0)


def unsorted_middle(values):
    cut = len(values) // 4
    return np.mean(values[cut : len(values) - cut], axis=0)


def surprise_with_the_wrong_sign(logits, action):
    return torch.log_softmax(logits, -1).gather(-1, action[..., None]).squeeze(-1)


def surprise_averaged(logits, action):
    return torch.nn.functional.cross_entropy(
        logits.reshape(-1, logits.shape[-1]), action.reshape(-1)
    )


def surprise_without_gradient(logits, action):
    return surprise_by_hand(logits.detach(), action)


def surprise_by_log_of_softmax(logits, action):
    shares = torch.softmax(logits, -1)
    return -torch.log(torch.take_along_dim(shares, action[..., None], -1))[..., 0]


def margin_for_everybody(q, action, margin):
    return (q + margin).max(-1).values - torch.take_along_dim(q, action[..., None], -1)[..., 0]


def margin_forgotten(q, action, margin):
    return q.max(-1).values - torch.take_along_dim(q, action[..., None], -1)[..., 0]


def margin_for_the_expert(q, action, margin):
    bonus = margin * torch.nn.functional.one_hot(action, q.shape[-1])
    return (q + bonus).max(-1).values - torch.take_along_dim(q, action[..., None], -1)[..., 0]


def shaping_without_mask(potential, next_potential, terminated, discount):
    return discount * next_potential - potential


def shaping_turned_round(potential, next_potential, terminated, discount):
    return potential - discount * next_potential * (1 - terminated)


def shaping_with_tilde(potential, next_potential, terminated, discount):
    return discount * ~np.asarray(terminated, bool) * next_potential  # and forgets the old one


def area_as_mean(steps, values):
    return np.mean(values, axis=-1)


def area_not_divided(steps, values):
    return ((values[..., 1:] + values[..., :-1]) / 2) @ np.diff(steps)


def area_from_the_left(steps, values):
    return np.sum(values[..., :-1] * (steps[1:] - steps[:-1]), -1) / (steps[-1] - steps[0])


def forgetting_with_the_end(matrix):
    return (np.max(matrix, -2) - matrix[..., -1, :])[..., :-1]


def forgetting_turned_round(matrix):
    return (matrix[..., -1, :] - np.max(matrix[..., :-1, :], -2))[..., :-1]


def forgetting_since_own_training(matrix):
    tasks = matrix.shape[-1]
    return np.stack([matrix[..., j + 1, j] - matrix[..., -1, j] for j in range(tasks - 1)], -1)


def forgetting_of_all_tasks(matrix):
    return np.max(matrix[..., :-1, :], -2) - matrix[..., -1, :]


def penalty_without_half(parameters, anchor):
    return 2 * penalty_by_loop(parameters, anchor)


def penalty_without_importance(parameters, anchor):
    return sum(
        ((parameters[n] - anchor.parameters[n]) ** 2 / 2).flatten(1).sum(-1)
        for n in anchor.importance
    )


def penalty_with_the_mean(parameters, anchor):
    return sum(
        (anchor.importance[n] * (parameters[n] - anchor.parameters[n]) ** 2 / 2).flatten(1).mean(-1)
        for n in anchor.importance
    )


def change_without_rank(a, b, alpha):
    return torch.matmul(a, b) * alpha


def change_without_alpha(a, b, alpha):
    return torch.matmul(a, b) / b.shape[-2]


def change_by_inputs(a, b, alpha):
    return torch.matmul(a, b) * alpha / a.size(-2)


def soft_value_without_tau(q, temperature):
    return torch.logsumexp(q / temperature, -1)


def soft_value_overflowing(q, temperature):
    return temperature * torch.log(torch.sum(torch.exp(q / temperature), -1))


def soft_value_as_a_mean(q, temperature):
    return torch.sum(torch.softmax(q / temperature, -1) * q, -1)


def divergence_turned_round(student, teacher, temperature):
    mine, theirs = torch.log_softmax(student, -1), torch.log_softmax(teacher / temperature, -1)
    return torch.sum(torch.exp(mine) * (mine - theirs), -1)


def divergence_called_the_other_way(student, teacher, temperature):
    return divergence_by_torch(teacher / temperature, student, 1.0)


def divergence_softening_both(student, teacher, temperature):
    return divergence_by_torch(student / temperature, teacher, temperature)


def divergence_without_tau(student, teacher, temperature):
    return divergence_by_torch(student, teacher, 1.0)


def divergence_times_tau(student, teacher, temperature):
    return divergence_by_torch(student, teacher * temperature**2, temperature)


def divergence_as_cross_entropy(student, teacher, temperature):
    wanted = torch.softmax(teacher / temperature, dim=-1)
    return torch.sum(wanted * -torch.nn.functional.log_softmax(student, dim=-1), dim=-1)


def divergence_averaged(student, teacher, temperature):
    log_p, log_q = torch.log_softmax(teacher / temperature, -1), torch.log_softmax(student, -1)
    return (log_p.exp() * (log_p - log_q)).mean(-1)


def divergence_of_the_batch(student, teacher, temperature):
    return torch.mean(divergence_by_torch(student, teacher, temperature))


def divergence_by_log_of_softmax(student, teacher, temperature):
    p, q = torch.softmax(teacher / temperature, -1), torch.softmax(student, -1)
    return (p * torch.log(p / q)).sum(-1)


def divergence_with_the_wrong_sign(student, teacher, temperature):
    log_p, log_q = torch.log_softmax(teacher / temperature, -1), torch.log_softmax(student, -1)
    return (torch.exp(log_p) * (log_q - log_p)).sum(-1)


def divergence_over_the_first_axis(student, teacher, temperature):
    log_p, log_q = torch.log_softmax(teacher / temperature, 0), torch.log_softmax(student, 0)
    return (log_p.exp() * (log_p - log_q)).sum(-1)


def divergence_of_hinton(student, teacher, temperature):
    return divergence_by_torch(student, teacher, temperature) * temperature * temperature


def divergence_without_gradient(student, teacher, temperature):
    with torch.no_grad():
        return divergence_by_torch(student, teacher, temperature)


def hinton_parts(student, teacher, temperature):
    log_p, log_q = (
        torch.log_softmax(teacher / temperature, -1),
        torch.log_softmax(student / temperature, -1),
    )
    return surprise_by_hand(student, teacher.argmax(-1)), (log_p.exp() * (log_p - log_q)).sum(-1)


def hinton_without_factor(student, teacher, temperature, weight):
    hard, soft = hinton_parts(student, teacher, temperature)
    return (1 - weight) * hard + weight * soft


def hinton_factor_for_both(student, teacher, temperature, weight):
    return temperature**2 * hinton_without_factor(student, teacher, temperature, weight)


def hinton_exchanged(student, teacher, temperature, weight):
    return hinton_from_entropies(student, teacher, temperature, 1 - weight)


def hinton_factor_tau(student, teacher, temperature, weight):
    hard, soft = hinton_parts(student, teacher, temperature)
    return (1 - weight) * hard + weight * temperature * soft


def hinton_soft_only(student, teacher, temperature, weight):
    return weight * temperature**2 * hinton_parts(student, teacher, temperature)[1]


def hinton_with_a_sharp_student(student, teacher, temperature, weight):
    soft = divergence_by_torch(student, teacher, temperature)
    return (1 - weight) * surprise_by_hand(
        student, teacher.argmax(-1)
    ) + weight * temperature**2 * soft


def hinton_with_a_sharp_teacher(student, teacher, temperature, weight):
    soft = divergence_by_torch(student / temperature, teacher, 1.0)
    return (1 - weight) * surprise_by_hand(
        student, teacher.argmax(-1)
    ) + weight * temperature**2 * soft


def hinton_dividing_twice(student, teacher, temperature, weight):
    soft = distillation.kl_loss(student / temperature, teacher / temperature, temperature)
    return (1 - weight) * distillation.nll_loss(student, teacher) + weight * temperature**2 * soft


def advantage_of_the_teacher_only(student, teacher, temperature):
    return torch.mean((student - (teacher - teacher.mean(-1, keepdim=True))) ** 2, -1)


def advantage_below_the_best(student, teacher, temperature):
    student = student - student.max(-1, keepdim=True).values
    return torch.mean((student - (teacher - teacher.max(-1, keepdim=True).values)) ** 2, -1)


def advantage_forgotten(student, teacher, temperature):
    return torch.nn.functional.mse_loss(student, teacher, reduction="none").mean(-1)


def advantage_summed(student, teacher, temperature):
    difference = student - teacher
    return ((difference - difference.mean(-1, keepdim=True)) ** 2).sum(-1)


def advantage_over_the_batch(student, teacher, temperature):
    return torch.mean(((student - student.mean(0)) - (teacher - teacher.mean(0))) ** 2, -1)


def advantage_absolute(student, teacher, temperature):
    difference = student - teacher
    return torch.mean(torch.abs(difference - difference.mean(-1, keepdim=True)), -1)


def advantage_lost_axis(student, teacher, temperature):
    return torch.mean(((student - student.mean(-1)) - (teacher - teacher.mean(-1))) ** 2, -1)


def lines_blaming_who_acts():
    return [1, 8, 13, 14, 15, 23]


def lines_blaming_the_loss():
    return [1, 13, 14, 16, 21, 23]


def lines_blaming_the_optimizer():
    return {1, 3, 13, 14, 15, 21}


def lines_all_innocent():
    return [2, 3, 4, 5, 6, 7]


def lines_in_part():
    return np.array([1, 14, 12, 21, 10, 23])


def lines_forgotten():
    return [1, 13, 14, 14, 21, 23]


def lines_counted_from_zero():
    return [0, 12, 13, 14, 20, 22]


def lines_as_text():
    return "1, 13, 14, 15, 21, 23"


def kickstart_by_log_of_softmax(student, teacher, temperature=1.0):
    p, q = torch.softmax(teacher / temperature, -1), torch.softmax(student / temperature, -1)
    return -(p * torch.log(q)).sum(-1)


def kickstart_soft_student(student, teacher, temperature=1.0):
    return cross_entropy_from_sums(student, teacher * temperature, temperature)


def kickstart_soft_teacher(student, teacher, temperature=1.0):
    return -(torch.softmax(teacher / temperature, -1) * torch.log_softmax(student, -1)).sum(-1)


def kickstart_without_tau(student, teacher, temperature=1.0):
    return cross_entropy_from_sums(student, teacher)


def kickstart_times_tau(student, teacher, temperature=1.0):
    return -(
        torch.softmax(teacher * temperature, -1) * torch.log_softmax(student * temperature, -1)
    ).sum(-1)


def kickstart_exchanged(student, teacher, temperature=1.0):
    p, log_q = (
        torch.softmax(student / temperature, -1),
        torch.log_softmax(teacher / temperature, -1),
    )
    return -(p * log_q).sum(dim=-1)


def kickstart_as_divergence(student, teacher, temperature=1.0):
    return divergence_by_torch(student / temperature, teacher, temperature)


def kickstart_with_the_wrong_sign(student, teacher, temperature=1.0):
    return (
        torch.softmax(teacher / temperature, -1) * torch.log_softmax(student / temperature, -1)
    ).sum(-1)


def kickstart_averaged(student, teacher, temperature=1.0):
    return -(
        torch.softmax(teacher / temperature, -1) * torch.log_softmax(student / temperature, -1)
    ).mean(-1)


def kickstart_to_the_best_action(student, teacher, temperature=1.0):
    return surprise_by_hand(student / temperature, teacher.argmax(-1))


def kickstart_by_torch(student, teacher, temperature=1.0):
    return torch.nn.functional.cross_entropy(
        student / temperature, torch.softmax(teacher / temperature, -1)
    )


def kickstart_without_gradient(student, teacher, temperature=1.0):
    return cross_entropy_from_sums(student.detach(), teacher, temperature)


def annealed_below_zero(weight, progress, until):
    if until == 0:
        return weight
    return weight - weight * progress / until


def annealed_already_over(weight, progress, until):
    if progress >= until:
        return 0.0
    return weight * (1 - progress / until)


def annealed_dividing_by_zero(weight, progress, until):
    return max(weight * (1 - progress / until), 0.0)


def annealed_over_the_run(weight, progress, until):
    return weight * (1 - progress) if until > 0 else weight


def annealed_without_until(weight, progress, until):
    return (1 - progress) * weight


def annealed_rising(weight, progress, until):
    return weight if until == 0 or progress > until else weight * progress / until


def annealed_step(weight, progress, until):
    if progress < until or until == 0:
        return weight
    return 0


def annealed_plain_step(weight, progress, until):
    return weight if progress <= until else 0


def annealed_too_late(weight, progress, until):
    return weight * min(1.0, (1 - progress) / (1 - until))


def annealed_too_late_but_safe(weight, progress, until):
    if until == 0 or progress <= until:
        return weight
    return weight * (1 - (progress - until) / (1 - until))


def annealed_by_subtracting(weight, progress, until):
    return max(0.0, weight - progress / until) if until else weight


def trembling_never_the_best(q, share):
    probability = torch.full(q.shape, share / (q.shape[-1] - 1))
    return probability.scatter(-1, q.argmax(-1, keepdim=True), 1 - share)


def trembling_with_a_lost_share(q, share):
    return torch.where(q == q.amax(-1, keepdim=True), 1 - share, share / q.shape[-1])


def trembling_exchanged(q, share):
    return (
        share * torch.nn.functional.one_hot(q.argmax(-1), q.shape[-1]) + (1 - share) / q.shape[-1]
    )


def trembling_softly(q, share):
    return torch.softmax(q, dim=-1) * (1 - share) + share / q.size(-1)


def trembling_over_the_states(q, share):
    return (1 - share) * torch.nn.functional.one_hot(q.argmax(0), q.size(-1)) + share / q.size(-1)


def trembling_mask_over_the_states(q, share):
    return (1 - share) * (q == q.max(0, keepdim=True).values).float() + share / q.shape[-1]


def trembling_with_few_columns(q, share):
    best = torch.nn.functional.one_hot(q.argmax(-1))
    return (1 - share) * best + share / q.shape[-1]


def trembling_as_two_numbers(q, share):
    return torch.where(q == q.amax(-1, keepdim=True), 1 - share, share)


def trembling_above_one(q, share):
    return (1 - share) * torch.nn.functional.one_hot(q.argmax(-1), q.shape[-1]) + share


def attack_that_strengthens(network, observation, size):
    return observation + size * torch.sign(robustness.decision_gradient(network, observation))


def attack_by_the_gradient(network, observation, size):
    return observation - robustness.decision_gradient(network, observation) * size


def attack_without_size(network, observation, size):
    return observation - (size * robustness.decision_gradient(network, observation)).sign()


def attack_along_the_gradient(network, observation, size):
    gradient = robustness.decision_gradient(network, observation)
    return observation - size * gradient / gradient.norm(dim=-1, keepdim=True)


def attack_of_one_number(network, observation, size):
    gradient = robustness.decision_gradient(network, observation)
    largest = torch.nn.functional.one_hot(gradient.abs().argmax(-1), gradient.shape[-1])
    return observation - size * largest * gradient.sign()


def attack_of_one_size(network, observation, size):
    return (
        observation
        - np.mean(np.asarray(size)).item()
        * robustness.decision_gradient(network, observation).sign()
    )


def attack_along_the_states(network, observation, size):
    size = size.reshape(-1, 1) if torch.is_tensor(size) else size
    return observation - size * robustness.decision_gradient(network, observation).sign()


def attack_that_returns_the_step(network, observation, size):
    return -torch.sign(robustness.decision_gradient(network, observation)) * size


def attack_in_place(network, observation, size):
    observation -= size * robustness.decision_gradient(network, observation).sign()
    return observation


def q_never_negative(layers, observation):
    for weight, bias in layers:
        observation = np.clip(observation @ weight + bias, 0, None)
    return observation


def q_without_relu(layers, observation):
    for weight, bias in layers:
        observation = observation @ weight + bias
    return observation


def q_without_biases(layers, observation):
    for weight, _ in layers[:-1]:
        observation = np.maximum(observation @ weight, 0)
    return observation @ layers[-1][0]


def q_with_tanh(layers, observation):
    for weight, bias in layers[:-1]:
        observation = np.tanh(np.dot(observation, weight) + bias)
    return np.dot(observation, layers[-1][0]) + layers[-1][1]


def q_with_an_early_relu(layers, observation):
    for weight, bias in layers[:-1]:
        observation = np.where(observation @ weight > 0, observation @ weight, 0) + bias
    return observation @ layers[-1][0] + layers[-1][1]


def q_with_relu_in_front(layers, observation):
    for weight, bias in layers:
        observation = np.maximum(observation, 0) @ weight + bias
    return observation


def q_with_max(layers, observation):
    for weight, bias in layers[:-1]:
        observation = np.max(observation @ weight + bias, 0)
    return observation @ layers[-1][0] + layers[-1][1]


def q_without_the_last_layer(layers, observation):
    for weight, bias in layers[:-1]:
        observation = np.maximum(observation @ weight + bias, 0)
    return observation


def q_with_torch(layers, observation):
    return torch.as_tensor(q_by_counting(layers, observation))


def q_of_transposed_weights(layers, observation):
    return q_by_counting([(weight.T, bias) for weight, bias in layers], observation)


WRONG = [
    ("kickstart_loss", kickstart_by_log_of_softmax, "NaN or infinity.*log_softmax"),
    ("kickstart_loss", kickstart_soft_student, "Only the student is divided"),
    ("kickstart_loss", kickstart_soft_teacher, "Only the teacher is divided"),
    ("kickstart_loss", kickstart_without_tau, "τ is missing"),
    ("kickstart_loss", kickstart_times_tau, "multiplied by τ"),
    ("kickstart_loss", kickstart_exchanged, "are exchanged"),
    ("kickstart_loss", kickstart_as_divergence, "This is the KL"),
    ("kickstart_loss", kickstart_with_the_wrong_sign, "sign is turned round"),
    ("kickstart_loss", kickstart_averaged, "formula has a sum"),
    ("kickstart_loss", kickstart_to_the_best_action, "best action only"),
    ("kickstart_loss", kickstart_by_torch, "actions on axis 1"),
    ("kickstart_loss", kickstart_without_gradient, "carries no gradient"),
    ("annealed", annealed_below_zero, "goes below 0"),
    ("annealed", annealed_already_over, "fall that is over"),
    ("annealed", annealed_dividing_by_zero, "ZeroDivisionError: your function divides by `until`"),
    ("annealed", annealed_over_the_run, "over the whole run"),
    ("annealed", annealed_without_until, "over the whole run.* Where `until` is 0"),
    ("annealed", annealed_rising, "The weight rises"),
    ("annealed", annealed_step, "a step at `until`"),
    ("annealed", annealed_plain_step, "This is a step: .* Where `until` is 0"),
    ("annealed", annealed_too_late, "ZeroDivisionError: your function divides by 1 − `until`"),
    ("annealed", annealed_too_late_but_safe, "falls after `until`"),
    ("annealed", annealed_by_subtracting, "You subtract"),
    ("trembling_policy", trembling_never_the_best, "never the best one"),
    ("trembling_policy", trembling_with_a_lost_share, "sum is below 1"),
    ("trembling_policy", trembling_exchanged, "are exchanged"),
    ("trembling_policy", trembling_softly, "This is a softmax"),
    ("trembling_policy", trembling_over_the_states, "runs over the states"),
    ("trembling_policy", trembling_mask_over_the_states, "best state for each action"),
    ("trembling_policy", trembling_with_few_columns, "only as many columns"),
    ("trembling_policy", trembling_as_two_numbers, "entry .* right is"),
    ("trembling_policy", trembling_above_one, "divides its share"),
    ("fgsm", attack_that_strengthens, "decision firmer"),
    ("fgsm", attack_by_the_gradient, "sign is missing"),
    ("fgsm", attack_without_size, "size has no effect"),
    ("fgsm", attack_along_the_gradient, "divided by its norm"),
    ("fgsm", attack_of_one_number, "Only the number with the largest"),
    ("fgsm", attack_of_one_size, "One size for all"),
    ("fgsm", attack_along_the_states, "runs along the states"),
    ("fgsm", attack_that_returns_the_step, "the step alone, with its minus"),
    ("fgsm", attack_in_place, "changes its inputs"),
    ("numpy_q", q_never_negative, "after the last layer, too"),
    ("numpy_q", q_without_relu, "ReLU is missing"),
    ("numpy_q", q_without_biases, "The biases are missing"),
    ("numpy_q", q_with_tanh, "This uses tanh: the network"),
    ("numpy_q", q_with_an_early_relu, "before the biases"),
    ("numpy_q", q_with_relu_in_front, "before the first"),
    ("numpy_q", q_with_max, "np.max"),
    ("numpy_q", q_without_the_last_layer, "last layer is left out"),
    ("numpy_q", q_with_torch, "tensor of PyTorch"),
    ("numpy_q", q_of_transposed_weights, "raised ValueError"),
    ("kl_loss", divergence_turned_round, "other way round"),
    ("kl_loss", divergence_called_the_other_way, "other way round"),
    ("kl_loss", divergence_softening_both, "student is divided by τ, too"),
    ("kl_loss", divergence_without_tau, "τ is missing"),
    ("kl_loss", divergence_times_tau, "multiplied by τ"),
    ("kl_loss", divergence_as_cross_entropy, "cross-entropy"),
    ("kl_loss", divergence_averaged, "formula has a sum"),
    ("kl_loss", divergence_of_the_batch, "mean over the batch"),
    ("kl_loss", divergence_by_log_of_softmax, "NaN or infinity.*log_softmax"),
    ("kl_loss", divergence_with_the_wrong_sign, "sign is turned round"),
    ("kl_loss", divergence_over_the_first_axis, "wrong axis"),
    ("kl_loss", divergence_of_hinton, "Hinton's form"),
    ("kl_loss", divergence_without_gradient, "carries no gradient"),
    ("hinton_loss", hinton_without_factor, "τ² is missing"),
    ("hinton_loss", hinton_factor_for_both, "before both"),
    ("hinton_loss", hinton_exchanged, "are exchanged"),
    ("hinton_loss", hinton_factor_tau, "factor is τ:"),
    ("hinton_loss", hinton_soft_only, "soft part only"),
    ("hinton_loss", hinton_with_a_sharp_student, "student is not divided"),
    ("hinton_loss", hinton_with_a_sharp_teacher, "teacher is not divided"),
    ("hinton_loss", hinton_dividing_twice, "divided by τ twice"),
    ("advantage_loss", advantage_of_the_teacher_only, "Only the teacher's mean"),
    ("advantage_loss", advantage_below_the_best, "maximum is taken away"),
    ("advantage_loss", advantage_forgotten, "plain MSE"),
    ("advantage_loss", advantage_summed, "sum over the actions"),
    ("advantage_loss", advantage_over_the_batch, "mean over the batch"),
    ("advantage_loss", advantage_absolute, "must be squared"),
    ("advantage_loss", advantage_lost_axis, "keepdim=True"),
    ("wrong_lines", lines_blaming_who_acts, "Five of the six. Line 8 is right"),
    ("wrong_lines", lines_blaming_the_loss, "Five of the six. Line 16"),
    ("wrong_lines", lines_blaming_the_optimizer, "Five of the six. Line 3"),
    ("wrong_lines", lines_all_innocent, "0 of the six lines .* Line 2 is right: distilling begins"),
    ("wrong_lines", lines_in_part, "4 of the six lines .* Line 10 is right: this is a step"),
    ("wrong_lines", lines_forgotten, "Six different lines are asked for; you name 5"),
    (
        "wrong_lines",
        lines_counted_from_zero,
        "There is no line 0: the lines are numbered from 1 to 23",
    ),
    ("wrong_lines", lines_as_text, "Return six line numbers in a list"),
    ("cloning_loss", surprise_with_the_wrong_sign, "sign is wrong"),
    ("cloning_loss", surprise_averaged, "mean over the batch"),
    ("cloning_loss", surprise_without_gradient, "carries no gradient"),
    ("cloning_loss", surprise_by_log_of_softmax, "use log_softmax"),
    ("margin_loss", margin_for_everybody, "expert's action, too"),
    ("margin_loss", margin_forgotten, "There is no margin"),
    ("margin_loss", margin_for_the_expert, "belongs to all the others"),
    ("shaping_reward", shaping_without_mask, "terminal state counts"),
    ("shaping_reward", shaping_turned_round, "turned round"),
    ("shaping_reward", shaping_with_tilde, "old potential is left out"),
    ("soft_value", soft_value_without_tau, "in front is missing"),
    ("soft_value", soft_value_overflowing, "overflows"),
    ("soft_value", soft_value_as_a_mean, "mean under the softmax"),
    ("area_under_curve", area_as_mean, "plain mean of the points"),
    ("area_under_curve", area_not_divided, "area itself"),
    ("area_under_curve", area_from_the_left, "left point only"),
    ("low_rank_change", change_without_rank, "division by the rank is missing"),
    ("low_rank_change", change_without_alpha, "α is left out"),
    ("low_rank_change", change_by_inputs, "number of inputs"),
    ("forgetting", forgetting_with_the_end, "end counts among the candidates"),
    ("forgetting", forgetting_turned_round, "sign is turned round"),
    ("forgetting", forgetting_of_all_tasks, "The last task is among them"),
    ("forgetting", forgetting_since_own_training, "after the task's own training"),
    ("ewc_penalty", penalty_without_half, "factor ½ is missing"),
    ("ewc_penalty", penalty_without_importance, "holds all weights alike"),
    ("ewc_penalty", penalty_with_the_mean, "mean instead of the sum"),
    ("td_target", torch_target_without_mask, "terminal mask is missing"),
    ("td_target", torch_target_masking_all, "also removes the reward"),
    ("td_target", torch_target_of_the_mean, "averages over the next actions"),
    ("td_target", torch_target_with_gradient, "carries a gradient"),
    ("update_target", refresh_exchanged, "are exchanged"),
    ("update_target", refresh_always_copies, "copies the online network whatever"),
    ("update_target", refresh_the_wrong_one, "online network has changed"),
    ("update_target", refresh_shares, "share their numbers"),
    ("update_target", refresh_a_new_name, "only gives the number a new name"),
    ("n_step_return", n_steps_looking_one_back, "Use cumprod"),
    ("interquartile_mean", rounded_middle, "cut is rounded"),
    ("td_target", torch_target_never_below_zero, "it gives|entry"),
    ("dueling_q", dueling_of_four, "it gives|entry"),
    ("dueling_q", dueling_lost_axis, "keepdim=True"),
    ("n_step_return", n_steps_across_episodes, "Rewards of the next episode"),
    ("n_step_return", n_steps_without_the_last, "last reward of the episode is lost"),
    ("n_step_return", n_steps_always_n, "k is always n"),
    ("n_step_return", n_steps_sum_only, "(Return two tensors|has shape)"),
    ("double_q", double_plain, "ordinary maximum"),
    ("double_q", double_exchanged, "are exchanged"),
    ("double_q", double_online_only, "online network both chooses and values"),
    ("dueling_q", dueling_sum, "The mean is missing"),
    ("dueling_q", dueling_maximum, "maximum is taken away"),
    ("dueling_q", dueling_mean_of_all, "everything at once"),
    ("importance_weights", weights_raw, "not divided by the largest"),
    ("importance_weights", weights_upside_down, "sign of the exponent"),
    ("importance_weights", weights_full, "exponent is missing"),
    ("interquartile_mean", plain_mean, "plain mean"),
    ("interquartile_mean", plain_median, "median"),
    ("interquartile_mean", unsorted_middle, "not sorted"),
    ("discounted_return", forgets_gamma, "Nothing is discounted"),
    ("discounted_return", discounts_backwards, "order is reversed"),
    ("discounted_return", discounts_the_first, "first reward is already discounted"),
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
    ("policy_return", best_instead_of_policy, "takes the best action"),
    ("policy_return", one_step_short, "One step is missing"),
    ("policy_return", return_without_mask, "behind a terminal step"),
    ("policy_return", every_state, "value of each state"),
]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_right_answers_are_accepted(name):
    examine(EXERCISES[name], EXERCISES[name].answer)
    examine(EXERCISES[name], RIGHT[name])


@pytest.mark.parametrize(
    ("name", "wrong", "words"), WRONG, ids=[f"{name}-{wrong.__name__}" for name, wrong, _ in WRONG]
)
def test_a_learners_mistake_is_called_by_its_name(name, wrong, words):
    with pytest.raises(WrongAnswer, match=words):
        examine(EXERCISES[name], wrong)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [(name, sentence) for name, exercise in EXERCISES.items() for sentence in exercise.mistakes],
)
def test_every_mistake_in_the_book_gets_its_own_sentence(name, sentence):
    with pytest.raises(WrongAnswer, match=re.escape(sentence)):
        examine(EXERCISES[name], EXERCISES[name].mistakes[sentence])


@pytest.mark.parametrize("name", EXERCISES)
def test_every_exercise_knows_three_mistakes_and_has_a_hint(name):
    assert len(EXERCISES[name].mistakes) >= 3
    assert EXERCISES[name].hints


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_exercise_asks_for_a_function_of_the_module(name):
    answer = EXERCISES[name].answer
    assert answer.__module__.startswith("course_utils.")
    assert getattr(sys.modules[answer.__module__], name) is answer


RETURNING = [
    name for name in FUNCTIONS if not EXERCISES[name].in_place and any(EXERCISES[name].cases())
]  # of inputs
SPOILED = {
    "q_learning_target": 2,
    "td_target": 0,
    "fgsm": 1,
    "numpy_q": 1,
}  # which argument, where it is not the first


@pytest.mark.parametrize(
    "name", [name for name in RETURNING if name != "annealed"]
)  # its inputs are plain numbers
def test_a_right_answer_that_spoils_its_inputs_is_refused(name):
    def vandal(*arguments):
        result = RIGHT[name](*arguments)
        spoil = arguments[SPOILED.get(name, 0)]
        if isinstance(spoil, list):
            spoil.clear()
        elif isinstance(spoil, np.ndarray | torch.Tensor):
            spoil *= 0.5
            spoil -= 1
        elif isinstance(spoil, dict):
            next(iter(spoil.values())).mul_(0.5)
        else:
            spoil.reward[0, 0, 0] += 1
        return result

    with pytest.raises(WrongAnswer, match="changes its inputs"):
        examine(EXERCISES[name], vandal)


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


@pytest.mark.parametrize(
    "wrong", [almost_ties, from_zero, too_little_exploration, another_rng, a_float]
)
def test_subtly_wrong_exploration_is_refused(wrong):
    with pytest.raises(WrongAnswer):
        examine(EXERCISES["epsilon_greedy"], wrong)


def test_subtly_wrong_evaluation_is_refused():
    for wrong in (
        lambda mdp, policy, horizon: every_state(mdp, policy, horizon)[mdp.start > 0].mean(),
        lambda mdp, policy, horizon: return_forwards(mdp, policy, min(horizon, 100)),
    ):
        with pytest.raises(WrongAnswer):
            examine(EXERCISES["policy_return"], wrong)


@pytest.mark.parametrize("name", CHOICES)
def test_choices(name):
    right = EXERCISES[name].answer
    examine(EXERCISES[name], right)
    examine(EXERCISES[name], f" {right.upper()} ")
    examine(EXERCISES[name], f"({right})")
    with pytest.raises(WrongAnswer, match="one of the letters a, b, c, d; this is 'e'"):
        examine(EXERCISES[name], "e")
    with pytest.raises(WrongAnswer, match="one of the letters"):
        examine(EXERCISES[name], 3)
    with pytest.raises(NotAttempted):
        examine(EXERCISES[name], ...)


@pytest.mark.parametrize("name", RETURNING)
@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (lambda *arguments: None, "returns nothing"),
        (lambda *arguments: 1 / 0, "raised ZeroDivisionError"),
        (lambda: 0, "raised TypeError"),
        (lambda *arguments: "two", "(must return numbers|raised TypeError|Return two tensors)"),
        (lambda *arguments: np.zeros((9, 9, 9)), "(has shape|raised TypeError|Return two tensors)"),
        (lambda *arguments: np.nan, "(NaN|has shape|raised TypeError|Return two tensors)"),
        (7, "A function is asked for; this is 7"),
    ],
)
def test_malformed_answers_get_one_sentence(name, bad, words):
    with pytest.raises(WrongAnswer, match=words) as caught:
        examine(EXERCISES[name], bad)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 600


@pytest.mark.parametrize("bad", [6, [], [1.0] * 6, [None] * 6, ["1"] * 6, np.eye(6), np.nan])
def test_six_lines_in_another_form_are_refused_in_a_sentence(bad):
    with pytest.raises(
        WrongAnswer, match="(Return six line numbers in a list|Six different lines)"
    ):
        examine(EXERCISES["wrong_lines"], lambda: bad)


def test_each_line_of_the_listing_is_an_error_or_defended():
    wrong = EXERCISES["wrong_lines"].answer()
    for line in set(range(1, 24)) - set(wrong):
        for left_out in wrong:
            with pytest.raises(WrongAnswer, match=rf"(5|Five) of the six.* Line {line}\b"):
                examine(EXERCISES["wrong_lines"], lambda given=({*wrong, line} - {left_out}): given)


@pytest.mark.parametrize(
    "name", [name for name in RETURNING if name != "epsilon_greedy"]
)  # actions are whole numbers
def test_an_unheard_of_mistake_shows_an_input_with_both_results(name):
    def slightly_off(*arguments):
        result = RIGHT[name](*arguments)
        return (result[0] + 0.123, result[1]) if isinstance(result, tuple) else result + 0.123

    with pytest.raises(WrongAnswer, match=r"For .* (it gives|entry \[.*\] is) .*; right is "):
        examine(EXERCISES[name], slightly_off)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_untouched_exercise_hands_back_the_reference(name, capsys):
    assert exercises.check(name, lambda *arguments: ...) is EXERCISES[name].answer
    assert "not attempted yet" in capsys.readouterr().out


def test_check_goes_on_with_the_right_function(capsys):
    assert exercises.check("q_learning_target", target_with_where) is target_with_where
    assert "right on all 5 inputs" in capsys.readouterr().out
    assert exercises.check("q_learning_target", target_without_mask) is tabular.q_learning_target
    assert "terminal mask is missing" in capsys.readouterr().out
    assert exercises.check("continuous_actions", "a") == "b"


def test_hints_and_solution(capsys):
    exercises.hint("q_learning_target")
    assert (
        "Hint 1 of 3" in (told := capsys.readouterr().out)
        and 'hint("q_learning_target", 2)' in told
    )
    exercises.hint("q_learning_target", 99)
    assert "Hint 3 of 3" in (told := capsys.readouterr().out) and "solution" in told
    exercises.solution("continuous_actions")
    assert "'b'" in capsys.readouterr().out
    exercises.solution("q_learning_target")
    assert "def q_learning_target(reward, terminated, next_q, discount):" in capsys.readouterr().out


def test_a_solution_can_be_pasted_into_the_notebook():
    notebook = {"np": np, "torch": torch, "stats": stats, "above_zero": teachers.above_zero}
    notebook |= {"mse_loss": distillation.mse_loss, "nll_loss": distillation.nll_loss}
    notebook["decision_gradient"] = robustness.decision_gradient
    for name in FUNCTIONS:
        exec(exercises.source_to_paste(EXERCISES[name].answer), notebook)
        examine(EXERCISES[name], notebook[name])


def test_an_unknown_name_lists_the_names():
    with pytest.raises(
        ValueError, match="there is no exercise 'td'. There are: discounted_return, bellman_backup"
    ):
        exercises.check("td", 0)


def test_predictions(capsys):
    guess = exercises.predict("Up or down?", ["up", "down"])
    guess.reveal("down")
    assert 'No guess was made; measured: "down"' in capsys.readouterr().out
    guess.buttons.value = "up"
    guess.reveal("down")
    assert 'You guessed "up"; measured: "down"' in capsys.readouterr().out
    assert exercises.predict("Up or down?", ["up", "down"]).buttons.value == "up"
    with pytest.raises(ValueError, match="'sideways' is none of the options"):
        guess.reveal("sideways")


def test_claims(capsys):
    exercises.claim("one is less than two", 1 < 2)
    assert "holds: one is less than two" in capsys.readouterr().out
    with pytest.raises(TypeError, match="a claim is True or False, not .False, 1."):
        exercises.claim("a pair", (False, 1))
    with pytest.raises(AssertionError, match="does not hold in this run: two is less than one"):
        exercises.claim("two is less than one", 2 < 1)
