"""check_checkpoint.py FILE…: what docs/checkpoint-format.md says of checkpoints, read by other programs alone.

Needs the program zstd, and torch, numpy and safetensors; with torchvision it also loads the weights into the model of the same name.
"""

import hashlib
import json
import struct
import subprocess
import sys
import tempfile

import safetensors
import safetensors.torch

try:
    import torchvision
except ImportError:
    torchvision = None

TYPES = {"torch.float32": "F32", "torch.int64": "I64"}


def tensor_digest(name, tensor):
    digest = hashlib.sha256(name.encode() + b"\0" + TYPES[str(tensor.dtype)].encode() + b"\0")
    digest.update(struct.pack(f"<{1 + tensor.dim()}Q", tensor.dim(), *tensor.shape))
    digest.update(tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()


def metadata_digest(metadata):
    digest = hashlib.sha256()
    for key, text in sorted((key.encode(), text.encode()) for key, text in metadata.items() if key != "metadata_sha256"):
        digest.update(key + b"\0" + text + b"\0")
    return digest.hexdigest()


def check(path):
    with tempfile.NamedTemporaryFile(suffix=".safetensors") as plain:
        subprocess.run(["zstd", "--quiet", "--decompress", "--force", "-o", plain.name, path], check=True)
        tensors = safetensors.torch.load_file(plain.name)
        with safetensors.safe_open(plain.name, framework="pt") as file:
            metadata = file.metadata()
    assert metadata["format"] == "pt" and metadata["format_version"] == "1"
    assert metadata_digest(metadata) == metadata["metadata_sha256"], "metadata"
    digests = json.loads(metadata["tensor_sha256"])
    assert digests.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert tensor_digest(name, tensor) == digests[name], name
    for key in ("model_options", "class_names", "random", "schedule", "metrics", "versions"):
        json.loads(metadata[key])
    weights = {name: tensor for name, tensor in tensors.items() if not name.startswith("training.")}
    model = metadata["model"]
    loaded = ""
    if torchvision and model in torchvision.models.list_models():
        torchvision.models.get_model(model, num_classes=int(metadata["classes"])).load_state_dict(weights, strict=True)
        loaded = f", torchvision's {model} takes the weights"
    print(f"{path}: {len(weights)} of {len(tensors)} tensors are the network's, all digests hold{loaded}")


for path in sys.argv[1:]:
    check(path)
