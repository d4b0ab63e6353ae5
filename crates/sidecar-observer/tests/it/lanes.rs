//! Lanes come and go with their threads.

use crate::assert_conserved;
use sidecar_harness::PATIENCE;
use sidecar_observer::{Event, Observed, Observer};
use std::cell::RefCell;
use std::sync::mpsc;
use std::time::Instant;

#[test]
fn short_lived_threads_leave_no_lane_and_no_event_behind() {
    let observer = Observer::builder().queue_size(100_000).start().expect("valid settings");
    for _ in 0..200 {
        std::thread::scope(|scope| {
            for _ in 0..5 {
                scope.spawn(|| {
                    (0..3).for_each(|_| {
                        observer.observe(Event::new("e"));
                    })
                });
            }
        });
    }
    assert_eq!(observer.flush(PATIENCE).waiting, 0);
    let stats = observer.stats();
    assert_eq!(stats.events_received, 3_000);
    assert_conserved(&stats);
    let start = Instant::now();
    while observer.lanes() > 0 && start.elapsed() < PATIENCE {
        let _ = observer.flush(PATIENCE);
    }
    assert_eq!(observer.lanes(), 0);
}

#[test]
fn events_of_one_thread_are_handled_in_order() {
    let observer = Observer::builder().queue_size(10_000).start().expect("valid settings");
    let (send, receive) = mpsc::channel();
    observer.on_any(move |event| {
        let _ = send.send(event.get("n").and_then(|n| n.as_f64()));
    });
    (0..5_000).for_each(|n| {
        observer.observe_waiting(Event::new("e").with("n", n));
    });
    let _ = observer.shutdown(PATIENCE);
    drop(observer);
    let seen: Vec<_> = receive.try_iter().flatten().collect();
    assert_eq!(seen.len(), 5_000);
    assert!(seen.windows(2).all(|pair| pair[0] < pair[1]));
}

struct Farewell(Observer, mpsc::Sender<Observed>);

impl Drop for Farewell {
    fn drop(&mut self) {
        let _ = self.1.send(self.0.observe(Event::new("farewell")));
    }
}

thread_local! {
    static FAREWELL: RefCell<Option<Farewell>> = const { RefCell::new(None) };
}

#[test]
fn observing_in_a_thread_local_destructor_is_safe_and_accounted() {
    let observer = Observer::builder().start().expect("defaults are valid");
    let (send, receive) = mpsc::channel();
    let handle = observer.clone();
    std::thread::spawn(move || {
        // Registered first, dropped last: the thread's lane may be gone by then.
        FAREWELL.with(|slot| *slot.borrow_mut() = Some(Farewell(handle.clone(), send)));
        handle.observe(Event::new("hello"));
    })
    .join()
    .expect("no panic");
    assert_eq!(receive.recv_timeout(PATIENCE), Ok(Observed::Accepted));
    assert_eq!(observer.flush(PATIENCE).processed, 2);
    assert_conserved(&observer.stats());
}
