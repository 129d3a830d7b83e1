"""Wrong inputs to the chapters get one sentence: what learns, teaches, tunes, distils and ships."""

from collections import deque

import gymnasium as gym
import numpy as np
import pytest
import torch

from course_utils.distil import robust, ship
from course_utils.distil.distil import DistillConfig, Lesson, answer, distill
from course_utils.distil.teachers import kickstart, policy_teacher, teacher_values, visit_states
from course_utils.envs import make_envs, play, read_mdp
from course_utils.evaluation import Episode
from course_utils.learn import tabular
from course_utils.learn.by_hand import PlayByHand
from course_utils.learn.probes import right_values
from course_utils.learn.tabular import QLearningConfig
from course_utils.learner import DQNConfig, Parts
from course_utils.losses import Anchor
from course_utils.networks import greedy
from course_utils.storage import save_tensors
from course_utils.teach import rewards
from course_utils.teach.demonstrations import (
    damage,
    load_demonstrations,
    memory_of,
    split,
    transitions,
)
from course_utils.teach.dqfd import DQfDConfig, expert_margin, pretrain
from course_utils.teach.imitation import CloneConfig, behavior_cloning, dagger
from course_utils.teach.play import Player, recorded
from course_utils.tune import continual, parts, worlds
from tests.refusals import hold, listed, verdict
from tests.test_wrong_inputs import INF, NAN, POLE, SEEN, SMALL, Q, broken, net, train, trained_with
from tests.test_wrong_inputs_of_tools import always_left, study, text

RNG = np.random.default_rng
LAKE = read_mdp("FrozenLake-v1")
TABLE, VALUES = np.zeros((16, 4)), np.zeros(16)
FAIR = TABLE + 0.25


def q_learning(config=None, seeds=2, seed=0, records=1, mdp=LAKE, **hooks):
    config = config or QLearningConfig(steps=20)
    return deque(tabular.q_learning(mdp, config, seeds, seed, records, **hooks), maxlen=1)[0]


def iterate(discount=0.9, mdp=LAKE, **more):
    return tabular.value_iteration(mdp, discount, **{"max_sweeps": 20, "tolerance": 9.0} | more)


def chosen(epsilon=0.1, q=TABLE, rng=None):
    return tabular.epsilon_greedy(q, epsilon, rng or RNG(0))


TABLES = [
    ("tabular: backup, other states", lambda: tabular.bellman_backup(LAKE, VALUES[:9], 0.9),
     "must"),
    ("tabular: backup, a list", lambda: tabular.bellman_backup(LAKE, [0] * 16, 0.9), "value|array"),
    ("tabular: backup, a number", lambda: tabular.bellman_backup(LAKE, 0.0, 0.9), "value"),
    ("tabular: backup, NaN", lambda: tabular.bellman_backup(LAKE, VALUES * NAN, 0.9), "NaN"),
    ("tabular: backup, γ '1'", lambda: tabular.bellman_backup(LAKE, VALUES, "1"), "discount = '1'"),
    ("tabular: backup, γ 2", lambda: tabular.bellman_backup(LAKE, VALUES, 2), "discount = 2"),
    ("tabular: backup, an id", lambda: tabular.bellman_backup("FrozenLake-v1", VALUES, 1),
     "read_md"),
    ("tabular: iteration, γ -0.1", lambda: iterate(-0.1), "discount = -0.1"),
    ("tabular: iteration, γ 1.5", lambda: iterate(1.5), "discount = 1.5"),
    ("tabular: iteration, γ nan", lambda: iterate(NAN), "discount = nan"),
    ("tabular: iteration, γ '0.9'", lambda: iterate("0.9"), "discount = '?0.9"),
    ("tabular: iteration, an id", lambda: iterate(mdp="FrozenLake-v1"), "read_mdp|rules"),
    ("tabular: iteration, an env", lambda: iterate(mdp=gym.make("FrozenLake-v1")),
     "read_mdp|rules"),
    ("tabular: iteration, 0 sweeps", lambda: iterate(max_sweeps=0),
     "0 sweeps|max_sweeps = 0"),
    ("tabular: iteration, '9' sweeps", lambda: iterate(max_sweeps="9"), "max_sweeps = '9'"),
    ("tabular: iteration, tolerance nan", lambda: iterate(tolerance=NAN), "tolerance"),
    ("tabular: own backup, [s]", lambda: iterate(backup=lambda m, v, g: v), "backup"),
    ("tabular: own backup, nothing", lambda: iterate(backup=lambda m, v, g: None), "backup"),
    ("tabular: own backup, NaN", lambda: iterate(backup=lambda m, v, g: TABLE * NAN), "NaN"),
    ("tabular: return, other states", lambda: tabular.policy_return(LAKE, FAIR[:9], 5), "needs"),
    ("tabular: return, other actions", lambda: tabular.policy_return(LAKE, FAIR[:, :2], 5),
     "needs"),
    ("tabular: return, sum 2", lambda: tabular.policy_return(LAKE, 2 * FAIR, 5), "add up to 1"),
    ("tabular: return, negative", lambda: tabular.policy_return(LAKE, -FAIR, 5),
     "must be 0 or more"),
    ("tabular: return, NaN", lambda: tabular.policy_return(LAKE, FAIR * NAN, 5),
     "policy holds NaN"),
    ("tabular: return, actions", lambda: tabular.policy_return(LAKE, [0] * 16, 5), "policy"),
    ("tabular: return, horizon -1", lambda: tabular.policy_return(LAKE, FAIR, -1), "horizon = -1"),
    ("tabular: return, horizon '5'", lambda: tabular.policy_return(LAKE, FAIR, "5"),
     "horizon = '5'"),
    ("tabular: return, horizon inf", lambda: tabular.policy_return(LAKE, FAIR, INF),
     "horizon = inf"),
    ("tabular: best, horizon -1", lambda: tabular.best_return(LAKE, -1), "horizon = -1"),
    ("tabular: best, horizon 2.5", lambda: tabular.best_return(LAKE, 2.5), "horizon = 2.5"),
    ("tabular: greedy, NaN", lambda: tabular.greedy_policy(TABLE * NAN),
     "q holds NaN"),
    ("tabular: greedy, ε 2", lambda: tabular.greedy_policy(TABLE, 2), "epsilon = 2"),
    ("tabular: greedy, ε -0.1", lambda: tabular.greedy_policy(TABLE, -0.1), "epsilon = -0.1"),
    ("tabular: greedy, ε nan", lambda: tabular.greedy_policy(TABLE, NAN), "epsilon = nan"),
    ("tabular: greedy, ε '0'", lambda: tabular.greedy_policy(TABLE, "0"), "epsilon = '?0"),
    ("tabular: greedy, a list", lambda: tabular.greedy_policy([[0, 1]]), "table|q|array"),
    ("tabular: greedy, no actions", lambda: tabular.greedy_policy(TABLE[:, :0]), "action"),
    ("tabular: discounted, words", lambda: tabular.discounted_return(["1"], 0.9), "reward"),
    ("tabular: discounted, a number", lambda: tabular.discounted_return(1.0, 0.9), "reward"),
    ("tabular: discounted, γ '1'", lambda: tabular.discounted_return([1, 1], "1"),
     "discount = '1'"),
    ("tabular: discounted, γ 2", lambda: tabular.discounted_return([1, 1], 2), "discount = 2"),
    ("tabular: ε-greedy, ε 2", lambda: chosen(2), "epsilon = 2"),
    ("tabular: ε-greedy, ε nan", lambda: chosen(NAN), "epsilon = nan"),
    ("tabular: ε-greedy, ε '0'", lambda: chosen("0"), "epsilon = '0'"),
    ("tabular: ε-greedy, NaN", lambda: chosen(q=np.full((3, 4), NAN)), "NaN"),
    ("tabular: ε-greedy, a seed", lambda: chosen(rng=3), "rng|default_rng"),
    ("tabular: learn, seeds 0", lambda: q_learning(seeds=0),
     "seeds = 0"),
    ("tabular: learn, seeds '2'", lambda: q_learning(seeds="2"), "seeds = '2'"),
    ("tabular: learn, seeds 2.5", lambda: q_learning(seeds=2.5), "seeds = 2.5"),
    ("tabular: learn, records 0", lambda: q_learning(records=0),
     "records = 0"),
    ("tabular: learn, records '5'", lambda: q_learning(records="5"), "records = '5'"),
    ("tabular: learn, seed -1", lambda: q_learning(seed=-1), "seed = -1"),
    ("tabular: learn, seed 'a'", lambda: q_learning(seed="a"), "seed = 'a'"),
    ("tabular: learn, a dict", lambda: q_learning({"steps": 20}), "config|QLearningConfig"),
    ("tabular: learn, DQNConfig", lambda: q_learning(DQNConfig()), "config|QLearningConfig"),
    ("tabular: learn, an id", lambda: q_learning(mdp="FrozenLake-v1"), "read_mdp|rules"),
    ("tabular: act a number", lambda: q_learning(act=lambda q, e, r: 0), "`act` must return"),
    ("tabular: act [S, 1]", lambda: q_learning(act=lambda q, e, r: q[:, :1]),
     "`act` must return"),
    ("tabular: act nothing", lambda: q_learning(act=lambda q, e, r: None), "`act` must return"),
    ("tabular: act 4 of 4", lambda: q_learning(act=lambda q, e, r: [4, 4]), "actions from 0 to 3"),
    ("tabular: act -1", lambda: q_learning(act=lambda q, e, r: [-1, 0]), "actions from 0 to 3"),
    ("tabular: act 0.5", lambda: q_learning(act=lambda q, e, r: np.full(2, 0.5)), "whole numbers"),
    ("tabular: act 1.0", lambda: q_learning(act=lambda q, e, r: np.ones(2)), "act"),
    ("tabular: act in place", lambda: table_stays(), "act"),
    ("tabular: target a number", lambda: q_learning(target=lambda *a: 0.0),
     "`target` returned shap"),
    ("tabular: target [S, a]", lambda: q_learning(target=lambda r, t, q, g: q),
     "`target` returned"),
    ("tabular: target nothing", lambda: q_learning(target=lambda *a: None), "`target` returned"),
    ("tabular: target NaN", lambda: q_learning(target=lambda r, *a: r * NAN),
     "NaN or infinity at s"),
    ("tabular: target inf", lambda: q_learning(target=lambda r, *a: r + INF),
     "NaN or infinity at s"),
    ("tabular: target words", lambda: q_learning(target=lambda r, *a: r.astype(str)), "target"),
    ("tabular: target takes 3", lambda: q_learning(target=lambda r, t, q: r), "target"),
]  # fmt: skip


