//! The version that all crates share, and the one that follows it.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context as _, bail, ensure};

/// Which part of the version a release raises; those after it start at 0 again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Patch,
    Minor,
    Major,
}

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "patch" => Ok(Self::Patch),
            "minor" => Ok(Self::Minor),
            "major" => Ok(Self::Major),
            other => Err(format!("`{other}` is none of patch, minor, major")),
        }
    }
}

/// A version without a pre-release or build part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Version {
    major: u32,
    minor: u32,
    patch: u32,
}

impl Version {
    pub(super) fn next(self, level: Level) -> Self {
        let Self { major, minor, patch } = self;
        match level {
            Level::Patch => Self { patch: patch + 1, ..self },
            Level::Minor => Self { major, minor: minor + 1, patch: 0 },
            Level::Major => Self { major: major + 1, minor: 0, patch: 0 },
        }
    }
}

impl FromStr for Version {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let parts: Result<Vec<u32>, _> = text.split('.').map(str::parse).collect();
        match parts.as_deref() {
            Ok(&[major, minor, patch]) => Ok(Self { major, minor, patch }),
            _ => bail!("`{text}` is no version of three numbers"),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// The version in `[workspace.package]` of the root manifest.
pub(super) fn current(manifest: &str) -> anyhow::Result<Version> {
    let mut lines = manifest.lines().skip_while(|line| *line != "[workspace.package]").skip(1);
    let line = lines.find_map(|line| line.strip_prefix("version = "));
    line.context("the root manifest has no version")?.trim_matches('"').parse()
}

/// The root manifest with the next version: the workspace's own, and wherever it asks for a member.
pub(super) fn bump(manifest: &str, next: Version) -> anyhow::Result<String> {
    let now = current(manifest)?;
    let (old, new) = (format!("version = \"{now}\""), format!("version = \"{next}\""));
    let mut bumped = String::new();
    for line in manifest.split_inclusive('\n') {
        // Asked for by its path alone, a member is for dev-dependencies, which packages leave out.
        let is_member = line.contains("path = \"crates/") && line.contains("version = ");
        ensure!(!is_member || line.contains(&old), "this line does not ask for {now}: {}", line.trim_end());
        if is_member || line.trim_end() == old {
            bumped.push_str(&line.replacen(&old, &new, 1));
        } else {
            bumped.push_str(line);
        }
    }
    Ok(bumped)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "\
[workspace.package]
version = \"0.1.9\"
edition = \"2024\"

[workspace.dependencies]
sidecar-core = { version = \"0.1.9\", path = \"crates/sidecar-core\", default-features = false }
sidecar-harness = { path = \"crates/sidecar-harness\" }
other = { version = \"0.1.9\", default-features = false }
";

    #[test]
    fn a_level_raises_its_part_and_clears_those_after_it() {
        let now: Version = "1.2.3".parse().expect("it is a version");
        let next = |level: &str| now.next(level.parse().expect("it is a level")).to_string();
        assert_eq!([next("patch"), next("minor"), next("major")], ["1.2.4", "1.3.0", "2.0.0"]);
        assert!("huge".parse::<Level>().is_err());
    }

    #[test]
    fn only_three_numbers_are_a_version() {
        for text in ["1.2", "1.2.3.4", "1.2.3-rc.1", "", "a.b.c"] {
            assert!(text.parse::<Version>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_workspace_and_its_members_rise_together_and_nothing_else_does() {
        let next = current(MANIFEST).expect("it has one").next(Level::Minor);
        let bumped = bump(MANIFEST, next).expect("every line asks for 0.1.9");
        assert_eq!(current(&bumped).expect("it has one"), next);
        assert!(bumped.contains("sidecar-core = { version = \"0.2.0\", path"), "{bumped}");
        assert!(bumped.contains("sidecar-harness = { path = \"crates/sidecar-harness\" }"), "{bumped}");
        assert!(bumped.contains("other = { version = \"0.1.9\""), "{bumped}");
        assert_eq!(bumped.lines().count(), MANIFEST.lines().count());
    }

    #[test]
    fn a_member_out_of_step_is_refused() {
        let torn = MANIFEST.replace("core = { version = \"0.1.9\"", "core = { version = \"0.1.8\"");
        let error = bump(&torn, Version { major: 1, minor: 0, patch: 0 }).expect_err("0.1.8 is not 0.1.9");
        assert!(error.to_string().contains("sidecar-core"), "{error}");
    }
}
