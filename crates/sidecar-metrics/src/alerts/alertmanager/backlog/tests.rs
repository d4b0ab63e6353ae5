use super::*;
use crate::alerts::alert::{AlertReason, RuleText};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::time::{Duration, UNIX_EPOCH};

const SECOND: u64 = 1_000_000_000;
const PACE: Pace = Pace { first_retry: SECOND / 2, resend: 60 * SECOND, give_up_after: 900 * SECOND };

fn alert(name: usize, state: AlertState) -> Alert {
    let rule = RuleText { name: format!("r{name}").into(), annotations: Pairs::default() };
    let at = |second| UNIX_EPOCH + Duration::from_secs(second);
    Alert {
        rule: Arc::new(rule),
        labels: Arc::default(),
        state,
        reason: AlertReason::Threshold,
        value: None,
        since: at(0),
        fired_at: Some(at(1)),
        resolved_at: (state == AlertState::Resolved).then(|| at(2)),
    }
}

fn firing(name: usize) -> Alert {
    alert(name, AlertState::Firing)
}

fn resolved(name: usize) -> Alert {
    alert(name, AlertState::Resolved)
}

fn names(batch: &[Posted]) -> Vec<(&str, AlertState)> {
    batch.iter().map(|posted| (posted.alert.name(), posted.alert.state())).collect()
}

#[test]
fn a_firing_alert_is_posted_again_each_minute_until_it_is_resolved() {
    let mut backlog = Backlog::new(PACE);
    assert_eq!(backlog.next(), None);
    backlog.put(&alert(1, AlertState::Pending), 0);
    assert_eq!(backlog.next(), None, "pending is nobody's business");
    backlog.put(&firing(1), 5);
    for round in 0..3 {
        let now = 5 + round * 60 * SECOND;
        assert!(backlog.next().is_some_and(|due| due <= now));
        let batch = backlog.batch(now);
        assert_eq!(names(&batch), [("r1", AlertState::Firing)]);
        backlog.settle(batch, Outcome::Delivered, now, 0.0);
        assert_eq!((backlog.unsent(), backlog.next()), (0, Some(now + 60 * SECOND)));
        assert!(backlog.batch(now + 60 * SECOND - 1).is_empty());
    }
    backlog.put(&resolved(1), 130 * SECOND);
    let batch = backlog.batch(130 * SECOND);
    assert_eq!(names(&batch), [("r1", AlertState::Resolved)]);
    backlog.settle(batch, Outcome::Delivered, 130 * SECOND, 0.0);
    assert_eq!((backlog.next(), backlog.entries.len()), (None, 0));
}