def table_stays():
    """An `act` that writes into the values it is shown must not write into the table."""

    def zeroing(q, epsilon, rng):
        q[:] = 7
        return np.zeros(len(q), int)

    return bool((q_learning(act=zeroing).q != 7).all())


def by_hand(mode="rgb_array", actions=("left", "down", "right", "up"), seed=0, step=None):
    player = PlayByHand(gym.make("FrozenLake-v1", render_mode=mode), list(actions), seed)
    return player if step is None else player.step(step)


PROBES = [
    ("probes: misspelt", lambda: right_values("dely", 0.9), "no probe 'dely'. There are"),
    ("probes: misspelt environment", lambda: gym.make("Probe-v0", name="dely"), "no probe 'dely'"),
    ("probes: γ 1 for ever", lambda: right_values("truncation", 1), "discount = 1"),
    ("probes: γ '0.9'", lambda: right_values("delay", "0.9"), "discount = '0.9'"),
    ("probes: no name", lambda: make_envs("Probe-v0", 2), "name"),
    ("by_hand: no pictures", lambda: by_hand(None), "render_mode"),
    ("by_hand: pictures of text", lambda: by_hand("ansi"), "render_mode"),
    ("by_hand: action 9", lambda: by_hand(step=9), "action|9"),
    ("by_hand: two words for four", lambda: by_hand(actions=("left", "down"), step=3), "actions"),
    ("by_hand: five words for four", lambda: by_hand(actions="abcde", step=4), "actions"),
    ("by_hand: seed 'a'", lambda: by_hand(seed="a"), "seed = 'a'"),
    ("by_hand: an id", lambda: PlayByHand("FrozenLake-v1", ["left"]), "env|gym.make"),
]  # fmt: skip


def episode(steps=6, size=4, seed=0, **changes):
    """An episode of actions 0 and 1 that ends."""
    seen = RNG(seed).normal(size=(steps + 1, size)).astype(np.float32)
    given = Episode(seen, np.arange(steps) % 2, np.ones(steps), True, False)
    return given._replace(**changes)


def memory(episodes=2, **more):
    return memory_of([[episode(seed=s + 9 * k) for k in range(episodes)] for s in range(2)], **more)


CLONING = {"batch_size": 4, "updates": 3, "width": 4, "hidden_layers": 1}


def clone(actions=2, kept=None, seed=0, records=1, config=None, **more):
    config = config or CloneConfig(**CLONING)
    return deque(behavior_cloning(config, kept or memory(), actions, seed, records, **more), 1)[0]


def asked(expert=lambda o: np.zeros(o.shape[:2], int), kept=None, env_id=POLE, **more):
    config, kept = CloneConfig(**CLONING), kept or memory(spare=100)
    more = {"rounds": 1, "labels": 5, "episodes": 1} | more
    return deque(dagger(config, env_id, expert, kept, 2, **more), 1)[0]


def what_was_met():
    """An expert that writes into what it is asked leaves the states in the memory alone."""

    def blanking(observation):
        observation *= 0
        return np.zeros(observation.shape[:2], int)

    kept = memory(spare=100)
    asked(blanking, kept)
    return bool((kept.observation.view(2, -1, 4)[:, 12:17] != 0).any(-1).all())


def expert_gives(change):
    return lambda: asked(lambda o: change(np.zeros(o.shape[:2], int)))


def before(updates=3, kept=None, network=None, config=None, **more):
    config = config or DQfDConfig(**SMALL)
    network = network or net()
    return deque(pretrain(config, kept or memory(), network, updates, **more), 1)[0]


def margin(of):
    config = DQfDConfig(**SMALL)
    own = Parts(extra_loss=expert_margin(of))
    return train(config=config, demonstrations=memory(), parts=own)


