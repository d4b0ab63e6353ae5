//! Functions and methods that do their work before they return.

use super::{DOWN, Failed, OPEN, TIMEOUT, breaker, in_virtual_time};
use sidecar_breaker::{State, Verdict, protected};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

#[test]
fn the_threshold_opens_and_the_timeout_lets_probes_through() {
    #[protected(name = "calls/opens", failure_threshold = 2, timeout = 60, success_threshold = 1)]
    fn fetch(result: Result<u8, Failed>) -> Result<u8, Failed> {
        result
    }
    let (breaker, hand) = in_virtual_time("calls/opens", |builder| {
        builder.failure_threshold(2).timeout(TIMEOUT).success_threshold(1)
    });
    assert_eq!(fetch(Ok(7)), Ok(7));
    assert_eq!(fetch(Err(DOWN)), Err(DOWN));
    assert_eq!((fetch(Err(DOWN)), breaker.state()), (Err(DOWN), State::Open));
    assert_eq!(fetch(Ok(7)), Err(OPEN));
    hand.increment(TIMEOUT);
    assert_eq!((fetch(Ok(8)), breaker.state()), (Ok(8), State::Closed));
    let seen = breaker.snapshot();
    assert_eq!((seen.successes, seen.failures, seen.rejected), (2, 2, 1));
}

#[test]
fn early_returns_and_question_marks_end_the_call_and_count() {
    #[protected(name = "calls/exits", failure_threshold = 99)]
    fn exits(how: u8) -> Result<&'static str, Failed> {
        if how == 0 {
            return Ok("early");
        }
        if how == 1 {
            return Err(DOWN);
        }
        let number = (if how == 2 { Err(DOWN) } else { Ok("late") })?;
        Ok(number)
    }
    let found: Vec<_> = (0..4).map(exits).collect();
    assert_eq!(found, [Ok("early"), Err(DOWN), Err(DOWN), Ok("late")]);
    let seen = breaker("calls/exits").snapshot();
    assert_eq!((seen.successes, seen.failures, seen.ignored), (2, 2, 0));
}

#[test]
fn a_panic_is_a_failure_and_goes_on() {
    #[protected(name = "calls/panic", failure_threshold = 1)]
    fn panics() -> Result<(), Failed> {
        panic!("no way");
    }
    let payload = catch_unwind(panics).expect_err("it panics");
    assert_eq!(payload.downcast_ref(), Some(&"no way"));
    assert_eq!((panics(), breaker("calls/panic").snapshot().failures), (Err(OPEN), 1));
}

#[test]
fn what_is_classified_counts_as_that() {
    fn verdict(result: &Result<u8, Failed>) -> Verdict {
        match result {
            Ok(0) => Verdict::Failure,
            Ok(1) => panic!("it does not know"),
            Ok(2) => Verdict::RetryAfter(Duration::from_secs(90)),
            Err(_) => Verdict::Ignored,
            Ok(_) => Verdict::Success,
        }
    }
    #[protected(name = "calls/classify", failure_threshold = 2, classify = verdict)]
    fn call(result: Result<u8, Failed>) -> Result<u8, Failed> {
        result
    }
    let (breaker, hand) = in_virtual_time("calls/classify", |builder| builder.failure_threshold(2));
    assert_eq!((call(Err(DOWN)), call(Ok(0)), call(Ok(1))), (Err(DOWN), Ok(0), Ok(1)));
    let seen = breaker.snapshot();
    assert_eq!(
        (seen.ignored, seen.failures, seen.successes),
        (1, 1, 1),
        "a panic of it counts as the result does"
    );
    assert_eq!((call(Ok(2)), call(Ok(3))), (Ok(2), Err(OPEN)));
    hand.increment(TIMEOUT);
    assert_eq!(call(Ok(3)), Err(OPEN), "it wished for longer");
    hand.increment(Duration::from_secs(30));
    assert_eq!(call(Ok(3)), Ok(3));
}

#[test]
fn a_function_that_calls_itself_asks_each_time() {
    #[protected(name = "calls/recursive", failure_threshold = 2)]
    fn count(down: u8) -> Result<u8, Failed> {
        if down == 0 { Err(DOWN) } else { count(down - 1) }
    }
    assert_eq!(count(1), Err(DOWN));
    assert_eq!(breaker("calls/recursive").snapshot().failures, 2);
    assert_eq!(count(1), Err(OPEN));
}

#[test]
fn arguments_are_used_up_only_by_calls_that_run() {
    struct Guard<'a>(&'a Cell<u32>);
    impl Drop for Guard<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }
    #[protected(name = "calls/drops", failure_threshold = 1)]
    fn takes(guard: Guard<'_>, _unused: Guard<'_>) -> Result<(), Failed> {
        let seen = guard.0.get();
        drop(guard);
        if seen == 0 { Err(DOWN) } else { Ok(()) }
    }
    let dropped = Cell::new(0);
    assert_eq!(takes(Guard(&dropped), Guard(&dropped)), Err(DOWN));
    assert_eq!(dropped.get(), 2);
    assert_eq!(takes(Guard(&dropped), Guard(&dropped)), Err(OPEN));
    assert_eq!(dropped.get(), 4, "each once, also of a call that was refused");
}

#[test]
fn a_rejection_is_an_error_of_the_usual_kinds() {
    #[protected(name = "calls/io")]
    fn io() -> std::io::Result<()> {
        Ok(())
    }
    #[protected(name = "calls/io")]
    fn boxed() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        Ok(())
    }
    #[protected(name = "calls/io")]
    fn call_error() -> Result<(), sidecar_breaker::CallError<std::fmt::Error>> {
        Ok(())
    }
    assert!(io().is_ok() && boxed().is_ok() && call_error().is_ok());
    breaker("calls/io").trip();
    let error = io().expect_err("it is open");
    let rejected = error.get_ref().and_then(|inner| inner.downcast_ref::<sidecar_breaker::Rejected>());
    assert_eq!(rejected.and_then(|rejected| rejected.name()).as_deref(), Some("calls/io"));
    assert!(boxed().expect_err("it is open").is::<sidecar_breaker::Rejected>());
    assert!(call_error().expect_err("it is open").rejected().is_some());
}

#[test]
fn no_state_of_the_thread_is_lost_by_a_panic_in_a_drop() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("in a drop");
        }
    }
    #[protected(name = "calls/bomb", failure_threshold = 9)]
    fn call(_bomb: Bomb) -> Result<(), Failed> {
        Ok(())
    }
    assert!(catch_unwind(AssertUnwindSafe(|| call(Bomb))).is_err());
    let seen = breaker("calls/bomb").snapshot();
    assert_eq!(seen.successes + seen.failures, 1, "the call counts once");
}
