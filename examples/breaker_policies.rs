//! What opens a breaker, and for how long: rates, slow calls, failures in a row; open times that grow; verdicts.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use sidecar_breaker::{Breaker, CallError, Policy, State, Verdict};
use std::error::Error;
use std::sync::mpsc;
use std::time::Duration;

#[derive(Debug)]
enum ApiError {
    /// The caller's mistake.
    NotFound,
    /// The dependency asks to be left alone.
    TooManyRequests(Duration),
    Down,
}

fn main() -> Result<(), Box<dyn Error>> {
    // Half of the last twenty calls fail, or a fifth of them is slow, or five fail in a row: whichever comes first.
    let policy = Policy::failure_rate(0.5)
        .over_calls(20)
        .or(Policy::slow_call_rate(0.2, Duration::from_secs(2)).over_calls(20))
        .or(Policy::consecutive_failures(5));
    // Open for a second, then two, four, ... up to a minute, and each a little longer at random.
    let breaker = Breaker::builder("search")
        .policy(policy)
        .timeout(Duration::from_secs(1))
        .timeout_multiplier(2.0)
        .max_timeout(Duration::from_secs(60))
        .timeout_jitter(0.1)
        .probe_timeout(Duration::from_secs(10))
        .build()?;
    let (heard, transitions) = mpsc::channel();
    breaker.on_transition(move |transition| {
        let _ = heard.send(format!("{} to {}: {:?}", transition.from, transition.to, transition.cause));
    });

    // An answer that is not there says nothing about the dependency.
    let verdict = |result: &Result<u32, ApiError>| match result {
        Err(ApiError::NotFound) => Verdict::Ignored,
        Err(ApiError::TooManyRequests(pause)) => Verdict::RetryAfter(*pause),
        other => Verdict::of(other),
    };
    for _ in 0..100 {
        let result = breaker.call_with(verdict, || Err(ApiError::NotFound));
        assert!(matches!(result, Err(CallError::Inner(ApiError::NotFound))));
    }
    assert_eq!(breaker.state(), State::Closed);

    for _ in 0..4 {
        let _ = breaker.call_with(verdict, || Err(ApiError::Down));
    }
    assert_eq!(breaker.state(), State::Closed, "four in a row, and fewer calls than a rate needs");
    let _ = breaker.call_with(verdict, || Err(ApiError::TooManyRequests(Duration::from_secs(30))));
    assert_eq!(breaker.state(), State::Open);
    println!("{}", transitions.recv_timeout(Duration::from_secs(20))?);

    let refused =
        breaker.call_with(verdict, || Ok(1)).err().and_then(|error| error.rejected()).ok_or("it is open")?;
    let pause = refused.retry_after().ok_or("it is known for how long")?;
    println!("refused, for about {} s", pause.as_secs() + 1);
    assert!(pause > Duration::from_secs(5), "as long as it was asked for, not a second");
    Ok(())
}