TEACHING = [
    ("demonstrations: misspelt", lambda: load_demonstrations("cartpole/expert-v0"),
     "ships no file"),
    ("demonstrations: None", lambda: load_demonstrations(None), "ships no file"),
    ("demonstrations: folder a word", lambda: load_demonstrations("cart_pole/expert-v0", "data"),
     "ships no file|manifest"),
    ("demonstrations: other folder", lambda d: load_demonstrations("cart_pole/expert-v0", d / "x"),
     "manifest"),
    ("demonstrations: split too much", lambda: split([1, 2], (2, 1), RNG(0)),
     "need 3; there are 2"),
    ("demonstrations: split -1", lambda: split([1, 2], (2, -1), RNG(0)), "-1"),
    ("demonstrations: split a number", lambda: split([1, 2], 2, RNG(0)), "sizes"),
    ("demonstrations: split words", lambda: split([1, 2], ("1",), RNG(0)), "sizes|'1'"),
    ("demonstrations: split shares", lambda: split([1, 2, 3], (0.5, 0.5), RNG(0)), "sizes|0.5"),
    ("demonstrations: split, a seed", lambda: split([1, 2], (1, 1), 3), "rng|default_rng"),
    ("demonstrations: no seeds", lambda: memory_of([]), "needs at least one episode for each seed"),
    ("demonstrations: a seed without", lambda: memory_of([[episode()], []]),
     "one or more episodes"),
    ("demonstrations: NaN reward", lambda: memory_of([[episode(reward=np.full(6, NAN))]]),
     "reward holds .* NaN"),
    ("demonstrations: NaN seen", lambda: memory_of([[episode(observation=np.full((7, 4), NAN))]]),
     "observation holds .* NaN"),
    ("demonstrations: one list", lambda: memory_of([episode(), episode(seed=1)]),
     "list of one or more episodes"),
    ("demonstrations: an episode", lambda: memory_of(episode()), "list of one or more"),
    ("demonstrations: other sizes", lambda: memory_of([[episode()], [episode(size=3)]]),
     "3|observ"),
    ("demonstrations: a reward less", lambda: memory_of([[episode(reward=np.ones(5))]]), "reward"),
    ("demonstrations: an action less", lambda: memory_of([[episode(action=np.zeros(5, int))]]),
     r"must be a tensor \[5, 4\]"),
    ("demonstrations: spare -9", lambda: memory(spare=-9), "spare = -9"),
    ("demonstrations: spare '9'", lambda: memory(spare="9"), "spare = '9'"),
    ("demonstrations: most 0", lambda: memory(most=0), "most = 0"),
    ("demonstrations: most -1", lambda: memory(most=-1), "most = -1"),
    ("demonstrations: most 2.5", lambda: memory(most=2.5), "most = 2.5"),
    ("demonstrations: steps of none", lambda: transitions([]), "episode"),
    ("demonstrations: damage, a dict", lambda: damage({"action": [1]}, 2), "episode|Episode"),
    ("demonstrations: damage, 0 actions", lambda: damage(episode(), 0) != "", "actions = 0"),
    ("demonstrations: damage, NaN", lambda: damage(episode(reward=np.full(6, NAN)), 2) != "",
     "NaN"),
    ("demonstrations: damage, no end", lambda: damage(episode(terminated=False), 2) != "", "end"),
    ("imitation: an action too many", lambda: clone(1),
     "of actions that there are"),
    ("imitation: 0 actions", lambda: clone(0), "actions = 0"),
    ("imitation: actions '2'", lambda: clone("2"), "actions = '2'"),
    ("imitation: actions 2.5", lambda: clone(2.5), "actions = 2.5"),
    ("imitation: no memory", lambda: clone(kept=[[episode()]]), "memory_of|memory"),
    ("imitation: few steps", lambda: clone(config=CloneConfig()),
     "holds 12 transitions, a batch is"),
    ("imitation: DQNConfig", lambda: clone(config=DQNConfig()), "CloneConfig|config"),
    ("imitation: records 0", lambda: clone(records=0), "records = 0"),
    ("imitation: seed -1", lambda: clone(seed=-1), "seed = -1"),
    ("imitation: seed 'a'", lambda: clone(seed="a"), "seed = 'a'"),
    ("imitation: seed a list", lambda: clone(seed=[1, 2]), "seed = .1, 2."),
    ("imitation: networks of 3", lambda: clone(network=net(3, 4, 2)), "has 3 seeds, this training"),
    ("imitation: networks of NaN", lambda: clone(network=broken()), "NaN|no number"),
    ("imitation: a merged network", lambda: clone(network=merged()), "merged|learn"),
    ("imitation: loss a number", lambda: clone(loss=lambda q, a: q.mean()), "`?loss"),
    ("imitation: loss [S]", lambda: clone(loss=lambda q, a: q.mean((1, 2))), "`?loss"),
    ("imitation: loss NaN", lambda: clone(loss=lambda q, a: q[..., 0] * NAN), "NaN|no number"),
    ("imitation: loss nothing", lambda: clone(loss=lambda q, a: None), "`?loss"),
    ("dagger: no room", lambda: asked(kept=memory()),
     "no room for 1 · 5 more labels: the memory ne"),
    ("dagger: env misspelt", lambda: asked(env_id="CartPol-v1"), "cannot make 'CartPol-v1'"),
    ("dagger: env of others", lambda: asked(env_id="Acrobot-v1"),
     "`observation` must be a tensor"),
    ("dagger: episodes 0", lambda: asked(episodes=0), "episodes = 0"),
    ("dagger: labels 0", lambda: asked(labels=0), "labels = 0"),
    ("dagger: labels '5'", lambda: asked(labels="5"), "labels = '5'"),
    ("dagger: rounds -1", lambda: asked(rounds=-1), "rounds = -1"),
    ("dagger: rounds 1.5", lambda: asked(rounds=1.5), "rounds = 1.5"),
    ("dagger: expert a network", lambda: asked(net()), "`observation` must be a tensor"),
    ("dagger: expert says nothing", expert_gives(lambda a: None), "expert"),
    ("dagger: expert, one number", expert_gives(lambda a: 0), "expert"),
    ("dagger: expert [B]", expert_gives(lambda a: a[0]), "expert"),
    ("dagger: expert [S, B, 1]", expert_gives(lambda a: a[..., None]), "expert"),
    ("dagger: expert 2 of 2", expert_gives(lambda a: a + 2), "actions from 0 to 1, not array"),
    ("dagger: expert -1", expert_gives(lambda a: a - 1), "actions from 0 to 1, not array"),
    ("dagger: expert 0.5", expert_gives(lambda a: a + 0.5), "expert|0.5"),
    ("dagger: expert NaN", expert_gives(lambda a: a * NAN), "expert|NaN"),
    ("dagger: expert in place", what_was_met, "expert"),
    ("dqfd: pretrain 0", lambda: before(0), "updates = 0"),
    ("dqfd: pretrain -1", lambda: before(-1), "updates = -1"),
    ("dqfd: pretrain '3'", lambda: before("3"), "updates = '3'"),
    ("dqfd: records 0", lambda: before(records=0), "records = 0"),
    ("dqfd: DQNConfig", lambda: before(config=DQNConfig(**SMALL)), "DQfDConfig"),
    ("dqfd: networks of 3", lambda: before(network=net(3, 4, 2)), "3.*2|seeds"),
    ("dqfd: of other observations", lambda: before(network=net(2, 8, 2)), "8.*4|observation"),
    ("dqfd: of one action", lambda: before(network=net(2, 4, 1)), "action"),
    ("dqfd: networks of NaN", lambda: before(network=broken()), "NaN|no number"),
    ("dqfd: a list as memory", lambda: before(kept=[[episode()]]), "memory_of|memory"),
    ("dqfd: a batch over the memory", lambda: before(kept=memory_of([[episode(2)]] * 2)),
     "a batch is"),
    ("dqfd: margin a number", lambda: margin(lambda q, a, m: 1.0), "margin_loss|extra_loss"),
    ("dqfd: margin [S]", lambda: margin(lambda q, a, m: q.mean((1, 2))), "margin_loss"),
    ("dqfd: margin nothing", lambda: margin(lambda q, a, m: None), "margin_loss"),
    ("dqfd: margin NaN", lambda: margin(lambda q, a, m: q[..., 0] * NAN), "no number any more"),
]  # fmt: skip


