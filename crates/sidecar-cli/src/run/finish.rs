//! From the end of the input to the end of the run.

use super::reading::Reading;
use super::signals::Signals;
use super::webhook::Webhook;
use crate::summary::WebhookCounts;
use sidecar_runtime::Sidecar;
use sidecar_runtime::observer::{FlushReport, Observer};
use std::thread;
use std::time::{Duration, Instant};

/// How long what was read may take to be handled, and what failed to be posted, once the input has ended.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long everything but the drain may take, together, once the run is ending: whoever sent a signal is waiting.
const LAST: Duration = Duration::from_secs(5);

/// Waits until everything that was accepted so far has been handled.
pub(crate) fn handled(observer: &Observer, signals: &Signals) -> Option<&'static str> {
    let settled = |report: &FlushReport| report.processed + report.failed + report.dropped;
    let report = observer.flush(Duration::ZERO);
    // While more comes by `POST /events` the queue may never be found empty, so that much will do. An event
    // that is being settled may stand on both sides of the sum; then the queue tells.
    let goal = settled(&report) + report.waiting as u64;
    signals.watch(Instant::now() + PATIENCE, |until| {
        let report = observer.flush(until.saturating_duration_since(Instant::now()));
        report.waiting == 0 || settled(&report) >= goal
    })
}

/// Waits until every failure so far has been posted.
pub(crate) fn posted(webhook: &Webhook, signals: &Signals) -> Option<&'static str> {
    signals.watch(Instant::now() + PATIENCE, |until| webhook.wait(until))
}

/// Turns readiness off first of all, and stops reading; goes on serving for as long as `drain`; then stops the
/// sidecar, and the webhook, each between two of its steps. What is posted to `/events` meanwhile counts as ever.
pub(crate) fn stop(
    reading: Option<&Reading>,
    sidecar: Sidecar,
    webhook: Option<&Webhook>,
    drain: Duration,
) -> Option<WebhookCounts> {
    let drained = Instant::now() + drain;
    let deadline = drained + LAST;
    sidecar.health().drain();
    // Before the reading, or a full outbox would hold up the worker, and that the reader.
    webhook.inspect(|webhook| webhook.hurry());
    reading.inspect(|reading| reading.halt(deadline));
    thread::sleep(drained.saturating_duration_since(Instant::now()));
    let _ = sidecar.stop(deadline.saturating_duration_since(Instant::now()));
    webhook.map(|webhook| webhook.close(deadline))
}
