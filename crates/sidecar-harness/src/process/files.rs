//! How many files a process may open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the limit on open files of this process so that `wanted` may be open, as far as its hard limit lets it. How
/// many may be open now.
///
/// It holds for the whole process, so what needs it belongs into [`alone`](super::alone).
#[must_use]
pub fn allow_open_files(wanted: usize) -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let possible = maximum.map_or(wanted as u64, |maximum| maximum.min(wanted as u64));
    if current.is_some_and(|current| current < possible) {
        // A system may have a bound of its own below the hard limit; what holds is read again.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(possible), maximum });
    }
    let current = getrlimit(Resource::Nofile).current;
    current.and_then(|current| usize::try_from(current).ok()).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_raised_and_never_lowered() {
        let before = allow_open_files(0);
        assert!(before > 0);
        assert_eq!(allow_open_files(before), before);
        assert!(allow_open_files(before.saturating_add(1)) >= before);
    }
}