def merged():
    return parts.merge(parts.add_lora(net(2, 4, 2, hidden_layers=1), 1))


def shaped(potential=VALUES, discount=0.9, **more):
    return rewards.shaped_mdp(LAKE, potential, discount, **more)


def with_potential(potential):
    return trained_with(reward=rewards.with_potential(potential))


def soft(temperature=1.0, **more):
    return trained_with(td_target=rewards.soft_target(temperature, **more))


REWARDS = [
    ("rewards: potential of 9", lambda: shaped(VALUES[:9]), "needs 16 potentials, one a st"),
    ("rewards: potential NaN", lambda: shaped(VALUES * NAN),
     "potential holds NaN"),
    ("rewards: potential inf", lambda: shaped(VALUES + INF), "potential are NaN or inf"),
    ("rewards: potential a list", lambda: shaped([0] * 16), "potential"),
    ("rewards: potential a function", lambda: shaped(abs), "potential"),
    ("rewards: potential words", lambda: shaped(np.full(16, "0")), "potential"),
    ("rewards: shaping [s]", lambda: shaped(shaping_reward=lambda p, n, t, g: VALUES),
     "shaping_rew"),
    ("rewards: shaping a number", lambda: shaped(shaping_reward=lambda *a: 1.0), "shaping_reward"),
    ("rewards: shaping NaN", lambda: shaped(shaping_reward=lambda p, *a: p * NAN), "NaN|shaping"),
    ("rewards: shaped, γ nan", lambda: shaped(discount=NAN), "discount = nan"),
    ("rewards: shaped, γ '1'", lambda: shaped(discount="1"), "discount = '1'"),
    ("rewards: shaped, an id", lambda: rewards.shaped_mdp("FrozenLake-v1", VALUES, 1),
     "read_mdp|rul"),
    ("rewards: Φ [S, B, D]", lambda: with_potential(lambda o: o), "`reward` must|potential"),
    ("rewards: Φ [S, B, 1]", lambda: with_potential(lambda o: o[..., :1]),
     "`reward` must|potential"),
    ("rewards: Φ a number", lambda: with_potential(lambda o: 0.0) and True, "potential"),
    ("rewards: Φ [B]", lambda: with_potential(lambda o: o[0, :, 0]), "potential"),
    ("rewards: Φ [S, 1]", lambda: with_potential(lambda o: o[:, :1, 0]), "potential"),
    ("rewards: Φ nothing", lambda: with_potential(lambda o: None), "potential"),
    ("rewards: Φ NaN", lambda: with_potential(lambda o: o[..., 0] * NAN), "no number any more"),
    ("rewards: Φ of NumPy", lambda: with_potential(lambda o: np.abs(o[..., 0].numpy())) and True,
     "potential|tensor"),
    ("rewards: Φ no function", lambda: with_potential(VALUES), "potential"),
    ("rewards: τ 0", lambda: soft(0), "temperature = 0"),
    ("rewards: τ -1", lambda: soft(-1), "temperature = -1"),
    ("rewards: τ nan", lambda: soft(NAN), "temperature = nan"),
    ("rewards: τ '1'", lambda: soft("1"), "temperature = '?1"),
    ("rewards: soft value [S, B, A]", lambda: soft(soft_value=lambda q, t: q), "`td_target`|soft"),
    ("rewards: soft value a number", lambda: soft(soft_value=lambda q, t: 1.0), "soft_value"),
    ("rewards: soft value [B]", lambda: soft(soft_value=lambda q, t: q[0, :, 0]), "soft_value"),
    ("rewards: SQIL, γ 1", lambda: rewards.sqil_reward(1), "discount = 1"),
    ("rewards: SQIL, γ -0.1", lambda: rewards.sqil_reward(-0.1), "discount = -0.1"),
    ("rewards: SQIL, γ nan", lambda: rewards.sqil_reward(NAN), "discount = nan"),
    ("rewards: SQIL, γ '0.9'", lambda: rewards.sqil_reward("0.9"), "discount = '?0.9"),
    ("rewards: SQIL, no experts", lambda: trained_with(reward=rewards.sqil_reward(0.9)),
     "demonstr"),
]  # fmt: skip


def played(folder, tensors, **facts):
    """What `recorded` makes of such a file."""
    path = folder / POLE / "episode_0000.safetensors"
    save_tensors(path, tensors, facts)
    return recorded(POLE, folder)


def columns(**changes):
    one = episode()
    names = Episode._fields[:3]
    return {name: torch.as_tensor(getattr(one, name)) for name in names} | changes


def episode_file(folder, content):
    (folder / POLE).mkdir()
    text(folder / POLE / "episode_0000.safetensors", content)
    return recorded(POLE, folder)


OWN_END = {"environment": POLE, "terminated": True}
PLAYING = [
    ("play: no keys", lambda d: Player("Acrobot-v1", 0, d), "no keys for Acrobot-v1; you can play"),
    ("play: misspelt", lambda d: Player("CartPole", 0, d), "no keys for CartPole; you can play"),
    ("play: seed 'a'", lambda d: Player(POLE, "a", d), "seed = 'a'"),
    ("play: seed -1", lambda d: Player(POLE, -1, d), "seed = -1"),
    ("play: recorded, misspelt", lambda d: recorded("CartPole", d), "CartPole"),
    ("play: recorded, empty file", lambda d: episode_file(d, ""),
     "episode_0000.safetensors is dam"),
    ("play: recorded, a text", lambda d: episode_file(d, "hello"),
     "episode_0000.safetensors is dam"),
    ("play: recorded, a study", lambda d: played(d, {"x": Q}), "episode_0000.safetensors"),
    ("play: recorded, no end", lambda d: played(d, columns()), "episode_0000.safetensors"),
    ("play: recorded, a step less", lambda d: played(d, columns(reward=Q[0, 0]), **OWN_END),
     "episod"),
    ("play: recorded, NaN", lambda d: played(d, columns(reward=torch.full((6,), NAN)), **OWN_END),
     "safetensors is damaged, or not"),
    ("play: recorded, other world", lambda d: played(d, columns(), environment="Acrobot-v1",
     terminated=True), "safetensors is damaged, or not"),
]  # fmt: skip


