#!/usr/bin/env python3
"""Training steps of cnn-train beside PyTorch's, on this machine, model by model, as a Markdown table.

  python3 -m venv /somewhere/else && /somewhere/else/bin/pip install torch torchvision
  ./launch/build
  Benchmarks/compare_with_pytorch.py --python /somewhere/else/bin/python

Both take the same steps (forward, backward, SGD with momentum, synthetic batch, float32) in processes of their own, one after the
other, in several rounds whose order alternates: what the machine does besides falls on both. The ratio is the median of the rounds'.
PyTorch runs as its performance guide advises: channels_last, and tcmalloc where it is installed (apt: libtcmalloc-minimal4).
With --ranks both share the batch among processes, PyTorch with DistributedDataParallel over gloo; a third runs beside them, ours in one process
that has all of the threads.
"""
import argparse
import ctypes.util
import json
import os
import pathlib
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
# Model: batch, pixels a side.
LARGE = {name: (32, 224) for name in (
    "resnet18", "resnet34", "resnet50", "vgg16", "vgg16_bn", "alexnet", "googlenet", "densenet121", "mobilenet_v2")}
CASES = {**LARGE, "resnet18_cifar": (128, 32), "densenet121_cifar": (128, 32), "lenet": (128, 28)}


def result_of(command, environment):
    """What a process prints as JSON."""
    done = subprocess.run(command, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}")
    return json.loads(done.stdout)


def measure(model, options):
    """The rounds' results: ours and PyTorch's, pairwise."""
    batch, size = CASES[model]
    step = ["--model", model, "--batch-size", str(options.batch_size or batch), "--image-size", str(size),
            "--threads", str(options.threads), "--steps", str(options.steps)]
    allocator = ctypes.util.find_library("tcmalloc_minimal")
    workers = ["--workers", str(options.ranks)] if options.ranks > 1 else []
    ranks = ["--ranks", str(options.ranks)] if options.ranks > 1 else []
    peers = {
        "ours": ([options.cnn_train, *workers, "bench", "--json", *step], {}),
        "torch": ([options.python, str(HERE / "torch_steps.py"), *step, *ranks],
                  {"OMP_NUM_THREADS": str(options.threads), **({"LD_PRELOAD": allocator} if allocator else {})}),
    }
    if options.ranks > 1:
        alone = step[:4] + step[4:6] + ["--threads", str(options.threads * options.ranks), *step[8:]]
        peers["alone"] = ([options.cnn_train, "bench", "--json", *alone], {})
    rounds = []
    for number in range(options.rounds):
        order = list(peers) if number % 2 == 0 else list(reversed(peers))
        results = {name: result_of(*peers[name]) for name in order}
        rounds.append((results["ours"], results["torch"]))
        speeds = ", ".join(f"{name} {speed(result):.4g}" for name, result in results.items())
        print(f"{model}, round {number + 1}: {speeds} img/s", file=sys.stderr)
        if "alone" in results:
            ratios = options.of_one_process.setdefault(model, [])
            ratios.append(speed(results["ours"]) / speed(results["alone"]))
    return rounds


def speed(result):
    return result["median_images_per_second"]


def row(model, rounds):
    ours, theirs = zip(*rounds)
    gigabytes = [max(result["peak_rss_bytes"] for result in results) / 1e9 for results in (ours, theirs)]
    batch, size = ours[0]["batch_size"], ours[0]["image_size"]
    return (
        f"| {model} | {size} | {batch} | {statistics.median(map(speed, ours)):.4g} "
        f"| {statistics.median(map(speed, theirs)):.4g} "
        f"| {statistics.median(speed(a) / speed(b) for a, b in rounds):.2f} "
        f"| {statistics.median(result['fraction_of_peak'] for result in ours):.2f} "
        f"| {gigabytes[0]:.2f} | {gigabytes[1]:.2f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", required=True, help="a Python that has torch and torchvision")
    parser.add_argument("--cnn-train", default=str(HERE.parent / ".build/release/cnn-train"))
    parser.add_argument("--models", default=",".join(CASES), help=f"of {', '.join(CASES)}")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=5, help="steps of a process that count")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--ranks", type=int, default=1, help="processes, of --threads threads each, that share the batch")
    parser.add_argument("--batch-size", type=int, help="for a quick look; else 32 at 224 pixels and 128 below")
    options = parser.parse_args()
    options.of_one_process = {}
    models = options.models.split(",")
    if unknown := [model for model in models if model not in CASES]:
        parser.error(f"unknown models: {', '.join(unknown)}; known are {', '.join(CASES)}")

    table = [(model, measure(model, options)) for model in models]
    ours, theirs = table[0][1][0]
    allocator = "with tcmalloc" if ctypes.util.find_library("tcmalloc_minimal") else "without tcmalloc, which is not installed"
    print(f"Ranks: {options.ranks}, each of {options.threads} threads; cnn-train with {ours['isa']}, PyTorch {theirs['torch']} with channels_last, {allocator}; "
          f"{options.rounds} rounds.\n")
    print("| model | image | batch | cnn-train img/s | PyTorch img/s | ratio | of the peak | cnn-train GB | PyTorch GB |")
    print("|---|---|---|---|---|---|---|---|---|")
    for model, rounds in table:
        print(row(model, rounds))
    for model, ratios in options.of_one_process.items():
        print(f"\n{model}: {statistics.median(ratios):.3f} of one process with {options.threads * options.ranks} threads")


if __name__ == "__main__":
    main()
