//! The `observe!` macro.

use sidecar_harness::PATIENCE;
use sidecar_observer::{Observed, Observer, TypeId, observe};
use std::num::ParseIntError;
use std::sync::{Arc, mpsc};

#[test]
fn fields_of_an_event_that_is_not_kept_are_not_evaluated() {
    let observer = Observer::builder().admit(|_: TypeId| None).start().expect("valid settings");
    let mut evaluated = false;
    let observed = observe!(
        observer,
        "x",
        field = {
            evaluated = true;
            1
        }
    );
    assert_eq!((observed, evaluated), (Observed::SampledOut, false));
}

#[test]
fn fields_arrive_under_their_names() {
    let observer = Arc::new(Observer::builder().start().expect("defaults are valid"));
    let (send, receive) = mpsc::channel();
    observer.on_any(move |event| drop(send.send(event.clone())));
    assert_eq!(observe!(&observer, "x", test_id = "t1", duration_ms = 1234, ok = true,), Observed::Accepted);
    let event = receive.recv_timeout(PATIENCE).expect("it is handled");
    assert_eq!(event.test(), Some("t1"));
    assert_eq!(event.get("duration_ms").and_then(|value| value.as_f64()), Some(1234.0));
    assert_eq!(event.data().len(), 3);
}

fn parse(observer: &Observer, text: &str) -> Result<Observed, ParseIntError> {
    Ok(observe!(observer, "x", number = text.parse::<u32>()?))
}

#[test]
fn a_question_mark_in_a_field_leaves_and_nothing_is_counted() {
    let observer = Observer::builder().start().expect("defaults are valid");
    assert_eq!(parse(&observer, "7"), Ok(Observed::Accepted));
    assert!(parse(&observer, "seven").is_err());
    assert_eq!(observer.stats().events_received, 1);
}

#[test]
fn await_works_in_a_field() {
    let observer = Observer::builder().start().expect("defaults are valid");
    let future = async { observe!(observer, "x", number = std::future::ready(1).await) };
    fn assert_send<T: Send>(value: T) -> T {
        value
    }
    let mut future = std::pin::pin!(assert_send(future));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let polled = future.as_mut().poll(&mut context);
    assert_eq!(polled, std::task::Poll::Ready(Observed::Accepted));
}