def extra(loss):
    """A training of two heads with this `extra_loss`."""
    network = net(2, 4, 2, hidden_layers=1, heads=2)
    return train(network=network, task=1, parts=Parts(extra_loss=loss))


def anchor(network=None, importance=1.0, seeds=2):
    network = network or net(seeds, 4, 2, hidden_layers=1, heads=2)
    named = {name: p.detach().clone() for name, p in network.named_parameters()}
    return Anchor(named, {name: torch.full_like(p, importance) for name, p in named.items()})


def lora_of(rank=1, network=None, **more):
    return parts.add_lora(network or net(), rank, **more)(SEEN)


LADDER = np.zeros((3, 2))
TUNING = [
    ("parts: rank 0", lambda: lora_of(0), "rank = 0"),
    ("parts: rank 100", lambda: lora_of(100), "rank = 100: a layer 4 → 4 allows 1 to 4"),
    ("parts: rank '2'", lambda: lora_of("2"), "rank = '2'"),
    ("parts: rank 1.5", lambda: lora_of(1.5), "rank = 1.5"),
    ("parts: alpha '2'", lambda: lora_of(alpha="2"), "alpha = '2'"),
    ("parts: alpha nan", lambda: lora_of(alpha=NAN), "alpha = nan"),
    ("parts: LoRA twice", lambda: lora_of(network=parts.add_lora(net(), 1)), "start from `plain"),
    ("parts: LoRA on a part", lambda: lora_of(network=parts.head_only(net())), "start from `plain"),
    ("parts: LoRA on merged", lambda: lora_of(network=merged()), "start from .plain.network"),
    ("parts: LoRA on a path", lambda: parts.add_lora("a.safetensors", 1), "network"),
    ("parts: own change, [in, r]", lambda: lora_of(change=lambda a, b, k: a), "change"),
    ("parts: own change, a number", lambda: lora_of(change=lambda a, b, k: 1.0), "change"),
    ("parts: own change, one seed", lambda: lora_of(change=lambda a, b, k: (a @ b)[0]), "change"),
    ("parts: own change, nothing", lambda: lora_of(change=lambda a, b, k: None), "change"),
    ("parts: seed -1", lambda: lora_of(seed=-1), "seed = -1"),
    ("parts: adapter of 0", lambda: parts.add_adapters(net(), 0),
     "size = 0"),
    ("parts: adapter of '2'", lambda: parts.add_adapters(net(), "2"), "size = '2'"),
    ("parts: adapters twice", lambda: parts.add_adapters(parts.add_adapters(net(), 1), 1),
     "start from .plain"),
    ("parts: nothing learns", lambda: parts.freeze(net(), lambda n: False),
     "nothing in this netwo"),
    ("parts: a misspelt name", lambda: parts.freeze(net(), lambda n: "haed" in n),
     "nothing in this"),
    ("parts: a name, no function", lambda: parts.freeze(net(), "head"), "learns|function"),
    ("parts: frozen twice", lambda: parts.head_only(parts.bitfit(net())),
     "frozen already: start fr"),
    ("parts: merge without", lambda: parts.merge(net()),
     "has no low-rank change: nothing was done"),
    ("parts: merge twice", lambda: parts.merge(merged()), "is merged already: nothing was done"),
    ("parts: unmerge at once", lambda: parts.unmerge(parts.add_lora(net(), 1)),
     "is not merged: not"),
    ("parts: merge adapters", lambda: parts.merge(parts.add_adapters(net(), 1)), "has no low-rank"),
    ("parts: plain of None", lambda: parts.plain(None), "network"),
    ("parts: count of a pair", lambda: parts.trainable((net(), {})), "network"),
    ("parts: train merged", lambda: train(network=merged()), "merged"),
    ("worlds: length 0", lambda: pole(length=0), "length = 0"),
    ("worlds: length -1", lambda: pole(length=-1), "length = -1"),
    ("worlds: length 'long'", lambda: pole(length="long"), "length = 'long'"),
    ("worlds: gravity nan", lambda: pole(gravity=NAN), "gravity = nan"),
    ("worlds: an unknown argument", lambda: worlds.cart_pole(mass=3), "mass"),
    ("worlds: misspelt", lambda: make_envs("CartPole-Shortpole-v0", 2),
     "cannot make 'CartPole-Sho"),
    ("worlds: a world's argument", lambda: make_envs("CartPole-ShortPole-v0", 2, mass=3), "mass"),
    ("worlds: engine 0.2", lambda: worlds.lunar_lander(main=0.2), "main = 0.2"),
    ("worlds: engine 5", lambda: worlds.lunar_lander(main=5), "main = 5"),
    ("worlds: engine '1'", lambda: worlds.lunar_lander(main="1"), "main = '1'"),
    ("worlds: lander's gravity 5", lambda: worlds.lunar_lander(gravity=5), "gravity = 5"),
    ("continual: heads 0", lambda: continual.add_heads(net(), 0), "tasks = 0"),
    ("continual: heads '2'", lambda: continual.add_heads(net(), "2"), "tasks = '2'"),
    ("continual: heads 1.5", lambda: continual.add_heads(net(), 1.5), "tasks = 1.5"),
    ("continual: heads twice", lambda: continual.add_heads(net(heads=2), 3),
     "with one head so far"),
    ("continual: heads, dueling", lambda: continual.add_heads(net(dueling=True), 2), "no dueling"),
    ("continual: columns, dueling", lambda: continual.ProgressiveNetwork(net(dueling=True)),
     "no due"),
    ("continual: columns, LoRA", lambda: column(parts.add_lora(net(), 1)), "LoRA|merge|plain"),
    ("continual: columns, None", lambda: column(None), "old = None: must be a QNetwork"),
    ("continual: Fisher of nothing", lambda: continual.fisher(net(), SEEN[:, :0]),
     "needs observat"),
    ("continual: Fisher, misspelt", lambda: continual.fisher(net(), SEEN, "gausian"),
     "form = 'gausi"),
    ("continual: Fisher, [B, D]", lambda: continual.fisher(net(), SEEN[0]), "observation|shape"),
    ("continual: Fisher, an array", lambda: continual.fisher(net(), SEEN.numpy()),
     "tensor|observat"),
    ("continual: Fisher, NaN", lambda: continual.fisher(net(), SEEN * NAN), "NaN"),
    ("continual: Fisher, frozen", lambda: continual.fisher(net().requires_grad_(False), SEEN),
     "lear"),
    ("continual: Fisher of NaN", lambda: continual.fisher(broken(), SEEN), "NaN"),
    ("continual: weights, others", lambda: continual.remember_weights(net(), {"x": Q}),
     "another network's weights"),
    ("continual: weights, after others", lambda: remember_after(net(heads=2)),
     "head|before|anchor"),
    ("continual: weights, decay nan", lambda: remember_after(net(hidden_layers=1), NAN),
     "decay = nan"),
    ("continual: weights, decay '1'", lambda: remember_after(net(hidden_layers=1), "1"),
     "decay = '1'"),
    ("continual: elastic, none", lambda: extra(continual.elastic([], 1.0)),
     "anchor|`extra_loss` mus"),
    ("continual: elastic, no list", lambda: extra(continual.elastic(anchor(), 1.0)),
     "anchors|list"),
    ("continual: elastic, one seed", lambda: extra(continual.elastic([anchor(seeds=1)], 1.0)),
     "another network's weights"),
    ("continual: elastic, '1'", lambda: extra(continual.elastic([anchor()], "1")), "weight = '1'"),
    ("continual: elastic, -1", lambda: extra(continual.elastic([anchor()], -1.0)), "weight = -1"),
    ("continual: elastic, nan", lambda: extra(continual.elastic([anchor()], NAN)),
     "weight = nan|no n"),
    ("continual: elastic, NaN", lambda: extra(continual.elastic([anchor(importance=NAN)], 1)),
     "NaN|n"),
    ("continual: penalty a number", lambda: extra(continual.elastic([anchor()], 1,
     lambda p, a: 1.0)), "`penalty` must return"),
    ("continual: penalty nothing", lambda: extra(continual.elastic([anchor()], 1,
     lambda p, a: None)), "penalty|`extra_loss`"),
    ("continual: rehearse nothing", lambda: extra(continual.rehearse({}, 1.0)),
     "`extra_loss` must"),
    ("continual: rehearse a list", lambda: extra(continual.rehearse([memory()], 1.0)),
     "memories|task"),
    ("continual: rehearse no head", lambda: extra(continual.rehearse({5: memory()}, 1.0)),
     "no head 5"),
    ("continual: rehearse one seed", lambda: extra(continual.rehearse({0: memory_of([[episode()]])},
     1.0)), "`observation` must be a tensor"),
    ("continual: rehearse others", lambda: extra(continual.rehearse({0: memory_of(
     [[episode(size=8)]] * 2)}, 1.0)), "8|observation"),
    ("continual: rehearse, '1'", lambda: extra(continual.rehearse({0: memory()}, "1")),
     "weight = '1'"),
    ("continual: rehearse, seed -1", lambda: continual.rehearse({0: memory()}, 1, -1), "seed = -1"),
    ("continual: keep, no memory", lambda: continual.keep_outputs(net(), [1], 1, {0: memory()}),
     "no m"),
    ("continual: keep no head", lambda: extra(continual.keep_outputs(net(heads=2), [5], 1)),
     "head 5"),
    ("continual: keep no task", lambda: extra(continual.keep_outputs(net(heads=2), [], 1)),
     "tasks|ret"),
    ("continual: keep a number", lambda: extra(continual.keep_outputs(net(heads=2), 0, 1)),
     "tasks"),
    ("continual: keep one of 3 seeds", lambda: extra(continual.keep_outputs(net(3, 4, 2, heads=2),
     [0], 1)), "`observation` must be a tensor"),
    ("continual: keep more actions", lambda: extra(continual.keep_outputs(net(2, 4, 1, heads=2),
     [0], 1)), r"`old` must answer a tensor \[2, 4, 2\]"),
    ("continual: keep NaN", lambda: extra(continual.keep_outputs(broken(), [0], 1)),
     "NaN|no number"),
    ("continual: forgetting, 1-D", lambda: continual.forgetting(LADDER[0]), "matrix"),
    ("continual: forgetting, square", lambda: continual.forgetting(LADDER[:2]), "matrix"),
    ("continual: forgetting, a list", lambda: bool(
     continual.forgetting(LADDER.tolist()) == [0.0]), "matrix"),
    ("continual: forgetting, NaN", lambda: continual.forgetting(LADDER * NAN), "NaN"),
    ("continual: transfer, square", lambda: continual.forward_transfer(LADDER[:2]), "matrix"),
    ("continual: transfer, turned", lambda: continual.forward_transfer(LADDER.T), "matrix"),
]  # fmt: skip


