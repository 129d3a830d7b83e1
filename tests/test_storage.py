"""Agents come back as they were, and whoever reads a bad file gets one sentence."""

import json
import re

import nbformat
import pytest
import torch

from course_utils import storage
from course_utils.networks import QNetwork

MOON = "LunarLander-v3"
CARD = {"environment": "CartPole-v1", "parent": None, "return": [490.0, 480.0, 500.0]}


def test_an_agent_comes_back_with_its_card(tmp_path):
    network = QNetwork(3, 4, 2, width=8, dueling=True, observation_scale=[1.0, 2.0, 3.0, 4.0])
    storage.save_agent(tmp_path / "agents" / "a.safetensors", network, CARD)
    loaded, card = storage.load_agent(tmp_path / "agents" / "a.safetensors")
    x = torch.randn(3, 5, 4)
    assert torch.equal(loaded(x), network(x))
    assert card == CARD | {"parameters": network.parameters_of_one(), "seeds": 3}


def test_a_card_without_its_ancestor_is_refused(tmp_path):
    with pytest.raises(ValueError, match="the lineage card lacks environment, parent"):
        storage.save_agent(tmp_path / "a.safetensors", QNetwork(1, 4, 2), {})
    assert list(tmp_path.iterdir()) == []


def test_a_bad_file_gets_one_sentence(tmp_path):
    path = tmp_path / "a.safetensors"
    with pytest.raises(
        FileNotFoundError, match="a.safetensors is not in .*: run the cell or command that makes it"
    ):
        storage.load_agent(path)
    storage.save_agent(path, QNetwork(3, 4, 2), CARD)
    whole = path.read_bytes()
    for damaged in (b"", b"hello", whole[: len(whole) // 2], b"\xff" * 100):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match="a.safetensors is damaged, or not the course's"):
            storage.load_agent(path)
    storage.save_tensors(path, {"x": torch.zeros(2)}, {"kind": "curve"})
    with pytest.raises(ValueError, match="holds no agent; it has kind"):
        storage.load_agent(path)


def head_that_learns(seed=1, width=8):
    network = QNetwork(2, 4, 2, width=width, generator=torch.Generator().manual_seed(seed))
    network.hidden.requires_grad_(False)
    return network


def test_only_the_part_that_learns_is_saved(tmp_path):
    network, start = head_that_learns(), head_that_learns()
    network.head.bias.data += 1
    storage.save_part(tmp_path / "part.safetensors", network, {"environment": "Moon"})
    assert storage.load_tensors(tmp_path / "part.safetensors")[0].keys() == {
        "head.weight",
        "head.bias",
    }
    again, card = storage.load_part(tmp_path / "part.safetensors", start)
    assert torch.equal(again.head.bias, network.head.bias) and card == {"environment": "Moon"}
    assert torch.equal(start.head.bias + 1, network.head.bias)  # a copy was changed


def test_a_part_goes_to_its_own_source_only(tmp_path):
    path = tmp_path / "part.safetensors"
    storage.save_part(path, head_that_learns(), {})
    for other in (head_that_learns(width=16), head_that_learns().requires_grad_(True)):
        with pytest.raises(ValueError, match="part.safetensors has .*, not .*: change"):
            storage.load_part(path, other)
    with pytest.raises(ValueError, match="part.safetensors belongs to another source agent"):
        storage.load_part(path, head_that_learns(seed=2))


def test_ones_own_agent_comes_first(tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "RUNS", tmp_path)
    assert storage.find_agent("cartpole.safetensors") == storage.SHIPPED / "cartpole.safetensors"
    storage.save_agent(tmp_path / "cartpole.safetensors", QNetwork(3, 4, 2), CARD)
    assert storage.find_agent("cartpole.safetensors") == tmp_path / "cartpole.safetensors"


def test_shipped_files_are_checked(tmp_path):
    (tmp_path / "a.bin").write_bytes(b"numbers")
    known = {"a.bin": {"sha256": storage.sha256(tmp_path / "a.bin")}, "b.bin": {"sha256": "0"}}
    (tmp_path / "manifest.json").write_text(json.dumps(known))
    assert storage.shipped("a.bin", tmp_path).read_bytes() == b"numbers"
    (tmp_path / "a.bin").write_bytes(b"nvmbers")
    with pytest.raises(
        ValueError, match="data/a.bin is damaged .*git checkout data/a.bin.*make data"
    ):
        storage.shipped("a.bin", tmp_path)
    with pytest.raises(FileNotFoundError, match="data/b.bin is missing: get it back"):
        storage.shipped("b.bin", tmp_path)
    with pytest.raises(ValueError, match="ships no file 'c.bin'. It ships: a.bin, b.bin"):
        storage.shipped("c.bin", tmp_path)


def test_an_own_agent_for_another_task_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "RUNS", tmp_path)
    storage.save_agent(tmp_path / "cartpole.safetensors", QNetwork(3, 8, 4), CARD)
    with pytest.raises(ValueError, match="is for CartPole-v1 .8 obs.* not for CartPole-v1 .4 obs"):
        storage.find_agent("cartpole.safetensors")
    storage.save_agent(tmp_path / "mine.safetensors", QNetwork(3, 8, 4), CARD)
    assert storage.find_agent("mine.safetensors") == tmp_path / "mine.safetensors"


def landers(stage, seeds=3, width=16, **card):
    """An own agent of a stage of the line, saved."""
    environment = "LunarLander-LowGravity-v0" if stage in ("tuned", "distilled") else MOON
    told = {"environment": environment, "return": [250.0, 260.0, 270.0][:seeds]} | card
    path = storage.RUNS / f"lunar_lander_{stage}.safetensors"
    storage.save_agent(path, QNetwork(seeds, 8, 4, width), told)


def test_the_line_so_far_is_the_courses_on_the_first_day(tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "RUNS", tmp_path)
    figure = storage.line_so_far("taught (05)")
    learned, taught, *later = figure.sentence.split("; ")
    assert learned.endswith(
        "learned (03), the course's: LunarLander-v3, 18,180 numbers, 320,000 steps: "
        "268.9 [258.9, 273.7]"
    )
    assert taught.startswith("taught (05), the course's: ")
    assert (
        "; ".join(later) == "tuned (07): not yet; distilled (10): not yet; shipped (12): not yet."
    )


def test_the_line_so_far_takes_ones_own_agents_and_says_what_is_odd(tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "RUNS", tmp_path)
    landers("320k", parent=None, environment_steps=200_000)
    landers("tuned", parent="lunar_lander_taught", environment_steps="many")
    figure = storage.line_so_far("tuned (07)")
    assert "learned (03), yours: LunarLander-v3, 484 numbers, 200,000 steps: 260" in figure.sentence
    assert "LowGravity-v0, 484 numbers, steps not told: 260" in figure.sentence
    odd = ["That of taught (05) was made from the course's lunar_lander_320k, not from yours."]
    assert figure.sentence.split("not yet. ")[1:] == odd


@pytest.mark.parametrize(
    ("stage", "card", "odd"),
    [
        ("taught", {"parent": "nobody"}, "of taught (05) names nobody as its parent, not lunar_l"),
        ("taught", {"parent": "lunar_lander_320k", "return": [-9.0] * 3}, "Yours return less"),
        ("taught", {"parent": "lunar_lander_320k", "seeds": 1}, "steps not told: no interval told"),
    ],
)
def test_a_card_that_is_odd_gets_its_sentence(stage, card, odd, tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "RUNS", tmp_path)
    landers(stage, **card)
    assert odd in storage.line_so_far("distilled (10)").sentence


def test_the_last_stage_may_be_told_by_its_card(tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "RUNS", tmp_path)
    last = {"environment": MOON, "parent": "lunar_lander_distilled", "return": [1.0, 2.0]}
    assert "shipped (12), new: LunarLander-v3" in storage.line_so_far("shipped (12)", last).sentence
    with pytest.raises(ValueError, match="last = '05': must be one of learned .03., taught"):
        storage.line_so_far("05")
    assert "names None as its parent" in storage.line_so_far("taught (05)", {}).sentence


@pytest.mark.parametrize("stage", storage.LINE)
def test_a_notebook_of_the_line_takes_what_the_one_before_left(stage):
    """It loads that, leaves its own under the name that the next one asks for, shows the line."""
    [path] = storage.COURSE.glob(f"notebooks/{stage[-3:-1]}_*.ipynb")
    cells = nbformat.read(path, as_version=4).cells
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    before = dict(zip(list(storage.LINE)[1:], storage.LINE.values(), strict=False)).get(stage)
    assert f'line_so_far("{stage}"' in code
    assert re.search(rf'(RUNS|folder) / "{storage.LINE[stage]}\.(safetensors|npz)"', code)
    assert before is None or ("find_agent(" in code and f'"{before}' in code)
