"""The zoo in PyTorch: torchvision's own models, and twins of those that it does not have, with the same tensor names."""
from functools import partial

import torch.nn.functional as F
import torchvision
from torch import nn
from torchvision.models import densenet, resnet
from torchvision.models.googlenet import GoogLeNet, Inception, InceptionAux

TORCHVISION = """alexnet vgg11 vgg11_bn vgg13 vgg13_bn vgg16 vgg16_bn vgg19 vgg19_bn googlenet resnet18 resnet34 resnet50
resnet101 resnet152 wide_resnet50_2 resnext50_32x4d densenet121 densenet161 densenet169 densenet201 mobilenet_v2""".split()


# ---- LeNet and NiN: Dive into Deep Learning, sections 7.6, 8.5 and 8.3 ----
class LeNet(nn.Sequential):
    def __init__(self, num_classes=10, norm=False):
        def bn2(c): return [nn.BatchNorm2d(c)] if norm else []
        def bn1(c): return [nn.BatchNorm1d(c)] if norm else []
        pad, flat = (0, 256) if norm else (2, 400)
        super().__init__(
            nn.Conv2d(1, 6, 5, padding=pad), *bn2(6), nn.Sigmoid(), nn.AvgPool2d(2, 2),
            nn.Conv2d(6, 16, 5), *bn2(16), nn.Sigmoid(), nn.AvgPool2d(2, 2), nn.Flatten(),
            nn.Linear(flat, 120), *bn1(120), nn.Sigmoid(), nn.Linear(120, 84), *bn1(84), nn.Sigmoid(),
            nn.Linear(84, num_classes))


class NiN(nn.Sequential):
    def __init__(self, num_classes=1000):
        def block(i, o, k, s, p):
            return [nn.Conv2d(i, o, k, s, p), nn.ReLU(), nn.Conv2d(o, o, 1), nn.ReLU(), nn.Conv2d(o, o, 1), nn.ReLU()]
        super().__init__(
            *block(3, 96, 11, 4, 0), nn.MaxPool2d(3, 2), *block(96, 256, 5, 1, 2), nn.MaxPool2d(3, 2),
            *block(256, 384, 3, 1, 1), nn.MaxPool2d(3, 2), nn.Dropout(0.5), *block(384, num_classes, 3, 1, 1),
            nn.AdaptiveAvgPool2d(1), nn.Flatten())


# ---- AlexNet in its Keras form ----
KerasNorm = partial(nn.BatchNorm2d, eps=1e-3, momentum=0.01)


class AlexNetBN(nn.Module):
    """Needs 227 x 227 pixels by default; `pixels` is what the last pool leaves of the image."""

    def __init__(self, num_classes=1000, pixels=2):
        super().__init__()
        pool = partial(nn.MaxPool2d, 3, 2)
        self.features = nn.Sequential(
            nn.Conv2d(3, 96, 11, 4), nn.ReLU(), pool(), KerasNorm(96),
            nn.Conv2d(96, 256, 5), nn.ReLU(), pool(), KerasNorm(256),
            nn.Conv2d(256, 384, 3), nn.ReLU(), nn.Conv2d(384, 384, 3), nn.ReLU(), nn.Conv2d(384, 256, 3), nn.ReLU(),
            pool(), KerasNorm(256))
        self.classifier = nn.Sequential(
            nn.Linear(256 * pixels * pixels, 4096), nn.ReLU(), nn.Dropout(0.2), nn.Linear(4096, 4096), nn.ReLU(),
            nn.Dropout(0.2), nn.Linear(4096, num_classes))

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


# ---- VGG-11 with a quarter of the channels: Dive into Deep Learning, section 8.2 ----
def vgg_small(num_classes=10):
    def layers():
        channels = 1
        for width, count in [(16, 1), (32, 1), (64, 2), (128, 2), (128, 2)]:
            for _ in range(count):
                yield from (nn.Conv2d(channels, width, 3, padding=1), nn.ReLU())
                channels = width
            yield nn.MaxPool2d(2, 2)
    model = torchvision.models.VGG(nn.Sequential(*layers()), num_classes=num_classes, init_weights=False)
    model.classifier[0] = nn.Linear(128 * 7 * 7, 4096)
    return model


# ---- GoogLeNet as the paper has it ----
class Unit(nn.Module):
    def __init__(self, i, o, **window):
        super().__init__()
        self.conv = nn.Conv2d(i, o, **window)

    def forward(self, x):
        return F.relu(self.conv(x))


class PaperInception(Inception):
    def __init__(self, i, one, three_reduced, three, five_reduced, five, pooled):
        super().__init__(i, one, three_reduced, three, five_reduced, five, pooled, conv_block=Unit)
        self.branch3[1] = Unit(five_reduced, five, kernel_size=5, padding=2)


class GoogLeNetLRN(GoogLeNet):
    def __init__(self, num_classes=1000):
        super().__init__(
            num_classes, init_weights=False, dropout=0.4,
            blocks=[Unit, PaperInception, partial(InceptionAux, conv_block=Unit)])
        norm = partial(nn.LocalResponseNorm, 5, alpha=1e-4, beta=0.75, k=1)
        self.maxpool1 = nn.Sequential(self.maxpool1, norm())
        self.maxpool2 = nn.Sequential(norm(), self.maxpool2)
        self.maxpool4 = nn.MaxPool2d(3, 2, ceil_mode=True)


# ---- Plain networks: ResNets without shortcuts ----
class PlainBlock(resnet.BasicBlock):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.downsample = None

    def forward(self, x):
        x = self.relu(self.bn1(self.conv1(x)))
        return self.relu(self.bn2(self.conv2(x)))


