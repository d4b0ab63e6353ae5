//! JSON: `serde_json` checks the text, and borrowed raw values give every key its place.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{Lines, MAX_DEPTH, SyntaxError};
use crate::node::{Entry, Node};

pub(super) fn parse(text: &str) -> Result<Node, SyntaxError> {
    let source = Source { text, lines: Lines::of(text) };
    let root: &RawValue = source.read(text)?;
    source.node(root, 0)
}

struct Source<'a> {
    text: &'a str,
    lines: Lines,
}

impl<'a> Source<'a> {
    /// The line where `part`, a slice of the text, begins.
    fn line(&self, part: &str) -> usize {
        self.lines.at(part.as_ptr().addr().saturating_sub(self.text.as_ptr().addr()))
    }

    fn read<T: Deserialize<'a>>(&self, part: &'a str) -> Result<T, SyntaxError> {
        serde_json::from_str(part).map_err(|error| {
            let line = self.line(part) + error.line().saturating_sub(1);
            let whole = error.to_string();
            // The message ends with a position inside `part`, which is not the file's.
            let message = whole.rfind(" at line ").map_or(whole.as_str(), |end| &whole[..end]);
            SyntaxError::new(Some(line), message)
        })
    }

    /// Every level reads its part again, so the work is the length times [`MAX_DEPTH`] at most.
    fn node(&self, raw: &'a RawValue, depth: usize) -> Result<Node, SyntaxError> {
        let part = raw.get();
        if depth > MAX_DEPTH {
            return Err(SyntaxError::too_deep(Some(self.line(part))));
        }
        Ok(match part.as_bytes().first() {
            Some(b'{') => {
                let Members(members) = self.read(part)?;
                let entries = members.into_iter().map(|(key, value)| {
                    // Where the value begins: the key's own place is lost when its escapes are undone.
                    let line = Some(self.line(value.get()));
                    let node = self.node(value, depth + 1)?;
                    Ok(Entry { key: key.0.into_owned(), line, node })
                });
                Node::Map(entries.collect::<Result<_, _>>()?)
            }
            Some(b'[') => {
                let items: Vec<&RawValue> = self.read(part)?;
                let nodes = items
                    .into_iter()
                    .map(|item| Ok((Some(self.line(item.get())), self.node(item, depth + 1)?)))
                    .collect::<Result<Vec<_>, _>>()?;
                Node::list(nodes)
            }
            Some(b'"') => Node::Text(self.read(part)?),
            Some(b't' | b'f') => Node::Bool(self.read(part)?),
            Some(b'n') => Node::Null,
            _ => self.number(part)?,
        })
    }

    fn number(&self, part: &'a str) -> Result<Node, SyntaxError> {
        let number: serde_json::Number = self.read(part)?;
        Ok(if let Some(value) = number.as_u64() {
            Node::Unsigned(value)
        } else if let Some(value) = number.as_i64() {
            Node::Signed(value)
        } else {
            Node::Number(number.as_f64().unwrap_or(f64::NAN))
        })
    }
}

/// An object's members in order, repeated keys included.
struct Members<'a>(Vec<(Key<'a>, &'a RawValue)>);

#[derive(serde::Deserialize)]
#[serde(transparent)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_syntax_error_names_the_line_of_the_file() {
        let error = parse("{\n \"a\": 1,\n \"b\": }\n").expect_err("a value is missing");
        assert_eq!((error.line, error.message.as_str()), (Some(3), "expected value"));
        let error = parse("{\"a\":\n\"\\ud800\"}").expect_err("half a surrogate pair");
        assert_eq!(error.line, Some(2));
    }

    #[test]
    fn repeated_keys_are_kept_for_the_caller_to_judge() {
        let Node::Map(entries) = parse("{\"a\": 1,\n\"a\": -2}").expect("valid JSON") else {
            panic!("an object is a map");
        };
        assert_eq!(entries.iter().map(|entry| entry.line).collect::<Vec<_>>(), [Some(1), Some(2)]);
        assert!(matches!(entries[1].node, Node::Signed(-2)));
    }
}
