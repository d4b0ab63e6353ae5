//! Functions and methods that do their work when they are polled.

use super::{DOWN, Failed, OPEN, TIMEOUT, breaker, in_virtual_time};
use crate::script::{End, Script, poll};
use async_trait::async_trait;
use sidecar_breaker::{State, protected};
use std::cell::Cell;
use std::future::{Future, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;

impl From<&'static str> for Failed {
    fn from(text: &'static str) -> Self {
        Self::Inner(text)
    }
}

#[test]
fn a_call_is_admitted_at_the_first_poll_and_its_body_not_run_when_refused() {
    #[protected(name = "futures/admission", failure_threshold = 1, success_threshold = 1)]
    async fn call(ran: Rc<Cell<u32>>, mut script: Script) -> Result<u8, Failed> {
        ran.set(ran.get() + 1);
        Pin::new(&mut script).await?;
        Ok(7)
    }
    let ran = Rc::new(Cell::new(0));
    let (breaker, hand) =
        in_virtual_time("futures/admission", |builder| builder.failure_threshold(1).success_threshold(1));
    let mut early = pin!(call(ran.clone(), Script::OK));
    assert_eq!(poll(pin!(call(ran.clone(), Script::ERR.waiting(0)))), Poll::Ready(Err(DOWN)));
    assert_eq!((poll(early.as_mut()), ran.get()), (Poll::Ready(Err(OPEN)), 1));
    let late = pin!(call(ran.clone(), Script::OK));
    hand.increment(TIMEOUT);
    assert_eq!((poll(late), breaker.state()), (Poll::Ready(Ok(7)), State::Closed));
    drop(call(ran.clone(), Script::OK));
    let seen = breaker.snapshot();
    assert_eq!(
        (seen.successes, seen.failures, seen.ignored, seen.rejected),
        (1, 1, 0, 1),
        "one was never polled"
    );
}

/// Polls the future as often as `polls` says and drops it; what has been counted then: successes, failures, ignored.
fn cancelled<F: Future>(name: &str, polls: u32, future: F) -> [u64; 3] {
    {
        let mut future = Box::pin(future);
        for _ in 0..polls {
            assert!(poll(future.as_mut()).is_pending());
        }
    }
    let seen = breaker(name).snapshot();
    [seen.successes, seen.failures, seen.ignored]
}

#[test]
fn one_that_is_dropped_is_ignored() {
    #[protected(name = "futures/dropped", failure_threshold = 1)]
    async fn call(script: Script) -> Result<(), Failed> {
        script.await.map_err(Failed::Inner)
    }
    let waiting = || call(Script::OK.waiting(9));
    assert_eq!(cancelled("futures/dropped", 1, waiting()), [0, 0, 1]);
    assert_eq!(cancelled("futures/dropped", 3, waiting()), [0, 0, 2]);
    assert_eq!(cancelled("futures/dropped", 0, waiting()), [0, 0, 2]);
    let dropped_by_a_panic = catch_unwind(AssertUnwindSafe(|| {
        let mut call = Box::pin(waiting());
        assert!(poll(call.as_mut()).is_pending());
        panic!("of another thing");
    }));
    assert!(dropped_by_a_panic.is_err());
    assert_eq!(breaker("futures/dropped").snapshot().ignored, 3, "its own code did not panic");
}

#[test]
fn a_panic_at_any_poll_is_a_failure_and_goes_on() {
    #[protected(name = "futures/panic", failure_threshold = 9)]
    async fn call(script: Script) -> Result<(), Failed> {
        Ok(script.await?)
    }
    for waits in 0..3 {
        let mut call = Box::pin(call(Script::PANIC.waiting(waits)));
        (0..waits).for_each(|_| assert!(poll(call.as_mut()).is_pending()));
        let payload = catch_unwind(AssertUnwindSafe(|| poll(call.as_mut()))).expect_err("it panics");
        assert_eq!(payload.downcast_ref(), Some(&"down"));
        assert_eq!(breaker("futures/panic").snapshot().failures, u64::from(waits) + 1);
    }
}

#[async_trait]
trait Store {
    async fn get(&self, key: &str) -> Result<String, Failed>;
    async fn put(&mut self, (key, value): (&str, String)) -> Result<usize, Failed>;

    #[protected(name = "futures/provided", failure_threshold = 1)]
    async fn provided(&self, end: End) -> Result<(), Failed>
    where
        Self: Sync,
    {
        Ok(Script { waits: 0, end }.await?)
    }
}

#[derive(Default)]
struct Memory(Vec<String>);

#[async_trait]
impl Store for Memory {
    #[protected(name = "futures/async_trait", failure_threshold = 1)]
    async fn get(&self, key: &str) -> Result<String, Failed> {
        if key.is_empty() {
            return Err(DOWN);
        }
        Script::OK.waiting(1).await?;
        self.0.iter().find(|value| value.starts_with(key)).cloned().ok_or(DOWN)
    }

    #[protected(name = "futures/async_trait_fallback", fallback = keep)]
    async fn put(&mut self, (key, value): (&str, String)) -> Result<usize, Failed> {
        self.0.push(format!("{key}={value}"));
        Ok(self.0.len())
    }
}

