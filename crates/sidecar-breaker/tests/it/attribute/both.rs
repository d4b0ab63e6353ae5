//! `#[protected]` together with `#[monitor_performance]`, in either order. What measures is a stand-in, so that these
//! tests see exactly what it is told.

use super::{DOWN, Failed, OPEN, breaker};
use crate::script::{End, Script, poll};
use async_trait::async_trait;
use sidecar_breaker::protected;
use sidecar_macros::monitor_performance;
use stand_in::{CANCELLED, FAILURE, PANICKED, SUCCESS, ended};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;

/// As much of a piece that measures as the attribute uses.
mod stand_in {
    use std::cell::RefCell;

    pub(super) const SUCCESS: &str = "success";
    pub(super) const FAILURE: &str = "failure";
    pub(super) const PANICKED: &str = "panicked";
    pub(super) const CANCELLED: &str = "cancelled";

    thread_local!(static ENDED: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) });

    /// How the operations of this thread ended since this was last asked.
    pub(super) fn ended() -> Vec<&'static str> {
        ENDED.take()
    }

    pub(super) mod __private {
        use super::{CANCELLED, ENDED, FAILURE, PANICKED, SUCCESS};
        pub(crate) use sidecar_core::calls::{AnyReturned, Function, Returned, evaluate, unreached};
        use std::future::{Future, poll_fn};
        use std::pin::pin;

        pub(crate) struct Site;

        impl Site {
            pub(crate) const fn new(_: Option<&'static str>) -> Self {
                Self
            }

            pub(crate) fn start<F>(&'static self, _: F) -> Measured {
                Measured(CANCELLED)
            }
        }

        /// Holds how the operation ends if it is dropped now.
        pub(crate) struct Measured(&'static str);

        impl Measured {
            pub(crate) fn run<R>(&mut self, body: impl FnOnce() -> R) -> R {
                self.0 = PANICKED;
                let returned = body();
                self.0 = CANCELLED;
                returned
            }

            pub(crate) async fn run_async<F: Future>(&mut self, body: F) -> F::Output {
                let mut body = pin!(body);
                poll_fn(|context| self.run(|| body.as_mut().poll(context))).await
            }

            pub(crate) fn settle(mut self, is_err: bool) {
                self.0 = if is_err { FAILURE } else { SUCCESS };
            }
        }

        impl Drop for Measured {
            fn drop(&mut self) {
                ENDED.with_borrow_mut(|ended| ended.push(self.0));
            }
        }
    }
}

type Outcome = Result<(), Failed>;

fn end(end: End) -> Outcome {
    match end {
        End::Ok => Ok(()),
        End::Err => Err(DOWN),
        End::Panic => panic!("as it was told"),
    }
}

#[protected(name = "both/first", failure_threshold = 2)]
#[monitor_performance(crate = stand_in)]
fn breaker_first(how: End) -> Outcome {
    end(how)?;
    Ok(())
}

#[monitor_performance(crate = stand_in, operation_name = "last")]
#[protected(name = "both/last", failure_threshold = 2)]
fn breaker_last(how: End) -> Outcome {
    end(how)?;
    Ok(())
}

#[protected(name = "both/some", failure_threshold = 2)]
#[cfg_attr(all(), monitor_performance(crate = stand_in))]
fn under_a_condition(how: End) -> Outcome {
    end(how)
}

#[test]
fn a_refused_call_is_no_operation_in_either_order() {
    for name in ["first", "last", "some"] {
        let call = match name {
            "first" => breaker_first,
            "last" => breaker_last,
            _ => under_a_condition,
        };
        assert_eq!((call(End::Ok), ended()), (Ok(()), vec![SUCCESS]), "{name}");
        assert_eq!((call(End::Err), ended()), (Err(DOWN), vec![FAILURE]), "{name}");
        assert!(catch_unwind(|| call(End::Panic)).is_err(), "{name}");
        assert_eq!(ended(), [PANICKED], "{name}");
        assert_eq!((call(End::Ok), ended()), (Err(OPEN), vec![]), "{name}");
        let seen = breaker(&format!("both/{name}")).snapshot();
        assert_eq!((seen.successes, seen.failures, seen.rejected), (1, 2, 1), "{name}");
    }
}

struct Service;

impl Service {
    #[protected(name = "both/async_first", failure_threshold = 2)]
    #[monitor_performance(crate = stand_in)]
    async fn breaker_first(&self, script: Script) -> Outcome {
        Ok(script.await?)
    }

    #[monitor_performance(crate = stand_in)]
    #[protected(name = "both/async_last", failure_threshold = 2)]
    async fn breaker_last(&self, script: Script) -> Outcome {
        Ok(script.await?)
    }
}

#[async_trait]
trait Call {
    async fn boxed_first(&self, script: Script) -> Outcome;
    async fn boxed_last(&self, script: Script) -> Outcome;
}

