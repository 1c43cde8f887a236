//! Convolutional networks on the built-in digits, convolutional and recurrent ones on windows of
//! the built-in series, in every family that has them, and their errors.

use insta::assert_snapshot;

use crate::support::Workspace;

fn refused(flags: &str) -> String {
    Workspace::new().fails(2, &format!("fit {flags}"))
}

/// The mean squared error of the mean digit: the variance of a pixel, 1202 / 64 / 16².
const MEAN_DIGIT: f64 = 0.0733;

/// Fits the run `run` anew, whose mean squared error is to be below `most`; what is read has the
/// architecture that was saved.
fn fits(workspace: &Workspace, flags: &str, most: f64) {
    if workspace.path("run").exists() {
        std::fs::remove_dir_all(workspace.path("run")).unwrap();
    }
    workspace.ok(&format!("fit {flags} -q -o run"));
    let metrics = workspace.json("run/metrics.json");
    let error = metrics["mse"].as_f64().unwrap();
    assert!(error < most, "{flags}: {error}");
    let read = workspace.ok("evaluate run --json").json();
    assert_eq!(read["contraction"], metrics["contraction"], "{flags}");
}

#[test]
fn every_family_has_convolutions() {
    let workspace = Workspace::new();
    for flags in [
        "plain",
        "plain --tied --pretrain-epochs 1",
        "denoising --latent-dim 20 --hidden 32",
        "sparse --tied false",
        "contractive",
        "contractive --latent-dim 8 --estimator exact --curvature-weight 0.01",
        "variational --prior vamp:20",
        "variational --likelihood discretized_logistic:2 --flow planar:1",
        "variational --condition label",
        "vector_quantized",
    ] {
        let network = "--network convolution:8,12 --epochs 8 --learning-rate 0.01 --batch-size 16";
        fits(&workspace, &format!("digits --model {flags} {network}"), 0.7 * MEAN_DIGIT);
        assert!(workspace.text("run/report.html").contains("8×8×1 → 4×4×8 → 2×2×12"), "{flags}");
    }
}

#[test]
fn codes_are_maps_in_fully_convolutional_networks() {
    let workspace = Workspace::new();
    for flags in [
        "plain",
        "contractive --estimator exact --curvature-weight 0.01",
        "variational --likelihood discretized_logistic:2 --latent-dim 12",
        "vector_quantized",
    ] {
        let network = "--network fully_convolutional:8,12 --epochs 6 --learning-rate 0.01 --batch-size 16";
        fits(&workspace, &format!("digits --model {flags} {network}"), 0.6 * MEAN_DIGIT);
        assert!(workspace.text("run/report.html").contains("8×8×1 → 4×4×8 → 2×2×12 → 2×2×"), "{flags}");
    }
    // Codes that depend on each other are drawn so.
    let network = "--network fully_convolutional:8 --epochs 20 --learning-rate 0.01 --batch-size 64";
    workspace.ok(&format!("fit digits {network} -q -o maps"));
    let report = workspace.text("maps/report.html");
    assert!(report.contains("the mean and the covariance of the codes"), "{report}");
    let [some, again] = ["generate maps -n 8", "generate maps -n 8"].map(|line| workspace.ok(line).stdout);
    assert!(some == again && some.lines().count() == 9, "{some}");
    let network = "--network fully_convolutional:4 --epochs 1";
    workspace.ok(&format!("fit taxi --window 8 {network} -q -o windows"));
    assert_snapshot!(refused(&format!("digits {network} --latent-dim 20")), @"error: --latent-dim: expected a multiple of 16, the positions of a code of 4 × 4, found 20");
    assert_snapshot!(refused(&format!("digits {network} --hidden 8")), @"error: hidden and network = fully_convolutional cannot be combined: a fully convolutional network has no hidden layers");
    assert_snapshot!(refused(&format!("digits {network} --condition label")), @"error: condition and network = fully_convolutional cannot be combined: the condition is an input of a fully connected layer: take convolution:32,64");
    assert_snapshot!(refused(&format!("digits {network} --model plain --tied")), @"error: tied and network cannot be combined: these layers have no tied decoder: leave it out, or tied = false");
}