async fn keep(store: &mut Memory, (_, value): (&str, String)) -> Result<usize, Failed> {
    store.0.push(format!("kept {value}"));
    Ok(store.0.len())
}

#[test]
fn methods_of_async_trait_are_admitted_at_the_first_poll_too() {
    fn is_send(future: impl Future + Send) -> impl Future + Send {
        future
    }
    let mut memory = Memory::default();
    drop(is_send(memory.get("a")));
    assert_eq!(poll(memory.put(("a", "b".into())).as_mut()), Poll::Ready(Ok(1)));
    let mut get = memory.get("a");
    assert!(poll(get.as_mut()).is_pending());
    assert_eq!(poll(get.as_mut()), Poll::Ready(Ok("a=b".to_owned())));
    drop(get);
    assert_eq!(cancelled("futures/async_trait", 1, memory.get("a")), [1, 0, 1]);
    let mut late = memory.get("a");
    assert_eq!(poll(memory.get("").as_mut()), Poll::Ready(Err(DOWN)));
    assert_eq!(poll(late.as_mut()), Poll::Ready(Err(OPEN)));
    drop(late);
    assert_eq!(poll(memory.provided(End::Err).as_mut()), Poll::Ready(Err(DOWN)));
    assert_eq!(poll(memory.provided(End::Ok).as_mut()), Poll::Ready(Err(OPEN)));
    breaker("futures/async_trait_fallback").trip();
    assert_eq!(poll(memory.put(("a", "c".into())).as_mut()), Poll::Ready(Ok(2)));
    assert_eq!(memory.0, ["a=b", "kept c"]);
}

#[protected(name = "futures/opaque", failure_threshold = 1)]
fn opaque(early: &Cell<u32>, end: End) -> impl Future<Output = Result<u8, Failed>> + use<> {
    early.set(early.get() + 1);
    let script = Script { waits: 0, end };
    async move { script.await.map(|()| 7).map_err(Failed::Inner) }
}

#[expect(clippy::manual_async_fn, reason = "it is what this is about")]
#[protected(name = "futures/block", failure_threshold = 1, fallback = ready_zero)]
fn block<'a>(early: &'a Cell<u32>, end: End) -> impl Future<Output = Result<u8, Failed>> + 'a {
    async move {
        early.set(early.get() + 1);
        Script { waits: 0, end }.await?;
        Ok(7)
    }
}

fn ready_zero(_: &Cell<u32>, _: End) -> impl Future<Output = Result<u8, Failed>> {
    ready(Ok(0))
}

#[protected(name = "futures/boxed", failure_threshold = 1)]
fn boxed(early: &Cell<u32>, end: End) -> Pin<Box<dyn Future<Output = Result<u8, Failed>> + Send>> {
    if early.replace(early.get() + 1) == 99 {
        return Box::pin(ready(Err(DOWN)));
    }
    Box::pin(async move {
        Script { waits: 0, end }.await?;
        Ok(7)
    })
}

#[test]
fn a_future_that_is_returned_is_the_call() {
    let early = Cell::new(0);
    drop((opaque(&early, End::Ok), block(&early, End::Ok), boxed(&early, End::Ok)));
    assert_eq!(early.get(), 2, "what is not in the future runs at once, as it did without the attribute");
    let mut late: [Pin<Box<dyn Future<Output = _>>>; 2] =
        [Box::pin(opaque(&early, End::Ok)), boxed(&early, End::Ok)];
    let mut late_block = pin!(block(&early, End::Ok));
    assert_eq!(poll(pin!(opaque(&early, End::Err))), Poll::Ready(Err(DOWN)));
    assert_eq!(poll(pin!(block(&early, End::Err))), Poll::Ready(Err(DOWN)));
    assert_eq!(poll(boxed(&early, End::Err).as_mut()), Poll::Ready(Err(DOWN)));
    for late in &mut late {
        assert_eq!(poll(late.as_mut()), Poll::Ready(Err(OPEN)));
    }
    assert_eq!(poll(late_block.as_mut()), Poll::Ready(Ok(0)));
    for name in ["opaque", "block", "boxed"] {
        let seen = breaker(&format!("futures/{name}")).snapshot();
        assert_eq!((seen.successes, seen.failures, seen.rejected), (0, 1, 1), "{name}");
    }
}

#[test]
fn methods_may_borrow_over_their_waits() {
    struct Counter(Vec<u8>);
    impl Counter {
        #[protected(name = "futures/borrows")]
        async fn last<'a, T: AsRef<[u8]> + ?Sized>(&'a mut self, more: &T) -> Result<&'a mut u8, Failed> {
            self.0.extend(more.as_ref());
            Script::OK.waiting(1).await?;
            self.0.last_mut().ok_or(DOWN)
        }
    }
    let mut counter = Counter(vec![1]);
    {
        let mut last = pin!(counter.last(&[2, 3]));
        assert!(poll(last.as_mut()).is_pending());
        let Poll::Ready(Ok(last)) = poll(last.as_mut()) else { panic!("it waits once") };
        *last = 9;
    }
    assert_eq!(counter.0, [1, 2, 9]);
}
