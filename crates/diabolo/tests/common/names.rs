//! The names that a setting accepts, from the error about an unknown name, so that new names are
//! included.

use diabolo::Config;

/// The kinds of a setting such as `model.family`, after other settings.
pub fn kinds(given: &[&str], setting: &str) -> Vec<String> {
    let mut config = Config::default();
    given.iter().for_each(|setting| config.set(setting).unwrap());
    // "unknown variant `?`, expected one of `plain`, `denoising`, …"
    let message = config.set(&format!("{setting}={{kind=\"?\"}}")).unwrap_err().to_string();
    assert!(message.contains("unknown variant `?`"), "{message}");
    let names: Vec<String> = message.split('`').skip(3).step_by(2).map(str::to_string).collect();
    assert!(names.len() > 1, "{message}");
    names
}

/// All model families.
pub fn families() -> Vec<String> {
    kinds(&[], "model.family")
}
