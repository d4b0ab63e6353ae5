//! A script does what it says, in its order.

use sidecar_testkit::{PATIENCE, Script, Step, VirtualClock};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

fn poll<F: Future>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}

#[test]
fn calls_come_to_what_the_steps_say_one_after_the_other() {
    let script = Script::new([Step::Ok, Step::Err, Step::Panic]).then(Step::Err);
    assert_eq!(script.call(), Ok(1));
    let fault = script.call().expect_err("the second fails");
    assert_eq!((fault.call(), fault.to_string()), (2, "call 2 fails, as it was told to".to_owned()));
    assert!(catch_unwind(AssertUnwindSafe(|| script.call())).is_err());
    assert!(!script.check());
    assert!(catch_unwind(AssertUnwindSafe(|| script.handle())).is_err(), "an error of a handler is a panic");
    assert_eq!(script.calls(), 5);
}

#[test]
fn after_the_last_step_calls_succeed() {
    let script = Script::new([Step::Err]);
    assert!(!script.check());
    assert!(script.check() && script.check());
    assert!(!Script::always(Step::Err).check());
}

#[test]
fn a_slow_call_takes_virtual_time() {
    let clock = VirtualClock::new();
    let script = Script::always(Step::slow(&clock, Duration::from_millis(3)));
    assert!(script.check() && script.check());
    let mut future = pin!(script.call_async());
    assert_eq!(clock.now(), 6_000_000, "a future that was not polled has not begun");
    assert_eq!(poll(future.as_mut(), Waker::noop()), Poll::Ready(Ok(3)));
    assert_eq!(clock.now(), 9_000_000);
}

#[test]
fn a_call_hangs_until_it_is_released_and_the_next_one_hangs_again() {
    let script = Script::new([Step::Hang, Step::Hang]);
    for number in 1..=2 {
        let hung = script.clone();
        let thread = std::thread::spawn(move || hung.call());
        script.wait_until_hanging();
        assert_eq!((script.hanging(), thread.is_finished()), (1, false));
        assert_eq!(script.release(), 1);
        assert_eq!(thread.join().expect("no panic"), Ok(number));
        assert_eq!(script.hanging(), 0);
    }
    assert_eq!(script.call(), Ok(3));
    assert!(PATIENCE > Duration::from_secs(10));
}

#[test]
fn a_future_hangs_without_a_thread_and_is_woken() {
    let script = Script::new([Step::Hang, Step::Hang, Step::Err]);
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let mut future = pin!(script.call_async());
    assert!(poll(future.as_mut(), &waker).is_pending() && poll(future.as_mut(), &waker).is_pending());
    assert_eq!(script.hanging(), 1);

    let mut given_up = Box::pin(script.call_async());
    assert!(poll(given_up.as_mut(), &waker).is_pending());
    drop(given_up);
    assert_eq!(script.hanging(), 1, "a future that was dropped hangs no more");

    assert_eq!(script.release(), 1);
    assert_eq!(woken.0.load(SeqCst), 1);
    assert_eq!(poll(future.as_mut(), &waker), Poll::Ready(Ok(1)));
    assert_eq!(script.hanging(), 0);
    assert!(matches!(poll(pin!(script.call_async()), &waker), Poll::Ready(Err(_))));
}
