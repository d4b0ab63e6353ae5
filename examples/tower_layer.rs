//! A breaker as a tower layer: while it is open, nobody waits for a dependency that has no room.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use sidecar_breaker::{Breaker, BreakerLayer, CallError, State};
use std::cell::Cell;
use std::error::Error;
use std::future::{Ready, ready};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tower::{Service, ServiceBuilder, ServiceExt as _};

/// A pool of connections: its callers wait in `poll_ready` while all are in use.
#[derive(Clone)]
struct Pool {
    is_full: Rc<Cell<bool>>,
    is_down: Rc<Cell<bool>>,
}

impl Service<&'static str> for Pool {
    type Response = String;
    type Error = &'static str;
    type Future = Ready<Result<String, &'static str>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        // A real pool would note whom to wake.
        if self.is_full.get() { Poll::Pending } else { Poll::Ready(Ok(())) }
    }

    fn call(&mut self, request: &'static str) -> Self::Future {
        ready(if self.is_down.get() { Err("connection refused") } else { Ok(format!("{request} is done")) })
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let timeout = Duration::from_millis(20);
    let breaker =
        Breaker::builder("pool").failure_threshold(2).timeout(timeout).success_threshold(1).build()?;
    let (is_full, is_down) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(true)));
    let pool = Pool { is_full: Rc::clone(&is_full), is_down: Rc::clone(&is_down) };
    let service = ServiceBuilder::new().layer(BreakerLayer::new(breaker.clone())).service(pool);

    // One poll, as an executor would make it; whoever is not done then waits.
    let call = |request| {
        let polled = pin!(service.clone().oneshot(request)).poll(&mut Context::from_waker(Waker::noop()));
        match &polled {
            Poll::Ready(Ok(response)) => println!("{response}"),
            Poll::Ready(Err(error)) => println!("{request}: {error}"),
            Poll::Pending => println!("{request}: waits for a connection"),
        }
        polled
    };

    is_full.set(true);
    assert!(call("while closed").is_pending());
    is_full.set(false);
    for request in ["first", "second"] {
        assert_eq!(call(request), Poll::Ready(Err(CallError::Inner("connection refused"))));
    }
    assert_eq!(breaker.state(), State::Open);

    is_full.set(true);
    assert!(matches!(call("while open"), Poll::Ready(Err(CallError::Rejected(_)))));

    std::thread::sleep(timeout);
    is_full.set(false);
    is_down.set(false);
    assert!(matches!(call("probe"), Poll::Ready(Ok(_))));
    assert_eq!(breaker.state(), State::Closed);
    Ok(())
}
