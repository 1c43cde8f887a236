//! Parsers of compound values on the command line.

use diabolo::Error;
use diabolo::distribution::Family;
use diabolo::distribution::Variance;
use diabolo::model::{ANY_COLUMN, Bound, FlowConfig, PriorConfig};
use diabolo::nn::Activation;
use diabolo::objective::{Corruption, Estimator, Sparsity};
use diabolo::train::Optimizer;

pub fn widths(text: &str) -> diabolo::Result<Vec<usize>> {
    if text == "none" {
        return Ok(vec![]);
    }
    let wrong =
        |_| Error::invalid_value("--hidden", "widths such as 400 or 512,256, or none", format!("'{text}'"));
    text.split(',').map(|width| width.trim().parse().map_err(wrong)).collect()
}

pub fn activation(flag: &str, name: &str) -> diabolo::Result<Activation> {
    Activation::ALL.into_iter().find(|a| a.name() == name).ok_or_else(|| {
        let known: Vec<&str> = Activation::ALL.iter().map(|a| a.name()).collect();
        Error::invalid_value(flag, known.join(", "), format!("'{name}'"))
    })
}

pub fn variance(text: &str) -> diabolo::Result<Variance> {
    match (text, text.parse()) {
        ("shared", _) => Ok(Variance::Shared),
        ("per_feature", _) => Ok(Variance::PerFeature),
        ("decoder", _) => Ok(Variance::Decoder),
        (_, Ok(value)) => Ok(Variance::Fixed { value }),
        _ => Err(Error::invalid_value(
            "--variance",
            "shared, per_feature, decoder, or a number",
            format!("'{text}'"),
        )),
    }
}

/// Parses COLUMN=NAME, or NAME for every column that it can describe. Column names may contain a
/// `=`, names of distributions cannot.
pub fn likelihood(text: &str) -> diabolo::Result<(String, Family)> {
    let (column, name) = text.rsplit_once('=').unwrap_or((ANY_COLUMN, text));
    Ok((column.into(), name.parse()?))
}

pub fn parse_corruption(flag: &str, text: &str) -> diabolo::Result<Corruption> {
    let wrong = || {
        let expected = "masking:P, gaussian:SD, clipped_gaussian:SD or salt_and_pepper:P";
        Error::invalid_value(flag, expected, format!("'{text}'"))
    };
    let (kind, amount) = text.split_once(':').ok_or_else(wrong)?;
    let amount: f64 = amount.parse().map_err(|_| wrong())?;
    match kind {
        "masking" => Ok(Corruption::Masking { probability: amount }),
        "gaussian" => Ok(Corruption::Gaussian { deviation: amount }),
        "clipped_gaussian" => Ok(Corruption::ClippedGaussian { deviation: amount }),
        "salt_and_pepper" => Ok(Corruption::SaltAndPepper { probability: amount }),
        _ => Err(wrong()),
    }
}

pub fn sparsity(text: &str) -> diabolo::Result<Sparsity> {
    let wrong = || {
        Error::invalid_value(
            "--sparsity",
            "l1:WEIGHT, kl:WEIGHT, kl:WEIGHT:TARGET or top_k:K",
            format!("'{text}'"),
        )
    };
    let number = |text: &str| text.parse::<f64>().map_err(|_| wrong());
    match *text.split(':').collect::<Vec<_>>() {
        ["l1", weight] => Ok(Sparsity::L1 { weight: number(weight)? }),
        ["kl", weight] => Ok(Sparsity::kl(number(weight)?)),
        ["kl", weight, target] => Ok(Sparsity::Kl { weight: number(weight)?, target: number(target)? }),
        ["top_k", k] => Ok(Sparsity::TopK { k: k.parse().map_err(|_| wrong())? }),
        _ => Err(wrong()),
    }
}

pub fn bound(text: &str) -> diabolo::Result<Bound> {
    let wrong = || {
        let expected = "elbo, free_bits:NATS, capacity:NATS:EPOCHS, importance:K, dreg:K, total_correlation:WEIGHT or mmd:WEIGHT";
        Error::invalid_value("--bound", expected, format!("'{text}'"))
    };
    let number = |text: &str| text.parse::<f64>().map_err(|_| wrong());
    let importance = |samples: &str, doubly_reparameterized| {
        let samples = samples.parse().map_err(|_| wrong())?;
        Ok(Bound::Importance { samples, doubly_reparameterized })
    };
    match *text.split(':').collect::<Vec<_>>() {
        ["elbo"] => Ok(Bound::Elbo),
        ["free_bits", nats] => Ok(Bound::FreeBits { nats: number(nats)? }),
        ["capacity", nats, epochs] => Ok(Bound::Capacity { nats: number(nats)?, epochs: number(epochs)? }),
        ["importance", samples] => importance(samples, false),
        ["dreg", samples] => importance(samples, true),
        ["total_correlation", weight] => Ok(Bound::TotalCorrelation { weight: number(weight)? }),
        ["mmd", weight] => Ok(Bound::Mmd { weight: number(weight)? }),
        _ => Err(wrong()),
    }
}

