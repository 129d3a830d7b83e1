"""What `check` accepts works where the notebooks use it, whatever its type and its names.

In every run: each answer as list, array, tensor, in both precisions, with other names, in the call
that its notebook makes. Weekly (make test-seeds): notebooks to their end with the same answers.
"""

import re
from functools import partial
from types import SimpleNamespace

import gymnasium as gym
import nbformat
import numpy as np
import pytest
import torch

from course_utils import envs, evaluation, exercises
from course_utils.distil import robust
from course_utils.distil.distil import DistillConfig, Lesson, distill
from course_utils.distil.teachers import kickstart
from course_utils.exercise_book import contents
from course_utils.learn import pixels, tabular
from course_utils.learner import DQNConfig, Parts
from course_utils.losses import Anchor
from course_utils.networks import QNetwork, greedy
from course_utils.plotting import Curve, compare_runs, learning_curves
from course_utils.replay import ReplayBuffer
from course_utils.teach import dqfd, imitation, rewards
from course_utils.train import train_dqn
from course_utils.tune import continual
from course_utils.tune.parts import add_lora, merge
from course_utils.worlds.clinic import Clinic
from tests.exercise_book.test_answers import EXERCISES, FUNCTIONS
from tests.run_notebooks import FOLDER, run_notebook

POLE, LAKE = "CartPole-v1", envs.read_mdp("FrozenLake-v1")
ASKED = [name for name in FUNCTIONS if name != "wrong_lines"]


def converted(change):
    """A change of each part of a result."""

    def made(function):
        def other(*arguments, **named):
            result = function(*arguments, **named)
            parts = result if isinstance(result, tuple) else (result,)
            changed = tuple(part if part is None else change(part) for part in parts)
            return changed if isinstance(result, tuple) else changed[0]

        return other

    return made


def to_array(x):
    return np.asarray(x.detach() if isinstance(x, torch.Tensor) else x)


def to_tensor(x):
    return x if isinstance(x, torch.Tensor) else torch.as_tensor(x)


def precision(name):
    def change(x):
        if isinstance(x, torch.Tensor):
            return x.to(getattr(torch, name))
        return getattr(np, name)(x)

    return change


def by_view(function):
    """An answer that flattens what it is given with `view`, as PyTorch's own losses like it."""

    def other(*arguments):
        for each in arguments:
            if isinstance(each, torch.Tensor):
                each.view(-1)
        return function(*arguments)

    return other


KINDS = {
    "list": converted(lambda x: list(x) if getattr(x, "shape", ()) else [x]),
    "nested list": converted(lambda x: to_array(x).tolist()),
    "array": converted(to_array),
    "tensor": converted(to_tensor),
    "float64": converted(precision("float64")),
    "float32": converted(precision("float32")),
    "other names": lambda f: lambda *z: f(*z),
    "view": by_view,
}


def network(**more):
    return QNetwork(2, 4, 2, 8, generator=torch.Generator().manual_seed(0), **more)


def trained(config=None, **more):
    """A tiny training in which everything is switched on that a learner may replace."""
    given = {"steps": 150, "learning_starts": 50, "batch_size": 8, "width": 8, "n_steps": 3}
    config = config or DQNConfig(**given, double=True, dueling=True, priority_exponent=0.6)
    config.target_period = 5
    *_, last = train_dqn(config, POLE, 2, 0, 1, **more)
    return last


def plain_config():
    return DQNConfig(steps=150, learning_starts=50, batch_size=8, width=8, n_steps=1)


def in_parts(name):
    return lambda f: trained(parts=Parts(**{name: f}))


def distilled(loss):
    config = DistillConfig(rounds=1, states=20, updates=3, width=4, environments=1, batch_size=8)
    list(distill(config, [Lesson(POLE, network().choose([0]))], 2, loss, seed=0, records=1))
    q, other = torch.randn(2, 3)
    print(f"{loss(q, other):.3f} {loss(q, other, 2.0).item()}", round(loss(q, q).item(), 6))


def discounted_return(f):
    print(f"{f([0, 0, 0, 1], 0.9):.3f}", np.mean([[f([1.0, 2.0], 0.5)] * 2], 1))


def bellman_backup(f):
    q = tabular.value_iteration(LAKE, discount=0.99, backup=f)
    print(f(LAKE, q.max(-1), 0.99).max(-1), tabular.greedy_policy(q)[0])


def policy_return(f):
    value = f(LAKE, np.full((16, 4), 1 / 4), 100)
    print(f"{value:8.4f} {100 * value:.0f}", float(value), np.round(np.sort([value, value]), 3))


def q_learning_target(f):
    y = f(0.0, False, np.array([0.2, 0.8]), 0.9)
    print(f"{y:.3f} {y - 0.5:.3f}")
    table = np.zeros((2, 2))
    table[0, 1] += 0.1 * (f(1.0, True, table[1], 0.9) - table[0, 1])
    list(tabular.q_learning(LAKE, tabular.QLearningConfig(steps=50), seeds=3, target=f))


