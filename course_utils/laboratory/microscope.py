"""A microscope: one state of a world, what agents make of it, and where they go from there."""

from collections.abc import Callable

import numpy as np
import torch

from course_utils.checks import check_kind, check_number, check_shape, checked, need
from course_utils.laboratory.instant import Look, explore
from course_utils.laboratory.spectator import Spectator
from course_utils.laboratory.view import short, thinned
from course_utils.losses import td_target
from course_utils.networks import QNetwork
from course_utils.plotting import Curve

# What is seen in each world, with the bounds of its slider or as a menu; what can be done there.
LEG = {"no contact": 0.0, "contact": 1.0}
LANDER = {"x": (-1, 1), "y": (0, 1.5), "speed x": (-1, 1), "speed y": (-1.5, 0.5)}
LANDER |= {"angle, rad": (-1.6, 1.6), "turning": (-1, 1), "left leg": LEG, "right leg": LEG}
POLE = {"position, m": (-2.4, 2.4), "speed, m/s": (-3, 3)}
POLE |= {"angle, rad": (-0.21, 0.21), "turning, rad/s": (-3, 3)}
CAR = {"position": (-1.2, 0.6), "speed": (-0.07, 0.07)}
SCENES = {"cartpole": (POLE, ["left", "right"])}
SCENES |= {"mountaincar": (CAR, ["left", "nothing", "right"])}
SCENES |= {"lander": (LANDER, ["nothing", "left engine", "main engine", "right engine"])}
STEP = "step of the flight"


def put_by_hand(env, state: list) -> np.ndarray:
    """Move an environment to a state; a lander by its body, legs and ground as they come."""
    if not hasattr(env, "lander"):
        env.state = np.array(state)
        return env.state.astype(np.float32)
    from gymnasium.envs.box2d import lunar_lander as its

    half = np.array([its.VIEWPORT_W, its.VIEWPORT_H]) / its.SCALE / 2
    place, speed, (angle, turning, *contact) = np.array(state[:2]), np.array(state[2:4]), state[4:]
    body, ground = env.lander, np.array([half[0], env.helipad_y + its.LEG_DOWN / its.SCALE])
    legs = [(leg, body.GetLocalPoint(leg.position), leg.angle - body.angle) for leg in env.legs]
    body.position, body.angle = (ground + half * place).tolist(), angle
    body.linearVelocity = (speed * its.FPS / half).tolist()
    body.angularVelocity, body.awake = turning * its.FPS / 20, True
    for (leg, at, bent), down in zip(legs, contact, strict=True):
        leg.position, leg.angle, leg.ground_contact = body.GetWorldPoint(at), angle + bent, down > 0
        leg.linearVelocity = body.GetLinearVelocityFromWorldPoint(leg.position)
        leg.angularVelocity = body.angularVelocity
    # The reward of the next step is what this grows by.
    off = np.hypot(*place) + np.hypot(*speed) + abs(angle)
    env.prev_shaping = 10 * sum(contact) - 100 * off
    return np.array(state, np.float32)


