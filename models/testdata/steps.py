"""Writes steps.json: three training steps of the networks by PyTorch.

    python3 steps.py > steps.json

Needs python3-torch. Weights and images come from the integer hash below, which
the Go test computes as well, so that only results are stored: losses, and of
each tensor how far it has moved, as a whole and along a hashed direction, which
no permutation of its elements would keep.
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


class Block(nn.Module):
    def __init__(self, cin, cout, stride, residual):
        super().__init__()
        self.conv1 = nn.Conv2d(cin, cout, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(cout)
        self.conv2 = nn.Conv2d(cout, cout, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(cout)
        self.cin, self.cout, self.stride, self.residual = cin, cout, stride, residual

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.residual:
            if self.stride == 2:
                half = (self.cout - self.cin) // 2
                x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, half, half))
            y = y + x
        return F.relu(y)


class Net(nn.Module):
    def __init__(self, n, residual):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        cin = 16
        for s, cout in enumerate((16, 32, 64)):
            blocks = []
            for _ in range(n):
                blocks.append(Block(cin, cout, 2 if cin != cout else 1, residual))
                cin = cout
            setattr(self, f"layer{s + 1}", nn.Sequential(*blocks))
        self.linear = nn.Linear(64, 10)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.linear(x.mean((2, 3)))


def run(depth, residual, batch, steps):
    torch.set_default_dtype(torch.float64)
    net = Net((depth - 2) // 6, residual)
    for salt, (name, p) in enumerate(net.named_parameters()):
        values = hashed(p.numel(), salt)
        if p.dim() == 4:
            values *= 2 * (6.0 / (9 * p.shape[1])) ** 0.5
        elif name == "linear.weight":
            values *= 2 * (6.0 / 64) ** 0.5
        elif name.endswith("weight"):
            values = 1 + 0.2 * values
        else:
            values = 0.2 * values
        p.data = torch.tensor(values.astype(np.float32).astype(np.float64)).reshape(p.shape)
    x = hashed(batch * 3 * 32 * 32, 1000).astype(np.float32).astype(np.float64) * 2
    x = torch.tensor(x).reshape(batch, 3, 32, 32)
    labels = torch.arange(batch) * 7 % 10
    begin = {k: v.clone() for k, v in net.state_dict().items()}
    opt = torch.optim.SGD(net.parameters(), lr=0.001, momentum=0.9, weight_decay=1e-4)
    losses = []
    for _ in range(steps):
        opt.zero_grad()
        loss = F.cross_entropy(net(x), labels)
        loss.backward()
        opt.step()
        losses.append(loss.item())
    net.eval()
    with torch.no_grad():
        losses.append(F.cross_entropy(net(x), labels).item())
    changes = {}
    for salt, (k, v) in enumerate((k, v) for k, v in net.state_dict().items() if "num_batches" not in k):
        change = (v - begin[k]).flatten()
        direction = torch.tensor(hashed(change.numel(), 2000 + salt))
        changes[k] = {"norm": change.norm().item(), "along": torch.dot(change, direction).item()}
    return {"depth": depth, "residual": residual, "batch": batch, "losses": losses, "changes": changes}


print(json.dumps([run(20, r, 8, 3) for r in (False, True)], indent=1))
