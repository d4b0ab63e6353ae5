//! `CHANGELOG.md`: what waits under `Unreleased`, and the release that takes it.

use anyhow::{Context as _, ensure};

const UNRELEASED: &str = "## [Unreleased]";

/// How many entries wait for a release: none is an error.
pub(super) fn waiting(changelog: &str) -> anyhow::Result<usize> {
    let lines = changelog.lines().skip_while(|line| *line != UNRELEASED);
    let section = lines.skip(1).take_while(|line| !line.starts_with("## "));
    let entries = section.filter(|line| line.starts_with("- ")).count();
    ensure!(entries > 0, "CHANGELOG.md has no entries under `{UNRELEASED}`");
    Ok(entries)
}

/// The changelog with everything that waits moved into the release of this version and day.
pub(super) fn stamp(changelog: &str, version: &str, day: &str) -> anyhow::Result<String> {
    let (before, after) = changelog
        .split_once(&format!("\n{UNRELEASED}\n"))
        .with_context(|| format!("CHANGELOG.md has no `{UNRELEASED}`"))?;
    Ok(format!("{before}\n{UNRELEASED}\n\n## [{version}] - {day}\n{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANGELOG: &str = "\
# Changelog

## [Unreleased]

### Added

- One thing,
  told in two lines.
- Another.

## [0.1.0] - 2020-01-01

- The first.
";

    #[test]
    fn entries_that_wait_are_counted_without_those_released() {
        assert_eq!(waiting(CHANGELOG).expect("two wait"), 2);
    }

    #[test]
    fn nothing_to_release_is_an_error() {
        let stamped = stamp(CHANGELOG, "0.2.0", "2020-02-02").expect("it has the heading");
        assert!(waiting(&stamped).is_err());
        assert!(waiting("# Changelog\n\n- Stray.\n").is_err());
    }

    #[test]
    fn a_release_takes_what_waits_and_leaves_the_rest_as_it_was() {
        let stamped = stamp(CHANGELOG, "0.2.0", "2020-02-02").expect("it has the heading");
        let expected = CHANGELOG.replace("## [Unreleased]\n", "## [Unreleased]\n\n## [0.2.0] - 2020-02-02\n");
        assert_eq!(stamped, expected);
        assert!(stamp("# Changelog\n", "0.2.0", "2020-02-02").is_err());
    }
}
