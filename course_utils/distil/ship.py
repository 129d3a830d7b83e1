"""Shipping: an agent as ordinary layers, NumPy arrays, an ONNX file, and a web page that plays."""

import io
import itertools
import json
import logging
import timeit
import warnings
from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import torch
from torch import nn

from course_utils.checks import check_finite, checked, need
from course_utils.files import SEAL, as_json, reading, write_whole
from course_utils.networks import QNetwork


@torch.no_grad()
@checked
def plain_network(network: QNetwork, number: int = 0) -> nn.Sequential:
    """Agent `number` of a network as ordinary PyTorch layers on the CPU, [n, D] → [n, A].

    Of several heads that of `network.task`. The observation's scale becomes part of the first
    weights. ValueError for an agent that is not there, for NaN, for dueling, and for added parts.
    """
    own, facts = [*network.hidden, network.head_of()], network.arguments
    if added := {type(part).__name__ for part in (network, *own)} - {"QNetwork", "SeedLinear"}:
        told = f"this network has parts that are no plain layers ({', '.join(sorted(added))})"
        merging = "merge LoRA by `parts.plain(parts.merge(network))`"
        raise ValueError(f"{told}: {merging}, or distil it into a plain network.")
    if facts["dueling"]:
        raise ValueError("a dueling network is no chain: distil it into a student without dueling.")
    if number not in range(network.seeds):
        raise ValueError(f"there is no agent {number!r}: choose one from 0 to {network.seeds - 1}.")
    check_finite("this network", network.state_dict())
    norm = [nn.LayerNorm(facts["width"], elementwise_affine=False)] if facts["layer_norm"] else []
    chain = []
    for layer in own:
        linear = nn.utils.skip_init(nn.Linear, *layer.weight.shape[1:])  # moves no random stream
        linear.weight.copy_(layer.weight[number].T)
        linear.bias.copy_(layer.bias[number, 0])
        chain += [*norm, nn.ReLU(), linear] if chain else [linear]
    chain[0].weight *= network.observation_scale.cpu()
    return nn.Sequential(*chain).requires_grad_(False).eval()


def layers_of(network: QNetwork, number: int = 0) -> list[tuple]:
    """Weights [in, out] and biases [out] of each layer. ValueError as above, and for layer_norm."""
    plain = plain_network(network, number)
    if network.arguments["layer_norm"]:
        raise ValueError("it normalises its layers: distil it into a student without layer_norm.")
    return [(linear.weight.T.contiguous().numpy(), linear.bias.numpy()) for linear in plain[::2]]


def numpy_q(layers: list[tuple[np.ndarray, np.ndarray]], observation: np.ndarray) -> np.ndarray:
    """Action values with NumPy alone: float32 observations [..., D] → [..., A]. See `layers_of`."""
    *hidden, (weight, bias) = layers
    for w, b in hidden:
        observation = np.maximum(observation.dot(w) + b, 0)
    return observation.dot(weight) + bias


@checked
def save_layers(path: Path | str, layers: list[tuple], card: dict | None = None) -> None:
    """Write layers by `layers_of` as one .npz file, with the agent's lineage card as text."""
    arrays, buffer = {}, io.BytesIO()
    for n, (w, b) in enumerate(layers):
        arrays |= {f"w_{n}": w, f"b_{n}": b}
    need(arrays, "there are no layers to save: take those of `layers_of`.")
    np.savez(buffer, **arrays, card=json.dumps(card or {}, default=as_json))
    write_whole(path, buffer.getvalue())


