"""Answers to notebook 11: a right one in another form, and wrong ones as learners write them."""

import torch
from torch.nn import functional as F

from tests.exercise_book.by_hand import divergence_by_torch, surprise_by_hand


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
    return probability


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
    return F.cross_entropy(student / temperature, torch.softmax(teacher / temperature, -1))


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
    return share * F.one_hot(q.argmax(-1), q.shape[-1]) + (1 - share) / q.shape[-1]


def trembling_softly(q, share):
    return torch.softmax(q, dim=-1) * (1 - share) + share / q.size(-1)


def trembling_over_the_states(q, share):
    return (1 - share) * F.one_hot(q.argmax(0), q.size(-1)) + share / q.size(-1)


def trembling_mask_over_the_states(q, share):
    return (1 - share) * (q == q.max(0, keepdim=True).values).float() + share / q.shape[-1]


def trembling_with_few_columns(q, share):
    best = F.one_hot(q.argmax(-1))
    return (1 - share) * best + share / q.shape[-1]


def trembling_as_two_numbers(q, share):
    return torch.where(q == q.amax(-1, keepdim=True), 1 - share, share)


def trembling_above_one(q, share):
    return (1 - share) * F.one_hot(q.argmax(-1), q.shape[-1]) + share


RIGHT = {
    "kickstart_loss": cross_entropy_from_sums,
    "annealed": annealed_with_if,
    "trembling_policy": trembling_by_filling,
}

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
    ("annealed", annealed_dividing_by_zero, "ZeroDivisionError.*Ask for that case first"),
    ("annealed", annealed_over_the_run, "over the whole run"),
    ("annealed", annealed_without_until, "over the whole run.* Where `until` is 0"),
    ("annealed", annealed_rising, "The weight rises"),
    ("annealed", annealed_step, "a step at `until`"),
    ("annealed", annealed_plain_step, "This is a step: .* Where `until` is 0"),
    ("annealed", annealed_too_late, "ZeroDivisionError.*0.3, 1.0.*Ask for that case first"),
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
]