def pole(**changes):
    envs = worlds.cart_pole(num_envs=2, **changes)
    envs.reset(seed=0)
    return envs.step(np.zeros(2, int))


def column(old):
    return continual.ProgressiveNetwork(old)(SEEN)


def remember_after(network, decay=1.0):
    importance = anchor(network).importance
    return continual.remember_weights(network, importance, anchor(net(hidden_layers=1)), decay)


LEARNING = {"batch_size": 4, "rounds": 1, "states": 8, "updates": 2, "environments": 2, "width": 4}
LEARNING |= {"hidden_layers": 1}


def learn_from(*lessons, config=None, students=2, seed=0, records=1, **more):
    lessons = [*lessons] or [Lesson(POLE, net())]
    config = config or DistillConfig(**LEARNING)
    return deque(distill(config, lessons, students, seed=seed, records=records, **more), 1)[0]


def taught_by(answers):
    """Students of a teacher that gives these answers, from observations [n, D]."""
    return lambda: learn_from(Lesson(POLE, answers))


def zeros(n):
    return np.zeros((len(n), 2), np.float32)


def states_stay():
    """A teacher that writes into what it is shown leaves the students' states alone."""
    shown = torch.ones(2, 3, 4)

    def blanking(observation):
        observation *= 0
        return zeros(observation)

    teacher_values(blanking, shown)
    return bool((shown == 1).all())


def kicked(teacher=None, **more):
    return trained_with(extra_loss=kickstart(teacher or net(), **more))


