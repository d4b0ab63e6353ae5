//! What the metrics were: one point a second for five minutes, one for ten seconds for as long as wanted.

mod answer;
mod books;
mod bytes;
mod change;
mod family;
mod figures;
mod frame;
mod group;
mod pace;
mod past;
mod roll;
mod settings;
mod store;
mod tier;
mod track;

pub(crate) use figures::Figures;
pub use figures::HistoryStats;
pub(crate) use settings::HistorySettings;
pub use settings::{DEFAULT_HISTORY_BYTES, DEFAULT_RETENTION, HISTORY_BYTES, RETENTION};

use crate::gather::Joined;
use crate::query::{Query, QueryError, QueryResult};
use books::Books;
use pace::Pace;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds that a rolled frame covers.
const ROLLED_SECONDS: u64 = 10;

/// The history of one collector. No writer of metrics waits for it, and it waits for none: it reads them as
/// a scrape does. A query and the keeping of a reading wait for each other.
#[derive(Debug)]
pub(crate) struct History {
    /// Held while a reading is made, so that readings are kept in the order in which they were made. Sources run
    /// under it, but nobody ever waits for it.
    pace: Mutex<Pace>,
    books: Mutex<Books>,
    figures: Arc<Figures>,
}

impl History {
    pub(crate) fn new(settings: &HistorySettings) -> Self {
        let (books, figures) = (Books::new(settings), Arc::new(Figures::default()));
        figures.set(&books);
        Self { pace: Mutex::default(), books: Mutex::new(books), figures }
    }

    /// Keeps what `read` returns, if the second's reading is due. Says when the next one is, and whether this
    /// was the first. While one thread reads, others have nothing to do.
    pub(crate) fn tick(&self, now: u64, read: impl FnOnce() -> Vec<Joined>) -> (u64, bool) {
        let next = Pace::next(now);
        let Some(mut pace) = self.pace.try_lock() else { return (next, false) };
        let Some(due) = pace.due(now) else { return (next, false) };
        let metrics = read();
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let mut books = self.books.lock();
        books.keep(&metrics, due, wall);
        self.figures.set(&books);
        (next, due.seconds.is_none())
    }

    pub(crate) fn set(&self, settings: &HistorySettings) {
        let mut books = self.books.lock();
        books.set(settings);
        self.figures.set(&books);
    }

    pub(crate) fn answer(&self, query: &Query) -> Result<QueryResult, QueryError> {
        self.books.lock().answer(query)
    }

    pub(crate) fn figures(&self) -> &Arc<Figures> {
        &self.figures
    }
}
