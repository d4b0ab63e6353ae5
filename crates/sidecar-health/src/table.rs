//! All components, as the engine keeps them behind its lock. Runs no code of the application.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::built_in::Judge;
use crate::error::RegisterError;
use crate::evidence::{Evidence, Moment};
use crate::graph::Graph;
use crate::listeners::{Transitions, WholeChanges};
use crate::names::SCHEDULER;
use crate::schedule::{Action, Draws, Finish, Schedule, is_due};
use crate::settings::HealthSettings;
use crate::slot::{Published, Slot, Work};
use crate::snapshot::Snapshot;
use crate::worker::{Deferred, Runner};

/// Most components of the application.
pub const MAX_COMPONENTS: usize = 256;

/// Most built-in components, breakers included.
pub const MAX_BUILT_INS: usize = 2_048;

/// A time that never comes.
pub(crate) const NEVER: u64 = u64::MAX;

pub(crate) struct Table {
    slots: BTreeMap<Arc<str>, Slot>,
    registrations: u64,
    pub(crate) transitions: Transitions,
    pub(crate) whole: WholeChanges,
    draws: Draws,
    /// Over the places of `slots`.
    graph: Arc<Graph>,
}

/// One registration of a component: its name, and what tells it from others of that name.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) name: Arc<str>,
    pub(crate) id: u64,
}

