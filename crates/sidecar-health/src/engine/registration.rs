//! What comes and goes.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use sidecar_core::clock::nanos;

use super::Engine;
use crate::SettingsError;
use crate::built_in::BuiltIn;
use crate::component::{Check, Checked, Component, check_time};
use crate::error::RegisterError;
use crate::evidence::Evidence;
use crate::heartbeat::Heartbeat;
use crate::history::{History, StatusChange, Transition};
use crate::hysteresis::Thresholds;
use crate::lifecycle::Lifecycle;
use crate::listeners::{BoxedListener, Listener, ListenerId};
use crate::names::{self, SCHEDULER};
use crate::pulse::Pulse;
use crate::schedule::Schedule;
use crate::slot::{Published, Slot, Work};
use crate::state::State;
use crate::table::{Key, Table};
use crate::worker::{Runner, Worker};

impl Engine {
    /// Adds components, all or none, and starts their first runs if the scheduler is at work.
    pub(crate) fn register(&self, components: Vec<Component>) -> Result<(), RegisterError> {
        let mut new = Vec::with_capacity(components.len());
        for component in components {
            new.push(self.prepare(component.validate(self.settings.load().check_interval)?)?);
        }
        self.insert(new, None).map(|_| ())
    }

    /// Adds a heartbeat, whose first beat is waited for from now on.
    pub(crate) fn heartbeat(&self, name: String, ttl: Duration) -> Result<Heartbeat, RegisterError> {
        names::check_application(&name)?;
        check_time("ttl", ttl)?;
        let pulse = Arc::new(Pulse::new(self.clock.now()));
        let published = Published {
            application: true,
            max_age: nanos(ttl),
            pulse: Some(Arc::clone(&pulse)),
            vital: true,
            ..self.built_in(&name, false)
        };
        let keys = self.insert(vec![(published, Work::Idle)], None)?;
        let key = keys.into_iter().next().expect("one went in");
        Ok(Heartbeat::new(pulse, self.clock.clone(), Weak::clone(&self.me), key))
    }

    /// Watches a runtime from the next look on.
    #[cfg(feature = "tokio")]
    pub(crate) fn watch_runtime(
        &self,
        runtime: tokio::runtime::Handle,
        ready_limit: u64,
        live_limit: u64,
    ) -> Result<(), RegisterError> {
        let pulse = Arc::new(Pulse::new(self.clock.now()));
        let published = Published {
            application: true,
            max_age: ready_limit,
            pulse: Some(Arc::clone(&pulse)),
            ..self.built_in(names::RUNTIME, true)
        };
        self.insert(vec![(published, Work::Idle)], None)?;
        let interval = self.policy.built_in_interval;
        let canary = crate::canary::Canary::new(runtime, self.clock.clone(), pulse, interval, live_limit);
        // Only the builder calls this, once.
        let _ = self.canary.set(Arc::new(canary));
        Ok(())
    }

    fn prepare(&self, checked: Checked) -> Result<(Published, Work), SettingsError> {
        let Checked { name, check, critical, timing, spacing, thresholds, max_age, depends_on } = checked;
        let published = Published {
            critical,
            own_critical: critical,
            given_critical: critical,
            depends_on,
            suppressed: false,
            name: name.into(),
            application: true,
            enabled: true,
            thresholds,
            max_age,
            state: State::NEW,
            pulse: None,
            vital: false,
            history: History::default(),
        };
        let (schedule, worker) = (Schedule::Waiting { due: 0 }, self.runner(check)?);
        Ok((published, Work::Check { timing, spacing, schedule, worker }))
    }