# ---- ResNets for 32 pixels in their Keras form ----
class SmallBlock(nn.Module):
    def __init__(self, i, width, bottleneck, shortcut):
        super().__init__()
        o = 4 * width if bottleneck else width
        kernels = [1, 3, 1] if bottleneck else [3, 3]
        widths = [i, width, width, o] if bottleneck else [i, width, o]
        self.count = len(kernels)
        self.has_shortcut = shortcut
        for index, kernel in enumerate(kernels, 1):
            setattr(self, f"conv{index}", nn.Conv2d(widths[index - 1], widths[index], kernel, padding=kernel // 2))
            setattr(self, f"bn{index}", KerasNorm(widths[index]))
        if shortcut and i != o:
            self.shortcut = nn.Conv2d(i, o, 1)

    def forward(self, x):
        y = x
        for index in range(1, self.count + 1):
            y = getattr(self, f"bn{index}")(F.relu(getattr(self, f"conv{index}")(y)))
        if not self.has_shortcut:
            return y
        return F.relu(y + (self.shortcut(x) if hasattr(self, "shortcut") else x))


class SmallResNet(nn.Module):
    def __init__(self, num_classes=10, bottleneck=False, shortcut=True, blocks=(3, 4, 6, 3)):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 64, 2, 2), KerasNorm(64)
        self.stages = len(blocks)
        channels = 64
        for stage, count in enumerate(blocks):
            stack = []
            for _ in range(count):
                stack.append(SmallBlock(channels, 64 << stage, bottleneck, shortcut))
                channels = (64 << stage) * (4 if bottleneck else 1)
            setattr(self, f"layer{stage + 1}", nn.Sequential(*stack))
        self.dense, self.fc = nn.Linear(channels, 512), nn.Linear(512, num_classes)

    def forward(self, x):
        x = self.bn1(F.relu(self.conv1(x)))
        for stage in range(1, self.stages + 1):
            x = getattr(self, f"layer{stage}")(x if stage == 1 else F.max_pool2d(x, 2))
        return self.fc(F.relu(self.dense(x.mean((2, 3)))))


# ---- MobileNet ----
class MobileNet(nn.Module):
    def __init__(self, num_classes=1000):
        super().__init__()

        def unit(i, o, kernel, stride=1, groups=1):
            convolution = nn.Conv2d(i, o, kernel, stride, kernel // 2, groups=groups, bias=False)
            return [convolution, nn.BatchNorm2d(o), nn.ReLU()]
        layers, channels = [nn.Sequential(*unit(3, 32, 3, 2))], 32
        for width, stride in [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)] + [(512, 1)] * 5 + [
                (1024, 2), (1024, 1)]:
            layers.append(nn.Sequential(*unit(channels, channels, 3, stride, channels), *unit(channels, width, 1)))
            channels = width
        self.features, self.classifier = nn.Sequential(*layers), nn.Linear(channels, num_classes)

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3)))


# ---- Stems for 32 pixels ----
def resnet_cifar(name, num_classes=10):
    model = getattr(torchvision.models, name)(num_classes=num_classes)
    model.conv1, model.maxpool = nn.Conv2d(3, 64, 3, padding=1, bias=False), nn.Identity()
    return model


def densenet_cifar(num_classes=10, growth_rate=32, block_config=(6, 12, 24, 16)):
    model = densenet.DenseNet(growth_rate, block_config, 2 * growth_rate, num_classes=num_classes)
    model.features.conv0 = nn.Conv2d(3, 2 * growth_rate, 3, padding=1, bias=False)
    for name in ("norm0", "relu0", "pool0"):
        delattr(model.features, name)
    return model


TWINS = {
    "lenet": LeNet,
    "lenet_bn": partial(LeNet, norm=True),
    "nin": NiN,
    "alexnet_bn": AlexNetBN,
    "vgg_small": vgg_small,
    "googlenet_lrn": GoogLeNetLRN,
    "plain18": partial(resnet.ResNet, PlainBlock, [2, 2, 2, 2]),
    "plain34": partial(resnet.ResNet, PlainBlock, [3, 4, 6, 3]),
    "resnet34_keras": SmallResNet,
    "resnet50_keras": partial(SmallResNet, bottleneck=True),
    "plain34_keras": partial(SmallResNet, shortcut=False),
    "plain50_keras": partial(SmallResNet, bottleneck=True, shortcut=False),
    **{f"{name}_cifar": partial(resnet_cifar, name) for name in "resnet18 resnet34 resnet50 resnet101 resnet152".split()},
    "densenet121_cifar": densenet_cifar,
    "densenet161_cifar": partial(densenet_cifar, growth_rate=48, block_config=(6, 12, 36, 24)),
    "densenet169_cifar": partial(densenet_cifar, block_config=(6, 12, 32, 32)),
    "densenet201_cifar": partial(densenet_cifar, block_config=(6, 12, 48, 32)),
    "densenet_bc_100_12": partial(densenet_cifar, growth_rate=12, block_config=(16, 16, 16)),
    "mobilenet_v1": MobileNet,
}

CLASSES = {name: 10 for name in TWINS if name.startswith(("lenet", "vgg_small", "densenet_bc"))
           or name.endswith(("_cifar", "_keras"))}


def build(name, classes, **options):
    if name in TWINS:
        return TWINS[name](num_classes=classes, **options)
    extra = {"aux_logits": True, "init_weights": False} if name == "googlenet" else {}
    return getattr(torchvision.models, name)(weights=None, num_classes=classes, **extra)
