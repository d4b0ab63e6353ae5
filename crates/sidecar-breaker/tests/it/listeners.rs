//! Who hears of transitions, in which order, and what a listener may do.

use crate::support::{World, fail, succeed};
use sidecar_breaker::{Breaker, BreakerSnapshot, Hold, ListenerId, State, Transition};
use sidecar_harness::{Gate, eventually};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;

/// What a listener has heard. Clones are the same record.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<u64>>>);

impl Heard {
    fn note(&self, transition: &Transition) {
        self.0.lock().expect("no panic").push(transition.sequence);
    }

    fn listen_to(&self, breaker: &Breaker) -> ListenerId {
        let heard = self.clone();
        breaker.on_transition(move |transition| heard.note(transition))
    }

    fn all(&self) -> Vec<u64> {
        self.0.lock().expect("no panic").clone()
    }

    #[track_caller]
    fn expect(&self, numbers: impl IntoIterator<Item = u64>) {
        let numbers: Vec<_> = numbers.into_iter().collect();
        eventually("it hears as many", || self.all().len() >= numbers.len());
        assert_eq!(self.all(), numbers);
    }
}

/// Two transitions each time.
fn flap(breaker: &Breaker, times: usize) {
    for _ in 0..times {
        breaker.trip();
        breaker.reset();
    }
}

/// The number of the last transition.
fn last(breaker: &Breaker) -> u64 {
    breaker.snapshot().transitions.last().map_or(0, |transition| transition.sequence)
}

/// A listener that stays in its first call.
fn gated(breaker: &Breaker) -> Gate {
    let gate = Gate::default();
    breaker.on_transition({
        let gate = gate.clone();
        move |_| gate.enter()
    });
    gate
}

#[test]
fn a_listener_is_told_what_the_history_holds() {
    let world = World::new();
    let told = Arc::new(Mutex::new(Vec::new()));
    world.breaker.on_transition({
        let told = Arc::clone(&told);
        move |transition| told.lock().expect("no panic").push(transition.clone())
    });
    let world = world.due();
    world.succeed(2);
    world.breaker.force_open_with(Hold::new().reason("deploy"));
    eventually("four transitions are told", || told.lock().expect("no panic").len() == 4);
    assert_eq!(*told.lock().expect("no panic"), world.breaker.snapshot().transitions);
}

#[test]
fn transitions_of_many_threads_at_once_reach_every_listener_in_order_and_without_a_gap() {
    let breaker = World::new().breaker;
    let heard = [Heard::default(), Heard::default()];
    heard.iter().for_each(|heard| _ = heard.listen_to(&breaker));
    for _ in 0..200 {
        thread::scope(|scope| {
            // No more than may wait: 4 threads, 8 flaps, 2 transitions.
            (0..4).for_each(|_| _ = scope.spawn(|| flap(&breaker, 8)));
        });
        let last = last(&breaker);
        heard.iter().for_each(|heard| heard.expect(1..=last));
    }
    assert_eq!(breaker.snapshot().unheard, 0);
}

#[test]
fn transitions_faster_than_a_listener_leave_gaps_that_are_counted_and_keep_their_order() {
    let breaker = World::new().breaker;
    let heard = Heard::default();
    heard.listen_to(&breaker);
    thread::scope(|scope| (0..4).for_each(|_| _ = scope.spawn(|| flap(&breaker, 5_000))));
    let last = last(&breaker);
    eventually("the last one is heard", || heard.all().last() == Some(&last));
    let heard = heard.all();
    assert!(heard.is_sorted_by(|a, b| a < b), "each once, in order");
    assert_eq!(heard.len() as u64 + breaker.snapshot().unheard, last);
}

#[test]
fn while_a_listener_blocks_the_last_sixty_four_wait_and_the_oldest_are_given_up() {
    let breaker = World::new().breaker;
    let gate = gated(&breaker);
    let heard = Heard::default();
    heard.listen_to(&breaker);
    breaker.trip();
    gate.wait_until_held();
    flap(&breaker, 32);
    assert_eq!(
        (last(&breaker), breaker.snapshot().unheard),
        (64, 0),
        "the trip of an open one changes nothing"
    );
    breaker.trip();
    assert_eq!((last(&breaker), breaker.snapshot().unheard), (65, 0));
    flap(&breaker, 5);
    assert_eq!((last(&breaker), breaker.snapshot().unheard), (74, 9));
    gate.open();
    heard.expect([1].into_iter().chain(11..=74));
    assert_eq!(breaker.snapshot().unheard, 9);
}

