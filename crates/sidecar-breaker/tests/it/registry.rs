//! Breakers by name.

use crate::support::{WINDOW, fail, secs};
use sidecar_breaker::{Breaker, BreakerRegistry, Hold, RegisterError, State};
use sidecar_core::Clock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

fn register(registry: &BreakerRegistry, name: &str) -> Result<Breaker, RegisterError> {
    registry.register(Breaker::builder(name))
}

#[test]
fn a_registered_breaker_is_found_by_name_and_is_the_same() {
    let registry = BreakerRegistry::new();
    let breaker = register(&registry, "payments").expect("room");
    assert!(registry.get("absent").is_none());
    registry.get("payments").expect("registered").trip();
    assert_eq!(breaker.state(), State::Open);
}

#[test]
fn commands_by_name_say_whether_it_existed() {
    let registry = BreakerRegistry::new();
    let (a, b) = (register(&registry, "a").expect("room"), register(&registry, "b").expect("room"));
    assert!(registry.trip("a") && registry.trip("b") && !registry.trip("c"));
    assert_eq!((a.state(), b.state()), (State::Open, State::Open));
    assert!(registry.reset("a") && !registry.reset("c"));
    assert_eq!((a.state(), b.state()), (State::Closed, State::Open));
    a.force_open();
    registry.reset_all();
    assert_eq!((a.state(), b.state()), (State::Closed, State::Closed));
}

#[test]
fn the_same_given_settings_return_the_existing_breaker_and_others_are_an_error() {
    let registry = BreakerRegistry::new();
    let given = || Breaker::builder("x").failure_threshold(3).timeout(secs(5));
    let first = registry.register(given()).expect("room");
    first.trip();
    assert_eq!(registry.register(given()).expect("the same").state(), State::Open);
    for other in [
        Breaker::builder("x"),
        Breaker::builder("x").failure_threshold(3),
        given().timeout(secs(6)),
        // A default that is spelled out is given; left out, it is not.
        given().success_threshold(2),
    ] {
        let error = registry.register(other).expect_err("other settings");
        assert!(matches!(&error, RegisterError::Conflict { name, .. } if &**name == "x"));
        assert_eq!(error.to_string(), "circuit breaker x exists with other settings");
    }
    assert_eq!(registry.len(), 1);
}

#[test]
fn settings_out_of_range_are_refused_and_register_nothing() {
    let registry = BreakerRegistry::new();
    let error = registry.register(Breaker::builder("x").failure_threshold(0)).expect_err("zero");
    assert!(matches!(&error, RegisterError::Settings(inner) if inner.field() == "failure_threshold"));
    assert!(registry.is_empty());
}

#[test]
fn listings_are_sorted_by_name() {
    let registry = BreakerRegistry::new();
    for name in ["b", "c", "a"] {
        register(&registry, name).expect("room");
    }
    let names: Vec<_> = registry.snapshots().into_iter().map(|snapshot| snapshot.name).collect();
    assert_eq!(names, ["a", "b", "c"]);
    assert!(registry.names().iter().map(|name| &**name).eq(["a", "b", "c"]));
    assert_eq!(registry.breakers().len(), 3);
}

#[test]
fn a_full_registry_replaces_the_idle_breaker_asked_for_longest_ago() {
    let registry = BreakerRegistry::with_limit(3);
    for name in ["a", "b", "c"] {
        register(&registry, name).expect("room");
    }
    assert!(registry.get("a").is_some());
    register(&registry, "d").expect("b makes room");
    assert!(registry.get("b").is_none());
    assert!(registry.get("a").is_some() && registry.get("c").is_some() && registry.get("d").is_some());
    assert_eq!(registry.len(), 3);
}

#[test]
fn watching_and_commanding_by_name_do_not_count_as_use() {
    let registry = BreakerRegistry::with_limit(3);
    for name in ["a", "b", "c"] {
        register(&registry, name).expect("room");
    }
    assert_eq!(registry.state_of("a"), Some(State::Closed));
    assert!(registry.trip("a") && registry.reset("a"));
    registry.reset_all();
    let seen = (registry.names().len(), registry.states().len(), registry.snapshots().len());
    assert_eq!(seen, (3, 3, 3));
    register(&registry, "d").expect("a makes room");
    assert_eq!(registry.state_of("a"), None);
    assert!(registry.get("b").is_some() && registry.get("c").is_some());
}

