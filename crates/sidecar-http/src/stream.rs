//! Streams: one document at a time, made once for all who listen.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, Sleep, sleep};

/// Streams at one time.
pub(crate) const MAX_STREAMS: usize = 16;

/// How long a stream may say nothing. What stands between the two sides must not take it for dead, and a client that
/// is gone is found out by writing to it.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Documents that a stream may leave untaken: one that is further behind loses its seat.
const MOST_UNTAKEN: u64 = 30;

/// The first words: how long a browser is to wait before it connects again, in milliseconds.
const GREETING: &[u8] = b"retry: 1000\n\n";

/// A line that says nothing.
const SILENCE: &[u8] = b":\n\n";

/// The seats of all streams, and the latest document. Older ones are not kept for anybody.
#[derive(Debug, Default)]
pub(crate) struct Hub {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Of the latest document.
    number: u64,
    /// `None` while nobody makes any.
    latest: Option<Bytes>,
    /// The oldest first.
    seats: BTreeMap<u64, Seat>,
    next_seat: u64,
    is_producing: bool,
    has_ended: bool,
}

#[derive(Debug)]
struct Seat {
    /// The number of the document it took last.
    taken: u64,
    waker: Option<Waker>,
}

impl State {
    fn stop_producing(&mut self) {
        self.is_producing = false;
        // It grows old from now on.
        self.latest = None;
    }
}

impl Hub {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A stream with a seat; `None` after the end. Where all seats are taken it gets that of the oldest stream, which
    /// ends: no seat can be held against who comes later.
    ///
    /// `revive` is called now and then while no document comes, and says whether the stream is to go on.
    pub(crate) fn open(
        self: &Arc<Self>,
        revive: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Option<Stream> {
        let mut state = self.lock();
        if state.has_ended {
            return None;
        }
        let oldest = if state.seats.len() < MAX_STREAMS { None } else { state.seats.pop_first() };
        let seat = state.next_seat;
        state.next_seat += 1;
        // Whatever is there is news to who has just come.
        let taken = state.number.saturating_sub(1);
        state.seats.insert(seat, Seat { taken, waker: None });
        drop(state);
        if let Some(waker) = oldest.and_then(|(_, seat)| seat.waker) {
            waker.wake();
        }
        let heartbeat = Box::pin(sleep(HEARTBEAT));
        Some(Stream { hub: Arc::clone(self), seat, is_greeted: false, heartbeat, revive: Box::new(revive) })
    }

    /// The right to make the documents, for one at a time.
    pub(crate) fn turn(self: &Arc<Self>) -> Option<Turn> {
        let mut state = self.lock();
        if state.is_producing || state.seats.is_empty() {
            return None;
        }
        state.is_producing = true;
        Some(Turn { hub: Arc::clone(self), is_over: false })
    }

    /// Ends every stream, and lets none begin.
    pub(crate) fn end(&self) {
        let mut state = self.lock();
        state.has_ended = true;
        let seats = std::mem::take(&mut state.seats);
        drop(state);
        seats.into_values().filter_map(|seat| seat.waker).for_each(Waker::wake);
    }
}

/// The right to make the documents. Dropping it gives it back.
#[derive(Debug)]
pub(crate) struct Turn {
    hub: Arc<Hub>,
    is_over: bool,
}

impl Turn {
    /// Whether anybody listens. If nobody does, the turn is over with this answer: who comes after it gets the next.
    pub(crate) fn is_wanted(&mut self) -> bool {
        let mut state = self.hub.lock();
        if state.seats.is_empty() && !self.is_over {
            self.is_over = true;
            state.stop_producing();
        }
        !self.is_over
    }

    /// Hands a document to every stream. Who has left too many untaken does not read, and loses the seat.
    pub(crate) fn publish(&self, document: Bytes) {
        let mut state = self.hub.lock();
        state.number += 1;
        state.latest = Some(document);
        let number = state.number;
        let behind = state.seats.extract_if(.., |_, seat| number - seat.taken > MOST_UNTAKEN);
        let lost: Vec<Seat> = behind.map(|(_, seat)| seat).collect();
        let mut wakers: Vec<Waker> = state.seats.values_mut().filter_map(|seat| seat.waker.take()).collect();
        wakers.extend(lost.into_iter().filter_map(|seat| seat.waker));
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.is_over {
            self.hub.lock().stop_producing();
        }
    }
}

/// What one client reads: pieces of `text/event-stream`.
pub(crate) struct Stream {
    hub: Arc<Hub>,
    seat: u64,
    is_greeted: bool,
    heartbeat: Pin<Box<Sleep>>,
    revive: Box<dyn Fn() -> bool + Send + Sync>,
}

impl Stream {
    /// The next piece; `None` at the end.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let piece = match self.news(cx) {
            News::End => return Poll::Ready(None),
            News::Piece(piece) => piece,
            News::None => match self.heartbeat.as_mut().poll(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(()) if !(self.revive)() => return Poll::Ready(None),
                Poll::Ready(()) => Bytes::from_static(SILENCE),
            },
        };
        self.heartbeat.as_mut().reset(Instant::now() + HEARTBEAT);
        Poll::Ready(Some(piece))
    }

    fn news(&mut self, cx: &Context<'_>) -> News {
        // A waker is cloned and dropped outside of the lock: it is somebody else's code.
        let waker = cx.waker().clone();
        let _before;
        let mut state = self.hub.lock();
        let State { number, latest, seats, .. } = &mut *state;
        let Some(seat) = seats.get_mut(&self.seat) else { return News::End };
        if !self.is_greeted {
            self.is_greeted = true;
            return News::Piece(Bytes::from_static(GREETING));
        }
        match latest {
            Some(latest) if seat.taken < *number => {
                seat.taken = *number;
                News::Piece(latest.clone())
            }
            _ => {
                _before = seat.waker.replace(waker);
                News::None
            }
        }
    }
}

