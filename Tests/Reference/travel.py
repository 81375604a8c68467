#!/usr/bin/env python3
"""Weights travel between PyTorch and cnn-train, both ways, without losing a bit, and give the same logits.

A model with random weights and statistics is saved with safetensors; cnn-train predicts with that file, imports it, begins
a run with it (all parameters frozen, then none), and exports each; PyTorch loads the exports with strict=True. Tensors
must be equal to the bit. Logits of `cnn-train predict` must be PyTorch's: both are held to PyTorch in float64, from which
cnn-train may be 8 times as far as PyTorch in float32 is, or 64 roundings of the largest logit. A file of other classes is
refused by name, or taken over without its head. A .pth, of today's form and of that before PyTorch 1.6, plain, as an entry of a
dictionary and under a wrapper's prefix, loads as it is.

Usage: travel.py CNN_TRAIN [model]       any of torchvision's that cnn-train has, resnet50 if none is named, or of twins.py
                                         needs: torch, torchvision, numpy, safetensors
"""
import copy
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

import twins

BINARY = os.path.abspath(sys.argv[1])
NAME = sys.argv[2] if len(sys.argv) > 2 else "resnet50"
CLASSES = twins.CLASSES.get(NAME, 1000)
# Pixels a side, by how names begin, the first that fits.
SIZES = {"lenet": 28, "alexnet_bn": 227, "alexnet": 127, "nin": 127}
PIXELS = next((SIZES[k] for k in SIZES if NAME.startswith(k)), 32 if CLASSES == 10 and NAME != "vgg_small" else 64)


def run(*arguments, fails=False):
    result = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True)
    assert (result.returncode != 0) == fails, f"{arguments}: {result.stdout}{result.stderr}"
    return result.stdout + result.stderr


def build(classes=CLASSES):
    return twins.build(NAME, classes)


def randomize(model, seed):
    """Weights that keep activations of the same size from layer to layer: what a network does must not hide in biases."""
    torch.manual_seed(seed)
    state = model.state_dict()
    for name, tensor in state.items():
        if name.endswith("num_batches_tracked"):
            tensor.fill_(7)
        elif name.endswith("running_var"):
            tensor.uniform_(0.5, 1.5)
        elif name.endswith(("running_mean", "bias")):
            tensor.uniform_(-0.1, 0.1)
        elif name.removesuffix("weight") + "running_var" in state:
            tensor.uniform_(0.9, 1.1)
        else:
            torch.nn.init.kaiming_uniform_(tensor, nonlinearity="relu")
    return model.eval()


def assert_same(found, expected, what, statistics=True):
    assert list(found) and set(found) == set(expected), f"{what}: other names"
    for name, tensor in expected.items():
        assert found[name].dtype == tensor.dtype, f"{what}: {name} is {found[name].dtype}"
        assert found[name].shape == tensor.shape, f"{what}: {name} is {found[name].shape}"
        if statistics or not ("running_" in name or name.endswith("num_batches_tracked")):
            assert torch.equal(found[name], tensor), f"{what}: {name} differs"
    print(f"ok: {what}", flush=True)


def assert_logits(what, state, *predicting):
    """PyTorch with these tensors, loaded strictly, and cnn-train predict give `images` the same logits."""
    model = build().eval()
    model.load_state_dict(state, strict=True)
    with torch.no_grad():
        single = model(images).double()
        exact = copy.deepcopy(model).double()(images.double())
    lines = run("predict", "--input-tensor", "images.safetensors", "--logits", "--json", *predicting).splitlines()
    found = torch.tensor([json.loads(line)["logits"] for line in lines], dtype=torch.float64)
    assert found.shape == exact.shape, f"{what}: logits {list(found.shape)}"
    size = exact.square().mean().sqrt().item()
    ours, theirs = ((logits - exact).abs().max().item() for logits in (found, single))
    allowed = max(8 * theirs, 64 * 2.0 ** -24 * exact.abs().max().item())
    assert ours <= allowed, f"{what}: off by {ours:.3g}, PyTorch by {theirs:.3g}, {allowed:.3g} allowed"
    assert (exact[0] - exact[1]).abs().max() > 10 * allowed, f"{what}: both images have the same logits"
    print(f"ok: {what}: logits off by {ours / size:.2g} of their size, PyTorch's own by {theirs / size:.2g}, "
          f"{allowed / size:.2g} allowed", flush=True)


