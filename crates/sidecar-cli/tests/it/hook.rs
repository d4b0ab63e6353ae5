//! A webhook's other end.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What to do with a post.
#[derive(Clone, Copy)]
pub(crate) enum Manner {
    Answer(u16),
    /// Answers the first post of all with this, and the others with 200.
    AtFirst(u16),
    /// Accepts, reads, and never answers.
    Silent,
}

/// Where nobody listens: the discard port, which no system hands out.
pub(crate) const ABSENT: &str = "http://127.0.0.1:9/hook";

/// A server on a loopback port. Its thread ends with the test program.
pub(crate) struct Hook {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Hook {
    pub(crate) fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}/hook", listener.local_addr().expect("bound"));
        let requests = Arc::<Mutex<Vec<Request>>>::default();
        let seen = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let seen = Arc::clone(&seen);
                thread::spawn(move || drop(serve(stream, manner, &seen)));
            }
        });
        Self { url, requests }
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("no panic").clone()
    }
}

fn serve(stream: TcpStream, manner: Manner, seen: &Mutex<Vec<Request>>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head)? == 0 {
                return Ok(());
            }
        }
        let lower = head.to_ascii_lowercase();
        let length = lower.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        reader.read_exact(&mut body)?;
        let is_first = {
            let mut seen = seen.lock().expect("no panic");
            seen.push(Request { head, body });
            seen.len() == 1
        };
        match manner {
            Manner::Answer(status) | Manner::AtFirst(status) => {
                let is_over = matches!(manner, Manner::AtFirst(_)) && !is_first;
                let status = if is_over { 200 } else { status };
                // In one piece: a second one would wait for the first to be acknowledged.
                let answer = format!("HTTP/1.1 {status} Whatever\r\nContent-Length: 0\r\n\r\n");
                (&stream).write_all(answer.as_bytes())?;
            }
            // Until the other side gives up.
            Manner::Silent => drop(reader.read(&mut [0])?),
        }
    }
}
