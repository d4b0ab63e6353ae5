//! The handle.

use std::io;
use std::sync::Arc;
use std::thread::Thread;
use std::time::Duration;

use crate::SettingsError;
use crate::builder::HealthBuilder;
use crate::built_in::BuiltIn;
use crate::component::Component;
use crate::engine::Engine;
use crate::error::RegisterError;
use crate::heartbeat::Heartbeat;
use crate::history::{StatusChange, Transition};
use crate::lifecycle::Lifecycle;
use crate::listeners::{BoxedListener, ListenerId};
use crate::report::HealthReport;
use crate::settings::HealthSettings;

/// The health of an application: registers components, schedules their checks, and says how they stand.
///
/// Clones are cheap and share everything. When the last one is dropped, or after [`stop`](Self::stop), the
/// threads end; one that is in a check ends when the check returns. A check that captures a handle keeps
/// health checking alive until it is removed or all is stopped.
#[derive(Clone, Debug)]
pub struct Health {
    guard: Arc<Guard>,
}

/// Stops everything when the last handle is gone.
#[derive(Debug)]
struct Guard {
    engine: Arc<Engine>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.engine.stop();
    }
}

impl Health {
    /// Settings and components of a new health checker.
    pub fn builder() -> HealthBuilder {
        HealthBuilder::new()
    }

    pub(crate) fn new(engine: Arc<Engine>) -> Self {
        Self { guard: Arc::new(Guard { engine }) }
    }

    pub(crate) fn start(&self) -> io::Result<()> {
        self.engine().start()
    }

    fn engine(&self) -> &Arc<Engine> {
        &self.guard.engine
    }

    /// Adds a component. Unknown until its first verdict; while running, its first check starts at once,
    /// unless checks are not [`enabled`](HealthBuilder::enabled).
    ///
    /// # Errors
    /// When a setting or the name is refused, the name is taken, it depends on one that is not there or that
    /// depends on it, there are [`MAX_COMPONENTS`](crate::MAX_COMPONENTS) already, or all was stopped.
    pub fn register(&self, component: Component) -> Result<(), RegisterError> {
        self.engine().register(vec![component])
    }

    /// Adds several components, which may depend on each other in any order.
    ///
    /// # Errors
    /// As for [`register`](Self::register), for the first that is refused; none is added then.
    pub fn register_all(&self, components: impl IntoIterator<Item = Component>) -> Result<(), RegisterError> {
        self.engine().register(components.into_iter().collect())
    }

    /// Takes a component of the application out, with its history. A check in progress finishes on its
    /// thread, and its result is dropped; none begins any more. What depends on it does so no longer, until
    /// there is one of that name again. Answers whether there was one.
    pub fn remove(&self, name: &str) -> bool {
        self.engine().remove(name, true)
    }

    /// Adds a component that stands for a part of the sidecar: for whoever assembles one, see [`BuiltIn`].
    /// While running it is judged before this returns, on the caller's thread.
    ///
    /// # Errors
    /// When the name is not one of the reserved ones or is taken, it is marked critical and no breaker,
    /// there are [`MAX_BUILT_INS`](crate::MAX_BUILT_INS) already, or all was stopped.
    pub fn add_built_in(&self, built_in: BuiltIn) -> Result<(), RegisterError> {
        self.engine().add_built_in(built_in)
    }

    /// Takes a built-in component out; the scheduler stays. Answers whether there was one.
    pub fn remove_built_in(&self, name: &str) -> bool {
        self.engine().remove(name, false)
    }

    /// How everything stands now. Runs no check and takes no lock.
    #[must_use]
    pub fn report(&self) -> HealthReport {
        self.engine().report()
    }

    /// Adds a heartbeat: a component that a part of the application vouches for itself, by calling
    /// [`Heartbeat::beat`] at least every `ttl`, 1 ms to 24 h. Unknown until the first beat; unhealthy when none
    /// came for `ttl`, the first one included, or when the handle was dropped without being
    /// [retired](Heartbeat::retire).
    ///
    /// Beside that it is a component like any other, with a place among
    /// [`MAX_COMPONENTS`](crate::MAX_COMPONENTS); others can depend on it, it is critical if
    /// [`critical_components`](HealthBuilder::critical_components) says so, and what is not
    /// [`enabled`](HealthBuilder::enabled) does not count. But it is judged when it is read and needs no
    /// scheduler, and it alone has a say in [`is_live`](Self::is_live).
    ///
    /// # Errors
    /// As for [`register`](Self::register).
    pub fn heartbeat(&self, name: impl Into<String>, ttl: Duration) -> Result<Heartbeat, RegisterError> {
        self.engine().heartbeat(name.into(), ttl)
    }

