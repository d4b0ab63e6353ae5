//! What one connection is doing, and until when it may.

use std::cell::Cell;
use std::time::Duration;

use tokio::time::Instant;

/// How long a connection may take for each part of an exchange.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadlines {
    pub(crate) head: Duration,
    pub(crate) body: Duration,
    pub(crate) answer: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Waiting for a complete request head.
    Head,
    /// Waiting for a complete request body.
    Body,
    /// Making the answer: a closure runs, or waits for its turn.
    Answer,
    /// The answer is made; it waits until the connection has room for it.
    Send,
    /// The whole answer was handed to the connection; its last bytes may still wait for the socket.
    Flush,
    /// The answer is a stream, and all of it so far is in the socket's hands.
    Listen,
    /// The answer is a stream of which something waits for the socket.
    Push,
}

/// Far enough to be never.
const NEVER: Duration = Duration::from_secs(365 * 86_400);

/// The state of one connection, shared by its task, its transport and the table of connections, all on one
/// thread.
///
/// ```text
///         head complete           answer made          handed over
///   Head ---------------> Answer -------------> Send -------------> Flush
///    ^                     |  ^ ^                                    | |
///    |         body wanted v  | |           head complete            | |
///    |                    Body  +------------------------------------+ |
///    |                      body complete                              |
///    +---------------------------- flushed ----------------------------+
/// ```
///
/// In `Head` and `Body` it is the client's turn to send, in `Send` and `Flush` to read; in `Answer` it is ours.
///
/// A stream goes from `Answer` to `Push`, to `Listen` when all of it is flushed, to `Push` with the next piece, and at
/// its end to `Flush`. It has no deadline as a whole, but each `Push` has that of an answer, however much is added to
/// it.
#[derive(Debug)]
pub(crate) struct Slot {
    deadlines: Deadlines,
    phase: Cell<Phase>,
    waiting_since: Cell<Instant>,
    /// When the first answer was made that the client has not taken. Of several in a row it stays the first:
    /// who asks for more without reading does not become younger by it.
    sending_since: Cell<Option<Instant>>,
    deadline: Cell<Instant>,
    closing: Cell<bool>,
}

impl Slot {
    pub(crate) fn new(deadlines: Deadlines, now: Instant) -> Self {
        Self {
            deadlines,
            phase: Cell::new(Phase::Head),
            waiting_since: Cell::new(now),
            sending_since: Cell::new(None),
            deadline: Cell::new(now + deadlines.head),
            closing: Cell::new(false),
        }
    }

    pub(crate) fn head_complete(&self, now: Instant) {
        self.enter(Phase::Answer, now + self.deadlines.answer);
    }

    pub(crate) fn body_wanted(&self, now: Instant) {
        self.enter(Phase::Body, now + self.deadlines.body);
    }

    pub(crate) fn body_complete(&self, now: Instant) {
        self.enter(Phase::Answer, now + self.deadlines.answer);
    }

    /// The answer's time begins only after `delay`: it takes that long to make it.
    pub(crate) fn answer_delayed(&self, now: Instant, delay: Duration) {
        self.enter(Phase::Answer, now + delay + self.deadlines.answer);
    }

    pub(crate) fn answer_made(&self, now: Instant) {
        self.phase.set(Phase::Send);
        self.sending_since.set(self.sending_since.get().or(Some(now)));
    }

    pub(crate) fn stream_begun(&self, now: Instant) {
        self.waiting_since.set(now);
        self.sending_since.set(Some(now));
        self.enter(Phase::Push, now + self.deadlines.answer);
    }

    pub(crate) fn piece_handed_over(&self, now: Instant) {
        if self.phase.get() == Phase::Listen {
            self.enter(Phase::Push, now + self.deadlines.answer);
        }
    }

    pub(crate) fn answer_handed_over(&self, now: Instant) {
        match self.phase.get() {
            Phase::Send | Phase::Push => self.phase.set(Phase::Flush),
            Phase::Listen => self.enter(Phase::Flush, now + self.deadlines.answer),
            Phase::Head | Phase::Body | Phase::Answer | Phase::Flush => {}
        }
    }

    /// Every byte handed over so far is in the socket's hands.
    pub(crate) fn flushed(&self, now: Instant) {
        match self.phase.get() {
            Phase::Send => return,
            Phase::Push => self.enter(Phase::Listen, now + NEVER),
            Phase::Flush => {
                self.waiting_since.set(now);
                self.enter(Phase::Head, now + self.deadlines.head);
            }
            Phase::Head | Phase::Body | Phase::Answer | Phase::Listen => {}
        }
        self.sending_since.set(None);
    }

    fn enter(&self, phase: Phase, deadline: Instant) {
        self.phase.set(phase);
        self.deadline.set(deadline);
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.deadline.get()
    }

    pub(crate) fn awaits_head(&self) -> bool {
        self.phase.get() == Phase::Head
    }

    /// Since when the connection has been waiting for a complete request, if it is.
    pub(crate) fn waiting_since(&self) -> Option<Instant> {
        matches!(self.phase.get(), Phase::Head | Phase::Body).then(|| self.waiting_since.get())
    }

