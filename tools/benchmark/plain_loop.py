#!/usr/bin/env python3
"""The field's recipe as a plain PyTorch loop: what tools/bench compares `msfusion run` with. Prints medians as JSON.

1,000 devices with 50 images each, of CIFAR-10's shape; 50 devices a round, one epoch in batches of 10, SGD at 0.1,
two convolutions and 128 dense units. The data set lies in memory as float tensors; nothing but PyTorch is in the loop."""
import argparse
import json
import statistics
import time

import torch
from torch import nn
from torch.nn import functional

arguments = argparse.ArgumentParser()
arguments.add_argument("--threads", type=int, default=1)
arguments.add_argument("--rounds", type=int, default=3)
arguments.add_argument("--evaluation-batches", type=int, nargs="*", default=[10, 100, 1000])
options = arguments.parse_args()

DEVICES, IMAGES, COHORT, BATCH, RATE, TEST_IMAGES = 1000, 50, 50, 10, 0.1, 10000
torch.set_num_threads(options.threads)
torch.manual_seed(1)


def make_model():
    return nn.Sequential(
        nn.Conv2d(3, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(64 * 14 * 14, 128), nn.ReLU(), nn.Linear(128, 10))


def seconds_of(work):
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


images, labels = torch.randn(DEVICES * IMAGES, 3, 32, 32), torch.randint(10, (DEVICES * IMAGES,))
test_images, test_labels = torch.randn(TEST_IMAGES, 3, 32, 32), torch.randint(10, (TEST_IMAGES,))
model, local = make_model(), make_model()


def train_round():
    merged = [torch.zeros_like(value) for value in model.parameters()]
    for device in torch.randperm(DEVICES)[:COHORT].tolist():
        local.load_state_dict(model.state_dict())
        optimiser = torch.optim.SGD(local.parameters(), lr=RATE)
        order = torch.randperm(IMAGES) + device * IMAGES
        for index in order.split(BATCH):
            optimiser.zero_grad()
            functional.cross_entropy(local(images[index]), labels[index]).backward()
            optimiser.step()
        with torch.no_grad():
            for total, value in zip(merged, local.parameters()):
                total += value / COHORT
    with torch.no_grad():
        for value, total in zip(model.parameters(), merged):
            value.copy_(total)


def evaluate(batch):
    correct, loss = 0, 0.0
    with torch.no_grad():
        for begin in range(0, TEST_IMAGES, batch):
            wanted = test_labels[begin:begin + batch]
            logits = model(test_images[begin:begin + batch])
            correct += (logits.argmax(1) == wanted).sum().item()
            loss += functional.cross_entropy(logits, wanted, reduction="sum").item()
    return correct / TEST_IMAGES, loss / TEST_IMAGES


# The first round warms up the library.
rounds = [seconds_of(train_round) for _ in range(options.rounds + 1)][1:]
evaluations = {batch: seconds_of(lambda: evaluate(batch)) for batch in options.evaluation_batches}
print(json.dumps({"round_wall": statistics.median(wall for wall, _ in rounds),
                  "round_cpu": statistics.median(cpu for _, cpu in rounds),
                  "evaluations": [{"batch": batch, "wall": wall, "cpu": cpu} for batch, (wall, cpu) in evaluations.items()],
                  "evaluation_wall": min(wall for wall, _ in evaluations.values()),
                  "evaluation_cpu": min(cpu for _, cpu in evaluations.values())}))
