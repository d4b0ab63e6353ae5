//! Receiving bodies within a bound, for one and for all together.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::{Buf, BufMut};
use hyper::body::Body;

use crate::batch::MAX_BODY_BYTES;
use crate::reply::Reply;

/// Most bytes of bodies held at one time, over all connections.
pub(crate) const MAX_HELD_BYTES: usize = 8 << 20;

/// The bytes of bodies that are held now.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    held: AtomicUsize,
}

/// A share of the budget, given back when dropped.
#[derive(Debug)]
struct Share {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Share {
    fn grow(&mut self, bytes: usize) -> bool {
        // Relaxed: the counter guards no other memory.
        let grown = self.budget.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |held| {
            held.checked_add(bytes).filter(|sum| *sum <= MAX_HELD_BYTES)
        });
        self.bytes += if grown.is_ok() { bytes } else { 0 };
        grown.is_ok()
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// A complete body. Its share of the budget lasts until it is dropped.
#[derive(Debug)]
pub(crate) struct Received {
    bytes: Vec<u8>,
    share: Share,
}

impl Received {
    /// Passes the bytes to `f`; the share is held until `f` returns.
    pub(crate) fn consume<T>(self, f: impl FnOnce(Vec<u8>) -> T) -> T {
        let Self { bytes, share } = self;
        let result = f(bytes);
        drop(share);
        result
    }
}

/// Reads `body` to its end.
pub(crate) async fn receive<B: Body + Unpin>(mut body: B, budget: &Arc<Budget>) -> Result<Received, Reply> {
    let share = Share { budget: Arc::clone(budget), bytes: 0 };
    let mut received = Received { bytes: Vec::new(), share };
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let frame = frame.map_err(|_| Reply::bad_request("the body is cut short or malformed"))?;
        // Trailers are of no use here.
        let Ok(data) = frame.into_data() else { continue };
        let length = data.remaining();
        if received.bytes.len().saturating_add(length) > MAX_BODY_BYTES {
            return Err(Reply::too_large());
        }
        if !received.share.grow(length) {
            return Err(Reply::busy());
        }
        received.bytes.put(data);
    }
    Ok(received)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_is_given_out_to_its_last_byte_and_comes_back() {
        let budget = Arc::new(Budget::default());
        let share = || Share { budget: Arc::clone(&budget), bytes: 0 };
        let (mut first, mut second) = (share(), share());
        assert!(first.grow(MAX_HELD_BYTES - 1) && second.grow(1));
        assert!(!second.grow(1));
        drop(first);
        assert!(second.grow(MAX_HELD_BYTES - 1));
        drop(second);
        assert_eq!(budget.held.load(Ordering::Relaxed), 0);
    }
}
