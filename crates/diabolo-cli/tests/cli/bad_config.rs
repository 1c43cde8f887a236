//! Invalid requests (exit code 2) and unwritable paths (exit code 1).

use insta::assert_snapshot;

use crate::support::{Workspace, fitted, table};

/// `fit` on a good table with these flags.
fn refused(flags: &str) -> String {
    let workspace = Workspace::new();
    workspace.write("good.csv", table(60, |_, row| row));
    workspace.fails(2, &format!("fit good.csv {flags}"))
}

#[test]
fn values_out_of_range() {
    assert_snapshot!(refused("--latent-dim 0"), @"error: --latent-dim: expected 1 to 1048576, found 0");
    assert_snapshot!(refused("--learning-rate nan"), @"error: --learning-rate: expected a number above 0, found NaN");
    assert_snapshot!(refused("--learning-rate -1"), @"error: --learning-rate: expected a number above 0, found -1");
    assert_snapshot!(refused("--epochs 0"), @"error: --epochs: expected 1 or more (0 only after pretrain_epochs), found 0");
    assert_snapshot!(refused("--batch-size 0"), @"error: --batch-size: expected 1 or more, found 0");
    assert_snapshot!(refused("--hidden 0"), @"error: --hidden: expected widths from 1 to 1048576, found 0");
    assert_snapshot!(refused("--hidden 1048576,1048576"), @"error: --hidden: expected layers with at most 2147483648 weights in all, found 1099536793600");
    assert_snapshot!(refused("--kl-weight nan"), @"error: --kl-weight: expected a number, 0 or more, found NaN");
    assert_snapshot!(refused("--test 0.6 --validation 0.6"), @"error: validation and test: expected a sum below 1: no row is left to train on, found 1.2");
    assert_snapshot!(refused("--threads 0"), @"error: threads: expected 1 to 1024, set once, found 0");
    assert_snapshot!(refused("--threads 100000"), @"error: threads: expected 1 to 1024, set once, found 100000");
    assert_snapshot!(refused("--max-time 0s"), @"error: max_seconds: expected a number above 0, found 0");
}

#[test]
fn values_beyond_memory_and_toml() {
    let workspace = fitted();
    for device in ["", "--near 1"] {
        let message = workspace.fails(2, &format!("generate run -n 1000000000000000000 {device}"));
        assert!(message.contains("--count: expected a number of rows that fits in memory"), "{message}");
    }
    let message = refused("--seed 18446744073709551615");
    assert!(message.contains("--seed"), "{message}");
    assert_snapshot!(refused("--set data.delimiter=Ĭ"), @"error: --delimiter: expected one ASCII character, found 'Ĭ'");
}

#[test]
fn huge_checkpoint_interval_is_accepted() {
    let workspace = Workspace::new();
    workspace.ok("fit digits --epochs 1 --hidden 16 -q --set training.checkpoint_seconds=1e300");
}

#[test]
fn unknown_values() {
    assert_snapshot!(refused("--model nope"), @"error: --model: expected plain, denoising, sparse, contractive, variational, vector_quantized or multiscale, found nope");
    assert_snapshot!(refused("--activation cube"), @"error: --activation: expected sigmoid, tanh, softplus, silu, gelu, relu, identity, found 'cube'");
    assert_snapshot!(refused("--hidden 12,x"), @"error: --hidden: expected widths such as 400 or 512,256, or none, found '12,x'");
    assert_snapshot!(refused("--optimizer adagrad"), @"error: --optimizer: expected adam, adam_w:WEIGHT_DECAY, sgd, or sgd:MOMENTUM, found 'adagrad'");
    assert_snapshot!(refused("--schedule sometimes"), @"error: --schedule: expected constant, cosine or plateau, found sometimes");
    assert_snapshot!(refused("--max-time 1x"), @"error: --max-time: expected a time such as 90s, 10m or 2h, found '1x'");
    assert_snapshot!(refused("--numeric what"), @"error: data.numeric: expected a known key and a valid value, found unknown variant `what`, expected one of `standardize`, `standardize_steps`, `min_max`, `quantile`");
    assert_snapshot!(refused("--set model.latent=3"), @"error: model.latent: expected a known key and a valid value, found unknown field `latent`, expected one of `family`, `hidden`, `network`, `latent_dim`, `activation`, `latent_activation`, `likelihood`, `variance`");
    assert_snapshot!(refused("--device abacus"), @"error: device: expected cpu, cuda, wgpu, or cuda:N, found abacus");
}

