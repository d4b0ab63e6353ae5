//! How the components add up to the whole. Pure.

use crate::status::Status;

/// One component, as far as it matters to the whole.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    pub(crate) status: Status,
    /// What counts in the share: the status, or without one the last verdict of old.
    pub(crate) verdict: Status,
    pub(crate) critical: bool,
    /// Registered by the application, rather than built in.
    pub(crate) application: bool,
}

/// The whole.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Whole {
    pub(crate) status: Status,
    /// Of the application's components that have a verdict, the share that does not fail.
    pub(crate) healthy_share: Option<f64>,
}

/// Fewest failing components for which the share says anything: one of one is no epidemic.
const MIN_FAILING: u32 = 2;

/// The worst of every critical component's status and every other's capped at `degraded`; unhealthy also
/// when at least two of the application's components fail and the share of the others is below
/// `degraded_threshold`.
pub(crate) fn aggregate(parts: impl IntoIterator<Item = Part>, degraded_threshold: f64) -> Whole {
    let (mut status, mut failing, mut judged) = (Status::Healthy, 0_u32, 0_u32);
    for part in parts {
        status = status.max(if part.critical { part.status } else { part.status.min(Status::Degraded) });
        if part.application && part.verdict != Status::Unknown {
            judged += 1;
            failing += u32::from(part.verdict == Status::Unhealthy);
        }
    }
    let healthy_share = (judged > 0).then(|| f64::from(judged - failing) / f64::from(judged));
    if failing >= MIN_FAILING && healthy_share.is_some_and(|share| share < degraded_threshold) {
        status = Status::Unhealthy;
    }
    Whole { status, healthy_share }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn application(status: Status) -> Part {
        Part { status, verdict: status, critical: false, application: true }
    }

    fn of(failing: usize, all: usize, threshold: f64) -> Whole {
        let parts =
            (0..all).map(|at| application(if at < failing { Status::Unhealthy } else { Status::Healthy }));
        aggregate(parts, threshold)
    }

    #[test]
    fn nothing_at_all_is_healthy() {
        assert_eq!(aggregate([], 0.7), Whole { status: Status::Healthy, healthy_share: None });
    }

    #[test]
    fn only_a_critical_component_can_drag_the_whole_below_degraded() {
        for &status in Status::ALL {
            let part = application(status);
            assert_eq!(aggregate([part], 0.7).status, status.min(Status::Degraded));
            assert_eq!(aggregate([Part { critical: true, ..part }], 0.7).status, status);
        }
    }

    #[test]
    fn the_share_counts_from_two_failures_on_and_strictly_below_the_threshold() {
        assert_eq!(of(1, 1, 0.7).status, Status::Degraded);
        assert_eq!(of(2, 2, 0.7).status, Status::Unhealthy);
        assert_eq!(of(3, 10, 0.7), Whole { status: Status::Degraded, healthy_share: Some(0.7) });
        assert_eq!(of(4, 10, 0.7).status, Status::Unhealthy);
        assert_eq!(of(10, 10, 0.0).status, Status::Degraded);
    }

    #[test]
    fn a_verdict_of_old_counts_in_the_share_alone() {
        let held = |verdict| Part { verdict, ..application(Status::Unknown) };
        let mut parts = vec![application(Status::Unhealthy), application(Status::Unhealthy)];
        parts.extend([held(Status::Healthy); 6]);
        assert_eq!(aggregate(parts, 0.7), Whole { status: Status::Degraded, healthy_share: Some(0.75) });
        let failing = Part { critical: true, ..held(Status::Unhealthy) };
        assert_eq!(aggregate([failing], 0.7), Whole { status: Status::Unknown, healthy_share: Some(0.0) });
    }

    #[test]
    fn built_in_and_unjudged_components_are_outside_the_share() {
        let built_in = Part { application: false, ..application(Status::Unhealthy) };
        let parts = [built_in, built_in, application(Status::Unknown), application(Status::Degraded)];
        assert_eq!(aggregate(parts, 0.7), Whole { status: Status::Degraded, healthy_share: Some(1.0) });
    }

    fn part() -> impl Strategy<Value = Part> {
        let all = 0..Status::ALL.len();
        (all.clone(), all, any::<bool>(), any::<bool>()).prop_map(|(at, held, critical, application)| {
            let status = Status::ALL[at];
            let verdict = if status == Status::Unknown { Status::ALL[held] } else { status };
            Part { status, verdict, critical, application }
        })
    }

    proptest! {
        #[test]
        fn worsening_any_component_never_improves_the_whole(
            parts in prop::collection::vec(part(), 1..12),
            which in any::<prop::sample::Index>(),
            to in 0..Status::ALL.len(),
            threshold in 0.0..=1.0,
        ) {
            let before = aggregate(parts.iter().copied(), threshold);
            let mut worse = parts;
            let part = which.get_mut(&mut worse);
            part.status = part.status.max(Status::ALL[to]);
            // What has no verdict keeps its last one.
            part.verdict = if part.status == Status::Unknown { part.verdict } else { part.status };
            let after = aggregate(worse.iter().copied(), threshold);
            prop_assert!(after.status >= before.status, "{before:?} became {after:?}");
        }

        #[test]
        fn order_does_not_matter(parts in prop::collection::vec(part(), 0..12), threshold in 0.0..=1.0) {
            let turned = aggregate(parts.iter().rev().copied(), threshold);
            prop_assert_eq!(aggregate(parts, threshold), turned);
        }
    }
}
