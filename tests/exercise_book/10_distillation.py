"""Answers to notebook 10: a right one in another form, and wrong ones as learners write them."""

import numpy as np
import torch
from torch.nn import functional as F

from course_utils import losses
from tests.exercise_book.by_hand import divergence_by_torch, surprise_by_hand


def hinton_from_entropies(student, teacher, temperature=1.0, weight=0.9):
    soft = torch.distributions.Categorical(logits=teacher / temperature)
    cross = -(soft.probs * (student / temperature).log_softmax(-1)).sum(-1)
    best = F.one_hot(teacher.argmax(-1), teacher.shape[-1])
    hard = -(best * student.log_softmax(-1)).sum(-1)
    return hard + weight * (temperature * temperature * (cross - soft.entropy()) - hard)


def variance_of_the_difference(student, teacher, temperature=1):
    return (student - teacher).var(-1, unbiased=False)


def six_in_a_tuple():
    return 23, 21, 15, np.int64(14), 13, 1


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
    return torch.sum(wanted * -F.log_softmax(student, dim=-1), dim=-1)


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
    soft = losses.kl_loss(student / temperature, teacher / temperature, temperature)
    return (1 - weight) * losses.nll_loss(student, teacher) + weight * temperature**2 * soft


def advantage_of_the_teacher_only(student, teacher, temperature):
    return torch.mean((student - (teacher - teacher.mean(-1, keepdim=True))) ** 2, -1)


def advantage_below_the_best(student, teacher, temperature):
    student = student - student.max(-1, keepdim=True).values
    return torch.mean((student - (teacher - teacher.max(-1, keepdim=True).values)) ** 2, -1)


def advantage_forgotten(student, teacher, temperature):
    return F.mse_loss(student, teacher, reduction="none").mean(-1)


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


RIGHT = {
    "kl_loss": divergence_by_torch,
    "hinton_loss": hinton_from_entropies,
    "advantage_loss": variance_of_the_difference,
    "wrong_lines": six_in_a_tuple,
}

WRONG = [
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
    (
        "wrong_lines",
        lines_forgotten,
        "Return six different line numbers, .* this is .1, 13, 14, 14",
    ),
    (
        "wrong_lines",
        lines_counted_from_zero,
        "Return six different line numbers, from 1 to 23.* this is .0",
    ),
    ("wrong_lines", lines_as_text, "Return six different line numbers, .* in a list"),
]
