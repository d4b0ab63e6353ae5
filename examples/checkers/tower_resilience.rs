//! `tower-resilience-healthcheck`: checks of several resources in rounds, by one task.

use crate::{Checker, FAILURES, Fault, INTERVAL, TIMEOUT, Target, block, happens};
use std::future::Future;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tower_resilience_healthcheck::{HealthCheckWrapper, HealthChecker, HealthStatus};

pub(crate) const NAME: &str = "tower-resilience-healthcheck";

struct Check;

impl HealthChecker<Target> for Check {
    fn check(&self, target: &Target) -> impl Future<Output = HealthStatus> + Send {
        let run = match target.fault() {
            Fault::HangsBlocking => None,
            _ => Some(target.check()),
        };
        let target = target.clone();
        async move {
            let well = match run {
                Some(run) => run.await,
                None => tokio::task::spawn_blocking(move || target.check_blocking()).await.unwrap_or(false),
            };
            if well { HealthStatus::Healthy } else { HealthStatus::Unhealthy }
        }
    }
}

pub(crate) struct Peer {
    wrapper: HealthCheckWrapper<Target, Check>,
    /// Asks it, and runs nothing else.
    asking: Runtime,
}

impl Peer {
    fn on(checking: &Runtime, target: &Target, other: &Target) -> Self {
        let asking = Builder::new_current_thread().build().expect("a runtime");
        let wrapper = HealthCheckWrapper::builder()
            .with_context(target.clone(), "target")
            .with_context(other.clone(), "other")
            .with_checker(Check)
            .with_interval(INTERVAL)
            .with_initial_delay(Duration::ZERO)
            .with_timeout(TIMEOUT)
            .with_failure_threshold(FAILURES)
            .build();
        checking.block_on(wrapper.start());
        Self { wrapper, asking }
    }
}

impl Checker for Peer {
    fn start(target: &Target, other: &Target) -> Self {
        Self::on(leaked(4), target, other)
    }

    fn status(&self) -> &'static str {
        match self.asking.block_on(self.wrapper.get_status("target")) {
            Some(HealthStatus::Healthy) => "healthy",
            Some(HealthStatus::Unhealthy) => "unhealthy",
            _ => "something else",
        }
    }
}

fn runtime(threads: usize) -> Runtime {
    let runtime = Builder::new_multi_thread().worker_threads(threads).enable_time().build();
    runtime.expect("there is room for threads")
}

/// One that is never shut down, because some script blocks a thread of it for ever.
fn leaked(threads: usize) -> &'static Runtime {
    Box::leak(Box::new(runtime(threads)))
}

/// Well, as long as somebody checks.
fn well() -> Target {
    Target::new(Fault::Hangs)
}

fn told(peer: &Peer) -> String {
    let turned = happens(|| peer.status() != "healthy");
    if turned { "unhealthy" } else { "**healthy**" }.to_owned()
}

/// Its task ends with the runtime on which it was started.
pub(crate) fn dead_scheduler() -> String {
    let checking = runtime(1);
    let peer = Peer::on(&checking, &well(), &well());
    assert!(happens(|| peer.status() == "healthy"), "it begins well");
    checking.shutdown_timeout(Duration::from_secs(1));
    told(&peer)
}

/// Its task is on that runtime.
pub(crate) fn wedged() -> String {
    let checking = leaked(1);
    let peer = Peer::on(checking, &well(), &well());
    assert!(happens(|| peer.status() == "healthy"), "it begins well");
    checking.spawn(async { block() });
    told(&peer)
}

pub(crate) fn dead_heartbeat() -> String {
    "n/a: there are none".to_owned()
}

pub(crate) fn clock_jump() -> String {
    "n/a: a result has no age".to_owned()
}
