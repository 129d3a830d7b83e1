"""Road: a car on three lanes, among slower ones."""

import numpy as np

from course_utils.plotting import COLORS, GREY
from course_utils.settings import configuration, setting

STEP, CARS, LENGTH, SIGHT = 0.5, 6, 5.0, 100.0  # s, cars in each lane, m, m
SIDE, CHANGE = np.array([0, -1, 1, 0, 0]), np.array([0, 0, 0, 2, -3])  # lanes, m/s a step


@configuration
class Road:
    """A car on a motorway of three lanes: it is to drive fast, and to hit nobody.

    80 steps of half a second. One's own speed, 10 to 30 m/s, gains 2 or loses 3 in a step; that of
    a lane, 14 to 24, wanders by up to .5. A step pays (speed − 10) / 20; a crash, two centres less
    than 5 m apart, costs 10 and is the end. Who is less than 20 m behind waits. Seen of one's lane
    and those beside: metres to the next cars, and speeds. No real traffic: others keep their lanes.
    """

    traffic: float = setting(20.0, 5, 50, "cars in each lane", unit="a km")
    grip: float = setting(1.0, 0.1, 1, "braking and speeding up, as a share of the usual")
    coarse: float = setting(0.5, 0.5, 50, "distances are rounded down to steps of this", unit="m")

    observations = ["left ahead", "left behind", "left faster", "own ahead", "own behind"]
    observations += ["own faster", "right ahead", "right behind", "right faster", "speed"]
    actions, limit = ["keep", "left", "right", "faster", "slower"], 80
    changed = {"dense traffic": {"traffic": 35}, "ice": {"grip": 0.3}, "cameras": {"coarse": 20}}
    dqn = {"steps": 40_000, "n_steps": 1, "discount": 0.95, "reward_scale": 0.3, "batch_size": 128}
    dqn |= {"learning_rate": 3e-3, "replay_capacity": 40_000, "margin": 0.3}

    def begin(self, n, rng):  # in each lane the car is about in the middle between two others
        place = (np.arange(CARS) - rng.uniform(0.35, 0.65, (n, 3, CARS))) * 1000 / self.traffic
        lane, pace = rng.integers(3, size=n), rng.uniform(14, 24, (n, 3))
        return {"place": place, "pace": pace, "lane": lane, "speed": np.full(n, 20.0)}

    def advance(self, state, action, rng):
        """Places [n, lanes, cars] count from one's own; what is far behind comes again ahead."""
        lane = np.clip(state["lane"] + SIDE[action], 0, 2)
        speed = np.clip(state["speed"] + self.grip * CHANGE[action], 10, 30)
        pace = np.clip(state["pace"] + rng.uniform(-0.5, 0.5, (len(lane), 3)), 14, 24)
        mine, place = (np.arange(3) == lane[:, None])[..., None], state["place"]
        drift, ring = STEP * (pace - speed[:, None])[..., None], CARS * 1000 / self.traffic
        waits = mine & (place > -20) & (place < 0) & (drift > 0)
        place = (place + np.where(waits, 0, drift) + ring / 4) % ring - ring / 4
        crash = (mine & (np.abs(place) < LENGTH)).any((1, 2))
        state = {"place": place, "pace": pace, "lane": lane, "speed": speed}
        return state, np.where(crash, -10, (speed - 10) / 20), crash

    def observe(self, state):
        """Distances by 100 m, 1: none near, twice 0: no lane. How much faster it is, by 10 m/s."""
        place, speed = state["place"], state["speed"][:, None]
        metres = np.where([place >= 0, place < 0], [place, -place], SIGHT).min(-1).clip(0, SIGHT)
        lanes = [*(metres - metres % self.coarse) / SIGHT, (state["pace"] - speed) / 10]
        lanes = np.pad(np.stack(lanes, -1), [(0, 0), (1, 1), (0, 0)])  # beside the road is nothing
        lanes = lanes[np.arange(len(speed))[:, None], state["lane"][:, None] + np.arange(3)]
        return np.hstack([lanes.reshape(-1, 9), (speed - 10) / 20])

    def expert(self, observation):
        """Into a lane with more room, if one fits in; else as fast as there is room to brake."""
        ahead, behind, faster = (np.asarray(observation)[..., k:9:3] for k in range(3))
        room = SIGHT * ahead - np.minimum(10 * faster, 0) ** 2 / (12 * self.grip)  # having braked
        own, others = room[..., 1], np.where((room > 14) & (SIGHT * behind > 8), room, 0)[..., ::2]
        better = (own < 50) & (others.max(-1) > own + 10)
        return np.select([better, own < 12, own > 16], [1 + others.argmax(-1), 4, 3], 0)

    def plot(self, axes, seen, action):  # the lanes that are there, from above; one's car is at 0
        for y, (ahead, behind, _) in zip((1, 0, -1), np.reshape(seen[:9], (3, 3)), strict=True):
            there, cars = ahead + behind > 0, SIGHT * np.array([ahead, -behind])
            axes.barh(y, 3 * SIGHT * there, 0.95, -SIGHT, color=GREY, alpha=0.3)
            axes.barh([y, y], LENGTH * there, 0.4, cars - LENGTH / 2, color=COLORS[1])
        axes.barh(0, LENGTH, 0.4, -LENGTH / 2, color=COLORS[0])
        axes.set(xlim=(-60, 95), yticks=[], xlabel=f"metres, at {10 + 20 * seen[9]:.0f} m/s")
