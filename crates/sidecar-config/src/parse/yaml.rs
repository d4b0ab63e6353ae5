//! YAML: `serde-saphyr` reads the text, and its spans give every key its line.

use std::cell::Cell;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{
    DefaultMessageFormatter, DuplicateKeyPolicy, MessageFormatter, NonFiniteFloatPolicy, Spanned,
};

use super::{MAX_DEPTH, SyntaxError};
use crate::node::{Entry, Node};

/// Events that aliases may replay in one file: room for ordinary anchors, none for alias bombs.
const MAX_REPLAYED_EVENTS: usize = 10_000;

/// Deepest chain of aliases within aliases.
const MAX_ALIAS_DEPTH: usize = 16;

pub(super) fn parse(text: &str) -> Result<Node, SyntaxError> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_depth: MAX_DEPTH, flow_nesting_limit: MAX_DEPTH },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: MAX_REPLAYED_EVENTS,
            max_replay_stack_depth: MAX_ALIAS_DEPTH,
        },
        // Repeated keys in other programs' sections are not ours to judge; ours are found in the tree.
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        with_snippet: false,
    };
    match serde_saphyr::from_str_with_options::<Option<Marked>>(text, options) {
        Ok(root) => Ok(root.map_or(Node::Null, |Marked(node)| node)),
        Err(error) => {
            let line = error.location().map(|location| location.line()).filter(|&line| line > 0);
            let message = DefaultMessageFormatter.format_message(&error).replace('\n', " ");
            Err(SyntaxError::new(line.map(|line| usize::try_from(line).unwrap_or(usize::MAX)), message))
        }
    }
}

struct Marked(Node);

impl<'de> Deserialize<'de> for Marked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let _level = Level::enter().map_err(D::Error::custom)?;
        deserializer.deserialize_any(AnyNode).map(Self)
    }
}

thread_local! {
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// One level of nesting, counted per thread because [`Spanned`] hands no state down.
///
/// The parser's own bound sees the brackets and indentation of the text, but not the levels that aliases add.
struct Level;

impl Level {
    fn enter() -> Result<Self, String> {
        let depth = DEPTH.get();
        if depth > MAX_DEPTH {
            return Err(SyntaxError::too_deep(None).message);
        }
        DEPTH.set(depth + 1);
        Ok(Self)
    }
}

impl Drop for Level {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
    }
}

struct AnyNode;

fn line<T>(spanned: &Spanned<T>) -> Option<usize> {
    usize::try_from(spanned.defined.line()).ok().filter(|&line| line > 0)
}

impl<'de> Visitor<'de> for AnyNode {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(u64::try_from(value).map_or(Node::Signed(value), Node::Unsigned))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Unsigned(value))
    }

    // Wider integers than any setting's: close enough for the message that refuses them.
    fn visit_i128<E>(self, value: i128) -> Result<Node, E> {
        Ok(Node::Number(value as f64))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Node, E> {
        Ok(Node::Number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Number(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Node, E> {
        Ok(Node::Text(value))
    }

    fn visit_bytes<E>(self, value: &[u8]) -> Result<Node, E> {
        Ok(Node::Text(String::from_utf8_lossy(value).into_owned()))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut nodes = Vec::new();
        while let Some(item) = items.next_element::<Spanned<Marked>>()? {
            nodes.push((line(&item), item.value.0));
        }
        Ok(Node::list(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<Spanned<Option<String>>>()? {
            let Marked(node) = map.next_value()?;
            let line = line(&key);
            entries.push(Entry { key: key.value.unwrap_or_else(|| "~".to_owned()), line, node });
        }
        Ok(Node::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<(String, Option<usize>, String)> {
        let Node::Map(entries) = parse(text).expect("valid YAML") else { panic!("a map: {text}") };
        entries.into_iter().map(|entry| (entry.key, entry.line, entry.node.describe())).collect()
    }

    fn row(key: &str, line: usize, value: &str) -> (String, Option<usize>, String) {
        (key.to_owned(), Some(line), value.to_owned())
    }

    #[test]
    fn a_syntax_error_names_its_line() {
        let error = parse("a: 1\nb: [1, 2\nc: 3\n").expect_err("an unclosed list");
        assert!(matches!(error.line, Some(2..=4)), "{error:?}");
        assert!(!error.message.contains('\n'));
    }

    #[test]
    fn keys_keep_their_spelling_and_odd_ones_are_read() {
        assert_eq!(
            shown("1.10: a\nyes: 2\n~: x\n0x1: z\n"),
            [row("1.10", 1, "\"a\""), row("yes", 2, "2"), row("~", 3, "\"x\""), row("0x1", 4, "\"z\"")]
        );
    }

    #[test]
    fn repeated_keys_are_kept_for_the_caller_to_judge() {
        assert_eq!(shown("a: 1\na: 2\n"), [row("a", 1, "1"), row("a", 2, "2")]);
    }

    #[test]
    fn merged_keys_stand_where_they_are_written() {
        let text = "base: &base\n  x: 1\n  y: 2\nmine:\n  <<: *base\n  y: 3\n";
        let Node::Map(entries) = parse(text).expect("valid YAML") else { panic!("a map") };
        let Node::Map(mine) = &entries[1].node else { panic!("a map") };
        let mut mine: Vec<_> = mine.iter().map(|entry| (entry.key.as_str(), entry.line)).collect();
        mine.sort_unstable();
        assert_eq!(mine, [("x", Some(2)), ("y", Some(6))]);
    }

    #[test]
    fn tags_and_odd_numbers_of_other_sections_do_not_fail_the_file() {
        let text = "a: !custom 1\nb: !!binary aGk=\nc: .nan\nd: 340282366920938463463374607431768211455\ne: !map {x: 1}\n";
        assert_eq!(shown(text).len(), 5);
    }

    #[test]
    fn the_deepest_file_fits_on_a_small_stack() {
        let deepest = format!("{}1{}", "{a: ".repeat(MAX_DEPTH), "}".repeat(MAX_DEPTH));
        let thread = std::thread::Builder::new().stack_size(1024 * 1024);
        let thread = thread.spawn(move || parse(&deepest).is_ok()).expect("a thread");
        assert!(thread.join().expect("no panic"));
    }

    #[test]
    fn an_alias_bomb_is_refused() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let below = level - 1;
            let aliases = vec![format!("*a{below}"); 9].join(", ");
            text.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
        }
        assert!(parse(&text).is_err());
    }

    #[test]
    fn a_chain_of_aliases_does_not_overflow_the_stack() {
        let mut text = "a0: &a0 [x]\n".to_owned();
        for level in 1..5_000 {
            text.push_str(&format!("a{level}: &a{level} [*a{}]\n", level - 1));
        }
        assert!(parse(&text).is_err());
    }
}