#[test]
fn pauses_double_up_to_a_bound_and_jitter_takes_up_to_a_half() {
    let mut backlog = Backlog::new(PACE);
    backlog.put(&firing(1), 0);
    let mut now = 0;
    let mut pauses = Vec::new();
    for _ in 0..9 {
        let batch = backlog.batch(now);
        assert_eq!(batch.len(), 1);
        backlog.settle(batch, Outcome::Failed, now, 0.0);
        let due = backlog.next().expect("it waits");
        assert!(backlog.batch(due - 1).is_empty());
        pauses.push((due - now) / (SECOND / 2));
        now = due;
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
    let batch = backlog.batch(now);
    backlog.settle(batch, Outcome::Failed, now, 1.0);
    assert_eq!(backlog.next(), Some(now + 15 * SECOND));
    now += 15 * SECOND;
    let batch = backlog.batch(now);
    backlog.settle(batch, Outcome::Delivered, now, 0.0);
    backlog.put(&resolved(1), now);
    let batch = backlog.batch(now);
    backlog.settle(batch, Outcome::Failed, now, 0.0);
    assert_eq!(backlog.next(), Some(now + SECOND / 2), "a success begins anew");
}

#[test]
fn the_newest_state_replaces_one_that_waits_or_is_under_way() {
    let mut backlog = Backlog::new(PACE);
    backlog.put(&firing(1), 0);
    let batch = backlog.batch(0);
    backlog.put(&resolved(1), 1);
    backlog.settle(batch, Outcome::Delivered, 2, 0.0);
    let batch = backlog.batch(2);
    assert_eq!(names(&batch), [("r1", AlertState::Resolved)], "the answer was for the earlier state");
    backlog.put(&firing(1), 3);
    backlog.settle(batch, Outcome::Delivered, 4, 0.0);
    assert_eq!(names(&backlog.batch(4)), [("r1", AlertState::Firing)]);
}

#[test]
fn what_cannot_be_read_waits_for_the_next_minute() {
    let mut backlog = Backlog::new(PACE);
    backlog.put(&firing(1), 0);
    backlog.put(&firing(2), 0);
    backlog.put(&resolved(2), 0);
    let batch = backlog.batch(0);
    backlog.settle(batch, Outcome::Rejected, 0, 0.0);
    assert_eq!((backlog.rejected, backlog.unsent(), backlog.entries.len()), (2, 0, 1));
    assert_eq!(backlog.next(), Some(60 * SECOND));
}

#[test]
fn that_it_is_over_is_given_up_in_time_but_what_fires_never() {
    let mut backlog = Backlog::new(PACE);
    backlog.put(&firing(1), 0);
    backlog.put(&firing(2), 0);
    backlog.put(&resolved(2), SECOND);
    assert_eq!(backlog.batch(901 * SECOND - 1).len(), 2);
    assert_eq!(names(&backlog.batch(901 * SECOND)), [("r1", AlertState::Firing)]);
    assert_eq!(backlog.given_up, 1);
}

#[test]
fn batches_and_the_backlog_are_bounded() {
    let mut backlog = Backlog::new(PACE);
    for name in 0..MAX_BACKLOG_ALERTS {
        backlog.put(&firing(name), 0);
    }
    backlog.put(&firing(MAX_BACKLOG_ALERTS), 1);
    assert_eq!((backlog.dropped, backlog.entries.len()), (1, MAX_BACKLOG_ALERTS));
    backlog.put(&resolved(MAX_BACKLOG_ALERTS), 2);
    assert_eq!(backlog.entries.len(), MAX_BACKLOG_ALERTS, "nobody has heard of it");
    backlog.put(&resolved(7), 3);
    backlog.put(&firing(MAX_BACKLOG_ALERTS), 4);
    assert_eq!((backlog.dropped, backlog.given_up, backlog.entries.len()), (1, 1, MAX_BACKLOG_ALERTS));
    let mut posts = 0;
    let mut seen = BTreeSet::new();
    while backlog.unsent() > 0 {
        let batch = backlog.batch(5);
        assert!(batch.len() <= MAX_BATCH);
        seen.extend(batch.iter().map(|posted| posted.alert.name().to_owned()));
        backlog.settle(batch, Outcome::Delivered, 5, 0.0);
        posts += 1;
    }
    assert_eq!((posts, seen.len()), (MAX_BACKLOG_ALERTS.div_ceil(MAX_BATCH), MAX_BACKLOG_ALERTS));
}

#[test]
fn at_the_end_everything_is_resolved_without_a_pause() {
    let mut backlog = Backlog::new(PACE);
    backlog.put(&firing(1), 0);
    let batch = backlog.batch(0);
    backlog.settle(batch, Outcome::Delivered, 0, 0.0);
    backlog.put(&firing(2), 1);
    let batch = backlog.batch(1);
    backlog.settle(batch, Outcome::Failed, 1, 0.0);
    assert!(backlog.batch(2).is_empty());
    backlog.resolve_all(2, UNIX_EPOCH);
    let both = [("r1", AlertState::Resolved), ("r2", AlertState::Resolved)];
    assert_eq!(names(&backlog.batch(2)), both);
}

#[derive(Clone, Debug)]
enum Step {
    Put(usize, bool),
    Post(Outcome),
    Wait(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let outcome = prop_oneof![2 => Just(Outcome::Delivered), 1 => Just(Outcome::Failed)];
    let step = prop_oneof![
        (0_usize..5, any::<bool>()).prop_map(|(name, fires)| Step::Put(name, fires)),
        outcome.prop_map(Step::Post),
        (1_u64..100).prop_map(|seconds| Step::Wait(seconds * SECOND)),
    ];
    prop::collection::vec(step, 0..100)
}

proptest! {
    /// Whatever fails on the way, and however edges and posts fall together: once posts succeed, the other side
    /// knows exactly what fires.
    #[test]
    fn in_the_end_the_other_side_knows_the_newest_states(steps in steps()) {
        let mut backlog = Backlog::new(Pace { give_up_after: u64::MAX, ..PACE });
        let (mut now, mut fires, mut known) = (0, BTreeSet::new(), BTreeSet::new());
        let mut deliver = |batch: &[Posted]| {
            for posted in batch {
                let name = posted.alert.name().to_owned();
                if posted.alert.state() == AlertState::Firing { known.insert(name) } else { known.remove(&name) };
            }
        };
        let mut under_way: Option<Vec<Posted>> = None;
        for step in steps {
            match step {
                Step::Put(name, true) if fires.insert(format!("r{name}")) => backlog.put(&firing(name), now),
                Step::Put(name, false) if fires.remove(&format!("r{name}")) => backlog.put(&resolved(name), now),
                Step::Put(..) => {}
                Step::Wait(time) => now += time,
                // A post is taken at one such step and answered at the next one, with edges in between.
                Step::Post(outcome) => match under_way.take() {
                    None => under_way = Some(backlog.batch(now)).filter(|batch| !batch.is_empty()),
                    Some(batch) => {
                        if outcome == Outcome::Delivered {
                            deliver(&batch);
                        }
                        backlog.settle(batch, outcome, now, 0.5);
                    }
                },
            }
        }
        if let Some(batch) = under_way {
            backlog.settle(batch, Outcome::Failed, now, 0.5);
        }
        for _ in 0..2 {
            now += MAX_PAUSE;
            let batch = backlog.batch(now);
            deliver(&batch);
            backlog.settle(batch, Outcome::Delivered, now, 0.5);
        }
        prop_assert_eq!(backlog.unsent(), 0);
        prop_assert_eq!(known, fires);
    }
}
