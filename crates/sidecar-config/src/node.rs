//! The parsed form of one layer: a tree in which every key knows its line.

use figment::value::{Dict, Value};

/// One value of a parsed layer.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Number(f64),
    Text(String),
    List(Vec<Entry>),
    Map(Vec<Entry>),
}

/// A map's key, or a list's index as text, with the line where it stands.
///
/// A list entry keeps its first index even when entries before it are taken out, so that an error names
/// the index that the reader sees in the file.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) line: Option<usize>,
    pub(crate) node: Node,
}

/// Where a path ends in a tree: the entry, and the keys that lead to it as the file shows them.
pub(crate) struct Found<'a> {
    pub(crate) entry: &'a Entry,
    pub(crate) keys: Vec<String>,
    /// The path goes on below this entry, where the tree has nothing.
    pub(crate) partial: bool,
    /// The entry is an item of a list.
    pub(crate) in_list: bool,
}

impl Found<'_> {
    /// Whether the whole path is there, and a plain value at its end.
    pub(crate) fn is_scalar(&self) -> bool {
        !self.partial && !matches!(self.entry.node, Node::List(_) | Node::Map(_))
    }
}

impl Node {
    /// A list whose entries are named by their index.
    pub(crate) fn list(items: impl IntoIterator<Item = (Option<usize>, Self)>) -> Self {
        let entry = |(index, (line, node)): (usize, _)| Entry { key: index.to_string(), line, node };
        Self::List(items.into_iter().enumerate().map(entry).collect())
    }

    /// A tree with `leaf` at the end of `path`.
    pub(crate) fn nested(path: &[&str], leaf: Self) -> Self {
        path.iter()
            .rev()
            .fold(leaf, |node, key| Self::Map(vec![Entry { key: (*key).to_owned(), line: None, node }]))
    }

    /// The number that `text` spells.
    pub(crate) fn number(text: &str) -> Option<Self> {
        let unsigned = || text.parse().map(Self::Unsigned);
        let signed = || text.parse().map(Self::Signed);
        unsigned().or_else(|_| signed()).ok().or_else(|| text.parse().map(Self::Number).ok())
    }

    /// The flag that `text` spells, in any case.
    pub(crate) fn flag(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Some(Self::Bool(true)),
            "false" | "no" | "off" | "0" => Some(Self::Bool(false)),
            _ => None,
        }
    }

    fn children(&self) -> &[Entry] {
        match self {
            Self::Map(entries) | Self::List(entries) => entries,
            _ => &[],
        }
    }

    fn position(&self, key: &str) -> Option<usize> {
        match self {
            Self::Map(entries) => entries.iter().position(|entry| entry.key == key),
            Self::List(entries) => key.parse().ok().filter(|&index: &usize| index < entries.len()),
            _ => None,
        }
    }

    /// Follows `path` as far as the tree has it; list indices are present positions.
    ///
    /// `None` when not even the first key is there.
    pub(crate) fn find(&self, path: &[String]) -> Option<Found<'_>> {
        let mut found: Option<Found<'_>> = None;
        let mut node = self;
        for key in path {
            let Some(position) = node.position(key) else {
                if let Some(found) = &mut found {
                    found.partial = true;
                }
                break;
            };
            let entry = &node.children()[position];
            let mut keys = found.map_or_else(Vec::new, |found| found.keys);
            keys.push(entry.key.clone());
            found = Some(Found { entry, keys, partial: false, in_list: matches!(node, Self::List(_)) });
            node = &entry.node;
        }
        found
    }

    /// Takes out the deepest entry that `path` reaches.
    pub(crate) fn remove(&mut self, path: &[String]) {
        let Some((key, rest)) = path.split_first() else { return };
        let Some(position) = self.position(key) else { return };
        let (Self::Map(entries) | Self::List(entries)) = self else { return };
        let below = &mut entries[position].node;
        if rest.first().is_some_and(|next| below.position(next).is_some()) {
            below.remove(rest);
        } else {
            entries.remove(position);
        }
    }

    /// Takes out map keys without a value: they mean "not given".
    pub(crate) fn prune_nulls(&mut self) {
        if let Self::Map(entries) = self {
            entries.retain(|entry| !matches!(entry.node, Self::Null));
        }
        if let Self::Map(entries) | Self::List(entries) = self {
            entries.iter_mut().for_each(|entry| entry.node.prune_nulls());
        }
    }

    /// Turns the flag or word at `path` into the map that it is short for: one whose `flag` it is, and which
    /// says nothing else.
    pub(crate) fn spell_out(&mut self, path: &[&str], flag: &str) {
        let (Some((key, rest)), Self::Map(entries)) = (path.split_first(), self) else { return };
        let Some(entry) = entries.iter_mut().find(|entry| entry.key == *key) else { return };
        if !rest.is_empty() {
            return entry.node.spell_out(rest, flag);
        }
        let value = match &entry.node {
            Self::Bool(value) => *value,
            Self::Text(word) if word == ENABLED => true,
            Self::Text(word) if word == DISABLED => false,
            _ => return,
        };
        let flag = Entry { key: flag.to_owned(), line: entry.line, node: Self::Bool(value) };
        entry.node = Self::Map(vec![flag]);
    }

    /// What the value looks like in a message: short, on one line.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Null => "empty".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Unsigned(value) => value.to_string(),
            Self::Signed(value) => value.to_string(),
            Self::Number(value) => decimal(*value),
            Self::Text(value) => quote(value),
            Self::List(_) => "a list".to_owned(),
            Self::Map(_) => "a map".to_owned(),
        }
    }

    /// The tree as a map of values, or nothing when it is no map.
    pub(crate) fn to_dict(&self) -> Dict {
        match self.to_value() {
            Value::Dict(_, dict) => dict,
            _ => Dict::new(),
        }
    }

    fn to_value(&self) -> Value {
        match self {
            Self::Null => Value::from(figment::value::Empty::Unit),
            Self::Bool(value) => Value::from(*value),
            Self::Unsigned(value) => Value::from(*value),
            Self::Signed(value) => Value::from(*value),
            Self::Number(value) => Value::from(*value),
            Self::Text(value) => Value::from(value.as_str()),
            Self::List(entries) => {
                Value::from(entries.iter().map(|entry| entry.node.to_value()).collect::<Vec<_>>())
            }
            Self::Map(entries) => Value::from(
                entries.iter().map(|entry| (entry.key.clone(), entry.node.to_value())).collect::<Dict>(),
            ),
        }
    }
}

