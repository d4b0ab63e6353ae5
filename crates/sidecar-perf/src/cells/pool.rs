//! The cells of one operation: who records where.

use super::cell::{Cell, Change, Extremes, Shared, Totals};
use sidecar_core::sync::{AtomicU64, Mutex, Ordering::Relaxed, lock_soon};
use std::sync::{Arc, OnceLock, PoisonError};

/// Most cells of one operation. Threads beyond that many at a time share one.
pub(crate) const MAX_CELLS: usize = 64;

/// What a cell takes.
pub(crate) const CELL_BYTES: usize = size_of::<Cell>();

/// Cells that all operations of a monitor may have.
///
/// Relaxed throughout: the numbers guard nothing but themselves.
#[derive(Debug)]
pub(crate) struct Allowance {
    most: AtomicU64,
    made: AtomicU64,
}

impl Allowance {
    pub(crate) fn new(most: u64) -> Self {
        Self { most: AtomicU64::new(most), made: AtomicU64::new(0) }
    }

    /// Whether it is more now. Cells beyond a smaller allowance stay.
    pub(crate) fn set(&self, most: u64) -> bool {
        self.most.swap(most, Relaxed) < most
    }

    fn take(&self) -> bool {
        let most = self.most.load(Relaxed);
        self.made.fetch_update(Relaxed, Relaxed, |made| (made < most).then_some(made + 1)).is_ok()
    }

    pub(crate) fn left(&self) -> u64 {
        self.most.load(Relaxed).saturating_sub(self.made.load(Relaxed))
    }
}

/// All cells of one operation.
///
/// A cell that is given back keeps its counts, and the next lessee goes on from them: a sum over all cells never
/// misses or repeats one.
#[derive(Debug)]
pub(crate) struct Pool {
    /// No other operation of the process ever has it.
    #[cfg_attr(sidecar_loom, expect(dead_code, reason = "loom's threads lease nothing"))]
    pub(super) id: u64,
    allowance: Arc<Allowance>,
    shared: OnceLock<Box<Cell>>,
    cells: Mutex<Cells>,
    /// 1 where there is nothing to lease, so that threads without a cell do not ask again and again.
    ///
    /// Relaxed: whoever sees it late asks once more, or shares once more.
    is_exhausted: AtomicU64,
}

/// INVARIANT: `free` holds no cell twice and none that is leased.
#[derive(Debug, Default)]
struct Cells {
    all: Vec<Arc<Cell>>,
    free: Vec<Arc<Cell>>,
}

/// Made when a thread first needs it.
#[cfg(not(sidecar_loom))]
fn shared() -> OnceLock<Box<Cell>> {
    OnceLock::new()
}

/// Loom does not see how the standard library hands the cell from the thread that makes it to the others.
#[cfg(sidecar_loom)]
fn shared() -> OnceLock<Box<Cell>> {
    OnceLock::from(Box::new(Cell::new()))
}

impl Pool {
    pub(crate) fn new(id: u64, allowance: Arc<Allowance>) -> Self {
        Self {
            id,
            allowance,
            shared: shared(),
            cells: Mutex::new(Cells::default()),
            is_exhausted: AtomicU64::new(0),
        }
    }

    /// A cell for the calling thread alone, until it is given back.
    ///
    /// `None` when all are taken, and while another thread is at it: nobody waits here, and in a forked child that
    /// other thread may not exist.
    pub(super) fn lease(&self) -> Option<Arc<Cell>> {
        if self.is_exhausted.load(Relaxed) == 1 {
            return None;
        }
        let mut cells = self.cells.try_lock().ok()?;
        if let Some(cell) = cells.free.pop() {
            return Some(cell);
        }
        if cells.all.len() >= MAX_CELLS || !self.allowance.take() {
            self.is_exhausted.store(1, Relaxed);
            return None;
        }
        let cell = Arc::new(Cell::new());
        cells.all.push(Arc::clone(&cell));
        Some(cell)
    }

    /// Where the lock is never free, as in a forked child whose parent's thread had it, the cell is not leased again: its
    /// counts stay.
    pub(super) fn give_back(&self, cell: Arc<Cell>) {
        if let Some(mut cells) = lock_soon(&self.cells) {
            cells.free.push(cell);
            self.is_exhausted.store(0, Relaxed);
        }
    }

    /// Whether the lock is free within some turns.
    pub(crate) fn is_free(&self) -> bool {
        lock_soon(&self.cells).is_some()
    }

    /// There may be something to lease again.
    pub(crate) fn ask_again(&self) {
        self.is_exhausted.store(0, Relaxed);
    }

    /// For threads without a cell.
    pub(super) fn apply_shared(&self, change: Change) {
        self.shared.get_or_init(|| Box::new(Cell::new())).apply::<Shared>(change);
    }

    /// How many have ended since the start.
    pub(crate) fn ended(&self) -> u64 {
        let shared = self.shared.get().map_or(0, |cell| cell.ended());
        let cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        shared + cells.all.iter().map(|cell| cell.ended()).sum::<u64>()
    }

    /// Whether anything was ever recorded.
    pub(crate) fn is_used(&self) -> bool {
        let cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        self.shared.get().is_some() || !cells.all.is_empty()
    }

    /// Everything since the start, cell by cell. Each count is at least as high as at any earlier reading.
    pub(crate) fn read(&self, extremes: Extremes) -> Totals {
        let mut totals = Totals::new();
        if let Some(shared) = self.shared.get() {
            shared.add_to(&mut totals, extremes);
        }
        let cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        cells.all.iter().for_each(|cell| cell.add_to(&mut totals, extremes));
        totals
    }

    /// As another thread holds it.
    #[cfg(all(test, not(sidecar_loom)))]
    pub(crate) fn hold(&self) -> impl Drop {
        self.cells.lock().expect("nobody panics")
    }

    /// Bytes of all cells.
    pub(crate) fn bytes(&self) -> usize {
        let cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        (cells.all.len() + usize::from(self.shared.get().is_some())) * size_of::<Cell>()
    }
}
