"""The laboratory: a training with its settings at hand, its curve, and the agent at play."""

import time
from collections.abc import Callable, Iterable
from itertools import islice

import numpy as np
from IPython.display import display

from course_utils import controls, evaluation, plotting
from course_utils.checks import check_number, checked, need
from course_utils.laboratory.spectator import Spectator
from course_utils.laboratory.view import View, code_of, describe, points, short, thinned
from course_utils.language import tell

SECONDS_BETWEEN_MESSAGES = 0.07
SHARE = 0.03  # of the training's time goes to the agent at play
FRAMES = 60  # of it a second, at most
QUICK = 200  # resamples of an interval while a training runs; at rest as many as everywhere
# What a record of a learner may tell besides, plotted on demand: its name there → on the axis.
ASIDE = {"loss": "loss of the latest batch", "q": "mean Q of the latest batch"}


class Laboratory(controls.Background):
    """A training with Start, Pause, Step, Reset, its settings, its curve and the agent at play.

    train: config → iterator of records (step, values, agent). values: label → [S], or one number,
    or [S] alone; a point with NaN is left out. agent: a `QNetwork`, a table [cells, 4], none, or
    what `train_dqn` yields: its loss and values can be plotted, too.
    The config is read as the training goes, so that a control acts at once.
    settings: names of what can be moved. env_id: where the agent plays; env_arguments: config →
    its arguments. end: the last step, if the config has no `steps`. rows: the map of a table, one
    string a row, or config → it. levels: label → a dashed line. aside: labels on an axis of their
    own, plotted on demand.
    shipped: label → `Curve`, behind the run. tries: a button's word → settings to begin again with.
    The first `preview` records are made at once: they are seen where nobody can press a button.
    Raises ValueError for a setting that the config does not have, and for a training of nothing.
    """

    @checked
    def __init__(
        self, train: Callable, config, settings: list[str], ylabel="return", preview=5, *,
        xlabel="environment steps of each run", end=0, env_id="", env_arguments=None, rows=(),
        levels=None, shipped=None, tries=None, aside=(),
    ):  # fmt: skip
        super().__init__(self._tell_problem)
        self.train, self.config, self.settings = train, config, settings
        self.preview, self.ylabel = check_number("preview", preview, int, 1), tell(ylabel)
        self.env_id, self.env_arguments = env_id, env_arguments or (lambda config: {})
        self.total, tries = end or getattr(config, "steps", 0), tries or {}
        self.rows = rows if callable(rows) else lambda config: rows
        # The view is told once what stays; all else goes by messages.
        about = {"controls": [describe(config, name) for name in settings], "train": True}
        about |= {"xlabel": xlabel, "ylabel": self.ylabel, "levels": levels or {}}
        tried = {key: getattr(config, key) for given in tries.values() for key in given}
        about |= {"plain": tried | self._values(), "code": code_of(config), "preview": preview}
        about |= {"rows": list(self.rows(config)), "tries": list(tries.items()), "end": self.total}
        about["shipped"] = {label: points(*curve) for label, curve in (shipped or {}).items()}
        about |= {"aside": [*ASIDE.values(), *aside], "colors": plotting.COLORS}
        about["world"] = "grid" if rows else getattr(self._spectator(), "world", "")
        self.view = View(about=about)
        self.view.on_msg(lambda _, said, buffers: self.hear(said))
        self.panel = controls.Panel([self.view])
        self.run(preview, fresh=True)

    def show(self) -> None:
        """Display it."""
        display(self.panel)

    def hear(self, said: dict) -> None:
        """Do what the front end asks for: {"hello"}, {"set": {name: value}}, {"press": word}."""
        if "hello" in said:  # while it runs, its own thread tells the rest: no record comes twice
            self._greeted = not self.running
            whole = self._whole() if self._greeted else {"values": self._values()}
            answer = {"hello": True, "running": self.running, "told": self.told}
            self.view.send(answer | whole)
        for name, value in said.get("set", {}).items():
            # By the view that asks: its own next value may be under way already.
            answer = {"by": said.get("by")}
            try:
                setattr(self.config, name, value)
            except (TypeError, ValueError) as error:  # the old value stays
                answer = {"told": str(error)}
            self.view.send({"values": {name: getattr(self.config, name)}} | answer)
        if "press" in said:
            self._press(said["press"])

    def _press(self, word):
        if word == "Pause":
            return self.stop()  # after the record that is being made
        limit = {"Start": None, "Step": 1, "Reset": self.preview, "Again": None}[word]
        # What was learned is forgotten, and the settings are taken as they are now.
        self._forgotten = fresh = word in ("Reset", "Again")
        self.start(lambda: self.run(limit, fresh))

    def run(self, limit: int | None = None, fresh: bool = False) -> None:
        """Make up to `limit` more records; return when they are made, or at Pause."""
        if fresh:
            self._begin()
        self.told = "training …"
        self.view.send({"running": True, "told": self.told})
        before, self._sent = self.count, time.perf_counter()
        for record in islice(self._training, limit):
            self._keep(record)
            if time.perf_counter() - self._sent > SECONDS_BETWEEN_MESSAGES:
                self._send()
            if self.should_stop:
                break
        need(self.count or not fresh, "train has ended without a record: it must yield some.")
        self._send()
        if self._forgotten:
            return
        ended = self.count == before or (limit is None and not self.should_stop)
        state = "finished; Reset begins again" if ended else f"paused after {self.count} records"
        self._end(self.problem or state)  # an error has ended the training, too

    def _tell_problem(self, sentence):
        self.problem = f"{sentence} Press Reset to begin again."
        self._end(self.problem)

    def _begin(self):
        self._forgotten = False
        if not isinstance(training := self.train(self.config), Iterable):
            raise TypeError(f"train must yield records, one by one; it returned {training!r}.")
        self._training, self.count, self.agent, self.share = iter(training), 0, None, 0.0
        self.problem, self._greeted = "", True
        self.records, self._unsent, self.frame = {}, {}, None
        self.spectator, self.map = self._spectator(), {"rows": list(self.rows(self.config))}
        self.view.send({"begins": True, "kept": {}, "told": "", "share": 0})

    def _spectator(self):
        if self.env_id:
            return Spectator(self.env_id, **self.env_arguments(self.config))

    def _keep(self, record):
        if not isinstance(record, tuple) or len(record) not in (2, 3):
            told = "train must yield (step, values) or (step, values, agent)"
            raise TypeError(f"{told}, not {record!r:.60}.")
        (step, values), self.agent = record[:2], (*record, None)[2]
        self.count += 1
        self.share = min(step / self.total, 1) if self.total else 0
        values = dict(values) if isinstance(values, dict) else {"": values}
        if hasattr(self.agent, "network"):
            told = {label: getattr(self.agent, name, np.nan) for name, label in ASIDE.items()}
            values, self.agent = values | told, self.agent.network
        for label, value in values.items():
            if np.isfinite(value).all():
                for kept in (self.records, self._unsent):
                    kept.setdefault(label, []).append((step, np.atleast_1d(value)))

    def _send(self):
        frames, new = self._frames(time.perf_counter() - self._sent), self._unsent
        if self._greeted:
            lines = {label: self._line(label, rows, QUICK) for label, rows in new.items()}
            self.view.send({"points": lines, "frames": frames, "share": self.share})
        else:
            self.view.send(self._whole())
        self._greeted, self._unsent, self._sent = True, {}, time.perf_counter()

    def _line(self, label, rows, resamples=evaluation.RESAMPLES):
        # An interval costs more than all else that is sent: what stands aside does without.
        resamples = 0 if label in self.view.about["aside"] else resamples
        steps, values = zip(*rows, strict=True)  # of each record, [S]
        return points(steps, np.stack(values, -1), resamples)

    def _frames(self, passed):
        frames = []
        if self.agent is not None and self.spectator:
            most = passed * min(FRAMES, SHARE / self.spectator.seconds)
            frames = self.spectator.frames(self.agent, int(most) + 1)
        elif self.agent is not None and self.view.about["rows"]:
            frames = [(short(self.agent), 0, "the table of agent 0", self.map)]
        self.frame = frames[-1] if frames else self.frame
        return frames

    def _values(self):
        return {name: getattr(self.config, name) for name in self.settings}

    def _whole(self):
        kept = {label: self._line(label, thinned(rows)) for label, rows in [*self.records.items()]}
        whole = {"kept": kept, "values": self._values(), "share": self.share, "frame": self.frame}
        return whole | {"told": self.told}

    def _end(self, told):
        self.told, self.running = told, False
        self.view.send({"told": told, "running": False})  # at once: the rest takes longer
        whole, ends = self._whole(), []
        for label, line in whole["kept"].items():
            if "low" in line and label not in self.view.about["aside"]:
                last = (line[name][-1] for name in ("mid", "low", "high"))
                ends.append(f"{label}: {evaluation.Estimate(*last)}")
        seen = f"At the last point, {self.ylabel}: {plotting.MEANING} {'; '.join(ends)}. "
        self.view.keep(whole, f"{seen if ends else ''}({told})")
        self.view.send({"kept": whole["kept"], "told": told, "running": False})
        self.panel.renew()
