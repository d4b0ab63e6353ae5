//! Components that depend on others.

use sidecar_health::{Cause, CheckOutcome, Component, Health, MAX_DEPENDENCIES, RegisterError, Status};

use crate::support::{Rig, Script, Step, component, secs};
use sidecar_harness::eventually;

/// `network`, on which `database` depends, on which `cache` depends; each is judged by every result.
struct Chain {
    rig: Rig,
    network: Script,
    database: Script,
    cache: Script,
}

impl Chain {
    fn new() -> Self {
        let [network, database, cache] = std::array::from_fn(|_| Script::default());
        let of = |name: &str, script: &Script| component(name, script.check()).failure_threshold(1);
        let rig = Rig::new(|builder| {
            builder
                .component(of("cache", &cache).depends_on("database"))
                .component(of("database", &database).depends_on("network"))
                .component(of("network", &network))
        });
        let chain = Self { rig, network, database, cache };
        chain.round(0);
        chain
    }

    /// Lets time pass, and waits for the results of the runs that begin then: of all that are not suppressed.
    fn round(&self, seconds: u64) {
        let names = ["network", "database", "cache"];
        let due: Vec<_> = names
            .into_iter()
            .filter(|name| self.rig.cause(name) != Some(Cause::Dependency))
            .map(|name| (name, self.rig.runs(name)))
            .collect();
        self.rig.after(secs(seconds));
        eventually("all have a result", || due.iter().all(|&(name, before)| self.rig.runs(name) > before));
    }

    fn statuses(&self) -> [Status; 3] {
        ["network", "database", "cache"].map(|name| self.rig.status(name))
    }

    /// Has the network fail.
    fn cut(&self) {
        self.network.set(Step::Fail("cut"));
        self.round(10);
    }
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    names.map(str::to_owned).collect()
}

#[test]
fn while_a_parent_fails_its_children_are_unknown_and_not_run() {
    let chain = Chain::new();
    assert_eq!(chain.statuses(), [Status::Healthy; 3]);
    chain.cut();
    assert_eq!(chain.statuses(), [Status::Unhealthy, Status::Unknown, Status::Unknown]);
    assert_eq!(chain.rig.cause("database"), Some(Cause::Dependency));
    assert_eq!(chain.rig.message("cache").as_deref(), Some("something that it depends on fails"));
    let calls = (chain.database.calls(), chain.cache.calls());
    for _ in 0..20 {
        chain.rig.run_after(secs(10), "network");
    }
    assert_eq!((chain.database.calls(), chain.cache.calls()), calls);
    assert_eq!(chain.statuses(), [Status::Unhealthy, Status::Unknown, Status::Unknown]);
}

#[test]
fn when_the_parent_recovers_its_children_are_checked_at_once() {
    let chain = Chain::new();
    chain.cut();
    let calls = chain.database.calls();
    // Long enough for every lease to run out meanwhile.
    for _ in 0..6 {
        chain.rig.run_after(secs(10), "network");
    }
    chain.network.set(Step::Pass);
    chain.rig.run_after(secs(10), "network");
    assert_eq!(chain.rig.cause("database"), Some(Cause::Pending), "a lease of old is no failure");
    chain.rig.tick();
    eventually("both were checked", || chain.statuses() == [Status::Healthy; 3]);
    assert_eq!(chain.database.calls(), calls + 1);
}

#[test]
fn a_chain_that_was_suppressed_for_longer_than_its_leases_is_set_free_as_a_whole() {
    let chain = Chain::new();
    chain.cut();
    chain.network.set(Step::Pass);
    chain.round(1_000);
    for name in ["database", "cache"] {
        assert_eq!(chain.rig.cause(name), Some(Cause::Pending), "{name}");
    }
}

#[test]
fn what_has_only_not_been_checked_is_no_cause() {
    let script = Script::default();
    let rig = Rig::new(|builder| builder);
    let link = rig.health.heartbeat("link", secs(10)).expect("there is room");
    link.beat();
    let of = |name: &str| component(name, script.check()).failure_threshold(1);
    rig.health.register(of("database").depends_on("link")).expect("a new name");
    rig.health.register(of("cache").depends_on("database")).expect("a new name");
    rig.tick();
    eventually("both are checked", || rig.runs("database") == 1 && rig.runs("cache") == 1);
    rig.after(secs(10));
    let causes = || list(rig.health.report().component("cache").expect("it is there").caused_by());
    assert_eq!(causes(), ["link"]);
    rig.pass(secs(1_000));
    link.beat();
    assert_eq!(
        (rig.cause("cache"), causes()),
        (Some(Cause::Dependency), Vec::new()),
        "nobody has looked yet"
    );
    rig.tick();
    eventually("both are checked again", || {
        [rig.status("database"), rig.status("cache")] == [Status::Healthy; 2]
    });
}

