//! Scheduling: everything that changes what is known. Reading takes no lock.

mod registration;

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::thread::{self, Thread};
use std::time::{Duration, SystemTime};
use std::{fmt, io};

use arc_swap::ArcSwap;
use parking_lot::{Mutex, MutexGuard};
use sidecar_core::{Clock, threads};

use crate::SettingsError;
use crate::built_in::Judge;
use crate::evidence::{Evidence, Moment};
use crate::lifecycle::{Latch, Lifecycle};
use crate::names::SCHEDULER;
use crate::report::HealthReport;
use crate::settings::HealthSettings;
use crate::slot::Work;
use crate::snapshot::Snapshot;
use crate::table::{Key, NEVER, Table};
use crate::worker::{Deferred, Ended, Places, Runner};

/// Settings of the whole that stay as they are, found good.
#[derive(Debug)]
pub(crate) struct Policy {
    /// In nanoseconds.
    pub(crate) built_in_interval: u64,
    /// In nanoseconds.
    pub(crate) scheduler_max_age: u64,
    /// Where asynchronous checks run.
    #[cfg(feature = "tokio")]
    pub(crate) runtime: Option<tokio::runtime::Handle>,
}

pub(crate) struct Engine {
    policy: Policy,
    /// Replaced with the table locked.
    settings: ArcSwap<HealthSettings>,
    clock: Clock,
    lifecycle: Latch,
    /// Start-up is over, once and for all.
    started: AtomicBool,
    /// When the scheduler means to look again.
    planned: AtomicU64,
    sleeper: OnceLock<Thread>,
    table: Mutex<Table>,
    snapshot: ArcSwap<Snapshot>,
    threads: Arc<Places>,
    #[cfg(feature = "tokio")]
    tasks: Arc<Places>,
    #[cfg(feature = "tokio")]
    canary: OnceLock<Arc<crate::canary::Canary>>,
    listeners: Arc<Places>,
    last_listener: AtomicU64,
    lost_changes: AtomicU64,
    me: Weak<Self>,
}

impl Engine {
    pub(crate) fn new(policy: Policy, settings: HealthSettings, clock: Clock) -> Arc<Self> {
        let engine = Arc::new_cyclic(|me| Self {
            policy,
            settings: ArcSwap::from_pointee(settings),
            clock,
            lifecycle: Latch::default(),
            started: AtomicBool::new(false),
            planned: AtomicU64::new(0),
            sleeper: OnceLock::new(),
            table: Mutex::new(Table::new(RandomState::new().build_hasher().finish())),
            snapshot: ArcSwap::default(),
            threads: Arc::default(),
            #[cfg(feature = "tokio")]
            tasks: Arc::default(),
            #[cfg(feature = "tokio")]
            canary: OnceLock::new(),
            listeners: Arc::default(),
            last_listener: AtomicU64::new(0),
            lost_changes: AtomicU64::new(0),
            me: Weak::clone(me),
        });
        let scheduler = engine.built_in(SCHEDULER, true);
        let work = Work::BuiltIn { judge: Judge::scheduler(), due: 0 };
        let mut table = engine.table.lock();
        table.insert(scheduler, work);
        engine.publish(&mut table);
        drop(table);
        engine
    }

    /// A heartbeat has just failed; whoever looks at the history is to see it at once.
    pub(crate) fn notice(&self, key: &Key) {
        let at = self.moment();
        if let Some(mut table) = self.running() {
            table.notice(key, at);
            self.publish(&mut table);
        }
    }

    /// Looks at everything once; answers when to look again.
    pub(crate) fn tick(&self, now: u64) -> u64 {
        let due = match self.running() {
            Some(mut table) => table.due_built_ins(now, self.policy.built_in_interval),
            None => return NEVER,
        };
        #[cfg(feature = "tokio")]
        // Also while nothing is checked: then it is known how it stands once that begins.
        if let Some(canary) = self.canary.get() {
            canary.ask(now);
        }
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
        let deferred = self.poll(&mut table, at);
        let next = table.wake(at.now);
        self.planned.store(next, Ordering::SeqCst);
        self.publish(&mut table);
        drop(table);
        deferred.into_iter().for_each(|act| act());
        self.lifecycle.advance(Lifecycle::Running);
        self.is_started();
        next
    }

