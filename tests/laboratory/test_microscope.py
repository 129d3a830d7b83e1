"""The microscope: states of a flight and by hand, and what agents make of them."""

import gymnasium as gym
import numpy as np
import pytest
import torch

from course_utils.laboratory import microscope
from course_utils.laboratory.microscope import put_by_hand
from course_utils.laboratory.view import short
from course_utils.losses import td_target
from course_utils.networks import QNetwork, greedy

STEP, SIZE = "step of the flight", "noise or attack, in units"
WORLDS = {"CartPole-v1": (4, 2), "MountainCar-v0": (2, 3), "LunarLander-v3": (8, 4)}


def agent(env_id, seed=0, seeds=1):
    generator = torch.Generator().manual_seed(seed)
    return QNetwork(seeds, *WORLDS[env_id], width=16, generator=generator)


def flight(env_id, network, seed=0):
    """States [T + 1, D], actions and rewards of an episode, played without the microscope."""
    env, act = gym.make(env_id), greedy(network.choose([0]))
    seen, actions, rewards, over = [env.reset(seed=seed)[0]], [], [], False
    while not over:
        actions.append(act(seen[-1][None, None]).item())
        after, reward, terminated, truncated, _ = env.step(actions[-1])
        seen.append(after)
        rewards.append(reward)
        over = terminated or truncated
    return np.array(seen), actions, rewards


def looked(env_id, **more):
    """Two agents under it: the state that the view holds, and what asks it for another."""
    agents = {"one": agent(env_id, 0), "two": agent(env_id, 1, seeds=2)}
    [view] = microscope(agents, env_id, **more).children
    told = []
    view.send = told.append

    def ask(**said):
        view._msg_callbacks(view, {"set": said}, [])
        return told[-1]

    return agents, view, ask


