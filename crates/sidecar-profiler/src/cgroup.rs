//! The limits that Linux control groups set for this process: of CPU time and of memory.
//!
//! Formats: cgroups(7), the kernel's `Documentation/admin-guide/cgroup-v2.rst` and `cgroup-v1/memory.rst`, and
//! proc_pid_mountinfo(5). Both versions are read, and where both are mounted (the hybrid layout) whichever
//! has the controller. Nothing that a file holds can make it panic; what cannot be read is no limit.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

const NANOS_PER_SECOND: u128 = 1_000_000_000;
/// No file is read further: the mounts of a large machine fit several times.
const MAX_FILE_BYTES: u64 = 1_048_576;
/// A longer path is none: the kernel's own limit.
const MAX_PATH_BYTES: usize = 4_096;
/// From here on, version 1 means "no limit" by a number of bytes: the largest one, rounded down to a page of
/// at most 64 KiB.
const UNLIMITED_V1: u64 = 0x7fff_ffff_ffff_0000;

/// What the process may use, all its ancestors' limits considered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Limits {
    /// CPU time within a second, in nanoseconds: two cores are 2 000 000 000.
    pub(crate) cpu_nanos_per_second: Option<u64>,
    pub(crate) memory_bytes: Option<u64>,
}

/// Reads the limits of the process it runs in.
pub(crate) struct Cgroups {
    /// What stands before every path: `/`, but for tests.
    root: PathBuf,
}

/// Where one controller's files are, of which version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version<'a> {
    One(&'a str),
    Two,
}

/// A line of `/proc/self/mountinfo` that a control group file system stands in.
struct Mount {
    /// Which directory of the hierarchy is mounted.
    root: PathBuf,
    point: PathBuf,
    is_v2: bool,
    /// Of version 1: the controllers, among other options.
    options: String,
}

impl Default for Cgroups {
    fn default() -> Self {
        Self { root: PathBuf::from("/") }
    }
}

impl Cgroups {
    #[cfg(test)]
    pub(crate) fn at(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Reads everything anew: the process may be moved to another group, and limits change.
    pub(crate) fn limits(&self) -> Limits {
        let groups = self.read("proc/self/cgroup").unwrap_or_default();
        let mounts = self.read("proc/self/mountinfo").unwrap_or_default();
        let mounts: Vec<Mount> = mounts.split(|byte| *byte == b'\n').filter_map(parse_mount).collect();
        let mut limits = Limits::default();
        for controller in ["cpu", "memory"] {
            for version in [Version::One(controller), Version::Two] {
                let Some(group) = group_of(&groups, version) else { continue };
                let Some((top, below)) = self.place(&mounts, version, &group) else { continue };
                // Every ancestor's limit holds too, so the lowest is what counts.
                for folder in below.ancestors().map(|below| top.join(below)) {
                    match controller {
                        "cpu" => lower(&mut limits.cpu_nanos_per_second, self.cpu(&folder, version)),
                        _ => lower(&mut limits.memory_bytes, self.memory(&folder, version)),
                    }
                }
            }
        }
        limits
    }

    /// Where a group's files are: the mount point, and the path below it. `None` if no mount shows the group.
    fn place(&self, mounts: &[Mount], version: Version<'_>, group: &Path) -> Option<(PathBuf, PathBuf)> {
        let shows = |mount: &&Mount| match version {
            Version::One(controller) => {
                !mount.is_v2 && mount.options.split(',').any(|word| word == controller)
            }
            Version::Two => mount.is_v2,
        };
        mounts.iter().filter(shows).find_map(|mount| {
            // A group outside of the namespace begins with `/..`, and so may the root of a mount.
            let below = group.strip_prefix(&mount.root).ok()?;
            let stays = below.components().all(|part| matches!(part, Component::Normal(_)));
            let point = relative(&mount.point);
            (stays && self.root.join(point).join(below).is_dir())
                .then(|| (point.to_owned(), below.to_owned()))
        })
    }

    fn cpu(&self, folder: &Path, version: Version<'_>) -> Option<u64> {
        let (quota, period) = match version {
            Version::One(_) => {
                let quota = self.word(folder, "cpu.cfs_quota_us")?.parse::<u64>();
                (quota, self.word(folder, "cpu.cfs_period_us")?.parse::<u64>())
            }
            Version::Two => {
                let text = self.text(folder, "cpu.max")?;
                let mut words = text.split_ascii_whitespace();
                (words.next()?.parse::<u64>(), words.next()?.parse::<u64>())
            }
        };
        // No number: `max`, `-1`, or something unknown.
        let (quota, period) = (u128::from(quota.ok()?), u128::from(period.ok()?));
        let nanos = (quota * NANOS_PER_SECOND).checked_div(period)?;
        u64::try_from(nanos).ok().filter(|nanos| *nanos > 0)
    }

    fn memory(&self, folder: &Path, version: Version<'_>) -> Option<u64> {
        match version {
            Version::One(_) => {
                let bytes = self.word(folder, "memory.limit_in_bytes")?.parse::<u64>().ok()?;
                Some(bytes).filter(|bytes| *bytes < UNLIMITED_V1)
            }
            Version::Two => self.word(folder, "memory.max")?.parse().ok(),
        }
    }

    fn word(&self, folder: &Path, file: &str) -> Option<String> {
        Some(self.text(folder, file)?.trim_ascii().to_owned())
    }

    fn text(&self, folder: &Path, file: &str) -> Option<String> {
        String::from_utf8(self.read(folder.join(file))?).ok()
    }

    fn read(&self, path: impl AsRef<Path>) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let file = File::open(self.root.join(path)).ok()?;
        file.take(MAX_FILE_BYTES).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }
}

