//! Settings that the attribute does not give, and what happens when the breaker cannot be had. The registry is that of
//! the whole process, so each of these tests has one to itself.

use super::{DOWN, Failed, OPEN, breaker};
use sidecar_breaker::{Breaker, BreakerRegistry, BreakerSettings, State, protected};
use sidecar_harness::process::alone;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::time::Duration;

thread_local! {
    static LOG: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    static INSIDE: Cell<Option<fn()>> = const { Cell::new(None) };
}

/// Keeps what is logged, and runs [`INSIDE`] meanwhile.
struct Log;

impl tracing::field::Visit for Log {
    fn record_debug(&mut self, _: &tracing::field::Field, value: &dyn fmt::Debug) {
        LOG.with_borrow_mut(|log| log.push(format!("{value:?}")));
    }
}

impl tracing::Subscriber for Log {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target().starts_with("sidecar_breaker")
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut Self);
        if let Some(inside) = INSIDE.get() {
            inside();
        }
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

/// What was logged while `body` ran.
fn logged(body: impl FnOnce()) -> Vec<String> {
    tracing::subscriber::with_default(Log, body);
    LOG.take()
}

#[protected(name = "configured/follows", failure_threshold = 2)]
fn follows() -> Result<(), Failed> {
    Err(DOWN)
}

#[protected(name = "configured/plain")]
fn plain() -> Result<(), Failed> {
    Ok(())
}

fn defaults(set: impl FnOnce(&mut BreakerSettings) -> &mut BreakerSettings) {
    let mut settings = BreakerSettings::default();
    set(&mut settings);
    BreakerRegistry::global().set_defaults(settings).expect("the settings are in range");
}

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

#[test]
fn what_is_not_given_follows_the_defaults_live() {
    alone("attribute::configured::what_is_not_given_follows_the_defaults_live", &[], || {
        defaults(|settings| settings.set_failure_threshold(7).set_timeout(HOUR));
        assert_eq!((follows(), plain()), (Err(DOWN), Ok(())));
        let (follows_now, plain_now) = (breaker("configured/follows"), breaker("configured/plain"));
        let by_hand = Breaker::builder("configured/by hand");
        let by_hand = BreakerRegistry::global().register(by_hand).expect("there is room");
        let seen = [&follows_now, &plain_now, &by_hand]
            .map(|breaker| (breaker.settings().failure_threshold(), breaker.settings().timeout()));
        assert_eq!(seen, [(2, HOUR), (7, HOUR), (5, MINUTE)]);
        defaults(|settings| settings.set_success_threshold(9));
        let seen = [&follows_now, &plain_now, &by_hand].map(|breaker| {
            let settings = breaker.settings();
            (settings.failure_threshold(), settings.timeout(), settings.success_threshold())
        });
        assert_eq!(seen, [(2, MINUTE, 9), (5, MINUTE, 9), (5, MINUTE, 2)]);
        // The first failure is still there, and given settings are the same as ever: the place is found again.
        assert_eq!((follows(), follows_now.state()), (Err(DOWN), State::Open));
        assert_eq!((follows(), BreakerRegistry::global().errors()), (Err(OPEN), 0));
    });
}

#[test]
fn defaults_out_of_range_change_nothing() {
    alone("attribute::configured::defaults_out_of_range_change_nothing", &[], || {
        defaults(|settings| settings.set_failure_threshold(7));
        let mut bad = BreakerSettings::default();
        bad.set_timeout(Duration::ZERO);
        let error = BreakerRegistry::global().set_defaults(bad).expect_err("it is out of range");
        assert_eq!(error.field(), "timeout");
        assert_eq!((plain(), breaker("configured/plain").settings().failure_threshold()), (Ok(()), 7));
    });
}

#[test]
fn defaults_that_do_not_go_with_what_is_given_are_left_out_and_told() {
    #[protected(name = "configured/long", timeout = 7200)]
    fn long() -> Result<(), Failed> {
        Ok(())
    }
    alone(
        "attribute::configured::defaults_that_do_not_go_with_what_is_given_are_left_out_and_told",
        &[],
        || {
            let registry = BreakerRegistry::global();
            assert_eq!((long(), plain()), (Ok(()), Ok(())));
            let log = logged(|| defaults(|settings| settings.set_failure_threshold(7).set_max_timeout(HOUR)));
            assert_eq!((registry.errors(), log.len()), (1, 1), "{log:?}");
            assert!(log[0].contains("configured/long") && log[0].contains("max_timeout"), "{log:?}");
            assert_eq!(breaker("configured/long").settings().failure_threshold(), 5);
            assert_eq!(breaker("configured/plain").settings().failure_threshold(), 7);
            defaults(|settings| settings.set_failure_threshold(7));
            assert_eq!(
                (breaker("configured/long").settings().failure_threshold(), registry.errors()),
                (7, 1)
            );
        },
    );
}

#[test]
fn a_breaker_with_other_settings_is_used_counted_and_logged_once() {
    alone(
        "attribute::configured::a_breaker_with_other_settings_is_used_counted_and_logged_once",
        &[],
        || {
            let registry = BreakerRegistry::global();
            let other = Breaker::builder("configured/follows").failure_threshold(1);
            let other = registry.register(other).expect("there is room");
            // A subscriber may come back to the very place that is being looked up.
            INSIDE.set(Some(|| assert_eq!(follows(), Err(DOWN))));
            let log = logged(|| assert_eq!((follows(), follows()), (Err(OPEN), Err(OPEN))));
            assert_eq!((other.snapshot().failures, other.snapshot().rejected), (1, 2));
            assert_eq!((registry.errors(), log.len()), (1, 1), "{log:?}");
            assert!(log[0].contains("configured/follows") && log[0].contains("other settings"), "{log:?}");
            defaults(|settings| settings.set_success_threshold(9));
            assert_eq!(other.settings().success_threshold(), 2, "it is not the attribute's");
        },
    );
}

#[test]
fn without_room_in_the_registry_calls_go_unprotected() {
    fn cached() -> u8 {
        panic!("nothing is refused");
    }
    #[protected(name = "configured/async", failure_threshold = 1, fallback = cached)]
    async fn asynchronous() -> u8 {
        7
    }
    alone("attribute::configured::without_room_in_the_registry_calls_go_unprotected", &[], || {
        let registry = BreakerRegistry::global();
        let _held: Vec<_> = (0..registry.limit())
            .map(|number| {
                registry.register(Breaker::builder(format!("held {number}"))).expect("there is room")
            })
            .collect();
        let log = logged(|| (0..9).for_each(|_| assert_eq!(follows(), Err(DOWN))));
        assert_eq!((registry.errors(), log.len()), (1, 1), "{log:?}");
        assert!(log[0].contains("follows") && log[0].contains("unprotected"), "{log:?}");
        let polled = crate::script::poll(std::pin::pin!(asynchronous()));
        assert_eq!((polled, registry.errors()), (std::task::Poll::Ready(7), 2));
        assert!(std::panic::catch_unwind(panics_unprotected).is_err());
    });
}

#[protected(name = "configured/panics")]
fn panics_unprotected() -> Result<(), Failed> {
    panic!("it does");
}
