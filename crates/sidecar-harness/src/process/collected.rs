//! What a stream has said so far.

use std::io::Read;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

/// Read by a thread of its own, so that a full pipe never holds the program up.
#[derive(Debug)]
pub(super) struct Collected {
    bytes: Arc<Mutex<Vec<u8>>>,
    thread: Option<JoinHandle<()>>,
}

impl Collected {
    /// Nothing, if there is no stream.
    pub(super) fn from<R: Read + Send + 'static>(stream: Option<R>) -> Self {
        let bytes = Arc::<Mutex<Vec<u8>>>::default();
        let thread = stream.map(|mut stream| {
            let bytes = Arc::clone(&bytes);
            thread::spawn(move || {
                let mut chunk = [0; 4 << 10];
                while let Ok(read @ 1..) = stream.read(&mut chunk) {
                    bytes.lock().expect("no panic").extend_from_slice(&chunk[..read]);
                }
            })
        });
        Self { bytes, thread }
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().expect("no panic")).into_owned()
    }

    /// All of it, once the stream has ended.
    pub(super) fn whole(&mut self) -> String {
        self.thread.take().into_iter().for_each(|thread| thread.join().expect("no panic"));
        self.text()
    }
}
