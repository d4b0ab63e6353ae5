//! Names for places in the code that were given none.

use std::fmt::Write as _;

/// What the compiler calls a closure, or the code of an `async` block, in the name of what is inside.
const CLOSURE: &str = "::{{closure}}";
/// The sign and the digits that stand for what was cut off.
const MARK_BYTES: usize = 17;

/// The name of the function around an item, from that of the item: its module, and its type and trait if it is a
/// method. Type parameters are written `_`, so that all types of a generic function have the same name.
///
/// ```
/// # use sidecar_core::sites::function_of;
/// assert_eq!(function_of("app::db::query::{{closure}}::here"), "app::db::query");
/// assert_eq!(function_of("<app::Db as app::Store>::get::here"), "<app::Db as app::Store>::get");
/// ```
#[must_use]
pub fn function_of(item: &str) -> String {
    let function = item.rsplit_once("::").map_or(item, |(function, _)| function);
    function.replace(CLOSURE, "")
}

/// The text, if it is at most `max` bytes long; otherwise its end, behind a mark that is the same in every run and
/// differs from that of other texts.
///
/// # Panics
/// If `max` has no room for the mark, 17 bytes.
#[must_use]
pub fn fit(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    let mut fitting = String::with_capacity(max);
    let _ = write!(fitting, "{:016x}~", fnv(text));
    fitting.push_str(&text[text.ceil_char_boundary(text.len() - (max - MARK_BYTES))..]);
    fitting
}

/// FNV-1a of 64 bits, whose constants these are (draft-eastlake-fnv).
fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_item_and_closures_are_no_part_of_the_name() {
        assert_eq!(function_of("a::f::here"), "a::f");
        assert_eq!(function_of("a::f::{{closure}}::{{closure}}::g::here"), "a::f::g");
        assert_eq!(function_of("a::G<_>::f::here"), "a::G<_>::f");
        assert_eq!(function_of("here"), "here");
    }

    #[test]
    fn what_fits_stays_and_what_does_not_is_cut_to_the_byte() {
        let text = "x".repeat(40);
        assert_eq!(fit(&text, 40), text);
        let cut = fit(&text, 39);
        assert_eq!(cut.len(), 39);
        assert!(cut.ends_with(&"x".repeat(22)) && cut.as_bytes()[16] == b'~', "{cut}");
        assert!(fit(&"é".repeat(40), 40).len() <= 40);
    }

    #[test]
    fn texts_with_the_same_end_stay_apart() {
        let (one, other) = (format!("a{}", "x".repeat(300)), format!("b{}", "x".repeat(300)));
        assert_ne!(fit(&one, 256), fit(&other, 256));
        assert_eq!(fit(&one, 256), fit(&one, 256));
    }

    #[test]
    fn the_hash_is_the_published_one() {
        assert_eq!(fnv(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv("foobar"), 0x8594_4171_f739_67e8);
    }
}