class Bench:
    """Agents and their world; each kind of look is a method that returns fields of a `Look`.

    A place is (way, hand): actions from the reset on, and the state that a hand has made of what
    is there, or None. Exact without a hand.
    """

    def __init__(self, agents, env_id, seed, attack, discount, reward_scale):
        self.there, self.seed, self.attack = Spectator(env_id, seed), seed, attack
        by = ("noise", "attack") if attack else ("noise",)  # words for what is there alone
        self.disturbing, self.strength = " and ".join(by), f"{' or '.join(by)}, in units"
        known = self.there.world in SCENES
        need(known, f"env_id = {env_id}: must be a LunarLander, CartPole, MountainCar.")
        self.scene, self.actions = SCENES[self.there.world]
        fits = {"observations": len(self.scene), "actions": len(self.actions)}
        for name, network in agents.items():
            check_kind(name, network, {QNetwork: "a QNetwork: load one with storage.load_agent"})
            told = f"{name} is an agent for another world: this one has {fits}."
            need(network.arguments | fits == network.arguments, told)
        need(agents, "agents = {}: must be one or more, by name.")
        self.agents = {name: network.choose([0]) for name, network in agents.items()}
        self.discount, self.stands, self.size = discount, None, None
        self.reward_scale = check_number("reward_scale", reward_scale, float, 0)
        self.flights = {name: self.fly(name, ([], None)) for name in agents}
        self.unit = np.std([seen for each in self.flights.values() for seen, *_ in each], 0)

    def put(self, way, hand):
        """What is seen after the environment was put into a place."""
        seen, _ = self.there.env.reset(seed=self.seed)
        for action in way:
            seen, *_ = self.there.env.step(action)
        return seen if hand is None else put_by_hand(self.there.env.unwrapped, hand)

    def fly(self, name, place) -> list:
        """Frames of an agent that goes on from there, one a step; the return at their ends."""
        there, frames = self.there, []
        there.seen, there.paid, there.number = self.put(*place), 0.0, 0
        while there.seen is not None and len(frames) < 1000:
            seen, [(_, action, words, facts)] = there.seen, there.frames(self.agents[name], 1)
            frames.append((seen, action, words.replace("agent 0", str(name)), facts, there.paid))
        return frames

    def q(self, seen) -> dict:
        """States [B, D] → name → values [B, A]."""
        seen = torch.as_tensor(np.asarray(seen, np.float32))[None]
        with torch.no_grad():
            return {name: network(seen)[0].numpy() for name, network in self.agents.items()}

    def values(self, seen, **_):
        return {"bars": {name: q[0] for name, q in self.q([seen]).items()}, "ylabel": "Q(s, a)"}

    def advantages(self, seen, **_):
        bars, told = {}, []  # with the mean as V these are the two streams of a dueling network
        for name, [q] in self.q([seen]).items():
            bars[f"{name}, in units of {np.ptp(q):.2g}"] = (q - q.mean()) / (np.ptp(q) or 1)
            told.append(f"{name} {q.mean():.3g}")
        told = f" Their mean, V(s): {', '.join(told)}."
        return {"bars": bars, "ylabel": "Q(s, a) − V(s)", "ylim": (-1, 1), "sentence": told}

    def target(self, seen, agent, place, **_):
        steps = []
        for action in range(len(self.actions)):
            self.put(*place)
            steps.append(self.there.env.step(action)[:3])
        behind, reward, terminated = map(np.array, zip(*steps, strict=True))
        reward, [q] = reward * self.reward_scale, self.q([seen])[agent]
        given = reward, terminated.astype(float), self.q(behind)[agent]
        target = td_target(*map(torch.as_tensor, given), self.discount).numpy()
        bars = {"r": reward, "γ max Q(s′)": target - reward, "r + γ max Q(s′)": target}
        a = q.argmax()
        told = " + ".join(f"{v[a]:.3f}" for v in [*bars.values()][:2])
        told = f" Target of {self.actions[a]}: {told} = {target[a]:.3f}; Q(s, a) = {q[a]:.3f}."
        return {"bars": bars | {"Q(s, a)": q}, "ylabel": "scaled rewards", "sentence": told}

    def disturbed(self, seen, size, **_):
        luck = np.random.default_rng(self.seed).normal(size=(200, len(seen)))
        behind = self.q(seen + size * self.unit * luck)
        chosen = {f"{name}, noise": q.argmax(-1) for name, q in behind.items()}
        here, step = torch.as_tensor(seen)[None, None], torch.as_tensor(size * self.unit).float()
        for name, network in self.agents.items() if self.attack else ():
            shown = check_shape("attack", self.attack(network, here, step), here.shape)
            chosen[f"{name}, attack"] = self.q(shown[0])[name].argmax(-1)
        count = len(self.actions)
        bars = {k: np.bincount(each, minlength=count) / len(each) for k, each in chosen.items()}
        told = (f"{k}: {self.actions[v.argmax()]} {v.max():.0%}" for k, v in bars.items())
        told = f" Of {size:g} units, {'; '.join(told)}."
        return {"bars": bars, "ylabel": "share chosen", "ylim": (0, 1), "sentence": told}

    def onward(self, place, **_):
        curves, frames, told = {}, [], []
        for name in self.agents:
            flown = self.fly(name, place)
            curves[name] = Curve(range(1, len(flown) + 1), [paid for *_, paid in flown])
            frames += [frame for *frame, _ in thinned(flown, 300 // len(self.agents))]
            told.append(f"{name} returns {flown[-1][-1]:.0f}")
        words = {"xlabel": "steps from here on", "ylabel": "return from here on", "ticks": []}
        told = f" From here on {', '.join(told)}."
        return {"curves": curves, "frames": frames, "sentence": told} | words

    def choices(self) -> dict:
        """Menus and sliders; they begin with a state of the first agent's flight."""
        looks = {"value and advantage": self.advantages, "action values": self.values}
        looks |= {"target": self.target, self.disturbing: self.disturbed}
        looks |= {"the flight from here": self.onward}
        first, flown = next(iter(self.flights.values())), sum(self.flights.values(), [])
        longest, start = max(map(len, self.flights.values())), len(first) // 3
        told = {"look at": looks, "agent": list(self.agents), STEP: (0, longest - 1, start)}
        for k, (name, given) in enumerate(self.scene.items()):
            now, met = short(first[start][0])[k], [short(seen)[k] for seen, *_ in flown]
            if given is LEG:
                told[name] = dict(sorted(LEG.items(), key=lambda leg, now=now: leg[1] != now))
            else:
                told[name] = (min(given[0], *met), max(given[1], *met), now)
        return told | {self.strength: (0.0, 1.0, 0.1)}

    def show(self, **chosen) -> Look:
        """The state that is chosen, as asked for; with the flight below, on which one may click."""
        flight = self.flights[name := chosen["agent"]]
        step = min(chosen[STEP], len(flight) - 1)
        met = dict(zip(self.scene, short(flight[step][0]), strict=True))
        moves, look_at, size = {}, chosen["look at"], chosen[self.strength]
        there = {k: list(LEG)[int(v)] if self.scene[k] is LEG else v for k, v in met.items()}
        there[STEP] = step
        if self.stands != (name, step):  # it was moved along the flight: the state's sliders follow
            moves = there
        elif self.size != size:  # whose effect is seen in this look only
            moves, look_at = {"look at": self.disturbing}, self.disturbed
        self.stands, self.size = (name, step), size
        state = met if STEP in moves else {k: chosen[k] for k in self.scene}
        hand = None if state == met else [*state.values()]
        place = [action for _, action, *_ in flight[:step]], hand
        seen = self.put(*place)
        q = {k: values[0] for k, values in self.q([seen]).items()}
        does = {k: self.actions[values.argmax()] for k, values in q.items()}
        told = "; ".join(f"{k}: {does[k]} (max Q {values.max():.3g})" for k, values in q.items())
        if hand and self.there.world == "lander":
            told += "; put here by hand, legs and ground only roughly"
        frame = seen, int(q[name].argmax()), f"{name}: {does[name]}", self.there.facts
        look = {"ticks": self.actions, "frames": [frame]}
        look |= look_at(seen=seen, agent=name, place=place, size=size)
        look["sentence"] = f"{told}.{look.get('sentence', '')}"
        along = self.q([seen for seen, *_ in flight])[name].max(-1)
        words = f"step of the flight of {name}: click to look there", f"max Q of {name}"
        more = {"marks": [] if hand else [(step, f"step {step}")], "pick": STEP, "moves": there}
        below = Look("", {"": Curve(range(len(flight)), along)}, *words, **more)
        return Look(**look, moves=moves, below=below)


@checked
def microscope(
    agents: dict, env_id: str, seed: int = 0, attack: Callable | None = None,
    discount: float = 0.995, reward_scale: float = 0.1,
):  # fmt: skip
    """See one state through the eyes of agents; display the result.

    The state is one of a flight, by its step or a click on its plot, or is set by hand. agents:
    name → QNetwork, of which the first seed is taken. env_id: a LunarLander, CartPole, MountainCar.
    attack: (network, observation [1, 1, D], size [D]) → observation. Noise and attack count in each
    number's standard deviation over the flights; discount, reward_scale: those of the target.
    Raises ValueError for agents that do not fit there, TypeError for what is none.
    """
    bench = Bench(agents, env_id, seed, attack, discount, reward_scale)
    return explore(bench.show, bench.there.world, **bench.choices())