/// 40 pictures of 24 × 26 in colour, as NumPy writes them.
fn pictures() -> Vec<u8> {
    let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (40, 24, 26, 3), }\n";
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend((0..40 * 24 * 26 * 3).map(|at: u32| (at % 251) as u8));
    bytes
}

#[test]
fn colour_pictures_have_convolutions_by_default() {
    let workspace = Workspace::new();
    workspace.write("pictures.npy", pictures());
    let kind = |flags: &str| {
        let printed = workspace.ok(&format!("fit pictures.npy {flags} --print-config")).stdout;
        let network = printed.split("[model.network]").nth(1).unwrap().lines().nth(1).unwrap();
        (network.to_string(), printed.contains("latent_dim = 336"))
    };
    let [convolutional, dense] = ["fully_convolutional", "dense"].map(|name| format!("kind = \"{name}\""));
    assert_eq!(kind(""), (convolutional.clone(), true), "6 × 7 positions of 8 channels");
    assert_eq!(kind("--network auto").0, convolutional);
    for flags in [
        "--hidden 64",
        "--latent-dim 20",
        "--model contractive",
        "--model plain --tied",
        "--model plain --pretrain-epochs 1 --hidden 64",
        "--network dense",
    ] {
        assert_eq!(kind(flags), (dense.clone(), false), "{flags}");
    }
}

#[test]
fn every_family_has_residual_blocks() {
    let workspace = Workspace::new();
    for flags in ["variational --condition label", "contractive --latent-dim 8", "sparse", "vector_quantized"]
    {
        let network = "--network residual:8,12 --epochs 6 --learning-rate 0.005 --batch-size 16";
        fits(&workspace, &format!("digits --model {flags} {network}"), 0.7 * MEAN_DIGIT);
    }
}

/// Families that are tied by default are not, where the network has no transpose.
#[test]
fn networks_without_a_transpose_are_compared_and_fitted_untied() {
    let workspace = Workspace::new();
    for flags in [
        "digits --network residual:4 --latent-dim 4",
        "taxi --window 8 --network gru:4 --latent-dim 2",
        "taxi --window 8 --network convolution:4 --latent-dim 2",
    ] {
        let one = "--models plain,contractive --seeds 1 --epochs 1 --batch-size 512 --json -q";
        let found = workspace.ok(&format!("compare {flags} {one}")).json();
        assert!(found.to_string().contains("contractive"), "{flags}: {found}");
        std::fs::remove_dir_all(workspace.path("runs")).unwrap();
    }
    workspace.ok("fit taxi --window 8 --model contractive --network convolution:4 --epochs 1 -q -o run");
}

/// Windows of a day, of which the variance is 1 after scaling.
#[test]
fn every_family_has_networks_over_the_steps_of_windows() {
    let workspace = Workspace::new();
    let fast = "--epochs 3 --learning-rate 0.01 --batch-size 64";
    let slow = "--epochs 6 --learning-rate 0.001 --batch-size 32";
    for (network, flags, training) in [
        ("gru:16", "plain --latent-dim 4", fast),
        ("gru:12,8", "denoising --hidden 16", fast),
        ("gru:16", "contractive --latent-dim 4 --curvature-weight 0.01", fast),
        ("gru:16", "variational", fast),
        ("gru:16", "vector_quantized", slow),
        ("convolution:8,16", "variational", fast),
        ("residual:8,12", "contractive --latent-dim 4", fast),
        ("dilated:8x3", "denoising", fast),
        ("lstm:16", "contractive --latent-dim 4", fast),
        ("lstm:16", "plain --latent-dim 4", fast),
    ] {
        fits(&workspace, &format!("taxi --model {flags} --window 24 --network {network} {training}"), 0.9);
    }
}

