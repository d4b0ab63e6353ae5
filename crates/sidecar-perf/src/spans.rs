//! Operations that are spans of `tracing` (feature `tracing-layer`).

use crate::polls::Polls;
use crate::{Completion, PerfMonitor};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use tracing::span::{Attributes, Id};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::{LookupSpan, SpanRef};

/// Measures spans of `tracing` as operations of their name, without a change to the code that makes them (feature
/// `tracing-layer`).
///
/// An operation begins when its span is first entered and ends when it is closed: as panicked where a panic closes it,
/// as a failure where an event of level `ERROR` happened right inside it, and else as a success. A span cannot tell
/// that it was given up; that is a success too. One that is never entered is no operation. Time inside the span is busy
/// time, the rest waiting.
///
/// Names are bounded as all names of a monitor are: those beyond `max_operations` share `overflow`.
///
/// # Example
/// ```
/// use sidecar_perf::{PerfMonitor, SpanLayer};
/// use tracing_subscriber::layer::SubscriberExt;
///
/// let monitor = PerfMonitor::builder().build()?;
/// let subscriber = tracing_subscriber::registry().with(SpanLayer::new(monitor.clone()).only(["render"]));
/// tracing::subscriber::with_default(subscriber, || {
///     tracing::info_span!("render").in_scope(|| tracing::error!("no paper"));
///     tracing::info_span!("print").in_scope(|| {});
/// });
/// assert_eq!(monitor.operation_metrics("render").map(|render| render.failures), Some(1));
/// assert!(monitor.operation_metrics("print").is_none());
/// # Ok::<(), sidecar_perf::SettingsError>(())
/// ```
///
/// # Cost
/// Each entry and exit takes the lock of the span's extensions and reads the clock.
#[derive(Debug)]
#[must_use = "a layer does nothing until it is added to a subscriber"]
pub struct SpanLayer {
    /// No other layer has it: a subscriber may have several.
    id: u64,
    monitor: PerfMonitor,
    level: Level,
    only: Option<BTreeSet<String>>,
}

/// What a span that is measured carries: one for each layer that measures it.
struct Measurings(Vec<Measuring>);

struct Measuring {
    layer: u64,
    /// From the first entry on.
    polls: Option<Polls>,
    /// How often it is entered; a span may be so on several threads at once.
    depth: u64,
    has_failed: bool,
}

impl SpanLayer {
    /// Measures every span of level `INFO` and above.
    pub fn new(monitor: PerfMonitor) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        // Relaxed: numbers that differ are all that is asked for.
        Self { id: NEXT.fetch_add(1, Relaxed), monitor, level: Level::INFO, only: None }
    }

    /// Measures spans down to this level. Defaults to `INFO`.
    pub fn level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Measures spans of these names only. Defaults to all.
    pub fn only(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.only = Some(names.into_iter().map(Into::into).collect());
        self
    }

    fn measures(&self, metadata: &Metadata<'_>) -> bool {
        let is_named = |names: &BTreeSet<String>| names.contains(metadata.name());
        *metadata.level() <= self.level && self.only.as_ref().is_none_or(is_named)
    }

    fn with_measuring<'a, S: LookupSpan<'a>>(
        &self,
        span: Option<SpanRef<'a, S>>,
        f: impl FnOnce(&mut Measuring, &str),
    ) {
        if let Some(span) = span
            && let Some(Measurings(all)) = span.extensions_mut().get_mut()
            && let Some(measuring) = all.iter_mut().find(|measuring| measuring.layer == self.id)
        {
            f(measuring, span.name());
        }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for SpanLayer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if self.measures(attributes.metadata())
            && let Some(span) = context.span(id)
        {
            let measuring = Measuring { layer: self.id, polls: None, depth: 0, has_failed: false };
            let mut extensions = span.extensions_mut();
            match extensions.get_mut() {
                Some(Measurings(all)) => all.push(measuring),
                None => extensions.insert(Measurings(vec![measuring])),
            }
        }
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        self.with_measuring(context.span(id), |measuring, name| {
            measuring.depth += 1;
            if measuring.depth == 1 {
                let polls = measuring.polls.get_or_insert_with(|| Polls::new(self.monitor.operation(name)));
                polls.enter();
            }
        });
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        self.with_measuring(context.span(id), |measuring, _| {
            measuring.depth = measuring.depth.saturating_sub(1);
            if let (0, Some(polls)) = (measuring.depth, &mut measuring.polls) {
                polls.leave();
            }
        });
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if *event.metadata().level() == Level::ERROR {
            self.with_measuring(context.event_span(event), |measuring, _| measuring.has_failed = true);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        self.with_measuring(context.span(&id), |measuring, _| {
            if let Some(polls) = measuring.polls.take() {
                let completion = match measuring.has_failed {
                    _ if polls.has_panicked() => Completion::Panicked,
                    true => Completion::Failure,
                    false => Completion::Success,
                };
                polls.end(completion);
            }
        });
    }
}