enum News {
    Piece(Bytes),
    None,
    End,
}

impl Drop for Stream {
    fn drop(&mut self) {
        let _its_waker = self.hub.lock().seats.remove(&self.seat);
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").field("seat", &self.seat).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a stream says now; `None` where it waits.
    fn said(stream: &mut Stream) -> Option<Option<Bytes>> {
        match stream.poll_next(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(piece) => Some(piece),
            Poll::Pending => None,
        }
    }

    fn piece(text: &'static str) -> Option<Option<Bytes>> {
        Some(Some(Bytes::from_static(text.as_bytes())))
    }

    /// Where there are timers, whose time stands still until it is waited for.
    fn with_timers(test: impl AsyncFnOnce(Arc<Hub>)) {
        let builder = &mut tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_time().start_paused(true).build().expect("a runtime");
        runtime.block_on(test(Arc::default()));
    }

    fn open(hub: &Arc<Hub>) -> Stream {
        let mut stream = hub.open(|| true).expect("a seat");
        assert_eq!(said(&mut stream), piece("retry: 1000\n\n"));
        stream
    }

    #[test]
    fn who_is_behind_gets_the_latest_document_alone() {
        with_timers(async |hub| {
            let mut stream = open(&hub);
            let turn = hub.turn().expect("nobody has it");
            assert_eq!(said(&mut stream), None);
            turn.publish(Bytes::from_static(b"one"));
            turn.publish(Bytes::from_static(b"two"));
            assert_eq!(said(&mut stream), piece("two"));
            assert_eq!(said(&mut stream), None);
            assert_eq!(said(&mut open(&hub)), piece("two"), "who comes later has not to wait");
        });
    }

    #[test]
    fn there_is_one_turn_and_it_is_over_when_nobody_listens() {
        with_timers(async |hub| {
            assert!(hub.turn().is_none(), "nobody listens");
            let stream = open(&hub);
            let mut turn = hub.turn().expect("nobody has it");
            assert!(hub.turn().is_none() && turn.is_wanted());
            turn.publish(Bytes::from_static(b"old"));
            drop(stream);
            assert!(!turn.is_wanted());
            let mut next = open(&hub);
            let _other = hub.turn().expect("the first is over");
            drop(turn);
            assert!(hub.turn().is_none(), "the end of the first took nothing from the second");
            assert_eq!(said(&mut next), None, "what is old is not handed out");
        });
    }

    #[test]
    fn at_the_bound_of_untaken_documents_a_stream_loses_its_seat() {
        with_timers(async |hub| {
            let (mut slow, mut quick) = (open(&hub), open(&hub));
            let turn = hub.turn().expect("nobody has it");
            for _ in 0..MOST_UNTAKEN {
                turn.publish(Bytes::from_static(b"news"));
                assert_eq!(said(&mut quick), piece("news"));
            }
            assert_eq!(hub.lock().seats.len(), 2);
            turn.publish(Bytes::from_static(b"news"));
            assert_eq!(hub.lock().seats.len(), 1);
            assert_eq!((said(&mut slow), said(&mut quick)), (Some(None), piece("news")));
        });
    }

    #[test]
    fn the_cap_and_the_end() {
        with_timers(async |hub| {
            let mut streams: Vec<Stream> = (0..MAX_STREAMS).map(|_| open(&hub)).collect();
            streams.pop();
            streams.push(open(&hub));
            assert_eq!(said(&mut streams[0]), None, "there was a free seat");
            for oldest in 0..MAX_STREAMS {
                streams.push(open(&hub));
                assert_eq!(said(&mut streams[oldest]), Some(None), "{oldest} was the oldest");
                assert_eq!(said(&mut streams[oldest + 1]), None);
                assert_eq!(hub.lock().seats.len(), MAX_STREAMS);
            }
            hub.end();
            assert!(streams.iter_mut().all(|stream| said(stream) == Some(None)));
            drop(streams);
            assert!(hub.open(|| true).is_none(), "there are seats, but it is over");
        });
    }

    #[test]
    fn silence_is_broken_now_and_then_while_there_is_somebody_to_make_documents() {
        with_timers(async |hub| {
            let mut stream = open(&hub);
            let begun = Instant::now();
            let mut next = async || std::future::poll_fn(|cx| stream.poll_next(cx)).await;
            assert_eq!(next().await.as_deref(), Some(SILENCE));
            assert_eq!(next().await.as_deref(), Some(SILENCE));
            assert_eq!(begun.elapsed(), 2 * HEARTBEAT);
            let mut abandoned = hub.open(|| false).expect("a seat");
            let mut next = async || std::future::poll_fn(|cx| abandoned.poll_next(cx)).await;
            assert_eq!((next().await.as_deref(), next().await), (Some(GREETING), None));
        });
    }
}
