//! crossbeam-channel: a bounded queue; the event, its time and the counts are ours to add.
//!
//! The event holds exactly what is asked for and nothing else: no envelope, no room for more fields.

use crate::{Bounded, QUEUE, Subject, in_bursts, wait_until};
use bench_harness::{Case, Outcome, repeat};
use crossbeam_channel::{Receiver, Sender, bounded};
use sidecar_runtime::observer::Value;
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed, Ordering::Release};
use std::thread;
use std::time::SystemTime;

pub(crate) struct Channel {
    sender: Sender<Event>,
    /// Keeps a channel open that nobody empties.
    _receiver: Option<Receiver<Event>>,
    received: AtomicU64,
    dropped: AtomicU64,
    handled: Arc<AtomicU64>,
}

struct Event {
    _event_type: &'static str,
    _timestamp: SystemTime,
    _fields: [(&'static str, Value); 4],
}

impl Event {
    fn new(number: u64) -> Self {
        Self {
            _event_type: black_box("test_end"),
            _timestamp: SystemTime::now(),
            _fields: [
                ("test_id", Value::from(black_box("t1"))),
                ("status", Value::from(black_box("passed"))),
                ("duration_ms", Value::from(number)),
                ("retry", Value::from(black_box(false))),
            ],
        }
    }
}

impl Channel {
    fn new(sender: Sender<Event>, receiver: Option<Receiver<Event>>) -> Self {
        Self {
            sender,
            _receiver: receiver,
            received: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            handled: Arc::default(),
        }
    }
}

impl Subject for Channel {
    const NAME: &'static str = "crossbeam-channel";
    const USE: &'static str = "try_send of the event, time and counts added, a thread that receives";

    fn draining() -> Self {
        let (sender, receiver) = bounded(QUEUE);
        let channel = Self::new(sender, None);
        let handled = Arc::clone(&channel.handled);
        // Ends with the last sender.
        thread::spawn(move || {
            for event in receiver {
                drop(black_box(event));
                handled.fetch_add(1, Release);
            }
        });
        channel
    }

    fn producer(&self) -> impl FnMut(u64) -> Outcome {
        |number| {
            self.received.fetch_add(1, Relaxed);
            match self.sender.try_send(Event::new(number)) {
                Ok(()) => Outcome::Passed,
                Err(_) => {
                    self.dropped.fetch_add(1, Relaxed);
                    Outcome::Refused
                }
            }
        }
    }

    fn wait_for(&self, handled: u64) {
        wait_until(&self.handled, handled);
    }
}

impl Bounded for Channel {
    fn full() -> Self {
        let (sender, receiver) = bounded(1);
        let channel = Self::new(sender, Some(receiver));
        let first = channel.producer()(0);
        assert_eq!(first, Outcome::Passed, "there is room for one");
        channel
    }
}

/// The queue alone: 64 bytes, without an event to build, a time or a count.
pub(crate) fn floors() -> [Case; 2] {
    let pushed = "one try_send of 64 bytes, nobody receives meanwhile";
    let push = Case::new("floor/push", Channel::NAME, pushed, || {
        let (sender, receiver) = bounded(QUEUE);
        move |n| {
            in_bursts(n, |burst| {
                let batch = repeat(burst, |number| send(&sender, number));
                receiver.try_iter().for_each(|bytes| {
                    black_box(bytes);
                });
                batch
            })
        }
    });
    let refused = "one try_send of 64 bytes into a full queue";
    let refuse = Case::new("floor/refused", Channel::NAME, refused, || {
        let (sender, receiver) = bounded(1);
        send(&sender, 0);
        move |n| {
            let _open = &receiver;
            repeat(n, |number| send(&sender, number))
        }
    });
    [push.counted(), refuse.expecting(Outcome::Refused).counted()]
}

fn send(sender: &Sender<[u64; 8]>, number: u64) -> Outcome {
    match sender.try_send([number; 8]) {
        Ok(()) => Outcome::Passed,
        Err(_) => Outcome::Refused,
    }
}