STEPS = [("left", 4), ("right", 4)]
DISTILLING = [
    ("teachers: [S, B, A]", taught_by(lambda o: o[None]), r"must be \[2, actions\]"),
    ("teachers: [n]", taught_by(lambda o: o[:, 0]), r"must be \[2, actions\]"),
    ("teachers: a number", taught_by(lambda o: 0.0), "must be .2, actions"),
    ("teachers: nothing", taught_by(lambda o: None), "teacher|answer"),
    ("teachers: words", taught_by(lambda o: [["a", "b"]] * len(o)), "teacher|answer"),
    ("teachers: NaN", taught_by(lambda o: zeros(o) * NAN),
     "teacher's answers are NaN"),
    ("teachers: inf", taught_by(lambda o: zeros(o) + INF),
     "teacher's answers are NaN"),
    ("teachers: three actions", taught_by(lambda o: o[:, :3]),
     "teacher knows 3 actions, this task"),
    ("teachers: no function", taught_by("expert"), "teacher"),
    ("teachers: None", taught_by(None), "teacher"),
    ("teachers: a pair", taught_by((net(), {})), "teacher"),
    ("teachers: a greedy one", taught_by(greedy(net())), "`observation` must be a tensor"),
    ("teachers: in place", states_stay, "teacher"),
    ("teachers: other observations", taught_by(net(2, 8, 2)),
     "takes 8 numbers as an observation, t"),
    ("teachers: 3 for 2", taught_by(net(3, 4, 2)), r"`observation` must be a tensor \[3"),
    ("teachers: of NaN", taught_by(broken()), "teacher's answers hold NaN"),
    ("teachers: values of [B, D]", lambda: teacher_values(net(), SEEN[0]),
     r"\[S, B, D\]|observation"),
    ("teachers: values of an array", lambda: teacher_values(net(), SEEN.numpy()),
     "tensor|observati"),
    ("teachers: policy, sum 2", taught_by(policy_teacher(lambda o: zeros(o) + 1)),
     "probabilities: n"),
    ("teachers: policy, negative", taught_by(policy_teacher(lambda o: zeros(o) - 1)),
     "probabilities"),
    ("teachers: policy, NaN", taught_by(policy_teacher(lambda o: zeros(o) * NAN)), "probabilities"),
    ("teachers: policy, actions", taught_by(policy_teacher(lambda o: zeros(o)[:, 0])),
     "probabiliti"),
    ("teachers: policy, a number", taught_by(policy_teacher(lambda o: 1.0)), "probabilit|answer"),
    ("teachers: policy, nothing", taught_by(policy_teacher(lambda o: None)), "probabilit|policy"),
    ("teachers: visit 0", lambda: visit_states(play(always_left, POLE, 2, 1), 0), "states = 0"),
    ("teachers: visit '9'", lambda: visit_states(play(always_left, POLE, 2, 1), "9"),
     "states = '9'"),
    ("teachers: visit a list", lambda: visit_states([], 5), "steps|play"),
    ("teachers: visit, too few", lambda: visit_states(some_steps(3), 5), "3|steps"),
    ("kickstart: τ 0", lambda: kicked(temperature=0), "temperature = 0"),
    ("kickstart: τ nan", lambda: kicked(temperature=NAN), "temperature = nan"),
    ("kickstart: τ '1'", lambda: kicked(temperature="1"), "temperature = '?1"),
    ("kickstart: weight '1'", lambda: kicked(weight="1"), "weight = '1'"),
    ("kickstart: weight nan", lambda: kicked(weight=NAN), "weight = nan|no number any more"),
    ("kickstart: until -1", lambda: kicked(until=-1), "until = -1"),
    ("kickstart: three actions", lambda: kicked(net(2, 4, 3)), "`teacher` must answer a tensor"),
    ("kickstart: one action, spread", lambda: kicked(net(2, 4, 1)),
     "`teacher` must answer a tensor"),
    ("kickstart: other observations", lambda: kicked(net(2, 8, 2)),
     "takes 8 numbers as an observa"),
    ("kickstart: 3 for 2", lambda: kicked(net(3, 4, 2)), r"must be a tensor \[3"),
    ("kickstart: of NaN", lambda: kicked(broken()), "answers hold NaN"),
    ("kickstart: loss a number", lambda: kicked(loss=lambda q, t, k: q.mean()), "`?loss"),
    ("kickstart: loss [S]", lambda: kicked(loss=lambda q, t, k: q.mean((1, 2))), "`?(extra_)?loss"),
    ("kickstart: schedule nothing", lambda: kicked(schedule=lambda w, p, u: None), "schedule"),
    ("kickstart: schedule a word", lambda: kicked(schedule=lambda w, p, u: "1"), "schedule"),
    ("distil: no lessons", lambda: deque(distill(DistillConfig(), [])),
     "0 lessons, states = 'mixtu"),
    ("distil: a lesson, no list", lambda: deque(distill(DistillConfig(), Lesson(POLE, net()))),
     "lis"),
    ("distil: a lesson a word", lambda: learn_from(POLE), "Lesson"),
    ("distil: a lesson a pair", lambda: learn_from((POLE, net())), "Lesson"),
    ("distil: lesson turned", lambda: learn_from(Lesson(net(), POLE)),
     "Lesson|env_id|cannot make '"),
    ("distil: env misspelt", lambda: learn_from(Lesson("CartPol-v1", net())),
     "cannot make 'CartPol"),
    ("distil: world misspelt", lambda: learn_from(Lesson(POLE, net(), world={"mass": 1})), "mass"),
    ("distil: states misspelt", lambda: learn_from(states="students"), "states = 'students': give"),
    ("distil: students 0", lambda: learn_from(students=0), "students = 0"),
    ("distil: students '2'", lambda: learn_from(students="2"), "students = '2'"),
    ("distil: seed -1", lambda: learn_from(seed=-1), "seed = -1"),
    ("distil: records 0", lambda: learn_from(records=0), "records = 0"),
    ("distil: CloneConfig", lambda: learn_from(config=CloneConfig()), "DistillConfig|config"),
    ("distil: a dict", lambda: learn_from(config=LEARNING), "DistillConfig|config"),
    ("distil: loss a number", lambda: learn_from(loss=lambda s, t, k: s.mean()), "`?loss"),
    ("distil: loss [S]", lambda: learn_from(loss=lambda s, t, k: s.mean((1, 2))), "`?loss"),
    ("distil: loss [S, B, A]", lambda: learn_from(loss=lambda s, t, k: s - t), "`?loss"),
    ("distil: loss NaN", lambda: learn_from(loss=lambda s, t, k: s[..., 0] * NAN), "NaN|no number"),
    ("distil: loss nothing", lambda: learn_from(loss=lambda s, t, k: None), "`?loss"),
    ("distil: loss takes 2", lambda: learn_from(loss=lambda s, t: s[..., 0]), "loss"),
    ("distil: noise of 3", lambda: learn_from(Lesson(POLE, net(), np.ones(3))), "noise|size"),
    ("distil: noise -1", lambda: learn_from(Lesson(POLE, net(), -1.0)), "noise|size"),
    ("distil: noise nan", lambda: learn_from(Lesson(POLE, net(), NAN)), "noise|size|NaN"),
    ("distil: noise '1'", lambda: learn_from(Lesson(POLE, net(), "1")), "noise|size"),
    ("distil: other tasks", lambda: learn_from(Lesson(POLE, net()), Lesson("Acrobot-v1",
     net(2, 6, 3))), "differ, .*: take heads=True"),
    ("distil: no lesson 3", lambda: answer(net(heads=2), SEEN, 3), "no head 3: it has 2"),
    ("distil: too long", lambda: answer(net(), torch.zeros(2, 3, 9)), "9|observation"),
    ("distil: actions -1", lambda: answer(net(), SEEN, 0, -1), "actions = -1"),
    ("robust: noise of 3", lambda: noise(np.ones(3)), "size|noise"),
    ("robust: noise -1", lambda: noise(-1.0), "size = -1"),
    ("robust: noise nan", lambda: noise(NAN), "size = nan|NaN"),
    ("robust: noise '1'", lambda: noise("1"), "size = '1'"),
    ("robust: a seed", lambda: noise(0.1, 3), "rng"),
    ("robust: delay -1", lambda: robust.delayed(always_left, -1)(SEEN.numpy()), "steps = -1"),
    ("robust: delay 1.5", lambda: robust.delayed(always_left, 1.5)(SEEN.numpy()), "steps = 1.5"),
    ("robust: delay '2'", lambda: robust.delayed(always_left, "2")(SEEN.numpy()), "steps = '2'"),
    ("robust: lead of one action", lambda: robust.decision_gradient(net(2, 4, 1), SEEN), "action"),
    ("robust: lead [B, D]", lambda: robust.decision_gradient(net(), SEEN[0]),
     "`observation` must be a tensor"),
    ("robust: lead, a function", lambda: robust.decision_gradient(always_left, SEEN), "network"),
    ("robust: attack of 3", lambda: robust.fgsm(net(), SEEN, [0.1] * 3), "size"),
    ("robust: attack nan", lambda: robust.fgsm(net(), SEEN, NAN), "size are NaN"),
    ("robust: attack on a function", lambda: robust.attacked(always_left, 0.1)(SEEN), "network"),
    ("robust: own attack, nothing", lambda: robust.attacked(net(), 0.1, lambda n, o, s: None)(SEEN),
     "attack"),
]  # fmt: skip


