//! Precedence, stored defaults, and errors.
#![allow(clippy::unwrap_used)]
use super::*;
use crate::distribution::{CustomLikelihood, register};

const DEFAULTS: Defaults =
    Defaults { variational: true, tied: false, black_and_white: false, variance: Variance::PerFeature };

fn block(kind: BlockKind, start: usize, width: usize, names: &[&str]) -> Block {
    let names: Vec<String> = names.iter().map(|n| n.to_string()).collect();
    Block { kind, start, width, image: None, features: (0..names.len()).collect(), names }
}

fn table() -> Vec<Block> {
    vec![
        block(BlockKind::Numeric, 0, 4, &["a", "b", "c", "d"]),
        block(BlockKind::Count, 4, 2, &["visits", "calls"]),
        block(BlockKind::Ordinal, 6, 3, &["size"]),
    ]
}

fn choices(pairs: &[(&str, &str)]) -> BTreeMap<String, Family> {
    pairs.iter().map(|(key, name)| (key.to_string(), name.parse().unwrap())).collect()
}

fn families(pairs: &[(&str, &str)]) -> Vec<(Family, usize, usize)> {
    let resolved = resolve(&mut choices(pairs), &table(), &DEFAULTS).unwrap();
    resolved.into_iter().map(|b| (b.family, b.start, b.width)).collect()
}

#[test]
fn defaults_depend_on_the_type_and_are_stored() {
    let mut map = BTreeMap::new();
    let first = resolve(&mut map, &table(), &DEFAULTS).unwrap();
    let expected = [(Family::Gaussian, 0, 4), (Family::NegativeBinomial, 4, 2), (Family::Ordinal, 6, 3)];
    let found: Vec<_> = first.iter().map(|b| (b.family, b.start, b.width)).collect();
    assert_eq!(found, expected);
    assert_eq!(
        map,
        choices(&[("numeric", "gaussian"), ("count", "negative_binomial"), ("ordinal", "ordinal")])
    );
    // A resolved configuration does not depend on the defaults.
    let others = Defaults { variational: false, tied: false, black_and_white: true, ..DEFAULTS };
    assert_eq!(resolve(&mut map, &table(), &others).unwrap(), first);
    let plain = resolve(&mut BTreeMap::new(), &table(), &others).unwrap();
    assert_eq!(plain[1].family, Family::Gaussian);
}

#[test]
fn name_overrides_type_and_type_overrides_star() {
    let found = families(&[("*", "laplace"), ("numeric", "student_t"), ("b", "gaussian"), ("c", "gaussian")]);
    let expected = [
        (Family::StudentT, 0, 1),
        (Family::Gaussian, 1, 2),
        (Family::StudentT, 3, 1),
        (Family::Laplace, 4, 2),
        (Family::Ordinal, 6, 3),
    ];
    assert_eq!(found, expected);
    assert_eq!(families(&[("size", "categorical")])[2], (Family::Categorical, 6, 3));
}

#[test]
fn column_may_have_the_name_of_a_type() {
    let blocks =
        [block(BlockKind::Numeric, 0, 2, &["count", "x"]), block(BlockKind::Count, 2, 1, &["visits"])];
    let mut map = BTreeMap::new();
    let first = resolve(&mut map, &blocks, &DEFAULTS).unwrap();
    assert_eq!(map, choices(&[("numeric", "gaussian"), ("visits", "negative_binomial")]));
    assert_eq!(resolve(&mut map, &blocks, &DEFAULTS).unwrap(), first);
}

#[test]
fn invalid_choices_are_refused_with_advice() {
    let refused =
        |key, name| resolve(&mut choices(&[(key, name)]), &table(), &DEFAULTS).unwrap_err().to_string();
    assert_eq!(
        refused("a", "poisson"),
        "likelihood of 'a': expected gaussian, student_t or laplace for numeric columns; a column of counts needs \
         --type COLUMN=count and --counts log1p, found poisson"
    );
    assert_eq!(
        refused("height", "laplace"),
        "likelihood: expected the name of a column, * or a column type of the data (numeric, count, ordinal), found 'height'"
    );
    assert_eq!(
        refused("*", "beta_binomial"),
        "likelihood: expected one for the columns of the data, which are numeric, count, ordinal; it is for images, \
         found beta_binomial"
    );
}

#[test]
fn custom_distribution_must_be_registered_first() {
    let mut asked = choices(&[("numeric", "custom:of_ones_own")]);
    let refused = resolve(&mut asked, &table(), &DEFAULTS).unwrap_err().to_string();
    assert!(refused.contains("custom:of_ones_own is not registered"), "{refused}");
    let likelihood = CustomLikelihood {
        outputs: 2,
        learned: 1,
        is_density: true,
        distribution: |_, _| unreachable!("nothing is computed here"),
    };
    let family = register("of_ones_own", likelihood).unwrap();
    assert!(register("of_ones_own", likelihood).is_err(), "a name means one distribution");
    let blocks = resolve(&mut asked, &table(), &DEFAULTS).unwrap();
    assert_eq!((blocks[0].family, blocks[0].width, blocks[0].parameters()), (family, 4, 8));
    let refused = resolve(&mut choices(&[("size", "custom:of_ones_own")]), &table(), &DEFAULTS);
    assert!(refused.is_err(), "one-hot columns have several numbers");
}
