//! `enabled: false`: events are refused, breakers let everything through, everything else answers. That reaches the
//! breakers of attributes, which the whole process shares, so each test has a process of its own.

use crate::support::{builder, everything, judged_again, offer};
use sidecar_harness::process::alone;
use sidecar_runtime::health::Status;
use sidecar_runtime::observer::{Event, Observed, Reason};
use sidecar_runtime::{Sidecar, observe};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

const DISABLED: Observed = Observed::Dropped(Reason::Disabled);

fn switched_off() -> Sidecar {
    Sidecar::builder().config(everything().enabled(false)).start().expect("valid settings")
}

#[test]
fn every_event_is_refused_as_disabled_and_its_fields_are_not_evaluated() {
    alone("switched_off::every_event_is_refused_as_disabled_and_its_fields_are_not_evaluated", &[], || {
        let sidecar = switched_off();
        let calls = Arc::new(AtomicUsize::new(0));
        let (handled, built) = (Arc::clone(&calls), Arc::clone(&calls));
        sidecar.register_handler("test_end", move |_| {
            handled.fetch_add(1, SeqCst);
        });
        let build = || built.fetch_add(1, SeqCst) as u64;
        assert_eq!(observe!(sidecar, "test_end", number = build()), DISABLED);
        assert_eq!(sidecar.observe(Event::new("test_end")), DISABLED);
        assert_eq!(sidecar.observe_with("test_end", |event| event.with("number", build())), DISABLED);
        assert_eq!(sidecar.observer().observe_waiting(Event::new("test_end")), DISABLED);
        let stats = sidecar.stats();
        assert_eq!((stats.events_received, stats.events_dropped, stats.events_sampled), (4, 4, 0));
        let disabled = sidecar.get_metrics().value("sidecar_events_dropped_total", &[("reason", "disabled")]);
        assert_eq!(disabled, Some(4.0));
        drop(sidecar);
        assert_eq!(calls.load(SeqCst), 0);
    });
}

#[test]
fn everything_else_answers() {
    alone("switched_off::everything_else_answers", &[], || {
        let sidecar = switched_off();
        assert!(sidecar.health().is_ready() && sidecar.health().is_live());
        assert!(sidecar.profiler().snapshot().memory_mb > 0.0);
        assert!(sidecar.export_metrics().contains("sidecar_events_total"));
        let breaker = sidecar.breakers().register(sidecar.breaker("payments")).expect("a new name");
        assert_eq!(breaker.call(|| Ok::<_, ()>(7)), Ok(7));
        breaker.force_open();
        assert_eq!(breaker.call(|| Ok::<_, ()>(7)), Ok(7));
    });
}

#[test]
fn refused_events_are_no_trouble_of_the_observer() {
    alone("switched_off::refused_events_are_no_trouble_of_the_observer", &[], || {
        let sidecar = switched_off();
        (0..500).for_each(|_| assert_eq!(observe!(sidecar, "x"), DISABLED));
        judged_again(&sidecar, "observer");
        assert_eq!(sidecar.health_report().status(), Status::Healthy);
    });
}

#[test]
fn it_can_be_switched_both_ways_while_running() {
    let sidecar = builder().start().expect("valid settings");
    assert_eq!(offer(|| observe!(sidecar, "x")), Observed::Accepted);
    sidecar.observer().set_enabled(false);
    assert_eq!(observe!(sidecar, "x"), DISABLED);
    sidecar.observer().set_enabled(true);
    assert_eq!(offer(|| observe!(sidecar, "x")), Observed::Accepted);
}

#[cfg(feature = "http")]
#[test]
fn the_endpoints_stay() {
    alone("switched_off::the_endpoints_stay", &[], || {
        use crate::client::get;
        let sidecar = Sidecar::builder().config(everything().enabled(false)).http("127.0.0.1:0").start();
        let sidecar = sidecar.expect("valid settings");
        for path in
            ["/health", "/ready", "/live", "/startup", "/metrics", "/circuit-breakers", "/events/stats"]
        {
            assert_eq!(get(&sidecar, path).status, 200, "{path}");
        }
    });
}
