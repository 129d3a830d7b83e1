"""Shipping: an agent as ordinary layers, NumPy arrays, an ONNX file, and a web page that plays."""

import contextlib
import html
import io
import json
import logging
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn

from course_utils.networks import QNetwork
from course_utils.storage import write_whole


@torch.no_grad()
def plain_network(network: QNetwork, number: int = 0, task: int | None = None) -> nn.Sequential:
    """Agent `number` of a network as ordinary PyTorch layers on the CPU, [n, D] → [n, A].

    task: whose head. The observation's scale becomes part of the first weights. Raises ValueError
    for an agent or head that is not there, for dueling, and for added parts.
    """
    own, facts = [*network.hidden, network.head], network.arguments
    added = {type(part).__name__ for part in (network, *own)} - {"QNetwork", "SeedLinear"}
    if added:
        told = f"this network has parts that are no plain layers ({', '.join(sorted(added))})"
        merging = "merge LoRA by `parts.plain(parts.merge(network))`"
        raise ValueError(f"{told}: {merging}, or distil it into a plain network.")
    if facts["dueling"]:
        raise ValueError("a dueling network is no chain: distil it into a student without dueling.")
    if not 0 <= number < network.seeds:
        raise ValueError(f"there is no agent {number}: choose one from 0 to {network.seeds - 1}.")
    norm = [nn.LayerNorm(facts["width"], elementwise_affine=False)] if facts["layer_norm"] else []
    chain = []
    for layer in own:
        columns = network.columns(task) if layer is network.head else slice(None)
        weight, bias = layer.weight[number][:, columns], layer.bias[number, 0, columns]
        linear = nn.utils.skip_init(nn.Linear, *weight.shape)  # moves no stream of random numbers
        linear.weight.copy_(weight.T)
        linear.bias.copy_(bias)
        chain += [*norm, nn.ReLU(), linear] if chain else [linear]
    chain[0].weight *= network.observation_scale.cpu()
    return nn.Sequential(*chain).requires_grad_(False).eval()


def layers_of(network: QNetwork, number: int = 0, task: int | None = None) -> list[tuple]:
    """The weights [in, out] and biases [out] of agent `number`, layer by layer, float32.

    Raises ValueError for a network with layer_norm, and as `plain_network`.
    """
    plain = plain_network(network, number, task)
    if network.arguments["layer_norm"]:
        raise ValueError("it normalises its layers: distil it into a student without layer_norm.")
    return [(linear.weight.T.contiguous().numpy(), linear.bias.numpy()) for linear in plain[::2]]


def numpy_q(layers: list[tuple[np.ndarray, np.ndarray]], observation: np.ndarray) -> np.ndarray:
    """Action values with NumPy alone: float32 observations [..., D] → [..., A]. See `layers_of`."""
    *hidden, (weight, bias) = layers
    for w, b in hidden:
        observation = np.maximum(observation.dot(w) + b, 0)
    return observation.dot(weight) + bias


def save_layers(path: Path, layers: list[tuple], card: dict | None = None) -> None:
    """Write layers as one .npz file, with the agent's lineage card as text."""
    arrays = {}
    for n, (w, b) in enumerate(layers):
        arrays |= {f"w_{n}": w, f"b_{n}": b}
    buffer = io.BytesIO()
    np.savez(buffer, **arrays, card=json.dumps(card or {}))
    write_whole(path, buffer.getvalue())


