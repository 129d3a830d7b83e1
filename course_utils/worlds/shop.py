"""Logistics: what to order each evening, when demand is uncertain and deliveries cost."""

import numpy as np
from scipy.special import pdtr  # Poisson's distribution

from course_utils.plotting import COLORS, GREY
from course_utils.settings import configuration, setting


@configuration
class Shop:
    """A shop with one product and room for 20 pieces; an episode is 56 days, the first a Monday.

    In the evening 0, 2, … 20 pieces are ordered; they arrive at night, what finds no room is paid
    and lost. Then a Poisson number of customers come, each for one piece. The reward is the day's
    profit in €. Seen: the stock, and the coming weekday, as a point on a circle; not the days left.
    It is *not* a real shop: its prices, demand and delivery time never change.
    """

    price: float = setting(3.0, 0, 10, "what a customer pays", unit="€ a piece")
    cost: float = setting(1.0, 0, 10, "what the shop pays for it", unit="€ a piece")
    delivery: float = setting(6.0, 0, 50, "what a delivery of any size costs", unit="€")
    storage: float = setting(0.1, 0.01, 5, "for what is left in the evening", unit="€ a piece")
    lost: float = setting(1.0, 0, 10, "for a customer who leaves without", unit="€")
    weekday: float = setting(2.0, 0.1, 20, "mean demand, Monday to Friday", unit="pieces a day")
    weekend: float = setting(10.0, 0.1, 20, "mean demand, Saturday, Sunday", unit="pieces a day")

    observations = ["stock", "weekday, sine", "weekday, cosine"]
    actions = [f"order {pieces}" for pieces in range(0, 21, 2)]
    limit, room, whole = 56, 20, {"stock": 21, "day": 7}
    changed = {"dear storage": {"storage": 1.0}, "other demand": {"weekday": 8.0, "weekend": 2.0}}
    dqn = {"steps": 40_000, "discount": 0.95, "n_steps": 1, "reward_scale": 0.02, "margin": 0.05}
    dqn |= {"batch_size": 256, "target_period": 1, "target_rate": 0.01, "replay_capacity": 40_000}

    def begin(self, n, rng):  # half full, and tomorrow is Monday
        return {"stock": np.full(n, 10), "day": np.zeros(n, int)}

    def chances(self, state):  # of 0 to 49 customers; more are out of the question
        up_to = pdtr(np.arange(49), np.array([[self.weekday], [self.weekend]]))
        return np.diff(up_to, prepend=0, append=1)[(state["day"] > 4).astype(int)]

    def happen(self, state, action, customers):
        there = np.minimum(state["stock"] + 2 * action, self.room)
        stock = np.maximum(there - customers, 0)
        earned = self.price * (there - stock) - self.lost * np.maximum(customers - there, 0)
        spent = self.cost * 2 * action + self.delivery * (action > 0) + self.storage * stock
        return {"stock": stock, "day": (state["day"] + 1) % 7}, earned - spent, stock < 0  # no end

    def advance(self, state, action, rng):  # one uniform number a copy decides
        edges = self.chances(state).cumsum(-1)[:, :-1]
        return self.happen(state, action, (edges <= rng.random((len(edges), 1))).sum(-1))

    def observe(self, state):  # stock from −1 to 1
        angle = 2 * np.pi * state["day"] / 7
        return np.stack([state["stock"] / 10 - 1, np.sin(angle), np.cos(angle)], -1)

    def read(self, seen):  # stock and coming day of an observation
        day = np.arctan2(seen[..., 1], seen[..., 2]) * 3.5 / np.pi
        return np.rint(seen[..., 0] * 10 + 10), np.rint(day) % 7

    def expert(self, observation):
        """An (s, S) rule: if stock may not last the day, enough for it and a cheap lot (EOQ)."""
        stock, day = self.read(observation)
        demand = np.where(day > 4, self.weekend, self.weekday)
        low, lot = demand + demand**0.5, np.sqrt(2 * self.delivery * demand / self.storage)
        return np.where(stock < low, (np.minimum(low + lot, self.room) - stock) // 2, 0).astype(int)

    def plot(self, axes, observation, action):  # a shelf, and the week
        stock, day = map(int, self.read(observation))
        place = np.arange(self.room)
        look = {"marker": "s", "edgecolor": GREY, "c": np.where(place < stock, COLORS[0], "none")}
        axes.scatter(place % 10, place // 10, 380, **look)
        for each, letter in enumerate("MTWTFSS"):
            size, color = (17, COLORS[1]) if each == day else (11, GREY)
            axes.text(1.5 * each, -1.2, letter, size=size, color=color, ha="center", va="center")
        axes.set(ylim=(-1.7, 1.7), xticks=[], yticks=[], frame_on=False, xlabel=f"stock: {stock}")
