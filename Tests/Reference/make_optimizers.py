#!/usr/bin/env python3
"""Fifty steps of each optimizer on whole models: what EngineTests hold the engine's optimizers to.

Weights and the batch are those of make_golden.py, of smaller images. Optimizers of PyTorch are PyTorch's own, in float32; the others are
written down here from their papers and run in float64:
- LARS: You, Gitman and Ginsburg, "Large Batch Training of Convolutional Networks", 2017, algorithm 1: a layer's rate is
  trust * |w| / (|g| + weight_decay * |w|), and the velocity has the rates in it. Layers without a length go by 1.
- LAMB: You et al., "Large Batch Optimization for Deep Learning: Training BERT in 76 minutes", 2020, algorithm 2, with
  phi(z) = z. Layers without a length go by 1.
- Muon: Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024: Nesterov's momentum of matrices,
  orthogonalised by Newton and Schulz's iteration and scaled by sqrt(max(1, rows / columns)); SGD for all else.
All decay all parameters, as PyTorch does without groups. LARS and LAMB then also adapt the rates of all.

How far float32 programs may lie from these numbers is measured as make_spreads.py does it: Monte Carlo arithmetic.
Each of the steps has another learning rate: lr * (1 + step % 5) / 5.

Usage: make_optimizers.py OUT_DIR model[,model...] [optimizer[,optimizer...]]      needs: torch, torchvision, numpy
"""
import json, math, os, sys

import torch
import torch.nn.functional as F

import make_golden
import rows
from make_golden import prepared, stats
from make_spreads import Spread, add_errors, round_parameters

STEPS = 50
RUNS = 4
TENSORS = 6
# Deep networks on four images learn them by heart in no time: what rounding does to the first steps soon decides on all. They take
# shorter steps.
SHARES = {"resnet18_cifar": 0.02, "densenet_bc_100_12": 0.02}
# Samples and pixels: fewer than make_golden.py has, for fifty steps of each optimizer.
SIZES = {"resnet18_cifar": (4, 16), "densenet_bc_100_12": (4, 16)}
make_golden.SIZES = {**SIZES, **make_golden.SIZES}


class Own(torch.optim.Optimizer):
    """An optimizer that is written down below: `update` moves one parameter."""

    def __init__(self, parameters, **options):
        super().__init__(parameters, options)

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p]
                state["t"] = state.get("t", 0) + 1
                self.update(p, state, **group)


def buffer(state, name, p):
    return state.setdefault(name, torch.zeros_like(p))


class LARS(Own):
    def update(self, p, state, lr, momentum, weight_decay, trust, **_):
        w, g = p.norm(), p.grad.norm()
        local = trust * w / (g + weight_decay * w) if w > 0 and g > 0 else 1.0
        v = buffer(state, "v", p)
        v.mul_(momentum).add_(lr * local * (p.grad + weight_decay * p))
        p.sub_(v)


class LAMB(Own):
    def update(self, p, state, lr, betas, eps, weight_decay, trust, **_):
        m, v = buffer(state, "m", p), buffer(state, "v", p)
        m.copy_(betas[0] * m + (1 - betas[0]) * p.grad)
        v.copy_(betas[1] * v + (1 - betas[1]) * p.grad ** 2)
        t = state["t"]
        u = m / (1 - betas[0] ** t) / ((v / (1 - betas[1] ** t)).sqrt() + eps) + weight_decay * p
        ratio = trust * p.norm() / u.norm() if p.norm() > 0 and u.norm() > 0 else 1.0
        p.sub_(lr * ratio * u)


