#!/usr/bin/env python3
"""Compares class scores of `cnn-train predict` with torchvision's, from the pictures' files on.

    swift build --product cnn-train
    python3 Benchmarks/compare_logits_with_torchvision.py FOLDER… [--pictures 50] [--model resnet50]

fills a model's weights from the tensors' names, saves them as safetensors, and shows pictures of the folders (JPEG,
PNG, WebP) to both: to cnn-train with `--exif-orientation off`, as torchvision leaves pictures as they are stored, and
to torchvision's model behind its reference's transforms: Resize(256), CenterCrop(224), ToTensor, Normalize. Prints the
largest difference of a picture's logits, in parts of their size, and the largest that is allowed; exits with 1 where
one is larger.

Allowed is what float32 cannot tell (Tests/Reference/check_onnx.py): 8 u sqrt(R) of the logits' size, u = 2^-24, R the
sum of the numbers of products over the network's layers. One byte of one pixel that differs may show. That logits tell
pictures apart is checked too: those of the next picture must be 10 times as far away. Needs torch, torchvision,
safetensors, and Pillow 13 or newer: earlier ones resize some shapes in another order.
"""

import argparse
import json
import math
import os
import random
import subprocess
import sys
import tempfile

import numpy
import torch
from PIL import Image
from safetensors.torch import save_file
from torchvision import transforms

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "Tests", "Reference"))
from make_golden import prepared  # noqa: E402
from compare_images_with_torchvision import pictures  # noqa: E402

SHOWN = transforms.Compose(
    [
        transforms.Resize(256),
        transforms.CenterCrop(224),
        transforms.ToTensor(),
        transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    ]
)


def torchvision_logits(model, path):
    with Image.open(path) as file, torch.no_grad():
        return model(SHOWN(file.convert("RGB"))[None])[0].double().numpy()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--pictures", type=int, default=50)
    parser.add_argument("--model", default="resnet50")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--program", default=".build/debug/cnn-train")
    options = parser.parse_args()
    paths = sorted(pictures(options.folders))
    paths = random.Random(options.seed).sample(paths, min(options.pictures, len(paths)))
    model = prepared(options.model)[0].eval()
    with tempfile.TemporaryDirectory() as folder:
        weights = os.path.join(folder, "weights.safetensors")
        save_file({name: tensor.contiguous() for name, tensor in model.state_dict().items()}, weights)
        command = [options.program, "predict", "--checkpoint", weights, "--model", options.model]
        command += ["--exif-orientation", "off", "--json", "--logits", *paths]
        lines = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines()
    ours = [numpy.array(json.loads(line)["logits"]) for line in lines]
    theirs = [torchvision_logits(model, path) for path in paths]
    products = sum(math.prod(p.shape[1:]) for p in model.parameters() if p.dim() > 1)
    allowed = 8 * 2.0**-24 * math.sqrt(products)
    sizes = [math.sqrt((logits**2).mean()) for logits in theirs]
    differences = [abs(a - b).max() / size for a, b, size in zip(ours, theirs, sizes, strict=True)]
    apart = min(abs(a - b).max() / size for a, b, size in zip(theirs, theirs[1:] + theirs[:1], sizes))
    worst = max(range(len(paths)), key=differences.__getitem__)
    print(f"{options.model}, {len(paths)} pictures: logits differ by {differences[worst]:.2e} of their size at most")
    print(f"allowed {allowed:.2e}; other pictures' differ by {apart:.2e} at least; worst: {paths[worst]}")
    if differences[worst] > allowed or apart < 10 * allowed:
        sys.exit("too far from torchvision" if differences[worst] > allowed else "logits do not tell pictures apart")


if __name__ == "__main__":
    main()
