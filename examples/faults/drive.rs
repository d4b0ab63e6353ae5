//! What scripts are made of: calls that are polled by hand.
//!
//! A call that waits is a future that nobody polls, so that any number of them is in flight on one thread, in an
//! order that is always the same. Of times only lower bounds matter: a busy machine makes a script slower, and where
//! it could change the answer, the script begins again.

use crate::{Answer, Call, Failure, Outcome, Subject, Times};
use std::future::poll_fn;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

pub(crate) const OK: Answer = Ok(());
pub(crate) const FAIL: Answer = Err(Failure);

/// Failures that open every subject.
pub(crate) const TRIP: usize = 5;

/// How long subjects stay open where the script waits for the end of it.
pub(crate) const OPEN: Duration = Duration::from_millis(50);

/// What a timer may be late.
const MARGIN: Duration = Duration::from_millis(5);

/// A busy machine spoils a script only so often.
const ATTEMPTS: usize = 50;

fn poll(call: &mut Call) -> Poll<Outcome> {
    call.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

fn expect_ready(polled: Poll<Outcome>) -> Outcome {
    match polled {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => unreachable!("no other thread has the breaker, and the work is done"),
    }
}

/// A call whose work is done at once.
pub(crate) fn call_now<S: Subject>(subject: &S, answer: Answer) -> Outcome {
    expect_ready(poll(&mut subject.call(Box::pin(async move { answer }))))
}

/// Whether a call with this answer is admitted.
pub(crate) fn is_admitted<S: Subject>(subject: &S, answer: Answer) -> bool {
    call_now(subject, answer) != Outcome::Refused
}

/// A call whose work panics; whether it was admitted.
pub(crate) fn call_panics<S: Subject>(subject: &S) -> bool {
    // Resuming runs no hook, so nothing is printed.
    let mut call = subject.call(Box::pin(async { panic::resume_unwind(Box::new("the work panics")) }));
    panic::catch_unwind(AssertUnwindSafe(|| poll(&mut call))).is_err()
}

/// A call that was admitted and whose work is not done. Dropping it cancels it.
pub(crate) struct InFlight {
    call: Call,
    answer: Arc<OnceLock<Answer>>,
}

impl InFlight {
    /// None if the call is refused.
    pub(crate) fn start<S: Subject>(subject: &S) -> Option<Self> {
        let answer = Arc::new(OnceLock::new());
        let given = answer.clone();
        let mut call = subject.call(Box::pin(poll_fn(move |_| match given.get() {
            Some(answer) => Poll::Ready(*answer),
            None => Poll::Pending,
        })));
        match poll(&mut call) {
            Poll::Pending => Some(Self { call, answer }),
            Poll::Ready(_) => None,
        }
    }

    /// Starts so many calls; those that are admitted.
    pub(crate) fn start_many<S: Subject>(subject: &S, calls: usize) -> Vec<Self> {
        (0..calls).filter_map(|_| Self::start(subject)).collect()
    }

    pub(crate) fn finish(mut self, answer: Answer) {
        self.answer.set(answer).expect("a call is finished once");
        expect_ready(poll(&mut self.call));
    }
}

/// A subject that failures have opened, and what `before` left in flight in it.
fn open<S: Subject, T>(times: Times, before: impl Fn(&S) -> T) -> (S, T) {
    for _ in 0..ATTEMPTS {
        let subject = S::probing(times);
        let kept = before(&subject);
        for _ in 0..TRIP {
            call_now(&subject, FAIL);
        }
        if !is_admitted(&subject, OK) {
            return (subject, kept);
        }
        // The times passed before the next line did.
    }
    panic!("{TRIP} failures do not open {}", S::NAME);
}

/// A subject that is half-open for whoever calls next, and what `before` left in flight in it.
pub(crate) fn half_open_after<S: Subject, T>(times: Times, before: impl Fn(&S) -> T) -> (S, T) {
    let opened = open(times, before);
    thread::sleep(times.open + MARGIN);
    opened
}

/// A subject that is half-open for whoever calls next.
pub(crate) fn half_open<S: Subject>(times: Times) -> S {
    half_open_after(times, |_: &S| ()).0
}

/// Whether it takes as many failures to open as when it was new. Half-open, fewer do.
pub(crate) fn is_closed<S: Subject>(subject: &S) -> bool {
    (0..TRIP).all(|_| is_admitted(subject, FAIL))
}

/// Whether the subject is of use again, once it has had its time: how many of 100 good calls it admits.
pub(crate) fn comes_back<S: Subject>(subject: &S, its_time: Duration) -> String {
    const CALLS: usize = 100;
    // The best of several, because its times may pass between two of these calls.
    const HUNDREDS: usize = 5;
    let mut best = 0;
    for _ in 0..HUNDREDS {
        thread::sleep(its_time + MARGIN);
        best = best.max((0..CALLS).filter(|_| is_admitted(subject, OK)).count());
        if best == CALLS {
            return format!("recovers: {best} of {CALLS} admitted");
        }
    }
    format!("stuck: {best} of {CALLS} admitted")
}
