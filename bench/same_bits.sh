#!/usr/bin/env bash
# The digests of trained models (crates/diabolo/tests/same_bits.rs) and the committed compressed files
# (crates/diabolo/tests/codec/committed.rs) for other numbers of threads, and on other processors as QEMU computes
# them: without AVX and FMA, and with AVX2 but without AVX-512.
#
#     apt-get install qemu-user
#     DIABOLO_DATA=... bench/same_bits.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

executable() { # TEST
    cargo test --workspace --test "$1" --no-run --message-format=json 2>/dev/null |
        python3 -c 'import json, sys
for line in sys.stdin:
    found = json.loads(line)
    if found.get("executable") and found["target"]["name"] == sys.argv[1]:
        print(found["executable"])' "$1"
}

models=$(executable same_bits)
files=$(executable codec)
for threads in 1 2 3; do
    echo "== $threads threads"
    RAYON_NUM_THREADS=$threads "$models" -q
done
for processor in qemu64 max; do
    echo "== $processor"
    qemu-x86_64 -cpu "$processor" "$models" -q --test-threads 1
    qemu-x86_64 -cpu "$processor" "$files" -q --test-threads 1 committed
done
