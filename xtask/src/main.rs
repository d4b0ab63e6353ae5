//! The workspace's own commands: `cargo xtask ci`, and each of its parts alone.
//!
//! One file per flow. A flow takes the [`workspace::Workspace`] and adds timed sections to
//! [`section::Sections`]; `ci` is the flows in a row. What is needed beyond the Rust toolchain,
//! [`tools`] installs.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a command line tool talks to its terminal")]

mod bench;
mod check;
mod ci;
mod deny;
mod deps;
mod doc;
mod examples;
mod features;
mod flags;
mod fmt;
mod fuzz;
mod interop;
mod lint;
mod loom;
mod machete;
mod metadata;
mod package;
mod release;
mod section;
mod test;
mod tidy;
mod tools;
mod workspace;

use std::process::ExitCode;

use flags::XtaskCmd;

fn main() -> anyhow::Result<ExitCode> {
    let flags = flags::Xtask::from_env_or_exit();
    let workspace = workspace::Workspace::open()?;
    let mut sections = section::Sections::new();
    let flow = match flags.subcommand {
        XtaskCmd::Ci(_) => ci::run(&workspace, &mut sections),
        XtaskCmd::Fmt(fmt) if fmt.fix => fmt::fix(&workspace, &mut sections),
        XtaskCmd::Fmt(_) => fmt::check(&workspace, &mut sections),
        XtaskCmd::Lint(_) => lint::run(&workspace, &mut sections),
        XtaskCmd::Deps(_) => deps::run(&workspace, &mut sections),
        XtaskCmd::Tidy(_) => tidy::run(&workspace, &mut sections),
        XtaskCmd::Contents(_) => package::contents(&workspace, &mut sections),
        XtaskCmd::Setup(_) => tools::run(&workspace, &mut sections),
        XtaskCmd::Machete(_) => machete::run(&workspace, &mut sections),
        XtaskCmd::Deny(_) => deny::run(&workspace, &mut sections),
        XtaskCmd::Features(_) => features::run(&workspace, &mut sections),
        XtaskCmd::Check(_) => check::run(&workspace, &mut sections),
        XtaskCmd::Test(_) => test::run(&workspace, &mut sections),
        XtaskCmd::Loom(_) => loom::run(&workspace, &mut sections),
        XtaskCmd::Doc(_) => doc::run(&workspace, &mut sections),
        XtaskCmd::Examples(_) => examples::run(&workspace, &mut sections),
        XtaskCmd::Fuzz(flags::Fuzz { target, seconds }) => {
            fuzz::run(&workspace, &mut sections, target.as_deref(), seconds.unwrap_or(fuzz::DEFAULT_SECONDS))
        }
        XtaskCmd::Interop(flags::Interop { part }) => {
            interop::run(&workspace, &mut sections, part.as_deref())
        }
        XtaskCmd::Bench(bench) => bench::run(&workspace, &mut sections, &bench),
        XtaskCmd::Package(_) => package::run(&workspace, &mut sections),
        XtaskCmd::Release(flags::Release { level, execute }) => {
            release::run(&workspace, &mut sections, level, execute)
        }
    };
    for line in sections.totals() {
        println!("{line}");
    }
    Ok(if flow.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
