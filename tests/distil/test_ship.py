"""What is shipped computes what the network computes, and a bad file gets one sentence."""

import inspect
import json
import re
import subprocess
import sys
import time

import numpy as np
import onnx
import pytest
import torch

from course_utils import storage
from course_utils.distil import ship
from course_utils.networks import QNetwork
from course_utils.tune import continual, parts

SCALE = [0.5, 0.5, 5.0, 0.5]
STATES = torch.randn(10_000, 4, generator=torch.Generator().manual_seed(0))


def make_network(seeds=3, actions=2, layer_norm=False, width=16, **shape):
    shape = {"layer_norm": layer_norm, "observation_scale": SCALE} | shape
    return QNetwork(
        seeds, 4, actions, width=width, generator=torch.Generator().manual_seed(10), **shape
    )


def q_of(network, number):
    """[10000, A], what the network itself says of the states."""
    with torch.no_grad():
        return network(STATES.expand(network.arguments["seeds"], -1, -1))[number].numpy()


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A network, and the folder in which its agent 1 is agent.onnx and int8.onnx."""
    network, folder = make_network(), tmp_path_factory.mktemp("onnx")
    ship.export_onnx(folder / "agent.onnx", network, 1)
    ship.quantize_onnx(folder / "agent.onnx", folder / "int8.onnx")
    return network, folder


# ---- the same answers ----


@pytest.mark.parametrize("layer_norm", [False, True])
@pytest.mark.parametrize("hidden_layers", [1, 2, 3])
def test_ordinary_layers_answer_as_each_agent(layer_norm, hidden_layers):
    network = make_network(actions=3, layer_norm=layer_norm, hidden_layers=hidden_layers)
    for number in range(3):
        plain = ship.plain_network(network, number)
        assert np.abs(plain(STATES).numpy() - q_of(network, number)).max() < 1e-5
        kinds = ["Linear", *["LayerNorm"] * layer_norm, "ReLU"] * hidden_layers + ["Linear"]
        assert [type(layer).__name__ for layer in plain] == kinds
    assert not torch.equal(plain(STATES), ship.plain_network(network, 0)(STATES))


def test_ordinary_layers_are_copies_and_leave_the_random_stream_alone():
    network, before = make_network(), torch.get_rng_state()
    plain = ship.plain_network(network)
    assert torch.equal(torch.get_rng_state(), before)
    q = plain(STATES)
    network.head.bias.data += 1
    assert torch.equal(plain(STATES), q)


def test_numpy_chooses_the_same_actions():
    network = make_network(actions=4)
    for number in range(3):
        layers = ship.layers_of(network, number)
        shapes = [array.shape for layer in layers for array in layer]
        assert shapes == [(4, 16), (16,), (16, 16), (16,), (16, 4), (4,)]
        assert all(array.dtype == np.float32 for layer in layers for array in layer)
        q, expected = ship.numpy_q(layers, STATES.numpy()), q_of(network, number)
        assert np.abs(q - expected).max() < 1e-5
        assert (q.argmax(-1) == expected.argmax(-1)).all()
        single = ship.numpy_q(layers, STATES[7].numpy())  # one, without a batch
        np.testing.assert_allclose(single, q[7], atol=1e-5)


def test_the_player_needs_numpy_only(tmp_path):
    network = make_network()
    ship.save_layers(tmp_path / "agent.npz", ship.layers_of(network))
    np.save(tmp_path / "states.npy", STATES[:100].numpy())
    program = f"""import sys
import numpy as np
{inspect.getsource(ship.numpy_q)}
with np.load("agent.npz", allow_pickle=False) as file:
    layers = [(file[f"w_{{n}}"], file[f"b_{{n}}"]) for n in range(3)]
assert "torch" not in sys.modules
print(numpy_q(layers, np.load("states.npy")).argmax(-1).tolist())
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == q_of(network, 0)[:100].argmax(-1).tolist()


def test_onnx_chooses_the_same_actions(exported):
    network, folder = exported
    act = ship.onnx_q(folder / "agent.onnx")
    q, expected = act(STATES.numpy()), q_of(network, 1)
    assert np.abs(q - expected).max() < 1e-5
    assert (q.argmax(-1) == expected.argmax(-1)).all()
    for n in (1, 5):
        np.testing.assert_allclose(act(STATES[:n].numpy()), expected[:n], atol=1e-5)


@pytest.mark.slow
def test_onnx_normalises_as_the_network(tmp_path):
    network = make_network(layer_norm=True)
    ship.export_onnx(tmp_path / "agent.onnx", network, 2)
    q = ship.onnx_q(tmp_path / "agent.onnx")(STATES.numpy())
    assert np.abs(q - q_of(network, 2)).max() < 1e-5


