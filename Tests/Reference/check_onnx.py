#!/usr/bin/env python3
"""Holds `cnn-train export --format onnx` to `cnn-train predict`: every model of `cnn-train models`, and some options.

Of each model a checkpoint is made with all tensors filled from their names, running statistics too. Its ONNX file, with
batch norm as such and folded, must pass onnx's checker with shape inference, hold the checkpoint's tensors to the bit
where nothing is folded, and give under onnxruntime, for batches of 1 and 3, the logits that predict gives for the same
images, as far as float32 can tell. (That predict's logits are PyTorch's is what travel.py and EngineTests hold.)

What float32 can tell: a sum of K products, rounded each time, is off by about u sqrt(K/6) of its size, u = 2^-24, and the
errors of layers add up as steps of a random walk do. R is the sum of K over all weights of the network. Two programs, and
the worst of some thousand logits, 4 to 5 standard deviations out, make 2 * 5 / sqrt(6) = 4: twice that is allowed,

    |ours - onnxruntime's| <= 8 u sqrt(R) rms(logits),

which is 1e-4 of the logits' size or less for most. That this sees anything is checked as well: the logits of one image
must be 10 times as far from those of another.

Usage: check_onnx.py CNN_TRAIN [model,...]       needs: numpy, safetensors, onnx, onnxruntime (all on PyPI)
"""
import json, os, subprocess, sys, tempfile, zlib
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper
from safetensors.numpy import load_file, save_file

SAMPLES = 3

# Pixels a side, by how names begin, the first that fits; others: 64, or the model's own where that is less. AlexNet and VGG
# average their last map to one of a fixed size: equal parts at 448 pixels, no change at 224, overlapping parts elsewhere.
SIZES = {"alexnet_bn": 227, "alexnet": 127, "nin": 127, "vgg11_bn": 448, "vgg_small": 64, "vgg11": 224, "vgg13": 250}

# (model, pixels, options) besides every model as it is. At 224 pixels GoogLeNet's pools end elsewhere than at 64.
MORE = [
    ("googlenet", 224, []),
    ("googlenet_lrn", 224, []),
    ("resnet50", 224, []),
    ("densenet121", 224, []),
    ("mobilenet_v2", 224, []),
    ("lenet", 28, ["activation=relu", "input_channels=3"]),
    ("lenet_bn", 28, ["activation=tanh"]),
    ("alexnet", 224, ["head=conv1x1", "dropout=0"]),
    ("nin", 127, ["activation=tanh"]),
    ("vgg11", 64, ["head=conv1x1", "blocks=1,2,1,1,1"]),
    ("vgg16_bn", 64, ["head=conv1x1", "activation=tanh"]),
    ("googlenet", 96, ["head=conv1x1", "activation=tanh"]),
    ("resnet18", 32, ["stem=cifar", "head=conv1x1", "blocks=1,2,1,1", "zero_init_last_norm=true"]),
    ("resnext50_32x4d", 64, ["blocks=1,1,1,1", "input_channels=1"]),
    ("resnet50_keras", 32, ["blocks=1,2,1,1", "activation=tanh"]),
    ("densenet121", 64, ["growth_rate=12", "compression=0.7", "blocks=2,3,2", "head=conv1x1"]),
    ("densenet_bc_100_12", 32, ["growth_rate=20", "compression=1", "blocks=4,3", "dropout=0.2", "activation=tanh"]),
    ("mobilenet_v1", 64, ["head=conv1x1"]),
    ("mobilenet_v2", 64, ["head=conv1x1", "activation=relu", "input_channels=4"]),
]


def random_numbers(name):
    return np.random.default_rng(zlib.crc32(name.encode()))


def filled(tensors):
    """Numbers for tensors of these names and shapes that keep activations of the same size from layer to layer."""
    def values(name, shape):
        module, leaf = name.rsplit(".", 1)
        noise = random_numbers(name).uniform(-1, 1, shape).astype(np.float32)
        if leaf == "num_batches_tracked":
            return np.full(shape, 7, np.int64)
        if leaf in ("running_mean", "bias"):
            return np.float32(0.1) * noise
        if leaf == "running_var":
            return 1 + np.float32(0.5) * noise
        if module + ".running_var" in tensors:
            return 1 + np.float32(0.1) * noise
        return np.sqrt(6 / np.prod(shape[1:])).astype(np.float32) * noise
    return {name: values(name, tensor.shape) for name, tensor in tensors.items()}


def images(channels, pixels):
    """Noise over a tint of its own for each image, so that their logits differ much."""
    numbers = random_numbers("input")
    tints = numbers.normal(0, 1, (SAMPLES, channels, 1, 1))
    return (tints + numbers.normal(0, 1, (SAMPLES, channels, pixels, pixels))).astype(np.float32)


