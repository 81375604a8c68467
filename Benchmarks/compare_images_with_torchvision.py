#!/usr/bin/env python3
"""Compares resized, cut and coloured pictures of cnn-train with torchvision's of Pillow images.

    swift build --product image-check
    python3 Benchmarks/compare_images_with_torchvision.py FOLDER… [--pictures 50]

takes pictures of the folders (JPEG, PNG, WebP), lets `image-check change` make each of the changes below of them, with
parameters drawn anew for each picture, and compares bytes with torchvision's. Prints a line for each kind of change:
pictures, those equal to the byte, the largest difference and the largest mean difference of a picture, in steps of
1/255. Exits with 1 where a byte differs by more than 1 or a picture by more than 0.1 in the mean. Needs torchvision,
and Pillow 13 or newer: earlier ones resize some shapes in another order.
"""

import argparse
import collections
import os
import random
import subprocess
import sys

import numpy
from PIL import Image, ImageOps
from torchvision.transforms import InterpolationMode, functional
from torchvision.transforms.autoaugment import _apply_op

FILTERS = {"bilinear": InterpolationMode.BILINEAR, "bicubic": InterpolationMode.BICUBIC}
INTERPOLATIONS = {"nearest": InterpolationMode.NEAREST, **FILTERS}


def changes(image, draw):
    """Pairs of a change as image-check takes it and torchvision's picture after it."""
    for name, mode in FILTERS.items():
        rows, columns = draw.randint(1, 400), draw.randint(1, 400)
        yield f"resize:{rows}:{columns}:{name}", functional.resize(image, [rows, columns], mode)
        whole = functional.resize(image, 256, mode)
        yield f"cover:224:256:{name}", functional.center_crop(whole, 224)
    for name, change in {
        "brightness": functional.adjust_brightness,
        "contrast": functional.adjust_contrast,
        "saturation": functional.adjust_saturation,
        "sharpness": functional.adjust_sharpness,
    }.items():
        factor = draw.uniform(0, 2)
        yield f"{name}:{factor!r}", change(image, factor)
    turn = draw.uniform(-0.5, 0.5)
    yield f"hue:{turn!r}", functional.adjust_hue(image, turn)
    bits, threshold = draw.randint(1, 8), draw.uniform(0, 256)
    yield f"posterize:{bits}", functional.posterize(image, bits)
    yield f"solarize:{threshold!r}", functional.solarize(image, threshold)
    yield "autocontrast", functional.autocontrast(image)
    yield "equalize", functional.equalize(image)
    for name, mode in INTERPOLATIONS.items():
        for operation, most in {"ShearX": 0.99, "ShearY": 0.99, "Rotate": 135.0}.items():
            value = draw.uniform(-most, most)
            yield f"{operation.lower()}:{value!r}:{name}", _apply_op(image, operation, value, mode, None)
        for operation in ["TranslateX", "TranslateY"]:
            value = draw.randint(-150, 150)
            yield f"{operation.lower()}:{value}:{name}", _apply_op(image, operation, float(value), mode, None)


def pixmaps(data):
    """The pictures of portable pixmaps that stand one after the other."""
    place = 0
    while place < len(data):
        _, size, _ = data[place : place + 64].split(b"\n")[:3]
        width, height = map(int, size.split())
        first = place + len(b"P6\n") + len(size) + len(b"\n255\n")
        place = first + 3 * width * height
        yield numpy.frombuffer(data[first:place], numpy.uint8).reshape(height, width, 3)


def pictures(folders):
    for folder in folders:
        for parent, _, names in os.walk(folder):
            for name in sorted(names):
                if name.lower().endswith((".jpg", ".jpeg", ".png", ".webp")):
                    yield os.path.join(parent, name)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--pictures", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--program", default=".build/debug/image-check")
    options = parser.parse_args()
    paths = sorted(pictures(options.folders))
    draw = random.Random(options.seed)
    paths = draw.sample(paths, min(options.pictures, len(paths)))
    table = collections.defaultdict(lambda: [0, 0, 0, 0.0])
    for path in paths:
        with Image.open(path) as file:
            image = ImageOps.exif_transpose(file).convert("RGB")
        wanted = list(changes(image, draw))
        run = subprocess.run(
            [options.program, "change", path, *[text for text, _ in wanted]], stdout=subprocess.PIPE, check=True
        )
        for (text, expected), found in zip(wanted, pixmaps(run.stdout), strict=True):
            difference = numpy.abs(numpy.asarray(expected, numpy.int16) - found)
            parts = text.split(":")
            kind = parts[0] + (" " + parts[-1] if parts[-1] in INTERPOLATIONS else "")
            row = table[kind]
            row[0] += 1
            row[1] += int(not difference.any())
            row[2] = max(row[2], int(difference.max()))
            row[3] = max(row[3], float(difference.mean()))
    print(f"{'change':24} pictures   equal  largest   mean")
    for kind, (count, equal, largest, mean) in table.items():
        print(f"{kind:24} {count:8} {equal:7} {largest:8} {mean:6.3f}")
    far = [kind for kind, (_, _, largest, mean) in table.items() if largest > 1 or mean > 0.1]
    if far or not paths:
        sys.exit(f"too far from torchvision: {', '.join(far)}" if far else "no pictures")


if __name__ == "__main__":
    main()
