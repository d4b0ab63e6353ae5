//! What stands behind `#[monitor_performance]`: the places in the code that have it, and their calls.

use crate::Completion;
use crate::monitor::PerfMonitor;
use crate::operation::Operation;
use crate::per_process::PerProcess;
use crate::polls::Polls;
use sidecar_core::sites;
use std::any::type_name;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;

/// A place in the code and its operation, which is looked for once in each process, at the first call.
#[derive(Debug)]
pub struct Site {
    name: Option<&'static str>,
    operation: PerProcess<Operation>,
}

impl Site {
    /// A place whose operation has this name, or else that of the function.
    #[must_use]
    pub const fn new(name: Option<&'static str>) -> Self {
        Self { name, operation: PerProcess::new() }
    }

    /// Begins one call. `item` is an item in the function, whose name says where that is.
    #[inline]
    pub fn start<F>(&'static self, _item: F) -> Measured {
        let operation = match self.operation.get() {
            Some(operation) => operation,
            None => self.find(type_name::<F>()),
        };
        Measured { polls: Polls::new(operation) }
    }

    #[cold]
    fn find(&'static self, item: &str) -> &'static Operation {
        let monitor = PerfMonitor::global();
        // Threads that come here at the same time find the same operation.
        self.operation.get_or_make(|_| match self.name {
            Some(name) => monitor.operation(name),
            None => monitor.operation(&sites::function_of(item)),
        })
    }
}

/// One call. Dropped while its body runs it has panicked, and otherwise it is cancelled.
#[must_use = "a call that is dropped is cancelled"]
pub struct Measured {
    polls: Polls<&'static Operation>,
}

impl Measured {
    /// Runs the body of a function.
    #[inline]
    pub fn run<R>(&mut self, body: impl FnOnce() -> R) -> R {
        self.polls.run(body)
    }

    /// Runs the body of an asynchronous function.
    pub async fn run_async<F: Future>(&mut self, body: F) -> F::Output {
        let mut body = pin!(body);
        poll_fn(|context| self.polls.poll(|| body.as_mut().poll(context))).await
    }

    /// Ends the call, as a failure if what it returned is an error.
    #[inline]
    pub fn settle(self, is_err: bool) {
        self.polls.end(if is_err { Completion::Failure } else { Completion::Success });
    }
}

impl fmt::Debug for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Measured")
    }
}
