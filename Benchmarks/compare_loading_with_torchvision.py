#!/usr/bin/env python3
"""How fast photographs come beside torchvision's DataLoader, on this machine, as a Markdown table.

  ./launch/build
  Benchmarks/compare_loading_with_torchvision.py FOLDER

takes the pictures of FOLDER (a folder for each class), cuts a random part of each, resizes it to 224 x 224, turns every
second one and normalises it: `cnn-train bench --data` on some threads, and torchvision's ImageFolder, RandomResizedCrop,
RandomHorizontalFlip, ToTensor and Normalize with as many processes of a DataLoader. Then ours from packed forms of the
same pictures: made smaller to 256 pixels as JPEGs, and as pixels. Both take batches of 32; what is timed begins when the
first batch is there. Rounds take turns, so that what the machine does besides falls on all; the table has medians.

Needs torch and torchvision.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
BATCH, SIDE = 32, 224


def ours(options, data, threads):
    """Images a second of `cnn-train bench --data`."""
    command = [
        options.cnn_train, "bench", "--json", "--model", "lenet", "--batch-size", str(BATCH), "--image-size", str(SIDE),
        "--threads", str(threads), "--steps", "5", "--data", data, "--augment", "resized-crop-flip"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}")
    return json.loads(done.stdout)["data_images_per_second"]


def torchvisions(options, folder, workers):
    """Images a second of a DataLoader, measured in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, folder, "--torchvision", str(workers), "--batches", str(options.batches)],
        stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"torchvision's loader ended with {done.returncode}")
    return float(done.stdout)


def load(folder, workers, batches):
    import torch
    from torchvision import datasets, transforms

    pictures = datasets.ImageFolder(folder, transforms.Compose([
        transforms.RandomResizedCrop(SIDE), transforms.RandomHorizontalFlip(), transforms.ToTensor(),
        transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))]))
    ahead = 2 * workers
    sampler = torch.utils.data.RandomSampler(pictures, replacement=True, num_samples=BATCH * (batches + ahead))
    stream = iter(torch.utils.data.DataLoader(pictures, BATCH, sampler=sampler, num_workers=workers))
    next(stream)
    start = time.perf_counter()
    for _ in range(batches):
        next(stream)
    print(BATCH * batches / (time.perf_counter() - start))


def pack(options, folder, place, *how):
    target = os.path.join(place, how[-1].strip("-"))
    subprocess.run([options.cnn_train, "data", "pack", folder, target, "--size", "256", *how], check=True,
                   stdout=sys.stderr)
    return f"packed:{target}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--cnn-train", default=str(HERE.parent / ".build/release/cnn-train"))
    parser.add_argument("--threads", default="1,2", help="numbers of threads, and of torchvision's processes")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batches", type=int, default=64, help="batches of 32 of torchvision that count; ours are read for two seconds")
    parser.add_argument("--torchvision", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.torchvision:
        return load(options.folder, options.torchvision, options.batches)

    with tempfile.TemporaryDirectory() as place:
        small = pack(options, options.folder, place, "--quality", "90")
        raw = pack(options, options.folder, place, "--raw")
        print("| threads | torchvision img/s | folder | ratio | packed at 256 px | of folder | raw at 256 px | of folder |")
        print("|---|---|---|---|---|---|---|---|")
        for threads in map(int, options.threads.split(",")):
            rounds = {"torchvision": [], "folder": [], "packed": [], "raw": []}
            ways = {
                "torchvision": lambda: torchvisions(options, options.folder, threads),
                "folder": lambda: ours(options, f"folder:{options.folder}", threads),
                "packed": lambda: ours(options, small, threads), "raw": lambda: ours(options, raw, threads)}
            for number in range(options.rounds):
                for way in list(ways) if number % 2 == 0 else reversed(list(ways)):
                    rounds[way].append(ways[way]())
                    print(f"{threads} threads, {way}: {rounds[way][-1]:.0f} img/s", file=sys.stderr)

            def ratio(way, other):
                return statistics.median(a / b for a, b in zip(rounds[way], rounds[other]))

            speeds = {way: statistics.median(results) for way, results in rounds.items()}
            print(f"| {threads} | {speeds['torchvision']:.0f} | {speeds['folder']:.0f} | {ratio('folder', 'torchvision'):.2f} "
                  f"| {speeds['packed']:.0f} | {ratio('packed', 'folder'):.2f} "
                  f"| {speeds['raw']:.0f} | {ratio('raw', 'folder'):.2f} |")


if __name__ == "__main__":
    main()