def noise(size, rng=None):
    return robust.noisy(always_left, size, rng or RNG(0))(SEEN.numpy())


def some_steps(count):
    steps = play(always_left, POLE, 2, 1)
    return iter([next(steps) for _ in range(count)])


def layers(network=None):
    return ship.layers_of(network or net(layer_norm=False))


def card_back(folder, **card):
    ship.save_layers(folder / "a.npz", layers(), card)
    return ship.load_layers(folder / "a.npz")[1]


def exported(folder, network=None, name="a.onnx", **more):
    ship.export_onnx(folder / name, network or net(layer_norm=False, hidden_layers=1), **more)
    return folder / name


def arrays(folder, **given):
    np.savez(folder / "a.npz", **given)
    return ship.load_layers(folder / "a.npz")


def page(folder, network=None, **more):
    ship.write_html(folder / "a.html", network or net(layer_norm=False), **more)


FLAT = np.zeros((5, 4), np.float32)
# `numpy_q` has no cases: learners write it, and it runs where NumPy is all that there is.
SHIPPING = [
    ("ship: no agent 2", lambda: ship.plain_network(net(), 2),
     "no agent 2: choose one from 0 to 1"),
    ("ship: no agent -1", lambda: ship.plain_network(net(), -1), "no agent -1: choose one from 0"),
    ("ship: agent '0'", lambda: ship.plain_network(net(), "0"), "agent '?0"),
    ("ship: agent 0.5", lambda: ship.plain_network(net(), 0.5), "agent 0.5"),
    ("ship: dueling", lambda: ship.plain_network(net(dueling=True)), "dueling network is no chain"),
    ("ship: LoRA", lambda: ship.plain_network(parts.add_lora(net(), 1)), "merge LoRA by"),
    ("ship: a path", lambda: ship.plain_network("a.safetensors"), "network"),
    ("ship: NaN", lambda: ship.plain_network(broken()), "NaN"),
    ("ship: layers of a norm", lambda: layers(net()),
     "normalises its layers: distil it into a stud"),
    ("ship: save no layers", lambda d: ship.save_layers(d / "a.npz", []), "layer"),
    ("ship: save a network", lambda d: ship.save_layers(d / "a.npz", net()), "layers_of|layer"),
    ("ship: save, numpy in card", lambda d: card_back(d, x=FLAT)["x"] == FLAT.tolist(), "card"),
    ("ship: save, a function in card", lambda d: card_back(d, act=max), "cannot hold .*function"),
    ("ship: load, missing", lambda d: ship.load_layers(d / "a.npz"), "a.npz is not in .*: run the"),
    ("ship: load, a folder", lambda d: ship.load_layers(d), "damaged, or not the|folder"),
    ("ship: load, a text", lambda d: ship.load_layers(text(d / "a.npz")),
     "a.npz is damaged, or not"),
    ("ship: load, an agent", lambda d: ship.load_layers(study(d)),
     "a.safetensors is damaged, or not"),
    ("ship: load, other arrays", lambda d: arrays(d, x=FLAT), "a.npz is damaged, or not"),
    ("ship: load, no card", lambda d: arrays(d, w_0=FLAT.T, b_0=FLAT[:, 0]),
     "a.npz is damaged, or"),
    ("ship: load, not fitting", lambda d: arrays(d, w_0=FLAT, b_0=FLAT[:, 0], card="{}"),
     "damaged"),
    ("ship: load, NaN", lambda d: arrays(d, w_0=FLAT.T * NAN, b_0=FLAT[:, 0], card="{}"),
     "NaN|dama"),
    ("ship: ONNX, missing", lambda d: ship.onnx_q(d / "a.onnx"),
     "a.onnx is not in .*: run the cell"),
    ("ship: ONNX, a folder", lambda d: ship.onnx_q(d), "damaged, or not the course's|folder"),
    ("ship: ONNX, empty", lambda d: ship.onnx_q(text(d / "a.onnx", "")),
     "a.onnx is damaged, or not"),
    ("ship: ONNX, an agent", lambda d: ship.onnx_q(study(d)), "a.safetensors is damaged, or not"),
    ("ship: ONNX, a text", lambda d: ship.onnx_q(text(d / "a.onnx")), "a.onnx is damaged, or not"),
    ("ship: ONNX of dueling", lambda d: exported(d, net(dueling=True)),
     "dueling network is no chain"),
    ("ship: ONNX of NaN", lambda d: exported(d, broken(network=net(layer_norm=False))), "NaN"),
    ("ship: ONNX, no agent 7", lambda d: exported(d, number=7),
     "no agent 7: choose one from 0 to 1"),
    ("ship: ONNX asked by float64", lambda d: asked_onnx(d, FLAT.astype(float)), "float32"),
    ("ship: ONNX asked by others", lambda d: asked_onnx(d, FLAT[:, :3]), "observation|4"),
    ("ship: ONNX asked by one", lambda d: asked_onnx(d, FLAT[0]), "observation|n, D"),
    ("ship: int8 of a text", lambda d: ship.quantize_onnx(text(d / "a"), d / "b"),
     "a is damaged, or"),
    ("ship: int8, missing", lambda d: ship.quantize_onnx(d / "a", d / "b"),
     "a is not in .*: run the"),
    ("ship: page of a lander", lambda d: page(d, net(2, 8, 4)),
     "plays CartPole-v1: choose an agent"),
    ("ship: page, norm", lambda d: page(d, net()),
     "normalises its layers: distil it into a student"),
    ("ship: page of NaN", lambda d: page(d, broken(network=net(layer_norm=False))), "NaN"),
    ("ship: page, no agent 4", lambda d: page(d, number=4), "no agent 4: choose one from 0 to 1"),
    ("ship: latency, 0 calls", lambda: ship.latency(len, FLAT, 0), "calls = 0"),
    ("ship: latency, '9' calls", lambda: ship.latency(len, FLAT, "9"), "calls = '9'"),
    ("ship: latency of nothing", lambda: ship.latency(len, FLAT[:0], 2), "observation"),
    ("ship: latency, no function", lambda: ship.latency(net, None, 2), "observation"),
]  # fmt: skip


def asked_onnx(folder, observation):
    return ship.onnx_q(exported(folder))(observation)


# What is not mended yet: no error at all, or a foreign one. A test that is mended says so.
NOT_YET = {
    "silent": """
""",
    "foreign": """
tabular: target takes 3
worlds: lander's gravity 5
tabular: greedy, no actions
by_hand: action 9
demonstrations: no seeds
continual: keep, no memory
robust: lead of one action
distil: loss takes 2
distil: noise of 3
robust: noise of 3
robust: attack of 3
""",
    "silent, rarely met": """
""",
    "foreign, rarely met": """
tabular: discounted, words
rewards: Φ no function
""",
}


@pytest.mark.filterwarnings("ignore")
@listed(TABLES + PROBES + TEACHING + REWARDS + PLAYING + TUNING + DISTILLING + SHIPPING, NOT_YET)
def test_a_wrong_input_gets_one_sentence(call, words, tmp_path):
    hold(verdict(call, words, tmp_path))
