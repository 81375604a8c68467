#!/usr/bin/env python3
"""Has TensorBoard itself read a run's event files, and says what it found.

Usage: check_tensorboard.py RUN-FOLDER [EXPECTED-LAST-STEP]; needs `pip install tensorboard`. Fails where a tag is missing that every
run has, where steps are double or not in order, or where an image is no picture.
"""
import json
import pathlib
import sys

from tensorboard.backend.event_processing import event_accumulator
from tensorboard.plugins.hparams import plugin_data_pb2

SCALARS = ["loss/train", "accuracy/train", "loss/test", "accuracy/test", "learning rate", "speed/images a second"]


def main(run, last_step=None):
    sizes = {name: 0 for name in event_accumulator.DEFAULT_SIZE_GUIDANCE}
    events = event_accumulator.EventAccumulator(str(pathlib.Path(run) / "tensorboard"), size_guidance=sizes)
    events.Reload()
    tags = events.Tags()
    lines = [json.loads(line) for line in (pathlib.Path(run) / "metrics.jsonl").read_text().splitlines()]
    told = {line["step"]: line["loss"] for line in lines if line["kind"] == "train"}

    for tag in SCALARS:
        assert tag in tags["scalars"], f"no {tag} among {tags['scalars']}"
    read = {event.step: event.value for event in events.Scalars("loss/train")}
    steps = [event.step for event in events.Scalars("loss/train")]
    assert steps == sorted(set(steps)), "steps are double or out of order"
    assert set(read) == set(told), f"{len(read)} steps in TensorBoard, {len(told)} in metrics.jsonl"
    worst = max(abs(read[step] - told[step]) / max(abs(told[step]), 1e-30) for step in told)
    assert worst < 1e-6, f"losses differ by {worst}"
    if last_step is not None:
        assert steps[-1] == int(last_step), f"the last step is {steps[-1]}"

    for tag in tags["images"]:
        for image in events.Images(tag):
            data = image.encoded_image_string
            assert data.startswith(b"\x89PNG\r\n\x1a\n"), f"{tag} is no PNG"
            assert int.from_bytes(data[16:20], "big") == image.width and image.height > 0, f"{tag} has another size"
    for tag in tags["distributions"]:
        assert events.Histograms(tag), f"{tag} has no histogram"
    metadata = events.SummaryMetadata("_hparams_/session_start_info")
    session = plugin_data_pb2.HParamsPluginData.FromString(metadata.plugin_data.content).session_start_info
    assert session.hparams["model"].string_value, "no model among the hyperparameters"
    kinds = {kind: len(tags[kind]) for kind in ("scalars", "images", "distributions", "tensors")}
    print(f"{run}: {kinds}, {len(session.hparams)} hyperparameters, train steps {steps[0]} to {steps[-1]}: all read")


if __name__ == "__main__":
    main(*sys.argv[1:])
