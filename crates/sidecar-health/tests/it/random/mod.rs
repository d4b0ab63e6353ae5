//! The whole engine under random schedules, held against a model. All of it runs on the test's own thread: checks
//! are tasks on a runtime that the test drives, and time passes when the test says so.

mod model;
mod world;

use proptest::prelude::*;

use world::World;

/// What a check does in one run.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    Pass,
    Degrade,
    Fail,
    /// When it is called, before there is a future.
    PanicCalled,
    PanicPolled,
    /// For so many milliseconds; passes if anybody is there then.
    Hang(u64),
}

/// A component to be registered. Times are in milliseconds. There is no jitter, which chance decides.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) interval: u64,
    pub(crate) timeout: u64,
    pub(crate) failure: u32,
    pub(crate) success: u32,
    /// Beyond the shortest one; none is the default.
    pub(crate) max_age: Option<u64>,
    pub(crate) critical: bool,
    /// Which names; of those that are registered then.
    pub(crate) depends_on: Vec<usize>,
    /// Over and over.
    pub(crate) acts: Vec<Act>,
}

#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Time passes; nobody looks, and no task gets a turn.
    Pass(u64),
    Back(u64),
    /// Time passes, then tasks get a turn.
    Turn(u64),
    /// Time passes, then the scheduler looks and tasks get a turn.
    Look(u64),
    /// The same, but tasks get no turn unless one of them starts: one that hangs cannot be told to stop.
    Glance(u64),
    /// The scheduler looks when it said it would.
    LookAsPlanned,
    Register(usize, Plan),
    Remove(usize),
    Heartbeat(usize, u64),
    Beat(usize),
    DropHandle(usize),
    Retire(usize),
    Drain,
}

/// Names of checks; as many of heartbeats are counted on from there.
pub(crate) const CHECKS: usize = 5;
pub(crate) const HEARTBEATS: usize = 2;

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => Just(Act::Pass),
        1 => Just(Act::Degrade),
        3 => Just(Act::Fail),
        1 => Just(Act::PanicCalled),
        1 => Just(Act::PanicPolled),
        2 => (1..60_u64).prop_map(Act::Hang),
    ]
}

fn plan() -> impl Strategy<Value = Plan> {
    let times = (2..=40_u64, 1..=30_u64, prop::option::of(0..=80_u64));
    let counts = (1..=3_u32, 1..=2_u32, any::<bool>());
    let parents = prop::collection::vec(0..CHECKS + HEARTBEATS, 0..3);
    (times, counts, parents, prop::collection::vec(act(), 1..6)).prop_map(
        |((interval, timeout, max_age), (failure, success, critical), depends_on, acts)| Plan {
            interval,
            timeout,
            failure,
            success,
            max_age,
            critical,
            depends_on,
            acts,
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    let heartbeat = 0..HEARTBEATS;
    prop_oneof![
        3 => (1..40_u64).prop_map(Step::Pass),
        1 => (500..20_000_u64).prop_map(Step::Pass),
        1 => (1..200_u64).prop_map(Step::Back),
        3 => (0..40_u64).prop_map(Step::Turn),
        12 => (0..40_u64).prop_map(Step::Look),
        1 => (200..20_000_u64).prop_map(Step::Look),
        6 => (0..60_u64).prop_map(Step::Glance),
        12 => Just(Step::LookAsPlanned),
        8 => (0..CHECKS, plan()).prop_map(|(at, plan)| Step::Register(at, plan)),
        2 => (0..CHECKS + HEARTBEATS).prop_map(Step::Remove),
        2 => (heartbeat.clone(), 10..200_u64).prop_map(|(at, ttl)| Step::Heartbeat(at, ttl)),
        5 => heartbeat.clone().prop_map(Step::Beat),
        1 => heartbeat.clone().prop_map(Step::DropHandle),
        1 => heartbeat.prop_map(Step::Retire),
    ]
}

/// Most schedules begin with components, and few of them drain.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    let first = prop::collection::vec(plan(), 0..=CHECKS).prop_map(|plans| {
        plans.into_iter().enumerate().map(|(at, plan)| Step::Register(at, plan)).collect::<Vec<_>>()
    });
    let drain = prop::option::weighted(0.2, 0..100_usize);
    (first, prop::collection::vec(step(), 1..60), drain).prop_map(|(mut steps, more, drain)| {
        steps.extend(more);
        if let Some(at) = drain {
            steps.insert(at.min(steps.len()), Step::Drain);
        }
        steps
    })
}

proptest! {
    /// After every step: green is proof, one run of a check at a time, each at its time, and every component, the
    /// whole, readiness and liveness read as the model says.
    #[test]
    fn whatever_happens_the_report_says_what_the_model_says(
        steps in steps(), threshold in prop::sample::select(vec![0.0, 0.5, 0.7, 1.0]),
    ) {
        let mut world = World::new(threshold);
        for step in steps {
            world.step(&step);
            world.verify(&step);
        }
    }
}
