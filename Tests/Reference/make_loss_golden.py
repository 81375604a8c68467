#!/usr/bin/env python3
"""Golden numbers of 50 steps with PyTorch's CrossEntropyLoss: label smoothing, class weights and mixed targets.

Models, weights, images and labels are those of make_golden.py; plain SGD with momentum 0.9 and no decay, all steps on one batch.
- Class k weighs 0.25 + 0.5 (k mod 4).
- In `mixed`, sample n of N belongs to its label with a share of (n + 1) / (N + 1), and to the label of sample n + 1 (the first
  follows the last) with the rest, as mixup has it: targets are probabilities.
The large models go through the last case alone, which has all of it, and show spreads of fewer runs: they take minutes.
Beside each small model torch's AveragedModel keeps averages from the beginning on: after step t they keep
min(0.99, (1 + t) / (10 + t)) of themselves.
For each case the losses of all steps, and the first and the last two parameters after them, each with its spread: how far
correct float32 programs may lie from each other, by Monte Carlo arithmetic, see make_spreads.py.

Usage: make_loss_golden.py OUT_DIR model[,model...]       needs: torch, torchvision, numpy
"""
import sys

import torch
import torch.nn.functional as F
from torch import nn
from torch.optim.swa_utils import AveragedModel

import rows
from make_golden import learning_rate, prepared, stats
from make_spreads import Spread, add_errors, round_parameters

STEPS = 50
SMALL = ("lenet",)
CASES = [
    {"name": "smooth", "label_smoothing": 0.1, "weighted": False, "mixed": False},
    {"name": "weighted", "label_smoothing": 0.0, "weighted": True, "mixed": False},
    {"name": "smooth and weighted", "label_smoothing": 0.1, "weighted": True, "mixed": False},
    {"name": "smooth, weighted and mixed", "label_smoothing": 0.1, "weighted": True, "mixed": True},
]


def shown(model):
    names = [name for name, _ in model.named_parameters()]
    return [names[0]] + names[-2:]


def run(name, case, dtype, errors=False):
    model, x, y, classes = prepared(name)
    model, x = model.to(dtype), x.to(dtype)
    if errors:
        add_errors(model)
    model.train()
    weights = torch.tensor([0.25 + 0.5 * (k % 4) for k in range(classes)], dtype=dtype) if case["weighted"] else None
    target = y
    if case["mixed"]:
        shares = ((torch.arange(len(y), dtype=dtype) + 1) / (len(y) + 1)).unsqueeze(1)
        one = F.one_hot(y, classes).to(dtype)
        target = shares * one + (1 - shares) * one.roll(-1, 0)
    criterion = nn.CrossEntropyLoss(weight=weights, label_smoothing=case["label_smoothing"])
    optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate(name), momentum=0.9)
    averaged = AveragedModel(model, avg_fn=lambda old, new, t: old + (1 - min(0.99, (1 + int(t)) / (10 + int(t)))) * (new - old))
    averaged.update_parameters(model)  # The first time it copies.
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = criterion(model(x), target)
        loss.backward()
        losses.append(loss.item())
        optimizer.step()
        if errors:
            round_parameters(model)
        if name in SMALL:
            averaged.update_parameters(model)
    parameters = dict(model.named_parameters())
    tensors = {key: parameters[key].detach() for key in shown(model)}
    if name in SMALL:
        averages = dict(averaged.module.named_parameters())
        tensors |= {"averaged." + key: averages[key].detach() for key in shown(model)}
    return losses, tensors


def golden(name, case):
    losses, after = run(name, case, torch.float32)
    exact_losses, exact = run(name, case, torch.float64)
    spreads = {key: Spread(tensor) for key, tensor in exact.items()}
    deviations = [0.0] * STEPS
    for number in range(8 if name in SMALL else 4):
        found = run(name, case, torch.float64, errors=True) if number else (losses, after)
        for key, spread in spreads.items():
            spread.see(found[1][key].double())
        deviations = [max(old, abs(a - b)) for old, a, b in zip(deviations, found[0], exact_losses)]
    print(name, case["name"], "loss", losses[0], "to", losses[-1], "spread", f"{deviations[-1]:.1e}", flush=True)
    return {**case, "losses": losses, "after": [stats(key, tensor) for key, tensor in after.items()],
            "spread": {"losses": [float(f"{d:.3g}") for d in deviations],
                       "after": [spread.json(key) for key, spread in spreads.items()]}}


def main(out, names):
    torch.manual_seed(0)
    for name in names:
        cases = [golden(name, case) for case in (CASES if name in SMALL else CASES[-1:])]
        with open(f"{out}/{name}.json", "w") as file:
            rows.dump({"model": name, "lr": learning_rate(name), "momentum": 0.9, "cases": cases}, file)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2].split(","))
