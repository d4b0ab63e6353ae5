//! What the documents say of a set of components, worked out anew from all that has happened.

use std::collections::{BTreeMap, BTreeSet};

use sidecar_health::Status;

/// What a run said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Healthy,
    Degraded,
    Failed,
}

/// A component's settings, in nanoseconds.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) interval: u64,
    pub(crate) timeout: u64,
    pub(crate) failure: usize,
    pub(crate) success: usize,
    pub(crate) max_age: u64,
}

#[derive(Clone, Copy, Debug)]
enum Fact {
    Result(u64, Said),
    /// Suppressed no longer.
    Resumed(u64),
}

#[derive(Clone, Copy, Debug)]
struct Run {
    started: u64,
    strike: u64,
    struck: bool,
}

/// Where the evidence of a component comes from.
#[derive(Debug)]
enum Source {
    Check { settings: Settings, facts: Vec<Fact>, run: Option<Run>, due: Option<u64> },
    Heartbeat { ttl: u64, last: u64, beaten: bool, dropped: bool },
}

#[derive(Debug)]
pub(crate) struct Modelled {
    /// Tells it from others of that name.
    pub(crate) id: usize,
    marked_critical: bool,
    depends_on: Vec<String>,
    suppressed: bool,
    held: Option<Status>,
    source: Source,
}

impl Modelled {
    pub(crate) fn check(
        id: usize,
        settings: Settings,
        marked_critical: bool,
        depends_on: Vec<String>,
    ) -> Self {
        let source = Source::Check { settings, facts: Vec::new(), run: None, due: Some(0) };
        Self { id, marked_critical, depends_on, suppressed: false, held: None, source }
    }

    pub(crate) fn heartbeat(id: usize, ttl: u64, now: u64, marked_critical: bool) -> Self {
        let source = Source::Heartbeat { ttl, last: now, beaten: false, dropped: false };
        Self { id, marked_critical, depends_on: Vec::new(), suppressed: false, held: None, source }
    }

    /// How it stands on its own evidence: up, unhealthy or unknown, and whether only a lapsed lease says so.
    fn own(&self, now: u64) -> (Status, bool) {
        match &self.source {
            Source::Heartbeat { dropped: true, .. } => (Status::Unhealthy, false),
            Source::Heartbeat { ttl, last, .. } if now.abs_diff(*last) >= *ttl => (Status::Unhealthy, false),
            Source::Heartbeat { beaten: false, .. } => (Status::Unknown, false),
            Source::Heartbeat { .. } => (Status::Healthy, false),
            Source::Check { settings, facts, .. } => replay(settings, facts, now),
        }
    }

    fn fails(&self, now: u64) -> bool {
        self.own(now).0 == Status::Unhealthy
    }

    /// Whether it keeps others from being checked. That nobody checked it either is no reason.
    fn blocks(&self, now: u64) -> bool {
        let (status, lapsed) = self.own(now);
        status == Status::Unhealthy && !(self.suppressed && lapsed)
    }

    fn record(&mut self, now: u64, said: Said) {
        let Source::Check { facts, .. } = &mut self.source else {
            unreachable!("heartbeats have no results")
        };
        facts.push(Fact::Result(now, said));
        let (status, _) = self.own(now);
        if status != Status::Unknown {
            self.held = self.suppressed.then_some(status);
        }
    }

    fn suppress(&mut self, suppressed: bool, now: u64) {
        if suppressed == self.suppressed {
            return;
        }
        let (status, lapsed) = self.own(now);
        self.suppressed = suppressed;
        if suppressed {
            self.held = if status == Status::Unknown { self.held } else { Some(status) };
            return;
        }
        if let Source::Check { facts, run, due, .. } = &mut self.source {
            facts.push(Fact::Resumed(now));
            if run.is_none() {
                *due = Some(now);
            }
        }
        if status != Status::Unknown && !lapsed {
            self.held = None;
        }
    }

    /// What counts in the share.
    fn verdict(&self, now: u64) -> Status {
        let (own, _) = self.own(now);
        self.held.filter(|_| self.suppressed || own == Status::Unknown).unwrap_or(own)
    }

    /// The newest success, if it counts at `now`.
    fn proof(&self, now: u64) -> bool {
        match &self.source {
            Source::Heartbeat { ttl, last, beaten, dropped } => {
                *beaten && !dropped && now.abs_diff(*last) < *ttl
            }
            Source::Check { settings, facts, .. } => facts.iter().any(|fact| {
                matches!(fact, Fact::Result(at, said)
                    if *said != Said::Failed && now.abs_diff(*at) < settings.max_age)
            }),
        }
    }