#[test]
fn listeners_run_on_a_thread_of_our_own_even_for_transitions_that_a_listener_causes() {
    let breaker = World::new().breaker;
    let threads = Arc::new(Mutex::new(Vec::new()));
    breaker.on_transition({
        let (breaker, threads) = (breaker.clone(), Arc::clone(&threads));
        move |transition| {
            threads.lock().expect("no panic").push(thread::current().name().map(str::to_owned));
            if transition.sequence == 1 {
                breaker.reset();
                // Not told inside the call that caused it.
                assert_eq!(threads.lock().expect("no panic").len(), 1);
            }
        }
    });
    breaker.trip();
    eventually("both are told", || threads.lock().expect("no panic").len() == 2);
    let threads = threads.lock().expect("no panic");
    assert!(threads.iter().all(|name| name.as_deref() == Some("sidecar-notify")), "{threads:?}");
    assert_eq!(breaker.snapshot().listener_panics, 0);
}

#[test]
fn a_listener_may_use_all_of_its_breaker() {
    let World { breaker, hand } = World::new();
    let late = Heard::default();
    let done = Heard::default();
    let id = breaker.on_transition({
        let (breaker, late, done) = (breaker.clone(), late.clone(), done.clone());
        move |transition| {
            if transition.sequence != 1 {
                return;
            }
            let other = breaker.on_transition(|_| ());
            assert!(breaker.remove_listener(other) && !breaker.remove_listener(other));
            late.listen_to(&breaker);
            assert_eq!((breaker.name(), breaker.state()), ("world", State::Open));
            assert!(breaker.try_acquire().is_err() && breaker.try_acquire_owned().is_err());
            assert!(succeed(&breaker).is_err() && breaker.settings() == breaker.clone().settings());
            hand.increment(crate::support::TIMEOUT);
            assert!(fail(&breaker).is_err());
            breaker.reset();
            breaker.force_open();
            breaker.disable();
            breaker.metrics_only();
            breaker.trip();
            assert_eq!(breaker.snapshot().transitions.len(), 8, "{breaker:?}");
            done.note(transition);
        }
    });
    breaker.trip();
    done.expect([1]);
    late.expect(2..=8);
    assert_eq!(breaker.snapshot().listener_panics, 0);
    assert!(breaker.remove_listener(id), "it owns a handle to its own breaker");
}

#[test]
fn a_listener_that_blocks_holds_up_its_own_breaker_alone() {
    let (blocked, other) = (World::new().breaker, World::new().breaker);
    let gate = gated(&blocked);
    let (after_the_gate, heard) = (Heard::default(), Heard::default());
    after_the_gate.listen_to(&blocked);
    heard.listen_to(&other);
    blocked.trip();
    gate.wait_until_held();
    for round in 1..=100 {
        flap(&other, 1);
        heard.expect(1..=2 * round);
    }
    assert!(after_the_gate.all().is_empty());
    gate.open();
    after_the_gate.expect([1]);
}

#[test]
fn a_listener_that_panics_stops_neither_those_after_it_nor_later_transitions() {
    let breaker = World::new().breaker;
    breaker.on_transition(|transition| panic!("the listener panics at {}", transition.sequence));
    let heard = Heard::default();
    heard.listen_to(&breaker);
    flap(&breaker, 10);
    heard.expect(1..=20);
    assert_eq!(breaker.snapshot().listener_panics, 20);
}

