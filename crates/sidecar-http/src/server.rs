//! The server's thread, and the handle that stops it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use sidecar_core::threads;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::task::LocalSet;

use crate::accept::Acceptor;
use crate::address::Address;
use crate::error::ServeError;
use crate::listen::{Bound, Listener};
use crate::router::{Router, WORKERS};
use crate::slot::Deadlines;

/// How long a dropped server waits for answers under way.
const DROP_DEADLINE: Duration = Duration::from_secs(1);

/// What the thread may take beyond the deadline, to drop sockets and end. It takes longer only if a probe's
/// closure hangs on it.
const SLACK: Duration = Duration::from_millis(250);

/// A running server. Dropping it stops it, waiting at most a second for answers under way.
#[derive(Debug)]
#[must_use = "a server that is dropped stops"]
pub struct Server {
    address: Address,
    running: Mutex<Option<Running>>,
    /// `None` once it was joined.
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Running {
    stop: oneshot::Sender<Duration>,
    ended: Receiver<usize>,
}

/// How a server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// Connections closed at the deadline with a request or an answer unfinished.
    pub cut: usize,
    /// Whether the server's thread has ended. It has not only when a closure hangs on it, when a closure is what
    /// called for the shutdown, or when an earlier call still waits for it.
    pub thread_ended: bool,
}

impl Server {
    pub(crate) fn start(
        socket: Bound,
        router: Router,
        deadlines: Deadlines,
        max_connections: usize,
    ) -> Result<Self, ServeError> {
        let address = socket.address().map_err(ServeError::Start)?;
        let (stop, stopped) = oneshot::channel();
        let (started_sender, started) = sync_channel(1);
        let (ended_sender, ended) = sync_channel(1);
        let thread = threads::spawn("http", move || {
            // The runtime is built here because it must not be dropped on a thread of another runtime.
            let (runtime, listener) = match runtime(socket) {
                Ok(both) => both,
                Err(error) => return drop(started_sender.send(Err(error))),
            };
            let _ = started_sender.send(Ok(()));
            let acceptor = Acceptor::new(listener, Arc::new(router), deadlines, max_connections);
            run(runtime, acceptor, stopped, &ended_sender);
        })
        .map_err(ServeError::Start)?;
        let gone = |_| Err(io::Error::other("the server's thread ended at once"));
        started.recv().unwrap_or_else(gone).map_err(ServeError::Start)?;
        let running = Mutex::new(Some(Running { stop, ended }));
        Ok(Self { address, running, thread: Mutex::new(Some(thread)) })
    }

    /// Where the server listens; with the port that was chosen if 0 was given.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The address and port where the server listens; the port that was chosen if 0 was given. A Unix socket has
    /// neither: there it is `0.0.0.0:0`, and [`address`](Self::address) has the path.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address.tcp().unwrap_or_else(|| (Ipv4Addr::UNSPECIFIED, 0).into())
    }

    /// Stops listening, closes idle connections, and waits up to `deadline` for requests and answers under way;
    /// what is left then is cut. Blocks the caller for at most the deadline and a quarter of a second.
    ///
    /// A closure that still runs on a worker thread is not waited for. A second call cuts nothing and waits for
    /// nothing; it says whether the thread has ended by now.
    pub fn shutdown(&self, deadline: Duration) -> ShutdownReport {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Running { stop, ended }) = running else {
            return ShutdownReport { cut: 0, thread_ended: self.thread_ended() };
        };
        // An error means that the thread has ended by itself; the next line sees that too.
        let _ = stop.send(deadline);
        let Ok(cut) = ended.recv_timeout(deadline.saturating_add(SLACK)) else {
            return ShutdownReport { cut: 0, thread_ended: self.thread_ended() };
        };
        // Joined without the lock: a destructor on that thread may ask here.
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        ShutdownReport { cut, thread_ended: thread.is_none_or(|thread| thread.join().is_ok()) }
    }

    fn thread_ended(&self) -> bool {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        thread.as_ref().is_none_or(JoinHandle::is_finished)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shutdown(DROP_DEADLINE);
    }
}

fn runtime(socket: Bound) -> io::Result<(Runtime, Listener)> {
    let runtime = Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .thread_name(format!("{}scrape", threads::NAME_PREFIX))
        .on_thread_start(threads::list_current)
        .max_blocking_threads(WORKERS)
        .build()?;
    let listener = {
        let _context = runtime.enter();
        socket.listen()?
    };
    Ok((runtime, listener))
}

fn run(
    runtime: Runtime,
    acceptor: Acceptor,
    stopped: oneshot::Receiver<Duration>,
    ended: &SyncSender<usize>,
) {
    let connections = LocalSet::new();
    let cut = connections.block_on(&runtime, acceptor.run(stopped));
    drop(connections);
    // Dropping the runtime would wait for closures on worker threads, for ever if one hangs.
    runtime.shutdown_background();
    let _ = ended.send(cut);
}