impl Table {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            slots: BTreeMap::new(),
            registrations: 0,
            transitions: Transitions::default(),
            whole: WholeChanges::default(),
            draws: Draws(seed),
            graph: Arc::default(),
        }
    }

    /// Whether there is room for `new` components, all of them of one kind, and what they depend on is there.
    pub(crate) fn room_for<'a>(
        &'a self,
        new: impl Iterator<Item = &'a Published> + Clone,
    ) -> Result<(), RegisterError> {
        let mut nodes: BTreeMap<&str, &[Arc<str>]> = BTreeMap::new();
        for published in self.slots.values().map(|slot| &*slot.published).chain(new.clone()) {
            if nodes.insert(&published.name, &published.depends_on).is_some() {
                return Err(RegisterError::Duplicate { name: published.name.to_string() });
            }
        }
        let application = new.clone().all(|published| published.application);
        let limit = if application { MAX_COMPONENTS } else { MAX_BUILT_INS };
        let alike = self.slots.values().filter(|slot| slot.published.application == application);
        if alike.count() + new.clone().count() > limit {
            return Err(RegisterError::Full { limit });
        }
        for published in new.clone() {
            for name in &published.depends_on {
                let there = self.slots.get(name).is_some_and(|slot| slot.published.application);
                if !there && !new.clone().any(|other| other.name == *name) {
                    let (component, depends_on) = (published.name.to_string(), name.to_string());
                    return Err(RegisterError::UnknownDependency { component, depends_on });
                }
            }
        }
        let nodes: Vec<_> = nodes.into_iter().collect();
        Graph::new(&nodes).map(|_| ()).map_err(|cycle| {
            let names = cycle.iter().map(|&place| nodes[place].0.to_owned()).collect();
            RegisterError::Cycle { names }
        })
    }

    /// Has every component follow the settings, also what they depend on.
    pub(crate) fn configure(&mut self, settings: &HealthSettings, at: Moment) {
        for slot in self.slots.values_mut() {
            slot.configure(settings, at, &mut self.transitions);
        }
        self.relate();
    }

    /// Adds a component for which there is room. To be followed by [`configure`](Self::configure).
    pub(crate) fn insert(&mut self, published: Published, work: Work) -> Key {
        self.registrations += 1;
        let key = Key { name: Arc::clone(&published.name), id: self.registrations };
        self.slots.insert(Arc::clone(&key.name), Slot::new(key.id, published, work));
        key
    }

    /// Takes a component out, if it is of that kind. To be dropped outside the lock.
    pub(crate) fn remove(&mut self, name: &str, application: bool) -> Option<Slot> {
        let fits = self.slots.get(name).is_some_and(|slot| slot.published.application == application);
        let slot = if fits { self.slots.remove(name) } else { None };
        self.relate();
        slot
    }

    /// Takes one registration out. To be dropped outside the lock.
    pub(crate) fn retire(&mut self, key: &Key) -> Option<Slot> {
        let application = self.slots.get(&key.name).filter(|slot| slot.id == key.id)?.published.application;
        self.remove(&key.name, application)
    }

    /// Writes down how a component reads, if it reads differently than at the last look.
    pub(crate) fn notice(&mut self, key: &Key, at: Moment) {
        if let Some(slot) = self.slots.get_mut(&key.name).filter(|slot| slot.id == key.id) {
            slot.note(at, &mut self.transitions);
            self.settle(at);
        }
    }

    /// Works out anew which component depends on which, after some have come or gone.
    pub(crate) fn relate(&mut self) {
        let nodes: Vec<_> =
            self.slots.iter().map(|(name, slot)| (&**name, &*slot.published.depends_on)).collect();
        // None that would close a cycle was let in.
        self.graph = Graph::new(&nodes).unwrap_or_default().into();
        let mut critical: Vec<_> = self.slots.values().map(|slot| slot.published.own_critical).collect();
        self.graph.spread(&mut critical);
        for (slot, critical) in self.slots.values_mut().zip(critical) {
            if slot.published.critical != critical {
                Arc::make_mut(&mut slot.published).critical = critical;
            }
        }
    }

    /// Suppresses what depends on something that fails, and ends that where nothing fails any more. Answers
    /// whether checks may have become due.
    pub(crate) fn settle(&mut self, at: Moment) -> bool {
        if self.graph.is_empty() {
            return false;
        }
        let fails: Vec<_> = self.slots.values().map(|slot| slot.published.fails(at.now)).collect();
        let blockers = self.graph.blockers(fails.len(), |place| fails[place]);
        let mut resumed = false;
        for (slot, blockers) in self.slots.values_mut().zip(blockers) {
            resumed |= slot.published.suppressed && blockers.is_empty();
            slot.suppress(!blockers.is_empty(), at, &mut self.transitions);
        }
        resumed
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

    /// Starts what is due through `start`, counts the runs that hang, cancels those of them that can be, and
    /// writes down the leases that ran out. What is returned is to be done outside the lock.
    #[must_use]
    pub(crate) fn poll(
        &mut self,
        at: Moment,
        start: impl Fn(&mut Runner, Key) -> Result<Option<Deferred>, String>,
    ) -> Vec<Deferred> {
        let mut deferred = Vec::new();
        self.settle(at);
        let Self { slots, transitions, draws, .. } = self;
        for (name, slot) in slots {
            let evidence = match &mut slot.work {
                Work::Check { timing, schedule, worker, .. } => {
                    match schedule.poll(at.now, *timing, draws.next(), slot.published.may_run()) {
                        Action::Nothing => None,
                        Action::Strike { elapsed, first } => {
                            deferred.extend(worker.cancel());
                            Some(Evidence::hanging(elapsed, first))
                        }
                        Action::Start => {
                            let key = Key { name: Arc::clone(name), id: slot.id };
                            match start(worker, key) {
                                Ok(begin) => {
                                    deferred.extend(begin);
                                    None
                                }
                                Err(reason) => {
                                    schedule.finish(at.now, *timing, draws.next());
                                    Some(Evidence::not_started(reason))
                                }
                            }
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
        self.settle(at);
        deferred
    }

    /// Takes the result of a run, or none if it was given up; answers when the next one is due. `None` if the
    /// registration is gone.
    pub(crate) fn finish(&mut self, key: &Key, at: Moment, evidence: Option<Evidence>) -> Option<u64> {
        let slot = self.slots.get_mut(&key.name).filter(|slot| slot.id == key.id)?;
        let Work::Check { timing, schedule, .. } = &mut slot.work else { return None };
        let finish = schedule.finish(at.now, *timing, self.draws.next())?;
        let (mut due, timeout) = (schedule.wake(at.now), timing.timeout);
        let Some(mut evidence) = evidence else {
            slot.amend(Evidence::given_up(timeout));
            return Some(due);
        };
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
        if self.settle(at) {
            due = at.now;
        }
        Some(due)
    }

    /// When to look again, seen from `now`.
    pub(crate) fn wake(&self, now: u64) -> u64 {
        let times = self.slots.values().map(|slot| match &slot.work {
            Work::Check { schedule: Schedule::Waiting { .. }, .. } if !slot.published.may_run() => NEVER,
            Work::Check { schedule, .. } => schedule.wake(now),
            Work::BuiltIn { due, .. } => *due,
            Work::Idle => {
                let pulse = slot.published.pulse.as_ref();
                pulse.and_then(|pulse| pulse.expires(now, slot.published.max_age)).unwrap_or(NEVER)
            }
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
        let components = self.slots.values().map(|slot| Arc::clone(&slot.published)).collect();
        Snapshot { components, graph: Arc::clone(&self.graph) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::History;
    use crate::hysteresis::Thresholds;
    use crate::outcome::CheckOutcome;
    use crate::schedule::Timing;
    use crate::state::State;
    use crate::status::Status;
    use crate::worker::{BoxedCheck, Worker};
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
            own_critical: false,
            given_critical: false,
            depends_on: Vec::new(),
            suppressed: false,
            application: true,
            enabled: true,
            thresholds: Thresholds::IMMEDIATE,
            max_age: 1_000,
            state: State::NEW,
            pulse: None,
            vital: false,
            history: History::default(),
        };
        let work = Work::Check {
            timing: Timing { interval: 100, timeout: 30, jitter: 0 },
            spacing: None,
            schedule: Schedule::Waiting { due: 0 },
            worker: Runner::Thread(Worker::new(BoxedCheck::new(Box::new(CheckOutcome::healthy)))),
        };
        let key = table.insert(published, work);
        for now in [0, 30] {
            assert!(table.poll(at(now), |_, _| Ok(None)).is_empty());
        }
        let shown = |table: &Table| {
            let published = Arc::clone(&table.snapshot().components[0]);
            (published.judge(30).status, published.state.runs())
        };
        assert_eq!(shown(&table), (Status::Unhealthy, 1));
        table.finish(&key, at(29), Some(Evidence::answered(Ok(CheckOutcome::healthy()))));
        assert_eq!(shown(&table), (Status::Healthy, 1), "one run, counted once");
    }
}