#[test]
fn threads_change_no_bit_of_a_recurrent_model() {
    let workspace = Workspace::new();
    let model = |threads: &str| {
        let network = "--window 24 --network gru:24 --epochs 1 --batch-size 512";
        workspace.ok(&format!("fit taxi {network} --threads {threads} -q -o {threads}"));
        workspace.bytes(&format!("{threads}/model.safetensors"))
    };
    assert!(model("1") == model("2"));
}

#[test]
fn threads_change_no_bit_of_a_convolutional_model() {
    let workspace = Workspace::new();
    let model = |flags: &str, run: &str| {
        let network = "--model contractive --network convolution:16,8 --epochs 2 --batch-size 512";
        workspace.ok(&format!("fit digits {network} {flags} -q -o {run}"));
        workspace.bytes(&format!("{run}/model.safetensors"))
    };
    let one = model("--threads 1", "one");
    assert!(one == model("--threads 2", "two"));
    assert!(one != model("--threads 2 --seed 1", "seed"));
}

/// From a stream of their own, whatever the number of threads.
#[test]
fn training_images_are_changed() {
    let workspace = Workspace::new();
    let fit = |flags: &str, run: &str| {
        let network = "--network convolution:8 --epochs 4 --learning-rate 0.01";
        workspace.ok(&format!("fit digits {network} {flags} -q -o {run}"));
        workspace.bytes(&format!("{run}/model.safetensors"))
    };
    let plain = fit("", "plain");
    let changed = fit("--augment flip,shift:1", "changed");
    assert!(plain != changed);
    assert!(changed == fit("--augment flip,shift:1 --threads 1", "again"));
    assert_snapshot!(refused("digits --augment shift:8"), @"error: augment.shift: expected fewer pixels than an image of 8 × 8 has, found 8");
    assert_snapshot!(refused("digits --augment rotate"), @"error: --augment: expected flip, shift:2, or flip,shift:2, found 'rotate'");
    assert_snapshot!(refused("customers --augment flip"), @"error: augment and these columns cannot be combined: only rows that are one image each can be flipped and shifted");
}

#[test]
fn a_convolutional_encoder_is_fine_tuned_and_walked() {
    let workspace = Workspace::new();
    workspace.ok("fit digits --model contractive --network convolution:8 --label label --epochs 4 -q -o run");
    workspace.ok("generate run -n 4 --burn-in 5 -o walk.png");
    let tuned = |flags: &str| {
        let found =
            workspace.ok(&format!("features run --fine-tune --epochs 2 --no-baseline --json {flags}"));
        ["test_error", "validation_error"].map(|name| found.json()["pretrained"][0][name].as_f64().unwrap())
    };
    assert_eq!(tuned(""), tuned(""));
    assert_ne!(tuned("--augment shift:3"), tuned(""), "images are shifted in fine-tuning, too");
    workspace.ok("evaluate run --diagnose");
}

#[test]
fn the_dense_flag_is_the_short_one() {
    let workspace = Workspace::new();
    let printed = |flags: &str| workspace.ok(&format!("fit digits {flags} --print-config")).stdout;
    assert_eq!(printed("--network dense:32,16"), printed("--hidden 32,16"));
    let configured = printed("--network convolution:8,16 --hidden 32");
    assert!(configured.contains("kind = \"convolution\""), "{configured}");
    workspace.write("c.toml", &configured);
    assert_eq!(printed("--config c.toml"), configured);
}