class Case:
    """A model, its size and options, in a folder of its own."""

    def __init__(self, program, folder, name, pixels, options):
        self.program, self.folder = program, folder
        self.title = " ".join([name, f"{pixels} px"] + options)
        choice = ["--model", name, "--image-size", pixels, *(f"--model-option={option}" for option in options)]
        summary = json.loads(self.run("summary", *choice, "--json"))
        self.classes = summary["classes"]
        # One tensor that fits lets import draw the others: so their names and shapes become known.
        head = [layer["name"] for layer in summary["layers"] if layer["parameters"] > 0][-1]
        known = {"airbench94": ("whiten.bias", 24)}.get(name, (f"{head}.bias", self.classes))
        save_file({known[0]: np.zeros(known[1], np.float32)}, self.path("head.safetensors"))
        make = ["checkpoint", "import", *choice, "--classes", self.classes]
        self.run(*make, "--init-skip-mismatched", "--init-force", "--input", "head.safetensors", "--output", "drawn.zst")
        self.run("checkpoint", "export", "drawn.zst", "--output", "drawn.safetensors")
        self.tensors = filled(load_file(self.path("drawn.safetensors")))
        save_file(self.tensors, self.path("filled.safetensors"))
        self.run(*make, "--input", "filled.safetensors", "--output", "filled.zst")
        self.x = images(summary["channels"], pixels)
        save_file({"input": self.x}, self.path("x.safetensors"))

    def path(self, name):
        return os.path.join(self.folder, name)

    def run(self, *arguments):
        done = subprocess.run([self.program, *map(str, arguments)], cwd=self.folder, capture_output=True, text=True)
        assert done.returncode == 0, f"cnn-train {' '.join(map(str, arguments))}: {done.stderr.strip()}"
        return done.stdout

    def own_logits(self):
        lines = self.run(
            "predict", "--checkpoint", "filled.zst", "--input-tensor", "x.safetensors", "--logits", "--json")
        logits = np.array([json.loads(line)["logits"] for line in lines.splitlines()], np.float64)
        assert logits.shape == (SAMPLES, self.classes) and np.isfinite(logits).all(), f"logits {logits.shape}"
        return logits

    def export(self, fold):
        self.run("export", "--format", "onnx", "--checkpoint", "filled.zst", "--output", "model.onnx",
                 *["--fold-batch-norm"] * fold)
        path = self.path("model.onnx")
        onnx.checker.check_model(path, full_check=True)
        file = onnx.load(path)
        assert file.ir_version == 8 and [(o.domain, o.version) for o in file.opset_import] == [("", 17)]
        metadata = {p.key: p.value for p in file.metadata_props}
        assert int(metadata["classes"]) == self.classes and int(metadata["image_size"]) == self.x.shape[2]
        return file

    def compare_tensors(self, file):
        """All that inference needs of the state_dict is in the file, and nothing else but constants of its own."""
        found = {t.name: numpy_helper.to_array(t) for t in file.graph.initializer}
        unused = [k for k in self.tensors if k not in found and not k.endswith("num_batches_tracked")]
        assert all(k.startswith("aux") for k in unused), f"not in the file: {unused}"
        for name, values in found.items():
            if not name.startswith(("relu6.", "avgpool.", "gelu.", "scale.")):
                np.testing.assert_array_equal(values, self.tensors[name], err_msg=name)
        return sum(np.prod(v.shape[1:]) for k, v in found.items() if k in self.tensors and v.ndim > 1)

    def check(self):
        """Prints what was seen, and returns the worst deviation over the logits' size, and over what is allowed."""
        ours = self.own_logits()
        size = np.sqrt((ours ** 2).mean())
        worst = 0
        for fold in (False, True):
            file = self.export(fold)
            if not fold:
                allowed = 8 * 2.0 ** -24 * np.sqrt(self.compare_tensors(file)) * size
            session = onnxruntime.InferenceSession(self.path("model.onnx"), providers=["CPUExecutionProvider"])
            found = []
            for samples in (1, SAMPLES):
                logits, = session.run(["logits"], {"input": self.x[:samples]})
                assert logits.shape == (samples, self.classes), f"logits {logits.shape} of {samples} images"
                found.append(np.abs(logits - ours[:samples]).max())
            norms = sum(node.op_type == "BatchNormalization" for node in file.graph.node)
            worst = max(worst, *found)
            print(f"{self.title}{', folded' * fold}: {len(file.graph.node)} nodes, {norms} norms, "
                  f"off by {max(found) / size:.2g} of the logits' size, {allowed / size:.2g} allowed", flush=True)
        assert worst <= allowed, f"off by {worst:.3g}, {allowed:.3g} allowed"
        apart = min(np.abs(ours[i] - ours[j]).max() for i in range(SAMPLES) for j in range(i))
        assert apart > 10 * allowed, f"logits of two images differ by {apart:.3g} only; this check could not fail"
        return worst / size, worst / allowed


def cases(program, only):
    models = json.loads(subprocess.run([program, "models", "--json"], check=True, capture_output=True).stdout)
    plain = [(m["name"], next((SIZES[k] for k in SIZES if m["name"].startswith(k)), min(64, m["image_size"])), [])
             for m in models]
    assert plain and set(only) <= {m["name"] for m in models}, f"no such model among {only}"
    return [case for case in plain + MORE if not only or case[0] in only]


def main():
    program = os.path.abspath(sys.argv[1])
    chosen = cases(program, sys.argv[2].split(",") if len(sys.argv) > 2 else [])
    deviations, failures = [], []
    for name, pixels, options in chosen:
        with tempfile.TemporaryDirectory() as folder:
            try:
                case = Case(program, folder, name, pixels, options)
                deviations.append((*case.check(), case.title))
            except Exception as error:
                title = " ".join([name, f"{pixels} px"] + options)
                print(f"{title}: WRONG: {error}", flush=True)
                failures.append(title)
    models = len({name for name, _, _ in chosen})
    if deviations:
        worst, nearest = max(deviations), max(deviations, key=lambda d: d[1])
        print(f"worst: {worst[0]:.2g} of the logits' size ({worst[2]}); "
              f"nearest to what is allowed: {nearest[1]:.2g} of it ({nearest[2]})")
    print(f"{len(chosen) - len(failures)} of {len(chosen)} cases of {models} models agree, plain and folded, "
          f"in batches of 1 and {SAMPLES}" + (f"; WRONG: {'; '.join(failures)}" if failures else ""))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