#[async_trait]
impl Call for Service {
    #[protected(name = "both/boxed_first", failure_threshold = 2)]
    #[monitor_performance(crate = stand_in)]
    async fn boxed_first(&self, script: Script) -> Outcome {
        Ok(script.await?)
    }

    #[monitor_performance(crate = stand_in)]
    #[protected(name = "both/boxed_last", failure_threshold = 2)]
    async fn boxed_last(&self, script: Script) -> Outcome {
        Ok(script.await?)
    }
}

type Later = Pin<Box<dyn Future<Output = Outcome>>>;

#[test]
fn so_it_is_where_the_call_is_a_future() {
    for name in ["async_first", "async_last", "boxed_first", "boxed_last"] {
        let call = |script| -> Later {
            match name {
                "async_first" => Box::pin(Service.breaker_first(script)),
                "async_last" => Box::pin(Service.breaker_last(script)),
                "boxed_first" => Service.boxed_first(script),
                _ => Service.boxed_last(script),
            }
        };
        drop(call(Script::OK));
        assert_eq!(ended(), [""; 0], "{name}: never polled is no call");
        assert!(poll(call(Script::OK).as_mut()).is_ready());
        assert_eq!(ended(), [SUCCESS], "{name}");
        let mut waits = call(Script::OK.waiting(2));
        assert!(poll(waits.as_mut()).is_pending() && ended().is_empty(), "{name}");
        drop(waits);
        assert_eq!(ended(), [CANCELLED], "{name}");
        assert!(poll(call(Script::ERR).as_mut()).is_ready());
        assert_eq!(ended(), [FAILURE], "{name}");
        let mut panics = call(Script::PANIC.waiting(1));
        assert!(poll(panics.as_mut()).is_pending());
        assert!(catch_unwind(AssertUnwindSafe(|| poll(panics.as_mut()))).is_err(), "{name}");
        drop(panics);
        assert_eq!(ended(), [PANICKED], "{name}");
        assert_eq!(poll(call(Script::OK).as_mut()), std::task::Poll::Ready(Err(OPEN)), "{name}");
        assert_eq!(ended(), [""; 0], "{name}");
        let seen = breaker(&format!("both/{name}")).snapshot();
        let counted = (seen.successes, seen.failures, seen.ignored, seen.rejected);
        assert_eq!(counted, (1, 2, 1, 1), "{name}");
    }
}

#[test]
fn what_falls_back_is_no_operation_and_gets_the_arguments() {
    fn without((left, right): (u8, u8), text: String) -> String {
        format!("{text} {left} {right} without")
    }
    #[monitor_performance(crate = stand_in)]
    #[protected(name = "both/fallback", fallback = without)]
    #[must_use]
    fn call((left, right): (u8, u8), text: String) -> String {
        format!("{text} {left} {right}")
    }
    assert_eq!((call((1, 2), "a".into()), ended()), ("a 1 2".into(), vec![SUCCESS]));
    breaker("both/fallback").trip();
    assert_eq!((call((1, 2), "a".into()), ended()), ("a 1 2 without".into(), vec![]));
}

#[test]
fn alone_it_measures_functions_of_any_type() {
    #[monitor_performance(crate = stand_in)]
    fn unit(how: End) {
        end(how).unwrap_or_default();
    }
    #[monitor_performance(crate = stand_in)]
    fn named(how: End) -> std::io::Result<u8> {
        end(how).map(|()| 7).map_err(|_| std::io::ErrorKind::Other.into())
    }
    #[monitor_performance(crate = stand_in)]
    fn generic<T, E>(result: Result<T, E>) -> Result<impl Iterator<Item = T>, E> {
        Ok(std::iter::once(result?))
    }
    #[monitor_performance(crate = stand_in)]
    async fn never(how: End) -> ! {
        end(how).unwrap_or_default();
        std::future::pending::<std::convert::Infallible>().await;
        panic!("it never ends")
    }
    #[monitor_performance(crate = stand_in)]
    fn opaque(early: &mut u8, how: End) -> impl Future<Output = Outcome> + use<> {
        *early += 1;
        std::future::ready(end(how))
    }
    unit(End::Ok);
    assert_eq!(ended(), [SUCCESS]);
    assert!(named(End::Ok).is_ok() && named(End::Err).is_err());
    assert_eq!(ended(), [SUCCESS, FAILURE]);
    assert!(generic(Ok::<_, u8>(7)).is_ok() && generic(Err::<u8, _>(7)).is_err());
    assert_eq!(ended(), [SUCCESS, FAILURE]);
    {
        let mut never = std::pin::pin!(never(End::Ok));
        assert!(poll(never.as_mut()).is_pending());
    }
    assert_eq!(ended(), [CANCELLED]);
    let mut early = 0;
    let (_unpolled, call) = (opaque(&mut early, End::Ok), opaque(&mut early, End::Err));
    assert!(poll(std::pin::pin!(call)).is_ready());
    assert_eq!((early, ended()), (2, vec![FAILURE]));
}
