//! The documentation, with every warning of rustdoc an error.

use crate::section::{Flow, Sections};
use crate::workspace::Workspace;

pub(crate) fn run(workspace: &Workspace, sections: &mut Sections) -> Flow {
    sections.run("doc", "cargo xtask doc", || {
        let flags = with_warnings_denied(workspace.shell.var("RUSTDOCFLAGS").ok());
        let _flags = workspace.shell.push_env("RUSTDOCFLAGS", flags);
        workspace.run_cargo(&["doc", "--workspace", "--no-deps", "--all-features"])
    })
}

/// Adds to the caller's flags instead of replacing them.
fn with_warnings_denied(flags: Option<String>) -> String {
    const DENIED: &str = "-D warnings";
    match flags {
        Some(flags) if !flags.trim().is_empty() => format!("{flags} {DENIED}"),
        _ => DENIED.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::with_warnings_denied;

    #[test]
    fn the_callers_flags_are_kept() {
        assert_eq!(with_warnings_denied(None), "-D warnings");
        assert_eq!(with_warnings_denied(Some(" ".into())), "-D warnings");
        assert_eq!(with_warnings_denied(Some("--cfg docsrs".into())), "--cfg docsrs -D warnings");
    }
}
