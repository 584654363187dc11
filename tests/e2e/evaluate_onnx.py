"""Prints the test accuracy of an exported ONNX model, computed by PyTorch operator by operator from the file alone.

evaluate_onnx.py MODEL.onnx: on Fashion-MNIST.
evaluate_onnx.py MODEL.onnx TRAIN TEST: the next words of TEST, a text whose words TRAIN numbers by how often they come.
"""

import collections
import gzip
import json
import sys

import numpy
import onnx
import torch
from onnx import numpy_helper
from torch.nn import functional


def attributes_of(node):
    return {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}


def reshape(x, sizes):
    return x.reshape([x.shape[i] if size == 0 else int(size) for i, size in enumerate(sizes.tolist())])


def lstm(x, w, r, b, hidden_size):
    """ONNX's definition, gate by gate: input, output, forget, cell."""
    steps, samples, _ = x.shape
    h, c = x.new_zeros(samples, hidden_size), x.new_zeros(samples, hidden_size)
    states = []
    for t in range(steps):
        gates = x[t] @ w[0].T + h @ r[0].T + b[0, : 4 * hidden_size] + b[0, 4 * hidden_size :]
        i, o, f, g = gates.split(hidden_size, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        states.append(h)
    return torch.stack(states)[:, None]


def instance_norm(x, scale, bias, epsilon):
    return functional.instance_norm(x, weight=scale, bias=bias, eps=epsilon)


OPERATORS = {
    "Add": lambda a, b: a + b,
    "AveragePool": lambda x, kernel_shape, strides, pads, count_include_pad=0: functional.avg_pool2d(
        x, kernel_shape, strides, pads[:2], count_include_pad=count_include_pad == 1
    ),
    "BatchNormalization": lambda x, w, b, mean, variance, epsilon: functional.batch_norm(x, mean, variance, w, b, eps=epsilon),
    "Clip": lambda x, low, high: torch.clamp(x, low.item(), high.item()),
    "Concat": lambda *x, axis: torch.cat(x, axis),
    "Conv": lambda x, w, b=None, *, kernel_shape, strides, pads, group: functional.conv2d(
        x, w, b, strides, pads[:2], groups=group
    ),
    "Div": lambda a, b: a / b,
    "Erf": torch.erf,
    "Expand": lambda x, sizes: x.expand(*sizes.tolist()),
    "Flatten": lambda x, axis: x.flatten(axis),
    "Gather": lambda x, places, axis: x.select(axis, places.item()) if places.dim() == 0 else x[places],
    "Gemm": lambda x, w, b=None, *, transB: x @ w.T + (0 if b is None else b),
    "GlobalAveragePool": lambda x: x.mean((2, 3), keepdim=True),
    "HardSigmoid": lambda x, alpha, beta: torch.clamp(alpha * x + beta, 0, 1),
    "HardSwish": lambda x: x * torch.clamp(x / 6 + 0.5, 0, 1),
    "InstanceNormalization": instance_norm,
    "LSTM": lstm,
    "MatMul": lambda a, b: a @ b,
    "MaxPool": lambda x, kernel_shape, strides, pads: functional.max_pool2d(x, kernel_shape, strides, pads[:2]),
    "Mul": lambda a, b: a * b,
    "ReduceMean": lambda x, axes, keepdims: x.mean(axes, keepdim=keepdims == 1),
    "Relu": torch.relu,
    "Reshape": reshape,
    "Shape": lambda x: torch.tensor(x.shape),
    "Sigmoid": torch.sigmoid,
    "Slice": lambda x, begin, end: x[begin.item() : end.item()],
    "Softmax": lambda x, axis: torch.softmax(x, axis),
    "Sqrt": torch.sqrt,
    "Squeeze": lambda x, axes: x.squeeze(axes.item()),
    "Sub": lambda a, b: a - b,
    "Tanh": torch.tanh,
    "Transpose": lambda x, perm: x.permute(*perm),
}


def run(graph, x):
    values = {graph.input[0].name: x}
    for constant in graph.initializer:
        values[constant.name] = torch.from_numpy(numpy_helper.to_array(constant).copy())
    for node in graph.node:
        values[node.output[0]] = OPERATORS[node.op_type](*(values[name] for name in node.input), **attributes_of(node))
    return values[graph.output[0].name]


def fashion():
    folder = "/usr/share/datasets/fashion-mnist"
    with gzip.open(folder + "/t10k-images-idx3-ubyte.gz") as file:
        x = numpy.frombuffer(file.read(), numpy.uint8, offset=16).reshape(-1, 1, 28, 28)
    with gzip.open(folder + "/t10k-labels-idx1-ubyte.gz") as file:
        y = numpy.frombuffer(file.read(), numpy.uint8, offset=8)
    return x.astype(numpy.float32) / 255, y.astype(numpy.int64)


def words(window):
    def tokens(path):
        with open(path, "rb") as file:
            return [word for line in file for word in (*line.split(), b"<eos>")]

    train, test = tokens(sys.argv[2]), tokens(sys.argv[3])
    counts = collections.Counter(train)
    numbers = {word: i for i, word in enumerate(sorted(counts, key=lambda word: (-counts[word], word)))}
    unknown = numbers.get(b"<unk>", len(numbers))
    text = numpy.array([numbers.get(word, unknown) for word in test], numpy.int64)
    samples = (len(text) - 1) // window
    cut = lambda begin: text[begin : begin + samples * window].reshape(samples, window)
    return cut(0), cut(1)


model = onnx.load(sys.argv[1])
onnx.checker.check_model(model, full_check=True)
about = {entry.key: entry.value for entry in model.metadata_props}
sizes = [size.dim_value for size in model.graph.input[0].type.tensor_type.shape.dim]
x, y = words(sizes[1]) if len(sys.argv) > 2 else fashion()
if "input_mean" in about:
    mean, deviation = (numpy.float32(json.loads(about[key])).reshape(1, -1, 1, 1) for key in ("input_mean", "input_std"))
    x = (x - mean) / deviation
with torch.no_grad():
    right = 0
    for begin in range(0, len(x), 500):
        logits = run(model.graph, torch.from_numpy(x[begin : begin + 500].copy()))
        right += (logits.argmax(-1).numpy() == y[begin : begin + 500]).sum()
print(right / y.size)
