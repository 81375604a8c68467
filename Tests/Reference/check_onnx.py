#!/usr/bin/env python3
"""Holds `cnn-train export --format onnx` to PyTorch: every model, batch norm as such and folded.

Each model is built in PyTorch with the weights of make_golden.py and saved as a checkpoint. Its ONNX file must pass
onnx's checker with its shape inference, hold the state_dict's tensors to the bit where nothing is folded, and give
PyTorch's evaluation logits under onnxruntime, for batches of several sizes. Both are held to PyTorch in float64:
onnxruntime may be 8 times as far from it as PyTorch in float32 is, or 64 roundings of the largest logit.

Usage: check_onnx.py CNN_TRAIN [model,...]       needs: torch, torchvision, numpy, safetensors, onnx, onnxruntime
"""
import copy, json, subprocess, sys, tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import numpy_helper
from safetensors.torch import save_file
from torch import nn

from make_golden import fill, unit
from twins import CLASSES, TORCHVISION, TWINS, build

# Pixels a side, by how names begin; the first that fits. AlexNet and VGG average their last map to one of a fixed size:
# equal parts at 448 pixels, no change at 224, and parts that overlap at the others.
SIZES = {"lenet": 28, "alexnet_bn": 227, "alexnet": 127, "nin": 127, "vgg11_bn": 448, "vgg_small": 64, "vgg11": 224,
         "vgg13": 250, "vgg": 64}
SAMPLES = 3


def prepared(name):
    """The model with its tensors filled, for inference, and images for it."""
    classes = CLASSES.get(name, 1000)
    model = build(name, classes).eval()
    norms = {m for m, module in model.named_modules() if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d))}
    with torch.no_grad():
        for key, tensor in model.state_dict().items():
            tensor.copy_(fill(key, tensor, key.rsplit(".", 1)[0] in norms))
    pixels = next((SIZES[k] for k in SIZES if name.startswith(k)), 32 if classes == 10 else 64)
    channels = next(p for p in model.parameters() if p.dim() == 4).shape[1]
    shape = (SAMPLES, channels, pixels, pixels)
    return model, torch.from_numpy(unit("input", int(np.prod(shape))).reshape(shape))


def save_checkpoint(model, name, x, path):
    """A checkpoint as docs/checkpoint-format.md has it, without what the optimizer remembers."""
    classes = CLASSES.get(name, 1000)
    names = json.dumps([f"class {i}" for i in range(classes)])
    data = "fashion-mnist" if x.shape[1] == 1 else "shapes"
    about = {"format": "pt", "format_version": "1", "model": name, "model_options": "{}", "classes": classes,
             "image_size": x.shape[2], "input_channels": x.shape[1], "class_names": names,
             "recipe": f"model: {name}\ndata: {data}\n", "seed": 1, "epoch": 0, "step_in_epoch": 0, "step": 0,
             "samples": 0}
    save_file({k: t.contiguous() for k, t in model.state_dict().items()}, path, {k: str(v) for k, v in about.items()})


def check(program, name):
    model, x = prepared(name)
    with torch.no_grad():
        single = model(x).numpy()
        exact = copy.deepcopy(model).double()(x.double()).numpy()
    distance = lambda logits: np.abs(logits.astype(np.float64) - exact[:len(logits)]).max()
    allowed = max(8 * distance(single), 64 * 2.0 ** -24 * np.abs(exact).max())
    with tempfile.TemporaryDirectory() as folder:
        checkpoint, output = Path(folder, "checkpoint.safetensors"), Path(folder, "model.onnx")
        save_checkpoint(model, name, x, checkpoint)
        for fold in (False, True):
            subprocess.run([program, "export", "--format", "onnx", "--checkpoint", checkpoint, "--output", output,
                            *["--fold-batch-norm"] * fold], check=True, stdout=subprocess.DEVNULL)
            onnx.checker.check_model(str(output), full_check=True)
            file = onnx.load(output)
            assert file.ir_version == 8 and [(o.domain, o.version) for o in file.opset_import] == [("", 17)]
            metadata = {p.key: p.value for p in file.metadata_props}
            assert len(json.loads(metadata["class_names"])) == int(metadata["classes"]) == exact.shape[1]
            assert len(json.loads(metadata["mean"])) == len(json.loads(metadata["std"])) == x.shape[1]
            norms = sum(node.op_type == "BatchNormalization" for node in file.graph.node)
            if not fold:
                compare_tensors(file, model.state_dict())
            session = onnxruntime.InferenceSession(str(output), providers=["CPUExecutionProvider"])
            found = []
            for samples in (1, SAMPLES):
                logits, = session.run(["logits"], {"input": x[:samples].numpy()})
                assert logits.shape == (samples, exact.shape[1]), logits.shape
                found.append(distance(logits))
            verdict = "ok" if max(found) <= allowed else "WRONG"
            print(f"{name} {'folded' if fold else 'plain'}: {len(file.graph.node)} nodes, {norms} norms, "
                  f"off by {max(found):.2g} of {np.abs(exact).max():.3g}, allowed {allowed:.2g}: {verdict}", flush=True)
            if verdict != "ok":
                return False
    return True


def compare_tensors(file, state):
    """All that inference needs of the state_dict is in the file, and nothing else but constants of its own."""
    found = {t.name: numpy_helper.to_array(t) for t in file.graph.initializer}
    unused = [k for k in state if k not in found and not k.endswith("num_batches_tracked")]
    assert all(k.startswith("aux") for k in unused), unused
    for name, values in found.items():
        if not name.startswith(("relu6.", "avgpool.")):
            np.testing.assert_array_equal(values, state[name].numpy(), err_msg=name)


if __name__ == "__main__":
    torch.manual_seed(0)
    names = sys.argv[2].split(",") if len(sys.argv) > 2 else TORCHVISION + list(TWINS)
    wrong = [name for name in names if not check(sys.argv[1], name)]
    sys.exit(f"wrong: {' '.join(wrong)}" if wrong else 0)
