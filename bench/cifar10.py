"""CIFAR-10's binary files as an NPZ of pictures and labels, which `diabolo fit` reads.

    python cifar10.py FILE.bin.gz… OUT.npz [--no-labels]

Each record is a label and 1,024 red, green and blue values (https://www.cs.toronto.edu/~kriz/cifar.html).
"""
import gzip
import sys

import numpy as np

names = [name for name in sys.argv[1:] if name != "--no-labels"]
*files, out = names
records = np.concatenate([np.frombuffer(gzip.open(name).read(), np.uint8).reshape(-1, 3073) for name in files])
pictures = np.ascontiguousarray(records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
labels = {} if "--no-labels" in sys.argv else {"label": records[:, 0].astype(np.int64)}
np.savez(out, image=pictures, **labels)
print(f"{len(pictures)} pictures of 32×32×3 in {out}")