@pytest.mark.parametrize("env_id", WORLDS)
def test_a_step_of_the_flight_is_exactly_that_state(env_id):
    agents, view, ask = looked(env_id, seed=3)
    seen, _, _ = flight(env_id, agents["one"], seed=3)
    assert [*view.about["plain"].values()][3] == short(seen[len(seen[1:]) // 3])[0]
    for step in (0, 7, len(seen) - 2):
        answer = ask(**{STEP: step})
        assert answer["frames"][0][0] == short(seen[step])
        assert answer["look"]["below"]["look"]["marks"] == [{"x": step, "text": f"step {step}"}]
        q = agents["one"](torch.as_tensor(seen[:-1])[None]).detach()[0]
        assert answer["look"]["below"]["kept"][""]["mid"] == short(q.amax(-1))
        bars = ask(**{"look at": "action values"})["look"]["bars"]
        assert bars["one"] == short(q[step]) and bars.keys() == {"one", "two"}


@pytest.mark.parametrize("env_id", WORLDS)
def test_the_parts_of_the_target_are_those_of_a_step(env_id):
    agents, _, ask = looked(env_id, discount=0.9, reward_scale=0.5)
    seen, actions, _ = flight(env_id, agents["one"])
    step = len(actions) - 1  # the last one terminates, or is cut off
    for k in (5, step):
        ask(**{STEP: k})
        bars = ask(**{"look at": "target"})["look"]["bars"]
        for action in range(WORLDS[env_id][1]):
            env = gym.make(env_id)
            env.reset(seed=0)
            for before in actions[:k]:
                env.step(before)
            after, reward, terminated, _, _ = env.step(action)
            q = agents["one"](torch.as_tensor(after)[None, None]).detach()[0, 0]
            target = td_target(torch.tensor(0.5 * reward), torch.tensor(1.0 * terminated), q, 0.9)
            sums = [bars[name][action] for name in ("r", "γ max Q(s′)", "r + γ max Q(s′)")]
            assert sums[2] == pytest.approx(target.item(), abs=1e-3)
            assert sums[0] + sums[1] == pytest.approx(sums[2], abs=2e-3)
            assert sums[0] == pytest.approx(0.5 * reward, abs=1e-3)


def test_sliders_follow_the_flight_and_a_hand_leaves_it():
    agents, view, ask = looked("CartPole-v1")
    seen, _, _ = flight("CartPole-v1", agents["one"])
    names = [control["name"] for control in view.about["controls"]][3:7]
    answer = ask(**{STEP: 4})
    assert answer["moves"] == dict(zip(names, short(seen[4]), strict=True)) | {STEP: 4}
    assert answer["values"] == answer["moves"]
    answer = ask(**{"angle, rad": 0.2})
    assert answer["moves"] == {} and answer["look"]["below"]["look"]["marks"] == []
    expected = short(seen[4])
    expected[2] = 0.2
    assert answer["frames"][0][0] == pytest.approx(expected)
    there = answer["look"]["below"]["moves"]  # what a click on the same step puts back
    assert there[STEP] == 4 and [there[name] for name in names] == short(seen[4])
    assert ask(**there)["look"]["below"]["look"]["marks"]
    lengths = {name: len(flight("CartPole-v1", each)[1]) for name, each in agents.items()}
    short_one, long_one = sorted(lengths, key=lengths.get)
    ask(agent=long_one)
    ask(**{STEP: lengths[long_one] - 1})
    assert ask(agent=short_one)["moves"][STEP] == lengths[short_one] - 1


def test_what_comes_next_from_a_state_that_was_set_by_hand():
    pole, car, lander = (gym.make(env_id).unwrapped for env_id in WORLDS)
    for env, state in ((pole, [0.1, 0.2, 0.05, -0.3]), (car, [-0.5, 0.02])):
        env.reset(seed=0)
        assert put_by_hand(env, state).tolist() == pytest.approx(state)
        env.step(1)
    assert pole.state[0] == pytest.approx(0.1 + 0.02 * 0.2)
    assert car.state[1] == pytest.approx(0.02 - 0.0025 * np.cos(-1.5))
    # A state of a real flight, reached by hand from an earlier one: its next step is nearly alike.
    seen, actions, rewards = flight("LunarLander-v3", agent("LunarLander-v3"))
    lander.reset(seed=0)
    for action in actions[:30]:
        lander.step(action)
    put_by_hand(lander, seen[40].tolist())
    after, reward, *_ = lander.step(0)
    lander.reset(seed=0)
    for action in actions[:40]:
        lander.step(action)
    expected, expected_reward, *_ = lander.step(0)
    assert after == pytest.approx(expected, abs=2e-3)
    assert reward == pytest.approx(expected_reward, abs=0.2)


def test_noise_and_attack_change_decisions():
    def attack(network, observation, size):
        assert observation.shape == (1, 1, 8) and np.shape(size) == (8,)
        return observation + 1e4 * size

    agents, _, ask = looked("LunarLander-v3", attack=attack)
    answer = ask(**{SIZE: 0})  # brings what it acts on with it
    assert answer["moves"] == {"look at": "noise and attack"}
    bars = answer["look"]["bars"]
    assert bars.keys() == {f"{name}, {by}" for name in agents for by in ("noise", "attack")}
    assert all(max(shares) == sum(shares) == 1 for shares in bars.values())
    noisy = ask(**{SIZE: 1})["look"]["bars"]
    assert sum(noisy["one, noise"]) == pytest.approx(1) and max(noisy["one, noise"]) < 1
    refused = looked("LunarLander-v3", attack=lambda *_: None)[2](**{SIZE: 0.2})["told"]
    assert refused.startswith("`attack` must return a tensor [1, 1, 8], not None")


def test_without_an_attack_nothing_speaks_of_one():
    _, view, ask = looked("LunarLander-v3")
    answer = ask(**{view.about["controls"][-1]["name"]: 0.5})
    assert answer["moves"] == {"look at": "noise"} and len(answer["look"]["bars"]) == 2
    assert "attack" not in f"{view.about}{answer}"


def test_value_and_advantage_are_the_streams_of_a_dueling_network():
    network = QNetwork(1, 4, 2, dueling=True, generator=torch.Generator().manual_seed(0))
    [view] = microscope({"it": network}, "CartPole-v1").children
    seen = flight("CartPole-v1", network)[0]
    seen = torch.as_tensor(seen[(len(seen) - 1) // 3])[None, None]
    hidden = network._activate(network.value_hidden(network.units(seen)[-2]))
    assert f"Their mean, V(s): it {network.value_head(hidden).item():.3g}." in view.value


def test_the_flight_from_here_goes_on_as_the_agent_would():
    agents, _, ask = looked("LunarLander-v3")
    _, actions, rewards = flight("LunarLander-v3", agents["one"])
    ask(**{STEP: 20})
    answer = ask(**{"look at": "the flight from here"})
    curve = answer["kept"]["one"]
    assert curve["x"][-1] == len(actions) - 20
    assert curve["mid"][-1] == pytest.approx(sum(rewards[20:]), abs=0.1)
    assert f"one returns {sum(rewards[20:]):.0f}" in answer["told"]
    assert answer["frames"][0][2].startswith("one, greedy: step 1,")
    assert ask(**{"speed y": 0.3})["kept"]["one"]["mid"] != curve["mid"]


@pytest.mark.parametrize(
    ("agents", "env_id", "error", "sentence"),
    [
        ({}, "CartPole-v1", ValueError, "one or more"),
        ({"a": 3}, "CartPole-v1", TypeError, "a = 3: must be a QNetwork"),
        ([1], "CartPole-v1", TypeError, "agents = "),
        ({"a": agent("CartPole-v1")}, "MountainCar-v0", ValueError, "a is an agent for another"),
        ({"a": agent("CartPole-v1")}, "Acrobot-v1", ValueError, "must be a LunarLander, CartPole"),
        ({"a": agent("CartPole-v1")}, "NoSuch-v1", ValueError, "no 'NoSuch-v1' to play in"),
    ],
)
def test_wrong_inputs_get_a_sentence(agents, env_id, error, sentence):
    with pytest.raises(error, match=sentence):
        microscope(agents, env_id)
