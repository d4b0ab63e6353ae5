//! Accepting connections, up to a cap, and letting them go.

use std::collections::HashMap;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::{AbortHandle, Id, JoinSet};
use tokio::time::{Instant, Sleep, sleep, timeout};

use crate::connection::serve;
use crate::listen::{Accepted, Listener};
use crate::router::Router;
use crate::slot::{Deadlines, Slot};
use crate::troubles;

const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The accept loop's state; it lives on the server's thread.
pub(crate) struct Acceptor {
    listener: Listener,
    router: Arc<Router>,
    deadlines: Deadlines,
    max_connections: usize,
    tasks: JoinSet<()>,
    /// Connections that count against the cap; one that was evicted counts no longer.
    open: HashMap<Id, (AbortHandle, Rc<Slot>)>,
    pause: Pause,
}

enum Step {
    Stop(Duration),
    Accepted(Accepted),
    Failed(io::Error),
}

impl Acceptor {
    pub(crate) fn new(
        listener: Listener,
        router: Arc<Router>,
        deadlines: Deadlines,
        max_connections: usize,
    ) -> Self {
        let (tasks, open, pause) = (JoinSet::new(), HashMap::new(), Pause::default());
        Self { listener, router, deadlines, max_connections, tasks, open, pause }
    }

    /// Serves until told to stop; returns how many connections the stop's deadline cut.
    ///
    /// Must run inside a `LocalSet`.
    pub(crate) async fn run(mut self, mut stop: oneshot::Receiver<Duration>) -> usize {
        let deadline = loop {
            match poll_fn(|cx| self.poll_step(cx, &mut stop)).await {
                Step::Stop(deadline) => break deadline,
                Step::Accepted(stream) => {
                    self.pause.succeeded();
                    self.admit(stream);
                }
                Step::Failed(error) if is_the_clients(&error) => {}
                Step::Failed(error) => {
                    troubles::report("connections cannot be accepted", &error);
                    self.pause.failed();
                }
            }
        };
        self.close(deadline).await
    }

    fn poll_step(&mut self, cx: &mut Context<'_>, stop: &mut oneshot::Receiver<Duration>) -> Poll<Step> {
        if let Poll::Ready(order) = Pin::new(stop).poll(cx) {
            return Poll::Ready(Step::Stop(order.unwrap_or(Duration::ZERO)));
        }
        while let Poll::Ready(Some(ended)) = self.tasks.poll_join_next_with_id(cx) {
            let id = ended.map_or_else(|error| error.id(), |(id, ())| id);
            self.open.remove(&id);
        }
        ready!(self.pause.poll(cx));
        match ready!(self.listener.poll_accept(cx)) {
            Ok(stream) => Poll::Ready(Step::Accepted(stream)),
            Err(error) => Poll::Ready(Step::Failed(error)),
        }
    }

    fn admit(&mut self, stream: Accepted) {
        if self.open.len() >= self.max_connections && !self.evict() {
            // For every connection an answer is being made, so the newest is the one to go.
            return;
        }
        let slot = Rc::new(Slot::new(self.deadlines, Instant::now()));
        let (router, its_slot) = (Arc::clone(&self.router), Rc::clone(&slot));
        let task = match stream {
            Accepted::Tcp(stream) => {
                // Answers are written whole: waiting for more only delays them. Without it they are merely later.
                let _ = stream.set_nodelay(true);
                self.tasks.spawn_local(serve(stream, router, its_slot))
            }
            #[cfg(unix)]
            Accepted::Unix(stream) => self.tasks.spawn_local(serve(stream, router, its_slot)),
        };
        self.open.insert(task.id(), (task, slot));
    }

    /// Closes the connection that has waited longest for a complete request; if none waits for one, that whose
    /// client has longest left an answer unread, then the oldest stream. One whose answer is being made stays.
    fn evict(&mut self) -> bool {
        let longest = self.longest(Slot::waiting_since).or_else(|| self.longest(Slot::sending_since));
        let longest = longest.or_else(|| self.longest(Slot::streaming_since));
        let Some((task, _)) = longest.and_then(|id| self.open.remove(&id)) else { return false };
        task.abort();
        true
    }

    fn longest(&self, since: impl Fn(&Slot) -> Option<Instant>) -> Option<Id> {
        let since = self.open.iter().filter_map(|(id, (_, slot))| Some((since(slot)?, *id)));
        since.min_by_key(|(since, _)| *since).map(|(_, id)| id)
    }

    async fn close(self, deadline: Duration) -> usize {
        let Self { listener, router, mut tasks, mut open, .. } = self;
        drop(listener);
        router.end_streams();
        open.retain(|_, (task, slot)| {
            slot.close_after_answer();
            // A stream that ends has nobody waiting for the rest of it.
            let idle = slot.awaits_head() || slot.is_stream_behind();
            if idle {
                task.abort();
            }
            !idle
        });
        let all_ended = async {
            while let Some(ended) = tasks.join_next_with_id().await {
                open.remove(&ended.map_or_else(|error| error.id(), |(id, ())| id));
            }
        };
        // What is left at the deadline is dropped, and its sockets with it.
        let _ = timeout(deadline, all_ended).await;
        open.len()
    }
}

/// Errors of one connection that died in the queue; the next may be taken at once.
fn is_the_clients(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted)
}

/// Keeps the loop from spinning while the process has no descriptor left: the listener stays readable then.
#[derive(Default)]
struct Pause {
    sleep: Option<Pin<Box<Sleep>>>,
    last: Option<Duration>,
}

impl Pause {
    fn succeeded(&mut self) {
        self.last = None;
    }

    fn failed(&mut self) {
        self.sleep = Some(Box::pin(sleep(self.lengthen())));
    }

    fn lengthen(&mut self) -> Duration {
        let next = self.last.map_or(FIRST_PAUSE, |last| (last * 2).min(LONGEST_PAUSE));
        self.last = Some(next);
        next
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(sleep) = &mut self.sleep {
            ready!(sleep.as_mut().poll(cx));
            self.sleep = None;
        }
        Poll::Ready(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_second_and_start_over_after_a_success() {
        let mut pause = Pause::default();
        let millis: Vec<u128> = (0..9).map(|_| pause.lengthen().as_millis()).collect();
        assert_eq!(millis, [10, 20, 40, 80, 160, 320, 640, 1000, 1000]);
        pause.succeeded();
        assert_eq!(pause.lengthen(), FIRST_PAUSE);
    }
}
