//! Observer and sampler: anomalies that are found in events boost the rates of their signal.

use crate::config::SidecarConfig;
use crate::sidecar::Pieces;
use sidecar_core::Clock;
use sidecar_observer::{Event, HandlerId, Value};
use sidecar_perf::SlowDetector;
use sidecar_profiler::Profiler;
use sidecar_sampler::Anomaly;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What a field `status` says of something that failed, in any case of its letters.
const FAILED: [&str; 8] =
    ["failed", "failure", "fail", "error", "errored", "panicked", "timeout", "timed_out"];

/// Looks for anomalies while it is to.
pub(crate) struct Detection {
    /// Where the configuration does not say.
    is_default: bool,
    clock: Clock,
    /// The handler that looks, if there is one. Held while it is added or removed, which asks for no code of users.
    handler: Mutex<Option<HandlerId>>,
    slow: Arc<Mutex<SlowDetector>>,
}

impl Detection {
    pub(crate) fn new(is_default: bool, clock: Clock) -> Self {
        Self { is_default, clock, handler: Mutex::default(), slow: Arc::default() }
    }

    /// Its memory is the sidecar's own.
    pub(crate) fn account(&self, profiler: &Profiler) {
        let slow = Arc::clone(&self.slow);
        let bytes = move || slow.lock().unwrap_or_else(PoisonError::into_inner).bytes() as u64;
        profiler.account("anomalies", bytes).expect("a new profiler has room for its fourth account");
    }

    /// Begins or ends to look, as configured.
    pub(crate) fn configure(&self, pieces: &Arc<Pieces>, config: &SidecarConfig) {
        let adaptive = config.runtime.sidecar.sampling.adaptive;
        let is_wanted = adaptive.enabled && adaptive.detect.unwrap_or(self.is_default);
        let mut handler = self.handler.lock().unwrap_or_else(PoisonError::into_inner);
        match (*handler, is_wanted) {
            (None, true) => *handler = Some(pieces.observer.on_any(self.look(pieces))),
            (Some(id), false) => {
                pieces.observer.remove(id);
                *handler = None;
            }
            _ => {}
        }
    }

    fn look(&self, pieces: &Arc<Pieces>) -> impl Fn(&Event) + Send + Sync + 'static {
        let (sampler, clock, slow) = (pieces.sampler.clone(), self.clock.clone(), Arc::clone(&self.slow));
        move |event| {
            let event_type = event.event_type();
            if has_failed(event) {
                sampler.report_anomaly(event_type, Anomaly::Error);
            }
            let Some(duration) = duration(event) else { return };
            let mut slow = slow.lock().unwrap_or_else(PoisonError::into_inner);
            let is_slow = slow.is_slow(event_type, duration, clock.now());
            drop(slow);
            if is_slow {
                sampler.report_anomaly(event_type, Anomaly::Slow);
            }
        }
    }
}

fn has_failed(event: &Event) -> bool {
    let status = event.get("status").and_then(Value::as_str);
    status.is_some_and(|status| FAILED.iter().any(|word| status.eq_ignore_ascii_case(word)))
}

/// `None` where there is none, or none that can be.
fn duration(event: &Event) -> Option<Duration> {
    let millis = event.get("duration_ms")?.as_f64()?;
    Duration::try_from_secs_f64(millis / 1e3).ok()
}
