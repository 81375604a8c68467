#!/usr/bin/env python3
"""The state_dicts of torchvision's models and of our twins, one text file a model: what GraphsTests hold the zoo to.

A line is a module with tensors: its name, what it is (`weight`, `weight+bias`, or `norm` for a norm's five) and the
shape of its weight. Modules stand in the order of the state_dict.

Usage: list_state_dicts.py OUT_DIR [model,...]       needs: torch, torchvision
"""
import sys
from pathlib import Path

from twins import CLASSES, TORCHVISION, TWINS, build

KINDS = {
    ("weight",): "weight",
    ("weight", "bias"): "weight+bias",
    ("weight", "bias", "running_mean", "running_var", "num_batches_tracked"): "norm",
}


def lines(model):
    modules = {}
    for name, tensor in model.state_dict().items():
        module, leaf = name.rsplit(".", 1)
        assert module not in modules or list(modules)[-1] == module, f"{name} stands apart from its module"
        modules.setdefault(module, {})[leaf] = tuple(tensor.shape)
    for module, tensors in modules.items():
        shape = tensors["weight"]
        for leaf, found in tensors.items():
            expected = {"weight": shape, "num_batches_tracked": ()}.get(leaf, shape[:1])
            assert found == expected, f"{module}.{leaf} has the shape {found}"
        yield f"{module} {KINDS[tuple(tensors)]} {'x'.join(map(str, shape))}"


def main(out, names):
    for name in names:
        model = build(name, CLASSES.get(name, 1000))
        Path(out, f"{name}.txt").write_text("\n".join(lines(model)) + "\n")
        print(name, sum(p.numel() for p in model.parameters()))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2].split(",") if len(sys.argv) > 2 else TORCHVISION + list(TWINS))
