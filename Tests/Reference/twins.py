"""The zoo in PyTorch: torchvision's own models, and twins of those that it does not have, with the same tensor names."""
from functools import partial

import torch
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


# ---- AlexNet, GoogLeNet, ResNet-18 and DenseNet: Dive into Deep Learning, sections 8.1, 8.4, 8.6 and 8.7 ----
class AlexNetD2L(nn.Sequential):
    """For 224 x 224 pixels by default; `pixels` is what the last pool leaves of the image."""

    def __init__(self, num_classes=10, pixels=5):
        pool = partial(nn.MaxPool2d, kernel_size=3, stride=2)
        super().__init__(
            nn.Conv2d(1, 96, kernel_size=11, stride=4, padding=1), nn.ReLU(), pool(),
            nn.Conv2d(96, 256, kernel_size=5, padding=2), nn.ReLU(), pool(),
            nn.Conv2d(256, 384, kernel_size=3, padding=1), nn.ReLU(),
            nn.Conv2d(384, 384, kernel_size=3, padding=1), nn.ReLU(),
            nn.Conv2d(384, 256, kernel_size=3, padding=1), nn.ReLU(), pool(), nn.Flatten(),
            nn.Linear(256 * pixels * pixels, 4096), nn.ReLU(), nn.Dropout(p=0.5),
            nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(p=0.5), nn.Linear(4096, num_classes))


class InceptionD2L(nn.Module):
    def __init__(self, i, c1, c2, c3, c4):
        super().__init__()
        self.b1_1 = nn.Conv2d(i, c1, kernel_size=1)
        self.b2_1 = nn.Conv2d(i, c2[0], kernel_size=1)
        self.b2_2 = nn.Conv2d(c2[0], c2[1], kernel_size=3, padding=1)
        self.b3_1 = nn.Conv2d(i, c3[0], kernel_size=1)
        self.b3_2 = nn.Conv2d(c3[0], c3[1], kernel_size=5, padding=2)
        self.b4_1 = nn.MaxPool2d(kernel_size=3, stride=1, padding=1)
        self.b4_2 = nn.Conv2d(i, c4, kernel_size=1)

    def forward(self, x):
        return torch.cat((
            F.relu(self.b1_1(x)), F.relu(self.b2_2(F.relu(self.b2_1(x)))), F.relu(self.b3_2(F.relu(self.b3_1(x)))),
            F.relu(self.b4_2(self.b4_1(x)))), dim=1)


def googlenet_d2l(num_classes=10):
    pool = partial(nn.MaxPool2d, kernel_size=3, stride=2, padding=1)
    return nn.Sequential(
        nn.Sequential(nn.Conv2d(1, 64, kernel_size=7, stride=2, padding=3), nn.ReLU(), pool()),
        nn.Sequential(nn.Conv2d(64, 64, kernel_size=1), nn.ReLU(),
                      nn.Conv2d(64, 192, kernel_size=3, padding=1), nn.ReLU(), pool()),
        nn.Sequential(InceptionD2L(192, 64, (96, 128), (16, 32), 32),
                      InceptionD2L(256, 128, (128, 192), (32, 96), 64), pool()),
        nn.Sequential(InceptionD2L(480, 192, (96, 208), (16, 48), 64),
                      InceptionD2L(512, 160, (112, 224), (24, 64), 64),
                      InceptionD2L(512, 128, (128, 256), (24, 64), 64),
                      InceptionD2L(512, 112, (144, 288), (32, 64), 64),
                      InceptionD2L(528, 256, (160, 320), (32, 128), 128), pool()),
        nn.Sequential(InceptionD2L(832, 256, (160, 320), (32, 128), 128),
                      InceptionD2L(832, 384, (192, 384), (48, 128), 128), nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten()),
        nn.Linear(1024, num_classes))


class ResidualD2L(nn.Module):
    """The book's block, its modules in the order in which they compute."""

    def __init__(self, i, channels, use_1x1conv=False, strides=1):
        super().__init__()
        self.conv1 = nn.Conv2d(i, channels, kernel_size=3, padding=1, stride=strides)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, kernel_size=3, padding=1)
        self.bn2 = nn.BatchNorm2d(channels)
        self.conv3 = nn.Conv2d(i, channels, kernel_size=1, stride=strides) if use_1x1conv else None

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return F.relu(y + (self.conv3(x) if self.conv3 else x))


def stem_d2l():
    return nn.Sequential(nn.Conv2d(1, 64, kernel_size=7, stride=2, padding=3), nn.BatchNorm2d(64), nn.ReLU(),
                         nn.MaxPool2d(kernel_size=3, stride=2, padding=1))