pub fn prior(text: &str) -> diabolo::Result<PriorConfig> {
    let wrong = || {
        let expected =
            "standard_normal, mixture:K, vamp:K, or hierarchical:WIDTHS such as hierarchical:100,100,50";
        Error::invalid_value("--prior", expected, format!("'{text}'"))
    };
    let count = |text: &str| text.trim().parse::<usize>().map_err(|_| wrong());
    match *text.split(':').collect::<Vec<_>>() {
        ["standard_normal"] => Ok(PriorConfig::StandardNormal),
        ["mixture", k] => Ok(PriorConfig::Mixture { components: count(k)? }),
        ["vamp" | "vamp_prior", k] => Ok(PriorConfig::VampPrior { pseudo_inputs: count(k)? }),
        ["hierarchical", widths] => {
            let mut hidden = widths.split(',').map(count).collect::<diabolo::Result<Vec<_>>>()?;
            let latent_dim = hidden.pop().ok_or_else(wrong)?;
            Ok(PriorConfig::Hierarchical { hidden, latent_dim })
        }
        _ => Err(wrong()),
    }
}

pub fn flow(text: &str) -> diabolo::Result<FlowConfig> {
    let wrong = || {
        let expected =
            "none, planar:LAYERS, inverse_autoregressive:LAYERS or inverse_autoregressive:LAYERS:WIDTH";
        Error::invalid_value("--flow", expected, format!("'{text}'"))
    };
    let count = |text: &str| text.parse::<usize>().map_err(|_| wrong());
    let autoregressive = |layers: &str, hidden: usize| {
        Ok(FlowConfig::InverseAutoregressive { layers: count(layers)?, hidden })
    };
    match *text.split(':').collect::<Vec<_>>() {
        ["none"] => Ok(FlowConfig::None),
        ["planar", layers] => Ok(FlowConfig::Planar { layers: count(layers)? }),
        ["inverse_autoregressive", layers] => autoregressive(layers, FlowConfig::USUAL_WIDTH),
        ["inverse_autoregressive", layers, width] => autoregressive(layers, count(width)?),
        _ => Err(wrong()),
    }
}

pub fn optimizer(text: &str) -> diabolo::Result<Optimizer> {
    let wrong = || {
        Error::invalid_value(
            "--optimizer",
            "adam, adam_w:WEIGHT_DECAY, sgd, or sgd:MOMENTUM",
            format!("'{text}'"),
        )
    };
    match text.split_once(':') {
        None if text == "adam" => Ok(Optimizer::Adam),
        None if text == "sgd" => Ok(Optimizer::Sgd { momentum: 0.0 }),
        Some(("sgd", momentum)) => Ok(Optimizer::Sgd { momentum: momentum.parse().map_err(|_| wrong())? }),
        Some(("adam_w", decay)) => Ok(Optimizer::AdamW { weight_decay: decay.parse().map_err(|_| wrong())? }),
        _ => Err(wrong()),
    }
}

pub fn seconds(text: &str) -> diabolo::Result<f64> {
    let wrong = || Error::invalid_value("--max-time", "a time such as 90s, 10m or 2h", format!("'{text}'"));
    let (number, unit) = match text.trim_end_matches(char::is_alphabetic) {
        number if number.len() < text.len() => (number, &text[number.len()..]),
        number => (number, "s"),
    };
    let factor = match unit {
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(wrong()),
    };
    Ok(number.parse::<f64>().map_err(|_| wrong())? * factor)
}

pub fn delimiter(text: &str) -> diabolo::Result<char> {
    let mut characters = text.chars();
    match (text, characters.next(), characters.next()) {
        ("\\t" | "tab", ..) => Ok('\t'),
        (_, Some(c), None) if c.is_ascii() => Ok(c),
        _ => Err(Error::invalid_value("--delimiter", "one ASCII character, or 'tab'", format!("'{text}'"))),
    }
}

pub fn estimator(text: &str) -> diabolo::Result<Estimator> {
    let wrong = || {
        Error::invalid_value(
            "--estimator",
            "auto, exact, hutchinson or hutchinson:PROBES",
            format!("'{text}'"),
        )
    };
    match text.split_once(':').unwrap_or((text, "1")) {
        ("auto", "1") => Ok(Estimator::Auto),
        ("exact", "1") => Ok(Estimator::Exact),
        ("hutchinson", probes) => Ok(Estimator::Hutchinson { probes: probes.parse().map_err(|_| wrong())? }),
        _ => Err(wrong()),
    }
}
