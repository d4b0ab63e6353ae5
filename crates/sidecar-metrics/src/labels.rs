//! Tags as a caller gives them, and as a series keeps them.

use crate::error::{RegisterError, excerpt};
use crate::exposition::escape::push_escaped;
use crate::names::{check_name, check_tag_key};
use smallvec::SmallVec;
use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

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

impl Hash for Key<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.name, &self.tags).hash(state);
    }
}

impl<'a> Key<'a> {
    pub(crate) fn new(name: &'a str, given: &'a [(&'a str, &'a str)]) -> Self {
        let mut tags = sorted(given);
        if tags.iter().any(|(_, value)| value.is_empty()) {
            tags.retain(|(_, value)| !value.is_empty());
        }
        Self { name, tags, given }
    }

    /// Whether tags were left out. Such a key can find a series that its tags may not name: check it first.
    pub(crate) fn leaves_out_tags(&self) -> bool {
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
    tags: Box<[(Box<str>, Box<str>)]>,
    /// `key="value",key="value"`, escaped, without braces. Both formats escape label values alike.
    text: Box<str>,
}

impl Labels {
    /// `tags` must be those of a checked [`Key`].
    pub(crate) fn new(tags: &[(&str, &str)]) -> Self {
        let mut text = String::new();
        for (key, value) in tags {
            if !text.is_empty() {
                text.push(',');
            }
            text.push_str(key);
            text.push_str("=\"");
            push_escaped(&mut text, value, true);
            text.push('"');
        }
        let tags = tags.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
        Self { tags, text: text.into() }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.tags.iter().map(|(key, value)| (&**key, &**value))
    }

    /// Whether these are `tags`, which must be sorted.
    pub(crate) fn matches(&self, tags: &[(&str, &str)]) -> bool {
        self.tags.len() == tags.len() && self.iter().eq(tags.iter().copied())
    }
}

impl PartialEq for Labels {
    fn eq(&self, other: &Self) -> bool {
        self.tags == other.tags
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
        self.tags.cmp(&other.tags)
    }
}
