//! Scheduling: everything that changes what is known. Reading takes no lock.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::thread::{self, Thread};
use std::time::{Duration, SystemTime};
use std::{fmt, io};

use arc_swap::ArcSwap;
use parking_lot::{Mutex, MutexGuard};
use sidecar_core::clock::nanos;
use sidecar_core::{Clock, threads};

use crate::built_in::{BuiltIn, Judge};
use crate::component::{Checked, Component, check_time};
use crate::error::RegisterError;
use crate::evidence::{Evidence, Moment};
use crate::heartbeat::Heartbeat;
use crate::history::History;
use crate::hysteresis::Thresholds;
use crate::lifecycle::{Latch, Lifecycle};
use crate::names::{self, SCHEDULER};
use crate::outcome::CheckOutcome;
use crate::pulse::Pulse;
use crate::report::HealthReport;
use crate::schedule::Schedule;
use crate::slot::{Published, Slot, Work};
use crate::snapshot::Snapshot;
use crate::state::State;
use crate::table::{Key, NEVER, Table};
use crate::worker::{Threads, Worker};

/// Settings of the whole, found good.
#[derive(Debug)]
pub(crate) struct Policy {
    /// Whether the application's components are checked.
    pub(crate) enabled: bool,
    pub(crate) check_interval: Duration,
    pub(crate) degraded_threshold: f64,
    pub(crate) critical_components: BTreeSet<String>,
    /// In nanoseconds.
    pub(crate) built_in_interval: u64,
    /// In nanoseconds.
    pub(crate) scheduler_max_age: u64,
}

pub(crate) struct Engine {
    policy: Policy,
    clock: Clock,
    lifecycle: Latch,
    /// Start-up is over, once and for all.
    started: AtomicBool,
    /// When the scheduler means to look again.
    planned: AtomicU64,
    sleeper: OnceLock<Thread>,
    table: Mutex<Table>,
    snapshot: ArcSwap<Snapshot>,
    threads: Arc<Threads>,
    me: Weak<Self>,
}

impl Engine {
    pub(crate) fn new(policy: Policy, clock: Clock) -> Arc<Self> {
        let engine = Arc::new_cyclic(|me| Self {
            policy,
            clock,
            lifecycle: Latch::default(),
            started: AtomicBool::new(false),
            planned: AtomicU64::new(0),
            sleeper: OnceLock::new(),
            table: Mutex::new(Table::new(RandomState::new().build_hasher().finish())),
            snapshot: ArcSwap::default(),
            threads: Arc::default(),
            me: Weak::clone(me),
        });
        let scheduler = engine.built_in(SCHEDULER, true);
        let work = Work::BuiltIn { judge: Judge::scheduler(), due: 0 };
        let mut table = engine.table.lock();
        table.insert(scheduler, work);
        engine.publish(&table);
        drop(table);
        engine
    }

    /// Adds components, all or none, and starts their first runs if the scheduler is at work.
    pub(crate) fn register(&self, components: Vec<Component>) -> Result<(), RegisterError> {
        let mut new = Vec::with_capacity(components.len());
        for component in components {
            new.push(self.prepare(component.validate(self.policy.check_interval)?));
        }
        self.insert(new, None).map(|_| ())
    }

    /// Adds a heartbeat, whose first beat is waited for from now on.
    pub(crate) fn heartbeat(&self, name: String, ttl: Duration) -> Result<Heartbeat, RegisterError> {
        names::check_application(&name)?;
        check_time("ttl", ttl)?;
        let pulse = Arc::new(Pulse::new(self.clock.now()));
        let critical = self.policy.critical_components.contains(&name);
        let published = Published {
            application: true,
            enabled: self.policy.enabled,
            max_age: nanos(ttl),
            pulse: Some(Arc::clone(&pulse)),
            ..self.built_in(&name, critical)
        };
        let keys = self.insert(vec![(published, Work::Idle)], None)?;
        let key = keys.into_iter().next().expect("one went in");
        Ok(Heartbeat::new(pulse, self.clock.clone(), Weak::clone(&self.me), key))
    }

