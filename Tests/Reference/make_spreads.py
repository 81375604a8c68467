#!/usr/bin/env python3
"""How far correct float32 programs may lie from each other, for the golden numbers of whole models.

Monte Carlo arithmetic (Stott Parker, "Monte Carlo Arithmetic", UCLA CSD-970002, 1997): the model runs in float64, once exactly
and then several times with random errors as large as float32's put behind each layer, forward and backward. How far the
results scatter is what rounding does to this very model: it contains how ill-conditioned it is, the ReLUs and maxima whose
inputs lie so close to a bend that rounding decides their gradient, and how five steps of descent magnify all of that.

The size of the errors. An operation of float32 errs by at most u = 2^-24 of its result. The partial sums of n numbers of random
sign grow like sqrt(i), so that the errors of a chain of n additions add up to u sqrt(n / 6) of the sum's typical size. Those of
numbers of one sign, such as squares, to u sqrt(n / 3) of the sum.
- A convolution or linear layer: a chain of its fan-in forward, of its outputs and taps for the data gradient, of samples and
  pixels for gradients of weights and biases.
- A batch norm: a channel's scale errs by half of what the sum of its squares does; backward likewise. Each element, by 4 u.
- Any other layer that computes: 4 u. Parameters after a step: u.

For each tensor of a golden file: `length`, the largest |t - exact| (root of the sum of squares) of all runs, and `samples`, the
largest of each of the elements that the golden file shows. One of the runs is PyTorch's own in float32.

Usage: make_spreads.py OUT_DIR model[,model...]       needs: torch, torchvision, numpy
"""
import math, sys

import torch
from torch import nn

import rows
from make_golden import five_steps, picks, prepared

U = 2.0 ** -24
RUNS = 8
EXACT_LAYERS = (nn.ReLU, nn.ReLU6, nn.MaxPool2d, nn.Dropout, nn.Flatten, nn.Identity)


class Rounding(torch.autograd.Function):
    """Errors on what passes: `ahead` and `back` take a tensor to the same with errors."""

    @staticmethod
    def forward(context, x, ahead, back):
        context.back = back
        return ahead(x)

    @staticmethod
    def backward(context, gradient):
        return context.back(gradient), None, None


def noise(x):
    """Evenly distributed numbers of mean 0 and deviation 1."""
    return (torch.rand(x.shape) - 0.5) * math.sqrt(12)


def unchanged(x):
    return x.view_as(x)


def chain(n):
    """Errors of sums of n numbers of random sign, each on its own."""
    size = U * math.sqrt(1 + n / 6)
    return lambda x: x + noise(x) * (size * x.square().mean().sqrt())


def elements(x):
    return x + noise(x) * (4 * U * x.abs())


def channels(n):
    """Errors of a norm over n elements a channel."""
    size = U * math.sqrt(n / 3) / 2

    def err(x):
        shape = [1, x.shape[1]] + [1] * (x.dim() - 2)
        return elements(x * (1 + size * noise(torch.empty(shape))))
    return err


def count_per_channel(x):
    return x.numel() // x.shape[1]


def add_errors(model):
    """Puts errors behind each layer of `model`."""
    for module in model.modules():
        if next(module.children(), None) is not None or isinstance(module, EXACT_LAYERS):
            continue
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            fan_in = module.weight[0].numel()
            groups = getattr(module, "groups", 1)
            fan_out = module.weight.numel() // (groups * module.weight.shape[1])

            def after(module, inputs, output, n=fan_in):
                module.terms = count_per_channel(output)
                return Rounding.apply(output, chain(n), unchanged)

            def before(module, inputs, n=fan_out):
                return (Rounding.apply(inputs[0], unchanged, chain(n)),)
            for parameter in module.parameters(recurse=False):
                parameter.register_hook(lambda gradient, module=module: chain(module.terms)(gradient))
        elif isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            def after(module, inputs, output):
                err = channels(count_per_channel(output)) if module.training else elements
                return Rounding.apply(output, err, unchanged)

            def before(module, inputs):
                err = channels(count_per_channel(inputs[0])) if module.training else elements
                return (Rounding.apply(inputs[0], unchanged, err),)
            for parameter in module.parameters(recurse=False):
                parameter.register_hook(elements)
        else:
            def after(module, inputs, output):
                return Rounding.apply(output, elements, elements)

            def before(module, inputs):
                return None
        module.register_forward_hook(after)
        module.register_forward_pre_hook(before)


def round_parameters(model):
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(noise(parameter) * (U * parameter.abs()))


def run(name, dtype, errors=False):
    model, x, y, _ = prepared(name)
    model, x = model.to(dtype), x.to(dtype)
    if errors:
        add_errors(model)
    outcome = five_steps(name, model, x, y, after_step=round_parameters if errors else lambda model: None)
    return {key: ({k: t.detach().double() for k, t in value.items()} if isinstance(value, dict) else value)
            for key, value in outcome.items()}


class Spread:
    """The largest deviations from one tensor."""

    def __init__(self, exact):
        self.exact, self.length, self.samples = exact, 0.0, [0.0] * len(picks(exact))

    def see(self, found):
        difference = (found - self.exact).reshape(-1)
        self.length = max(self.length, difference.norm().item())
        self.samples = [max(old, abs(difference[i].item())) for old, i in zip(self.samples, picks(self.exact))]

    def json(self, name):
        return {"name": name, "length": float(f"{self.length:.3g}"), "samples": [float(f"{s:.3g}") for s in self.samples]}


def spreads(name):
    exact = run(name, torch.float64)
    tensors = {key: {k: Spread(t) for k, t in value.items()} for key, value in exact.items() if isinstance(value, dict)}
    losses = [0.0] * len(exact["losses"])
    for number in range(RUNS):
        found = None  # The largest models' tensors are gigabytes.
        found = run(name, torch.float64, errors=True) if number else run(name, torch.float32)
        for key, group in tensors.items():
            for k, spread in group.items():
                spread.see(found[key][k])
        losses = [max(old, abs(a - b)) for old, a, b in zip(losses, found["losses"], exact["losses"])]
    print(name, "losses' spread", [f"{loss:.1e}" for loss in losses], flush=True)
    groups = {key: [spread.json(k) for k, spread in group.items()] for key, group in tensors.items()}
    return {"model": name, "runs": RUNS, "losses": losses, **groups}


def main(out, names):
    torch.manual_seed(0)
    for name in names:
        with open(f"{out}/{name}.json", "w") as file:
            rows.dump(spreads(name), file)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2].split(","))