    /// Since when the client has had an answer to take and nothing else goes on, if it is so.
    pub(crate) fn sending_since(&self) -> Option<Instant> {
        matches!(self.phase.get(), Phase::Send | Phase::Flush).then(|| self.sending_since.get()).flatten()
    }

    /// Since when a stream has been going on, if one does.
    pub(crate) fn streaming_since(&self) -> Option<Instant> {
        matches!(self.phase.get(), Phase::Listen | Phase::Push).then(|| self.waiting_since.get())
    }

    /// Whether a stream's client has something left to read.
    pub(crate) fn is_stream_behind(&self) -> bool {
        self.phase.get() == Phase::Push
    }

    /// Asks the connection to end with the exchange that is under way.
    pub(crate) fn close_after_answer(&self) {
        self.closing.set(true);
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closing.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEADLINES: Deadlines = Deadlines { head: secs(5), body: secs(10), answer: secs(30) };

    const fn secs(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn each_part_has_its_deadline_from_its_own_beginning() {
        let start = Instant::now();
        let slot = Slot::new(DEADLINES, start);
        assert_eq!(slot.deadline(), start + secs(5));
        slot.head_complete(start + secs(4));
        assert_eq!(slot.deadline(), start + secs(34));
        slot.body_wanted(start + secs(4));
        assert_eq!((slot.deadline(), slot.waiting_since()), (start + secs(14), Some(start)));
        slot.body_complete(start + secs(9));
        assert_eq!((slot.deadline(), slot.waiting_since()), (start + secs(39), None));
        slot.answer_made(start + secs(10));
        slot.answer_handed_over(start);
        slot.flushed(start + secs(11));
        assert_eq!((slot.deadline(), slot.waiting_since()), (start + secs(16), Some(start + secs(11))));
    }

    #[test]
    fn a_flush_before_the_answer_is_complete_ends_nothing() {
        let start = Instant::now();
        let slot = Slot::new(DEADLINES, start);
        slot.head_complete(start);
        slot.flushed(start + secs(1));
        assert_eq!((slot.awaits_head(), slot.deadline()), (false, start + secs(30)));
        slot.answer_made(start + secs(1));
        slot.flushed(start + secs(2));
        assert_eq!((slot.awaits_head(), slot.sending_since()), (false, Some(start + secs(1))));
    }

    #[test]
    fn it_is_the_clients_turn_to_read_from_the_made_answer_until_all_is_flushed() {
        let start = Instant::now();
        let slot = Slot::new(DEADLINES, start);
        slot.head_complete(start);
        assert_eq!(slot.sending_since(), None, "a closure runs");
        slot.answer_made(start + secs(2));
        assert_eq!((slot.sending_since(), slot.waiting_since()), (Some(start + secs(2)), None));
        slot.answer_handed_over(start);
        assert_eq!((slot.sending_since(), slot.waiting_since()), (Some(start + secs(2)), None));
        slot.flushed(start + secs(3));
        assert_eq!((slot.sending_since(), slot.waiting_since()), (None, Some(start + secs(3))));
    }

    #[test]
    fn a_stream_has_a_deadline_only_while_its_client_has_something_to_read() {
        let start = Instant::now();
        let slot = Slot::new(DEADLINES, start);
        slot.head_complete(start);
        slot.stream_begun(start + secs(1));
        assert_eq!((slot.deadline(), slot.is_stream_behind()), (start + secs(31), true));
        slot.flushed(start + secs(2));
        assert!(slot.deadline() > start + secs(100_000) && !slot.is_stream_behind());
        slot.piece_handed_over(start + secs(100));
        slot.piece_handed_over(start + secs(120));
        assert_eq!(slot.deadline(), start + secs(130), "the first piece that waits counts");
        assert_eq!((slot.waiting_since(), slot.sending_since()), (None, None));
        assert_eq!(slot.streaming_since(), Some(start + secs(1)));
        slot.flushed(start + secs(121));
        slot.answer_handed_over(start + secs(200));
        assert_eq!((slot.deadline(), slot.streaming_since()), (start + secs(230), None));
        slot.flushed(start + secs(201));
        assert_eq!((slot.awaits_head(), slot.deadline()), (true, start + secs(206)));
    }

    #[test]
    fn asking_for_more_without_reading_makes_a_connection_no_younger() {
        let start = Instant::now();
        let slot = Slot::new(DEADLINES, start);
        for at in [1, 2] {
            slot.head_complete(start + secs(at));
            assert_eq!(slot.sending_since(), None, "a closure runs");
            slot.answer_made(start + secs(at));
            slot.answer_handed_over(start);
            assert_eq!(slot.sending_since(), Some(start + secs(1)));
        }
        // The client takes the first two while the third is made.
        slot.head_complete(start + secs(3));
        slot.flushed(start + secs(4));
        slot.answer_made(start + secs(5));
        assert_eq!(slot.sending_since(), Some(start + secs(5)));
    }
}
