//! A service that knows its own health: it refuses work that it cannot do, says why, and takes it again by itself.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use sidecar_health::{CheckOutcome, Component, Health, HealthReport, Heartbeat, Status};
use std::error::Error;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

const INTERVAL: Duration = Duration::from_millis(20);

/// Only something that is broken makes anybody wait this long.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the example pretends to ask.
fn ping(is_up: &AtomicBool) -> io::Result<()> {
    if is_up.load(SeqCst) { Ok(()) } else { Err(io::ErrorKind::ConnectionRefused.into()) }
}

struct TransformationService {
    health: Health,
    consumer: Heartbeat,
}

impl TransformationService {
    fn start(ai_api: Arc<AtomicBool>) -> Result<Self, Box<dyn Error>> {
        let check_ai_api = move || match ping(&ai_api) {
            Ok(()) => CheckOutcome::healthy(),
            Err(error) => CheckOutcome::unhealthy(error.to_string()),
        };
        let health = Health::builder()
            .component(Component::new("ai_api", check_ai_api).critical(true).interval(INTERVAL))
            // What it needs is down, so it is: the report names the cause and not each thing that follows from it.
            .component(
                Component::new("transformation", || true)
                    .critical(true)
                    .interval(INTERVAL)
                    .depends_on("ai_api"),
            )
            .component(Component::new("cache", || true).interval(INTERVAL))
            .start()?;
        // A loop of the service proves that it turns; one that hangs turns red without a check.
        let consumer = health.heartbeat("consumer", Duration::from_secs(60))?;
        consumer.beat();
        Ok(Self { health, consumer })
    }

    fn transform(&self, code: &str) -> Result<String, String> {
        self.consumer.beat();
        if !self.health.is_ready() {
            let report = self.health.report();
            return Err(format!("not now: {}", report.root_causes().collect::<Vec<_>>().join(", ")));
        }
        Ok(code.to_uppercase())
    }

    /// Looks until the report is as it should be.
    fn until(&self, what: impl Fn(&HealthReport) -> bool) -> HealthReport {
        let start = Instant::now();
        loop {
            let report = self.health.report();
            if what(&report) {
                return report;
            }
            assert!(start.elapsed() < PATIENCE, "{report:?}");
            thread::sleep(Duration::from_millis(5));
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let ai_api = Arc::new(AtomicBool::new(true));
    let service = TransformationService::start(Arc::clone(&ai_api))?;
    let (changed, changes) = mpsc::channel();
    service.health.on_change(move |change| {
        let _ = changed.send(format!("{} was {} and is {}", change.component, change.from, change.to));
    });

    // Nothing is taken for healthy before it has been seen.
    service.until(|report| report.status() == Status::Healthy);
    println!("{:?}", service.transform("test_case"));
    assert_eq!(service.transform("test_case").as_deref(), Ok("TEST_CASE"));

    ai_api.store(false, SeqCst);
    let report = service.until(|report| report.status() == Status::Unhealthy);
    for component in report.components().filter(|component| component.status() != Status::Healthy) {
        let causes: Vec<_> = component.caused_by().collect();
        println!("{}: {} {:?} {causes:?}", component.name(), component.status(), component.message());
    }
    let refused = service.transform("test_case");
    println!("{refused:?}");
    assert_eq!(refused, Err("not now: ai_api".to_owned()));
    assert!(service.health.is_live(), "a restart would mend nothing, so liveness does not follow");

    // It is back, and nobody has to say so.
    ai_api.store(true, SeqCst);
    service.until(|report| report.status() == Status::Healthy);
    assert!(service.transform("test_case").is_ok());
    let mut change = changes.recv_timeout(PATIENCE)?;
    while change != "ai_api was unhealthy and is healthy" {
        change = changes.recv_timeout(PATIENCE)?;
    }
    println!("{change}");

    service.consumer.retire();
    service.health.stop();
    Ok(())
}