def test_an_onnx_file_is_alone_and_names_no_folder(exported):
    _, folder = exported
    assert sorted(path.name for path in folder.iterdir()) == ["agent.onnx", "int8.onnx"]
    for path in folder.iterdir():
        onnx.checker.check_model(onnx.load(path), full_check=True)
        assert b"torch/nn" not in path.read_bytes() and b".py" not in path.read_bytes()


@pytest.mark.slow
def test_onnx_is_written_without_noise(tmp_path, capfd, recwarn):
    ship.export_onnx(tmp_path / "agent.onnx", make_network(1))
    ship.quantize_onnx(tmp_path / "agent.onnx", tmp_path / "int8.onnx")
    assert capfd.readouterr() == ("", "")
    assert [str(warning.message) for warning in recwarn] == []


def test_int8_is_close_and_really_int8(exported):
    network, folder = exported
    q, expected = ship.onnx_q(folder / "int8.onnx")(STATES.numpy()), q_of(network, 1)
    assert 0 < np.abs(q - expected).max() < 0.1 * np.ptp(expected)
    assert (q.argmax(-1) == expected.argmax(-1)).mean() > 0.9
    initial = onnx.load(folder / "int8.onnx").graph.initializer
    tensors = [onnx.numpy_helper.to_array(tensor) for tensor in initial]
    matrices = [tensor for tensor in tensors if tensor.ndim == 2]
    assert [matrix.shape for matrix in matrices] == [(4, 16), (16, 16), (16, 2)]
    assert {matrix.dtype for matrix in matrices} == {np.dtype(np.int8)}
    assert (
        max(np.abs(matrix.astype(int)).max() for matrix in matrices) == 64
    )  # a bit is left for adding


# ---- the page ----


def test_the_page_holds_the_weights_and_needs_nothing_else(tmp_path):
    network = make_network()
    ship.write_html(tmp_path / "agent.html", network, 2)
    page = (tmp_path / "agent.html").read_text(encoding="utf-8")
    assert len(page.encode()) < 20_000
    assert "{{" not in page
    for outside in (
        "http:",
        "https:",
        "src=",
        "href=",
        "@import",
        "url(",
        "fetch(",
        "XMLHttpRequest",
    ):
        assert outside not in page
    script = r'<script id="layers" type="application/json">(.*?)</script>'
    inside = json.loads(re.search(script, page).group(1))
    for ours, layer in zip(inside, ship.layers_of(network, 2), strict=True):
        for numbers, array in zip(ours, layer, strict=True):
            assert np.array_equal(np.array(numbers, np.float32), array)  # nothing is lost


def test_a_page_with_numbers_that_are_none_is_not_written(tmp_path):
    network = make_network()
    network.head.bias.data[0, 0, 1] = torch.nan
    with pytest.raises(ValueError, match="this network: a weight is NaN"):
        ship.write_html(tmp_path / "agent.html", network)
    assert list(tmp_path.iterdir()) == []


# ---- sentences ----


def test_networks_that_are_no_chain_of_layers_are_refused():
    network = make_network()
    with pytest.raises(ValueError, match="no agent 3: choose one from 0 to 2"):
        ship.plain_network(network, 3)
    with pytest.raises(ValueError, match="no agent -1"):
        ship.plain_network(network, -1)
    with pytest.raises(
        ValueError, match="dueling network .*: distil it into a student without dueling"
    ):
        ship.plain_network(make_network(dueling=True))
    for changed, part in [
        (parts.add_lora(network, 2), "LoRALinear"),
        (parts.add_adapters(network, 2), "AdapterLinear"),
        (continual.ProgressiveNetwork(network), "ProgressiveNetwork"),
    ]:
        advice = rf"no plain layers \({part}\): merge LoRA .* or distil it into a plain network"
        with pytest.raises(ValueError, match=advice):
            ship.plain_network(changed)


def test_what_the_sentence_advises_helps():
    network = make_network()
    lora = parts.add_lora(network, 2)
    lora.hidden[0].b.data += 0.1
    merged = parts.plain(parts.merge(lora))
    assert np.abs(ship.plain_network(merged)(STATES).numpy() - q_of(lora, 0)).max() < 1e-4


def test_one_of_several_heads_is_shipped():
    """The one that answers by itself."""
    heads, first = continual.add_heads(make_network(), 2), None
    for heads.task in range(2):
        expected = q_of(heads, 0)
        assert first is None or np.abs(expected - first).max() > 0.1
        plain = ship.plain_network(heads)(STATES).numpy()
        assert plain.shape == (10_000, 2) and np.abs(plain - expected).max() < 1e-5
        by_numpy = ship.numpy_q(ship.layers_of(heads), STATES.numpy())
        assert np.abs(by_numpy - expected).max() < 1e-5
        first = expected