    /// The table, unless everything has been stopped.
    fn running(&self) -> Option<MutexGuard<'_, Table>> {
        let table = self.table.lock();
        (self.lifecycle.get() != Lifecycle::Stopped).then_some(table)
    }

    /// Starts what is due. What is returned is to be done once the table is not locked any more.
    #[must_use]
    fn poll(&self, table: &mut Table, at: Moment) -> Vec<Deferred> {
        table.poll(at, |worker, key| {
            let engine = Weak::clone(&self.me);
            let report = move |ended| {
                if let Some(engine) = engine.upgrade() {
                    engine.finish(&key, ended);
                }
            };
            match worker {
                Runner::Thread(worker) => worker.run(&self.threads, || Box::new(report)).map(|()| None),
                #[cfg(feature = "tokio")]
                Runner::Tasks(tasks) => tasks.run(&self.tasks, Box::new(report)).map(Some),
            }
        })
    }

    /// Takes the result of a run, on the check's own thread or in its task.
    fn finish(&self, key: &Key, ended: Ended) {
        let at = self.moment();
        let Some(mut table) = self.running() else { return };
        let due = table.finish(key, at, Evidence::of(ended));
        self.publish(&mut table);
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
        self.publish(&mut table);
        table.transitions.listeners.close();
        table.whole.close();
        drop(table);
        drop(work);
        self.wake();
    }

    pub(crate) fn report(&self) -> HealthReport {
        self.judge(&self.snapshot.load())
    }

    fn judge(&self, snapshot: &Snapshot) -> HealthReport {
        HealthReport::new(snapshot, self.moment(), self.settings.load().degraded_threshold)
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.lifecycle() == Lifecycle::Running && self.snapshot.load().is_ready(self.clock.now())
    }

    pub(crate) fn is_live(&self) -> bool {
        let now = self.clock.now();
        #[cfg(feature = "tokio")]
        if self.settings.load().enabled && self.canary.get().is_some_and(|canary| canary.is_dead(now)) {
            return false;
        }
        self.snapshot.load().is_live(now)
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
        let (snapshot, settings) = (self.snapshot.load(), self.settings.load());
        let missing = settings.critical_components.iter().filter(|name| !snapshot.has_component(name));
        missing.cloned().collect()
    }

    pub(crate) fn settings(&self) -> HealthSettings {
        HealthSettings::clone(&self.settings.load())
    }

    /// Replaces the settings, of every component too.
    pub(crate) fn update(&self, edit: impl FnOnce(&mut HealthSettings)) -> Result<(), SettingsError> {
        let mut settings = self.settings();
        edit(&mut settings);
        settings.check()?;
        let at = self.moment();
        let Some(mut table) = self.running() else { return Ok(()) };
        table.configure(&settings, at);
        self.settings.store(Arc::new(settings));
        table.settle(at);
        self.publish(&mut table);
        drop(table);
        self.wake();
        Ok(())
    }

    pub(crate) fn lost_changes(&self) -> u64 {
        self.lost_changes.load(Ordering::SeqCst)
    }

    pub(crate) fn worker_threads(&self) -> usize {
        self.threads.alive()
    }

    /// Shows readers what the table holds, and tells listeners what changed. Called with the table
    /// locked, so that nothing is overwritten by something older.
    fn publish(&self, table: &mut Table) {
        let snapshot = Arc::new(table.snapshot());
        self.snapshot.store(Arc::clone(&snapshot));
        table.transitions.tell(&self.lost_changes);
        if table.whole.are_heard() {
            table.whole.tell(&self.judge(&snapshot), &self.lost_changes);
        }
    }

    fn moment(&self) -> Moment {
        Moment { now: self.clock.now(), wall: SystemTime::now() }
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("policy", &self.policy)
            .field("settings", &self.settings)
            .field("lifecycle", &self.lifecycle())
            .finish_non_exhaustive()
    }
}
