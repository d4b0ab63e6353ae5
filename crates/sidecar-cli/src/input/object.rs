//! One JSON object: what every line has to be.

use super::malformed::Malformed;
use sidecar_runtime::observer::{SmolStr, Value};

/// An object's entries, in order, each name once.
#[derive(Debug, Default)]
pub(crate) struct Object(Vec<(SmolStr, Value)>);

impl Object {
    /// Reads a line.
    pub(crate) fn parse(line: &[u8]) -> Result<Self, Malformed> {
        let text = std::str::from_utf8(line).map_err(|_| Malformed::NotUtf8)?;
        match serde_json::from_str(text)? {
            Value::Map(entries) => Ok(Self(entries.into_vec())),
            _ => Err(Malformed::NotAnObject),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_entries_of_one_name_the_last_one_holds() {
        let object = Object::parse(br#"{"a":1,"b":2,"a":3}"#).expect("an object");
        assert_eq!(object.get("a"), Some(&Value::U64(3)));
        assert_eq!(object.into_entries().len(), 2);
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
