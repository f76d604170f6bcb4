"""Times training and evaluation of one network by PyTorch, as fast as it goes.

    python3 peer.py resnet-20 THREADS BATCH STEPS

prints the median times of a training step and of an evaluated batch in
milliseconds.
"""

import statistics
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F


class Block(nn.Module):
    def __init__(self, cin, cout, stride, residual):
        super().__init__()
        self.conv1 = nn.Conv2d(cin, cout, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(cout)
        self.conv2 = nn.Conv2d(cout, cout, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(cout)
        self.half = (cout - cin) // 2
        self.stride, self.residual = stride, residual

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        y = self.bn2(self.conv2(y))
        if self.residual:
            if self.stride == 2:
                x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.half, self.half))
            y = y + x
        return F.relu(y, inplace=True)


def network(name):
    kind, depth = name.split("-")
    n = (int(depth) - 2) // 6
    layers = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(inplace=True)]
    cin = 16
    for cout in (16, 32, 64):
        for _ in range(n):
            layers.append(Block(cin, cout, 2 if cin != cout else 1, kind == "resnet"))
            cin = cout
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def median(steps, body):
    times = []
    for i in range(steps + 3):
        start = time.perf_counter()
        body()
        if i >= 3:
            times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


name, threads, batch, steps = sys.argv[1], *map(int, sys.argv[2:])
torch.set_num_threads(threads)
torch.manual_seed(0)
net = network(name).to(memory_format=torch.channels_last)
images = torch.rand(batch, 3, 32, 32).to(memory_format=torch.channels_last)
labels = torch.randint(0, 10, (batch,))
optimiser = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)


def train():
    optimiser.zero_grad(set_to_none=True)
    F.cross_entropy(net(images), labels).backward()
    optimiser.step()


def evaluate():
    with torch.no_grad():
        net(images)


training = median(steps, train)
net.eval()
print(training, median(steps, evaluate))
