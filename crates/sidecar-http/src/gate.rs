//! One run of a closure at a time, away from the server's thread, shared by all who wait for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

use crate::answer::Answer;

/// Lets one run go at a time. Who asks while a run is under way gets the result of the next one, together with
/// all others who asked by then: an answer is never older than its question, and a crowd costs two runs.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    last: Arc<Mutex<Option<Run>>>,
    begun: AtomicU64,
    waiting: Arc<AtomicUsize>,
}

#[derive(Debug)]
struct Run {
    number: u64,
    answer: Answer,
}

impl Gate {
    pub(crate) async fn pass(&self, work: impl FnOnce() -> Answer + Send + 'static) -> Answer {
        let asked_in = self.begun.load(Ordering::SeqCst);
        let mut last = {
            let _waiting = Waiting::new(&self.waiting);
            Arc::clone(&self.last).lock_owned().await
        };
        if let Some(run) = last.as_ref().filter(|run| run.number > asked_in) {
            let answer = run.answer.clone();
            if self.waiting.load(Ordering::SeqCst) == 0 {
                *last = None;
            }
            return answer;
        }
        let number = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let waiting = Arc::clone(&self.waiting);
        // The lock goes along, so that a closure that hangs is not started a second time, and outlives a
        // connection that was closed meanwhile. It guards the slot for the answer and nothing of the host's.
        let run = spawn_blocking(move || {
            let answer = Answer::contained(work);
            let shared = waiting.load(Ordering::SeqCst) > 0;
            *last = shared.then(|| Run { number, answer: answer.clone() });
            answer
        });
        run.await.unwrap_or_else(|_| Answer::failed())
    }
}

struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::{Future, poll_fn};
    use std::pin::Pin;
    use std::sync::mpsc::channel;
    use std::task::Poll;

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(future)
    }

    #[test]
    fn who_asks_during_a_run_shares_the_next_one_and_nothing_is_kept() {
        block_on(async {
            let gate = Gate::default();
            let runs = Arc::new(AtomicU64::new(0));
            let (release, released) = channel::<()>();
            let count = Arc::clone(&runs);
            let mut first = Box::pin(gate.pass(move || {
                released.recv().expect("the test releases it");
                Answer::json(true, &count.fetch_add(1, Ordering::SeqCst))
            }));
            assert!(is_pending(first.as_mut()).await);
            let mut crowd: Vec<_> = (0..5)
                .map(|_| {
                    let count = Arc::clone(&runs);
                    Box::pin(gate.pass(move || Answer::json(true, &count.fetch_add(1, Ordering::SeqCst))))
                })
                .collect();
            for asker in &mut crowd {
                assert!(is_pending(asker.as_mut()).await);
            }
            release.send(()).expect("the run waits");
            assert_eq!(&first.await.body[..], b"0");
            for asker in crowd {
                assert_eq!(&asker.await.body[..], b"1");
            }
            assert_eq!(runs.load(Ordering::SeqCst), 2);
            assert!(gate.last.lock().await.is_none());
        });
    }

    #[test]
    fn a_run_that_panics_leaves_the_gate_open() {
        block_on(async {
            let gate = Gate::default();
            assert_eq!(gate.pass(|| panic!("in the closure")).await.status.as_u16(), 500);
            assert_eq!(gate.pass(|| Answer::json(true, "up")).await.status.as_u16(), 200);
        });
    }

    async fn is_pending<T>(mut future: Pin<&mut impl Future<Output = T>>) -> bool {
        poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_pending())).await
    }
}
