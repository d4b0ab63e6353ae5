//! An event is dated when it is observed, however late it is handled.

use crate::hold;
use sidecar_core::Clock;
use sidecar_harness::PATIENCE;
use sidecar_observer::{Event, Observed, Observer, Reason, observe};
use std::sync::mpsc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const HOUR: Duration = Duration::from_secs(3_600);
/// For the wall clock being put right meanwhile.
const SLACK: Duration = Duration::from_secs(1);

/// The dates of events that `offer` offers, as handlers see them an hour of the observer's clock later; and the wall
/// clock's time just before and after they were handled.
fn an_hour_later(offer: impl Fn(&Observer)) -> (Vec<SystemTime>, SystemTime, SystemTime) {
    let (clock, mock) = Clock::mock();
    let observer = Observer::builder().clock(clock).start().expect("defaults are valid");
    let gate = hold(&observer, "gate");
    assert_eq!(observer.observe_waiting(Event::new("gate")), Observed::Accepted);
    gate.wait_until_held();
    let (send, receive) = mpsc::channel();
    observer.on("e", move |event| _ = send.send(event.timestamp()));
    offer(&observer);
    mock.increment(HOUR);
    let before = SystemTime::now();
    gate.open();
    assert_eq!(observer.shutdown(PATIENCE).waiting, 0);
    (receive.try_iter().collect(), before, SystemTime::now())
}

fn accept(mut offer: impl FnMut() -> Observed) {
    while offer() == Observed::Dropped(Reason::Contended) {
        std::thread::yield_now();
    }
}

#[test]
fn one_that_the_macro_builds_is_dated_by_the_observer_s_clock() {
    let (dates, before, after) = an_hour_later(|observer| {
        accept(|| observe!(observer, "e"));
        let name = ["", "e"].concat();
        accept(|| observe!(observer, &name, n = 1));
    });
    assert_eq!(dates.len(), 2);
    for date in dates {
        assert!(date >= before - HOUR - SLACK && date <= after - HOUR + SLACK, "{date:?}, {before:?}");
    }
}

#[test]
fn one_that_is_built_by_hand_keeps_the_time_of_its_making() {
    let made = SystemTime::now();
    let event = Event::new("e");
    let date = event.timestamp();
    assert!(date >= made - SLACK && date <= SystemTime::now() + SLACK);
    let (dates, before, _) = an_hour_later(|observer| {
        accept(|| observer.observe(event.clone()));
        accept(|| observer.observe_waiting(event.clone()));
        accept(|| observer.observe_with("e", |event| event));
    });
    assert_eq!((dates.len(), &dates[..2]), (3, &[date, date][..]));
    assert!(dates[2] >= made - SLACK && dates[2] <= before + SLACK, "{:?}, {before:?}", dates[2]);
}

#[test]
fn one_that_says_when_it_happened_keeps_that() {
    let then = UNIX_EPOCH + Duration::from_millis(1_769_688_000_250);
    let (dates, _, _) = an_hour_later(|observer| {
        accept(|| observer.observe(Event::new("e").at(then)));
        accept(|| observer.observe_with("e", |event| event.at(then)));
        accept(|| observer.observe_waiting(Event::new("e").at(then)));
    });
    assert_eq!(dates, [then; 3]);
}
