//! A checker, the tasks of its checks, and the model that follows them.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use sidecar_core::clock::Mock;
use sidecar_health::{
    Cause, CheckOutcome, Clock, Component, Health, Heartbeat, Lifecycle, RegisterError, Status,
};
use tokio::runtime::{Builder, Runtime};

use super::model::{Model, Modelled, Said, Settings};
use super::{Act, CHECKS, HEARTBEATS, Plan, Step};

const MILLIS: u64 = 1_000_000;
const SCHEDULER_INTERVAL: Duration = Duration::from_millis(50);
const SCHEDULER_MAX_AGE: Duration = Duration::from_millis(150);

/// What the checks do, in the order in which they do it.
#[derive(Clone, Copy, Debug)]
enum Event {
    Started(usize),
    Said(usize, Said),
    /// The future is gone, and so is the run.
    Gone(usize),
}

/// Shared with the checks.
#[derive(Clone, Default)]
struct Ledger {
    events: Arc<Mutex<Vec<Event>>>,
    wakers: Arc<Mutex<Vec<Waker>>>,
}

impl Ledger {
    fn write(&self, event: Event) {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).push(event);
    }

    fn take(&self) -> Vec<Event> {
        std::mem::take(&mut *self.events.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn wakers(&self) -> std::sync::MutexGuard<'_, Vec<Waker>> {
        self.wakers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A run, from its call until its future is dropped.
struct Run {
    id: usize,
    ledger: Ledger,
}

impl Run {
    fn new(id: usize, ledger: &Ledger) -> Self {
        ledger.write(Event::Started(id));
        Self { id, ledger: ledger.clone() }
    }

    fn panic(&self) -> ! {
        self.ledger.write(Event::Said(self.id, Said::Failed));
        // Without the panic hook, which would print it.
        std::panic::resume_unwind(Box::new("as it was told to"))
    }

    fn say(&self, said: Said) -> CheckOutcome {
        self.ledger.write(Event::Said(self.id, said));
        match said {
            Said::Healthy => CheckOutcome::healthy(),
            Said::Degraded => CheckOutcome::degraded("limited"),
            Said::Failed => CheckOutcome::unhealthy("refused"),
        }
    }

    async fn hang(&self, clock: &Clock, until: u64) {
        poll_fn(|context| {
            if clock.now() >= until {
                return Poll::Ready(());
            }
            self.ledger.wakers().push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.ledger.write(Event::Gone(self.id));
    }
}

pub(super) struct World {
    health: Health,
    clock: Clock,
    hand: Arc<Mock>,
    runtime: Runtime,
    ledger: Ledger,
    model: Model,
    threshold: f64,
    handles: BTreeMap<usize, Heartbeat>,
    ids: usize,
    planned: u64,
    was_started: bool,
}

fn name(at: usize) -> String {
    // A heartbeat's name sorts in the middle of the checks'.
    if at < CHECKS { format!("c{at}") } else { format!("c{}beat", at - CHECKS) }
}

impl World {
    pub(super) fn new(threshold: f64) -> Self {
        let (clock, hand) = Clock::mock();
        hand.increment(Duration::from_secs(1_000));
        let runtime = Builder::new_current_thread().build().expect("a runtime");
        let health = Health::builder()
            .clock(clock.clone())
            .runtime(runtime.handle().clone())
            .degraded_threshold(threshold)
            .critical_components([name(CHECKS + HEARTBEATS - 1)])
            .built_in_interval(SCHEDULER_INTERVAL)
            .scheduler_max_age(SCHEDULER_MAX_AGE)
            .build()
            .expect("valid settings");
        Self {
            health,
            clock,
            hand,
            runtime,
            ledger: Ledger::default(),
            model: Model::default(),
            threshold,
            handles: BTreeMap::new(),
            ids: 0,
            planned: 0,
            was_started: false,
        }
    }

    fn pass(&self, nanos: u64) {
        self.hand.increment(Duration::from_nanos(nanos));
    }

    pub(super) fn step(&mut self, step: &Step) {
        match *step {
            Step::Pass(time) => self.pass(time * MILLIS),
            Step::Back(time) => {
                self.hand.decrement(Duration::from_millis(time));
                self.model.stepped_back();
            }
            Step::Turn(time) => {
                self.pass(time * MILLIS);
                self.turn(&BTreeMap::new());
            }
            Step::Look(time) => self.look(time * MILLIS, true),
            Step::Glance(time) => self.look(time * MILLIS, false),
            Step::LookAsPlanned => self.look(self.planned.saturating_sub(self.clock.now()), true),
            Step::Register(at, ref plan) => self.register(at, plan),
            Step::Remove(at) => {
                let there = self.model.components.remove(&name(at)).is_some();
                assert_eq!(self.health.remove(&name(at)), there);
                self.model.settle(self.clock.now());
                self.turn(&BTreeMap::new());
            }
            Step::Heartbeat(at, ttl) => self.heartbeat(at, ttl),
            Step::Beat(at) => {
                // A handle outlives the component that was removed.
                if let Some(handle) = self.handles.get(&at) {
                    handle.beat();
                    if self.model.components.contains_key(&name(CHECKS + at)) {
                        self.model.beat(&name(CHECKS + at), self.clock.now());
                    }
                }
            }
            Step::DropHandle(at) => {
                if let Some(handle) = self.handles.remove(&at) {
                    drop(handle);
                    self.model.dropped(&name(CHECKS + at), self.clock.now());
                }
            }
            Step::Retire(at) => {
                if let Some(handle) = self.handles.remove(&at) {
                    handle.retire();
                    self.model.components.remove(&name(CHECKS + at));
                    self.model.settle(self.clock.now());
                    self.turn(&BTreeMap::new());
                }
            }
            Step::Drain => {
                self.health.drain();
                (self.model.draining, self.model.scheduling) = (true, true);
            }
        }
    }

    fn look(&mut self, time: u64, turn: bool) {
        self.pass(time);
        let now = self.clock.now();
        self.model.scheduling = true;
        let starts = self.model.look(now);
        self.planned = self.health.tick(now);
        let deadline = self.model.deadline(now, &starts);
        // Twice is what is left over where the clock has stepped back.
        let planned = now + 1..=deadline.min(now + 2 * SCHEDULER_INTERVAL.as_nanos() as u64);
        assert!(planned.contains(&self.planned), "{} is not in {planned:?}: {:#?}", self.planned, self.model);
        if turn || !starts.is_empty() {
            self.turn(&starts);
        }
        let scheduler = self.health.report().component("scheduler").map(|each| each.status());
        assert_eq!(scheduler, Some(Status::Healthy), "it has just looked");
    }

    /// What a registration makes the scheduler do.
    fn looked(&mut self) {
        let starts = if self.model.scheduling { self.model.look(self.clock.now()) } else { BTreeMap::new() };
        self.turn(&starts);
    }

    /// Gives every task a turn, and follows what they did. Those of `starts` start, and no others.
    fn turn(&mut self, starts: &BTreeMap<usize, bool>) {
        self.ledger.wakers().drain(..).for_each(Waker::wake);
        self.runtime.block_on(async {
            for _ in 0..4 {
                tokio::task::yield_now().await;
            }
        });
        let (now, mut said, mut started) = (self.clock.now(), BTreeMap::new(), Vec::new());
        for event in self.ledger.take() {
            match event {
                Event::Started(id) => {
                    assert!(starts.contains_key(&id), "{id} starts at {now}: {:#?}", self.model);
                    assert!(self.model.started(id, now), "a second run of {id} at a time");
                    started.push(id);
                }
                Event::Said(id, what) => _ = said.insert(id, what),
                Event::Gone(id) => {
                    assert!(self.model.ended(id, now, said.remove(&id)), "{id} ended: {:#?}", self.model);
                }
            }
        }
        for (id, must) in starts {
            assert!(!must || started.contains(id), "{id} is not run at {now}: {:#?}", self.model);
        }
    }

    fn register(&mut self, at: usize, plan: &Plan) {
        self.ids += 1;
        let mut parents: Vec<_> =
            plan.depends_on.iter().filter(|&&on| on != at).map(|&on| name(on)).collect();
        parents.retain(|on| self.model.components.contains_key(on));
        let (taken, cycle) =
            (self.model.components.contains_key(&name(at)), self.model.closes_a_cycle(&name(at), &parents));
        match self.health.register(self.component(at, plan, &parents)) {
            Ok(()) => assert!(!taken && !cycle),
            Err(RegisterError::Duplicate { .. }) => return assert!(taken),
            Err(RegisterError::Cycle { .. }) => return assert!(cycle),
            Err(other) => panic!("{other}"),
        }
        let (interval, timeout) = (plan.interval * MILLIS, plan.timeout * MILLIS);
        let settings = Settings {
            interval,
            timeout,
            failure: plan.failure as usize,
            success: plan.success as usize,
            max_age: match plan.max_age {
                Some(more) => interval + timeout + more * MILLIS,
                None => interval * (u64::from(plan.failure) + 1) + timeout,
            },
        };
        let component = Modelled::check(self.ids, settings, plan.critical, parents);
        self.model.components.insert(name(at), component);
        self.looked();
    }

    fn component(&self, at: usize, plan: &Plan, parents: &[String]) -> Component {
        let (clock, ledger, id) = (self.clock.clone(), self.ledger.clone(), self.ids);
        let mut acts = plan.acts.clone().into_iter().cycle();
        let check = move || {
            let (act, run) = (acts.next().expect("there is no end"), Run::new(id, &ledger));
            if matches!(act, Act::PanicCalled) {
                run.panic();
            }
            let (clock, called) = (clock.clone(), clock.now());
            async move {
                match act {
                    Act::Pass | Act::PanicCalled => run.say(Said::Healthy),
                    Act::Degrade => run.say(Said::Degraded),
                    Act::Fail => run.say(Said::Failed),
                    Act::PanicPolled => run.panic(),
                    Act::Hang(time) => {
                        run.hang(&clock, called + time * MILLIS).await;
                        run.say(Said::Healthy)
                    }
                }
            }
        };
        let component = Component::new_async(name(at), check)
            .interval(Duration::from_millis(plan.interval))
            .timeout(Duration::from_millis(plan.timeout))
            .jitter(0.0)
            .failure_threshold(plan.failure)
            .success_threshold(plan.success)
            .critical(plan.critical);
        let component = match plan.max_age {
            Some(more) => component.max_age(Duration::from_millis(plan.interval + plan.timeout + more)),
            None => component,
        };
        parents.iter().fold(component, |component, on| component.depends_on(on.as_str()))
    }

    fn heartbeat(&mut self, at: usize, ttl: u64) {
        let (name, now) = (name(CHECKS + at), self.clock.now());
        match self.health.heartbeat(&name, Duration::from_millis(ttl)) {
            Ok(handle) => {
                self.ids += 1;
                let heartbeat = Modelled::heartbeat(self.ids, ttl * MILLIS, now, at == HEARTBEATS - 1);
                assert!(self.model.components.insert(name, heartbeat).is_none());
                // That of one that was removed says nothing any more.
                drop(self.handles.insert(at, handle));
                self.looked();
            }
            Err(RegisterError::Duplicate { .. }) => assert!(self.model.components.contains_key(&name)),
            Err(RegisterError::Cycle { .. }) => unreachable!("it depends on nothing"),
            Err(other) => panic!("{other}"),
        }
    }

    /// Everything that can be read is as the model says.
    pub(super) fn verify(&mut self, step: &Step) {
        let (now, report) = (self.clock.now(), self.health.report());
        let of_application: Vec<_> = report.components().filter(|each| !each.is_built_in()).collect();
        let known: Vec<_> = self.model.components.keys().map(String::as_str).collect();
        assert_eq!(of_application.iter().map(|each| each.name()).collect::<Vec<_>>(), known);
        let scheduler = report.component("scheduler").expect("it is built in");
        let (mut worst, mut ready) = (rank(scheduler.status()), true);
        for each in of_application {
            let context = || format!("{} at {now}, after {step:?}: {each:?}\n{:#?}", each.name(), self.model);
            let expected = self.model.expected(each.name(), now);
            assert_eq!(each.status(), expected.status, "{}", context());
            assert_eq!(each.is_critical(), expected.critical, "{}", context());
            assert_eq!(each.cause() == Some(Cause::Dependency), expected.dependency, "{}", context());
            assert!(each.caused_by().eq(expected.caused_by.iter().map(String::as_str)), "{}", context());
            assert!(
                each.caused_by().all(|cause| report.root_causes().any(|root| root == cause)),
                "{}",
                context()
            );
            assert!(!each.status().is_up() || self.model.proof(each.name(), now), "{}", context());
            let limit = if expected.critical { 3 } else { 1 };
            worst = worst.max(rank(each.status()).min(limit));
            ready &= !expected.critical || each.status().is_up();
        }
        let (share, turned) = self.model.share(now, self.threshold);
        assert_eq!(report.healthy_share(), share, "{:#?}", self.model);
        assert_eq!(rank(report.status()), if turned { 3 } else { worst }, "{report:?}: {:#?}", self.model);
        let running = self.model.scheduling && !self.model.draining;
        assert_eq!(self.health.lifecycle() == Lifecycle::Running, running);
        assert_eq!(self.health.is_ready(), ready && running, "{:#?}", self.model);
        assert_eq!(self.health.is_live(), self.model.live(now), "{:#?}", self.model);
        let started = self.health.is_started();
        assert!(started || !self.was_started, "start-up is over only once");
        self.was_started = started;
    }
}

/// From good to bad.
fn rank(status: Status) -> u32 {
    match status {
        Status::Healthy => 0,
        Status::Degraded => 1,
        Status::Unknown => 2,
        Status::Unhealthy => 3,
        other => panic!("{other:?} is new"),
    }
}