def load_layers(path: Path) -> tuple[list[tuple[np.ndarray, np.ndarray]], dict]:
    """Layers and card by `save_layers`. Raises as `onnx_q`."""
    with _content(path) as content, np.load(io.BytesIO(content), allow_pickle=False) as file:
        layers = [(file[f"w_{n}"], file[f"b_{n}"]) for n in range(len(file) // 2)]
        numpy_q(layers, np.zeros(len(layers[0][0]), np.float32))  # the shapes fit each other
        return layers, json.loads(file["card"].item())


def export_onnx(path: Path, network: QNetwork, number: int = 0, task: int | None = None) -> None:
    """Write agent `number` as an ONNX file: "observation" [n, D] → "q" [n, A], float32, for any n.

    Raises ValueError as `plain_network`.
    """
    plain = plain_network(network, number, task)
    example, n = torch.zeros(2, network.arguments["observations"]), torch.export.Dim("n")
    names = {"input_names": ["observation"], "output_names": ["q"], "dynamic_shapes": ({0: n},)}
    with _quiet():
        model = torch.onnx.export(
            plain, (example,), **names, dynamo=True, verbose=False
        ).model_proto
    for node in model.graph.node:
        node.ClearField("metadata_props")  # they name folders of this machine
    write_whole(path, model.SerializeToString())


def quantize_onnx(path: Path, path_int8: Path) -> None:
    """Write a copy of an ONNX file with weights of 8 bits; inputs, outputs, biases stay float32.

    Each matrix has one scale; what flows between layers is rounded as it comes (dynamic
    quantisation). Raises as `onnx_q`.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    onnx_q(path)  # raises for a bad file
    with _quiet(), tempfile.TemporaryDirectory() as folder:
        unfinished = Path(folder) / "int8.onnx"
        # Without VNNI a processor adds two products in 16 bits: one bit must be left for that.
        options = {"weight_type": QuantType.QInt8, "reduce_range": True}
        quantize_dynamic(onnx.load(path), unfinished, **options)
        write_whole(path_int8, unfinished.read_bytes())


def onnx_q(path: Path) -> Callable:
    """The function of an ONNX file, float32 observations [n, D] → q [n, A], run on one thread.

    Raises FileNotFoundError, or ValueError for a damaged or foreign file.
    """
    import onnxruntime  # only here: who wants NumPy or the web page need not wait for it

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    with _content(path) as content:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        names = [port.name for port in (*session.get_inputs(), *session.get_outputs())]
        if names != ["observation", "q"]:
            raise ValueError(names)
    return lambda observation: session.run(["q"], {"observation": observation})[0]


def write_html(path: Path, network: QNetwork, number=0, title="A CartPole agent to take home"):
    """Write agent `number` as one HTML file that needs nothing else and plays CartPole-v1.

    title: plain text. A weight takes about 12 bytes, two layers of 16 units less than 20 KB.
    Raises ValueError for other than 4 observations and 2 actions, and as `layers_of`.
    """
    if (network.arguments["observations"], network.arguments["actions"]) != (4, 2):
        raise ValueError("it plays CartPole-v1: choose an agent with 4 observations and 2 actions.")
    # As text a float32 has just the digits, at most 9, that tell it from every other float32.
    arrays = layers_of(network, number)
    layers = [[x.astype(str).astype(float).tolist() for x in layer] for layer in arrays]
    page = Path(__file__).with_name("take_home.html").read_text(encoding="utf-8")
    page = page.replace("{{layers}}", json.dumps(layers, separators=(",", ":"), allow_nan=False))
    write_whole(path, page.replace("{{title}}", html.escape(title)).encode())


def latency(act: Callable, observations: np.ndarray, calls: int = 2000) -> np.ndarray:
    """Microseconds of wall time of each act(observations[i]), in turn, after a hundred: [calls]."""
    times = []
    for i in range(100 + calls):
        observation = observations[i % len(observations)]
        start = time.perf_counter_ns()
        act(observation)
        times.append(time.perf_counter_ns() - start)
    return np.array(times[100:]) / 1000


@contextlib.contextmanager
def _content(path):
    """The bytes of a file for a block in which any error means that the file is bad."""
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(
            f"{path.name} is not in {path.parent}: run the cell or command that makes it first."
        )
    try:
        yield path.read_bytes()
    except Exception:  # what np.load and ONNX Runtime raise has no class in common
        bad = f"{path.name} is damaged or no file of this course: delete it and make it again."
        raise ValueError(bad) from None


@contextlib.contextmanager
def _quiet():
    """No warnings and no log below errors, as long as the block lasts."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    with contextlib.ExitStack() as after, warnings.catch_warnings():
        after.callback(logging.disable, before)
        warnings.simplefilter("ignore")
        yield