#[test]
fn a_failure_from_before_is_not_forgotten() {
    let chain = Chain::new();
    chain.cache.set(Step::Fail("full"));
    chain.round(10);
    assert_eq!(chain.rig.status("cache"), Status::Unhealthy);
    chain.cut();
    assert_eq!(chain.rig.status("cache"), Status::Unknown);
    chain.network.set(Step::Pass);
    chain.rig.run_after(secs(10), "network");
    assert_eq!(
        (chain.rig.status("cache"), chain.rig.message("cache").as_deref()),
        (Status::Unhealthy, Some("full"))
    );
}

#[test]
fn the_report_names_root_causes_and_what_follows_from_them() {
    let chain = Chain::new();
    assert_eq!(chain.rig.health.report().root_causes().count(), 0);
    chain.database.set(Step::Fail("refused"));
    chain.round(10);
    let report = chain.rig.health.report();
    assert_eq!(list(report.root_causes()), ["database"]);
    chain.cut();
    let report = chain.rig.health.report();
    assert_eq!(list(report.root_causes()), ["network"]);
    let caused_by = |name| list(report.component(name).expect("it is registered").caused_by());
    assert_eq!(caused_by("cache"), ["network"], "not the database, whose own failure may follow from it");
    assert_eq!(caused_by("database"), ["network"]);
    assert!(caused_by("network").is_empty());
}

#[cfg(feature = "serde")]
#[test]
fn root_causes_stand_in_the_json_only_where_there_are_some() {
    let chain = Chain::new();
    let render = || serde_json::to_value(chain.rig.health.report()).expect("plain data");
    let before = render();
    assert!(before.get("root_causes").is_none() && before["components"]["cache"].get("caused_by").is_none());
    chain.cut();
    let after = render();
    assert_eq!(after["root_causes"], serde_json::json!(["network"]));
    assert_eq!(after["components"]["cache"]["caused_by"], serde_json::json!(["network"]));
    assert_eq!(after["components"]["cache"]["cause"], "dependency");
}

#[test]
fn a_parent_whose_lease_runs_out_while_nobody_looks_suppresses_its_children_all_the_same() {
    let rig = Rig::new(|builder| {
        builder
            .component(component("network", CheckOutcome::healthy))
            .component(component("cache", CheckOutcome::healthy).max_age(secs(1_000)).depends_on("network"))
    });
    rig.run("network");
    eventually("it was checked", || rig.runs("cache") == 1);
    rig.pass(secs(42));
    assert_eq!((rig.status("network"), rig.cause("network")), (Status::Unhealthy, Some(Cause::Stale)));
    assert_eq!((rig.status("cache"), rig.cause("cache")), (Status::Unknown, Some(Cause::Dependency)));
}

#[test]
fn what_something_critical_depends_on_is_critical() {
    let rig = Rig::new(|builder| {
        builder
            .component(component("a", CheckOutcome::healthy).depends_on("b"))
            .component(component("b", CheckOutcome::healthy).depends_on("c"))
            .component(component("c", CheckOutcome::healthy))
            .component(component("d", CheckOutcome::healthy).critical(true).depends_on("b"))
    });
    let critical = || {
        let report = rig.health.report();
        ["a", "b", "c", "d"].map(|name| report.component(name).is_some_and(|each| each.is_critical()))
    };
    assert_eq!(critical(), [false, true, true, true]);
    assert!(rig.health.remove("d"));
    let report = rig.health.report();
    let left = ["a", "b", "c"].map(|name| report.component(name).is_some_and(|each| each.is_critical()));
    assert_eq!(left, [false; 3]);
}

