//! The workspace that every flow works on: its root, its members, and cargo run in it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use xshell::{Cmd, Shell, cmd};

use crate::metadata::Metadata;

/// The workspace this program was built from.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) metadata: Metadata,
    pub(crate) shell: Shell,
    cargo: OsString,
}

impl Workspace {
    pub(crate) fn open() -> anyhow::Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask lies in the root")?;
        let shell = Shell::new()?;
        shell.change_dir(root);
        // `cargo xtask` names the cargo that runs it: the flows stay on that toolchain.
        let cargo = shell.var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let json = cmd!(shell, "{cargo} metadata --no-deps --format-version 1").quiet().read()?;
        let metadata = Metadata::parse(&json).context("cannot read what `cargo metadata` printed")?;
        Ok(Self { root: root.to_owned(), metadata, shell, cargo })
    }

    /// A cargo command in the root, for those who want its output.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Cmd<'_> {
        let cargo = &self.cargo;
        cmd!(self.shell, "{cargo} {arguments...}").quiet()
    }

    /// Shows and runs another program in the root, with cargo's own name for those that call it.
    pub(crate) fn run_program(&self, program: &Path, arguments: &[&str]) -> anyhow::Result<()> {
        let name = program.file_stem().context("a program has a name")?;
        println!("$ {} {}", name.display(), arguments.join(" "));
        Ok(cmd!(self.shell, "{program} {arguments...}").env("CARGO", &self.cargo).quiet().run()?)
    }

    /// Shows and runs a cargo command; its output goes to the terminal.
    pub(crate) fn run_cargo(&self, arguments: &[&str]) -> anyhow::Result<()> {
        println!("$ cargo {}", arguments.join(" "));
        Ok(self.cargo(arguments).run()?)
    }
}
