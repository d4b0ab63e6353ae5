//! All components, as the engine keeps them behind its lock. Runs no code of the application.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::built_in::Judge;
use crate::error::RegisterError;
use crate::evidence::{Evidence, Moment};
use crate::names::SCHEDULER;
use crate::schedule::{Action, Draws, Finish, is_due};
use crate::slot::{Published, Slot, Work};
use crate::snapshot::Snapshot;
use crate::worker::Worker;

/// Most components of the application.
pub const MAX_COMPONENTS: usize = 256;

/// Most built-in components, breakers included.
pub const MAX_BUILT_INS: usize = 2_048;

/// A time that never comes.
pub(crate) const NEVER: u64 = u64::MAX;

pub(crate) struct Table {
    slots: BTreeMap<Arc<str>, Slot>,
    registrations: u64,
    transitions: u64,
    draws: Draws,
}

/// One registration of a component: its name, and what tells it from others of that name.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) name: Arc<str>,
    pub(crate) id: u64,
}

impl Table {
    pub(crate) fn new(seed: u64) -> Self {
        Self { slots: BTreeMap::new(), registrations: 0, transitions: 0, draws: Draws(seed) }
    }

    /// Whether there is room for a component of that name and kind.
    pub(crate) fn room_for(&self, published: &Published) -> Result<(), RegisterError> {
        if self.slots.contains_key(&published.name) {
            return Err(RegisterError::Duplicate { name: published.name.to_string() });
        }
        let limit = if published.application { MAX_COMPONENTS } else { MAX_BUILT_INS };
        let alike = self.slots.values().filter(|slot| slot.published.application == published.application);
        if alike.count() >= limit { Err(RegisterError::Full { limit }) } else { Ok(()) }
    }

    /// Adds a component for which there is room.
    pub(crate) fn insert(&mut self, published: Published, work: Work) -> Key {
        self.registrations += 1;
        let key = Key { name: Arc::clone(&published.name), id: self.registrations };
        self.slots.insert(Arc::clone(&key.name), Slot::new(key.id, published, work));
        key
    }

    /// Takes a component out, if it is of that kind. To be dropped outside the lock.
    pub(crate) fn remove(&mut self, name: &str, application: bool) -> Option<Slot> {
        let fits = self.slots.get(name).is_some_and(|slot| slot.published.application == application);
        if fits { self.slots.remove(name) } else { None }
    }

    /// The built-in components to be judged at `now`; each is due again after `interval`.
    pub(crate) fn due_built_ins(&mut self, now: u64, interval: u64) -> Vec<(Key, Judge)> {
        let mut found = Vec::new();
        for (name, slot) in &mut self.slots {
            if let Work::BuiltIn { judge, due } = &mut slot.work
                && is_due(now, *due, interval)
            {
                *due = now.saturating_add(interval);
                found.push((Key { name: Arc::clone(name), id: slot.id }, judge.clone()));
            }
        }
        found
    }

    /// Lets a whole interval pass before a built-in component is judged again that took longer than one, so
    /// that slow ones are not judged without pause.
    pub(crate) fn put_off(&mut self, key: &Key, now: u64, interval: u64) {
        if let Some(slot) = self.slots.get_mut(&key.name).filter(|slot| slot.id == key.id)
            && let Work::BuiltIn { due, .. } = &mut slot.work
            && now >= *due
        {
            *due = now.saturating_add(interval);
        }
    }

    /// Takes evidence into account, unless the registration is gone.
    pub(crate) fn record(&mut self, key: &Key, at: Moment, evidence: Evidence) {
        if let Some(slot) = self.slots.get_mut(&key.name).filter(|slot| slot.id == key.id) {
            slot.record(at, evidence, &mut self.transitions);
        }
    }

