//! The ready-made checks, against what they check.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use sidecar_harness::PATIENCE;
use sidecar_health::{CheckOutcome, Status, checks};

/// For what is expected to hang: as short as can be, for nothing is lost by waiting too short a time.
const SHORT: Duration = Duration::from_millis(20);

fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("it is bound");
    (listener, address)
}

/// Answers one connection.
fn serve(answer: impl FnOnce(TcpStream) + Send + 'static) -> (SocketAddr, JoinHandle<()>) {
    let (listener, address) = listener();
    let server = thread::spawn(move || answer(listener.accept().expect("a connection").0));
    (address, server)
}

fn get(address: SocketAddr, timeout: Duration) -> CheckOutcome {
    checks::http_get(&format!("http://{address}/ready?full"), timeout).expect("a good address")()
}

#[test]
fn a_port_is_open_or_it_is_not() {
    let (listener, address) = listener();
    let mut check = checks::tcp(address.to_string(), PATIENCE);
    assert_eq!(check().status(), Status::Healthy);
    drop(listener);
    let refused = check();
    assert_eq!(refused.status(), Status::Unhealthy);
    assert!(refused.message().is_some_and(|message| !message.is_empty()));
    assert_eq!(checks::tcp("no port", PATIENCE)().status(), Status::Unhealthy);
}

#[test]
fn a_get_asks_for_the_path_and_goes_by_the_status() {
    for (status, wanted) in
        [(200, Status::Healthy), (302, Status::Healthy), (404, Status::Unhealthy), (503, Status::Unhealthy)]
    {
        let (address, server) = serve(move |mut stream| {
            let mut request = vec![0; 1_024];
            let read = stream.read(&mut request).expect("a request");
            let request = String::from_utf8_lossy(&request[..read]).into_owned();
            assert!(request.starts_with("GET /ready?full HTTP/1.1\r\nHost: 127.0.0.1:"), "{request}");
            write!(stream, "HTTP/1.1 {status} Whatever\r\ncontent-length: 0\r\n\r\n").expect("it listens");
        });
        let outcome = get(address, PATIENCE);
        assert_eq!(outcome.status(), wanted);
        assert_eq!(outcome.numbers().collect::<Vec<_>>(), [("status", f64::from(status))]);
        server.join().expect("the request was as it should be");
    }
}

#[test]
fn a_server_that_says_nothing_is_given_up() {
    let (_listener, address) = listener();
    let outcome = get(address, SHORT);
    assert_eq!(outcome.status(), Status::Unhealthy);
    assert_eq!(outcome.message(), Some("timed out while waiting for the status line"));
}

#[test]
fn one_byte_after_the_other_does_not_keep_it_waiting() {
    let (address, server) = serve(|mut stream| {
        while stream.write_all(b"H").is_ok() {
            thread::sleep(Duration::from_millis(1));
        }
    });
    // Ends at the time-out, or at the bound of what is read.
    assert_eq!(get(address, SHORT).status(), Status::Unhealthy);
    server.join().expect("the connection was closed");
}

#[test]
fn an_endless_answer_is_read_up_to_a_bound() {
    let (address, server) = serve(|mut stream| while stream.write_all(&[b'x'; 4_096]).is_ok() {});
    assert_eq!(get(address, PATIENCE).message(), Some("the answer is not one of HTTP/1"));
    server.join().expect("the connection was closed");
}

#[cfg(all(unix, feature = "disk"))]
#[test]
fn free_space_is_judged_by_the_minimum() {
    let here = std::env::temp_dir();
    let enough = checks::disk_space(&here, 1)();
    assert_eq!(enough.numbers().map(|(name, _)| name).collect::<Vec<_>>(), ["free_bytes", "total_bytes"]);
    assert!(enough.status().is_up());
    assert_eq!(checks::disk_space(&here, u64::MAX)().status(), Status::Unhealthy);
    assert_eq!(checks::disk_space("/no/such/place", 1)().status(), Status::Unhealthy);
}

#[cfg(feature = "tokio")]
#[test]
fn a_watched_value_is_judged_while_somebody_can_send() {
    let (sender, receiver) = tokio::sync::watch::channel(0);
    let mut check = checks::watch(receiver, |length| length < 10);
    assert_eq!(check().status(), Status::Healthy);
    sender.send_replace(10);
    assert_eq!(check().status(), Status::Unhealthy);
    drop(sender);
    assert_eq!(check().message(), Some("the sender is gone"));
}
