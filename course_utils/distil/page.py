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
    layers = layers_of(network, check_number("number", number, int, 0, network.seeds - 1))
    kind, values = type(world), (world.facts() if hasattr(world, "facts") else {}) | vars(world)
    name, about = kind.__name__, inspect.cleandoc(kind.__doc__ or "").split("\n\n")[0]
    facts = names | {"title": f"{name}: an agent at work", "rules": name.lower()}
    facts |= {"settings": values, "colors": COLORS, "limit": env.spec.max_episode_steps}
    facts["layers"] = [[x.astype(str).astype(float).tolist() for x in layer] for layer in layers]
    facts["about"] = "" if about.startswith(f"{name}(") else about  # no data sheet
    here, home = Path(__file__), getattr(sys.modules[kind.__module__], "__file__", None)
    scripts = [here.parents[1] / "laboratory" / "worlds.js"]  # how agents look in notebooks
    scripts += [Path(home or "-").with_suffix(".js")]  # a class of a notebook is in no file
    if not scripts[1].exists():
        told = f"{env_id} has no rules in JavaScript: give episodes, as of record_episodes."
        need(episodes, told)
        values["episodes"] = [recorded(each, *size, layers) for each in list(episodes)[:RECORDED]]
        facts["rules"], scripts = "recorded", scripts[:1]
    page = here.with_name("world.html").read_text(encoding="utf-8")
    page = page.replace("{{rules}}", "\n".join(each.read_text("utf-8") for each in scripts))
    # "<" could end the script that holds the facts.
    facts = json.dumps(facts, separators=(",", ":")).replace("<", "\\u003c")
    write_whole(path, page.replace("{{facts}}", facts).encode())


def recorded(episode: Episode, size: int, actions: int, layers: list[tuple]) -> dict:
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
