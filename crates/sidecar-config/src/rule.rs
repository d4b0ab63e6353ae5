//! What a key's value may be.

use std::fmt;

use figment::error::Actual;
use figment::value::Value;

/// One key and the values it may have.
///
/// The key is dotted; a part `*` stands for any one key of a map or item of a list. A key that is not set
/// (`None`) satisfies every rule.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    key: &'static str,
    allowed: Allowed,
}

#[derive(Clone, Copy, Debug)]
enum Allowed {
    Flag,
    Text,
    Number { min: f64, max: f64 },
    Whole { min: u64, max: u64 },
    Seconds { min: f64, max: f64 },
}

impl Rule {
    /// `true` or `false`.
    #[must_use]
    pub const fn flag(key: &'static str) -> Self {
        Self { key, allowed: Allowed::Flag }
    }

    /// Any text.
    #[must_use]
    pub const fn text(key: &'static str) -> Self {
        Self { key, allowed: Allowed::Text }
    }

    /// A number from `min` to `max`, both included.
    #[must_use]
    pub const fn number(key: &'static str, min: f64, max: f64) -> Self {
        Self { key, allowed: Allowed::Number { min, max } }
    }

    /// A whole number from `min` to `max`, both included.
    #[must_use]
    pub const fn whole(key: &'static str, min: u64, max: u64) -> Self {
        Self { key, allowed: Allowed::Whole { min, max } }
    }

    /// A number of seconds from `min` to `max`, both included; fractions are allowed.
    #[must_use]
    pub const fn seconds(key: &'static str, min: f64, max: f64) -> Self {
        Self { key, allowed: Allowed::Seconds { min, max } }
    }

    /// The key, dotted.
    #[must_use]
    pub const fn key(&self) -> &'static str {
        self.key
    }

    /// What is allowed, in words.
    #[must_use]
    pub fn allowed(&self) -> String {
        self.allowed.to_string()
    }

    pub(crate) fn is_for(&self, path: &[String]) -> bool {
        let mut parts = self.key.split('.');
        path.iter().all(|key| parts.next().is_some_and(|part| part == "*" || part == key))
            && parts.next().is_none()
    }

    pub(crate) fn admits(&self, value: &Value) -> bool {
        let value = value.to_actual();
        match (self.allowed, &value) {
            (_, Actual::Unit | Actual::Option)
            | (Allowed::Flag, Actual::Bool(_))
            | (Allowed::Text, Actual::Str(_)) => true,
            (Allowed::Number { min, max } | Allowed::Seconds { min, max }, _) => {
                number(&value).is_some_and(|value| (min..=max).contains(&value))
            }
            (Allowed::Whole { min, max }, &Actual::Unsigned(value)) => {
                (u128::from(min)..=u128::from(max)).contains(&value)
            }
            (Allowed::Whole { min, max }, &Actual::Signed(value)) => {
                (i128::from(min)..=i128::from(max)).contains(&value)
            }
            _ => false,
        }
    }
}

fn number(value: &Actual) -> Option<f64> {
    match *value {
        Actual::Unsigned(value) => Some(value as f64),
        Actual::Signed(value) => Some(value as f64),
        Actual::Float(value) => Some(value),
        _ => None,
    }
}

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("true or false"),
            Self::Text => f.write_str("a text"),
            Self::Number { min, max } => write!(f, "a number from {min:?} to {max:?}"),
            Self::Whole { min, max } => write!(f, "a whole number from {min} to {max}"),
            Self::Seconds { min, max } => write!(f, "a number of seconds from {min} to {max}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_included_and_nan_is_refused() {
        let rule = Rule::number("rate", 0.0, 1.0);
        assert_eq!(rule.allowed(), "a number from 0.0 to 1.0");
        for (value, admitted) in [(0.0, true), (1.0, true), (1.0 + f64::EPSILON, false), (f64::NAN, false)] {
            assert_eq!(rule.admits(&Value::from(value)), admitted, "{value}");
        }
        assert!(rule.admits(&Value::from(1_u32)));
        assert!(!rule.admits(&Value::from("0.5")));
    }

    #[test]
    fn whole_numbers_are_compared_exactly() {
        let rule = Rule::whole("size", 1, u64::MAX);
        assert!(rule.admits(&Value::from(u64::MAX)));
        assert!(!rule.admits(&Value::from(0_u8)));
        assert!(!rule.admits(&Value::from(-1_i8)));
        assert!(!rule.admits(&Value::from(2.0)));
    }

    #[test]
    fn a_star_is_exactly_one_part() {
        let path = |text: &str| text.split('.').map(str::to_owned).collect::<Vec<_>>();
        let rule = Rule::flag("a.*.c");
        assert!(rule.is_for(&path("a.b.c")));
        assert!(!rule.is_for(&path("a.b")));
        assert!(!rule.is_for(&path("a.b.c.d")));
        assert!(rule.is_for(&["a".to_owned(), "b.x".to_owned(), "c".to_owned()]));
    }
}
