//! One JSON object: what every line has to be.

use super::malformed::Malformed;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use sidecar_runtime::observer::{SmolStr, Value};
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

/// Keys up to which a plain search is quicker than a table.
pub(crate) const FEW_KEYS: usize = 16;

/// An object's entries, in order, each name once.
#[derive(Debug, Default)]
pub(crate) struct Object(Vec<(SmolStr, Value)>);

impl Object {
    /// Reads a line.
    pub(crate) fn parse(line: &[u8]) -> Result<Self, Malformed> {
        let text = std::str::from_utf8(line).map_err(|_| Malformed::NotUtf8)?;
        serde_json::from_str(text).map_err(|error| {
            // Any value may be an entry, so only the line itself can be of the wrong kind.
            if error.is_data() { Malformed::NotAnObject } else { error.into() }
        })
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Value::as_str)
    }

    pub(crate) fn into_entries(self) -> Vec<(SmolStr, Value)> {
        self.0
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries)
    }
}

struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = Object;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    /// Of two entries of one name the last one holds, at the place of the first.
    fn visit_map<A: MapAccess<'de>>(self, mut items: A) -> Result<Object, A::Error> {
        let mut entries = Vec::<(SmolStr, Value)>::new();
        let mut places = HashMap::<SmolStr, usize>::new();
        while let Some((key, value)) = items.next_entry::<Cow<'de, str>, Value>()? {
            let key = SmolStr::new(key);
            if places.is_empty() && entries.len() == FEW_KEYS {
                places.extend(entries.iter().zip(0..).map(|((name, _), place)| (name.clone(), place)));
            }
            let place = if places.is_empty() {
                entries.iter().position(|(name, _)| *name == key)
            } else {
                places.get(&key).copied()
            };
            match place {
                Some(place) => entries[place].1 = value,
                None => {
                    if !places.is_empty() {
                        places.insert(key.clone(), entries.len());
                    }
                    entries.push((key, value));
                }
            }
        }
        Ok(Object(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_entries_of_one_name_the_last_one_holds_however_many_there_are() {
        for keys in [1, FEW_KEYS - 1, FEW_KEYS, FEW_KEYS + 1, 100] {
            let once: Vec<String> = (0..keys).map(|n| format!("\"k{n}\":{n}")).collect();
            let line = format!("{{{},{}}}", once.join(","), once.join(",").replace("\":", "\":1"));
            let object = Object::parse(line.as_bytes()).expect("an object");
            assert_eq!(object.0.len(), keys, "{line}");
            for n in 0..keys {
                let expected: u64 = format!("1{n}").parse().expect("a number");
                assert_eq!(object.0[n], (format!("k{n}").into(), Value::U64(expected)));
            }
        }
    }

    #[test]
    fn what_is_no_object_is_told_apart() {
        for (line, kind) in [
            (&b"[1]"[..], "not_an_object"),
            (b"7", "not_an_object"),
            (b"null", "not_an_object"),
            (b"\"{}\"", "not_an_object"),
            (b"{\"event_type\":", "not_json"),
            (b"{} {}", "not_json"),
            (b"{\"a\":1e999}", "not_json"),
            (b"nonsense", "not_json"),
            (b"", "not_json"),
            (b"\xff\xfe", "not_utf8"),
        ] {
            assert_eq!(Object::parse(line).expect_err("malformed").kind(), kind, "{line:?}");
        }
        let deep = "{\"a\":".repeat(10_000);
        assert_eq!(Object::parse(deep.as_bytes()).expect_err("deep").kind(), "too_deep");
    }
}
