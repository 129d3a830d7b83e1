"""Finance: holding what may rise or fall, when every change of mind costs a fee."""

import numpy as np
from scipy.special import bdtr  # the binomial distribution

from course_utils.plotting import COLORS, GREY
from course_utils.settings import configuration, setting


@configuration
class Market:
    """A price that swings back to its usual level by construction; an episode is 100 days.

    Each day one is short (owes a piece), flat, or long (has one); each piece bought or sold costs a
    fee. Then the price moves by −2 … 2 €: four coins fall, and the higher it is, the likelier they
    say down. The reward is the day's gain in €; at the end nothing is sold. Seen: the price, its
    last move (which says nothing about the next one), and what is held. It is *not* a real market:
    there nobody knows a usual level, and nothing learned here holds for real prices.
    """

    fee: float = setting(0.5, 0, 10, "for each piece bought or sold", unit="€")
    swing: float = setting(0.2, 0, 0.5, "share of its way back that the price goes in a day")

    observations = ["price above usual", "last move", "long", "short"]
    actions, limit = ["short", "flat", "long"], 100
    whole = {"price": 401, "move": 5, "held": 3}  # 0 is 200 € under the usual price, a fall of 2 €
    changed = {"dear trades": {"fee": 2.0}, "no swing": {"swing": 0.0}}
    dqn = {"steps": 40_000, "discount": 0.9, "n_steps": 1, "reward_scale": 0.3, "margin": 0.1}
    dqn |= {"batch_size": 64, "replay_capacity": 40_000}

    def begin(self, n, rng):  # as usual, and flat
        return {"price": np.full(n, 200), "move": np.full(n, 2), "held": np.ones(n, int)}

    def chances(self, state):  # of a move by −2, −1, 0, 1, 2
        up = np.clip(0.5 - self.swing / 4 * (state["price"] - 200), 0, 1)
        return np.diff(bdtr(np.arange(5), 4, up[:, None]), prepend=0)

    def happen(self, state, action, move):
        gain = (action - 1) * (move - 2) - self.fee * abs(action - state["held"])
        after = {"price": state["price"] + move - 2, "move": move, "held": action}
        return after, gain, move < 0  # it never ends

    def advance(self, state, action, rng):  # one uniform number a copy decides
        edges = self.chances(state).cumsum(-1)[:, :-1]
        return self.happen(state, action, (edges <= rng.random((len(edges), 1))).sum(-1))

    def observe(self, state):
        seen = (state["price"] - 200) / 5, state["move"] / 2 - 1, state["held"] == 2
        return np.stack([*seen, state["held"] == 0], -1).astype(float)

    def expert(self, observation):
        """A band: in where the way back is longer than a fee in and out is dear, out at its end."""
        way, held = np.rint(-5 * observation[..., 0]), observation[..., 2] - observation[..., 3]
        kept = np.where(way * held > 0, held, 0)
        return np.where(abs(way) > 2 * self.fee, np.sign(way), kept).astype(int) + 1

    def plot(self, axes, observation, action):  # yesterday's price, today's, and what is held
        price, moved = 5 * observation[0], 2 * observation[1]
        held = int(observation[2] - observation[3])
        color = [GREY, COLORS[2], COLORS[1]][held]
        axes.axhline(0, color=GREY, linestyle="--", linewidth=1)
        axes.plot([0, 1], [price - moved, price], color=GREY)
        axes.scatter(1, price, 260, color, marker="o^v"[held], zorder=3)
        axes.text(1.1, price, f"holds {held}".replace("-", "−"), va="center", color=color)
        high = max(9, abs(price) + 2)
        axes.set(xlim=(-0.3, 1.7), ylim=(-high, high), ylabel="€ above usual")
        axes.set_xticks([0, 1], ["yesterday", "today"])
