"""A variational autoencoder, 784-400-20, on MNIST in PyTorch, as a script is written. quality.py times it from the shell.

    python pytorch_mnist.py FOLDER --style example --target 105
    python pytorch_mnist.py FOLDER --style memory --epochs 8

`example`: as PyTorch's own example (torchvision's data set and `DataLoader`, Adam 1e-3), tested after every epoch, until the target.
`memory`: all rows in one tensor, shuffled by index, Diabolo's rate and schedule (0.003, cosine), fused Adam; tested once, at the end.
Prints the epochs and the negative ELBO of the test rows as JSON. FOLDER holds the four files of MNIST.
"""
import argparse
import gzip
import json
from pathlib import Path

import numpy as np
import torch
from pytorch import Variational, bernoulli

parser = argparse.ArgumentParser()
parser.add_argument("folder", type=Path)
parser.add_argument("--style", choices=["example", "memory"], required=True)
parser.add_argument("--epochs", type=int, default=50)
parser.add_argument("--target", type=float, default=0.0)
parser.add_argument("--threads", type=int, default=2)
arguments = parser.parse_args()

BATCH = 128
torch.set_num_threads(arguments.threads)
torch.manual_seed(0)
network = Variational([784, 400, 20], bernoulli)


def loaders():
    """torchvision looks for the files in MNIST/raw, and reads them uncompressed."""
    from torchvision import datasets, transforms

    raw = Path("torchvision/MNIST/raw")
    raw.mkdir(parents=True, exist_ok=True)
    for file in arguments.folder.glob("*-ubyte.gz"):
        if not (raw / file.stem).exists():
            (raw / file.stem).write_bytes(gzip.decompress(file.read_bytes()))
    sets = [datasets.MNIST("torchvision", train=train, transform=transforms.ToTensor()) for train in (True, False)]
    return [torch.utils.data.DataLoader(rows, batch_size=BATCH, shuffle=train) for rows, train in zip(sets, (True, False))]


def tensors():
    found = []
    for name in ["train-images-idx3-ubyte.gz", "t10k-images-idx3-ubyte.gz"]:
        pixels = np.frombuffer(gzip.decompress((arguments.folder / name).read_bytes()), np.uint8, offset=16)
        found.append(torch.from_numpy(pixels.reshape(-1, 784).astype(np.float32) / 255))
    return found


@torch.no_grad()
def tested(batches):
    total, rows = 0.0, 0
    for x in batches:
        total += network(x).item() * len(x)
        rows += len(x)
    return total / rows


def learn(optimizer, x):
    optimizer.zero_grad()
    network(x).backward()
    optimizer.step()


def example():
    train, test = loaders()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    for epoch in range(1, arguments.epochs + 1):
        for x, _ in train:
            learn(optimizer, x.view(-1, 784))
        found = tested(x.view(-1, 784) for x, _ in test)
        if found <= arguments.target:
            break
    return epoch, found


def memory():
    train, test = tensors()
    optimizer = torch.optim.Adam(network.parameters(), lr=0.003, fused=True)
    steps = arguments.epochs * (len(train) // BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps, eta_min=3e-5)
    for _ in range(arguments.epochs):
        order = torch.randperm(len(train))
        for k in range(len(train) // BATCH):
            learn(optimizer, train[order[k * BATCH : (k + 1) * BATCH]])
            schedule.step()
    return arguments.epochs, tested(test.split(1000))


epochs, found = {"example": example, "memory": memory}[arguments.style]()
print(json.dumps({"epochs": epochs, "negative_elbo": found}))