/// The words that may stand for a flag, in the key of the map that holds it.
const ENABLED: &str = "enabled";
const DISABLED: &str = "disabled";

/// A number that is not written as a whole one: with its point or exponent, since `1000.0` is refused where
/// `1000` is not.
pub(crate) fn decimal(value: f64) -> String {
    format!("{value:?}")
}

/// Longest piece of a text value that a message shows, in bytes.
const MAX_SHOWN_BYTES: usize = 60;

/// `text` in quotes, control characters escaped, cut at a character.
pub(crate) fn quote(text: &str) -> String {
    let shown = &text[..text.floor_char_boundary(MAX_SHOWN_BYTES)];
    if shown.len() == text.len() { format!("{text:?}") } else { format!("{shown:?} and more") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(keys: &[&str]) -> Vec<String> {
        keys.iter().map(|key| (*key).to_owned()).collect()
    }

    fn sample() -> Node {
        let list =
            Node::list([(Some(2), Node::Bool(true)), (Some(3), Node::Null), (Some(4), Node::Signed(-1))]);
        Node::nested(&["a", "b"], list)
    }

    #[test]
    fn a_list_entry_keeps_the_index_that_the_file_shows() {
        let mut tree = sample();
        tree.remove(&path(&["a", "b", "1"]));
        let found = tree.find(&path(&["a", "b", "1"])).expect("two entries are left");
        assert_eq!(found.keys, path(&["a", "b", "2"]));
        assert_eq!(found.entry.line, Some(4));
    }

    #[test]
    fn a_path_that_goes_too_deep_ends_at_its_last_entry() {
        let tree = sample();
        let found = tree.find(&path(&["a", "b", "0", "x"])).expect("the list entry is there");
        assert!(found.partial);
        assert_eq!(found.keys, path(&["a", "b", "0"]));
        assert!(tree.find(&path(&["z"])).is_none());
    }

    #[test]
    fn nulls_leave_maps_but_not_lists() {
        let mut tree = Node::Map(vec![
            Entry { key: "gone".into(), line: None, node: Node::Null },
            Entry { key: "list".into(), line: None, node: Node::list([(None, Node::Null)]) },
        ]);
        tree.prune_nulls();
        assert!(tree.find(&path(&["gone"])).is_none());
        assert!(tree.find(&path(&["list", "0"])).is_some());
    }

    #[test]
    fn only_a_word_or_flag_is_spelt_out() {
        let at = ["a", "b"];
        for (leaf, spelt) in [
            (Node::Text("enabled".into()), Some("true")),
            (Node::Text("disabled".into()), Some("false")),
            (Node::Bool(false), Some("false")),
            (Node::Text("sometimes".into()), None),
            (Node::Unsigned(1), None),
            (Node::Map(Vec::new()), None),
        ] {
            let mut tree = Node::nested(&at, leaf);
            tree.spell_out(&at, "on");
            tree.spell_out(&["a", "absent"], "on");
            tree.spell_out(&["a", "b", "on", "deeper"], "on");
            let found = tree.find(&path(&["a", "b", "on"])).expect("a and b are there");
            assert_eq!((!found.partial).then(|| found.entry.node.describe()).as_deref(), spelt);
        }
    }

    #[test]
    fn a_decimal_does_not_look_like_a_whole_number() {
        let shown = |value| Node::Number(value).describe();
        assert_eq!([1000.0, 0.5, 1e300, f64::NAN].map(shown), ["1000.0", "0.5", "1e300", "NaN"]);
    }

    #[test]
    fn long_text_is_cut_at_a_character() {
        let shown = quote(&"é".repeat(100));
        assert_eq!(shown, format!("\"{}\" and more", "é".repeat(30)));
        assert_eq!(quote("a\nb"), "\"a\\nb\"");
    }
}