#[test]
fn states_are_by_name_and_of_now() {
    let (clock, hand) = Clock::mock();
    let registry = BreakerRegistry::new();
    for name in ["b", "c", "a"] {
        registry.register(Breaker::builder(name).clock(clock.clone())).expect("room");
    }
    registry.trip("c");
    registry.get("a").expect("registered").disable_with(Hold::new().ttl(secs(1)));
    let states = || registry.states().into_iter().map(|(name, state)| (name.to_string(), state));
    let of = |a, b, c| [("a".to_owned(), a), ("b".to_owned(), b), ("c".to_owned(), c)];
    assert!(states().eq(of(State::Disabled, State::Closed, State::Open)));
    hand.increment(secs(1));
    assert!(states().eq(of(State::Closed, State::Closed, State::Open)));
    assert_eq!(registry.state_of("c"), Some(State::Open));
    assert_eq!(registry.state_of("absent"), None);
}

#[test]
fn a_flood_of_names_evicts_no_breaker_that_matters() {
    let (clock, hand) = Clock::mock();
    let registry = BreakerRegistry::with_limit(8);
    let add = |name: &str| registry.register(Breaker::builder(name).clock(clock.clone()));
    let held = add("held").expect("room");
    add("open").expect("room").trip();
    add("forced").expect("room").force_open();
    add("disabled").expect("room").disable();
    add("watched").expect("room").metrics_only();
    let _ = fail(&add("failing").expect("room"));
    let in_flight = add("in flight").expect("room").try_acquire_owned().expect("closed");
    for flood in 0..10_000 {
        add(&format!("flood {flood}")).expect("one place is free for the flood");
    }
    assert_eq!(registry.len(), 8);
    for name in ["held", "open", "forced", "disabled", "watched", "failing", "in flight"] {
        assert!(registry.get(name).is_some(), "{name} was evicted");
    }
    let flood = registry.get("flood 9999").expect("the last of the flood");
    let error = add("one more").expect_err("nothing may go");
    assert!(matches!(&error, RegisterError::Full { name, limit: 8, .. } if &**name == "one more"));
    hand.increment(WINDOW);
    add("one more").expect("the failure has left its window");
    assert!(registry.get("failing").is_none());
    drop((held, in_flight, flood));
}

#[test]
fn the_limit_is_1024_by_default_and_at_least_one() {
    assert_eq!(BreakerRegistry::new().limit(), 1_024);
    assert_eq!(BreakerRegistry::default().limit(), BreakerRegistry::DEFAULT_LIMIT);
    assert_eq!(BreakerRegistry::with_limit(0).limit(), 1);
}

#[test]
fn the_global_registry_is_one_for_the_process() {
    let name = "registry::the_global_registry_is_one_for_the_process";
    let breaker = register(BreakerRegistry::global(), name).expect("room");
    assert!(BreakerRegistry::global().clone().trip(name));
    assert_eq!(breaker.state(), State::Open);
}

#[test]
fn threads_that_register_the_same_name_get_the_same_breaker() {
    let registry = BreakerRegistry::with_limit(4);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for n in 0..200 {
                    // More names than places, so that registering and evicting meet.
                    if let Ok(breaker) = register(&registry, &format!("n{}", n % 6)) {
                        assert_eq!(breaker.name(), format!("n{}", n % 6));
                    }
                }
            });
        }
    });
    assert!(registry.len() <= 4);
    for breaker in registry.breakers() {
        let again = register(&registry, breaker.name()).expect("it exists");
        again.trip();
        assert_eq!(breaker.state(), State::Open);
    }
}

#[test]
fn watching_takes_no_place_from_a_registration() {
    // One place: a watcher that holds a single handle for a moment already makes the registry full.
    let registry = BreakerRegistry::with_limit(1);
    let watch: [fn(&BreakerRegistry); 3] = [
        |registry| drop(registry.snapshots()),
        |registry| drop(registry.states()),
        BreakerRegistry::reset_all,
    ];
    let done = AtomicBool::new(false);
    let refused = thread::scope(|scope| {
        for watch in watch {
            let (registry, done) = (&registry, &done);
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    watch(registry);
                }
            });
        }
        let refused = (0..10_000).find_map(|n| register(&registry, &format!("n{n}")).err());
        done.store(true, Ordering::Relaxed);
        refused
    });
    assert_eq!(refused, None);
}