    fn prepare(&self, checked: Checked) -> (Published, Work) {
        let Checked { name, check, critical, timing, thresholds, max_age, depends_on } = checked;
        let critical = critical || self.policy.critical_components.contains(&name);
        let published = Published {
            critical,
            own_critical: critical,
            depends_on,
            suppressed: false,
            name: name.into(),
            application: true,
            enabled: self.policy.enabled,
            thresholds,
            max_age,
            state: State::NEW,
            pulse: None,
            history: History::default(),
        };
        let work = if self.policy.enabled {
            Work::Check { timing, schedule: Schedule::Waiting { due: 0 }, worker: Worker::new(check) }
        } else {
            Work::Idle
        };
        (published, work)
    }

    /// Adds a built-in component, judged at once if the scheduler is at work.
    pub(crate) fn add_built_in(&self, built_in: BuiltIn) -> Result<(), RegisterError> {
        let (name, judge, critical) = built_in.validate()?;
        let named = names::breaker(&name).is_some() && self.policy.critical_components.contains(&name);
        let published = self.built_in(&name, critical || named);
        let first = (self.lifecycle.get() != Lifecycle::Starting).then(|| judge.ask());
        self.insert(vec![(published, Work::BuiltIn { judge, due: 0 })], first).map(|_| ())
    }

    fn built_in(&self, name: &str, critical: bool) -> Published {
        Published {
            name: name.into(),
            critical,
            own_critical: critical,
            depends_on: Vec::new(),
            suppressed: false,
            application: false,
            enabled: true,
            thresholds: Thresholds::IMMEDIATE,
            max_age: self.policy.scheduler_max_age,
            state: State::NEW,
            pulse: None,
            history: History::default(),
        }
    }

    /// Adds all or none, and judges the first by what there is to go by; answers with their keys.
    fn insert(
        &self,
        new: Vec<(Published, Work)>,
        first: Option<Evidence>,
    ) -> Result<Vec<Key>, RegisterError> {
        let mut table = self.table.lock();
        let at = self.moment();
        let room = match self.lifecycle.get() {
            Lifecycle::Stopped => Err(RegisterError::Stopped),
            _ => table.room_for(new.iter().map(|(published, _)| published)),
        };
        if let Err(error) = room {
            // Before the work, whose checks are the application's.
            drop(table);
            return Err(error);
        }
        let keys: Vec<_> = new.into_iter().map(|(published, work)| table.insert(published, work)).collect();
        table.relate();
        if let (Some(evidence), Some(key)) = (first, keys.first()) {
            table.record(key, at, evidence);
        }
        if self.lifecycle.get() != Lifecycle::Starting {
            self.poll(&mut table, at);
        }
        self.publish(&table);
        drop(table);
        self.wake();
        Ok(keys)
    }

    pub(crate) fn remove(&self, name: &str, application: bool) -> bool {
        name != SCHEDULER && self.take_out(|table| table.remove(name, application))
    }

    /// Takes out what that key stands for, and nothing that came after it.
    pub(crate) fn retire(&self, key: &Key) {
        self.take_out(|table| table.retire(key));
    }

    fn take_out(&self, take: impl FnOnce(&mut Table) -> Option<Slot>) -> bool {
        let mut table = self.table.lock();
        let slot = take(&mut table);
        let resumed = table.settle(self.moment());
        self.publish(&table);
        drop(table);
        if resumed {
            self.wake();
        }
        slot.is_some()
    }

    /// A heartbeat has just failed; whoever looks at the history is to see it at once.
    pub(crate) fn notice(&self, key: &Key) {
        let at = self.moment();
        if let Some(mut table) = self.running() {
            table.notice(key, at);
            self.publish(&table);
        }
    }

    /// Looks at everything once; answers when to look again.
    pub(crate) fn tick(&self, now: u64) -> u64 {
        let due = match self.running() {
            Some(mut table) => table.due_built_ins(now, self.policy.built_in_interval),
            None => return NEVER,
        };
        let judged: Vec<_> = due.iter().map(|(key, judge)| (key, judge.ask())).collect();
        let Some(mut table) = self.running() else { return NEVER };
        let mut at = self.moment();
        let read = std::mem::replace(&mut at.now, now);
        for (key, evidence) in judged {
            // A verdict is as old as the question.
            table.record(key, at, evidence);
            table.put_off(key, now.max(read), self.policy.built_in_interval);
        }
        // A run that begins now is not: the time that judging took is not to be charged to it.
        at.now = now.max(read);
        self.poll(&mut table, at);
        let next = table.wake(at.now);
        self.planned.store(next, Ordering::SeqCst);
        self.publish(&table);
        drop(table);
        self.lifecycle.advance(Lifecycle::Running);
        self.is_started();
        next
    }

