//! Taking handles and giving commands while a flood of names throws breakers out.

use sidecar_breaker::{Breaker, BreakerRegistry, State};
use sidecar_harness::PATIENCE;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

/// How often each thread's breaker is thrown out before the test has seen enough.
const EVICTIONS: usize = 200;

/// Runs `use_it` on two threads, each with a name of its own that the thread registers whenever it is gone, while a
/// third one floods the registry; `use_it` says whether the breaker was there.
#[track_caller]
fn in_a_flood(limit: usize, use_it: impl Fn(&BreakerRegistry, &str) -> bool + Sync) {
    let (registry, done) = (&BreakerRegistry::with_limit(limit), &AtomicBool::new(false));
    let use_it = &use_it;
    thread::scope(|scope| {
        let users = ["a", "b"].map(|name| {
            scope.spawn(move || {
                let (mut evictions, begun) = (0, Instant::now());
                while evictions < EVICTIONS {
                    assert!(begun.elapsed() < PATIENCE, "thrown out {evictions} times only");
                    if !use_it(registry, name) {
                        // Full, if the others hold handles just now.
                        evictions += usize::from(registry.register(Breaker::builder(name)).is_ok());
                    }
                    // Out of use for a moment.
                    thread::yield_now();
                }
            })
        });
        scope.spawn(move || {
            for number in (0..8).cycle() {
                let _ = registry.register(Breaker::builder(format!("flood {number}")));
                assert!(registry.len() <= limit);
                if done.load(Ordering::Relaxed) {
                    break;
                }
            }
        });
        let results = users.map(thread::ScopedJoinHandle::join);
        done.store(true, Ordering::Relaxed);
        results.into_iter().for_each(|result| result.expect("no panic"));
    });
}

#[test]
fn whoever_holds_a_handle_holds_the_breaker_that_the_registry_commands() {
    for limit in [1, 2, 3] {
        in_a_flood(limit, |registry, name| {
            let Some(held) = registry.get(name) else { return false };
            assert!(registry.trip(name), "it is there while it is held");
            assert_eq!(held.state(), State::Open, "and it is the one");
            assert!(registry.reset(name));
            let again = registry.register(Breaker::builder(name)).expect("it exists");
            again.disable();
            assert_eq!(held.state(), State::Disabled);
            held.reset();
            assert_eq!(registry.state_of(name), Some(State::Closed));
            assert!(registry.get(name).is_some() && registry.names().iter().any(|other| **other == *name));
            true
        });
    }
}

#[test]
fn a_breaker_that_was_tripped_by_name_is_not_forgotten() {
    for limit in [1, 2, 3] {
        in_a_flood(limit, |registry, name| {
            // No handle keeps it: only that it is open.
            if !registry.trip(name) {
                return false;
            }
            assert_eq!(registry.state_of(name), Some(State::Open));
            assert_eq!(registry.breakers().iter().filter(|other| other.name() == name).count(), 1);
            assert!(registry.reset(name), "an open breaker stays");
            true
        });
    }
}

/// Comes back to the registry when it is dropped.
struct ComesBack {
    registry: BreakerRegistry,
    is_back: Arc<AtomicBool>,
}

impl Drop for ComesBack {
    fn drop(&mut self) {
        let held = self.registry.register(Breaker::builder("held"));
        self.is_back.store(held.is_ok(), Ordering::Relaxed);
    }
}

#[test]
fn what_goes_with_an_evicted_breaker_goes_outside_the_lock() {
    let registry = BreakerRegistry::with_limit(2);
    let is_back = Arc::new(AtomicBool::new(false));
    let guest = ComesBack { registry: registry.clone(), is_back: Arc::clone(&is_back) };
    let breaker = registry.register(Breaker::builder("evicted")).expect("room");
    breaker.on_transition(move |_| _ = &guest);
    drop(breaker);
    let _held = registry.register(Breaker::builder("held")).expect("room");
    registry.register(Breaker::builder("next")).expect("the first makes room");
    assert_eq!(registry.state_of("evicted"), None);
    assert!(is_back.load(Ordering::Relaxed));
}

#[test]
fn listeners_keep_no_breaker_from_being_replaced() {
    let registry = BreakerRegistry::with_limit(1);
    let heard = Arc::new(AtomicBool::new(false));
    let breaker = registry.register(Breaker::builder("watched")).expect("room");
    breaker.on_transition({
        let heard = Arc::clone(&heard);
        move |_| heard.store(true, Ordering::Relaxed)
    });
    breaker.trip();
    breaker.reset();
    drop(breaker);
    registry.register(Breaker::builder("next")).expect("the first is idle");
    sidecar_harness::eventually("it is told all the same", || heard.load(Ordering::Relaxed));
}
