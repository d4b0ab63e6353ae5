//! The names of places in the code that give none: each its own, and the same in every run as far as can be.

use sidecar_core::sites;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

/// Longest name of a breaker, in bytes.
const MAX_NAME_BYTES: usize = 256;

/// Which place has which name. As many entries as there are places with the attribute, each of which asks once.
static TAKEN: LazyLock<Mutex<HashMap<Arc<str>, usize>>> = LazyLock::new(Mutex::default);

/// The name of the place `site`, inside whose function an item called `item` was defined at `line` and `column`.
pub(super) fn of(site: usize, item: &str, (line, column): (u32, u32)) -> Arc<str> {
    let plain = sites::function_of(item);
    let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut name: Arc<str> = sites::fit(&plain, MAX_NAME_BYTES).into();
    let mut copies = 0;
    // The compiler gives the same name to functions of the same name in two blocks of one function. Made by a macro,
    // they even stand in the same place.
    while *taken.entry(Arc::clone(&name)).or_insert(site) != site {
        copies += 1;
        let copy = if copies == 1 { String::new() } else { format!("#{copies}") };
        name = sites::fit(&format!("{plain}@{line}:{column}{copy}"), MAX_NAME_BYTES).into();
    }
    name
}

/// Notes that a place gives this name itself.
pub(super) fn given(site: usize, name: &'static str) {
    let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    taken.entry(name.into()).or_insert(site);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_another_place_has_gets_the_line_and_then_a_number() {
        let names: Vec<_> = (1..=3).map(|site| of(site, "names::test::f::__here", (7, 9))).collect();
        assert_eq!(names[..2], ["names::test::f".into(), "names::test::f@7:9".into()]);
        assert_eq!(&*names[2], "names::test::f@7:9#2");
        assert_eq!(of(2, "names::test::f::__here", (7, 9)), names[1], "asked again it is the same");
    }

    #[test]
    fn a_name_that_was_given_elsewhere_is_not_taken() {
        given(1, "names::given::f");
        assert_eq!(&*of(2, "names::given::f::__here", (7, 9)), "names::given::f@7:9");
    }
}
