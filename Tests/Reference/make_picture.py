#!/usr/bin/env python3
"""A photograph-like JPEG and what torchvision makes of it: what TrainingTests hold `predict` to, from the file on.

picture.jpg has 300 x 220 pixels as they are stored, sampled 2 x 2, and is to be turned a quarter (orientation 6).
picture.json has logits of torchvision's resnet50 in float32, with all tensors filled from their names (make_golden.py),
behind Resize(256), CenterCrop(224), ToTensor and Normalize: of the picture as it is stored, and upright. Of the 1,000
logits every 20th is there, and the root of the mean of all squares.

Usage: make_picture.py OUT_DIR       needs: torch, torchvision, numpy, Pillow 13
"""
import math, sys

import numpy as np
import torch
import torchvision
from PIL import Image, ImageOps
from torchvision import transforms

import rows
from make_golden import prepared, unit

WIDTH, HEIGHT = 300, 220


def picture():
    """Slopes, waves of several lengths and noise, in each channel otherwise."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float64)
    channels = []
    for channel in range(3):
        values = 128 + 60 * np.sin(x / (9 + 7 * channel) + y / 31) + 40 * np.cos(y / (5 + 3 * channel) - x / 17)
        values += 20 * unit(f"noise {channel}", WIDTH * HEIGHT).reshape(HEIGHT, WIDTH) + (x - y) / 8
        channels.append(values)
    return Image.fromarray(np.clip(np.stack(channels, -1), 0, 255).astype(np.uint8))


def logits(model, image):
    shown = transforms.Compose([
        transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor(),
        transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])
    with torch.no_grad():
        values = model(shown(image.convert("RGB"))[None])[0].double().tolist()
    return {"every20th": values[::20], "size": math.sqrt(sum(v * v for v in values) / len(values))}


def main(out):
    exif = Image.Exif()
    exif[274] = 6
    picture().save(f"{out}/picture.jpg", quality=90, subsampling=2, exif=exif)
    model = prepared("resnet50")[0].eval()
    with Image.open(f"{out}/picture.jpg") as file, open(f"{out}/picture.json", "w") as target:
        rows.dump({
            "torch": torch.__version__.split("+")[0], "torchvision": torchvision.__version__.split("+")[0],
            "stored": logits(model, file), "upright": logits(model, ImageOps.exif_transpose(file))}, target)


main(*sys.argv[1:])
