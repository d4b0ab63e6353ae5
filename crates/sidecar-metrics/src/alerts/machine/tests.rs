use super::*;
use proptest::prelude::*;

const SECOND: u64 = 1_000_000_000;

fn above(fire: f64, clear: Option<f64>) -> Conditions {
    let threshold = Some(Threshold { side: Side::Above, fire, clear });
    Conditions { threshold, hold: 0, keep_firing_for: 0, absent: None, keep_absent_for: 0 }
}

/// Steps a machine through `(second, value)` and writes what it does: `.` inactive, `p` pending, `F` firing, `!` the
/// edge to firing and `r` the edge to resolved.
fn play(conditions: &Conditions, readings: &[(u64, Option<f64>)]) -> String {
    let mut machine = Machine::new(readings.first().map_or(0, |first| first.0 * SECOND));
    let step = |(second, value): &(u64, Option<f64>)| {
        let edge = machine.step(*value, second * SECOND, conditions);
        match (edge, machine.phase()) {
            (Some(Edge::Fired), Phase::Firing { .. }) => '!',
            (Some(Edge::Resolved), Phase::Inactive) => 'r',
            (None, Phase::Inactive) => '.',
            (None, Phase::Pending { .. }) => 'p',
            (None, Phase::Firing { .. }) => 'F',
            contradiction => panic!("{contradiction:?}"),
        }
    };
    readings.iter().map(step).collect()
}

/// A value for each step of ten seconds, as a test of Prometheus' rules writes them: `_` is no data.
fn series(text: &str) -> Vec<(u64, Option<f64>)> {
    let value = |word: &str| (word != "_").then(|| word.parse().expect("a number"));
    text.split(' ').zip(0..).map(|(word, step)| (step * 10, value(word))).collect()
}

/// What Prometheus' `for` and `keep_firing_for` do, case by case: there a series that is gone counts as one whose
/// condition does not hold.
#[test]
fn as_prometheus_does_it() {
    let table = [
        ("without `for` it fires at once", 0, 0, "0 2 2 0", ".!Fr"),
        ("`for` counts from the first evaluation", 20, 0, "2 2 2 2 0", "pp!Fr"),
        ("one evaluation below begins anew", 20, 0, "2 2 0 2 2 2", "pp.pp!"),
        ("a series that is gone begins anew", 20, 0, "2 2 _ 2 2 2", "pp.pp!"),
        ("`for` between two evaluations waits for the next", 25, 0, "2 2 2 2", "ppp!"),
        ("at the threshold is not above it", 0, 0, "1 1 2 1", "..!r"),
        ("a firing series that is gone is resolved", 0, 0, "2 _ _", "!r."),
        ("resolved, it is pending again before it fires again", 10, 0, "2 2 0 2 2", "p!rp!"),
        ("`keep_firing_for` counts from the first evaluation below", 0, 20, "2 0 0 0 0", "!FFr."),
        ("`keep_firing_for` counts anew after one above", 0, 20, "2 0 2 0 0 0", "!FFFFr"),
        ("`keep_firing_for` keeps a series that is gone too", 0, 20, "2 _ _ _", "!FFr"),
        ("`keep_firing_for` keeps no pending one", 20, 20, "2 0 0", "p.."),
        ("infinite is above, not a number is nothing", 0, 0, "inf NaN -inf", "!r."),
    ];
    for (what, hold, keep_firing_for, values, expected) in table {
        let (hold, keep_firing_for) = (hold * SECOND, keep_firing_for * SECOND);
        let conditions = Conditions { hold, keep_firing_for, ..above(1.0, None) };
        assert_eq!(play(&conditions, &series(values)), expected, "{what}");
    }
}

#[test]
fn between_the_thresholds_nothing_changes() {
    let conditions = above(5.0, Some(2.0));
    assert_eq!(play(&conditions, &series("3 6 3 2 5 1.9 3 6")), ".!FFFr.!");
    let pending = Conditions { hold: 20 * SECOND, ..conditions };
    assert_eq!(play(&pending, &series("6 6 3 6 6 6")), "pp.pp!", "between is not beyond");
    let keeping = Conditions { keep_firing_for: 20 * SECOND, ..conditions };
    assert_eq!(play(&keeping, &series("6 1 3 1 1 1")), "!FFFFr", "it could not be over in between");
}

#[test]
fn below_is_above_turned_round() {
    let threshold = Some(Threshold { side: Side::Below, fire: 2.0, clear: Some(5.0) });
    let conditions = Conditions { threshold, ..above(0.0, None) };
    assert_eq!(play(&conditions, &series("2 1 3 5 5.1 3 1")), ".!FFr.!");
}