def trained(output, *options):
    run(*train, "--init", "weights.safetensors", "--output", output, *options)
    checkpoint, = Path(output, "checkpoints").iterdir()
    run("checkpoint", "export", "--checkpoint", checkpoint, "--output", f"{output}.safetensors")
    return checkpoint, load_file(f"{output}.safetensors")


model = randomize(build(), 1)
state = model.state_dict()
channels = next(p for p in model.parameters() if p.dim() == 4).shape[1]
images = torch.randn(2, channels, 1, 1) + torch.randn(2, channels, PIXELS, PIXELS)
choice = ["--model", NAME, "--image-size", PIXELS]
train = ["train", *choice, "--classes", CLASSES, "--data", "synthetic", "--steps", 1, "--batch-size", 4, "--lr", 1e-4]

with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    save_file(state, "weights.safetensors")
    save_file({"input": images.contiguous()}, "images.safetensors")

    assert_logits("PyTorch's file", state, "--checkpoint", "weights.safetensors", "--model", NAME)
    run("checkpoint", "import", *choice, "--input", "weights.safetensors", "--output", "c.safetensors.zst")
    assert_logits("PyTorch's file, imported", state, "--checkpoint", "c.safetensors.zst")
    run("checkpoint", "export", "--checkpoint", "c.safetensors.zst", "--output", "back.safetensors")
    assert_same(load_file("back.safetensors"), state, "imported and exported")

    # Every module's name begins in one of these ways: all is frozen, only statistics move.
    tops = [f"--freeze={top}." for top in {name.split(".")[0] for name, _ in model.named_parameters()}]
    checkpoint, tensors = trained("frozen", *tops)
    assert_same(tensors, state, "begun with --init, frozen, trained", statistics=False)
    counts = {int(value) for name, value in tensors.items() if name.endswith("num_batches_tracked")}
    assert counts <= {8}, f"batches tracked: {counts}"
    assert_logits("our export, of frozen weights", tensors, "--checkpoint", checkpoint)

    checkpoint, tensors = trained("free")
    moved = sum(not torch.equal(tensors[name], parameter) for name, parameter in model.named_parameters())
    assert moved > 0, "a step that moved nothing"
    assert_logits(f"our export, {moved} tensors trained", tensors, "--checkpoint", checkpoint)

    other = [*train, "--classes", CLASSES + 1, "--init", "weights.safetensors", "--output", "other"]
    said = run(*other, fails=True)
    heads = [name for name, value in build(CLASSES + 1).state_dict().items() if value.shape != state[name].shape]
    assert heads and all(name in said for name in heads) and "--init-skip-mismatched" in said, said
    said = run(*other, "--init-skip-mismatched")
    assert all(f"skipped: {name} is" in said for name in heads), said
    print(f"ok: {', '.join(heads)} of other classes are refused or skipped")

    parallel = {f"module.{name}": value for name, value in state.items()}
    for what, saved in {"plain": state, "entry": {"epoch": 3, "state_dict": state}, "prefix": {"model": parallel}}.items():
        for form in (True, False):
            torch.save(saved, "model.pth", _use_new_zipfile_serialization=form)
            run("checkpoint", "import", "--model", NAME, "--input", "model.pth", "--output", "p.safetensors.zst")
            run("checkpoint", "export", "--checkpoint", "p.safetensors.zst", "--output", "p.safetensors")
            assert_same(load_file("p.safetensors"), state, f"a .pth ({what}, {'zip' if form else 'before 1.6'}) is the state_dict")
print(f"{NAME}: all is well")