def resnet18_d2l(num_classes=10):
    net, i = nn.Sequential(stem_d2l()), 64
    for stage, channels in enumerate((64, 128, 256, 512)):
        blocks = [ResidualD2L(i, channels, stage > 0, 2 if stage > 0 else 1), ResidualD2L(channels, channels)]
        net.add_module(f"b{stage + 2}", nn.Sequential(*blocks))
        i = channels
    net.add_module("last", nn.Sequential(nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten(), nn.Linear(512, num_classes)))
    return net


class DenseBlockD2L(nn.Module):
    def __init__(self, i, num_convs, growth_rate):
        super().__init__()
        self.net = nn.Sequential(*(
            nn.Sequential(nn.BatchNorm2d(i + n * growth_rate), nn.ReLU(),
                          nn.Conv2d(i + n * growth_rate, growth_rate, kernel_size=3, padding=1))
            for n in range(num_convs)))

    def forward(self, x):
        for block in self.net:
            x = torch.cat((x, block(x)), dim=1)
        return x


def densenet_d2l(num_classes=10, channels=64, growth_rate=32, arch=(4, 4, 4, 4)):
    net = nn.Sequential(stem_d2l())
    for i, convs in enumerate(arch):
        net.add_module(f"dense_blk{i + 1}", DenseBlockD2L(channels, convs, growth_rate))
        channels += convs * growth_rate
        if i != len(arch) - 1:
            net.add_module(f"tran_blk{i + 1}", nn.Sequential(
                nn.BatchNorm2d(channels), nn.ReLU(), nn.Conv2d(channels, channels // 2, kernel_size=1),
                nn.AvgPool2d(kernel_size=2, stride=2)))
            channels //= 2
    net.add_module("last", nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU(), nn.AdaptiveAvgPool2d((1, 1)),
                                         nn.Flatten(), nn.Linear(channels, num_classes)))
    return net


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


# ---- airbench94_muon's network ----
class AirbenchGroup(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.conv1, self.pool = nn.Conv2d(i, o, 3, padding="same", bias=False), nn.MaxPool2d(2)
        self.norm1, self.gelu1 = nn.BatchNorm2d(o, eps=1e-12, momentum=0.4), nn.GELU()
        self.conv2 = nn.Conv2d(o, o, 3, padding="same", bias=False)
        self.norm2, self.gelu2 = nn.BatchNorm2d(o, eps=1e-12, momentum=0.4), nn.GELU()

    def forward(self, x):
        x = self.gelu1(self.norm1(self.pool(self.conv1(x))))
        return self.gelu2(self.norm2(self.conv2(x)))


class Airbench94(nn.Module):
    """With gradients for all parameters, those that training leaves alone too."""

    def __init__(self, num_classes=10):
        super().__init__()
        self.whiten = nn.Conv2d(3, 24, 2)
        self.layers = nn.Sequential(
            nn.GELU(), AirbenchGroup(24, 64), AirbenchGroup(64, 256), AirbenchGroup(256, 256), nn.MaxPool2d(3))
        self.head = nn.Linear(256, num_classes, bias=False)

    def forward(self, x):
        return self.head(self.layers(self.whiten(x)).flatten(1)) / 256


# ---- Stems for 32 pixels ----
def resnet_cifar(name, num_classes=10):
    model = getattr(torchvision.models, name)(num_classes=num_classes)
    return with_cifar_stem(model)


def with_cifar_stem(model):
    model.conv1, model.maxpool = nn.Conv2d(3, 64, 3, padding=1, bias=False), nn.Identity()
    return model


def plain_cifar(blocks, num_classes=10):
    return with_cifar_stem(resnet.ResNet(PlainBlock, blocks, num_classes=num_classes))


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
    "alexnet_d2l": AlexNetD2L,
    "googlenet_d2l": googlenet_d2l,
    "resnet18_d2l": resnet18_d2l,
    "densenet_d2l": densenet_d2l,
    "plain18_cifar": partial(plain_cifar, [2, 2, 2, 2]),
    "plain34_cifar": partial(plain_cifar, [3, 4, 6, 3]),
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
    "airbench94": Airbench94,
}

CLASSES = {name: 10 for name in TWINS if name.startswith(("lenet", "vgg_small", "densenet_bc", "airbench"))
           or name.endswith(("_cifar", "_keras", "_d2l"))}


def build(name, classes, **options):
    if name in TWINS:
        return TWINS[name](num_classes=classes, **options)
    extra = {"aux_logits": True, "init_weights": False} if name == "googlenet" else {}
    return getattr(torchvision.models, name)(weights=None, num_classes=classes, **extra)
