"""The program that a bench runs: DIABOLO, by default that of this checkout."""

import os
import shlex
import subprocess
import sys

DIABOLO = shlex.split(os.environ.get("DIABOLO", "cargo run --release --quiet --"))


def run(*words):
    """What a command prints; ends the bench with its message if it fails."""
    done = subprocess.run([*DIABOLO, *map(str, words)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, words))}\n{done.stderr}")
    return done.stdout
