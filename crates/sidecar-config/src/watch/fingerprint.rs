//! What tells one state of a file from another.

use std::fs::{self, Metadata};
use std::hash::{BuildHasher, RandomState};
use std::io::Read;
use std::path::Path;
use std::sync::OnceLock;
use std::time::SystemTime;

use crate::source::MAX_FILE_BYTES;

/// What was found at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fingerprint {
    /// Nothing that can be read as a file.
    Absent,
    File {
        identity: Identity,
        size: u64,
        modified: Option<SystemTime>,
        /// Of the contents, as far as a configuration file may go.
        contents: u64,
    },
}

impl Fingerprint {
    /// Looks at `path`, following links. The contents are read if anything else about the file is not as it was
    /// `earlier`, or if `compare` says so.
    pub(super) fn take(path: &Path, earlier: Option<&Self>, compare: bool) -> Self {
        let Ok(metadata) = fs::metadata(path) else { return Self::Absent };
        if !metadata.is_file() {
            return Self::Absent;
        }
        let (identity, size) = (Identity::of(&metadata), metadata.len());
        let modified = metadata.modified().ok();
        let known = match earlier {
            Some(Self::File { identity: was, size: before, modified: then, contents })
                if !compare && (was, before, then) == (&identity, &size, &modified) =>
            {
                Some(*contents)
            }
            _ => None,
        };
        match known.or_else(|| hash(path)) {
            Some(contents) => Self::File { identity, size, modified, contents },
            None => Self::Absent,
        }
    }
}

/// Which file it is, and when anything about it changed, where the system tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity([i64; 4]);

impl Identity {
    #[cfg(unix)]
    fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        // Bits, not amounts: they are only ever compared.
        Self([metadata.dev() as i64, metadata.ino() as i64, metadata.ctime(), metadata.ctime_nsec()])
    }

    #[cfg(not(unix))]
    fn of(_: &Metadata) -> Self {
        Self([0; 4])
    }
}

fn hash(path: &Path) -> Option<u64> {
    /// One for the process, so that two looks at the same contents agree.
    static STATE: OnceLock<RandomState> = OnceLock::new();
    let mut bytes = Vec::new();
    let file = fs::File::open(path).ok()?;
    file.take(MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes).ok()?;
    Some(STATE.get_or_init(RandomState::new).hash_one(&bytes))
}