/// Rows of 24 numbers: a sine of another phase and height in each.
#[test]
fn tables_of_numbers_and_rows_of_pixels_are_sequences() {
    let workspace = Workspace::new();
    let sine = |row: usize, step: usize| {
        let (phase, height) = ((row * 7 % 24) as f64, 1.0 + (row * 5 % 11) as f64);
        format!("{:.3}", height * ((step as f64 + phase) * std::f64::consts::TAU / 24.0).sin())
    };
    let line = |cells: Vec<String>| cells.join(",") + "\n";
    let names = line((1..=24).map(|step| format!("t{step}")).collect());
    let rows: String = (0..400).map(|row| line((0..24).map(|step| sine(row, step)).collect())).collect();
    workspace.write("sines.csv", names + &rows);
    for (flags, most) in [
        ("gru:16 --model plain", 0.3),
        ("lstm:16 --model variational --kl-weight 0.1", 0.5),
        ("dilated:8x3 --model denoising", 0.1),
        ("convolution:8,16 --model contractive --tied", 0.1),
        ("residual:8,16 --model variational --variance shared", 0.1),
    ] {
        let usual = "--latent-dim 4 --hidden 32 --epochs 30 --learning-rate 0.01 --batch-size 16";
        fits(&workspace, &format!("sines.csv --network {flags} {usual}"), most);
    }
    let rows = "digits --network gru:24 --model plain --epochs 8 --learning-rate 0.01 --batch-size 16";
    fits(&workspace, rows, 0.8 * MEAN_DIGIT);
}

#[test]
fn networks_that_do_not_fit_are_refused() {
    assert_snapshot!(refused("digits --network cnn:3"), @"error: --network: expected dense, dense:WIDTHS such as dense:512,256, convolution:CHANNELS such as convolution:32,64, convolution:CHANNELS:KERNEL, fully_convolutional:CHANNELS, residual:CHANNELS, dilated:CHANNELSxLAYERS such as dilated:64x6, gru:UNITS such as gru:64, or lstm:UNITS, found 'cnn:3'");
    assert_snapshot!(refused("digits --network convolution:0"), @"error: network.channels: expected 1 to 10 numbers of channels, each from 1 to 4096, found [0]");
    assert_snapshot!(refused("digits --network convolution:8:0"), @"error: network.kernel: expected 1 to 31, found 0");
    assert_snapshot!(refused("digits --network convolution:8 --model multiscale"), @"error: network and model = multiscale cannot be combined: the noise level is an input of a fully connected first layer");
    assert_snapshot!(refused("digits --network dilated:8x3"), @"error: network = dilated and these columns cannot be combined: such layers need windows of a series, or rows of numbers of one kind alone, whose columns are in order");
    assert_snapshot!(refused("digits --network residual:8 --model plain --tied"), @"error: tied and network cannot be combined: these layers have no tied decoder: leave it out, or tied = false");
    let workspace = Workspace::new();
    let mixed = |i: usize| format!("{}.5,{}\n", i * i % 17, ["x", "y", "z"][i % 3]);
    workspace.write("t.csv", format!("a,b\n{}", (0..40).map(mixed).collect::<String>()));
    assert_snapshot!(workspace.fails(2, "fit t.csv --network gru:8"), @"error: network = gru and these columns cannot be combined: such layers need windows of a series, or rows of numbers of one kind alone, whose columns are in order");
    let tied = "fit taxi --window 6 --model plain --tied --network gru:8";
    assert_snapshot!(workspace.fails(2, tied), @"error: tied and network cannot be combined: these layers have no tied decoder: leave it out, or tied = false");
    let line = |at: usize| (0..8).map(|k| format!("{}.25,", (at * (k + 3)) % 23)).collect::<String>();
    let numbers: String = (0..40).map(|at| line(at) + "1.5\n").collect();
    workspace.write("n.csv", format!("a,b,c,d,e,f,g,h,i\n{numbers}"));
    let two = "fit n.csv --drop i --network convolution:4 --model variational --likelihood b=laplace";
    assert_snapshot!(workspace.fails(2, two), @"error: network and these likelihoods cannot be combined: convolutions over the columns of a table need one likelihood for all");
    let residual = workspace.fails(2, "fit t.csv --network residual:8");
    assert!(residual.starts_with("error: network = residual and these columns"), "{residual}");
    assert_snapshot!(workspace.fails(2, "fit t.csv --network convolution:8"), @"error: network = convolution and these columns cannot be combined: convolutions need rows that are one image each, without other columns, windows of a series, or numbers of one kind alone, whose columns are in order");
}