    /// Starts what is due through `start`, counts the runs that hang, and writes down the leases that ran out.
    pub(crate) fn poll(&mut self, at: Moment, start: impl Fn(&mut Worker, Key) -> Result<(), String>) {
        let Self { slots, transitions, draws, .. } = self;
        for (name, slot) in slots {
            let evidence = match &mut slot.work {
                Work::Check { timing, schedule, worker } => {
                    match schedule.poll(at.now, *timing, draws.next()) {
                        Action::Nothing => None,
                        Action::Strike { elapsed, first } => Some(Evidence::hanging(elapsed, first)),
                        Action::Start => {
                            let key = Key { name: Arc::clone(name), id: slot.id };
                            start(worker, key).err().map(|reason| {
                                schedule.finish(at.now, *timing, draws.next());
                                Evidence::not_started(reason)
                            })
                        }
                    }
                }
                Work::BuiltIn { .. } | Work::Idle => None,
            };
            match evidence {
                Some(evidence) => slot.record(at, evidence, transitions),
                None => slot.note(at, transitions),
            }
        }
    }

    /// Takes the result of a run; answers when the next one is due. `None` if the registration is gone.
    pub(crate) fn finish(&mut self, key: &Key, at: Moment, mut evidence: Evidence) -> Option<u64> {
        let slot = self.slots.get_mut(&key.name).filter(|slot| slot.id == key.id)?;
        let Work::Check { timing, schedule, .. } = &mut slot.work else { return None };
        let finish = schedule.finish(at.now, *timing, self.draws.next())?;
        let (due, timeout) = (schedule.wake(at.now), timing.timeout);
        match finish {
            Finish { late: true, counted: true, .. } => slot.amend(Evidence::late(finish.elapsed, timeout)),
            Finish { late: true, .. } => {
                slot.record(at, Evidence::late(finish.elapsed, timeout), &mut self.transitions);
            }
            Finish { counted, .. } => {
                evidence.of_a_run &= !counted;
                slot.record(at, evidence, &mut self.transitions);
            }
        }
        Some(due)
    }

    /// When to look again, seen from `now`.
    pub(crate) fn wake(&self, now: u64) -> u64 {
        let times = self.slots.values().map(|slot| match &slot.work {
            Work::Check { schedule, .. } => schedule.wake(now),
            Work::BuiltIn { due, .. } => *due,
            Work::Idle => NEVER,
        });
        times.min().unwrap_or(NEVER)
    }

    /// Ends all work, and says so in the scheduler's name. What is returned is to be dropped outside the lock.
    pub(crate) fn end(&mut self, at: Moment) -> Vec<Work> {
        if let Some(scheduler) = self.slots.get_mut(SCHEDULER) {
            scheduler.record(at, Evidence::stopped(), &mut self.transitions);
        }
        self.slots.values_mut().map(|slot| std::mem::replace(&mut slot.work, Work::Idle)).collect()
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot(self.slots.values().map(|slot| Arc::clone(&slot.published)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::History;
    use crate::hysteresis::Thresholds;
    use crate::outcome::CheckOutcome;
    use crate::schedule::{Schedule, Timing};
    use crate::state::State;
    use crate::status::Status;
    use crate::worker::BoxedCheck;
    use std::time::SystemTime;

    fn at(now: u64) -> Moment {
        Moment { now, wall: SystemTime::UNIX_EPOCH }
    }

    #[test]
    fn an_answer_in_time_outweighs_the_strike_that_was_quicker() {
        let mut table = Table::new(0);
        let published = Published {
            name: "database".into(),
            critical: false,
            application: true,
            enabled: true,
            thresholds: Thresholds::IMMEDIATE,
            max_age: 1_000,
            state: State::NEW,
            history: History::default(),
        };
        let work = Work::Check {
            timing: Timing { interval: 100, timeout: 30, jitter: 0 },
            schedule: Schedule::Waiting { due: 0 },
            worker: Worker::new(BoxedCheck::new(Box::new(CheckOutcome::healthy))),
        };
        let key = table.insert(published, work);
        table.poll(at(0), |_, _| Ok(()));
        table.poll(at(30), |_, _| Ok(()));
        let shown = |table: &Table| {
            let published = Arc::clone(&table.snapshot().0[0]);
            (published.judge(30).status, published.state.runs())
        };
        assert_eq!(shown(&table), (Status::Unhealthy, 1));
        table.finish(&key, at(29), Evidence::answered(Ok(CheckOutcome::healthy())));
        assert_eq!(shown(&table), (Status::Healthy, 1), "one run, counted once");
    }
}
