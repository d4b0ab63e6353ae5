//! The handle of a circuit breaker.

use crate::circuit::Circuit;
use crate::limits::Limits;
use crate::{
    BreakerBuilder, BreakerSettings, BreakerSnapshot, Hold, ListenerId, OwnedPermit, Permit, Rejected,
    SettingsError, State, Transition,
};
use std::fmt;
use std::sync::Arc;

/// A circuit breaker. Cheap to clone; clones are the same breaker.
#[derive(Clone)]
pub struct Breaker {
    pub(crate) circuit: Arc<Circuit>,
}

impl Breaker {
    /// Starts a breaker of this name: 1 to 256 bytes, shown in rejections, snapshots and metrics.
    pub fn builder(name: impl Into<Arc<str>>) -> BreakerBuilder {
        BreakerBuilder::new(name.into())
    }

    /// The breaker's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.circuit.identity().name()
    }

    /// The settings that hold now.
    #[must_use]
    pub fn settings(&self) -> BreakerSettings {
        self.circuit.settings()
    }

    /// Replaces all settings while the breaker is in use; what `settings` does not give has its default.
    ///
    /// The state, its generation and calls in flight stay. A timer that runs is measured by the new settings
    /// from when it began. No rule is judged before the next call ends.
    ///
    /// What was recorded stays as far as it fits the new policy, wherever in the policy the rules stand, and
    /// whatever limits it is judged by from now on:
    ///
    /// - Failures inside a span of time keep their times; those beyond 1 024, to a 128th of the old span. A longer
    ///   span than before begins with what the shorter one held, and a threshold that grows with as many failures as
    ///   were remembered one by one: at least 128, or the old threshold up to 1 024.
    /// - Failures in a row go on being counted.
    /// - A rate over time keeps the calls of both spans, to a 16th of the old one; a rate over the last calls as many
    ///   as both numbers allow. This holds for rates of failures, and for rates of calls that are slower than the same
    ///   duration.
    /// - Any other rule begins anew: one of a kind that the old policy had none of, a rate over time where the old one
    ///   was over the last calls or the other way round, and a rate of calls slower than another duration.
    ///
    /// Where times are known to a part of a span, a call counts as the oldest of its part. A call that was admitted
    /// before any rule asked how long it takes is none that was slow. A call that ends on another thread at that very
    /// moment may be missing from the record, not from the totals.
    ///
    /// ```
    /// # use sidecar_breaker::{Breaker, State};
    /// let breaker = Breaker::builder("payments").failure_threshold(100).build()?;
    /// let _ = breaker.call(|| Err::<(), _>("down"));
    /// let mut settings = breaker.settings();
    /// settings.set_failure_threshold(2);
    /// breaker.update(settings)?;
    /// let _ = breaker.call(|| Err::<(), _>("down"));
    /// assert_eq!(breaker.state(), State::Open);
    /// # Ok::<(), sidecar_breaker::SettingsError>(())
    /// ```
    ///
    /// # Errors
    /// When a setting is out of range; nothing has changed then.
    pub fn update(&self, settings: BreakerSettings) -> Result<(), SettingsError> {
        let limits = Limits::new(&settings)?;
        self.circuit.update(settings, limits);
        Ok(())
    }

    /// What the breaker does with calls now. An open breaker stays so until a call probes.
    #[must_use]
    pub fn state(&self) -> State {
        self.circuit.state()
    }

    /// State, counts and recent transitions at this moment.
    #[must_use]
    pub fn snapshot(&self) -> BreakerSnapshot {
        BreakerSnapshot::new(self.name(), self.circuit.read(), self.circuit.outbox().counts())
    }

    /// Asks to make one call and settle it by hand.
    ///
    /// # Errors
    /// When the breaker refuses the call.
    pub fn try_acquire(&self) -> Result<Permit<'_>, Rejected> {
        self.circuit.admit().map(|ticket| Permit::new(&self.circuit, ticket))
    }

    /// As [`try_acquire`](Self::try_acquire), with a permit that may outlive this handle.
    ///
    /// # Errors
    /// When the breaker refuses the call.
    pub fn try_acquire_owned(&self) -> Result<OwnedPermit, Rejected> {
        self.circuit.admit().map(|ticket| OwnedPermit::new(Arc::clone(&self.circuit), ticket))
    }

    /// Opens the breaker now, from any state; it recovers as usual. An open one starts `timeout` again.
    pub fn trip(&self) {
        self.circuit.command(|machine, now| machine.trip(now));
    }

    /// Closes the breaker now, from any state, with an empty window. Calls in flight become late.
    pub fn reset(&self) {
        self.circuit.command(|machine, now| machine.reset(now));
    }

    /// Refuses every call until [`reset`](Self::reset) or another command.
    pub fn force_open(&self) {
        self.force_open_with(Hold::new());
    }

    /// As [`force_open`](Self::force_open), with a time to live or a reason.
    pub fn force_open_with(&self, hold: Hold) {
        self.hold(State::ForcedOpen, hold);
    }

    /// Lets every call pass and judges none until [`reset`](Self::reset) or another command.
    pub fn disable(&self) {
        self.disable_with(Hold::new());
    }

    /// As [`disable`](Self::disable), with a time to live or a reason.
    pub fn disable_with(&self, hold: Hold) {
        self.hold(State::Disabled, hold);
    }

    /// Lets every call pass and counts failures in the window, but never opens, until
    /// [`reset`](Self::reset) or another command.
    pub fn metrics_only(&self) {
        self.metrics_only_with(Hold::new());
    }

    /// As [`metrics_only`](Self::metrics_only), with a time to live or a reason.
    pub fn metrics_only_with(&self, hold: Hold) {
        self.hold(State::MetricsOnly, hold);
    }

    /// Has `listener` called with every transition from now on, in the order of their sequence numbers, each
    /// once: after the listeners that came before it, on a thread of the crate's own, outside every lock and
    /// never during a call to the breaker.
    ///
    /// A listener may call the breaker, add and remove listeners, and block. While it blocks, at most 64
    /// transitions of this breaker wait; beyond that the oldest of them is given up, counted in
    /// [`BreakerSnapshot::unheard`], and missing in the sequence. A panic ends that one call alone and is counted
    /// in [`BreakerSnapshot::listener_panics`].
    ///
    /// What waits when the breaker is dropped is still told. The breaker owns its listeners: one that owns a
    /// handle to its own breaker keeps it alive until it is removed.
    ///
    /// At most 64 listeners are held; a further one is not, and [`remove_listener`](Self::remove_listener) says
    /// `false` to its id.
    ///
    /// # Example
    /// ```
    /// use sidecar_breaker::Breaker;
    /// use std::sync::mpsc;
    ///
    /// let breaker = Breaker::builder("payments").build()?;
    /// let (tell, told) = mpsc::channel();
    /// breaker.on_transition(move |transition| tell.send(transition.to).unwrap_or_default());
    /// breaker.trip();
    /// assert_eq!(told.recv(), Ok(sidecar_breaker::State::Open));
    /// # Ok::<(), sidecar_breaker::SettingsError>(())
    /// ```
    pub fn on_transition(&self, listener: impl Fn(&Transition) + Send + Sync + 'static) -> ListenerId {
        self.circuit.outbox().add(Box::new(listener))
    }

    /// Removes a listener; `false` if this breaker does not hold it. It is not called again, not for what waits
    /// either; a call that has begun, at most one, goes on. A listener may remove itself.
    pub fn remove_listener(&self, listener: ListenerId) -> bool {
        self.circuit.outbox().remove(listener)
    }

    fn hold(&self, state: State, hold: Hold) {
        let (ttl, reason) = hold.into_parts();
        self.circuit.command(|machine, now| machine.hold(now, state, ttl, reason));
    }
}

impl fmt::Debug for Breaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Breaker").field("name", &self.name()).field("state", &self.state()).finish()
    }
}
