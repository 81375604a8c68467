#!/usr/bin/env python3
"""Training steps of PyTorch on this machine's CPU, as its performance guide has them fast: channels_last, float32.

A step is zero_grad, forward, cross-entropy, backward, SGD with momentum and decay, on a synthetic batch. Prints one JSON object.
`compare_with_pytorch.py` starts it; one process a model, because a process has one peak of memory.
With --ranks, DistributedDataParallel over gloo: processes of their own cores, each with its share of the batch.

Needs torch and torchvision.
"""
import argparse
import json
import os
import resource
import socket
import subprocess
import sys
import time

import torch
import torchvision
from torch import nn


def lenet():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.Sigmoid(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Sigmoid(),
        nn.AvgPool2d(2), nn.Flatten(), nn.Linear(400, 120), nn.Sigmoid(), nn.Linear(120, 84), nn.Sigmoid(),
        nn.Linear(84, 10))


def resnet18_cifar():
    model = torchvision.models.resnet18(num_classes=10)
    model.conv1, model.maxpool = nn.Conv2d(3, 64, 3, padding=1, bias=False), nn.Identity()
    return model


def densenet121_cifar():
    model = torchvision.models.densenet121(num_classes=10)
    model.features.conv0, model.features.pool0 = nn.Conv2d(3, 64, 3, padding=1, bias=False), nn.Identity()
    return model


def googlenet():
    # With the auxiliary heads, which ours trains too.
    return torchvision.models.googlenet(weights=None, aux_logits=True, init_weights=False)


OWN = {build.__name__: build for build in (lenet, resnet18_cifar, densenet121_cifar, googlenet)}


def loss_of(output, labels):
    if isinstance(output, torchvision.models.GoogLeNetOutputs):
        heads = [(1, output.logits), (0.3, output.aux_logits1), (0.3, output.aux_logits2)]
        return sum(weight * nn.functional.cross_entropy(logits, labels) for weight, logits in heads)
    return nn.functional.cross_entropy(output, labels)


def start_ranks(count, threads):
    """Joins this process and count - 1 others like it, and gives each cores of its own; returns the others."""
    others = []
    if "RANK" not in os.environ:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        os.environ.update(WORLD_SIZE=str(count), MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), RANK="0")
        others = [subprocess.Popen([sys.executable, *sys.argv], env={**os.environ, "RANK": str(rank)}, stdout=subprocess.DEVNULL)
                  for rank in range(1, count)]
    rank = int(os.environ["RANK"])
    cores = sorted(os.sched_getaffinity(0))
    if threads * count <= len(cores):
        os.sched_setaffinity(0, cores[rank * threads:(rank + 1) * threads])
    torch.distributed.init_process_group("gloo")
    return others


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--batch-size", type=int, required=True)
    parser.add_argument("--image-size", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--steps", type=int, required=True, help="steps that count, after two that do not")
    parser.add_argument("--ranks", type=int, default=1, help="processes that share the batch")
    options = parser.parse_args()

    others = start_ranks(options.ranks, options.threads) if options.ranks > 1 else []
    share = options.batch_size // options.ranks
    torch.set_num_threads(options.threads)
    build = OWN.get(options.model)
    model = build() if build else getattr(torchvision.models, options.model)(weights=None)
    model = model.train().to(memory_format=torch.channels_last)
    channels = next(model.parameters()).shape[1]
    classes = [layer for layer in model.modules() if isinstance(layer, nn.Linear)][-1].out_features
    if options.ranks > 1:
        model = nn.parallel.DistributedDataParallel(model)
    images = torch.randn(share, channels, options.image_size, options.image_size)
    images = images.contiguous(memory_format=torch.channels_last)
    labels = torch.randint(0, classes, (share,))
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9, weight_decay=1e-4)

    seconds = []
    for _ in range(options.steps + 2):
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        loss_of(model(images), labels).backward()
        optimizer.step()
        seconds.append(time.perf_counter() - start)
    if any(other.wait() for other in others):
        sys.exit("a rank failed")
    counted = sorted(seconds[2:])
    median = (counted[(len(counted) - 1) // 2] + counted[len(counted) // 2]) / 2
    print(json.dumps({
        "model": options.model, "torch": torch.__version__, "median_images_per_second": options.batch_size / median,
        # Linux counts in KiB.
        "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))


if __name__ == "__main__":
    main()