fn lower(lowest: &mut Option<u64>, found: Option<u64>) {
    *lowest = [*lowest, found].into_iter().flatten().min();
}

/// The path without its leading slash, so that joining it to another one does not replace that.
fn relative(path: &Path) -> &Path {
    path.strip_prefix("/").unwrap_or(path)
}

/// The group of the process: `hierarchy:controllers:path`, where version 2 is hierarchy 0 without controllers.
fn group_of(groups: &[u8], version: Version<'_>) -> Option<PathBuf> {
    groups.split(|byte| *byte == b'\n').find_map(|line| {
        let mut parts = line.splitn(3, |byte| *byte == b':');
        let (hierarchy, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
        let is_it = match version {
            Version::One(wanted) => {
                controllers.split(|byte| *byte == b',').any(|name| name == wanted.as_bytes())
            }
            Version::Two => hierarchy == b"0" && controllers.is_empty(),
        };
        (is_it && path.starts_with(b"/") && path.len() <= MAX_PATH_BYTES).then(|| path_of(path))
    })
}

/// `id parent major:minor root mount-point options [optional ...] - type source super-options`
fn parse_mount(line: &[u8]) -> Option<Mount> {
    let mut words = line.split(|byte| *byte == b' ');
    let (root, point) = (words.nth(3)?, words.next()?);
    words.find(|word| *word == b"-")?;
    let is_v2 = match words.next()? {
        b"cgroup" => false,
        b"cgroup2" => true,
        _ => return None,
    };
    let options = std::str::from_utf8(words.nth(1)?).ok()?.to_owned();
    let (root, point) = (unescaped(root), unescaped(point));
    if !point.starts_with(b"/") || point.len() > MAX_PATH_BYTES {
        return None;
    }
    let point = path_of(&point);
    // What is mounted is an absolute path without steps upwards.
    let is_plain = point.components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)));
    is_plain.then(|| Mount { root: path_of(&root), point, is_v2, options })
}

/// Spaces, tabs, newlines and backslashes stand as a backslash and three octal digits.
fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        let code = match (byte, after) {
            (b'\\', [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', ..]) => {
                Some((a - b'0') * 64 + (b - b'0') * 8 + (c - b'0'))
            }
            _ => None,
        };
        rest = if code.is_some() { &after[3..] } else { after };
        bytes.push(code.unwrap_or(byte));
    }
    bytes
}

fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(bytes))
}

#[cfg(test)]
mod tests;
