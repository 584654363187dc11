"""Prints the test accuracy on Fashion-MNIST of an exported cnn or mlp, computed by PyTorch from the file alone."""

import gzip
import json
import struct
import sys

import numpy
import torch
from torch.nn import functional


def read_safetensors(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    metadata = header.pop("__metadata__")
    tensors = {}
    for name, entry in header.items():
        assert entry["dtype"] == "F32"
        begin, end = entry["data_offsets"]
        values = numpy.frombuffer(data[begin:end], dtype="<f4").reshape(entry["shape"])
        tensors[name] = torch.from_numpy(values.copy())
    return metadata, tensors


def read_test_set(folder):
    with gzip.open(folder + "/t10k-images-idx3-ubyte.gz") as file:
        pixels = numpy.frombuffer(file.read(), numpy.uint8, offset=16).reshape(-1, 1, 28, 28)
    with gzip.open(folder + "/t10k-labels-idx1-ubyte.gz") as file:
        labels = numpy.frombuffer(file.read(), numpy.uint8, offset=8)
    return torch.from_numpy(pixels.copy()).float() / 255, torch.from_numpy(labels.copy()).long()


def linear(x, weights, name):
    return functional.linear(x, weights[name + ".weight"], weights[name + ".bias"])


def batch_norm(x, weights, name):
    values = [weights[name + part] for part in (".running_mean", ".running_var", ".weight", ".bias")]
    return functional.batch_norm(x, *values)


def cnn(x, weights):
    layer = 1
    while f"conv{layer}.weight" in weights:
        x = functional.conv2d(x, weights[f"conv{layer}.weight"], padding="same")
        x = functional.max_pool2d(functional.relu(batch_norm(x, weights, f"norm{layer}")), 2)
        layer += 1
    return linear(x.mean((2, 3)), weights, "classifier")


def mlp(x, weights):
    x = x.flatten(1)
    layer = 1
    while f"hidden{layer}.weight" in weights:
        x = functional.relu(linear(x, weights, f"hidden{layer}"))
        layer += 1
    return linear(x, weights, "classifier")


metadata, weights = read_safetensors(sys.argv[1])
images, labels = read_test_set("/usr/share/datasets/fashion-mnist")
mean, deviation = (torch.tensor(json.loads(metadata[key])).view(1, -1, 1, 1) for key in ("input_mean", "input_std"))
model = cnn if "conv1.weight" in weights else mlp
with torch.no_grad():
    correct = sum(
        (model((x - mean) / deviation, weights).argmax(1) == y).sum().item()
        for x, y in zip(images.split(500), labels.split(500))
    )
print(correct / len(labels))
