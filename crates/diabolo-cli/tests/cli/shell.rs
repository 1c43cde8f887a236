//! Shell completions and manual pages.

use crate::support::Workspace;

#[test]
fn completions_and_manual_pages_know_every_command() {
    let workspace = Workspace::new();
    for (shell, part) in [
        ("bash", "complete -F"),
        ("zsh", "#compdef diabolo"),
        ("fish", "complete -c diabolo"),
        ("elvish", "edit:completion"),
        ("powershell", "Register-ArgumentCompleter"),
    ] {
        let script = workspace.ok(&format!("completions {shell}")).stdout;
        assert!(script.contains(part) && script.contains("kl-weight"), "{shell}: {script}");
    }
    workspace.ok("man pages");
    let main = workspace.text("pages/diabolo.1");
    assert!(main.starts_with(".ie") && main.contains("diabolo\\-impute(1)"), "{main}");
    assert!(workspace.text("pages/diabolo-fit.1").contains("kl\\-weight"));
    workspace.fails(2, "completions cmd");
}
