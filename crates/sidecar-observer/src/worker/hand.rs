//! What the worker has in hand: where a replacement finds it.

use super::batch::{Batch, Most, Spare};
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

/// Events that are being handled.
#[derive(Clone)]
pub(crate) struct Current {
    pub(crate) batch: Arc<Batch>,
    pub(crate) handlers: Arc<Table>,
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

    /// Takes the next events and dates them.
    pub(crate) fn next(
        &self,
        handlers: &Arc<Table>,
        calendar: Calendar,
        most: Most,
        spare: &mut Spare,
    ) -> Option<Current> {
        let mut content = self.0.lock();
        let batch = spare.fill(&mut content.rest, calendar, most)?;
        let current = Current { batch, handlers: Arc::clone(handlers) };
        content.current = Some(current.clone());
        Some(current)
    }

    /// The events that were being handled when the former worker was left behind.
    pub(crate) fn current(&self) -> Option<Current> {
        self.0.lock().current.clone()
    }

    /// Lets go of the current events: all of them are noted.
    pub(crate) fn let_go(&self) {
        // Somebody else holds the handlers too, so that this drops none of them.
        self.0.lock().current = None;
    }

    /// Gives back room for more than so many events.
    pub(crate) fn give_back(&self, kept: usize) {
        self.0.lock().rest.shrink_to(kept);
    }
}
