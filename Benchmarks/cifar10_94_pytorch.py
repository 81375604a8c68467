#!/usr/bin/env python3
"""The peer of configs/cifar10-94.yaml: the same recipe in PyTorch, on the same JPEG files, on this machine's CPU.

Network, initialisation, optimizer and augmentation follow airbench94_muon (Jordan, "94% on CIFAR-10 in 3.29 Seconds on a
Single GPU", 2024, and github.com/KellerJordan/cifar10-airbench) in float32:
- a whitening layer of 2x2 patches that is not learned but for its bias, for three epochs;
- three groups of two convolutions, GELU, batch norm without a scale, scores divided by the features;
- Muon for convolutions, SGD with Nesterov momentum 0.85 for biases and the head, all rates falling to 0 in a line;
- label smoothing 0.2; each image moved by up to two pixels, edges reflected, and mirrored every other epoch;
- at the end, six views of each test image.

Pictures are decoded before the clock starts. Prints accuracy without and with the views, and minutes, for each seed.

Usage: cifar10_94_pytorch.py FOLDER [--seeds 5] [--first 1] [--threads N] [--epochs 8] [--steps N]     needs: torch, Pillow, numpy
FOLDER has train/CLASS/*.jpg and test/CLASS/*.jpg.
"""
import argparse
import math
import os
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

MEAN, DEVIATION = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)
BATCH = 2000
WIDTHS = (64, 256, 256)
# Of losses that are summed over the batch.
MUON_RATE, BIAS_RATE, HEAD_RATE, DECAY = 0.24, 0.053, 0.67, 2e-6 * BATCH


# ---- Data ----
def pictures(folder):
    """Normalised images and labels of a split; classes in the order of their names."""
    classes = sorted(entry for entry in os.listdir(folder))
    files = [(path, label) for label, name in enumerate(classes) for path in sorted(Path(folder, name).iterdir())]
    pixels = torch.from_numpy(np.stack([np.asarray(Image.open(path).convert("RGB")) for path, _ in files]))
    images = (pixels.permute(0, 3, 1, 2).float() / 255 - channels(MEAN)) / channels(DEVIATION)
    return images.contiguous(memory_format=torch.channels_last), torch.tensor([label for _, label in files])


def channels(numbers):
    return torch.tensor(numbers).view(1, 3, 1, 1)


def moved(padded, size):
    """A window of `size` pixels of each padded image, at a random place."""
    places = padded.shape[-1] - size + 1
    rows, columns = torch.randint(places, (2, len(padded), 1))
    rows, columns = rows + torch.arange(size), columns + torch.arange(size)
    return padded[torch.arange(len(padded)).view(-1, 1, 1), :, rows.unsqueeze(2), columns.unsqueeze(1)].permute(0, 3, 1, 2)


def batches(images, labels, epoch, mirrored):
    """The whole batches of an epoch; `mirrored` says which images begin so."""
    order = torch.randperm(len(images))
    for start in range(0, len(order) - BATCH + 1, BATCH):
        chosen = order[start:start + BATCH]
        x = images[chosen]
        x = torch.where((mirrored[chosen] ^ (epoch % 2 == 1)).view(-1, 1, 1, 1), x.flip(-1), x)
        x = moved(F.pad(x, (2,) * 4, "reflect"), images.shape[-1])
        yield x.contiguous(memory_format=torch.channels_last), labels[chosen]