    /// The home of a check.
    #[cfg_attr(
        not(feature = "tokio"),
        expect(clippy::unnecessary_wraps, reason = "only tasks need a runtime")
    )]
    fn runner(&self, check: Check) -> Result<Runner, SettingsError> {
        match check {
            Check::Blocking(check) => Ok(Runner::Thread(Worker::new(check))),
            #[cfg(feature = "tokio")]
            Check::Async(check) => {
                let given = self.policy.runtime.clone();
                let runtime =
                    given.or_else(|| tokio::runtime::Handle::try_current().ok()).ok_or_else(|| {
                        let allowed =
                            "given to the builder, or that of the caller, for an asynchronous check";
                        SettingsError::new("runtime", "none", allowed)
                    })?;
                Ok(Runner::Tasks(crate::task::Tasks::new(check, runtime)))
            }
        }
    }

    /// Adds a built-in component, judged at once if the scheduler is at work.
    pub(crate) fn add_built_in(&self, built_in: BuiltIn) -> Result<(), RegisterError> {
        let (name, judge, critical) = built_in.validate()?;
        let published = self.built_in(&name, critical);
        let first = (self.lifecycle.get() != Lifecycle::Starting).then(|| judge.ask());
        self.insert(vec![(published, Work::BuiltIn { judge, due: 0 })], first).map(|_| ())
    }

    pub(super) fn built_in(&self, name: &str, critical: bool) -> Published {
        Published {
            name: name.into(),
            critical,
            own_critical: critical,
            given_critical: critical,
            depends_on: Vec::new(),
            suppressed: false,
            application: false,
            enabled: true,
            thresholds: Thresholds::IMMEDIATE,
            max_age: self.policy.scheduler_max_age,
            state: State::NEW,
            pulse: None,
            vital: false,
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
        // Under the lock: settings that are replaced meanwhile reach either the table or what comes into it.
        table.configure(&self.settings.load(), at);
        let mut deferred = Vec::new();
        if let (Some(evidence), Some(key)) = (first, keys.first()) {
            table.record(key, at, evidence);
        }
        if self.lifecycle.get() != Lifecycle::Starting {
            deferred = self.poll(&mut table, at);
        }
        self.publish(&mut table);
        drop(table);
        deferred.into_iter().for_each(|act| act());
        self.wake();
        Ok(keys)
    }

    pub(crate) fn remove(&self, name: &str, application: bool) -> bool {
        name != SCHEDULER && self.take_out(|table| table.remove(name, application))
    }

    /// Adds a listener to transitions, if there is room for one more.
    pub(crate) fn listen(&self, listener: BoxedListener<Transition>) -> ListenerId {
        self.admit(listener, |table, listener| table.transitions.listeners.add(listener))
    }

    /// Adds a listener to the status of the whole, if there is room for one more.
    pub(crate) fn listen_to_whole(&self, listener: BoxedListener<StatusChange>) -> ListenerId {
        self.admit(listener, |table, listener| {
            let status = self.judge(&table.snapshot()).status();
            table.whole.add(listener, status);
        })
    }

    fn admit<T: Send + 'static>(
        &self,
        listener: BoxedListener<T>,
        add: impl FnOnce(&mut Table, Listener<T>),
    ) -> ListenerId {
        let id = ListenerId::new(self.last_listener.fetch_add(1, Ordering::SeqCst) + 1);
        if let Some(listener) = Listener::start(id, listener, &self.listeners)
            && let Some(mut table) = self.running()
        {
            add(&mut table, listener);
        }
        id
    }

    pub(crate) fn remove_listener(&self, id: ListenerId) -> bool {
        let mut table = self.table.lock();
        table.transitions.listeners.remove(id) || table.whole.remove(id)
    }

    /// Takes out what that key stands for, and nothing that came after it.
    pub(crate) fn retire(&self, key: &Key) {
        self.take_out(|table| table.retire(key));
    }

    fn take_out(&self, take: impl FnOnce(&mut Table) -> Option<Slot>) -> bool {
        let mut table = self.table.lock();
        let slot = take(&mut table);
        let resumed = table.settle(self.moment());
        self.publish(&mut table);
        drop(table);
        if resumed {
            self.wake();
        }
        slot.is_some()
    }
}
