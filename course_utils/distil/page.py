"""An agent in a world, as one web page that needs nothing else."""

import inspect
import json
from pathlib import Path

import gymnasium as gym

from course_utils.checks import checked, need
from course_utils.distil.ship import layers_of
from course_utils.envs import ask
from course_utils.evaluation import Episode
from course_utils.files import write_whole
from course_utils.networks import QNetwork
from course_utils.plotting import COLORS

RECORDED = 20  # episodes of a world without rules in JavaScript


def script_of(world) -> Path:
    """The world's rules in JavaScript, beside its Python; of a notebook's world there are none."""
    try:
        return Path(inspect.getfile(type(world))).with_suffix(".js")
    except (TypeError, OSError):  # a class of a notebook is in no file
        return Path("none.js")


@checked
def write_page(
    path: Path | str, network: QNetwork, env_id: str, number=0, episodes: list[Episode] = (),
    **settings,
) -> None:  # fmt: skip
    """Write agent `number` as one HTML file in which it acts in a world of the kit.

    The five worlds bring their rules. For one of your own give `episodes` that this agent played:
    up to 20 of them are played again. Raises ValueError for no world of the kit, for a network that
    does not fit it, and as `layers_of`.
    """
    env = ask(f"no world '{env_id}'", "See course_utils.worlds.", gym.make, env_id, **settings)
    need(hasattr(env.unwrapped, "world"), f"{env_id} is no world of the kit: see worlds/kit.py.")
    world, own = env.unwrapped.world, network.arguments
    needed = len(world.observations), len(world.actions)
    told = "{} has {} observations and {} actions, this network takes {} and {}: choose its agent."
    given = own["observations"], own["actions"]
    need(given == needed, told.format(env_id, *needed, *given))
    rules, script = type(world).__name__.lower(), script_of(world)
    values = world.facts() if hasattr(world, "facts") else {}
    values |= {name: getattr(world, name) for name in vars(world)}
    if not script.exists():
        told = f"{env_id} has no rules in JavaScript: give episodes, as of record_episodes."
        need(episodes, told)
        rules, script = "recorded", None
        values["episodes"] = [as_rows(episode) for episode in list(episodes)[:RECORDED]]
    layers = [[x.astype(str).astype(float).tolist() for x in w] for w in layers_of(network, number)]
    name, about = type(world).__name__, inspect.cleandoc(type(world).__doc__ or "")
    about = "" if about.startswith(f"{name}(") else about.split("\n\n")[0]  # no data sheet
    facts = {"title": f"{name}: an agent at work", "about": about, "rules": rules}
    facts |= {"observations": list(world.observations), "actions": list(world.actions)}
    facts |= {"limit": env.spec.max_episode_steps, "settings": values, "colors": COLORS}
    # "<" could end the script that holds the facts.
    facts = json.dumps(facts | {"layers": layers}, separators=(",", ":")).replace("<", "\\u003c")
    here = Path(__file__)
    looks = here.parents[1] / "laboratory" / "worlds.js"  # how agents look in notebooks
    page = here.with_name("world.html").read_text(encoding="utf-8")
    for place, file in (("{{looks}}", looks), ("{{rules}}", script)):
        page = page.replace(place, file.read_text(encoding="utf-8") if file else "")
    write_whole(path, page.replace("{{facts}}", facts).encode())


def as_rows(episode: Episode) -> dict:
    """An episode as JSON takes it."""
    seen, reward = (part.astype(float).round(5).tolist() for part in episode[:3:2])
    return {"observation": seen, "reward": reward, "terminated": bool(episode.terminated)}
