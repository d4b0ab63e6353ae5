//! Tags as a caller gives them, and as a series keeps them.

use crate::error::{RegisterError, excerpt};
use crate::exposition::escape::push_escaped;
use crate::names::{check_name, check_tag_key};
use smallvec::SmallVec;
use std::cmp::Ordering;

/// Most bytes of tags, keys and values together, that a series of its own may have.
pub const MAX_TAG_BYTES: usize = 4_096;

/// The tag that marks the series into which a metric's values go beyond its bounds.
pub const OVERFLOW_TAG: (&str, &str) = ("overflow", "true");

/// Up to this many tags a lookup needs no allocation.
const INLINE_TAGS: usize = 8;

type Tags<'a> = SmallVec<[(&'a str, &'a str); INLINE_TAGS]>;

/// A series as a caller names it. The tags are sorted, so their order does not matter, and those with an empty
/// value are left out: to Prometheus a label with an empty value is none
/// (<https://prometheus.io/docs/concepts/data_model/>), so keeping them would expose one series twice.
pub(crate) struct Key<'a> {
    pub(crate) name: &'a str,
    pub(crate) tags: Tags<'a>,
    /// With those that were left out, whose keys are checked all the same.
    given: &'a [(&'a str, &'a str)],
}

impl<'a> Key<'a> {
    pub(crate) fn new(name: &'a str, given: &'a [(&'a str, &'a str)]) -> Self {
        let mut tags = sorted(given);
        if tags.iter().any(|(_, value)| value.is_empty()) {
            tags.retain(|(_, value)| !value.is_empty());
        }
        Self { name, tags, given }
    }

    /// Whether tags were left out.
    fn leaves_out_tags(&self) -> bool {
        self.tags.len() != self.given.len()
    }

    /// Whether name and tags can be exposed as they are.
    pub(crate) fn check(&self) -> Result<(), RegisterError> {
        check_name(self.name)?;
        self.check_tags()
    }

    /// The half of [`Key::check`] that concerns the tags.
    pub(crate) fn check_tags(&self) -> Result<(), RegisterError> {
        let tags = if self.leaves_out_tags() { &sorted(self.given) } else { &self.tags };
        for (key, _) in tags {
            check_tag_key(self.name, key)?;
        }
        match tags.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            None => Ok(()),
            Some(pair) => {
                let (name, key) = (excerpt(self.name), excerpt(pair[0].0));
                Err(RegisterError::DuplicateTagKey { name, key })
            }
        }
    }

    /// Whether only the overflow series can hold this: it is asked for, or the tags are too long to keep.
    pub(crate) fn belongs_to_overflow(&self) -> bool {
        let bytes: usize = self.tags.iter().map(|(key, value)| key.len() + value.len()).sum();
        bytes > MAX_TAG_BYTES || *self.tags == [OVERFLOW_TAG]
    }
}

fn sorted<'a>(tags: &[(&'a str, &'a str)]) -> Tags<'a> {
    let mut tags = SmallVec::from_slice(tags);
    if !tags.is_sorted() {
        tags.sort_unstable();
    }
    tags
}

/// The tags of a series: sorted, and as text ready for both formats.
#[derive(Debug)]
pub(crate) struct Labels {
    /// Keys and values one after the other: one block of memory, so that comparing them follows one pointer.
    flat: Box<str>,
    /// Where each key and each value ends in `flat`.
    ends: Box<[(u32, u32)]>,
    /// `key="value",key="value"`, escaped, without braces. Both formats escape label values alike.
    text: Box<str>,
}

impl Labels {
    /// `tags` must be those of a checked [`Key`].
    pub(crate) fn new(tags: &[(&str, &str)]) -> Self {
        let (mut flat, mut text) = (String::new(), String::new());
        let mut ends = Vec::with_capacity(tags.len());
        for (key, value) in tags {
            if !text.is_empty() {
                text.push(',');
            }
            text.push_str(key);
            text.push_str("=\"");
            push_escaped(&mut text, value, true);
            text.push('"');
            flat.push_str(key);
            let key_end = end(&flat);
            flat.push_str(value);
            ends.push((key_end, end(&flat)));
        }
        Self { flat: flat.into(), ends: ends.into(), text: text.into() }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut start = 0;
        self.ends.iter().map(move |(key_end, value_end)| {
            let (key_end, value_end) = (*key_end as usize, *value_end as usize);
            let tag = (&self.flat[start..key_end], &self.flat[key_end..value_end]);
            start = value_end;
            tag
        })
    }

