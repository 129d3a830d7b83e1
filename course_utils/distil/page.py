"""An agent in a world, as one web page that needs nothing else."""

import inspect
import json
import sys
from pathlib import Path

import gymnasium as gym
import numpy as np

from course_utils.checks import check_number, checked, need
from course_utils.distil.ship import layers_of, numpy_q
from course_utils.envs import ask
from course_utils.evaluation import Episode
from course_utils.files import write_whole
from course_utils.networks import QNetwork
from course_utils.plotting import COLORS
from course_utils.teach.demonstrations import damage

RECORDED = 20  # episodes of a world without rules in JavaScript


@checked
def write_page(
    path: Path | str, network: QNetwork, env_id: str, number=0, episodes: list[Episode] = (),
    **settings,
) -> None:  # fmt: skip
    """Write agent `number` as one HTML file in which it acts in a world of the kit.

    The five worlds bring their rules. For one of your own give `episodes` that this agent played:
    up to 20 of them are played again. Raises ValueError for no world of the kit, for a network or
    episodes that do not fit it, and as `layers_of`.
    """
    env = ask(f"no world '{env_id}'", "See course_utils.worlds.", gym.make, env_id, **settings)
    world, own = getattr(env.unwrapped, "world", None), network.arguments  # Box2D's has none of:
    need(hasattr(world, "observations"), f"{env_id} is no world of the kit: see worlds/kit.py.")
    names = {part: list(getattr(world, part)) for part in ("observations", "actions")}
    told = "{} has {} observations and {} actions, this network takes {} and {}: choose its agent."
    size, given = [*map(len, names.values())], [own[part] for part in names]
    need(given == size, told.format(env_id, *size, *given))
    number = check_number("number", number, int, 0, network.seeds - 1)
    arrays = layers_of(network, number)
    layers = [[x.astype(str).astype(float).tolist() for x in layer] for layer in arrays]
    kind, values = type(world), (world.facts() if hasattr(world, "facts") else {}) | vars(world)
    name, about = kind.__name__, inspect.cleandoc(kind.__doc__ or "")
    # The rules in JavaScript lie beside the Python; a class of a notebook is in no file.
    script = Path(getattr(sys.modules[kind.__module__], "__file__", None) or "-").with_suffix(".js")
    if recorded := not script.exists():
        need(
            episodes, f"{env_id} has no rules in JavaScript: give episodes, as of record_episodes."
        )
        values["episodes"] = [as_rows(each, *size, arrays) for each in list(episodes)[:RECORDED]]
    facts = names | {"title": f"{name}: an agent at work", "layers": layers, "settings": values}
    facts["about"] = "" if about.startswith(f"{name}(") else about.split("\n\n")[0]  # no data sheet
    facts |= {"rules": "recorded" if recorded else name.lower(), "colors": COLORS}
    facts["limit"] = env.spec.max_episode_steps
    here = Path(__file__)
    # How agents look in notebooks; "<" could end the script that holds the facts.
    parts = {"looks": (here.parents[1] / "laboratory" / "worlds.js").read_text(encoding="utf-8")}
    parts["rules"] = "" if recorded else script.read_text(encoding="utf-8")
    parts["facts"] = json.dumps(facts, separators=(",", ":")).replace("<", "\\u003c")
    page = here.with_name("world.html").read_text(encoding="utf-8")
    for part, text in parts.items():
        page = page.replace(f"{{{{{part}}}}}", text)
    write_whole(path, page.encode())


def as_rows(episode: Episode, size: int, actions: int, layers: list[tuple]) -> dict:
    """An episode as JSON takes it; ValueError for a damaged one, of another world or agent."""
    right = isinstance(episode, Episode) and episode.observation.shape[1:] == (size,)
    need(right, f"each of the episodes must be an Episode of {size} numbers: record_episodes.")
    fault = damage(episode, actions)
    need(fault in ("", "the observation stands still"), f"an episode is damaged: {fault}.")
    taken = numpy_q(layers, episode.observation[:-1].astype(np.float32)).argmax(-1)
    told = "another agent played these episodes: record those of this one, by greedy(network)."
    need((taken == episode.action).mean() > 0.9, told)  # rounding may decide a near tie
    seen, reward = (part.astype(float).round(5).tolist() for part in episode[:3:2])
    return {"observation": seen, "reward": reward, "terminated": bool(episode.terminated)}
