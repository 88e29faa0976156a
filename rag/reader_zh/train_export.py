"""The reader's weights as an ONNX graph, written node by node, and its 8-bit version.

    python -m rag.reader_zh.train_export WEIGHTS.npz MODEL.onnx

The graph takes `ids`, `kinds` and `matches`, int64 (rows, length), padded with 0, and gives
`relevance` (rows,) and `spans` (rows, length, 2): the logits of a span's first and last token.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from rag.reader_zh.train_start import HEADS

Weights = Mapping[str, np.ndarray]
MASKED = -10_000.0
NORM_EPSILON = 1e-12
MICROSOFT = "com.microsoft"  # operators of onnxruntime


class _Graph:
    def __init__(self, weights: Weights) -> None:
        self.weights = {name: values.astype(np.float32) for name, values in weights.items()}
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}

    def constant(self, name: str, value: Any = None) -> str:
        """A weight by its name, or a value."""
        if name not in self.constants:
            value = np.array(self.weights[name] if value is None else value, order="C")
            self.constants[name] = numpy_helper.from_array(value, name)
        return name

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        name = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name, **attributes))
        return name

    def linear(self, x: str, name: str) -> str:
        product = self.op("MatMul", x, self.constant(f"{name}.w"))
        return self.op("Add", product, self.constant(f"{name}.b"))

    def gelu(self, x: str, name: str) -> str:
        product = self.op("MatMul", x, self.constant(f"{name}.w"))
        return self.op("BiasGelu", product, self.constant(f"{name}.b"), domain=MICROSOFT)

    def norm(self, x: str, name: str) -> str:
        scale, shift = self.constant(f"{name}.g"), self.constant(f"{name}.b")
        return self.op("LayerNormalization", x, scale, shift, axis=-1, epsilon=NORM_EPSILON)

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

    def embedded(self) -> str:
        """The tokens' vectors, in eight bits and a scale each: else half of the file."""
        vectors = self.weights["emb"]
        steps = np.abs(vectors).max(axis=1, keepdims=True) / 127 + 1e-12
        whole = np.round(vectors / steps).astype(np.int8)
        x = self.op("Gather", self.constant("emb.whole", whole), "ids", axis=0)
        x = self.op("Cast", x, to=TensorProto.FLOAT)
        return self.op("Mul", x, self.op("Gather", self.constant("emb.step", steps), "ids", axis=0))


def graph_of(weights: Weights, heads: int = HEADS) -> Any:
    """An ONNX model in float32."""
    g = _Graph(weights)
    width = g.weights["emb"].shape[1]
    zero = g.constant("zero", np.int64(0))
    x = g.embedded()
    x = g.op("Add", x, g.op("Gather", g.constant("kind_emb"), "kinds", axis=0))
    x = g.op("Add", x, g.op("Gather", g.constant("match_emb"), "matches", axis=0))
    one = g.constant("one", np.array([1]))
    length = g.op("Gather", g.op("Shape", "ids"), one, axis=0)
    first_places = [g.constant("place_emb"), g.constant("start", np.array([0])), length]
    x = g.op("Add", x, g.op("Slice", *first_places, g.constant("axes0", np.array([0]))))
    x = g.norm(x, "ln")
    # Where there is padding, nothing is seen.
    padding = g.op("Cast", g.op("Equal", "ids", zero), to=TensorProto.FLOAT)
    padding = g.op("Mul", padding, g.constant("masked", np.float32(MASKED)))
    padding = g.op("Unsqueeze", padding, g.constant("axes12", np.array([1, 2])))
    shape = g.op("Concat", g.constant("ones", np.array([1, 1])), length, one, axis=0)
    bias = g.op("Expand", padding, shape)
    scale = np.float32((width // heads) ** -0.5)
    factors = np.repeat([scale, np.float32(1), np.float32(1)], width)
    for i in range(sum(name.endswith("qkv.w") for name in weights)):
        for part in "wb":
            g.weights[f"l{i}.qkv.{part}"] = g.weights[f"l{i}.qkv.{part}"] * factors
        seen = g.linear(g.attention(g.linear(x, f"l{i}.qkv"), bias, heads), f"l{i}.out")
        x = g.norm(g.op("Add", x, seen), f"l{i}.ln1")
        down = g.linear(g.gelu(x, f"l{i}.up"), f"l{i}.down")
        # Apart: onnxruntime's SkipLayerNormalization takes eight times as long.
        x = g.norm(g.op("Add", x, down), f"l{i}.ln2")
    first = g.op("Tanh", g.linear(g.op("Gather", x, zero, axis=1), "pool"))
    relevance = g.op("Squeeze", g.linear(first, "relevance"), g.constant("axis1", np.array([1])))
    for out, value in (("relevance", relevance), ("spans", g.linear(x, "span"))):
        g.nodes.append(helper.make_node("Identity", [value], [out]))
    return _model(g)


def _model(g: _Graph) -> Any:
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["rows", "length"])
        for name in ("ids", "kinds", "matches")
    ]
    outputs = [
        helper.make_tensor_value_info("relevance", TensorProto.FLOAT, ["rows"]),
        helper.make_tensor_value_info("spans", TensorProto.FLOAT, ["rows", "length", 2]),
    ]
    graph = helper.make_graph(g.nodes, "reader", inputs, outputs, list(g.constants.values()))
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid(MICROSOFT, 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9)


def export(weights: Weights, path: Path, eight_bit: bool = True) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    model = graph_of(weights)
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
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("weights", type=Path)
    parser.add_argument("model", type=Path)
    options = parser.parse_args()
    export(dict(np.load(options.weights)), options.model)


if __name__ == "__main__":
    main()
