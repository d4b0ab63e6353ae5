//! `POST /events`.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use sidecar_http::{Batch, BatchFormat, Endpoints, Server};

use crate::routes::start;
use sidecar_harness::eventually;
use sidecar_harness::http::Client;

const JSON: &str = "Content-Type: application/json";
const NDJSON: &str = "Content-Type: application/x-ndjson";
const GZIP: &str = "Content-Encoding: gzip";
const MIB: usize = 1 << 20;

fn sink() -> (Server, Arc<Mutex<Vec<Batch>>>) {
    let taken = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&taken);
    let endpoints = Endpoints::builder().ingest(move |batch| sink.lock().expect("no panic").push(batch));
    (start(endpoints), taken)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

#[test]
fn a_body_reaches_the_closure_with_its_format_and_is_answered_202() {
    let (server, taken) = sink();
    let mut client = Client::to(server.local_addr());
    let reply = client.post(&[JSON], r#"{"event_type":"a"}"#);
    assert_eq!((reply.status, reply.body.as_str()), (202, "null"));
    assert_eq!(client.post(&["Content-Type: Application/X-NDJSON; charset=utf-8"], "{}\n{}\n").status, 202);
    assert_eq!(client.post(&[NDJSON, GZIP], gzip(b"packed\n")).status, 202);
    assert_eq!(client.post(&[NDJSON, "Content-Encoding: identity"], "").status, 202);
    let members = [gzip(b"one\n"), gzip(b"two\n")].concat();
    assert_eq!(client.post(&[NDJSON, GZIP], members).status, 202);
    let taken = taken.lock().expect("no panic");
    let found: Vec<_> = taken.iter().map(|batch| (batch.format, &batch.body[..])).collect();
    assert_eq!(
        found,
        [
            (BatchFormat::Json, &br#"{"event_type":"a"}"#[..]),
            (BatchFormat::NdJson, b"{}\n{}\n"),
            (BatchFormat::NdJson, b"packed\n"),
            (BatchFormat::NdJson, b""),
            (BatchFormat::NdJson, b"one\ntwo\n"),
        ]
    );
}

#[test]
fn chunks_and_expect_continue_work() {
    let (server, taken) = sink();
    let mut client = Client::to(server.local_addr());
    client.request("POST /events", &[JSON, "Transfer-Encoding: chunked"]);
    client.send("3\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: 1\r\n\r\n");
    assert_eq!(client.reply().status, 202);
    client.request("POST /events", &[JSON, "Content-Length: 2", "Expect: 100-continue"]);
    assert_eq!(client.head_reply().status, 100);
    assert_eq!(client.send("fg").reply().status, 202);
    let taken = taken.lock().expect("no panic");
    assert_eq!((&taken[0].body[..], &taken[1].body[..]), (&b"abcde"[..], &b"fg"[..]));
}

#[test]
fn another_type_or_encoding_is_a_415() {
    let (server, taken) = sink();
    for headers in [
        &[][..],
        &["Content-Type: text/plain"],
        &["Content-Type: application/jsonx"],
        &[JSON, NDJSON],
        &[JSON, "Content-Encoding: br"],
        &[JSON, "Content-Encoding: gzip, gzip"],
        &[JSON, GZIP, GZIP],
    ] {
        let reply = Client::to(server.local_addr()).post(headers, "{}");
        reply.assert_error(415);
        assert_eq!(reply.header("connection"), Some("close"), "{headers:?}");
    }
    assert!(taken.lock().expect("no panic").is_empty());
}

#[test]
fn one_mebibyte_passes_and_one_byte_more_does_not() {
    let (server, taken) = sink();
    let (fits, too_much) = (vec![b'x'; MIB], vec![b'x'; MIB + 1]);
    assert_eq!(Client::to(server.local_addr()).post(&[JSON], &fits).status, 202);
    assert_eq!(Client::to(server.local_addr()).post(&[JSON, GZIP], gzip(&fits)).status, 202);
    Client::to(server.local_addr()).post(&[JSON], &too_much).assert_error(413);
    Client::to(server.local_addr()).post(&[JSON, GZIP], gzip(&too_much)).assert_error(413);
    let mut chunked = Client::to(server.local_addr());
    chunked.request("POST /events", &[JSON, "Transfer-Encoding: chunked"]);
    chunked.send(format!("{:x}\r\n", too_much.len())).send(&too_much).reply().assert_error(413);
    assert_eq!(taken.lock().expect("no panic").len(), 2);
}

#[test]
fn a_declared_length_over_the_limit_is_refused_before_the_body_and_without_a_reset() {
    let (server, _) = sink();
    let mut client = Client::to(server.local_addr());
    let length = format!("Content-Length: {}", 3 * MIB);
    client.request("POST /events", &[JSON, &length]).reply().assert_error(413);
    let mut expecting = Client::to(server.local_addr());
    expecting.request("POST /events", &[JSON, &length, "Expect: 100-continue"]).reply().assert_error(413);
    // A client that sends everything before it reads still finds the answer.
    let mut eager = Client::to(server.local_addr());
    eager.request("POST /events", &[JSON, &length]).send(vec![b'x'; 3 * MIB]);
    eager.reply().assert_error(413);
}

#[test]
fn a_gzip_bomb_is_a_413() {
    let (server, taken) = sink();
    let bomb = gzip(&vec![0; 128 * MIB]);
    assert!(bomb.len() < MIB);
    Client::to(server.local_addr()).post(&[JSON, GZIP], bomb).assert_error(413);
    assert!(taken.lock().expect("no panic").is_empty());
}

#[test]
fn gzip_that_cannot_be_read_is_a_400() {
    let (server, taken) = sink();
    let whole = gzip(b"some text that is long enough to be cut");
    let mut damaged = whole.clone();
    damaged[15] ^= 0xff;
    let trailing = [&whole[..], b"trailing"].concat();
    for body in [&b"plain text"[..], b"", &whole[..whole.len() - 3], &damaged, &trailing] {
        Client::to(server.local_addr()).post(&[JSON, GZIP], body).assert_error(400);
    }
    assert!(taken.lock().expect("no panic").is_empty());
}

#[test]
fn a_body_that_ends_early_or_has_bad_chunks_never_reaches_the_closure() {
    let (server, taken) = sink();
    let mut early = Client::to(server.local_addr());
    early.request("POST /events", &[JSON, "Content-Length: 10"]).send("half").stop_sending();
    early.until_closed();
    let mut bad = Client::to(server.local_addr());
    bad.request("POST /events", &[JSON, "Transfer-Encoding: chunked"]).send("zz\r\n");
    bad.reply().assert_error(400);
    assert!(taken.lock().expect("no panic").is_empty());
}

#[test]
fn bodies_under_way_share_a_bound() {
    let endpoints = Endpoints::builder().ingest(|_| ()).body_deadline(Duration::from_secs(300));
    let server = start(endpoints);
    let length = format!("Content-Length: {MIB}");
    // Eight unfinished bodies leave room for eight bytes, so the ninth is one too many, or makes another so.
    let mut holders: Vec<(usize, Client)> = [MIB - 1; 8]
        .into_iter()
        .chain([1000])
        .map(|sent| {
            let mut client = Client::to(server.local_addr());
            client.request("POST /events", &[JSON, &length]).send(vec![b'x'; sent]);
            (sent, client)
        })
        .collect();
    let mut refused = None;
    eventually("one body is refused", || {
        refused = holders.iter().position(|(_, client)| client.has_answer());
        refused.is_some()
    });
    let reply = holders.remove(refused.expect("just seen")).1.reply();
    reply.assert_error(503);
    assert_eq!(reply.header("retry-after"), Some("1"));
    // The others go on, and what the refused one held is room again.
    assert_eq!(Client::to(server.local_addr()).post(&[JSON], "{}").status, 202);
    for (sent, mut holder) in holders {
        assert!(!holder.has_answer());
        assert_eq!(holder.send(vec![b'x'; MIB - sent]).reply().status, 202);
    }
}
