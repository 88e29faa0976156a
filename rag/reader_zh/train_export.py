"""The reader's weights as an ONNX graph, written node by node, and its 8-bit version.

    python -m rag.reader_zh.train_export WEIGHTS.npz [OTHER.npz SHARE] MODEL.onnx

With OTHER the weights are mixed: SHARE of OTHER and the rest of WEIGHTS.

The graph takes `ids`, `kinds` and `matches`, int64 (rows, length), padded with 0, and gives
`relevance` (rows,) and `spans` (rows, length, 2): the logits of a span's first and last token.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

Weights = Mapping[str, np.ndarray]
MASKED = -10_000.0
MICROSOFT = "com.microsoft"  # operators of onnxruntime


class _Graph:
    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.weights: dict[str, Any] = {}

    def constant(self, name: str, value: Any) -> str:
        if name not in self.weights:
            self.weights[name] = numpy_helper.from_array(np.array(value, order="C"), name)
        return name

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        name = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name, **attributes))
        return name

    def attention(self, qkv: str, bias: str, heads: int) -> str:
        """onnxruntime's own, over queries (scaled already), keys and values side by side.

        The same numbers as with Transpose, MatMul, Add and Softmax, in a tenth less time.
        """
        name = f"Attention_{len(self.nodes)}"
        parts = [f"{name}.{part}" for part in "qkv"]
        self.nodes.append(helper.make_node("Split", [qkv], parts, f"{name}.split", axis=2))
        self.nodes.append(
            helper.make_node(
                "MultiHeadAttention", [*parts, "", "", bias], [name], name,
                domain=MICROSOFT, num_heads=heads, scale=1.0,
            )
        )  # fmt: skip
        return name


def graph_of(weights: Weights, layers: int, heads: int) -> Any:
    """An ONNX model in float32."""
    g = _Graph()
    w = {n: v.astype(np.float32) for n, v in weights.items()}
    width = w["emb"].shape[1]

    def c(name: str, value: Any = None) -> str:
        return g.constant(name, w[name] if value is None else value)

    def linear(x: str, name: str) -> str:
        return g.op("Add", g.op("MatMul", x, c(f"{name}.w")), c(f"{name}.b"))

    def norm(x: str, name: str) -> str:
        return g.op("LayerNormalization", x, c(f"{name}.g"), c(f"{name}.b"), axis=-1, epsilon=1e-5)

    zero = c("zero", np.int64(0))
    # A token's vector in eight bits and a scale: half of the file would be these vectors.
    steps = np.abs(w["emb"]).max(axis=1, keepdims=True) / 127 + 1e-12
    whole = np.round(w["emb"] / steps).astype(np.int8)
    x = g.op("Gather", c("emb.whole", whole), "ids", axis=0)
    x = g.op("Cast", x, to=TensorProto.FLOAT)
    x = g.op("Mul", x, g.op("Gather", c("emb.step", steps), "ids", axis=0))
    x = g.op("Add", x, g.op("Gather", c("kind_emb"), "kinds", axis=0))
    x = g.op("Add", x, g.op("Gather", c("match_emb"), "matches", axis=0))
    # Bias by distance and, where there is padding, nothing.
    shape = g.op("Shape", "ids")
    length = g.op("Gather", shape, c("one", np.int64(1)), axis=0)
    places = g.op("Range", zero, length, "one")
    apart = g.op(
        "Sub",
        g.op("Unsqueeze", places, c("axis0", np.array([0]))),
        g.op("Unsqueeze", places, c("axis1", np.array([1]))),
    )
    reach = (w["distance"].shape[0] - 1) // 2
    apart = g.op("Clip", apart, c("least", np.int64(-reach)), c("most", np.int64(reach)))
    apart = g.op("Add", apart, c("reach", np.int64(reach)))
    bias = g.op("Transpose", g.op("Gather", c("distance"), apart, axis=0), perm=[2, 0, 1])
    padding = g.op("Cast", g.op("Equal", "ids", zero), to=TensorProto.FLOAT)
    padding = g.op("Mul", padding, c("masked", np.float32(MASKED)))
    padding = g.op("Unsqueeze", padding, c("axes12", np.array([1, 2])))
    bias = g.op("Add", g.op("Unsqueeze", bias, "axis0"), padding)
    scale = np.float32((width // heads) ** -0.5)
    factors = np.repeat([scale, np.float32(1), np.float32(1)], width)
    for i in range(layers):
        w[f"l{i}.qkv.w"], w[f"l{i}.qkv.b"] = w[f"l{i}.qkv.w"] * factors, w[f"l{i}.qkv.b"] * factors
        qkv = linear(norm(x, f"l{i}.ln1"), f"l{i}.qkv")
        x = g.op("Add", x, linear(g.attention(qkv, bias, heads), f"l{i}.out"))
        n = norm(x, f"l{i}.ln2")
        x = g.op("Add", x, linear(g.op("Relu", linear(n, f"l{i}.up")), f"l{i}.down"))
    x = norm(x, "ln")
    first = g.op("Gather", x, zero, axis=1)
    first = g.op("Tanh", linear(first, "pool"))
    relevance = g.op("Squeeze", linear(first, "relevance"), "axis1")
    spans = linear(x, "span")
    g.nodes.append(helper.make_node("Identity", [relevance], ["relevance"]))
    g.nodes.append(helper.make_node("Identity", [spans], ["spans"]))
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["rows", "length"])
        for name in ("ids", "kinds", "matches")
    ]
    outputs = [
        helper.make_tensor_value_info("relevance", TensorProto.FLOAT, ["rows"]),
        helper.make_tensor_value_info("spans", TensorProto.FLOAT, ["rows", "length", 2]),
    ]
    graph = helper.make_graph(g.nodes, "reader", inputs, outputs, list(g.weights.values()))
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid(MICROSOFT, 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    onnx.checker.check_model(model)
    return model


def export(weights: Weights, layers: int, heads: int, path: Path, eight_bit: bool = True) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    model = graph_of(weights, layers, heads)
    if not eight_bit:
        onnx.save(model, path)
        return
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "plain.onnx"
        onnx.save(model, plain)
        # Seven bits of the weights: with eight, processors without VNNI overflow.
        quantize_dynamic(
            plain,
            path,
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=["MatMul"],
            # What comes out of onnxruntime's own operators, onnx cannot tell.
            extra_options={"MatMulConstBOnly": True, "DefaultTensorType": TensorProto.FLOAT},
        )


def main() -> None:
    *sources, path = sys.argv[1:]
    weights = dict(np.load(sources[0]))
    if len(sources) == 3:
        other, share = np.load(sources[1]), float(sources[2])
        weights = {
            n: (1 - share) * w.astype(np.float32) + share * other[n].astype(np.float32)
            for n, w in weights.items()
        }
    del weights["mlm.b"]
    layers = sum(name.endswith("qkv.w") for name in weights)
    export(weights, layers, weights["distance"].shape[1], Path(path))


if __name__ == "__main__":
    main()