# ---- Network ----
class Group(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.norm1, self.norm2 = (nn.BatchNorm2d(outputs, eps=1e-12, momentum=0.4) for _ in range(2))
        for convolution in (self.conv1, self.conv2):
            nn.init.dirac_(convolution.weight.data[:convolution.in_channels])
        for norm in (self.norm1, self.norm2):
            norm.weight.requires_grad = False

    def forward(self, x):
        x = F.gelu(self.norm1(F.max_pool2d(self.conv1(x), 2)))
        return F.gelu(self.norm2(self.conv2(x)))


class Network(nn.Module):
    def __init__(self, images):
        super().__init__()
        self.whiten = nn.Conv2d(3, 24, 2)
        self.whiten.weight.requires_grad = False
        self.whiten.weight.data[:] = whitening(images)
        self.groups = nn.Sequential(*(Group(i, o) for i, o in zip((24,) + WIDTHS, WIDTHS)))
        self.head = nn.Linear(WIDTHS[-1], 10, bias=False)
        self.head.weight.data /= self.head.weight.data.std()

    def forward(self, x):
        x = F.max_pool2d(self.groups(F.gelu(self.whiten(x))), 3).flatten(1)
        return self.head(x) / x.shape[1]


def whitening(images, epsilon=5e-4):
    """Eigenvectors of the patches' second moments over the roots of their eigenvalues, and the same with the other sign."""
    patches = F.unfold(images.contiguous(), 2).transpose(1, 2).reshape(-1, 12).double()
    values, vectors = torch.linalg.eigh(patches.T @ patches / len(patches))
    weight = (vectors / (values + epsilon).sqrt()).T.reshape(-1, 3, 2, 2).float()
    return torch.cat((weight, -weight))


# ---- Optimizer ----
class Muon(torch.optim.Optimizer):
    """Descent along the nearest orthogonal matrix of the momentum, by three Newton-Schulz steps; filters keep their length."""

    def __init__(self, parameters, lr, momentum=0.6):
        super().__init__(parameters, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for parameter in group["params"]:
                velocity = self.state[parameter].setdefault("velocity", torch.zeros_like(parameter))
                velocity.mul_(group["momentum"]).add_(parameter.grad)
                direction = parameter.grad + group["momentum"] * velocity
                parameter.mul_(math.sqrt(len(parameter)) / parameter.norm())
                update = orthogonal(direction.reshape(len(parameter), -1)).reshape(parameter.shape)
                parameter.sub_(group["lr"] * update)


def orthogonal(matrix, steps=3):
    x = matrix / (matrix.norm() + 1e-7)
    if x.shape[0] > x.shape[1]:
        return orthogonal(x.T, steps).T
    for _ in range(steps):
        square = x @ x.T
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
    return x


# ---- Training and evaluation ----
def trained(images, labels, epochs, steps):
    model = Network(images[:: max(len(images) // 5000, 1)][:5000]).to(memory_format=torch.channels_last)
    biases = [p for name, p in model.named_parameters() if "norm" in name and p.requires_grad]
    sgd = torch.optim.SGD(
        [{"params": [p], "lr": lr, "weight_decay": DECAY / lr} if not isinstance(p, list)
         else {"params": p, "lr": lr, "weight_decay": DECAY / lr}
         for p, lr in ((model.whiten.bias, BIAS_RATE), (biases, BIAS_RATE), (model.head.weight, HEAD_RATE))],
        momentum=0.85, nesterov=True)
    muon = Muon([p for p in model.parameters() if p.dim() == 4 and p.requires_grad], MUON_RATE)
    peaks = [(group, group["lr"]) for optimizer in (sgd, muon) for group in optimizer.param_groups]
    steps_of_epoch = len(images) // BATCH
    total, whole = min(steps or math.inf, epochs * steps_of_epoch), 3 * steps_of_epoch
    mirrored, step = torch.rand(len(images)) < 0.5, 0
    for epoch in range(math.ceil(total / steps_of_epoch)):
        for x, y in batches(images, labels, epoch, mirrored):
            if step == total:
                break
            model.whiten.bias.requires_grad_(step < whole)
            loss = F.cross_entropy(model(x), y, label_smoothing=0.2, reduction="sum")
            loss.backward()
            for group, peak in peaks:
                group["lr"] = peak * (1 - step / total)
            peaks[0][0]["lr"] = peaks[0][1] * max(1 - step / whole, 0)
            for optimizer in (sgd, muon):
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
            step += 1
        print(f"  epoch {epoch + 1}: loss {loss.item() / len(y):.4f}", flush=True)
    return model


@torch.no_grad()
def accuracy(model, images, labels, views):
    model.eval()

    def scores(x):
        return (model(x) + model(x.flip(-1))) / 2 if views else model(x)

    right = 0
    for x, y in zip(images.split(BATCH), labels.split(BATCH)):
        total = scores(x)
        if views:
            padded, size = F.pad(x, (1,) * 4, "reflect"), x.shape[-1]
            corners = [scores(padded[:, :, place:place + size, place:place + size]) for place in (0, 2)]
            total = total / 2 + sum(corners) / 4
        right += (total.argmax(1) == y).sum().item()
    return right / len(labels)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=1, help="the first of the seeds")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--steps", type=int, help="ends the run early, its schedule too")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    (images, labels), (test_images, test_labels) = (pictures(f"{options.folder}/{split}") for split in ("train", "test"))
    found = []
    for seed in range(options.first, options.first + options.seeds):
        torch.manual_seed(seed)
        start = time.time()
        model = trained(images, labels, options.epochs, options.steps)
        with_views = accuracy(model, test_images, test_labels, views=True)
        minutes = (time.time() - start) / 60
        plain = accuracy(model, test_images, test_labels, views=False)
        found.append((plain, with_views, minutes))
        print(f"seed {seed}: {100 * plain:.2f} %, with views {100 * with_views:.2f} %, {minutes:.2f} minutes", flush=True)
    plain, with_views, minutes = (np.mean([row[k] for row in found]) for k in range(3))
    print(f"mean of {len(found)}: {100 * plain:.2f} %, with views {100 * with_views:.2f} %, {minutes:.2f} minutes on "
          f"{torch.get_num_threads()} threads")


if __name__ == "__main__":
    main()