#[test]
fn a_critical_child_that_is_suppressed_is_not_ready_and_the_whole_unhealthy() {
    let network = Script::default();
    let rig = Rig::new(|builder| {
        builder
            .component(component("network", network.check()).failure_threshold(1))
            .component(component("cache", CheckOutcome::healthy).critical(true).depends_on("network"))
    });
    rig.run("network");
    eventually("both were checked", || rig.health.is_ready());
    network.set(Step::Fail("cut"));
    rig.run_after(secs(10), "network");
    assert!(!rig.health.is_ready());
    assert_eq!(rig.health.report().status(), Status::Unhealthy);
}

#[test]
fn what_is_suppressed_keeps_its_last_verdict_in_the_share() {
    let chain = Chain::new();
    assert_eq!(chain.rig.health.report().healthy_share(), Some(1.0));
    chain.cut();
    assert_eq!(chain.rig.health.report().healthy_share(), Some(2.0 / 3.0), "one of three fails");
    assert_eq!(chain.rig.health.report().status(), Status::Degraded, "one failure is no epidemic");
    for _ in 0..6 {
        chain.rig.run_after(secs(10), "network");
    }
    assert_eq!(chain.rig.health.report().healthy_share(), Some(2.0 / 3.0), "however long it lasts");
}

#[test]
fn removing_a_parent_sets_its_children_free() {
    let chain = Chain::new();
    chain.cut();
    assert!(chain.rig.health.remove("network"));
    chain.rig.tick();
    eventually("both were checked", || {
        [chain.rig.status("database"), chain.rig.status("cache")] == [Status::Healthy; 2]
    });
}

#[test]
fn suppression_stands_in_the_history() {
    let chain = Chain::new();
    chain.cut();
    let history = chain.rig.health.history();
    let last = history.iter().rfind(|each| &*each.component == "cache").expect("a transition");
    assert_eq!((last.from, last.to, last.cause), (Status::Healthy, Status::Unknown, Some(Cause::Dependency)));
}

#[test]
fn unknown_names_and_cycles_are_refused() {
    let rig = Rig::new(|builder| builder.component(component("a", CheckOutcome::healthy)));
    let of = |name: &str| Component::new(name, || true);
    let unknown = rig.health.register(of("b").depends_on("nowhere"));
    let Err(RegisterError::UnknownDependency { component, depends_on, .. }) = unknown else {
        panic!("{unknown:?}")
    };
    assert_eq!((&*component, &*depends_on), ("b", "nowhere"));
    let built_in = rig.health.register(of("b").depends_on("scheduler"));
    assert!(matches!(built_in, Err(RegisterError::UnknownDependency { .. })), "{built_in:?}");
    let itself = rig.health.register(of("b").depends_on("b"));
    assert!(matches!(itself, Err(RegisterError::Cycle { .. })), "{itself:?}");
    let circle = [of("b").depends_on("c"), of("c").depends_on("a").depends_on("b")];
    let Err(RegisterError::Cycle { names, .. }) = rig.health.register_all(circle) else { panic!("a cycle") };
    assert_eq!(names, ["b", "c"]);
    assert_eq!(rig.health.report().components().count(), 2, "all or none");
}

#[test]
fn a_component_that_comes_again_may_not_close_a_cycle() {
    let rig = Rig::new(|builder| {
        builder
            .component(component("a", CheckOutcome::healthy))
            .component(component("b", CheckOutcome::healthy).depends_on("a"))
    });
    assert!(rig.health.remove("a"));
    let again = rig.health.register(component("a", CheckOutcome::healthy).depends_on("b"));
    assert!(matches!(again, Err(RegisterError::Cycle { .. })), "{again:?}");
    let fails = || CheckOutcome::unhealthy("down");
    rig.health.register(component("a", fails).failure_threshold(1)).expect("no cycle");
    rig.run("a");
    assert_eq!(rig.cause("b"), Some(Cause::Dependency), "it depends on whoever has that name");
}

#[test]
fn a_builder_refuses_what_register_would() {
    let field = |component: Component| {
        let refused = Health::builder().component(component).build();
        refused.expect_err("it should be refused").field()
    };
    assert_eq!(field(Component::new("a", || true).depends_on("nowhere")), "depends_on");
    assert_eq!(field(Component::new("a", || true).depends_on("a")), "depends_on");
    let many =
        (0..=MAX_DEPENDENCIES).fold(Component::new("a", || true), |a, at| a.depends_on(format!("b{at}")));
    assert_eq!(field(many), "depends_on");
}
