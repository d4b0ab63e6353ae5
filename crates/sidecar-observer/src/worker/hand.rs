//! What the worker has in hand: where a replacement finds it.

use crate::event::Calendar;
use crate::handlers::Table;
use crate::lane::{Lane, Waiting};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;

/// Events that have left their lane and are not settled. Its lock is held for moves only, and contended by nobody
/// but a replacement that comes in.
#[derive(Default)]
pub(crate) struct Hand(Mutex<Content>);

#[derive(Default)]
struct Content {
    rest: VecDeque<Waiting>,
    current: Option<Current>,
}

/// An event that handlers are being called with.
#[derive(Clone)]
pub(crate) struct Current {
    pub(crate) held: Held,
    pub(crate) handlers: Arc<Table>,
}

/// An event where several threads can hold it, because a handler that hangs keeps what it was called with. Used for
/// one event after the other: to allocate each would cost as much as a handler's call.
#[derive(Clone, Default)]
pub(crate) struct Held(Arc<Option<Waiting>>);

impl Held {
    fn fill(mut self, waiting: Waiting) -> Self {
        match Arc::get_mut(&mut self.0) {
            Some(place) => *place = Some(waiting),
            None => self.0 = Arc::new(Some(waiting)),
        }
        self
    }

    pub(crate) fn waiting(&self) -> &Waiting {
        self.0.as_ref().as_ref().expect("it was filled when it became the current one")
    }

    /// Takes the event out, unless somebody else holds it too.
    pub(crate) fn take(&mut self) -> Option<Waiting> {
        Arc::get_mut(&mut self.0)?.take()
    }
}

/// The next event, out of the rest.
#[expect(
    clippy::large_enum_variant,
    reason = "moved once and stored nowhere; a box would cost more than the move"
)]
pub(crate) enum Next {
    /// It has handlers, and is the current one now.
    Handled(Current),
    /// It has none, and is the worker's alone.
    Plain(Waiting),
}

impl Hand {
    /// Takes what is in a lane, when nothing is in hand; says whether the lane may be let go.
    pub(crate) fn drain(&self, lane: &Lane) -> bool {
        lane.drain_into(&mut self.0.lock().rest)
    }

    /// As [`drain`](Self::drain), and closes the lane.
    pub(crate) fn finish(&self, lane: &Lane) {
        lane.finish_into(&mut self.0.lock().rest);
    }

    pub(crate) fn has_rest(&self) -> bool {
        !self.0.lock().rest.is_empty()
    }

    /// Takes the next event and dates it; if it has handlers, with the `spare` to hold it.
    pub(crate) fn next(&self, handlers: &Arc<Table>, calendar: Calendar, spare: &mut Held) -> Option<Next> {
        let mut content = self.0.lock();
        let mut waiting = content.rest.pop_front()?;
        waiting.event.date(calendar);
        if handlers.of(waiting.event.event_type()).next().is_none() {
            return Some(Next::Plain(waiting));
        }
        let held = std::mem::take(spare).fill(waiting);
        let current = Current { held, handlers: Arc::clone(handlers) };
        content.current = Some(current.clone());
        Some(Next::Handled(current))
    }

    /// The event whose handlers were being called when the former worker was left behind.
    pub(crate) fn current(&self) -> Option<Current> {
        self.0.lock().current.clone()
    }

    /// Takes the current event out: it is about to be settled.
    pub(crate) fn take_current(&self) -> Option<Current> {
        self.0.lock().current.take()
    }

    /// Gives back room for more than so many events.
    pub(crate) fn give_back(&self, kept: usize) {
        self.0.lock().rest.shrink_to(kept);
    }
}
