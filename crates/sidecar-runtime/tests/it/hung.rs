//! Probes while every check hangs.

use crate::support::{becomes, builder};
use sidecar_harness::http::Client;
use sidecar_harness::{Gate, eventually};
use sidecar_runtime::Sidecar;
use sidecar_runtime::health::{Component, Status};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

const COMPONENTS: usize = 20;
const REQUESTS: usize = 1_000;

/// A sidecar all of whose checks hang until the gate is opened; returns once they do.
fn hung(critical: bool) -> (Sidecar, Gate) {
    let (gate, inside) = (Gate::default(), Arc::new(AtomicUsize::new(0)));
    let component = |number| {
        let (gate, inside) = (gate.clone(), Arc::clone(&inside));
        let check = move || {
            inside.fetch_add(1, SeqCst);
            gate.enter();
            true
        };
        Component::new(format!("service-{number}"), check)
            .critical(critical)
            .interval(Duration::from_secs(600))
    };
    let builder = (0..COMPONENTS).map(component).fold(builder(), |builder, next| builder.component(next));
    let sidecar = builder.http("127.0.0.1:0").start().expect("valid settings");
    eventually("every check hangs", || inside.load(SeqCst) == COMPONENTS);
    (sidecar, gate)
}

/// Asks for `/ready` so many times in a row, over one connection.
#[track_caller]
fn assert_every_answer(sidecar: &Sidecar, status: u16) {
    let mut client = Client::to(sidecar.local_addr().expect("it serves"));
    for number in 0..REQUESTS {
        let reply = client.ask("GET /ready", &[]);
        assert_eq!(reply.status, status, "answer {number}");
    }
}

#[test]
fn ready_is_answered_a_thousand_times_while_every_critical_check_hangs() {
    let (sidecar, gate) = hung(true);
    assert_every_answer(&sidecar, 503);
    gate.open();
    becomes(&sidecar, "service-0", Status::Healthy);
    eventually("it is ready", || sidecar.health().is_ready());
    assert_every_answer(&sidecar, 200);
}

#[test]
fn ready_is_answered_a_thousand_times_while_every_check_hangs_that_is_not_critical() {
    let (sidecar, gate) = hung(false);
    assert_every_answer(&sidecar, 200);
    gate.open();
}
