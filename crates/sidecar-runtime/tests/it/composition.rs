//! The pieces without the facade: a runtime of one's own from chosen ones.

use crate::support::offer;
use sidecar_harness::{PATIENCE, eventually};
use sidecar_runtime::health::{Component, Health};
use sidecar_runtime::metrics::MetricsCollector;
use sidecar_runtime::observer::{Admission, Admit, Event, EventTypes, Observed, Observer, TypeId, observe};
use sidecar_runtime::sampler::Sampler;
use sidecar_testkit::assert_conserved;
use std::sync::mpsc;

/// Joins a sampler to an observer.
struct Sampled(Sampler);

impl Admit for Sampled {
    fn admit(&self, event_type: TypeId) -> Admission {
        self.0.sample(event_type).into()
    }
}

fn joined() -> (Sampler, Observer) {
    let names = EventTypes::default();
    let sampler =
        Sampler::builder().names(names.clone()).rate("events", 1.0).event_type_rate("rare", 0.0).build();
    let sampler = sampler.expect("valid rates");
    let observer = Observer::builder().names(names).admit(Sampled(sampler.clone())).queue_size(100).start();
    (sampler, observer.expect("valid settings"))
}

#[test]
fn a_sampler_decides_what_an_observer_takes() {
    let (sampler, observer) = joined();
    let (send, receive) = mpsc::channel();
    observer
        .on_any(move |event| drop(send.send((event.event_type().to_owned(), event.probability().weight()))));
    assert_eq!(offer(|| observe!(observer, "common", number = 1)), Observed::Accepted);
    let mut evaluated = false;
    let observed = observe!(
        observer,
        "rare",
        number = {
            evaluated = true;
            1
        }
    );
    assert_eq!((observed, evaluated), (Observed::SampledOut, false));

    sampler.set_event_type_rate("rare", 1.0).expect("a valid rate");
    assert_eq!(offer(|| observe!(observer, "rare")), Observed::Accepted);
    assert_eq!(observer.shutdown(PATIENCE).processed, 2);
    let stats = observer.stats();
    assert_conserved!(stats);
    assert_eq!(stats.by_type["rare"].sampled_out, 1);
    let seen: Vec<_> = receive.try_iter().collect();
    assert_eq!(seen, [("common".to_owned(), 1.0), ("rare".to_owned(), 1.0)]);
}

#[test]
fn an_event_carries_the_probability_that_the_sampler_gave() {
    let (sampler, observer) = joined();
    sampler.set_rate("events", 0.25).expect("a valid rate");
    let (send, receive) = mpsc::channel();
    observer.on_any(move |event| {
        let _ = send.send(event.probability().weight());
    });
    eventually("one is kept", || observer.observe(Event::new("common")) == Observed::Accepted);
    assert_eq!(receive.recv_timeout(PATIENCE), Ok(4.0));
}

#[test]
fn chosen_pieces_make_a_runtime() {
    let (_, observer) = joined();
    let metrics = MetricsCollector::new();
    let ledger = observer.detached();
    metrics.register_source(move |out| {
        out.counter("jobs_total", "Jobs that were offered").sample(&[], ledger.stats().events_received);
    });
    let worker = observer.detached();
    let idle = move || worker.stats().queue_size < 100;
    let health = Health::builder().component(Component::new("jobs", idle).critical(true)).start();
    let health = health.expect("valid settings");
    assert_eq!(observer.observe_waiting(Event::new("job")), Observed::Accepted);
    assert_eq!(metrics.value("jobs_total", &[]), Some(1.0));
    eventually("the check has run", || health.is_ready());
}