def epsilon_greedy(f):
    env, rng = gym.make("FrozenLake-v1"), np.random.default_rng(0)
    env.reset(seed=0)
    q = np.zeros((16, 4))
    for _ in range(5):
        action = f(q[3], 0.5, rng)
        env.step(action)
        q[3, action] += 0.5


def td_target(f):
    y = f(torch.ones(2), torch.tensor([0.0, 1.0]), torch.tensor([[3.0, 5.0]] * 2), 0.9)
    print(y[0].item(), y[1].item())
    in_parts("td_target")(f)


def n_step_return(f):
    total, k = f(torch.ones(4), torch.tensor([False, True, False, False]), 0.5)
    print(f"{total} {k} {0.5**k}")
    in_parts("n_step_return")(f)


def update_target(f):
    f(network(), network(), rate=1.0)
    in_parts("update_target")(f)


def double_q(f):
    print(f(torch.tensor([3.0, 5.0]), torch.tensor([2.0, 1.0])).item())
    in_parts("double_q")(f)


def dueling_q(f):
    print(f(torch.ones(1), torch.ones(3)).tolist())
    last = trained(parts=Parts(dueling_q=f))
    evaluation.mean_returns(last.network, POLE, 1, 0)


def importance_weights(f):
    p, v = torch.tensor([0.5, 0.3, 0.2]), torch.ones(3)
    print((p * f(p, size=3, exponent=1.0) * v).sum().item())
    in_parts("importance_weights")(f)


def interquartile_mean(f):
    runs = np.array([480.0, 490.0, 30.0, 495.0, 485.0])
    print(f"{f(runs):.1f}")
    evaluation.interval(runs, statistic=lambda x, axis=0: f(np.moveaxis(x, axis, 0)))


def cloning_loss(f):
    print(f"{f(torch.ones(4).log(), torch.tensor(1)):.2f}")
    layer = torch.nn.Linear(3, 2)
    f(layer(torch.ones(5, 3)), torch.zeros(5).long()).mean().backward()
    memory = ReplayBuffer(2, 1, 20, 4)
    for seed in range(2):
        row = torch.zeros(10)
        flags = {"terminated": row.bool(), "done": row.bool(), "reward": row, "action": row.long()}
        memory.extend(
            seed, observation=torch.ones(10, 4), next_observation=torch.ones(10, 4), **flags
        )
    config = imitation.CloneConfig(updates=3, batch_size=4, width=4)
    *_, last = imitation.behavior_cloning(config, memory, actions=2, seed=0, loss=f)
    with torch.no_grad():
        logits = last.network(torch.ones(2, 5, 4))
    f(logits, torch.zeros(2, 5).long()).mean(-1).numpy()


def margin_loss(f):
    print(f"{f(torch.tensor([1.0, 3.0, 2.0]), torch.tensor(1), 0.8):.1f}")
    learner = SimpleNamespace(config=dqfd.DQfDConfig(), progress=lambda: 0.0)
    batch = SimpleNamespace(demonstrated=torch.ones(2, 3), action=torch.zeros(2, 3).long())
    q = network()(torch.ones(2, 3, 4))
    dqfd.expert_margin(f)(learner, q, batch).sum().backward()


def shaping_reward(f):
    gains = f(np.array([0.0, 2.0]), np.array([2.0, 5.0]), np.array([False, False]), 0.9)
    print(gains.round(2), sum(0.9**t * gain for t, gain in enumerate(gains)))
    tabular.value_iteration(rewards.shaped_mdp(LAKE, np.arange(16.0), 0.9, f), 0.9)
    trained(plain_config(), parts=Parts(reward=rewards.with_potential(lambda o: o[..., 0], f)))


def soft_value(f):
    print(f"{f(torch.tensor([1.0, 2.0, 2.0]), 0.5):.3f}")
    trained(plain_config(), parts=Parts(td_target=rewards.soft_target(0.01, f)))


def area_under_curve(f):
    values = np.array([[0.0, 0.0, 100.0], [10.0, 10.0, 10.0]])
    print(f(np.array([0, 1, 4]), values))
    difference = f(np.array([0, 1, 4]), values) - f(np.array([0, 1, 4]), values[::-1])
    evaluation.interval(difference, np.mean)


def low_rank_change(f):
    print(torch.linalg.matrix_rank(f(torch.ones(3, 1), torch.ones(1, 2), alpha=2.0)).item())
    changed = add_lora(network(), 2, change=f)
    merge(trained(plain_config(), network=changed).network)


def forgetting(f):
    lost = f(np.random.default_rng(0).normal(size=(5, 4, 3)))
    print([evaluation.interval(values) for values in lost.T], lost.mean(-1))


def ewc_penalty(f):
    print(f({"w": torch.ones(2, 2)}, Anchor({"w": torch.zeros(2, 2)}, {"w": torch.ones(2, 2)})))
    old = network()
    importance = continual.fisher(old, torch.ones(2, 5, 4))
    anchors = [continual.remember_weights(old, importance)]
    parts = Parts(extra_loss=continual.elastic(anchors, 2.0, penalty=f))
    trained(plain_config(), parts=parts, network=old)