    fn can_start(&self, now: u64) -> (bool, bool) {
        match &self.source {
            Source::Check { run: None, due, .. } if !self.suppressed => {
                due.map_or((true, false), |due| (now >= due, now >= due))
            }
            _ => (false, false),
        }
    }
}

/// Goes through all that has happened to a check.
fn replay(settings: &Settings, facts: &[Fact], now: u64) -> (Status, bool) {
    let mut standing = Status::Unknown;
    let (mut successes, mut failures) = (0, 0);
    let mut last: Option<(u64, Status)> = None;
    let lapsed = |standing: Status, last: Option<(u64, Status)>, now: u64| {
        standing.is_up() && last.is_none_or(|(at, _)| now.abs_diff(at) >= settings.max_age)
    };
    for fact in facts {
        match *fact {
            Fact::Resumed(at) if lapsed(standing, last, at) => {
                (standing, successes, failures) = (Status::Unknown, 0, 0);
            }
            Fact::Resumed(_) => {}
            Fact::Result(at, said) => {
                if lapsed(standing, last, at) {
                    (standing, successes, failures) = (Status::Unhealthy, 0, 0);
                }
                let passed = match said {
                    Said::Healthy => Some(Status::Healthy),
                    Said::Degraded => Some(Status::Degraded),
                    Said::Failed => None,
                };
                (successes, failures) = if passed.is_some() { (successes + 1, 0) } else { (0, failures + 1) };
                last = passed.map(|status| (at, status)).or(last);
                if successes >= settings.success {
                    standing = Status::Healthy;
                } else if failures >= settings.failure {
                    standing = Status::Unhealthy;
                }
            }
        }
    }
    match last {
        _ if lapsed(standing, last, now) => (Status::Unhealthy, true),
        Some((_, status)) if standing.is_up() => (status, false),
        _ => (standing, false),
    }
}

/// What a component is expected to read as.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) status: Status,
    /// Not checked because of something else.
    pub(crate) dependency: bool,
    pub(crate) critical: bool,
    pub(crate) caused_by: BTreeSet<String>,
}

/// All components of the application.
#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(crate) components: BTreeMap<String, Modelled>,
    /// Not before its first look.
    pub(crate) scheduling: bool,
    pub(crate) draining: bool,
}

impl Model {
    /// Whatever a component depends on, however indirectly.
    fn ancestors<'a>(&'a self, depends_on: &'a [String]) -> BTreeSet<&'a str> {
        let (mut found, mut ahead) = (BTreeSet::new(), depends_on.iter().collect::<Vec<_>>());
        while let Some(name) = ahead.pop() {
            if let Some(component) = self.components.get(name)
                && found.insert(name.as_str())
            {
                ahead.extend(&component.depends_on);
            }
        }
        found
    }

    fn ancestors_of(&self, name: &str) -> BTreeSet<&str> {
        self.ancestors(&self.components[name].depends_on)
    }

    /// Whether something of that name that depends on those closes a cycle.
    pub(crate) fn closes_a_cycle(&self, name: &str, depends_on: &[String]) -> bool {
        self.ancestors(depends_on)
            .iter()
            .any(|above| self.components[*above].depends_on.iter().any(|on| on == name))
    }

    /// Those ancestors of which that is so that have no such ancestor.
    fn causes(&self, name: &str, fails: impl Fn(&Modelled) -> bool) -> BTreeSet<String> {
        let failing = |name: &str| fails(&self.components[name]);
        let above = self.ancestors_of(name);
        let roots = above.into_iter().filter(|each| failing(each));
        roots.filter(|each| !self.ancestors_of(each).into_iter().any(&failing)).map(str::to_owned).collect()
    }

    pub(crate) fn settle(&mut self, now: u64) {
        let names: Vec<_> = self.components.keys().cloned().collect();
        let blocked: Vec<_> =
            names.iter().map(|name| !self.causes(name, |each| each.blocks(now)).is_empty()).collect();
        for (name, blocked) in names.iter().zip(blocked) {
            self.components.get_mut(name).expect("one of them").suppress(blocked, now);
        }
    }

    /// A look of the scheduler. Answers which checks may start, and which of these must.
    pub(crate) fn look(&mut self, now: u64) -> BTreeMap<usize, bool> {
        self.settle(now);
        let mut starts = BTreeMap::new();
        for component in self.components.values_mut() {
            if let (true, must) = component.can_start(now) {
                starts.insert(component.id, must);
            }
            let Source::Check { settings, run: Some(run), .. } = &mut component.source else { continue };
            run.started = run.started.min(now);
            run.strike = run.strike.min(now + settings.interval.max(settings.timeout));
            if now >= run.strike {
                run.strike = now + settings.interval;
                run.struck = true;
                component.record(now, Said::Failed);
            }
        }
        self.settle(now);
        starts
    }

