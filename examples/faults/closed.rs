//! A closed breaker, and what should open it.

use super::drive::{FAIL, OK, TRIP, call_now, call_panics, is_admitted};
use crate::{LONG, Subject, Times};
use std::thread;

/// Many calls succeed, then every call fails.
pub(crate) fn outage<S: Subject>() -> String {
    const GOOD: usize = 100_000;
    let subject = S::over_calls();
    for _ in 0..GOOD {
        call_now(&subject, OK);
    }
    opens_after("failures", 2 * GOOD, || is_admitted(&subject, FAIL))
}

/// The call that completes the minimum number of calls succeeds; more than half of them have failed.
pub(crate) fn due_on_success<S: Subject>() -> String {
    let subject = match S::with_minimum() {
        Ok(subject) => subject,
        Err(why) => return why.to_string(),
    };
    for answer in [FAIL, FAIL, FAIL, FAIL, FAIL, FAIL, OK, OK, OK, OK] {
        assert!(is_admitted(&subject, answer), "{} opens below the minimum", S::NAME);
    }
    if !is_admitted(&subject, FAIL) {
        "opens on that success".to_owned()
    } else if !is_admitted(&subject, FAIL) {
        "only on the next failure".to_owned()
    } else {
        "not even on the next failure".to_owned()
    }
}

/// All but one of the failures that open are older than the window when the last one comes.
pub(crate) fn old_failures<S: Subject>() -> String {
    let (subject, window) = match S::over_time() {
        Ok(found) => found,
        Err(why) => return why.to_string(),
    };
    for _ in 1..TRIP {
        call_now(&subject, FAIL);
    }
    thread::sleep(2 * window);
    call_now(&subject, FAIL);
    if !is_admitted(&subject, OK) {
        return "opens".to_owned();
    }
    // To stay closed is right only for a breaker that does open.
    const MANY: usize = 1_000;
    if (0..MANY).all(|_| is_admitted(&subject, FAIL)) {
        format!("stays closed, also at {} failures more", grouped(MANY))
    } else {
        "stays closed".to_owned()
    }
}

/// Every call panics.
pub(crate) fn panics<S: Subject>() -> String {
    let subject = S::probing(Times { open: LONG, round: LONG, window: LONG });
    opens_after("panics", 1_000, || call_panics(&subject))
}

/// How many calls are admitted until the first is refused.
fn opens_after(what: &str, most: usize, is_admitted: impl FnMut() -> bool) -> String {
    match std::iter::repeat_with(is_admitted).take(most).position(|admitted| !admitted) {
        Some(admitted) => format!("opens after {} {what}", grouped(admitted)),
        None => format!("not in {} {what}", grouped(most)),
    }
}

/// The number, its digits in threes.
fn grouped(number: usize) -> String {
    match number / 1_000 {
        0 => number.to_string(),
        thousands => format!("{} {:03}", grouped(thousands), number % 1_000),
    }
}
