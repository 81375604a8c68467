#!/usr/bin/env python3
"""Weights travel between PyTorch and cnn-train, both ways, without losing a bit.

A torchvision model with random weights and statistics is saved with safetensors; cnn-train imports it, begins a run
with it (all parameters frozen), and exports both; PyTorch loads the exports with strict=True. Tensors and logits must be
equal to the bit. A file of other classes is refused by name, or taken over without its head. A .pth is refused with two
lines of Python, which are run, and whose result then loads.

Usage: travel.py CNN_TRAIN [model]       needs: torch, torchvision, safetensors
"""
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
import torchvision
from safetensors.torch import load_file, save_file

BINARY = os.path.abspath(sys.argv[1])
NAME = sys.argv[2] if len(sys.argv) > 2 else "resnet18"


def run(*arguments, fails=False):
    result = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True)
    assert (result.returncode != 0) == fails, f"{arguments}: {result.stdout}{result.stderr}"
    return result.stdout + result.stderr


def randomize(model, seed):
    torch.manual_seed(seed)
    for name, tensor in model.state_dict().items():
        if name.endswith("num_batches_tracked"):
            tensor.fill_(7)
        elif name.endswith("running_var"):
            tensor.uniform_(0.5, 2)
        else:
            tensor.add_(torch.randn_like(tensor) * 0.05)
    return model.eval()


def assert_same(found, expected, what, statistics=True):
    assert list(found) and set(found) == set(expected), f"{what}: other names"
    for name, tensor in expected.items():
        assert found[name].dtype == tensor.dtype, f"{what}: {name} is {found[name].dtype}"
        assert found[name].shape == tensor.shape, f"{what}: {name} is {found[name].shape}"
        if statistics or not ("running_" in name or name.endswith("num_batches_tracked")):
            assert torch.equal(found[name], tensor), f"{what}: {name} differs"
    print(f"ok: {what}")


def build(**options):
    if NAME == "googlenet":
        options.update(init_weights=False)
    return torchvision.models.get_model(NAME, weights=None, **options)


model = randomize(build(), 1)
state = model.state_dict()
images = torch.randn(2, 3, 64, 64)
train = ["train", "--model", NAME, "--data", "shapes", "--image-size", 32, "--steps", 1, "--batch-size", 2]

with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    save_file(state, "weights.safetensors")

    run("checkpoint", "import", "--model", NAME, "--input", "weights.safetensors", "--output", "c.safetensors.zst")
    run("checkpoint", "export", "--checkpoint", "c.safetensors.zst", "--output", "back.safetensors")
    assert_same(load_file("back.safetensors"), state, "imported and exported")
    twin = build().eval()
    twin.load_state_dict(load_file("back.safetensors"), strict=True)
    with torch.no_grad():
        assert torch.equal(twin(images), model(images)), "logits differ"
    print("ok: strict=True, the same logits")

    # Every module's name begins in one of these ways: all is frozen, only statistics move.
    tops = [f"--freeze={top}." for top in {name.split(".")[0] for name, _ in model.named_parameters()}]
    run(*train, "--classes", 1000, "--init", "weights.safetensors", *tops, "--output", "run")
    kept = next(Path("run/checkpoints").iterdir())
    run("checkpoint", "export", "--checkpoint", kept, "--output", "trained.safetensors")
    trained = load_file("trained.safetensors")
    assert_same(trained, state, "begun with --init, frozen, trained", statistics=False)
    counts = {int(value) for name, value in trained.items() if name.endswith("num_batches_tracked")}
    assert counts <= {8}, f"batches tracked: {counts}"
    build().load_state_dict(trained, strict=True)

    said = run(*train, "--classes", 10, "--init", "weights.safetensors", "--output", "other", fails=True)
    heads = [name for name, value in build(num_classes=10).state_dict().items() if value.shape != state[name].shape]
    assert heads and all(name in said for name in heads) and "--init-skip-mismatched" in said, said
    said = run(
        *train, "--classes", 10, "--init", "weights.safetensors", "--init-skip-mismatched", "--output", "other")
    assert all(f"skipped: {name} is" in said for name in heads), said
    print(f"ok: {', '.join(heads)} of other classes are refused or skipped")

    torch.save(state, "model.pth")
    said = run("checkpoint", "import", "--model", NAME, "--input", "model.pth", "--output", "p.zst", fails=True)
    first = said.index("import torch, safetensors.torch")
    exec("\n".join(said[first:].splitlines()[:2]))
    run("checkpoint", "import", "--model", NAME, "--input", "model.safetensors", "--output", "p.safetensors.zst")
    run("checkpoint", "export", "--checkpoint", "p.safetensors.zst", "--output", "p.safetensors")
    assert_same(load_file("p.safetensors"), state, "the two lines for a .pth do what they say")