def orthogonalised(g, steps):
    """Newton and Schulz's iteration with Jordan's coefficients: singular values near 1."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = g / (g.norm() + 1e-7)
    x = x.T if g.size(0) > g.size(1) else x
    for _ in range(steps):
        s = x @ x.T
        x = a * x + (b * s + c * s @ s) @ x
    return x.T if g.size(0) > g.size(1) else x


class Muon(Own):
    def update(self, p, state, lr, momentum, weight_decay, ns_steps, normalise, sgd_lr, sgd_momentum, **_):
        v = buffer(state, "v", p)
        if p.dim() < 2:
            rate = lr * sgd_lr
            g = p.grad + weight_decay * p
            v.mul_(sgd_momentum).add_(g)
            p.sub_(rate * (g + sgd_momentum * v))
            return
        v.mul_(momentum).add_(p.grad)
        g = (p.grad + momentum * v).reshape(len(p), -1)
        if normalise:
            p.mul_(len(p) ** 0.5 / p.norm())
        p.mul_(1 - lr * weight_decay)
        p.sub_(lr * max(1, g.size(0) / g.size(1)) ** 0.5 * orthogonalised(g, ns_steps).reshape(p.shape))


# Optimizer, its options, clips. Rates are small enough for smooth losses.
CASES = {
    "sgd": (torch.optim.SGD, dict(lr=1e-3, momentum=0.9, dampening=0.1, weight_decay=1e-3), {}),
    "sgd_nesterov": (torch.optim.SGD, dict(lr=1e-3, momentum=0.9, nesterov=True, weight_decay=1e-3), {}),
    "sgd_clip_norm": (torch.optim.SGD, dict(lr=1e-2, momentum=0.9, weight_decay=1e-3), dict(clip_norm=0.5)),
    "sgd_clip_value": (torch.optim.SGD, dict(lr=1e-3, momentum=0.9, weight_decay=1e-3), dict(clip_value=0.01)),
    "adam": (torch.optim.Adam, dict(lr=1e-4, weight_decay=1e-3), {}),
    "adamw": (torch.optim.AdamW, dict(lr=1e-4, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.1), {}),
    "adamw_clip_norm": (torch.optim.AdamW, dict(lr=1e-4), dict(clip_norm=0.25)),
    "rmsprop": (torch.optim.RMSprop, dict(lr=1e-5, momentum=0.9, weight_decay=1e-3), {}),
    "rmsprop_plain": (torch.optim.RMSprop, dict(lr=1e-4, alpha=0.9, eps=1e-6), {}),
    "lars": (LARS, dict(lr=1.0, momentum=0.9, weight_decay=1e-3, trust=0.001), {}),
    "lamb": (LAMB, dict(lr=1e-3, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.01, trust=1.0), {}),
    "muon": (Muon, dict(lr=1e-3, momentum=0.95, weight_decay=0.1, ns_steps=5, normalise=False, sgd_lr=1.0,
                        sgd_momentum=0.95), {}),
    "muon_normalise": (Muon, dict(lr=2e-3, momentum=0.6, weight_decay=0.0, ns_steps=3, normalise=True, sgd_lr=0.25,
                                  sgd_momentum=0.85), {}),
}


def run(name, case, dtype, errors=False):
    """The losses of the steps, and the parameters after them."""
    kind, options, clips = CASES[case]
    model, x, y, _ = prepared(name)
    model, x = model.to(dtype).train(), x.to(dtype)
    if errors:
        add_errors(model)
    optimizer = kind(model.parameters(), **options)
    losses = []
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = options["lr"] * SHARES.get(name, 1) * (1 + step % 5) / 5
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        losses.append(loss.item())
        if "clip_norm" in clips:
            torch.nn.utils.clip_grad_norm_(model.parameters(), clips["clip_norm"])
        if "clip_value" in clips:
            torch.nn.utils.clip_grad_value_(model.parameters(), clips["clip_value"])
        optimizer.step()
        if errors:
            round_parameters(model)
    return losses, {k: p.detach() for k, p in model.named_parameters()}


def golden(name, case):
    kind, options, clips = CASES[case]
    own = issubclass(kind, Own)
    exact_losses, exact = run(name, case, torch.float64)
    chosen = [list(exact)[i] for i in picks_of(len(exact))]
    spreads = {k: Spread(exact[k]) for k in chosen}
    found_losses, found = (exact_losses, exact) if own else run(name, case, torch.float32)
    seen = [] if own else [(found_losses, found)]
    deviation = [0.0] * STEPS
    for number in range(RUNS):
        losses, tensors = seen.pop() if seen else run(name, case, torch.float64, errors=True)
        for k in chosen:
            spreads[k].see(tensors[k].double())
        deviation = [max(old, abs(a - b)) for old, a, b in zip(deviation, losses, exact_losses)]
    print(name, case, f"loss {found_losses[0]:.4f} to {found_losses[-1]:.4f}, spread {deviation[-1]:.1e}", flush=True)
    options = {**options, "lr": options["lr"] * SHARES.get(name, 1)}
    return {"case": case, "options": options, **clips, "losses": found_losses,
            "loss_spread": [float(f"{d:.3g}") for d in deviation],
            "tensors": [stats(k, found[k]) for k in chosen], "spread": [spreads[k].json(k) for k in chosen]}


def picks_of(count):
    return sorted({round(i * (count - 1) / (TENSORS - 1)) for i in range(TENSORS)})


def main(out, names, cases):
    torch.manual_seed(0)
    for name in names:
        path = f"{out}/{name}.json"
        known = json.load(open(path))["cases"] if os.path.exists(path) else []
        _, x, _, classes = prepared(name)
        new = [golden(name, case) for case in cases]
        kept = [case for case in known if case["case"] not in cases]
        order = list(CASES)
        all_cases = sorted(kept + new, key=lambda case: order.index(case["case"]))
        with open(path, "w") as file:
            rows.dump({"model": name, "samples": x.shape[0], "pixels": x.shape[2], "classes": classes,
                       "torch": torch.__version__.split("+")[0], "cases": all_cases}, file)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2].split(","), sys.argv[3].split(",") if len(sys.argv) > 3 else list(CASES))
