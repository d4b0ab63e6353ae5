//! What the attribute costs in memory: nothing, once a place has found its breaker.

use super::{DOWN, Failed, OPEN, breaker};
use crate::script::poll;
use sidecar_breaker::protected;
use sidecar_harness::alloc::assert_allocates_nothing;
use std::pin::pin;
use std::task::Poll;

#[protected(failure_threshold = 4_000)]
fn call(result: Result<u8, Failed>) -> Result<u8, Failed> {
    result
}

#[protected(name = "costs/async", fallback = zero)]
async fn call_async(number: &u8) -> u8 {
    std::future::ready(*number).await
}

fn zero(_: &u8) -> u8 {
    0
}

#[test]
fn calls_and_refusals_allocate_nothing() {
    assert_allocates_nothing(|| assert_eq!(call(Ok(7)), Ok(7)));
    assert_allocates_nothing(|| assert_eq!(call(Err(DOWN)), Err(DOWN)));
    assert_allocates_nothing(|| assert_eq!(poll(pin!(call_async(&7))), Poll::Ready(7)));
    breaker("it::attribute::costs::call").trip();
    breaker("costs/async").trip();
    assert_allocates_nothing(|| assert_eq!(call(Ok(7)), Err(OPEN)));
    assert_allocates_nothing(|| assert_eq!(poll(pin!(call_async(&7))), Poll::Ready(0)));
}