def kl_loss(f):
    distilled(f)
    f(torch.ones(2, 3, requires_grad=True), torch.ones(2, 3), 0.1).mean().backward()


def hinton_loss(f):
    distilled(f)
    f(torch.ones(3, requires_grad=True), torch.rand(3), 10.0, weight=1.0).backward()


def advantage_loss(f):
    distilled(f)
    print(f(torch.ones(3).double(), torch.ones(3).double()).item() / 2)


def helped(**more):
    teacher = network().choose([0])
    loss = kickstart(teacher, 1.0, 0.5, temperature=0.1, **more)
    trained(plain_config(), parts=Parts(extra_loss=loss))


def kickstart_loss(f):
    helped(loss=f)


def annealed(f):
    helped(schedule=f)


def trembling_policy(f):
    probability = f(torch.randn(1, 5, 4)[0], 0.5)
    np.eye(4)[torch.multinomial(probability, 1)[:, 0].numpy()]


def fgsm(f):
    students, seen = network(), torch.randn(2, 5, 4)
    greedy(students)(f(students, seen, 0.1 * torch.ones(4)))
    robust.attacked(students, 0.1 * torch.ones(4), attack=f)(seen.numpy())


def numpy_q(f):
    layers = [(np.ones((4, 3), "f"), np.ones(3, "f")), (np.ones((3, 2), "f"), np.ones(2, "f"))]
    for seen in (np.ones((5, 4), "f"), np.ones(4, "f")):
        f(layers, seen).argmax(-1)


def convolve(f):
    x, weight = torch.rand(3, 4, 2, 20, 60), torch.rand(3, 8, 2, 5, 5)
    frames = x[2].transpose(0, 1).contiguous()
    sum(f(frames[k], weight[2, 5, k], 2) for k in range(2)) + 1.0
    f(x[0, 0, 0], torch.ones(5, 5) / 25)[:, 12:].abs().max().item()


def normalized_score(f):
    runs = np.random.default_rng(0).normal(size=(4, 8))
    print(f"score {f(runs[:, -1], runs.min(), 3.0).mean():.2f}", f(np.float64(1.0), 0.0, 2.0).min())
    found = Curve(np.arange(8), np.array([f(values, -1.0, 2.0) for values in runs.T]).T)
    learning_curves({"mine": found}, "score", {"expert": f(runs.mean(), -1.0, 2.0)})
    compare_runs({"mine": f(runs[:, 0], -1.0, 2.0)}, "score", {"random": 0})
    evaluation.interval(f(runs[:, 1], -1.0, 2.0) - f(runs[:, 2], -1.0, 2.0), np.mean)


def shield(f):
    clinic, rng = Clinic(patients="unseen"), np.random.default_rng(0)
    state = clinic.begin(20, rng)
    seen = clinic.observe(state).astype(np.float32).reshape(2, 10, -1)
    wished = rng.integers(0, 12, (2, 10))
    action = f(wished, clinic.suspicion(seen), seen[..., :10] > 0.5, 0.1).ravel()
    _, reward, ends = clinic.advance(state, action, None)
    print((action.reshape(2, 10)[:, 3:] == 11).mean(1), np.where(ends, action, -1), reward.mean())


def moved(f):
    network = pixels.PixelNetwork(2)
    config = DQNConfig(steps=300, learning_starts=100, replay_capacity=200)
    stream = torch.Generator().manual_seed(0)
    parts = Parts(augment=partial(pixels.shift, most=2, generator=stream, moved=f))
    list(train_dqn(config, pixels.PIXELS, 2, records=1, network=network, parts=parts))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ASKED)
def test_what_is_accepted_works_where_the_notebook_uses_it(name, kind, capsys):
    given = KINDS[kind](EXERCISES[name].answer)
    torch.manual_seed(0)
    handed_back = exercises.check(name, given)
    told = capsys.readouterr().out
    if ": right" not in told:
        assert kind != "other names" and re.search("not yet right. .*([Rr]eturn|consists)", told), (
            told
        )
    globals()[name](handed_back)


@pytest.mark.seeds
@pytest.mark.parametrize("kind", ["float64", "float32", "view"])
@pytest.mark.parametrize("stem", contents.STEMS)
def test_a_notebook_reaches_its_end_with_answers_of_another_type(stem, kind, tmp_path):
    """All its functions at once, also with other names of their parameters."""
    notebook = nbformat.read(FOLDER / f"{stem}.ipynb", as_version=4)
    for cell in notebook.cells:
        for name in set(ASKED) & set(re.findall(r'exercises\.check\("(\w+)"', cell.source)):
            cell.source = (
                f"import sys; sys.path.insert(0, {str(FOLDER.parent)!r})\n"
                "from course_utils.exercise_book import contents\n"
                "from tests.exercise_book.test_after_check import KINDS\n"
                f"{name} = exercises.check({name!r}, KINDS['other names'](\n"
                f"    KINDS[{kind!r}](contents.find({name!r}).answer)))"
            )
    nbformat.write(notebook, tmp_path / f"{stem}.ipynb")
    run_notebook(tmp_path / f"{stem}.ipynb", COURSE_SEED="0")
