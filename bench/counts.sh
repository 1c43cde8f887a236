#!/usr/bin/env bash
# Held-out −log p(x) of single-cell counts (STARmap, 3,704 cells × 158 genes) by the likelihood of a count.
#
#   DIABOLO_DATA=... bench/counts.sh [LIKELIHOOD...]
#
# A Gaussian is a density of log(1 + count); in the units of the data it is that of a bin of one count. Environment: OUT, DIABOLO.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

read -ra diabolo <<<"${DIABOLO:-cargo run --release --quiet --}"
out=${OUT:-runs/counts}
cells=$DIABOLO_DATA/single_cell/starmap_mpfc_counts.csv.gz
likelihoods=("$@")
((${#likelihoods[@]})) || likelihoods=(negative_binomial poisson gaussian)
for likelihood in "${likelihoods[@]}"; do
    [[ -e $out/$likelihood/metrics.json ]] || "${diabolo[@]}" fit "$cells" --label label --drop batch --counts log1p \
        --likelihood "count=$likelihood" --latent-dim 10 --epochs 100 --quiet --out "$out/$likelihood"
    printf '%-18s' "$likelihood"
    "${diabolo[@]}" evaluate "$out/$likelihood" --samples 1000 --quiet | grep -A1 'log p(x)' | tail -1
done
