//! The observer's handle: what host code calls.

use crate::builder::ObserverBuilder;
use crate::draft::Draft;
use crate::event::Event;
use crate::handlers::{Handler, HandlerId, HandlerStats, Refused};
use crate::lane::Waiting;
use crate::observed::{Observed, Reason};
use crate::settings::ObserverSettings;
use crate::shared::Shared;
use crate::stats::{FlushReport, ObserverStats};
use crate::worker::{is_worker, watch};
use sidecar_core::event_type::{MAX_NAME_BYTES, cut_name};
use sidecar_core::panics::contain;
use sidecar_core::{CallSite, EventTypes, Probability, SettingsError, TypeId, threads};
use smol_str::SmolStr;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// How long dropping the last handle may wait for the queue to empty.
const DROP_DEADLINE: Duration = Duration::from_secs(1);

/// Takes events and has them handled. Cheap to clone; when the last clone is dropped the observer shuts down,
/// waiting at most one second.
#[derive(Clone)]
pub struct Observer {
    shared: Arc<Shared>,
    guard: Option<Arc<Guard>>,
}

/// Stops the worker when the last handle goes.
struct Guard(Arc<Shared>);

impl Drop for Guard {
    fn drop(&mut self) {
        // Whoever stopped it has waited as long as they wanted to.
        if !self.0.is_stopping() {
            let _ = shutdown(&self.0, DROP_DEADLINE);
        }
    }
}

/// Offering events.
impl Observer {
    /// Offers an event whose fields are already built. Prefer [`observe!`](crate::observe) where building
    /// them costs anything.
    pub fn observe(&self, event: Event) -> Observed {
        match self.decide(event.type_name()) {
            Ok((id, probability)) => {
                self.shared.push(&mut Some(self.shared.waiting(id, kept(event, probability))))
            }
            Err(observed) => observed,
        }
    }

    /// Offers an event whose fields are built by `fields`, which runs only if the event is kept. A panic in
    /// it is contained: the event is taken without fields, and an error is counted.
    pub fn observe_with(&self, event_type: &str, fields: impl FnOnce(Event) -> Event) -> Observed {
        match self.admit(event_type) {
            Ok(admitted) => {
                let event = contain(|| fields(admitted.event())).unwrap_or_else(|_| {
                    self.shared.errors.fetch_add(1, Relaxed);
                    admitted.event()
                });
                admitted.accept(event)
            }
            Err(observed) => observed,
        }
    }

    /// Offers an event and waits until there is room for it, instead of dropping.
    ///
    /// Blocks while the queue is full: meant for readers of files and pipes, whose source can wait. On a
    /// host's own thread use the others.
    pub fn observe_waiting(&self, event: Event) -> Observed {
        match self.decide(event.type_name()) {
            Ok((id, probability)) => self.shared.push_waiting(id, kept(event, probability)),
            Err(observed) => observed,
        }
    }

    /// Asks whether an event of this type would be kept, before any of it is built. This is what
    /// [`observe!`](crate::observe) does; call it only to build something similar.
    ///
    /// # Errors
    /// What became of the event when it is not kept; it has been counted.
    pub fn admit(&self, event_type: &str) -> Result<Admitted<'_>, Observed> {
        if let Some(reason) = self.shared.refusal() {
            return Err(self.refuse(event_type, reason));
        }
        let id = self.shared.names.intern(event_type);
        let probability = self.shared.decide(id)?;
        self.shared.refuse_if_full(id)?;
        let truncated = event_type.len() > MAX_NAME_BYTES;
        let event_type = if id == TypeId::OVERFLOW {
            SmolStr::new(cut_name(event_type))
        } else {
            self.shared.names.name(id)
        };
        Ok(Admitted { observer: self, id, probability, event_type, truncated })
    }

    /// As [`admit`](Self::admit), for a `site` at which `event_type` is always the same.
    ///
    /// # Errors
    /// As [`admit`](Self::admit).
    #[inline]
    pub fn admit_at(&self, site: &CallSite, event_type: &'static str) -> Result<Admitted<'_>, Observed> {
        if let Some(reason) = self.shared.refusal() {
            return Err(self.refuse(event_type, reason));
        }
        let id = self.shared.names.intern_at(site, event_type);
        let probability = self.shared.decide(id)?;
        self.shared.refuse_if_full(id)?;
        let kept = cut_name(event_type);
        let truncated = kept.len() < event_type.len();
        Ok(Admitted { observer: self, id, probability, event_type: SmolStr::new_static(kept), truncated })
    }

    fn decide(&self, event_type: &str) -> Result<(TypeId, Probability), Observed> {
        if let Some(reason) = self.shared.refusal() {
            return Err(self.refuse(event_type, reason));
        }
        let id = self.shared.names.intern(event_type);
        Ok((id, self.shared.decide(id)?))
    }

    /// Takes an event that was decided on before foreign code ran: the host may have forked there.
    pub(crate) fn take(&self, event: &mut Option<Waiting>, is_plain: bool) -> Observed {
        if let Some(waiting) = event {
            if self.shared.is_forked() {
                self.shared.ledger.row(waiting.id).dropped(Reason::Forked);
                return Observed::Dropped(Reason::Forked);
            }
            self.shared.finish(waiting, is_plain);
        }
        self.shared.push(event)
    }

    fn refuse(&self, event_type: &str, reason: Reason) -> Observed {
        let names = &self.shared.names;
        let id = match reason {
            // A name that is new would need a lock.
            Reason::Forked => names.known(event_type).unwrap_or(TypeId::OVERFLOW),
            _ => names.intern(event_type),
        };
        self.shared.ledger.row(id).dropped(reason);
        Observed::Dropped(reason)
    }
}

