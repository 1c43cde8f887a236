#!/usr/bin/env bash
# −log p(x) of variational autoencoders on binarized MNIST, by importance sampling over all 10,000 test rows.
#
#   DIABOLO_DATA=... bench/mnist_likelihood.sh [MODEL...]
#
# dynamic binarisation, 784-200-200-50, tanh (Burda et al. 2015, table 1): vae, iwae (k = 5), ladder (two stochastic layers)
# the same pixels, convolutions of 16 and 32 channels before 256 units, 40 latent dimensions with two stochastic layers and a
# flow of the posterior: convolutional (185 epochs take half an hour on two cores of a Xeon)
# fixed binarisation (binarized-mnist), 784-200-200-40, silu: standard, vamp (500 pseudo-inputs: Tomczak & Welling 2018, table 1)
#
# Finished parts are kept and not run again; an interrupted fit is resumed.
# Environment: EPOCHS (300; 185 of convolutional), RATE (0.003) and WARMUP (20 epochs) of the first three, SAMPLES per row (5000), THREADS, OUT, DIABOLO.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

read -ra diabolo <<<"${DIABOLO:-cargo run --release --quiet --}"
out=${OUT:-runs/mnist-likelihood}
epochs=${EPOCHS:-300}
samples=${SAMPLES:-5000}
mkdir -p "$out"
[[ -z ${THREADS:-} ]] || diabolo+=(--threads "$THREADS")

network=(--batch-size 128 --patience 0)
dense=(--hidden 200,200 --epochs "$epochs")
convolutional=(--network convolution:16,32 --hidden 256 --epochs "${EPOCHS:-185}" --kl-warmup 10)
dynamic=(--activation tanh --learning-rate "${RATE:-0.003}" --binarize dynamic --validation 0.01)
warmup=(--kl-warmup "${WARMUP:-20}")
# A VampPrior needs a long warm-up; the other prior has the same.
fixed=(--latent-dim 40 --activation silu --learning-rate 0.001 --kl-warmup $((epochs * 2 / 5)))

fit() { # NAME INPUT FLAGS...
    local run=$out/$1
    [[ -e $run/metrics.json ]] && return
    if [[ -e $run/checkpoint ]]; then
        "${diabolo[@]}" fit --resume "$run"
    else
        rm -rf "$run"
        "${diabolo[@]}" fit "$2" --out "$run" "${network[@]}" "${@:3}"
    fi
}

measure() { # NAME
    local result=$out/$1-$samples.json
    [[ -e $result ]] && return
    "${diabolo[@]}" evaluate "$out/$1" --samples "$samples" --json --quiet >"$result.part"
    mv "$result.part" "$result"
}

models=("$@")
((${#models[@]})) || models=(vae iwae ladder convolutional standard vamp)
for model in "${models[@]}"; do
    case $model in
    vae) fit vae mnist "${dense[@]}" --latent-dim 50 "${dynamic[@]}" "${warmup[@]}" ;;
    iwae) fit iwae mnist "${dense[@]}" --latent-dim 50 "${dynamic[@]}" --bound importance:5 ;;
    ladder) fit ladder mnist "${dense[@]}" --latent-dim 100 "${dynamic[@]}" "${warmup[@]}" --prior hierarchical:100,100,50 ;;
    convolutional)
        fit convolutional mnist "${convolutional[@]}" --latent-dim 40 --binarize dynamic --validation 0.01 \
            --learning-rate 0.002 --flow inverse_autoregressive:2 --prior hierarchical:100,100,40
        ;;
    standard) fit standard binarized-mnist "${dense[@]}" "${fixed[@]}" ;;
    vamp) fit vamp binarized-mnist "${dense[@]}" "${fixed[@]}" --prior vamp:500 ;;
    *) echo "unknown model $model: vae, iwae, ladder, convolutional, standard or vamp" >&2 && exit 2 ;;
    esac
    measure "$model"
done

python3 - "$out" "$samples" "${models[@]}" <<'PYTHON'
import json, sys

folder, samples, models = sys.argv[1], sys.argv[2], sys.argv[3:]
print(f"{'model':<10}{'−log p(x) ≤':>22}{'negative ELBO':>15}{'KL':>8}{'active':>10}{'hours':>8}")
for model in models:
    found = json.load(open(f"{folder}/{model}-{samples}.json"))
    hours = sum(json.loads(line)["seconds"] for line in open(f"{folder}/{model}/history.jsonl")) / 3600
    bound = f"{-found['log_likelihood']['mean']:.2f} ± {found['log_likelihood']['standard_error']:.2f}"
    active = f"{found['active_units']} of {found['latent_dim']}"
    print(f"{model:<10}{bound:>22}{found['negative_elbo']:>15.2f}{found['kl_divergence']:>8.2f}{active:>10}{hours:>8.2f}")
PYTHON
