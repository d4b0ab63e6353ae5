//! The command line.

xflags::xflags! {
    /// The workspace's own commands. Each prints timed sections and stops at the first that fails.
    cmd xtask {
        /// Everything below in this order: what has to pass before a change goes in.
        cmd ci {}
        /// Check the formatting, or correct it.
        cmd fmt {
            /// Rewrite the files instead of reporting them.
            optional --fix
        }
        /// Clippy over every target and feature, warnings as errors.
        cmd lint {}
        /// The dependency law: which crate of the workspace may depend on which.
        cmd deps {}
        /// The rules on files that no compiler checks: layout, manifests, lengths, README.
        cmd tidy {}
        /// Type-check all targets, then each publishable crate alone.
        cmd check {}
        /// Unit, integration and documentation tests.
        cmd test {}
        /// Build the documentation, warnings as errors.
        cmd doc {}
        /// Build and run every example.
        cmd examples {}
    }
}

#[cfg(test)]
mod tests {
    use super::{Xtask, XtaskCmd};

    fn parse(args: &[&str]) -> xflags::Result<Xtask> {
        Xtask::from_vec(args.iter().map(|arg| (*arg).into()).collect())
    }

    #[test]
    fn fmt_corrects_only_when_asked_to() {
        let fix = |args| match parse(args).expect("the arguments are right").subcommand {
            XtaskCmd::Fmt(fmt) => fmt.fix,
            other => panic!("not fmt: {other:?}"),
        };
        assert!(!fix(&["fmt"]));
        assert!(fix(&["fmt", "--fix"]));
    }

    #[test]
    fn an_unknown_command_is_refused() {
        assert!(parse(&["dance"]).is_err());
        assert!(parse(&[]).is_err());
    }
}
