"""Right answers in many styles: written out, and made from a right one without changing its sense.

STYLES: by the exercise's name, answers with other names of arguments, as somebody else writes them.
"""

import ast
import copy
import functools
import inspect
import math
import textwrap

import numpy as np
import torch
from torch.nn import functional as F

from course_utils.distil.robust import decision_gradient
from course_utils.losses import nll_loss


def target_by_ifs(r, end, q, g):
    if np.ndim(r) == 0:
        return r if end else r + g * max(q)
    return np.array([target_by_ifs(*one, g) for one in zip(r, end, q, strict=True)])


def backup_by_states(world, v, g):
    rows = []
    for s in range(len(world.start)):
        after = np.where(world.terminated[s], 0.0, v[world.next_state[s]])
        rows.append(np.einsum("ak,ak->a", world.probability[s], world.reward[s] + g * after))
    return np.stack(rows)


def sum_of_rewards_by_rows(r, done, g):
    if r.ndim > 1:
        pairs = [sum_of_rewards_by_rows(*one, g) for one in zip(r, done, strict=True)]
        return torch.stack([a for a, _ in pairs]), torch.stack([b for _, b in pairs])
    total, k = torch.tensor(0.0), 0
    for reward, ended in zip(r, done, strict=True):
        total, k = total + g**k * reward, k + 1
        if ended:
            break
    return total, torch.tensor(k)


def discounted_by_matmul(r, done, g):
    before = F.pad(done.cumsum(-1), (1, -1)) if done.shape[-1] > 1 else 0 * done
    counts = (before == 0).double()
    return [(counts * r) @ g ** torch.arange(r.shape[-1]).double(), counts.sum(-1)]


def greedy_by_loop(values, e, stream):
    if stream.random() > e:
        best = [a for a in range(len(values)) if values[a] == max(values)]
        return best[stream.integers(len(best))]
    return stream.integers(0, len(values))


def greedy_by_probabilities(values, e, stream):
    top = values == values.max()
    return stream.choice(len(values), p=(1 - e) * top / top.sum() + e / len(values))


def move_by_data(slow, fast, share):
    for p, q in zip(slow.parameters(), fast.parameters(), strict=True):
        p.data.mul_(1 - share).add_(share * q.data)


def move_above_the_dots(target, online, rate):
    with torch.no_grad():
        for p, q in zip(target.parameters(), online.parameters(), strict=True):
            p.copy_((1 - rate) * p + rate * q)
    return ...


def move_by_names(target, online, rate):
    theirs = dict(online.named_parameters())
    for name, p in target.named_parameters():
        p.data += rate * (theirs[name].data - p.data)
    return target


