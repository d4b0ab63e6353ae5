//! What runs in place of a refused call.

use super::{DOWN, Failed, breaker};
use crate::script::poll;
use sidecar_breaker::{BreakerRegistry, protected};
use std::cell::Cell;
use std::future::pending;
use std::pin::pin;
use std::task::Poll;

/// Opens the breaker of a place that has not been called: it is registered as the attribute does it.
fn open(name: &'static str) {
    let builder = sidecar_breaker::Breaker::builder(name);
    BreakerRegistry::global().register(builder).expect("there is room").trip();
}

#[test]
fn it_runs_on_rejection_only_and_any_type_can_be_returned() {
    thread_local!(static RAN: Cell<u32> = const { Cell::new(0) });
    fn cached(key: &str, default: String) -> String {
        RAN.set(RAN.get() + 1);
        format!("cached {key}, else {default}")
    }
    #[protected(name = "fallbacks/value", fallback = cached)]
    fn look_up(key: &str, default: String) -> String {
        format!("found {key}, not {default}")
    }
    assert_eq!(look_up("a", "b".into()), "found a, not b");
    assert_eq!((RAN.get(), breaker("fallbacks/value").snapshot().successes), (0, 1));
    breaker("fallbacks/value").trip();
    assert_eq!(look_up("a", "b".into()), "cached a, else b");
    assert_eq!((RAN.get(), breaker("fallbacks/value").snapshot().rejected), (1, 1));
}

#[test]
fn it_does_not_run_for_a_call_that_failed() {
    fn never(_: Result<u8, Failed>) -> Result<u8, Failed> {
        panic!("the call was not refused");
    }
    #[protected(name = "fallbacks/failed", failure_threshold = 9, fallback = never)]
    fn call(result: Result<u8, Failed>) -> Result<u8, Failed> {
        result
    }
    assert_eq!((call(Err(DOWN)), call(Ok(1))), (Err(DOWN), Ok(1)));
    assert_eq!(
        breaker("fallbacks/failed").snapshot().failures,
        1,
        "a `Result` is judged with a fallback too"
    );
}

#[test]
fn its_own_panics_are_no_outcome_of_the_call() {
    fn panics() {
        panic!("no cache either");
    }
    #[protected(name = "fallbacks/panic", fallback = panics)]
    fn call() {}
    open("fallbacks/panic");
    assert!(std::panic::catch_unwind(call).is_err());
    let seen = breaker("fallbacks/panic").snapshot();
    assert_eq!((seen.failures, seen.late, seen.rejected), (0, 0, 1));
}

struct Store(u32);

impl Store {
    #[protected(name = "fallbacks/by_ref", fallback = Self::old)]
    fn read(&self, key: u32) -> u32 {
        self.0 + key
    }

    fn old(&self, key: u32) -> u32 {
        self.0 * 100 + key
    }

    #[protected(name = "fallbacks/by_mut", fallback = Store::keep)]
    fn write(&mut self, value: u32) -> &mut u32 {
        self.0 = value;
        &mut self.0
    }

    fn keep(&mut self, _value: u32) -> &mut u32 {
        &mut self.0
    }

    #[protected(name = "fallbacks/by_value", fallback = Self::keep_all)]
    fn take(mut self) -> u32 {
        self.0 += 1;
        self.0
    }

    fn keep_all(self) -> u32 {
        self.0
    }

    #[protected(name = "fallbacks/async_method", fallback = Self::old)]
    async fn read_later(&self, key: u32) -> u32 {
        self.0 + key
    }
}

#[test]
fn methods_hand_on_themselves() {
    let mut store = Store(1);
    assert_eq!((store.read(2), *store.write(5), store.0, Store(1).take()), (3, 5, 5, 2));
    assert_eq!(poll(pin!(store.read_later(1))), Poll::Ready(6));
    for name in ["by_ref", "by_mut", "by_value", "async_method"] {
        breaker(&format!("fallbacks/{name}")).trip();
    }
    assert_eq!((store.read(2), *store.write(6), store.0, Store(1).take()), (502, 5, 5, 1));
    assert_eq!(poll(pin!(store.read_later(1))), Poll::Ready(501));
}

struct Pair {
    left: u8,
    right: Vec<u8>,
}

#[test]
fn arguments_that_are_patterns_are_handed_on_whole() {
    fn whole(pair: Pair, tuple: (u8, u8), counted: u8, _: u8, bound: [u8; 2], last: &u8) -> Vec<u8> {
        let mut all = pair.right;
        all.extend([pair.left, tuple.0, tuple.1, counted, bound[0], bound[1], *last, 99]);
        all
    }
    #[protected(name = "fallbacks/patterns", fallback = whole)]
    fn call(
        Pair { left, right: mut all }: Pair,
        (one, two): (u8, u8),
        mut counted: u8,
        _: u8,
        ref bound @ [first, second]: [u8; 2],
        &last: &u8,
    ) -> Vec<u8> {
        counted += 1;
        all.extend([left, one, two, counted, first, second, last]);
        assert_eq!(*bound, [first, second]);
        all
    }
    let call = || call(Pair { left: 2, right: vec![1] }, (3, 4), 5, 0, [6, 7], &8);
    assert_eq!(call(), [1, 2, 3, 4, 6, 6, 7, 8]);
    breaker("fallbacks/patterns").trip();
    assert_eq!(call(), [1, 2, 3, 4, 5, 6, 7, 8, 99]);
}

#[test]
fn an_asynchronous_function_takes_either_kind() {
    async fn later(key: String) -> String {
        format!("{key} later")
    }
    fn at_once(key: String) -> String {
        format!("{key} at once")
    }
    #[protected(name = "fallbacks/async", fallback = later)]
    async fn with_later(key: String) -> String {
        pending::<()>().await;
        key
    }
    #[protected(name = "fallbacks/async", fallback = at_once)]
    async fn with_at_once(key: String) -> String {
        pending::<()>().await;
        key
    }
    open("fallbacks/async");
    assert_eq!(poll(pin!(with_later("a".into()))), Poll::Ready("a later".to_owned()));
    assert_eq!(poll(pin!(with_at_once("a".into()))), Poll::Ready("a at once".to_owned()));
}

#[test]
fn it_may_be_generic_as_the_function_is() {
    fn first<T: Clone, const N: usize>(values: &[T; N]) -> impl Iterator<Item = T> + use<'_, T, N> {
        values.iter().take(1).cloned()
    }
    #[protected(name = "fallbacks/generic", fallback = first_of)]
    fn all<T, const N: usize>(values: &[T; N]) -> Vec<T>
    where
        T: Clone,
    {
        values.to_vec()
    }
    fn first_of<T: Clone, const N: usize>(values: &[T; N]) -> Vec<T> {
        first(values).collect()
    }
    assert_eq!(all(&[1, 2]), [1, 2]);
    breaker("fallbacks/generic").trip();
    assert_eq!((all(&[1, 2]), all(&["a"])), (vec![1], vec!["a"]));
}
