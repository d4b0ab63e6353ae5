//! What goes wrong around the host: handlers, checks, files, clients.

use super::MAX_MEMORY_MB;
use crate::reloading::File;
use sidecar_runtime::SidecarHandle;
use sidecar_testkit::{Draws, Script, Step};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

/// What hangs until it is told to go on.
#[derive(Debug)]
pub(crate) struct Faults {
    pub(crate) hang_check: Arc<AtomicBool>,
    pub(crate) check: Script,
    hang_handler: Arc<AtomicBool>,
    pub(crate) handler: Script,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            hang_check: Arc::default(),
            check: Script::always(Step::Hang),
            hang_handler: Arc::new(AtomicBool::new(true)),
            handler: Script::always(Step::Hang),
        }
    }
}

impl Faults {
    /// Nothing hangs any more, now or later.
    pub(crate) fn end(&self) {
        self.hang_check.store(false, SeqCst);
        self.hang_handler.store(false, SeqCst);
        // Whoever has read the flag before enters afterwards.
        let (check, handler) = (self.check.clone(), self.handler.clone());
        thread::spawn(move || {
            loop {
                check.release();
                handler.release();
                thread::sleep(Duration::from_millis(5));
            }
        });
    }
}

/// Panics that were told to are not written down: thousands of backtraces would read all that debuggers know of this
/// program into its memory.
pub(crate) fn hush() {
    let loud = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        // A script that is told to hang gives up after a minute.
        let told = |said: &str| said.contains("as it was told to") || said.contains("was to hang");
        if !panic.payload_as_str().is_some_and(told) {
            loud(panic);
        }
    }));
}

pub(crate) fn register_handlers(sidecar: &SidecarHandle, faults: &Faults) {
    sidecar.register_handler("panics", |_| panic!("a handler panics, as it was told to"));
    let (hangs, handler) = (Arc::clone(&faults.hang_handler), faults.handler.clone());
    sidecar.register_handler("hangs", move |_| {
        if hangs.load(SeqCst) {
            handler.handle();
        }
    });
}

/// A configuration that differs from the one before, and now and then switches everything off.
pub(crate) fn good(number: u64) -> String {
    let (events, queue, is_enabled) =
        ([1.0, 0.5][(number % 2) as usize], 2_000 + number % 3 * 1_000, number % 10 != 9);
    format!(
        "runtime:\n  sidecar:\n    enabled: {is_enabled}\n    sampling: {{ events: {events:?}, debug_logs: 0.1 }}\n    \
         resources: {{ max_memory_mb: {MAX_MEMORY_MB:?}, max_queue_size: {queue} }}\n    handlers: {{ timeout: 0.2, \
         suspend_after: 100, suspend_for: 0.1 }}\n"
    )
}

/// Good, cut in half, and garbage, again and again; found by the watch, and asked for.
pub(crate) fn rewrite(file: &File, sidecar: &SidecarHandle, stop: &AtomicBool) {
    for number in 0.. {
        if stop.load(SeqCst) {
            return;
        }
        let whole = good(number);
        match number % 4 {
            0 | 1 => file.write(&whole),
            2 => file.write(&whole[..whole.len() / 2]),
            _ => file.write("}{ \u{0}: [no: yaml"),
        }
        let _ = sidecar.reload_config();
        thread::sleep(Duration::from_millis(20));
    }
}

/// Clients that ask as fast as they can, go away in the middle, talk nonsense, or do not read.
pub(crate) fn flood(address: SocketAddr, seed: u64, stop: &AtomicBool) {
    let mut draws = Draws::seeded(seed);
    let mut unread = Vec::new();
    while !stop.load(SeqCst) {
        let Ok(mut stream) = TcpStream::connect(address) else { continue };
        let _ = stream.set_read_timeout(Some(Duration::from_millis(200)));
        let _ = stream.set_write_timeout(Some(Duration::from_millis(200)));
        let path =
            ["/metrics", "/health", "/ready", "/events/stats", "/performance", "/"][draws.below(6) as usize];
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let _ = match draws.below(4) {
            0 => stream.write_all(&request.as_bytes()[..request.len() / 2]),
            1 => stream.write_all(&draws.seed().to_le_bytes().repeat(100)),
            2 => {
                let sent = stream.write_all(request.repeat(3).as_bytes());
                unread.push(stream);
                unread.truncate(20);
                sent
            }
            _ => stream
                .write_all(request.as_bytes())
                .and_then(|()| stream.read_to_end(&mut Vec::new()).map(drop)),
        };
        thread::sleep(Duration::from_millis(2));
    }
}
