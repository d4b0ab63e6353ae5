//! The values of arguments, each refused where it stands: with its name, what was given, and what is allowed.

use quote::ToTokens as _;
use syn::{Error, Expr, ExprLit, ExprPath, Lit, Path, Result};

/// Longest text that is a name, in bytes; the pieces' limit.
const MAX_NAME_BYTES: usize = 256;
/// The longest time, in seconds: 136 years.
const MAX_SECONDS: u32 = u32::MAX;
const NANOS_PER_SECOND: f64 = 1e9;
/// Longest value that is shown in an error as it stands, in bytes.
const MAX_SHOWN_BYTES: usize = 60;

/// A whole number from 1 to `max`.
pub(crate) fn count(max: u32) -> impl FnOnce(&str, &Expr) -> Result<u32> {
    move |name, value| {
        whole_number(value)
            .and_then(|number| u32::try_from(number).ok())
            .filter(|number| (1..=max).contains(number))
            .ok_or_else(|| refused(name, value, &format!("a whole number from 1 to {max}")))
    }
}

/// A number of seconds above zero, in nanoseconds.
pub(crate) fn seconds(name: &str, value: &Expr) -> Result<u64> {
    let seconds = match literal(value) {
        Some(Lit::Float(number)) if number.suffix().is_empty() => number.base10_parse::<f64>().ok(),
        _ => whole_number(value).map(|number| number as f64),
    };
    let is_allowed = |seconds: &f64| *seconds <= f64::from(MAX_SECONDS);
    // Below 2^62, and not negative: a literal has no sign.
    let nanos = seconds.filter(is_allowed).map(|seconds| (seconds * NANOS_PER_SECOND).round() as u64);
    nanos.filter(|nanos| *nanos > 0).ok_or_else(|| {
        refused(
            name,
            value,
            &format!("a number of seconds above 0, at most {MAX_SECONDS}, such as 60 or 0.5"),
        )
    })
}

/// A text that is a name.
pub(crate) fn name(name: &str, value: &Expr) -> Result<String> {
    let text = match literal(value) {
        Some(Lit::Str(text)) => Some(text.value()),
        _ => None,
    };
    text.filter(|text| (1..=MAX_NAME_BYTES).contains(&text.len()))
        .ok_or_else(|| refused(name, value, &format!("a text of 1 to {MAX_NAME_BYTES} bytes in quotes")))
}

/// The path of a function.
pub(crate) fn function(name: &str, value: &Expr) -> Result<ExprPath> {
    match ungrouped(value) {
        Expr::Path(path) if path.attrs.is_empty() => Ok(path.clone()),
        _ => Err(refused(name, value, "the path of a function")),
    }
}

/// The path of a crate or module.
pub(crate) fn module(name: &str, value: &Expr) -> Result<Path> {
    match ungrouped(value) {
        Expr::Path(ExprPath { attrs, qself: None, path }) if attrs.is_empty() => Ok(path.clone()),
        _ => Err(refused(name, value, "the path of a crate or module")),
    }
}

fn whole_number(value: &Expr) -> Option<u64> {
    match literal(value) {
        Some(Lit::Int(number)) if number.suffix().is_empty() => number.base10_parse().ok(),
        _ => None,
    }
}

fn literal(value: &Expr) -> Option<&Lit> {
    match ungrouped(value) {
        Expr::Lit(ExprLit { lit, .. }) => Some(lit),
        _ => None,
    }
}

/// What is in the groups that come with values handed on by a `macro_rules` macro.
fn ungrouped(mut value: &Expr) -> &Expr {
    while let Expr::Group(group) = value {
        value = &group.expr;
    }
    value
}

/// In the words of the pieces' own `SettingsError`.
fn refused(name: &str, value: &Expr, allowed: &str) -> Error {
    let given = shown(value);
    Error::new_spanned(value, format!("{name} is {given}, but must be {allowed}"))
}

fn shown(value: &Expr) -> String {
    let text = match value {
        Expr::Unary(unary) => {
            format!("{}{}", unary.op.to_token_stream(), unary.expr.to_token_stream())
        }
        _ => value.to_token_stream().to_string(),
    };
    if text.len() <= MAX_SHOWN_BYTES {
        return text;
    }
    format!("{}...", &text[..text.floor_char_boundary(MAX_SHOWN_BYTES)])
}
