//! The names that a setting can have, from the message about one that there is not: a new name is in the list at once.

use diabolo::Config;

/// The kinds of a setting such as `model.family`, after some other settings.
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