/// Handlers, state and the end.
impl Observer {
    /// Starts building an observer.
    pub fn builder() -> ObserverBuilder {
        ObserverBuilder::new()
    }

    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        let guard = Some(Arc::new(Guard(Arc::clone(&shared))));
        Self { shared, guard }
    }

    /// A handle that does not keep the observer running: once the others are gone, its events are dropped as
    /// `stopped`.
    #[must_use]
    pub fn detached(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), guard: None }
    }

    /// Has `handler` called with every event of one type, on the worker thread. Its panics are contained: the
    /// event counts as failed. So it does when the call [lasts too long](ObserverBuilder::handler_timeout). A handler
    /// that fails again and again is [suspended](ObserverBuilder::suspend_after) or refused; see
    /// [`handlers`](Observer::handlers).
    ///
    /// At most 1 024 handlers are held; a further one is not, and a warning says so. Nor is one in a forked child,
    /// or once the observer has stopped.
    pub fn on(&self, event_type: &str, handler: impl Fn(&Event) + Send + Sync + 'static) -> HandlerId {
        self.add(Some(cut_name(event_type)), Arc::new(handler))
    }

    /// Has `handler` called with every event, after those of the event's own type.
    pub fn on_any(&self, handler: impl Fn(&Event) + Send + Sync + 'static) -> HandlerId {
        self.add(None, Arc::new(handler))
    }

    fn add(&self, event_type: Option<&str>, handler: Handler) -> HandlerId {
        if self.shared.is_forked() {
            let _ = contain(|| drop(handler));
            return HandlerId::NONE;
        }
        match self.shared.handlers.add(event_type, handler) {
            Ok(id) => {
                self.watch();
                id
            }
            Err((refused, handler)) => {
                // To drop a handler runs foreign code, and so does a subscriber: neither may reach the host.
                let _ = contain(|| drop(handler));
                if refused == Refused::Full {
                    let _ =
                        contain(|| tracing::warn!("a handler was not registered: 1024 are there already"));
                }
                HandlerId::NONE
            }
        }
    }

    /// Starts the watch over the worker, once there is a handler that may hang.
    fn watch(&self) {
        // Relaxed: only the thread that sets it starts the watch.
        if self.shared.is_watched.swap(true, Relaxed) {
            return;
        }
        let shared = Arc::clone(&self.shared);
        if threads::spawn("watch", move || watch::run(&shared)).is_err() {
            self.shared.is_watched.store(false, Relaxed);
            let _ = contain(|| tracing::warn!("no room for a thread: a handler that hangs is not noticed"));
        }
    }

    /// Removes a handler; `false` if it was not there. Events in the worker's hands may still reach it.
    pub fn remove(&self, handler: HandlerId) -> bool {
        !self.shared.is_forked() && self.shared.handlers.remove(handler)
    }

    /// Every handler's account, in order of registration.
    #[must_use]
    pub fn handlers(&self) -> Vec<HandlerStats> {
        self.shared.handlers.stats(self.shared.clock.now())
    }

    /// Switches observing off or on again. While off, events are dropped as `disabled`, before sampling.
    pub fn set_enabled(&self, enabled: bool) {
        self.shared.set_enabled(enabled);
    }

    /// CPU time, in nanoseconds, that observing has cost the threads which did it: an estimate from one event in 1 024,
    /// fields included. Never decreases.
    #[must_use]
    pub fn producer_nanos(&self) -> u64 {
        self.shared.producer_nanos()
    }

    /// The settings that may change while running, as they are now.
    #[must_use]
    pub fn settings(&self) -> ObserverSettings {
        if self.shared.is_forked() { ObserverSettings::default() } else { self.shared.settings() }
    }

    /// Changes settings while running. Events that wait stay: where a bound is lowered below what waits, nothing more
    /// is taken until there is room. Does nothing in a forked child.
    ///
    /// # Errors
    /// When a setting is out of its range; all stay as they were.
    pub fn update(&self, edit: impl FnOnce(&mut ObserverSettings)) -> Result<(), SettingsError> {
        let mut settings = self.settings();
        edit(&mut settings);
        let redacted = settings.check()?;
        if !self.shared.is_forked() {
            self.shared.set(settings, redacted);
        }
        Ok(())
    }

    /// The table of event-type names, shared with the ledger.
    #[must_use]
    pub fn names(&self) -> &EventTypes {
        &self.shared.names
    }

    /// Counts since the start. Takes no lock that a producer needs.
    ///
    /// In a forked child: what there was when it was forked, and what was dropped since. Where the list of threads was
    /// being changed at that moment, what the threads had counted themselves is missing.
    #[must_use]
    pub fn stats(&self) -> ObserverStats {
        self.shared.stats()
    }

    /// Memory that waiting events and the batch in hand occupy, in bytes: one load, where [`stats`](Observer::stats)
    /// reads it all.
    #[must_use]
    pub fn queue_bytes(&self) -> usize {
        self.shared.credits.bytes()
    }

    /// Waits until everything accepted before this call has been handled, at most `deadline`. Inside a
    /// handler it returns at once, with what is waiting; in a forked child too, where nothing will be handled.
    pub fn flush(&self, deadline: Duration) -> FlushReport {
        if !self.shared.is_forked() && !is_worker(&self.shared.lanes) {
            self.shared.passes.wait_for_pass(after(deadline));
        }
        self.shared.report()
    }

    /// Takes no further events and waits until all accepted ones have been handled, at most `deadline`. May
    /// be called again, from anywhere; a handler that hangs is left behind. In a forked child it returns at once.
    pub fn shutdown(&self, deadline: Duration) -> FlushReport {
        shutdown(&self.shared, deadline)
    }

    /// Threads that have a lane of their own at this moment.
    #[must_use]
    pub fn lanes(&self) -> usize {
        self.shared.lanes.count()
    }
}