    /// Whether these are `tags`, which must have no empty values. Up to [`INLINE_TAGS`] may be in any order, more
    /// only in that of the labels.
    pub(crate) fn matches(&self, tags: &[(&str, &str)]) -> bool {
        if self.ends.len() != tags.len() {
            return false;
        }
        let flat = self.flat.as_bytes();
        let mut start = 0;
        self.ends.iter().enumerate().all(|(at, (key_end, value_end))| {
            let (key_end, value_end) = (*key_end as usize, *value_end as usize);
            let (own_key, own_value) = (&flat[start..key_end], &flat[key_end..value_end]);
            start = value_end;
            let is_own =
                |tag: &(&str, &str)| same(own_key, tag.0.as_bytes()) && same(own_value, tag.1.as_bytes());
            // The keys of the labels differ, so each of them that is there is another one of the tags.
            is_own(&tags[at]) || tags.len() <= INLINE_TAGS && tags.iter().any(is_own)
        })
    }
}

/// Equality without a call for texts of up to 16 bytes, as most names and tags are: two words that may overlap.
#[inline]
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    match (a.first_chunk::<8>(), b.first_chunk::<8>(), a.last_chunk::<8>(), b.last_chunk::<8>()) {
        (Some(a_first), Some(b_first), Some(a_last), Some(b_last)) if a.len() <= 16 => {
            a_first == b_first && a_last == b_last
        }
        (None, ..) => {
            match (a.first_chunk::<4>(), b.first_chunk::<4>(), a.last_chunk::<4>(), b.last_chunk::<4>()) {
                (Some(a_first), Some(b_first), Some(a_last), Some(b_last)) => {
                    a_first == b_first && a_last == b_last
                }
                _ => a.iter().zip(b).all(|(a, b)| a == b),
            }
        }
        _ => a == b,
    }
}

/// Tags of 4 GiB cannot be counted in 32 bits; a source that gives them exhausts memory before.
fn end(flat: &str) -> u32 {
    u32::try_from(flat.len()).expect("tags of less than 4 GiB")
}

impl PartialEq for Labels {
    fn eq(&self, other: &Self) -> bool {
        self.ends == other.ends && self.flat == other.flat
    }
}

impl Eq for Labels {}

impl PartialOrd for Labels {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Labels {
    fn cmp(&self, other: &Self) -> Ordering {
        self.iter().cmp(other.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equality_is_that_of_slices_for_every_length_and_every_byte_that_differs() {
        for length in 0..40usize {
            let text: Vec<u8> = (0..length as u8).collect();
            assert!(same(&text, &text.clone()), "{length}");
            assert!(!same(&text, &[&*text, b"x"].concat()) && !same(&[&*text, b"x"].concat(), &text));
            for at in 0..length {
                let mut other = text.clone();
                other[at] ^= 0x80;
                assert!(!same(&text, &other), "{length} {at}");
            }
        }
    }

    #[test]
    fn labels_give_back_their_tags_and_are_ordered_as_those_are() {
        let lists: [&[(&str, &str)]; 6] =
            [&[], &[("a", "b")], &[("a", "b"), ("c", "d")], &[("a", "bc")], &[("ab", "c")], &[("b", "a")]];
        for tags in lists {
            let labels = Labels::new(tags);
            assert_eq!(labels.iter().collect::<Vec<_>>(), tags);
            for others in lists {
                let other = Labels::new(others);
                assert_eq!((labels.cmp(&other), labels == other), (tags.cmp(others), tags == others));
                assert_eq!(labels.matches(others), tags == others);
            }
        }
    }
}
