"""Arm: a robot's arm of two joints that reaches for a target."""

import numpy as np

from course_utils.plotting import COLORS, GREY
from course_utils.settings import configuration, setting

STEP, POWER, FRICTION, NEAR = 0.1, 6.0, 2.0, 0.08  # s, rad/s², 1/s, m


@configuration
class Arm:
    """A robot's arm in a plane: it brings its tip to a target that is new in each episode.

    Two joints, angles in radians, the elbow's from the upper arm on. A motor accelerates its joint
    by −6, 0 or 6 rad/s², friction slows it by 2/s; 60 steps of .1 s. A step costs .1 a metre from
    tip to target; within 8 cm the episode ends, with 5. Both start at random, the arm at rest.
    It is not a real arm: no weight, no joint that pulls at the other, no obstacles, no touch.
    """

    upper: float = setting(0.6, 0.2, 1, "length of the upper arm", unit="m")
    fore: float = setting(0.5, 0.2, 1, "length of the forearm", unit="m")
    elbow: float = setting(1.0, -2, 2, "elbow's power by the shoulder's; below 0: wires exchanged")

    observations = ["cos shoulder", "sin shoulder", "cos elbow", "sin elbow", "shoulder speed"]
    observations += ["elbow speed", "target x", "target y", "target − tip, x", "target − tip, y"]
    actions = [f"shoulder {one}, elbow {two}" for one in "−0+" for two in "−0+"]
    limit = 60
    changed = {"wires exchanged": {"elbow": -1.0}, "weak elbow": {"elbow": 0.3}}
    changed["long forearm"] = {"fore": 0.9}
    dqn = {"steps": 60_000, "n_steps": 5, "discount": 0.97, "reward_scale": 0.5, "batch_size": 128}
    dqn |= {"learning_rate": 3e-3, "replay_capacity": 40_000, "margin": 0.3}

    def begin(self, n, rng):  # the target is never quite as far as the arm can be
        way = rng.uniform(-np.pi, np.pi, n)
        far = abs(self.upper - self.fore) + rng.uniform(0.2, 1.8, n) * min(self.upper, self.fore)
        target = (far * [np.cos(way), np.sin(way)]).T
        return {"angle": rng.uniform(-np.pi, np.pi, (n, 2)), "speed": 0 * target, "target": target}

    def advance(self, state, action, rng):  # motors, then speeds, then angles
        push = np.stack([action // 3 - 1, action % 3 - 1], -1) * [POWER, POWER * self.elbow]
        speed = state["speed"] + STEP * (push - FRICTION * state["speed"])
        state = {**state, "speed": speed, "angle": state["angle"] + STEP * speed}
        distance = np.hypot(*self.observe(state)[:, 8:].T)
        return state, 5 * (distance < NEAR) - 0.1 * distance, distance < NEAR

    def observe(self, state):  # the highest speed of the shoulder, 3 rad/s, is seen as 1
        angle, target = state["angle"], state["target"]
        both = np.stack([angle[:, 0], angle.sum(-1)], -1)  # the directions of the two parts, [n, 2]
        tip = np.stack([np.cos(both), np.sin(both)], 1) @ [self.upper, self.fore]  # [n, x and y]
        turned = np.stack([np.cos(angle), np.sin(angle)], -1).reshape(-1, 4)
        return np.hstack([turned, state["speed"] * FRICTION / POWER, target, target - tip])

    def expert(self, observation):
        """The damped transpose of the Jacobian: each joint turns the way that helps the tip."""
        seen = np.moveaxis(np.asarray(observation), -1, 0)
        (x, y), (to_x, to_y) = seen[6:8] - seen[8:], seen[8:]  # the tip, and its way to the target
        pull = x * to_y - y * to_x  # of the shoulder; the elbow turns what lies behind it
        pull = np.stack([pull, pull - self.upper * (seen[0] * to_y - seen[1] * to_x)])
        wanted = 3 * pull - seen[4:6]  # without the speed it would swing past
        push = np.sign(wanted) * (np.abs(wanted) > 0.1)
        return (3 * (push[0] + 1) + np.sign(self.elbow) * push[1] + 1).astype(int)

    def plot(self, axes, seen, action):  # also, at each joint, which way its motor turns
        joints = np.stack([[0, 0], self.upper * seen[:2], seen[6:8] - seen[8:]])
        axes.plot(*joints.T, color=COLORS[0], linewidth=6, solid_capstyle="round")
        axes.plot(*seen[6:8], "o", color=COLORS[2], markersize=12)
        for (x, y), turn in zip(joints, divmod(4 if action is None else action, 3), strict=False):
            axes.plot(x, y, "o", color=GREY, markersize=9)
            axes.text(x + 0.08, y + 0.06, "↻ ↺"[turn], color=COLORS[1], size=18)
        reach = 1.05 * (self.upper + self.fore)
        axes.set(xlim=(-2 * reach, 2 * reach), ylim=(-reach, reach), aspect="equal", xlabel="m")
