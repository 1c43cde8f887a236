#!/usr/bin/env bash
# Test error on MNIST of a fine-tuned encoder of 1,000 sigmoid units, by pretraining method (Rifai et al. 2011, table 1);
# `convolution` is a contractive encoder of two convolutions and 256 units, fine-tuned with images shifted by up to 2 pixels.
#
#   DIABOLO_DATA=... bench/mnist_error.sh [METHOD...]
#
# 50,000 training rows, 10,000 validation rows (which select the epoch), the 10,000 test rows evaluated once. With SPLIT=basic
# (Larochelle et al. 2007) 10,000, 2,000 and 50,000 rows, drawn at random from the first 62,000 of both files.
# Finished parts are kept and not run again.
# Environment: SEEDS of the fine-tuning (3), EPOCHS of pretraining (30), SPLIT (full), THREADS, OUT, DIABOLO.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

read -ra diabolo <<<"${DIABOLO:-cargo run --release --quiet --}"
out=${OUT:-runs/mnist-error}
seeds=${SEEDS:-3}
epochs=${EPOCHS:-30}
mkdir -p "$out"
[[ -z ${THREADS:-} ]] || diabolo+=(--threads "$THREADS")

input=mnist
split=(--validation 0.1666667)
if [[ ${SPLIT:-full} == basic ]]; then
    input=$out/basic-images-idx3-ubyte
    split=(--label label --validation 0.0322580645 --test 0.8064516129)
    [[ -e $input ]] || python3 - "$DIABOLO_DATA/mnist" "$out" <<'PYTHON'
import gzip, struct, sys

source, out = sys.argv[1:]
for kind, magic, shape, row in [("images-idx3", 0x803, (62_000, 28, 28), 784), ("labels-idx1", 0x801, (62_000,), 1)]:
    data = b"".join(
        gzip.open(f"{source}/{part}-{kind}-ubyte.gz").read()[4 + 4 * len(shape) :] for part in ("train", "t10k")
    )
    header = struct.pack(f">{1 + len(shape)}I", magic, *shape)
    open(f"{out}/basic-{kind}-ubyte", "wb").write(header + data[: 62_000 * row])
PYTHON
fi

sigmoid=(--activation sigmoid --tied "${split[@]}" --batch-size 128 --learning-rate 0.003 --patience 0)
one=(--hidden none --latent-dim 1000 --epochs "$epochs")
two=(--hidden 1000 --latent-dim 1000 --pretrain-epochs "$epochs" --epochs 0)
tuning=(--fine-tune --repeats "$seeds" --batch-size 128 --patience 0 --json --quiet)
dense=(--epochs 30 --learning-rate 0.003)
shifted=(--epochs 20 --learning-rate 0.001 --augment shift:2)

pretrain() { # METHOD FLAGS...
    local run=$out/$1
    [[ -e $run/model.safetensors ]] && return
    rm -rf "$run"
    "${diabolo[@]}" fit "$input" --out "$run" "${@:2}"
}

tune() { # METHOD
    local result=$out/$1.json flags=("${dense[@]}" --no-baseline)
    [[ -e $result ]] && return
    [[ $1 == plain ]] && flags=("${dense[@]}")
    [[ $1 == convolution ]] && flags=("${shifted[@]}" --no-baseline)
    "${diabolo[@]}" features "$out/$1" "${tuning[@]}" "${flags[@]}" >"$result.part"
    mv "$result.part" "$result"
}

methods=("$@")
((${#methods[@]})) || methods=(plain decay denoising contractive stacked convolution)
for method in "${methods[@]}"; do
    case $method in
    plain) pretrain plain "${sigmoid[@]}" --model plain --latent-activation sigmoid "${one[@]}" ;;
    decay) pretrain decay "${sigmoid[@]}" --model plain --latent-activation sigmoid --optimizer adam_w:0.01 "${one[@]}" ;;
    denoising) pretrain denoising "${sigmoid[@]}" --model denoising --corruption gaussian:0.3 "${one[@]}" ;;
    contractive) pretrain contractive "${sigmoid[@]}" --model contractive --contraction-weight 1 "${one[@]}" ;;
    stacked) pretrain stacked "${sigmoid[@]}" --model contractive --contraction-weight 1 "${two[@]}" ;;
    convolution)
        pretrain convolution "${split[@]}" --model contractive --contraction-weight 0.1 --network convolution:32,64:5 --hidden none \
            --latent-dim 256 --activation relu --latent-activation relu --epochs 3 --batch-size 128 --learning-rate 0.001 --patience 0
        ;;
    *) echo "unknown method $method: plain, decay, denoising, contractive, stacked or convolution" >&2 && exit 2 ;;
    esac
    tune "$method"
done

python3 - "$out" "${methods[@]}" <<'PYTHON'
import json, math, sys

folder, methods = sys.argv[1], sys.argv[2:]

def line(name, runs, metrics):
    errors = [100 * run["test_error"] for run in runs]
    mean = sum(errors) / len(errors)
    spread = math.sqrt(sum((e - mean) ** 2 for e in errors) / max(len(errors) - 1, 1) / len(errors))
    error = f"{mean:.2f} ± {spread:.2f} %" if len(errors) > 1 else f"{mean:.2f} %"
    norm = f"{metrics['jacobian_norm']:.2f}" if metrics else "—"
    saturated = f"{100 * metrics['saturated_fraction']:.1f} %" if "saturated_fraction" in metrics else "—"
    print(f"{name:<14}{error:>16}{norm:>12}{saturated:>14}")

print(f"{'pretraining':<14}{'test error':>16}{'‖J‖_F':>12}{'saturated':>14}")
for method in methods:
    found = json.load(open(f"{folder}/{method}.json"))
    line(method, found["pretrained"], json.load(open(f"{folder}/{method}/metrics.json")))
    if found["random"]:
        line("none", found["random"], {})
PYTHON