    /// The table, unless everything has been stopped.
    fn running(&self) -> Option<MutexGuard<'_, Table>> {
        let table = self.table.lock();
        (self.lifecycle.get() != Lifecycle::Stopped).then_some(table)
    }

    fn poll(&self, table: &mut Table, at: Moment) {
        table.poll(at, |worker, key| {
            worker.run(&self.threads, || {
                let engine = Weak::clone(&self.me);
                Box::new(move |result| {
                    if let Some(engine) = engine.upgrade() {
                        engine.finish(&key, result);
                    }
                })
            })
        });
    }

    /// Takes the result of a run, on the check's own thread.
    fn finish(&self, key: &Key, result: Result<CheckOutcome, String>) {
        let at = self.moment();
        let Some(mut table) = self.running() else { return };
        let due = table.finish(key, at, Evidence::answered(result));
        self.publish(&table);
        drop(table);
        if due.is_some_and(|due| due < self.planned.load(Ordering::SeqCst)) {
            self.wake();
        }
    }

    /// Starts a thread that ticks. The first tick is over when this returns.
    pub(crate) fn start(self: &Arc<Self>) -> io::Result<()> {
        self.tick(self.clock.now());
        let engine = Arc::clone(self);
        threads::spawn("health", move || {
            engine.ticked_by(thread::current());
            loop {
                match engine.tick(engine.clock.now()) {
                    NEVER => break,
                    next => {
                        let pause = next.saturating_sub(engine.clock.now());
                        thread::park_timeout(Duration::from_nanos(pause));
                    }
                }
            }
        })?;
        Ok(())
    }

    /// Names the thread to unpark when a tick is due earlier than planned; the first one named stays.
    pub(crate) fn ticked_by(&self, thread: Thread) {
        let _ = self.sleeper.set(thread);
    }

    fn wake(&self) {
        if let Some(sleeper) = self.sleeper.get() {
            sleeper.unpark();
        }
    }

    pub(crate) fn drain(&self) {
        self.lifecycle.advance(Lifecycle::Draining);
    }

    pub(crate) fn stop(&self) {
        let at = self.moment();
        let mut table = self.table.lock();
        if self.lifecycle.get() == Lifecycle::Stopped {
            return;
        }
        self.lifecycle.advance(Lifecycle::Stopped);
        let work = table.end(at);
        self.publish(&table);
        drop(table);
        drop(work);
        self.wake();
    }

    pub(crate) fn report(&self) -> HealthReport {
        let at = self.moment();
        HealthReport::new(&self.snapshot.load(), at, self.policy.degraded_threshold)
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.lifecycle() == Lifecycle::Running && self.snapshot.load().is_ready(self.clock.now())
    }

    pub(crate) fn is_live(&self) -> bool {
        self.snapshot.load().is_live(self.clock.now())
    }

    pub(crate) fn is_started(&self) -> bool {
        if self.started.load(Ordering::SeqCst) {
            return true;
        }
        let started = self.lifecycle() != Lifecycle::Starting && self.snapshot.load().has_started();
        if started {
            self.started.store(true, Ordering::SeqCst);
        }
        started
    }

    pub(crate) fn lifecycle(&self) -> Lifecycle {
        self.lifecycle.get()
    }

    pub(crate) fn snapshot(&self) -> arc_swap::Guard<Arc<Snapshot>> {
        self.snapshot.load()
    }

    pub(crate) fn unregistered_critical_components(&self) -> Vec<String> {
        let snapshot = self.snapshot.load();
        let missing = self.policy.critical_components.iter().filter(|name| !snapshot.has_component(name));
        missing.cloned().collect()
    }

    pub(crate) fn worker_threads(&self) -> usize {
        self.threads.alive()
    }

    /// Shows readers what the table holds. Called with the table locked, so that nothing is overwritten by
    /// something older.
    fn publish(&self, table: &Table) {
        self.snapshot.store(Arc::new(table.snapshot()));
    }

    fn moment(&self) -> Moment {
        Moment { now: self.clock.now(), wall: SystemTime::now() }
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("policy", &self.policy)
            .field("lifecycle", &self.lifecycle())
            .finish_non_exhaustive()
    }
}
