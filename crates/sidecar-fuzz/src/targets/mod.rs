//! What is fed with bytes. A target panics where a promise is broken, and on nothing else.

mod accept;
mod batch;
mod config;
mod endpoint;
mod event_line;
mod exposition;
mod host;
mod libtest;
mod route;
mod timestamp;
mod token;
mod wire;

/// One parser with the promises that it is held to.
pub(crate) struct Target {
    /// Also the name of its folder below `seeds`.
    pub(crate) name: &'static str,
    pub(crate) run: fn(&[u8]),
}

pub(crate) const ALL: &[Target] = &[
    Target { name: "accept", run: accept::run },
    Target { name: "batch", run: batch::run },
    Target { name: "config", run: config::run },
    Target { name: "event_line", run: event_line::run },
    Target { name: "exposition", run: exposition::run },
    Target { name: "host", run: host::run },
    Target { name: "libtest", run: libtest::run },
    Target { name: "route", run: route::run },
    Target { name: "timestamp", run: timestamp::run },
    Target { name: "token", run: token::run },
    Target { name: "wire", run: wire::run },
];

pub(crate) fn find(name: &str) -> Option<&'static Target> {
    ALL.iter().find(|target| target.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::{Path, PathBuf};

    fn listed(folder: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).expect("the folder is there");
        let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
        paths.sort();
        paths
    }

    #[test]
    fn every_target_passes_its_seeds_and_every_folder_of_seeds_has_a_target() {
        let folders = listed(&Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds"));
        let names: Vec<_> = folders.iter().filter_map(|folder| folder.file_name()?.to_str()).collect();
        assert_eq!(names, ALL.iter().map(|target| target.name).collect::<Vec<_>>());
        for (target, folder) in ALL.iter().zip(&folders) {
            let seeds = listed(folder);
            assert!(!seeds.is_empty(), "{} has no seeds", target.name);
            for seed in seeds {
                (target.run)(&fs::read(seed).expect("a file"));
            }
        }
    }

    #[test]
    fn every_target_takes_nothing_and_no_text() {
        for target in ALL {
            (target.run)(b"");
            (target.run)(b"\xff\xfe\x00\n\xc3");
        }
    }
}