#[test]
fn absent_data_keeps_the_state_for_a_while() {
    let keeping = Conditions { keep_absent_for: 30 * SECOND, ..above(1.0, None) };
    assert_eq!(play(&keeping, &series("2 _ _ _ _")), "!FFr.");
    assert_eq!(play(&keeping, &series("2 _ _ 2 _ NaN")), "!FFFFF", "counted from the last value");
    let holding = Conditions { hold: 20 * SECOND, ..keeping };
    assert_eq!(play(&holding, &series("2 _ _ 2")), "ppp!", "nothing fires without data");
    assert_eq!(play(&holding, &series("2 _ _ _ 2 2 2")), "ppp.pp!");
}

#[test]
fn absence_fires_and_is_over_with_the_next_value() {
    let absent = Conditions { threshold: None, absent: Some(20 * SECOND), ..above(0.0, None) };
    assert_eq!(play(&absent, &series("7 _ _ _ 7 NaN _ 7")), "..!Fr.!r");
    let both = Conditions { absent: Some(20 * SECOND), ..above(5.0, Some(2.0)) };
    assert_eq!(play(&both, &series("_ _ _ 6 3 1")), "..!FFr", "then it fires by its value");
    assert_eq!(play(&both, &series("_ _ _ 3")), "..!r", "never beyond the threshold");
    assert_eq!(play(&both, &series("6 _ _ _ 3 1")), "!FFFFr", "absence resolves nothing");
}

fn values() -> impl Strategy<Value = Vec<(u64, Option<f64>)>> {
    let value = prop_oneof![
        3 => (0_u32..=6).prop_map(|value| Some(f64::from(value))),
        1 => Just(None),
        1 => Just(Some(f64::NAN)),
        1 => Just(Some(f64::INFINITY)),
    ];
    prop::collection::vec((0_u64..30, value), 1..80).prop_map(|steps| {
        let mut now = 0;
        steps.into_iter().map(|(pause, value)| ((now += pause, now).1, value)).collect()
    })
}

fn is_data(value: Option<f64>) -> bool {
    value.is_some_and(|value| !value.is_nan())
}

proptest! {
    #[test]
    fn what_the_machine_promises(
        readings in values(),
        hold in 0_u64..60,
        keep in 0_u64..60,
        absent in prop::option::of(1_u64..60),
        keep_absent_for in 0_u64..60,
        clear in prop::option::of(0_u32..=4),
    ) {
        let (fire, clear) = (4.0, clear.map(f64::from));
        let conditions = Conditions {
            hold: hold * SECOND,
            keep_firing_for: keep * SECOND,
            absent: absent.map(|absent| absent * SECOND),
            keep_absent_for: keep_absent_for * SECOND,
            ..above(fire, clear)
        };
        let met = |value: Option<f64>| is_data(value) && value.is_some_and(|value| value > fire);
        let over = |value: Option<f64>| value.is_some_and(|value| clear.map_or(value <= fire, |clear| value < clear));
        let mut machine = Machine::new(readings[0].0 * SECOND);
        let mut told = false;
        for (at, (now, value)) in readings.iter().copied().enumerate() {
            let edge = machine.step(value, now * SECOND, &conditions);
            // One notification per edge, in turns, and the state agrees with what was told.
            match edge {
                Some(Edge::Fired) => prop_assert!(!std::mem::replace(&mut told, true)),
                Some(Edge::Resolved) => prop_assert!(std::mem::replace(&mut told, false)),
                None => {}
            }
            let firing = matches!(machine.phase(), Phase::Firing { .. });
            prop_assert_eq!(told, firing);
            let last_data = readings[..=at].iter().rev().find(|(_, value)| is_data(*value)).map(|(then, _)| *then);
            let gap = now - last_data.unwrap_or(readings[0].0);
            match edge {
                Some(Edge::Fired) if is_data(value) => {
                    // Every value since `hold` ago was beyond the threshold, and there was one that long ago.
                    let streak = readings[..=at].iter().rev().take_while(|(_, value)| met(*value) || !is_data(*value));
                    let first = streak.filter(|(_, value)| met(*value)).last().expect("this one is").0;
                    prop_assert!(now - first >= hold, "fired {}s after {first}", now - first);
                }
                Some(Edge::Fired) => prop_assert!(absent.is_some_and(|absent| gap >= absent)),
                Some(Edge::Resolved) if is_data(value) => {
                    prop_assert!(!met(value));
                    let absence = absent.is_some() && readings[..at].iter().any(|(_, value)| !is_data(*value))
                        || absent.is_some_and(|absent| now - readings[0].0 >= absent);
                    prop_assert!(over(value) || absence, "flapped at {value:?}");
                }
                Some(Edge::Resolved) => {
                    let cleared = keep > 0 && last_data.is_some();
                    prop_assert!(cleared || absent.is_none() && gap >= keep_absent_for);
                }
                None => {}
            }
        }
    }
}