    /// Whether the process should be left running: no heartbeat has failed, and no task has waited for too long for
    /// the runtime that is watched, if one is. No check has a say in this, as no
    /// dependency is mended by restarting those who depend on it, nor has the scheduler, nor the lifecycle.
    ///
    /// ```compile_fail
    /// sidecar_health::Component::new("database", || true).live(true); // there is no such way
    /// ```
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.engine().is_live()
    }

    /// Whether the application should get work: it is running, and every critical component that it
    /// registered is healthy or degraded. Built-in components have no say.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.engine().is_ready()
    }

    /// Whether start-up is over: every critical component that the application registered has been healthy
    /// or degraded. Once true it stays so.
    #[must_use]
    pub fn is_started(&self) -> bool {
        self.engine().is_started()
    }

    /// Where the application is between its start and its end.
    #[must_use]
    pub fn lifecycle(&self) -> Lifecycle {
        self.engine().lifecycle()
    }

    /// Turns readiness off for good, ahead of shutting down. Checks and reports go on.
    pub fn drain(&self) {
        self.engine().drain();
    }

    /// Ends all checks and threads, without waiting for a check in progress, and releases every check that
    /// is not in one. The scheduler, and with it the whole, is unhealthy from now on.
    pub fn stop(&self) {
        self.engine().stop();
    }

    /// Names the thread that calls [`tick`](Self::tick), for whoever drives a checker made by
    /// [`build`](HealthBuilder::build): it is unparked when a registration or a result makes a tick due
    /// earlier than the last one said. Without it those wait for the planned tick. The first thread stays.
    pub fn ticked_by(&self, thread: Thread) {
        self.engine().ticked_by(thread);
    }

    /// Judges the built-in components that are due, hands due checks to their own threads and counts those
    /// that hang; for whoever drives a checker made by [`build`](HealthBuilder::build). `now` is read from
    /// the clock that the builder was given. The first call turns [`Lifecycle::Starting`] into
    /// [`Lifecycle::Running`].
    ///
    /// Answers when to call again, in the same nanoseconds: calling earlier is harmless, later delays checks.
    /// After [`stop`](Self::stop) it is `u64::MAX`, and nothing happens any more.
    pub fn tick(&self, now: u64) -> u64 {
        self.engine().tick(now)
    }

    /// The last [`MAX_TRANSITIONS`](crate::MAX_TRANSITIONS) transitions of each component that is still
    /// registered, all together, oldest first.
    #[must_use]
    pub fn history(&self) -> Vec<Transition> {
        self.engine().snapshot().history()
    }

    /// Has `listener` called with every transition from now on, in order, on a thread of its own: one that blocks or
    /// panics holds up nobody else, and is called again. It may use this checker; one that captures a handle keeps
    /// health checking alive until it is removed or all is stopped.
    ///
    /// At most [`MAX_WAITING_TRANSITIONS`](crate::MAX_WAITING_TRANSITIONS) wait for it; those beyond are left out,
    /// which shows as a gap in [`Transition::sequence`] and in [`lost_changes`](Self::lost_changes). When there are
    /// [`MAX_LISTENERS`](crate::MAX_LISTENERS) already, or there is no room for a thread, or all was stopped, it is
    /// never called and [`remove_listener`](Self::remove_listener) answers `false`.
    ///
    /// ```
    /// use sidecar_health::Health;
    /// use std::sync::mpsc;
    ///
    /// let health = Health::builder().start()?;
    /// let (tell, told) = mpsc::channel();
    /// health.on_change(move |change| tell.send(change.clone()).unwrap_or_default());
    /// health.stop();
    /// let change = told.recv()?;
    /// assert_eq!((&*change.component, change.to.as_str()), ("scheduler", "unhealthy"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on_change(&self, listener: impl Fn(&Transition) + Send + 'static) -> ListenerId {
        self.engine().listen(BoxedListener::new(Box::new(listener)))
    }

    /// Has `listener` called with every change of the status of the whole from now on, in order, and under the same
    /// terms as one that is told [of transitions](Self::on_change): on a thread of its own, with as many changes
    /// waiting at most, in one of the same [`MAX_LISTENERS`](crate::MAX_LISTENERS) places.
    ///
    /// What is told of is what [`report`](Self::report) says when something happens or the scheduler looks. Two changes
    /// between two such moments are none if the second undoes the first, and nobody tells of a scheduler that has
    /// died: a reader of the report sees that.
    ///
    /// ```
    /// use sidecar_health::{Component, Health, Status};
    /// use std::sync::mpsc;
    ///
    /// let health = Health::builder().start()?;
    /// let (tell, told) = mpsc::channel();
    /// health.on_status_change(move |change| tell.send(change.clone()).unwrap_or_default());
    /// health.register(Component::new("database", || false).critical(true).failure_threshold(1))?;
    /// let change = told.iter().find(|change| change.to == Status::Unhealthy).expect("it fails");
    /// assert_eq!(&*change.root_causes[0], "database");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on_status_change(&self, listener: impl Fn(&StatusChange) + Send + 'static) -> ListenerId {
        self.engine().listen_to_whole(BoxedListener::new(Box::new(listener)))
    }

    /// Removes a listener; `false` if there is none of that name. It is not called again, not for what waits
    /// either; a call that has begun goes on. A listener may remove itself.
    pub fn remove_listener(&self, listener: ListenerId) -> bool {
        self.engine().remove_listener(listener)
    }

    /// How many changes were not told to a listener because too many waited for it, counted per listener.
    #[must_use]
    pub fn lost_changes(&self) -> u64 {
        self.engine().lost_changes()
    }

    /// The settings that may change while running, as they are now.
    #[must_use]
    pub fn settings(&self) -> HealthSettings {
        self.engine().settings()
    }

    /// Changes settings while running. An interval holds from each check's last run on; a lease that a component gave
    /// grows where it would be too short for the interval. When checks are switched on, all are due at once and their
    /// components unknown until then. Does nothing after [`stop`](Self::stop).
    ///
    /// # Errors
    /// When a setting is out of its range; all stay as they were.
    pub fn update(&self, edit: impl FnOnce(&mut HealthSettings)) -> Result<(), SettingsError> {
        self.engine().update(edit)
    }

    /// Names marked by [`critical_components`](HealthBuilder::critical_components) that nobody registered.
    #[must_use]
    pub fn unregistered_critical_components(&self) -> Vec<String> {
        self.engine().unregistered_critical_components()
    }

    /// Threads that run checks or wait for the next, those included that hang and belong to a component no
    /// longer there; at most [`MAX_THREADS`](crate::MAX_THREADS).
    #[must_use]
    pub fn worker_threads(&self) -> usize {
        self.engine().worker_threads()
    }
}
