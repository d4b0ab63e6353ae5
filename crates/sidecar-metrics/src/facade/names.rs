//! Names of the facade, which may be any text, as names that the formats allow. No two become one.

use crate::names::{check_name, check_tag_key};
use std::borrow::Cow;
use std::fmt::Write;

/// In front of a name that was changed, and only there.
const ESCAPED: &str = "U__";

/// Longer texts are no names: what is left of them is refused for its length.
const MAX_CHARS: usize = crate::names::MAX_NAME_BYTES + 1;

pub(super) fn metric_name(name: &str) -> Cow<'_, str> {
    if !name.starts_with(ESCAPED) && check_name(name).is_ok() {
        name.into()
    } else {
        escaped(name, true).into()
    }
}

pub(super) fn tag_key(key: &str) -> Cow<'_, str> {
    if !key.starts_with(ESCAPED) && check_tag_key("", key).is_ok() {
        key.into()
    } else {
        escaped(key, false).into()
    }
}

/// The escaped text begins with [`ESCAPED`]; an underscore in it is doubled or beside a hexadecimal number, so it can
/// be read back in one way only.
fn escaped(text: &str, colons: bool) -> String {
    let mut out = String::from(ESCAPED);
    for (at, character) in text.chars().enumerate().take(MAX_CHARS) {
        match character {
            '_' => out.push_str("__"),
            'a'..='z' | 'A'..='Z' => out.push(character),
            '0'..='9' if at > 0 => out.push(character),
            ':' if colons => out.push(':'),
            _ => write!(out, "_{:x}_", u32::from(character)).expect("a string takes everything"),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_allowed_stays_and_what_is_not_is_escaped() {
        for (name, expected) in [
            ("http_requests_total", "http_requests_total"),
            ("rule:name", "rule:name"),
            ("a.b", "U__a_2e_b"),
            ("a-b_c", "U__a_2d_b__c"),
            ("1a", "U___31_a"),
            ("", "U__"),
            ("U__a_2e_b", "U__U____a__2e__b"),
            ("größe", "U__gr_f6__df_e"),
        ] {
            assert_eq!(metric_name(name), expected);
        }
        for (key, expected) in
            [("user", "user"), ("le", "U__le"), ("__name__", "U______name____"), ("a:b", "U__a_3a_b")]
        {
            assert_eq!(tag_key(key), expected);
        }
    }

    /// The reverse, as Prometheus does it.
    fn unescaped(name: &str) -> Option<String> {
        let Some(mut rest) = name.strip_prefix(ESCAPED) else { return Some(name.to_owned()) };
        let mut out = String::new();
        while let Some(next) = rest.chars().next() {
            if let Some(after) = rest.strip_prefix("__") {
                out.push('_');
                rest = after;
            } else if let Some(after) = rest.strip_prefix('_') {
                let (code, after) = after.split_once('_')?;
                out.push(char::from_u32(u32::from_str_radix(code, 16).ok()?)?);
                rest = after;
            } else {
                out.push(next);
                rest = &rest[1..];
            }
        }
        Some(out)
    }

    proptest! {
        #[test]
        fn every_name_can_be_read_back_and_is_allowed(text in "[aU_.:12é-]{0,12}|\\PC{0,12}") {
            let (name, key) = (metric_name(&text), tag_key(&text));
            prop_assert_eq!(unescaped(&name), Some(text.clone()));
            prop_assert_eq!(unescaped(&key), Some(text.clone()));
            prop_assert!(check_name(&name).is_ok() && check_tag_key("m", &key).is_ok());
        }
    }
}
