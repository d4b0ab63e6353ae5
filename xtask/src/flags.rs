//! The command line.

use crate::release::Level;

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
        /// The dependency law: which crate of the workspace may depend on which.
        cmd deps {}
        /// The rules on files that no compiler checks: layout, manifests, lengths, README, links.
        cmd tidy {}
        /// What packages hold: the readme and the licence texts.
        cmd contents {}
        /// Install the programs that machete, deny and features need, under target/tools.
        cmd setup {}
        /// Dependencies that nothing uses.
        cmd machete {}
        /// Licences, sources, duplicates and advisories of everything in Cargo.lock.
        cmd deny {}
        /// Clippy over every target and feature, warnings as errors.
        cmd lint {}
        /// Clippy on each published crate alone, with no, each and all of its features.
        cmd features {}
        /// Type-check all targets with their default features.
        cmd check {}
        /// Unit, integration and documentation tests.
        cmd test {}
        /// Models of lock-free code: every order in which threads may meet, within a bound.
        cmd loom {}
        /// Build the documentation, warnings as errors.
        cmd doc {}
        /// Build and run every example, and compare what it prints with what documents show of it.
        cmd examples {}
        /// Feed the parsers under libFuzzer, for a bounded time.
        cmd fuzz {
            /// One target alone; without it, each in turn.
            optional target: String
            /// How long each target runs; 10 by default.
            optional --seconds seconds: u64
        }
        /// The program with the real servers of its surroundings, and what they read, where they are installed.
        cmd interop {
            /// One part alone, as its section is named; without it, each in turn.
            optional part: String
        }
        /// Measure against the floor and the peers; the results go to target/bench/SUITE.json.
        cmd bench {
            /// The suite, a file in benches; without it, all of them; with `all` their tables, and what builds cost, go
            /// into docs/benchmarks.md and the README.
            optional suite: String
            /// Run every benchmark once instead: this is the part of ci.
            optional --smoke
            /// Count instructions under callgrind instead.
            optional --counts
        }
        /// Build every package from nothing but itself; not part of ci.
        cmd package {}
        /// Check whether a release can be made: ci and the packages. Not part of ci.
        cmd release {
            /// What to raise in the version: patch, minor or major.
            required level: Level
            /// Make it: raise the version, stamp the changelog, commit and tag.
            optional --execute
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Level, Xtask, XtaskCmd};

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
    fn fuzzing_takes_a_target_and_a_time_if_it_is_given_them() {
        let fuzz = |args| match parse(args).expect("the arguments are right").subcommand {
            XtaskCmd::Fuzz(fuzz) => (fuzz.target, fuzz.seconds),
            other => panic!("not fuzz: {other:?}"),
        };
        assert_eq!(fuzz(&["fuzz"]), (None, None));
        assert_eq!(fuzz(&["fuzz", "config", "--seconds", "60"]), (Some("config".to_owned()), Some(60)));
        assert!(parse(&["fuzz", "--seconds", "long"]).is_err());
    }

    #[test]
    fn a_benchmark_is_measured_unless_something_else_is_asked_for() {
        let bench = |args| match parse(args).expect("the arguments are right").subcommand {
            XtaskCmd::Bench(bench) => (bench.suite, bench.smoke, bench.counts),
            other => panic!("not bench: {other:?}"),
        };
        assert_eq!(bench(&["bench"]), (None, false, false));
        assert_eq!(bench(&["bench", "events", "--counts"]), (Some("events".into()), false, true));
        assert_eq!(bench(&["bench", "--smoke"]), (None, true, false));
    }

    #[test]
    fn a_release_is_made_only_when_asked_to() {
        let release = |args| match parse(args).expect("the arguments are right").subcommand {
            XtaskCmd::Release(release) => (release.level, release.execute),
            other => panic!("not release: {other:?}"),
        };
        assert_eq!(release(&["release", "minor"]), (Level::Minor, false));
        assert_eq!(release(&["release", "patch", "--execute"]), (Level::Patch, true));
        assert!(parse(&["release"]).is_err());
        assert!(parse(&["release", "huge"]).is_err());
    }

    #[test]
    fn an_unknown_command_is_refused() {
        assert!(parse(&["dance"]).is_err());
        assert!(parse(&[]).is_err());
    }
}
