"""The networks of step.py in PyTorch, eager and compiled. Same parameters, losses and Adam; `fused=True` is the fastest Adam there.

What step.py needs of it: `Torch`.
"""
import statistics
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional

WEIGHT, RATE = 0.1, 1e-3


def stack(widths, activation, last=False):
    """Layers of these widths, with the activation between them, and behind the last if asked."""
    layers = []
    for inputs, outputs in zip(widths, widths[1:]):
        layers += [nn.Linear(inputs, outputs), activation()]
    return nn.Sequential(*(layers if last else layers[:-1]))


def bernoulli(logits, x):
    return functional.binary_cross_entropy_with_logits(logits, x, reduction="sum") / len(x)


def gaussian(mean, x):
    return (0.5 * (x - mean) ** 2 + 0.5 * np.log(2 * np.pi)).sum() / len(x)


class Variational(nn.Module):
    def __init__(self, widths, likelihood):
        super().__init__()
        self.latent, self.likelihood = widths[-1], likelihood
        self.encoder = stack([*widths[:-1], 2 * self.latent], nn.ReLU)
        self.decoder = stack(widths[::-1], nn.ReLU)

    def forward(self, x):
        mean, log_variance = self.encoder(x).chunk(2, 1)
        z = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        kl = 0.5 * (mean**2 + log_variance.exp() - log_variance - 1).sum() / len(x)
        return self.likelihood(self.decoder(z), x) + kl


class Contractive(nn.Module):
    """One layer, tied; the closed form of Rifai et al. (2011)."""

    def __init__(self, widths):
        super().__init__()
        self.layer = nn.Linear(*widths)
        self.bias = nn.Parameter(torch.zeros(widths[0]))

    def forward(self, x):
        h = torch.sigmoid(self.layer(x))
        contraction = ((h * (1 - h)) ** 2 @ (self.layer.weight**2).sum(1)).mean()
        return bernoulli(functional.linear(h, self.layer.weight.T, self.bias), x) + WEIGHT * contraction


class Deep(nn.Module):
    def __init__(self, widths):
        super().__init__()
        self.encoder = stack(widths, nn.Sigmoid, last=True)
        self.decoder = stack(widths[::-1], nn.Sigmoid)

    def forward(self, x):
        return bernoulli(self.decoder(self.encoder(x)), x)


NETWORKS = {
    "vae": lambda: Variational([784, 400, 20], bernoulli),
    "vae_table": lambda: Variational([32, 64, 8], gaussian),
    "cae": lambda: Contractive([784, 1000]),
    "deep_plain": lambda: Deep([784, 512, 256, 32]),
}


class Torch:
    """A step of a network, timed as step.py times the others."""

    def __init__(self, case, rows, threads, compiled):
        torch.set_num_threads(threads)
        torch.manual_seed(0)
        self.network = NETWORKS[case]()
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=RATE, fused=True)
        self.loss = torch.compile(self.network) if compiled else self.network
        self.rows = torch.from_numpy(rows)

    def round(self, steps):
        times = []
        for k in range(steps + 5):
            begin = time.perf_counter()
            self.optimizer.zero_grad()
            value = self.loss(self.rows[k % 16])
            value.backward()
            self.optimizer.step()
            assert np.isfinite(value.item())
            times.append((time.perf_counter() - begin) * 1e3)
        return statistics.median(times[5:]), min(times[5:])
