"""Writes projections.json: networks with projection shortcuts, by PyTorch.

    /usr/bin/python3 projections.py > projections.json

Needs python3-torch. The blocks and the names are torchvision's (BasicBlock, with
downsample = Sequential(Conv2d of 1x1, BatchNorm2d)), the first layer and the
stages those of networks for CIFAR-10. Weights and images come from the integer
hash of steps.py, which the Go test computes as well.
"""

import json

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


def hashed(n, salt):
    """n numbers in [-0.5, 0.5)."""
    i = np.arange(n, dtype=np.uint64)
    x = (i * np.uint64(2654435761) + np.uint64(salt * 40503 + 12345)) & np.uint64(0xFFFFFFFF)
    x ^= x >> np.uint64(15)
    x = (x * np.uint64(2246822519)) & np.uint64(0xFFFFFFFF)
    x ^= x >> np.uint64(13)
    return x.astype(np.float64) / 2.0**32 - 0.5


class BasicBlock(nn.Module):
    def __init__(self, inplanes, planes, stride, downsample):
        super().__init__()
        self.conv1 = nn.Conv2d(inplanes, planes, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.downsample = downsample

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet(nn.Module):
    def __init__(self, blocks, channels, option):
        super().__init__()
        self.conv1 = nn.Conv2d(3, channels[0], 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels[0])
        inplanes, self.stages = channels[0], len(blocks)
        for s, (n, planes) in enumerate(zip(blocks, channels)):
            layer = []
            for i in range(n):
                stride = 2 if s > 0 and i == 0 else 1
                downsample = None
                if option == "C" or stride != 1 or inplanes != planes:
                    downsample = nn.Sequential(nn.Conv2d(inplanes, planes, 1, stride, bias=False), nn.BatchNorm2d(planes))
                layer.append(BasicBlock(inplanes, planes, stride, downsample))
                inplanes = planes
            setattr(self, f"layer{s + 1}", nn.Sequential(*layer))
        self.fc = nn.Linear(inplanes, 10)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        for s in range(self.stages):
            x = getattr(self, f"layer{s + 1}")(x)
        return self.fc(x.mean((2, 3)))


def run(blocks, channels, option, batch):
    torch.set_default_dtype(torch.float64)
    net = ResNet(blocks, channels, option)
    for salt, (name, p) in enumerate(net.named_parameters()):
        values = hashed(p.numel(), salt)
        if p.dim() == 4:
            values *= 2 * (6.0 / (9 * p.shape[1])) ** 0.5
        elif name == "fc.weight":
            values *= 2 * (6.0 / 64) ** 0.5
        elif name.endswith("weight"):
            values = 1 + 0.2 * values
        else:
            values = 0.2 * values
        p.data = torch.tensor(values.astype(np.float32).astype(np.float64)).reshape(p.shape)
    x = hashed(batch * 3 * 32 * 32, 1000).astype(np.float32).astype(np.float64) * 2
    x = torch.tensor(x).reshape(batch, 3, 32, 32)
    with torch.no_grad():
        net(x)  # moves the running statistics
        net.eval()
        logits = net(x).tolist()
    shapes = {k: list(v.shape) for k, v in net.state_dict().items() if "num_batches" not in k}
    text = lambda l: ",".join(map(str, l))
    description = f"residual blocks={text(blocks)} channels={text(channels)} shortcut={option}"
    return {"network": description, "batch": batch, "logits": logits, "shapes": shapes}


print(json.dumps([
    run([1, 2, 3], [16, 48, 96], "B", 4),
    run([1, 1, 1], [16, 32, 64], "C", 4),
]))