#[test]
fn a_listener_can_remove_itself() {
    let breaker = World::new().breaker;
    let (own, heard, after) = (Arc::new(OnceLock::new()), Heard::default(), Heard::default());
    let id = breaker.on_transition({
        let (breaker, own, heard) = (breaker.clone(), Arc::clone(&own), heard.clone());
        move |transition| {
            heard.note(transition);
            assert!(breaker.remove_listener(*own.wait()));
        }
    });
    own.set(id).expect("set once");
    after.listen_to(&breaker);
    flap(&breaker, 2);
    after.expect(1..=4);
    heard.expect([1]);
    assert_eq!(Arc::strong_count(&own), 1, "the listener is gone, with all that it owns");
    assert!(!breaker.remove_listener(id));
}

#[test]
fn a_listener_that_was_removed_is_not_called_for_what_still_waits() {
    let breaker = World::new().breaker;
    let gate = gated(&breaker);
    let (removed, stays) = (Heard::default(), Heard::default());
    let id = removed.listen_to(&breaker);
    stays.listen_to(&breaker);
    flap(&breaker, 2);
    gate.wait_until_held();
    assert!(breaker.remove_listener(id));
    gate.open();
    stays.expect(1..=4);
    assert!(removed.all().is_empty());
}

#[test]
fn a_listener_hears_nothing_of_what_happened_before_it_came() {
    let breaker = World::new().breaker;
    let gate = gated(&breaker);
    flap(&breaker, 2);
    gate.wait_until_held();
    let heard = Heard::default();
    heard.listen_to(&breaker);
    breaker.trip();
    gate.open();
    heard.expect([5]);
}

#[test]
fn what_waits_when_the_breaker_is_dropped_is_still_told_and_then_the_listeners_go() {
    let breaker = World::new().breaker;
    let gate = gated(&breaker);
    let heard = Heard::default();
    heard.listen_to(&breaker);
    flap(&breaker, 3);
    gate.wait_until_held();
    drop(breaker);
    gate.open();
    heard.expect(1..=6);
    eventually("the listeners are dropped", || Arc::strong_count(&heard.0) == 1);
}

#[test]
fn a_breaker_holds_sixty_four_listeners_and_gives_room_again() {
    let breaker = World::new().breaker;
    let all: Vec<_> = (0..64).map(|_| Heard::default()).collect();
    let ids: Vec<_> = all.iter().map(|heard| heard.listen_to(&breaker)).collect();
    let refused = Heard::default();
    let id = refused.listen_to(&breaker);
    assert_eq!(Arc::strong_count(&refused.0), 1, "it was let go at once");
    assert!(!breaker.remove_listener(id));
    breaker.trip();
    all.iter().for_each(|heard| heard.expect([1]));
    assert!(breaker.remove_listener(ids[0]) && !breaker.remove_listener(ids[0]));
    let room = Heard::default();
    room.listen_to(&breaker);
    breaker.reset();
    room.expect([2]);
    assert_eq!((all[0].all().len(), all[63].all().len(), refused.all().len()), (1, 2, 0));
}

#[test]
fn an_id_removes_nothing_from_another_breaker() {
    let (a, b) = (World::new().breaker, World::new().breaker);
    let heard = Heard::default();
    let id = heard.listen_to(&a);
    b.on_transition(|_| ());
    assert!(!b.remove_listener(id));
    a.trip();
    heard.expect([1]);
}

#[test]
fn a_listener_whose_drop_panics_hurts_nobody() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("the listener's drop panics");
        }
    }
    let listen = |breaker: &Breaker| {
        let bomb = Bomb;
        breaker.on_transition(move |_| _ = &bomb)
    };
    let breaker = World::new().breaker;
    let id = listen(&breaker);
    assert!(breaker.remove_listener(id));
    let heard = Heard::default();
    (0..63).for_each(|_| _ = listen(&breaker));
    heard.listen_to(&breaker);
    listen(&breaker);
    breaker.trip();
    heard.expect([1]);
    drop(breaker);
    eventually("all are dropped", || Arc::strong_count(&heard.0) == 1);
}

#[test]
fn without_a_listener_nothing_waits_and_nothing_is_counted() {
    let breaker = World::new().breaker;
    flap(&breaker, 100);
    let id = breaker.on_transition(|_| ());
    assert!(breaker.remove_listener(id));
    flap(&breaker, 100);
    let BreakerSnapshot { unheard, listener_panics, .. } = breaker.snapshot();
    assert_eq!((unheard, listener_panics), (0, 0));
}
