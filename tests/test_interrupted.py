"""A process is killed, or interrupted, while it saves: the old or the new file is there, whole."""

import json
import re
from unittest.mock import patch

import numpy as np
import onnx
import pytest

from course_utils import storage
from course_utils.distil import page, ship
from course_utils.exercise_book import progress
from course_utils.networks import QNetwork
from course_utils.worlds import WORLDS  # noqa: F401, makes them known to Gymnasium
from tests.strikes import KILL, Work, a_week_passes, listing, strike

POLE = "CartPole-v1"
CARD = {"environment": POLE, "parent": None}


def filled(number):
    """A network that answers with this number, and whose head learns."""
    network = QNetwork(2, 4, 2, width=64, layer_norm=False)
    for parameter in network.parameters():
        parameter.data.zero_()
    network.head.bias.data += number
    network.hidden.requires_grad_(False)
    return network


def only(numbers) -> int:
    """The number of which all are."""
    [number] = {float(number) for number in numbers}
    return int(number)


# ---- what is saved, with a number in it, and how that number is found again ----


def save_agent(folder, number):
    storage.save_agent(folder / "a.safetensors", filled(number), CARD | {"number": number})


def agent_there(folder):
    network, card = storage.load_agent(folder / "a.safetensors")
    return only([*network.head.bias.detach().flatten(), card["number"]])


def save_part(folder, number):
    storage.save_part(folder / "a.safetensors", filled(number), CARD | {"number": number})


def part_there(folder):
    network, card = storage.load_part(folder / "a.safetensors", filled(0))
    return only([*network.head.bias.detach().flatten(), card["number"]])


def save_layers(folder, number):
    ship.save_layers(folder / "a.npz", ship.layers_of(filled(number)), {"number": number})


def layers_there(folder):
    layers, card = ship.load_layers(folder / "a.npz")
    return only([*layers[-1][1], card["number"]])


def save_onnx(folder, number):
    ship.export_onnx(folder / "a.onnx", filled(number))


def onnx_there(folder):
    return only(ship.onnx_q(folder / "a.onnx")(np.ones((3, 4), np.float32)).flatten())


def save_int8(folder, number):
    """Of an ONNX file that is exported once, as that takes long, and given this number."""
    if not (once := folder.parent / "a.onnx").exists():
        save_onnx(folder.parent, 1)
    model = onnx.load(once)
    [bias] = [numbers for numbers in model.graph.initializer if list(numbers.dims) == [2]]
    del model.metadata_props[:]  # a hash of the other numbers
    bias.raw_data = np.full(2, number, np.float32).tobytes()
    onnx.save(model, folder.parent / "b.onnx")
    ship.quantize_onnx(folder.parent / "b.onnx", folder / "a.onnx")


def save_page(folder, number):
    ship.write_html(folder / "a.html", filled(number))


def page_there(folder):
    text = (folder / "a.html").read_text(encoding="utf-8")
    assert text.rstrip().endswith("</html>")
    numbers = json.loads(re.search(r"\[\[\[.*\]\]", text)[0])
    return only(np.array(numbers[-1][1]))


def save_world(folder, number):
    network = QNetwork(2, 4, 3, width=64, layer_norm=False)
    for parameter in network.parameters():
        parameter.data.zero_()
    network.head.bias.data += number
    page.write_page(folder / "a.html", network, "Market-v0")


def world_there(folder):
    text = (folder / "a.html").read_text(encoding="utf-8")
    assert text.rstrip().endswith("</html>")
    return only(np.array(json.loads(re.search(r'json">(.*?)</script>', text)[1])["layers"][-1][1]))


def note(folder, number):
    with patch.object(storage, "RUNS", folder):
        progress.note("exercise", str(number), "right")


def noted(folder):
    with patch.object(storage, "RUNS", folder):
        return [name for what, name, result in progress.noted()]


def progress_there(folder):
    """How many are noted, if none of them lacks."""
    numbers = list(map(int, noted(folder)))
    assert numbers == list(range(1, len(numbers) + 1))
    return len(numbers)


KINDS = {
    "agent": (Work(save_agent, 0.1, 15), agent_there),
    "part": (Work(save_part, 0.1, 10), part_there),
    "layers": (Work(save_layers, 0.1, 10), layers_there),
    "ONNX": (Work(save_onnx, 3.0, 4), onnx_there),
    "int8": (Work(save_int8, 0.3, 6), onnx_there),
    "web page": (Work(save_page, 0.1, 5), page_there),
    "page of a world": (Work(save_world, 0.1, 5), world_there),
    "progress": (Work(note, 0.1, 5), progress_there),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", [kind for kind, (work, _) in KINDS.items() if work.rounds()])
def test_what_is_saved_is_old_or_new(kind, tmp_path):
    (work, there), folder, draw = KINDS[kind], tmp_path / "it", np.random.default_rng(16)
    work.do(folder, 1)
    tidy, number = listing(folder), 1
    for how, way in work.rounds():
        done = strike(work, folder, number + 1, how, way, draw)
        assert there(folder.with_name("struck")) in (done, done + 1)
        assert there(folder) == done + 1 or how == KILL
        a_week_passes(folder)  # what another process has begun lately must stay
        number = done + 1
        work.do(folder, number)
        assert there(folder) == number and listing(folder) == tidy
