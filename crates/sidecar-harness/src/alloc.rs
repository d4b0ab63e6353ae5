//! The system's allocator, counted thread by thread, so that tests that run side by side do not see each
//! other; and the bytes of all threads, for a test that is alone in its process.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

/// Counts what passes through it. A test binary installs it with `#[global_allocator]`.
#[derive(Debug)]
pub struct Counting;

/// What one thread has allocated and freed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Calls that asked for memory; one that grows or shrinks a block counts too.
    pub allocations: u64,
    /// Bytes asked for less bytes freed: below zero where a thread frees what another allocated.
    pub live_bytes: i64,
}

/// The tally of work that needs no memory.
pub const NOTHING: Tally = Tally { allocations: 0, live_bytes: 0 };

thread_local! {
    // Without a lazy start and without a destructor: looking at it allocates nothing.
    static TALLY: Cell<Tally> = const { Cell::new(Tally { allocations: 0, live_bytes: 0 }) };
}

/// Bytes asked for less bytes freed, on all threads together. Relaxed: it guards no other memory.
static LIVE_BYTES: AtomicI64 = AtomicI64::new(0);

/// Bytes that the process holds: asked for on any thread and not freed. For a process that does nothing else meanwhile.
/// 0 where [`Counting`] is not installed.
pub fn live_bytes() -> i64 {
    LIVE_BYTES.load(Relaxed)
}

/// What `work` allocates and frees on this thread. All zero where [`Counting`] is not installed.
pub fn counted<T>(work: impl FnOnce() -> T) -> (T, Tally) {
    let before = TALLY.get();
    let value = work();
    let after = TALLY.get();
    let tally = Tally {
        allocations: after.allocations - before.allocations,
        live_bytes: after.live_bytes - before.live_bytes,
    };
    (value, tally)
}

/// Calls once, to be warm, and then a thousand times.
///
/// # Panics
/// If one of the thousand allocates or frees anything on this thread. Where [`Counting`] is not installed, that is never
/// seen: each test binary shows that its allocator counts.
#[track_caller]
pub fn assert_allocates_nothing(mut call: impl FnMut()) {
    call();
    let ((), tally) = counted(|| (0..1_000).for_each(|_| call()));
    assert_eq!(tally, NOTHING);
}

fn count(allocations: u64, asked: usize, freed: usize) {
    // No block is larger than `isize::MAX`.
    let added = asked as i64 - freed as i64;
    LIVE_BYTES.fetch_add(added, Relaxed);
    // An error: the thread is at its very end, and nobody asks for its tally any more.
    let _ = TALLY.try_with(|tally| {
        let before = tally.get();
        tally.set(Tally {
            allocations: before.allocations + allocations,
            live_bytes: before.live_bytes + added,
        });
    });
}

#[expect(unsafe_code, reason = "the trait of allocators is unsafe to implement")]
// SAFETY: every call goes to the system's allocator with its arguments unchanged, and its answer is returned
// unchanged; `count` neither allocates nor panics.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size(), 0);
        // SAFETY: the caller keeps to the same contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size(), 0);
        // SAFETY: the caller keeps to the same contract.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count(1, new_size, layout.size());
        // SAFETY: the caller keeps to the same contract; the block comes from the system's allocator, as all do.
        unsafe { System.realloc(block, layout, new_size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count(0, 0, layout.size());
        // SAFETY: the caller keeps to the same contract; the block comes from the system's allocator, as all do.
        unsafe { System.dealloc(block, layout) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hint::black_box;

    #[global_allocator]
    static ALLOCATOR: Counting = Counting;

    #[test]
    fn every_way_to_ask_for_memory_is_counted() {
        let (kept, tally) = counted(|| black_box(Box::new([0_u8; 100])));
        assert_eq!(tally, Tally { allocations: 1, live_bytes: 100 });
        assert_eq!(counted(|| drop(kept)).1, Tally { allocations: 0, live_bytes: -100 });

        let (mut bytes, tally) = counted(|| black_box(vec![0_u8; 64]));
        assert_eq!(tally, Tally { allocations: 1, live_bytes: 64 });
        let (_, tally) = counted(|| black_box(&mut bytes).reserve_exact(36 + 64));
        assert_eq!(tally, Tally { allocations: 1, live_bytes: 100 });
        assert_eq!(counted(|| drop(bytes)).1, Tally { allocations: 0, live_bytes: -164 });
    }

    #[test]
    fn another_thread_counts_for_itself() {
        let work = || counted(|| black_box(vec![0_u8; 1 << 20]));
        let ((_kept, theirs), ours) = counted(|| std::thread::spawn(work).join().expect("no panic"));
        assert_eq!(theirs, Tally { allocations: 1, live_bytes: 1 << 20 });
        assert!(ours.live_bytes < 1 << 20, "{ours:?}");
        // Far more than the other tests of this binary hold.
        let kept = black_box(vec![0_u8; 1 << 30]);
        assert!(live_bytes() > 1 << 30);
        drop(kept);
        assert!(live_bytes() < 1 << 30);
    }
}