def middle_by_sorting(x):
    n, x = len(x), np.sort(x, 0)
    return x[n // 4 : n - n // 4].sum(0) / (n - 2 * (n // 4))


def surprise_by_rows(scores, chosen):
    if scores.ndim == 1:
        return torch.logsumexp(scores, 0) - scores[chosen]
    return torch.stack([surprise_by_rows(*one) for one in zip(scores, chosen, strict=True)])


def margin_by_mask(q, expert, extra=0.8):
    own = torch.arange(q.shape[-1]) == expert.unsqueeze(-1)
    return torch.where(own, q, q + extra).amax(-1) - (q * own).sum(-1)


def margin_by_rows(values, a, m=0.8):
    if values.ndim > 1:
        return torch.stack([margin_by_rows(*one, m) for one in zip(values, a, strict=True)])
    other = torch.stack([v if i == a else v + m for i, v in enumerate(values)])
    return other.max() - values[a]


def area_by_numpy(t, y):
    return np.asarray(np.sum((y[..., :-1] + y[..., 1:]) * np.diff(t), -1) / 2 / (t[-1] - t[0]))


def penalty_one_by_one(now, old):
    parts = []
    for name, held in old.importance.items():
        squares = held * torch.square(now[name] - old.parameters[name])
        parts.append(squares.sum(dim=tuple(range(1, squares.ndim))))
    return torch.stack(parts).sum(0).mul(0.5)


def lost_by_loop(m):
    tasks = m.shape[-1] - 1
    lost = [m[..., :-1, j].max(axis=-1) - m[..., -1, j] for j in range(tasks)]
    return np.stack(lost, axis=-1)


def trembling_by_eye(q, s):
    n = q.shape[-1]
    return torch.eye(n)[q.argmax(-1)] * (1 - s) + torch.full((n,), s / n)


def trembling_by_scatter(values, part):
    n = values.size(-1)
    chance = torch.full_like(values, part / n)
    return chance.scatter_add(
        -1, values.argmax(-1, keepdim=True), torch.full_like(values, 1 - part)
    )


def attack_by_steps(net, seen, size):
    direction = decision_gradient(net, seen)
    return seen - size * ((direction > 0).float() - (direction < 0).float())


def values_by_matmul(pairs, x):
    for w, b in pairs[:-1]:
        x = np.matmul(x, w) + b
        x = np.where(x > 0, x, 0)
    w, b = pairs[-1]
    return x @ w + b


def convolve_place_by_place(x, w, step=1):
    k, (high, wide) = len(w), x.shape[-2:]
    rows = []
    for i in range(0, high - k + 1, step):
        places = range(0, wide - k + 1, step)
        row = [(x[..., i : i + k, j : j + k] * w).sum(dim=(-1, -2)) for j in places]
        rows.append(torch.stack(row, -1))
    return torch.stack(rows, -2)


def moved_pixel_by_pixel(x, y, z):
    result, (high, wide) = x.clone(), x.shape[-2:]
    for lead in np.ndindex(*x.shape[:-2]):
        for i in range(high):
            for j in range(wide):
                a = min(max(i - int(y[lead]), 0), high - 1)
                b = min(max(j - int(z[lead]), 0), wide - 1)
                result[(*lead, i, j)] = x[(*lead, a, b)]
    return result


def shielded_by_place(a, s, made, b):
    asked = np.take_along_axis(made, np.minimum(a, 9)[..., None], -1).squeeze(-1)
    no = np.logical_or((a < 10) & asked, (a == 10) & (s > b))
    return np.where(no, np.where(np.all(made, -1), 11, np.argmax(~made, -1)), a)


def shielded_with_a_wall(a, s, made, b):
    left = np.concatenate([~made, np.ones((*a.shape, 2), bool)], -1)  # the words are always left
    allowed = np.take_along_axis(left, a[..., None], -1)[..., 0]
    allowed &= ~((a == 10) & (s > b))
    first = left[..., [*range(10), 11]].argmax(-1)
    return a * allowed + (first + (first == 10)) * ~allowed


def crossed_by_logsumexp(s, t, tau=1.0):
    return torch.logsumexp(s / tau, -1) - ((t / tau).softmax(-1) * s).sum(-1) / tau


def log_p(x, t=1.0):
    return x / t - torch.logsumexp(x / t, -1, keepdim=True)


STYLES = {
    "discounted_return": [
        lambda r, g: sum(x * g**t for t, x in enumerate(r)),
        lambda r, g: float(np.dot(r, g ** np.arange(len(r)))) if len(r) else 0.0,
        lambda r, g: np.float32(sum(math.pow(g, t) * x for t, x in enumerate(r))),
        lambda r, g: functools.reduce(lambda total, x: x + g * total, reversed(r), 0.0),
        lambda r, g: np.sum(np.array([g**t * x for t, x in enumerate(r)])),
        lambda r, g: np.polyval(r[::-1], g) if len(r) else 0,
    ],
    "bellman_backup": [
        backup_by_states,
        lambda m, v, g: np.einsum(
            "sak,sak->sa", m.probability, m.reward + g * np.where(m.terminated, 0, v[m.next_state])
        ),
        lambda m, v, g: (
            (m.probability * m.reward).sum(2)
            + g * (m.probability * ~m.terminated * v[m.next_state]).sum(2)
        ),
        lambda m, v, g: np.average(
            m.reward + g * v[m.next_state] * np.logical_not(m.terminated),
            axis=-1,
            weights=m.probability,
        ),
        lambda m, v, g: backup_by_states(m, v, g).astype("float32"),
    ],
    "q_learning_target": [
        target_by_ifs,
        lambda r, d, q, g: r + g * np.where(d, 0, np.max(q, axis=-1)),
        lambda r, d, q, g: r + g * np.amax(q, -1) * np.logical_not(d),
        lambda r, d, q, g: np.asarray(r + (1.0 - d) * g * q.max(axis=q.ndim - 1)),
        lambda r, d, q, g: np.where(d, r, r + g * np.sort(q, -1)[..., -1]),
        lambda r, d, q, g: np.float32(r + g * (1 - np.asarray(d)) * q.max(-1)),
    ],
    "epsilon_greedy": [greedy_by_loop, greedy_by_probabilities],
    "policy_return": [
        lambda m, p, n: functools.reduce(
            lambda v, _: (p * backup_by_states(m, v, 1.0)).sum(1), range(n), 0 * m.start
        ).dot(m.start)
    ],
    "td_target": [
        lambda r, d, q, g: (r + g * (1 - d) * q.max(-1)[0]).detach(),
        lambda r, d, q, g: r.detach() + g * (1 - d.detach()) * q.detach().amax(dim=-1),
        lambda r, d, q, g: torch.where(d.bool(), r, r + g * q.max(dim=-1).values).detach(),
        lambda r, d, q, g: torch.addcmul(r, g * (1 - d), q.max(-1).values).detach(),
        lambda r, d, q, g: (r + g * (1 - d) * q.double().amax(-1)).detach(),
        lambda r, d, q, g: (r + g * (d == 0) * q.sort(-1).values[..., -1]).clone().detach(),
    ],
    "update_target": [move_by_data, move_above_the_dots, move_by_names],
    "n_step_return": [
        sum_of_rewards_by_rows,
        lambda r, d, g: (
            (r * g ** torch.arange(r.shape[-1]) * (d.cumsum(-1) - d.long() == 0)).sum(-1),
            (d.cumsum(-1) - d.long() == 0).sum(-1),
        ),
        discounted_by_matmul,
    ],
    "double_q": [
        lambda slow, fast: torch.take_along_dim(slow, fast.argmax(-1, keepdim=True), -1),
        lambda slow, fast: slow.gather(-1, fast.max(-1).indices.unsqueeze(-1)),
        lambda slow, fast: (slow * F.one_hot(fast.argmax(-1), fast.shape[-1])).sum(-1)[..., None],
        lambda slow, fast: slow.gather(slow.ndim - 1, fast.topk(1, -1).indices).double(),
    ],
    "dueling_q": [
        lambda v, a: v + (a - a.mean(dim=-1, keepdim=True)),
        lambda v, a: (v - a.mean(-1)[..., None]) + a,
        lambda v, a: torch.add(v, a).sub(torch.mean(a, -1, True)),
        lambda v, a: v.double() + a - a.double().mean(-1, keepdim=True),
        lambda v, a: a + (v - a.sum(-1, keepdim=True) / a.size(-1)),
    ],
    "importance_weights": [
        lambda p, n, b: (p / p.amin(-1, keepdim=True)) ** -b,
        lambda p, n, b: (p.min(-1, keepdim=True).values / p) ** b,
        lambda p, n, b: (1 / (n * p)).pow(b) / (1 / (n * p)).pow(b).max(-1, keepdim=True)[0],
        lambda p, n, b: torch.exp(b * (p.log().amin(-1, keepdim=True) - p.log())),
        lambda p, n, b: (p.double() * n) ** -b / ((p.double() * n) ** -b).amax(-1, True),
    ],
    "interquartile_mean": [
        middle_by_sorting,
        lambda x: np.mean(np.sort(x, axis=0)[int(len(x) / 4) : len(x) - int(len(x) / 4)], axis=0),
        lambda x: np.sort(x, 0)[(len(x) // 4) : -(len(x) // 4) or None].mean(0),
        lambda x: np.float32(middle_by_sorting(np.array(x))),
    ],
    "cloning_loss": [
        surprise_by_rows,
        lambda x, a: torch.logsumexp(x, -1) - x.gather(-1, a.unsqueeze(-1)).squeeze(-1),
        lambda x, a: F.cross_entropy(
            x.reshape(-1, x.shape[-1]), a.reshape(-1), reduction="none"
        ).view(a.shape),
        lambda x, a: -(F.one_hot(a, x.shape[-1]) * x.log_softmax(-1)).sum(-1),
        lambda x, a: -torch.distributions.Categorical(logits=x).log_prob(a),
        lambda x, a: F.nll_loss(
            torch.log_softmax(x, -1).reshape(-1, x.shape[-1]), a.flatten(), reduction="none"
        ).reshape(a.shape),
        lambda x, a: -x.double().log_softmax(-1).take_along_dim(a[..., None], -1)[..., 0],
    ],
    "margin_loss": [
        margin_by_mask,
        margin_by_rows,
        lambda q, a, m=0.8: (
            (q + m * (1 - F.one_hot(a, q.shape[-1]).float())).max(-1).values
            - q.take_along_dim(a[..., None], -1).squeeze(-1)
        ),
        lambda q, a, m=0.8: (
            q - q.gather(-1, a[..., None]) + m - m * F.one_hot(a, q.shape[-1])
        ).amax(-1),
    ],
    "shaping_reward": [
        lambda p, q, d, g: g * q * (1 - d) - p,
        lambda p, q, d, g: -p + (1.0 - d) * (g * q),
        lambda p, q, d, g: (d == 0) * g * q - p,
        lambda p, q, d, g: g * q - g * q * d - p,
    ],
    "soft_value": [
        lambda q, t: t * torch.logsumexp(q / t, dim=-1),
        lambda q, t: t * torch.log(torch.exp((q - q.amax(-1, True)) / t).sum(-1)) + q.amax(-1),
        lambda q, t: torch.logsumexp(q.double() / t, -1).mul(t),
        lambda q, t: q.max(-1)[0] - t * (q / t).log_softmax(-1).max(-1)[0],
    ],
    "area_under_curve": [
        area_by_numpy,
        lambda t, y: 0.5 * (y[..., :-1] + y[..., 1:]) @ (np.diff(t) / (t[-1] - t[0])),
        lambda t, y: np.average((y[..., 1:] + y[..., :-1]) / 2, axis=-1, weights=t[1:] - t[:-1]),
        lambda t, y: (
            sum((t[i] - t[i - 1]) * (y[..., i] + y[..., i - 1]) / 2 for i in range(1, len(t)))
            / (t[-1] - t[0])
        ),
    ],  # fmt: skip
    "low_rank_change": [
        lambda a, b, s: torch.matmul(a, b) * s / a.size(-1),
        lambda a, b, s: (s * a) @ b / b.shape[-2],
        lambda a, b, s: torch.einsum("...ir,...ro->...io", a, b) * s / a.shape[-1],
        lambda a, b, s: (a.unsqueeze(-1) * b.unsqueeze(-3)).sum(-2) * (s / a.shape[-1]),
        lambda a, b, s: (a.double() @ b.double()) * (s / a.shape[-1]),
    ],
    "forgetting": [
        lost_by_loop,
        lambda m: (np.max(m[..., :-1, :], axis=-2) - m[..., -1, :])[..., :-1],
        lambda m: np.amax(m[..., :-1, :-1], -2) - m[..., -1, :-1],
        lambda m: (m[..., :-1, :-1] - m[..., -1:, :-1]).max(axis=-2),
    ],
    "ewc_penalty": [
        penalty_one_by_one,
        lambda now, old: sum(
            (f / 2 * (now[n] - old.parameters[n]).pow(2)).reshape(len(f), -1).sum(1)
            for n, f in old.importance.items()
        ),
        lambda now, old: (
            torch.cat(
                [
                    (old.importance[n] * (now[n] - old.parameters[n]) ** 2).flatten(1)
                    for n in old.importance
                ],
                -1,
            ).sum(-1)
            / 2
        ),
        lambda now, old: (
            0.5
            * sum(
                torch.einsum(
                    "sp,sp->s",
                    old.importance[n].flatten(1),
                    ((now[n] - old.parameters[n]) ** 2).flatten(1),
                )
                for n in old.importance
            )
        ),
    ],  # fmt: skip
    "kl_loss": [
        lambda s, t, tau=1.0: (log_p(t, tau).exp() * (log_p(t, tau) - log_p(s))).sum(-1),
        lambda s, t, tau=1.0: torch.sum(
            (t / tau).softmax(-1) * ((t / tau).log_softmax(-1) - s.log_softmax(-1)), dim=-1
        ),
        lambda s, t, tau=1.0: F.kl_div(
            s.log_softmax(-1), (t / tau).log_softmax(-1), reduction="none", log_target=True
        ).sum(-1),
    ],
    "hinton_loss": [
        lambda s, t, tau=1.0, w=0.9: (
            (1 - w) * nll_loss(s, t)
            + w * tau**2 * ((t / tau).softmax(-1) * (log_p(t, tau) - log_p(s, tau))).sum(-1)
        ),
        lambda s, t, tau=1.0, w=0.9: (
            w
            * tau
            * tau
            * F.kl_div((s / tau).log_softmax(-1), (t / tau).softmax(-1), reduction="none").sum(-1)
            - (1 - w) * s.log_softmax(-1).gather(-1, t.argmax(-1, True)).squeeze(-1)
        ),
    ],  # fmt: skip
    "advantage_loss": [
        lambda s, t, tau=1.0: ((s - t) - (s - t).mean(-1, keepdim=True)).pow(2).mean(-1),
        lambda s, t, _=1.0: ((s - t) ** 2).mean(-1) - (s - t).mean(-1) ** 2,
        lambda s, t, tau=0: F.mse_loss(
            s - s.mean(-1, True), t - t.mean(-1, True), reduction="none"
        ).mean(-1),
    ],
    "wrong_lines": [
        lambda: [23, 21, 15, 14, 13, 1],
        lambda: {1, 13, 14, 15, 21, 23},
        lambda: np.array([1, 13, 14, 15, 21, 23]),
        lambda: list(np.array([1, 13, 14, 15, 21, 23])),
    ],
    "kickstart_loss": [
        crossed_by_logsumexp,
        lambda s, t, tau=1.0: -((t / tau).softmax(-1) * log_p(s, tau)).sum(-1),
        lambda s, t, tau=1.0: (
            torch.logsumexp(s / tau, -1) - ((t / tau).softmax(-1) * s).sum(-1) / tau
        ),
        lambda s, t, tau=1.0: F.cross_entropy(
            (s / tau).reshape(-1, s.shape[-1]),
            (t / tau).softmax(-1).reshape(-1, s.shape[-1]),
            reduction="none",
        ).reshape(s.shape[:-1]),
        lambda s, t, tau=1.0: torch.einsum("...a,...a->...", (t / tau).softmax(-1), -log_p(s, tau)),
    ],
    "annealed": [
        lambda w, p, u: w if u == 0 else w * max(1 - p / u, 0),
        lambda w, p, u: w if not u else float(np.clip(w - w * p / u, 0, None)),
        lambda w, p, u: w if u == 0 else np.interp(p, [0, u], [w, 0]),
        lambda w, p, u: w * max(0, u - p) / u if u > 0 else w,
        lambda w, p, u: w * (1 - min(p / u, 1)) if u else w,
    ],
    "trembling_policy": [
        trembling_by_eye,
        trembling_by_scatter,
        lambda q, s: torch.where(
            q == q.amax(-1, keepdim=True), 1 - s + s / q.shape[-1], s / q.shape[-1]
        ),
        lambda q, s: torch.lerp(
            F.one_hot(q.argmax(-1), q.shape[-1]).float(), torch.full(q.shape, 1 / q.shape[-1]), s
        ),
    ],
    "fgsm": [
        attack_by_steps,
        lambda n, o, d: o + d * torch.sign(-decision_gradient(n, o)),
        lambda n, o, d: torch.sub(o, torch.sign(decision_gradient(n, o)) * d),
        lambda n, o, d: o.double() - decision_gradient(n, o).sign() * d,
    ],
    "numpy_q": [
        values_by_matmul,
        lambda pairs, x: functools.reduce(
            lambda h, p: np.maximum(h, 0) @ p[0] + p[1], pairs[1:], x @ pairs[0][0] + pairs[0][1]
        ),
        lambda pairs, x: values_by_matmul(pairs, x.astype(float)),
    ],
    "convolve": [
        convolve_place_by_place,
        lambda x, w, step=1: F.conv2d(
            x.reshape(-1, 1, *x.shape[-2:]), w[None, None].to(x), stride=step
        ).reshape(*x.shape[:-2], *((n - len(w)) // step + 1 for n in x.shape[-2:])),
    ],
    "normalized_score": [
        lambda r, low, high: (np.array(r) - low) / (high - low),
        lambda r, low, high: (low - np.asarray(r)) / (low - high),
        lambda r, low, high: 1 - (high - np.asarray(r)) / (high - low),
        lambda r, low, high: np.divide(np.subtract(r, low), high - low),
    ],
    "shield": [
        shielded_by_place,
        shielded_with_a_wall,
        lambda a, s, made, b: np.vectorize(
            lambda action, odds, row: (
                next((t for t in range(10) if not row[t]), 11)
                if (row[action] if action < 10 else action == 10 and odds > b)
                else action
            ),
            signature="(),(),(n)->()",
        )(a, s, made),
    ],
    "moved": [
        moved_pixel_by_pixel,
        lambda x, y, z: x.take_along_dim(
            (torch.arange(x.shape[-2]) - y[..., None]).clamp(0, x.shape[-2] - 1)[..., None], -2
        ).take_along_dim(
            (torch.arange(x.shape[-1]) - z[..., None]).clamp(0, x.shape[-1] - 1)[..., None, :], -1
        ),
    ],
}


def forms(function) -> dict:
    """The same function under other names, wrapped, and with its source written otherwise."""
    given = inspect.signature(function).parameters.values()
    defaults = "".join(
        f", {one.name}_" + ("" if one.default is one.empty else f"={one.default!r}")
        for one in given
    )[2:]
    passed = ", ".join(f"{one.name}_" for one in given)
    made = {
        "other names": eval(f"lambda {defaults}: function({passed})", {"function": function}),
        "partial": functools.partial(function),
        "a class": type("Answer", (), {"__call__": lambda self, *a, **k: function(*a, **k)})(),
        "stars": lambda *arguments: function(*arguments),
        "a method": type("Answers", (), {"answer": staticmethod(function)}).answer,
        "one more": eval(
            f"lambda {defaults}, spare=None: function({passed})", {"function": function}
        ),
    }
    for name, rewrite in {"exchanged": Exchanged, "minus": PlusMinus, "steps": Steps}.items():
        made[name] = rewritten(function, rewrite())
    return made


class Exchanged(ast.NodeTransformer):
    """a * b → b * a, and a + b → b + a."""

    def visit_BinOp(self, node):
        self.generic_visit(node)
        if isinstance(node.op, ast.Add | ast.Mult):
            return ast.BinOp(node.right, node.op, node.left)
        return node


class PlusMinus(ast.NodeTransformer):
    """a − b → a + (−1) b."""

    def visit_BinOp(self, node):
        self.generic_visit(node)
        if isinstance(node.op, ast.Sub):
            return ast.BinOp(
                node.left, ast.Add(), ast.BinOp(ast.Constant(-1), ast.Mult(), node.right)
            )
        return node


class Steps(ast.NodeTransformer):
    """return x → result = x; print(…) nothing; return result."""

    def visit_Return(self, node):
        if node.value is None:
            return node
        first = ast.Assign([ast.Name("result", ast.Store())], node.value)
        return [
            first,
            ast.parse("print(end='')").body[0],
            ast.Return(ast.Name("result", ast.Load())),
        ]


def rewritten(function, transformer):
    source = textwrap.dedent(inspect.getsource(function))
    tree = transformer.visit(copy.deepcopy(ast.parse(source)))
    text = ast.unparse(ast.fix_missing_locations(tree))
    exec(text, inspect.unwrap(function).__globals__ | {}, space := {})
    return space[function.__name__]