fn shutdown(shared: &Shared, deadline: Duration) -> FlushReport {
    shared.stop();
    if !shared.is_forked() && !is_worker(&shared.lanes) {
        shared.passes.wait_for_exit(after(deadline));
    }
    shared.report()
}

/// The moment `deadline` from now; a century away when that cannot be said.
fn after(deadline: Duration) -> Instant {
    const CENTURY: Duration = Duration::from_secs(100 * 365 * 86_400);
    Instant::now() + deadline.min(CENTURY)
}

fn kept(mut event: Event, probability: Probability) -> Event {
    event.set_probability(probability);
    event
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observer")
            .field("held", &self.shared.credits.items())
            .field("handlers", &self.shared.handlers)
            .field("keeps_running", &self.guard.is_some())
            .finish_non_exhaustive()
    }
}

/// An event that will be kept and is yet to be built. Nothing has been counted: dropping it leaves no trace,
/// as if the event had not been offered.
#[must_use = "an admitted event is taken by `accept`"]
#[derive(Debug)]
pub struct Admitted<'a> {
    observer: &'a Observer,
    id: TypeId,
    probability: Probability,
    event_type: SmolStr,
    truncated: bool,
}

impl<'a> Admitted<'a> {
    /// The event without fields, happening now.
    pub fn event(&self) -> Event {
        kept(Event::now(self.event_type.clone(), self.truncated), self.probability)
    }

    /// The event without fields, happening now, to be built where it will be queued from.
    #[inline]
    pub fn draft(self) -> Draft<'a> {
        let since = self.observer.shared.clock.now();
        let event = Event::undated(self.event_type, self.truncated, since, self.probability);
        Draft::new(self.observer, Waiting { event, id: self.id, bytes: 0, since })
    }

    /// Takes the event, built from [`event`](Admitted::event). Its type and probability are those that were
    /// decided on, whatever the event says.
    pub fn accept(self, mut event: Event) -> Observed {
        event.set_type(self.event_type, self.truncated);
        event.set_probability(self.probability);
        let since = self.observer.shared.clock.now();
        self.observer.take(&mut Some(Waiting { event, id: self.id, bytes: 0, since }), false)
    }
}
