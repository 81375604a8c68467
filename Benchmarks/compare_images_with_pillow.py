#!/usr/bin/env python3
"""Compares pictures as cnn-train decodes them with Pillow's, to the byte.

    swift build --product image-check
    python3 Benchmarks/compare_images_with_pillow.py FOLDER…

walks the folders for JPEG, PNG and WebP files (by their first bytes), has `image-check digest` decode them, and
compares with `ImageOps.exif_transpose(image).convert("RGB")`. Each file that is not equal is named with the reason.
docs/images.md says which differences are meant. Needs Pillow; its own test pictures (Tests/images of its source) and
PngSuite are good folders. Exits with 1 where pixels differ for no reason that the documentation gives.
"""

import argparse
import collections
import hashlib
import os
import subprocess
import sys
import warnings

from PIL import Image, ImageOps


def is_picture(path):
    with open(path, "rb") as file:
        start = file.read(12)
    return (
        start[:3] == b"\xff\xd8\xff" or start[:8] == b"\x89PNG\r\n\x1a\n" or (start[:4], start[8:]) == (b"RIFF", b"WEBP")
    )


def pictures(folders):
    for folder in folders:
        for parent, _, names in os.walk(folder):
            for name in sorted(names):
                path = os.path.join(parent, name)
                if is_picture(path):
                    yield path


def pillow(path):
    """Width, height and digest, or why there are none; and the mode that the file is in."""
    try:
        with Image.open(path) as image:
            mode = image.mode
            rgb = ImageOps.exif_transpose(image).convert("RGB")
        return (rgb.width, rgb.height, hashlib.sha256(rgb.tobytes()).hexdigest()), mode
    except Exception as error:  # Pillow's decoders raise whatever they meet.
        return f"{type(error).__name__}: {error}", "?"


def ours(program, paths):
    results = {}
    for first in range(0, len(paths), 100):
        run = subprocess.run(
            [program, "digest", *paths[first : first + 100]], stdout=subprocess.PIPE, text=True, check=False
        )
        if run.returncode != 0:
            sys.exit(f"{program} ended with {run.returncode} among {paths[first:first + 100]}")
        for line in run.stdout.splitlines():
            width, height, digest, path = line.split("\t")
            results[path] = digest if width == "-" else (int(width), int(height), digest)
    return results


def kind(mine, theirs, mode):
    if isinstance(mine, str):
        return "both refuse" if isinstance(theirs, str) else "refused, Pillow decodes"
    if isinstance(theirs, str):
        return "decoded, Pillow refuses"
    if mine == theirs:
        return "equal"
    return "16-bit grey (meant)" if mode == "I;16" and mine[:2] == theirs[:2] else "different"


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folders", nargs="+")
    arguments.add_argument("--program", default=".build/debug/image-check")
    arguments.add_argument("--quiet", action="store_true", help="counts only")
    options = arguments.parse_args()
    warnings.simplefilter("ignore")
    Image.MAX_IMAGE_PIXELS = None
    paths = list(pictures(options.folders))
    if not paths:
        sys.exit(f"no JPEG, PNG or WebP picture in {' '.join(options.folders)}")
    results = ours(options.program, paths)
    counts = collections.Counter()
    for path in paths:
        theirs, mode = pillow(path)
        what = kind(results[path], theirs, mode)
        counts[what] += 1
        if what != "equal" and not options.quiet:
            print(f"{what}: {path}\n    ours:   {results[path]}\n    Pillow: {theirs} ({mode})")
    print(f"{len(paths)} pictures: " + ", ".join(f"{count} {what}" for what, count in counts.most_common()))
    sys.exit(1 if counts["different"] else 0)


main()
