//! The known word nearest to a misspelt one.

use strsim::damerau_levenshtein;

/// Largest distance at which a neighbour of our sections counts as a slip, in edits.
pub(crate) const SLIP_EDITS: usize = 2;

/// Longest word that is compared: the comparison is quadratic, and no key of ours is near this long.
const MAX_WORD_BYTES: usize = 128;

/// The word of `known` nearest to `word`, unless even that one shares too little with it.
pub(crate) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    // Half of the longer word may differ: beyond that a suggestion is noise.
    closest(word, known)
        .filter(|(known, edits)| edits * 2 <= known.len().max(word.len()))
        .map(|(known, _)| known)
}

/// The word of `known` within [`SLIP_EDITS`] of `word`, unless `word` is one of them.
pub(crate) fn slip<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    if known.contains(&word) {
        return None;
    }
    closest(word, known).filter(|&(_, edits)| edits <= SLIP_EDITS).map(|(known, _)| known)
}

fn closest<'a>(word: &str, known: &[&'a str]) -> Option<(&'a str, usize)> {
    if word.len() > MAX_WORD_BYTES {
        return None;
    }
    let word = word.to_lowercase();
    known.iter().map(|known| (*known, damerau_levenshtein(&word, known))).min_by_key(|&(_, edits)| edits)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[&str] = &["events", "event_types", "traces", "max_queue_size"];

    #[test]
    fn the_nearest_word_wins() {
        assert_eq!(nearest("evnts", KNOWN), Some("events"));
        assert_eq!(nearest("Max-Queue-Size", KNOWN), Some("max_queue_size"));
        assert_eq!(nearest("queue_size", KNOWN), Some("max_queue_size"));
        assert_eq!(nearest("zzzzzz", KNOWN), None);
        assert_eq!(nearest(&"e".repeat(1_000), KNOWN), None);
    }

    #[test]
    fn a_slip_is_within_two_edits_and_not_the_word_itself() {
        assert_eq!(slip("evetns", KNOWN), Some("events"));
        assert_eq!(slip("event", KNOWN), Some("events"));
        assert_eq!(slip("evs", KNOWN), None);
        assert_eq!(slip("Events", KNOWN), Some("events"));
        assert_eq!(slip("events", KNOWN), None);
    }
}