#[test]
fn errors_of_the_argument_parser() {
    assert_snapshot!(refused("--epochs abc"), @"error: --epochs: expected a whole number, found 'abc'; see --help for the options");
    assert_snapshot!(refused("--latent-dim -3"), @"error: --latent-dim: expected a whole number, 0 or more, found '-3'; see --help for the options");
    assert_snapshot!(refused("--latent-dim 99999999999999999999"), @"error: --latent-dim: expected a smaller number, found '99999999999999999999'; see --help for the options");
    assert_snapshot!(refused("--learning-rate fast"), @"error: --learning-rate: expected a number, found 'fast'; see --help for the options");
    assert_snapshot!(refused("--window 1.5"), @"error: --window: expected a whole number, found '1.5'; see --help for the options");
    assert_snapshot!(refused("--epoch 3"), @"error: unexpected argument '--epoch' found; tip: a similar argument exists: '--epochs'; see --help for the options");
    assert_snapshot!(Workspace::new().fails(2, "fit"), @"error: the following required arguments were not provided: <INPUT>; see --help for the options");
    assert_snapshot!(Workspace::new().fails(2, "inspec"), @"error: unrecognized subcommand 'inspec'; tip: a similar subcommand exists: 'inspect'; see --help for the options");
}

#[test]
fn flags_of_another_family() {
    assert_snapshot!(refused("--model contractive --kl-weight 2"), @"error: --kl-weight and --model contractive cannot be combined: --kl-weight is for --model variational");
    assert_snapshot!(refused("--model variational --contraction-weight 2"), @"error: --contraction-weight and --model variational cannot be combined: --contraction-weight is for --model contractive");
    assert_snapshot!(refused("--corruption masking:0.3"), @"error: --corruption and --model variational cannot be combined: --corruption is for --model denoising");
}

#[test]
fn unknown_columns() {
    let workspace = Workspace::new();
    workspace.write("good.csv", table(60, |_, row| row));
    assert_snapshot!(workspace.fails(3, "fit good.csv --key nope"), @"error: good.csv: expected the column 'nope' (--key), found the columns 'id', 'x', 'n', 'color', 'flag'; give --key one of the columns");
    assert_snapshot!(workspace.fails(3, "fit good.csv --drop x --drop n --drop color --drop flag --key id"), @"error: good.csv: expected at least one usable column, found none; keep a column, or set its type with --type");
}

#[test]
fn a_broken_configuration_file() {
    let workspace = Workspace::new();
    workspace.write("c.toml", "[model]\nlatent = 3\n");
    assert_snapshot!(workspace.fails(2, "fit digits --config c.toml"), @"error: c.toml, line 2: expected the keys that `diabolo fit --print-config` shows, found unknown field `latent`, expected one of `family`, `hidden`, `network`, `latent_dim`, `activation`, `latent_activation`, `likelihood`, `variance`");
}

/// Tests may run as root, for whom permissions do not apply; a file as a part of the path always
/// fails.
#[test]
fn unwritable_paths() {
    let workspace = fitted();
    assert_snapshot!(workspace.fails(1, "fit good.csv --key id -o good.csv/run"), @"error: good.csv/run: cannot create: a part of the path is a file, not a folder; choose another path");
    assert_snapshot!(workspace.fails(1, "encode run good.csv -o good.csv/codes.csv"), @"error: good.csv/codes.csv: cannot write: a part of the path is a file, not a folder; choose another path");
    assert_snapshot!(workspace.fails(1, "encode run good.csv -o nowhere/codes.csv"), @"error: nowhere/codes.csv: cannot write: there is no such file or folder; check the path");
    assert_snapshot!(workspace.fails(2, "encode run good.csv -o codes.weird"), @"error: cannot write 'codes.weird': its extension is not that of a writable format; use .csv, .tsv, .jsonl (also with .gz or .zst), .parquet, .arrow, .feather, .npy, or a folder/ for images");
    assert_snapshot!(workspace.fails(2, "fit good.csv --key id -o run"), @"error: run: this folder already contains a run; choose another --out, resume the run with --resume, or replace it with --force");
}

#[test]
fn unsupported_requests() {
    let workspace = Workspace::new();
    workspace.ok("fit digits --model plain --epochs 1 --hidden none --latent-dim 4 -o run -q");
    assert_snapshot!(workspace.fails(2, "generate run --step nan"), @"error: --step: expected a number from 0 to 1000, found NaN");
    assert_snapshot!(workspace.fails(2, "generate run --step=-1"), @"error: --step: expected a number from 0 to 1000, found -1");
    assert_snapshot!(workspace.fails(2, "generate run --thin 0"), @"error: --thin: expected 1 to 1000000, found 0");
    assert_snapshot!(workspace.fails(2, "generate run --chains 0"), @"error: --chains: expected 1 or more, found 0");
    assert_snapshot!(workspace.fails(2, "generate run --burn-in 10000000"), @"error: --burn-in: expected 0 to 1000000, found 10000000");
    workspace.ok("fit digits --epochs 1 --hidden 16 -o prior -q");
    assert_snapshot!(workspace.fails(2, "generate prior --step 1"), @"error: a variational autoencoder draws codes from its prior; omit --step, --burn-in, --thin and --chains, which are for models without a prior");
    assert_snapshot!(workspace.fails(2, "report run/model.safetensors"), @"error: --out: expected a file to write the report to, found none");
}