def test_what_numpy_or_the_page_cannot_do_is_refused(tmp_path):
    with pytest.raises(
        ValueError, match="normalises its layers: distil it into a student without layer_norm"
    ):
        ship.layers_of(make_network(layer_norm=True))
    with pytest.raises(ValueError, match="student without layer_norm"):
        ship.write_html(tmp_path / "agent.html", make_network(layer_norm=True))
    with pytest.raises(
        ValueError, match="plays CartPole-v1: choose an agent with 4 observations and 2 actions"
    ):
        ship.write_html(tmp_path / "agent.html", make_network(actions=3))
    assert list(tmp_path.iterdir()) == []


# ---- files ----


def test_layers_come_back(tmp_path):
    layers = ship.layers_of(make_network(hidden_layers=3))
    ship.save_layers(tmp_path / "agents" / "a.npz", layers, {"parent": "τ"})
    assert [path.name for path in (tmp_path / "agents").iterdir()] == ["a.npz"]
    loaded, card = ship.load_layers(tmp_path / "agents" / "a.npz")
    assert len(loaded) == 4 and card == {"parent": "τ"}
    for ours, theirs in zip(loaded, layers, strict=True):
        assert all(
            np.array_equal(a, b) and a.dtype == b.dtype for a, b in zip(ours, theirs, strict=True)
        )


def quantize_in_place(path):
    ship.quantize_onnx(path, path)


@pytest.mark.parametrize("read", [ship.load_layers, ship.onnx_q, quantize_in_place])
def test_a_bad_file_gets_one_sentence(tmp_path, read, exported):
    path = tmp_path / "agent.bin"
    missing = "agent.bin is not in .*: run the cell or command that makes it first"
    with pytest.raises(FileNotFoundError, match=missing):
        read(path)
    ship.save_layers(path, ship.layers_of(make_network()))
    npz, whole = path.read_bytes(), (exported[1] / "agent.onnx").read_bytes()
    other = whole if read is ship.load_layers else npz
    flipped = npz[:400] + bytes([npz[400] ^ 1]) + npz[401:]
    half, sentence = whole[: len(whole) // 2], "agent.bin is damaged, or not the course"
    for damaged in (b"", b"hello", npz[:1000], half, flipped, b"\xff" * 100, other):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=sentence):
            read(path)
        assert path.read_bytes() == damaged


def test_foreign_files_are_refused(tmp_path):
    np.savez(tmp_path / "curve.npz", x=np.zeros(3))
    unlike = {"w_0": np.zeros((4, 8)), "b_0": np.zeros(8), "w_1": np.zeros((9, 2))}
    np.savez(tmp_path / "wrong.npz", **unlike, b_1=np.zeros(2))
    np.savez(tmp_path / "code.npz", w_0=np.array([[print]]), b_0=np.zeros(1))
    for name in ("curve.npz", "wrong.npz", "code.npz"):
        with pytest.raises(ValueError, match=f"{name} is damaged, or not the course"):
            ship.load_layers(tmp_path / name)
    x, y = (onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1]) for name in "xy")
    graph = onnx.helper.make_graph([onnx.helper.make_node("Relu", ["x"], ["y"])], "other", [x], [y])
    opset = [onnx.helper.make_opsetid("", 20)]
    model = onnx.helper.make_model(graph, ir_version=10, opset_imports=opset)
    onnx.save(model, tmp_path / "other.onnx")
    with pytest.raises(ValueError, match="other.onnx is damaged, or not the course"):
        ship.onnx_q(tmp_path / "other.onnx")


def test_an_older_file_survives_a_failed_write(tmp_path, monkeypatch, exported):
    network, folder = exported
    writers = {
        "a.npz": lambda path: ship.save_layers(path, ship.layers_of(network)),
        "a.onnx": lambda path: ship.export_onnx(path, network),
        "a8.onnx": lambda path: ship.quantize_onnx(folder / "agent.onnx", path),
        "a.html": lambda path: ship.write_html(path, network),
    }

    def fail(_):
        raise OSError("no space left")

    monkeypatch.setattr(storage.os, "fsync", fail)
    for name, write in writers.items():
        (tmp_path / name).write_bytes(b"older")
        with pytest.raises(OSError, match="no space left"):
            write(tmp_path / name)
        assert (tmp_path / name).read_bytes() == b"older"


# ---- time ----


def test_latency_is_in_microseconds():
    seen = []

    def act(observation):
        seen.append(float(observation))
        time.sleep(0.001)

    microseconds = ship.latency(act, np.arange(3), calls=20)
    assert microseconds.shape == (20,) and microseconds.min() >= 1000
    assert len(seen) == 120 and seen[:4] == [0, 1, 2, 0]  # a hundred calls are not counted