def load_layers(path: Path) -> tuple[list[tuple[np.ndarray, np.ndarray]], dict]:
    """Layers and card by `save_layers`. Raises as `files.reading`."""
    with reading(path) as content, np.load(io.BytesIO(content), allow_pickle=False) as file:
        layers = [(file[f"w_{n}"], file[f"b_{n}"]) for n in range(len(file) // 2)]
        q = numpy_q(layers, np.zeros(len(layers[0][0]), np.float32))  # the shapes fit each other
        need(np.isfinite(q).all(), "a weight is NaN")
        return layers, json.loads(file["card"].item())


def export_onnx(path: Path, network: QNetwork, number: int = 0) -> None:
    """Write an ONNX file, "observation" [n, D] → "q" [n, A], any n. Raises as `plain_network`."""
    plain = plain_network(network, number)
    x, n = torch.zeros(2, network.arguments["observations"]), torch.export.Dim("n")
    names = {"input_names": ["observation"], "output_names": ["q"], "dynamic_shapes": ({0: n},)}
    with _quiet():
        model = torch.onnx.export(plain, (x,), **names, dynamo=True, verbose=False).model_proto
    for node in model.graph.node:
        node.ClearField("metadata_props")  # they name folders of this machine
    # onnxruntime below 1.24 turns weights when it quantizes, and stumbles over their old shapes.
    model.graph.ClearField("value_info")
    _write_onnx(path, model)


def quantize_onnx(path: Path, path_int8: Path) -> None:
    """Write a copy of an ONNX file with weights of 8 bits; inputs, outputs, biases stay float32.

    Of the 8 bits 7 are used, with one scale a matrix; between layers numbers are rounded to 8 bits
    as they come. Raises as `onnx_q`.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    onnx_q(path)  # raises for a bad file
    with _quiet(), reading(path) as content:
        made = io.BytesIO()
        # Without VNNI a processor adds two products in 16 bits: one bit must be left for that.
        settings = {"weight_type": QuantType.QInt8, "reduce_range": True}
        quantize_dynamic(onnx.load_from_string(content), made, **settings)
    _write_onnx(path_int8, onnx.load_from_string(made.getvalue()))


def _write_onnx(path, model):
    """With a seal, in the place of one that the model had."""
    del model.metadata_props[:]
    model.metadata_props.add(key="seal", value=SEAL.decode())
    write_whole(path, model.SerializeToString())


def onnx_q(path: Path) -> Callable:
    """An ONNX file's function, float32 [n, D] → q [n, A], on one thread. Raises as `reading`."""
    import onnxruntime  # only here: who wants NumPy or the web page need not wait for it

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    with reading(path) as content:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        names = [port.name for port in (*session.get_inputs(), *session.get_outputs())]
        if names != ["observation", "q"]:
            raise ValueError(names)

    def q(observation):
        try:
            return session.run(["q"], {"observation": observation})[0]
        except Exception:
            needed = f"float32 [n, {session.get_inputs()[0].shape[1]}]"
            raise ValueError(f"this ONNX file needs an observation {needed}.") from None

    return q


@checked
def write_html(path: Path | str, network: QNetwork, number: int = 0) -> None:
    """Write agent `number` as one HTML file that needs nothing else and plays CartPole-v1.

    A weight takes about 12 bytes, two layers of 16 units less than 20 KB.
    Raises ValueError for other than 4 observations and 2 actions, and as `layers_of`.
    """
    if (network.arguments["observations"], network.arguments["actions"]) != (4, 2):
        raise ValueError("it plays CartPole-v1: choose an agent with 4 observations and 2 actions.")
    # As text a float32 has just the digits, at most 9, that tell it from every other float32.
    arrays = layers_of(network, number)
    layers = [[x.astype(str).astype(float).tolist() for x in layer] for layer in arrays]
    page = Path(__file__).with_name("take_home.html").read_text(encoding="utf-8")
    numbers = json.dumps(layers, separators=(",", ":"), allow_nan=False)
    write_whole(path, page.replace("{{layers}}", numbers).encode())


@checked
def latency(act: Callable, observations: np.ndarray | list, calls: int = 2000) -> np.ndarray:
    """Microseconds of wall time of each act(observations[i]), in turn, after a hundred: [calls]."""
    need(len(observations), "there are no observations: give one or more.")
    turn = itertools.cycle(observations)
    seconds = timeit.repeat(lambda: act(next(turn)), number=1, repeat=100 + calls)
    return 1e6 * np.array(seconds[100:])


@contextmanager
def _quiet():
    """No warnings and no log below errors, as long as the block lasts."""
    with warnings.catch_warnings(), ExitStack() as after:
        warnings.simplefilter("ignore")
        after.callback(logging.disable, logging.root.manager.disable)  # as it was before
        logging.disable(logging.WARNING)
        yield
