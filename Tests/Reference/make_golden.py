#!/usr/bin/env python3
"""Golden numbers of whole models, computed with PyTorch in float32: what EngineTests hold the engine to.

Weights and inputs are never stored: every tensor is filled from its own name, so that anyone can rebuild it bit for bit.
- seed = FNV-1a, 64 bits, of the tensor's state_dict name. For i = 0, 1, ...: z = seed + (i + 1) * 0x9E3779B97F4A7C15, then
  splitmix64's finaliser, modulo 2^64; v = float32(z >> 40) * 2^-23 - 1, in [-1, 1). i runs over torch's layout.
- running_mean 0.1 v; running_var 1 + 0.5 v; any bias 0.1 v; a norm's weight 1 + 0.1 v; any other weight
  float32(sqrt(6 / fan_in)) v. The input is filled from the name `input` with v itself; labels are in the file.
- Dropout is off. GoogLeNets train with loss = main + 0.3 (aux1 + aux2).
Each tensor is given as shape, L2 norm, sum and a few elements by flat index.

Usage: make_golden.py OUT_DIR model[,model...]       needs: torch, torchvision, numpy
"""
import math, sys

import numpy as np
import torch
import torch.nn.functional as F
import torchvision
from torch import nn

import rows
from twins import CLASSES, build

GAMMA = np.uint64(0x9E3779B97F4A7C15)

# Samples and pixels, by how names begin; the first that fits.
SIZES = {"lenet": (8, 28), "googlenet_d2l": (4, 96), "resnet18_d2l": (4, 96), "densenet_d2l": (4, 96), "alexnet_bn": (2, 195), "alexnet": (2, 127), "nin": (2, 127), "vgg": (2, 64)}
OPTIONS = {"alexnet_bn": {"pixels": 1}, "alexnet_d2l": {"pixels": 2}}  # what 195 and 127 pixels leave


def fnv1a64(name):
    h = 0xCBF29CE484222325
    for b in name.encode():
        h = ((h ^ b) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return np.uint64(h)


def unit(name, count):
    """float32 values in [-1, 1): splitmix64 in counter mode, seeded by the name's hash."""
    with np.errstate(over="ignore"):
        z = fnv1a64(name) + (np.arange(1, count + 1, dtype=np.uint64) * GAMMA)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(40)).astype(np.float32) * np.float32(2.0 ** -23) - np.float32(1)


def fill(name, tensor, is_norm):
    leaf = name.rsplit(".", 1)[-1]
    if leaf == "num_batches_tracked":
        return torch.zeros_like(tensor)
    v = unit(name, tensor.numel()).reshape(tensor.shape)
    if leaf == "running_mean" or leaf == "bias":
        v = np.float32(0.1) * v
    elif leaf == "running_var":
        v = np.float32(1) + np.float32(0.5) * v
    elif is_norm:
        v = np.float32(1) + np.float32(0.1) * v
    else:
        v = np.float32(math.sqrt(6.0 / int(np.prod(tensor.shape[1:])))) * v
    return torch.from_numpy(np.ascontiguousarray(v, dtype=np.float32))


def picks(t):
    """The flat indices of the elements that golden files show."""
    return sorted({int(i) for i in np.linspace(0, t.numel() - 1, min(4, t.numel()))})


def stats(name, t):
    f = t.detach().reshape(-1).double()
    return {"name": name, "shape": list(t.shape), "l2": f.norm().item(), "sum": f.sum().item(),
            "samples": [[i, f[i].item()] for i in picks(t)]}


def prepared(name):
    """The model with its tensors filled and dropout off, and its images and labels."""
    classes = CLASSES.get(name, 10 if name in ("nin", "alexnet_bn") else 1000)
    samples, pixels = next((SIZES[k] for k in SIZES if name.startswith(k)), (4, 32 if classes == 10 else 64))
    model = build(name, classes, **OPTIONS.get(name, {}))
    norms = {m for m, module in model.named_modules() if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d))}
    with torch.no_grad():
        for key, tensor in model.state_dict().items():
            tensor.copy_(fill(key, tensor, key.rsplit(".", 1)[0] in norms))
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    channels = next(p for p in model.parameters() if p.dim() == 4).shape[1]
    shape = (samples, channels, pixels, pixels)
    x = torch.from_numpy(unit("input", int(np.prod(shape))).reshape(shape))
    return model, x, torch.tensor([(7 * i + 3) % classes for i in range(samples)]), classes


def learning_rate(name):
    """Small enough for smooth losses."""
    return 1e-5 if name.startswith(("alexnet", "vgg", "googlenet_d2l")) or name.endswith("_keras") or name.startswith("mobilenet") else 1e-3


def five_steps(name, model, x, y, after_step=lambda model: None):
    """All tensors of golden files, by group and name, and the losses of the steps."""
    model.eval()
    with torch.no_grad():
        outcome = {"eval_logits": {"eval_logits": model(x)}}
    model.train()

    def objective():
        o = model(x)
        if not isinstance(o, tuple):
            return o, F.cross_entropy(o, y)
        auxiliary = F.cross_entropy(o.aux_logits1, y) + F.cross_entropy(o.aux_logits2, y)
        return o.logits, F.cross_entropy(o.logits, y) + 0.3 * auxiliary

    optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate(name), momentum=0.9, weight_decay=1e-4)
    losses = []
    for step in range(5):
        optimizer.zero_grad()
        logits, loss = objective()
        loss.backward()
        losses.append(loss.item())
        if step == 0:
            outcome["train_logits"] = {"train_logits": logits}
            outcome["gradients"] = {k: p.grad.clone() for k, p in model.named_parameters()}
            outcome["buffers_after_forward"] = {
                k: b.clone() for k, b in model.named_buffers() if not k.endswith("tracked")}
        optimizer.step()
        after_step(model)
    return {**outcome, "after_5_steps": dict(model.named_parameters()), "losses": losses}


def golden(name):
    model, x, y, classes = prepared(name)
    outcome = five_steps(name, model, x, y)
    losses = outcome.pop("losses")
    groups = {key: [stats(k, t) for k, t in group.items()] for key, group in outcome.items()}
    evaluation = groups["eval_logits"][0]
    evaluation["row0_first16"] = outcome["eval_logits"]["eval_logits"][0, :16].tolist()
    print(name, "loss", [round(l, 5) for l in losses], flush=True)
    return {"model": name, "input_shape_nchw": list(x.shape), "classes": classes, "labels": y.tolist(),
            "parameter_count": sum(p.numel() for p in model.parameters()),
            "torch": torch.__version__.split("+")[0], "torchvision": torchvision.__version__.split("+")[0],
            "eval_logits": evaluation, "train_logits": groups["train_logits"][0], "loss": losses[0],
            "gradients": groups["gradients"], "buffers_after_forward": groups["buffers_after_forward"],
            "sgd": {"lr": learning_rate(name), "momentum": 0.9, "weight_decay": 1e-4, "losses": losses},
            "after_5_steps": groups["after_5_steps"]}


def main(out, names):
    torch.manual_seed(0)
    for name in names:
        with open(f"{out}/{name}.json", "w") as file:
            rows.dump(golden(name), file)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2].split(","))