    /// Before when the scheduler has to look again after it has looked, and has started these.
    pub(crate) fn deadline(&self, now: u64, starts: &BTreeMap<usize, bool>) -> u64 {
        let of = |component: &Modelled| match &component.source {
            Source::Check { run: Some(run), .. } => Some(run.strike),
            Source::Check { settings, due, .. } if !component.suppressed => match starts.get(&component.id) {
                Some(must) => must.then_some(now + settings.timeout),
                None => *due,
            },
            Source::Heartbeat { ttl, last, dropped: false, .. } => Some(last + ttl).filter(|end| *end > now),
            _ => None,
        };
        self.components.values().filter_map(of).min().unwrap_or(u64::MAX)
    }

    fn by_id(&mut self, id: usize) -> Option<&mut Modelled> {
        self.components.values_mut().find(|component| component.id == id)
    }

    /// A run has begun. Answers whether there was none.
    pub(crate) fn started(&mut self, id: usize, now: u64) -> bool {
        let Some(Modelled { source: Source::Check { settings, run, due, .. }, .. }) = self.by_id(id) else {
            return true;
        };
        *due = Some(now + settings.interval);
        run.replace(Run { started: now, strike: now + settings.timeout, struck: false }).is_none()
    }

    /// A run is over; it said nothing if it was cancelled. Answers whether it may have ended like that.
    pub(crate) fn ended(&mut self, id: usize, now: u64, said: Option<Said>) -> bool {
        let Some(component) = self.by_id(id) else { return true };
        let Source::Check { settings, run: slot @ Some(_), due, .. } = &mut component.source else {
            return false;
        };
        let run = slot.take().expect("it is some");
        *due = due.map(|due| if now < due { due } else { now + settings.interval });
        let late = now.saturating_sub(run.started) >= settings.timeout;
        let Some(said) = said else { return run.struck };
        component.record(now, if late { Said::Failed } else { said });
        self.settle(now);
        !run.struck
    }

    /// The clock has stepped back: when what runs next is not known before it has run.
    pub(crate) fn stepped_back(&mut self) {
        for component in self.components.values_mut() {
            if let Source::Check { due, .. } = &mut component.source {
                *due = None;
            }
        }
    }

    pub(crate) fn beat(&mut self, name: &str, now: u64) {
        if let Source::Heartbeat { last, beaten, .. } =
            &mut self.components.get_mut(name).expect("it beats").source
        {
            (*last, *beaten) = (now, true);
        }
    }

    pub(crate) fn dropped(&mut self, name: &str, now: u64) {
        if let Some(Modelled { source: Source::Heartbeat { dropped, .. }, .. }) =
            self.components.get_mut(name)
        {
            *dropped = true;
            self.settle(now);
        }
    }

    pub(crate) fn expected(&self, name: &str, now: u64) -> Expected {
        let component = &self.components[name];
        let caused_by = self.causes(name, |each| each.fails(now) && !each.suppressed);
        let dependency = component.suppressed || !caused_by.is_empty();
        let status = if dependency { Status::Unknown } else { component.own(now).0 };
        let below = |(other, each): (&String, &Modelled)| {
            each.marked_critical && (other == name || self.ancestors_of(other).contains(name))
        };
        Expected { status, dependency, critical: self.components.iter().any(below), caused_by }
    }

    pub(crate) fn proof(&self, name: &str, now: u64) -> bool {
        self.components[name].proof(now)
    }

    /// The share of those that do not fail, and whether it turns the whole over.
    pub(crate) fn share(&self, now: u64, threshold: f64) -> (Option<f64>, bool) {
        let verdicts = self.components.values().map(|each| each.verdict(now));
        let verdicts: Vec<_> = verdicts.filter(|verdict| *verdict != Status::Unknown).collect();
        let failing = verdicts.iter().filter(|verdict| **verdict == Status::Unhealthy).count();
        let share = (verdicts.len() - failing) as f64 / verdicts.len() as f64;
        ((!verdicts.is_empty()).then_some(share), failing >= 2 && share < threshold)
    }

    pub(crate) fn live(&self, now: u64) -> bool {
        let beats = |each: &&Modelled| matches!(each.source, Source::Heartbeat { .. });
        !self.components.values().filter(beats).any(|each| each.fails(now))
    }
}
