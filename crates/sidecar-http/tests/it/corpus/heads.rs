//! Header lines: their letters, their number and their size.

use sidecar_harness::http::Client;

use super::{Closed, Open, case, check, request};

#[test]
fn header_lines_with_bytes_that_do_not_belong() {
    let with = |line: &[u8]| [&b"GET /live HTTP/1.1\r\nHost: localhost\r\n"[..], line, b"\r\n\r\n"].concat();
    let refused = [
        &b"no colon"[..],
        b": no name",
        b"X : space before the colon",
        b" X: space before the name",
        b"X\0: NUL in the name",
        b"X\x01: control byte in the name",
        b"X\x7f: DEL in the name",
        b"X\xff: high byte in the name",
        b"X(): brackets in the name",
        b"X: NUL \0",
        b"X: control byte \x01",
        b"X: escape \x1b[2J",
        b"X: DEL \x7f",
        b"X: lone return \rY: 1",
        b"X: folded\r\n into two lines",
        b"X: folded\r\n\tinto two lines",
    ];
    let passed = [
        &b"X:"[..],
        b"X:1",
        b"X: \t 1 \t ",
        b"X: tab\tbetween",
        b"X: high byte \xff",
        b"x!#$%&'*+-.^_`|~: 1",
    ];
    let show = |line: &[u8]| String::from_utf8_lossy(line).into_owned();
    check(
        refused
            .map(|line| case(show(line), with(line), &[400], Closed))
            .into_iter()
            .chain(passed.map(|line| case(show(line), with(line), &[200], Open))),
    );
}

#[test]
fn lines_that_end_in_a_bare_line_feed() {
    let lone = "GET /live HTTP/1.1\nHost: localhost\n\n";
    check([
        case("all", lone, &[200], Open),
        case("some", "GET /live HTTP/1.1\r\nHost: localhost\n\r\n", &[200], Open),
        case("in a row", lone.repeat(3), &[200, 200, 200], Open),
        // What is a line of its own to some is one to us too: no value can hold it.
        case("within a value", "GET /live HTTP/1.1\r\nX: 1\nHost: evil.example\r\n\r\n", &[421], Open),
    ]);
}

#[test]
fn hosts() {
    let with = |lines: &str| format!("GET /live HTTP/1.1\r\n{lines}\r\n");
    check(
        [
            ("", 400),
            ("Host: localhost\r\nHost: localhost\r\n", 400),
            ("Host: localhost\r\nhOST: evil.example\r\n", 400),
            ("Host: localhost\r\nX: 1\r\nHost:\r\n", 400),
            ("Host:\r\n", 421),
            ("Host: localhost, evil.example\r\n", 421),
            ("Host: localhost evil.example\r\n", 421),
            ("Host: user@localhost\r\n", 421),
            ("Host: localhost:80:80\r\n", 421),
            ("Host: localhost:8x\r\n", 421),
            ("Host: local\tt\r\n", 421),
            ("Host: http://localhost\r\n", 421),
            ("Host: [::1\r\n", 421),
            ("Host: [::1%25lo]\r\n", 421),
            ("Host: 127.1\r\n", 421),
            ("Host: 2130706433\r\n", 421),
            ("Host: localhos\u{287}\r\n", 421),
            ("Host: \t localhost \t \r\n", 200),
            ("Host: LOCALHOST.:65536\r\n", 200),
        ]
        .map(|(lines, status)| case(format!("{lines:?}"), with(lines), &[status], Open)),
    );
}

/// A head of exactly this many bytes.
fn head_of(bytes: usize) -> String {
    let bare = request("GET /live", &["X: "]).len();
    request("GET /live", &[&format!("X: {}", "x".repeat(bytes - bare))])
}

#[test]
fn heads_up_to_their_bounds_and_beyond() {
    let lines = |count: usize| {
        // The host is one more.
        let lines: Vec<String> = (1..count).map(|n| format!("X-{n}: 1")).collect();
        request("GET /live", &lines.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let path = |length: usize| request(&format!("GET /{}", "x".repeat(length)), &[]);
    let query = |length: usize| request(&format!("GET /live?{}", "x".repeat(length)), &[]);
    check([
        case("8 KiB", head_of(8192), &[200], Open),
        case("8 KiB and a byte", head_of(8193), &[431], Closed),
        case("12 KiB", head_of(12 << 10), &[431], Closed),
        case("1 MiB in one line", head_of(1 << 20), &[431], Closed),
        case("64 lines", lines(64), &[200], Open),
        case("65 lines", lines(65), &[431], Closed),
        case("100 000 lines", lines(100_000), &[431], Closed),
        case("a long path", path(8000), &[404], Open),
        case("a path that is too long", path(9000), &[431], Closed),
        case("a path of 1 MiB", path(1 << 20), &[431], Closed),
        case("a long query", query(8000), &[200], Open),
        case("a query that is too long", query(70_000), &[431], Closed),
        case("a long method", request(&format!("{} /live", "M".repeat(8000)), &[]), &[405], Open),
        case("blank lines beyond all bounds", "\r\n".repeat(100_000), &[431], Closed),
    ]);
}

#[test]
fn a_head_that_comes_in_pieces_has_the_same_bound() {
    let server = super::patient();
    let to = || Client::to(server.local_addr());
    for (bytes, status) in [(8192, 200), (8193, 431), (16_000, 431)] {
        for first in [1, 100, 4096, 8000, 8191] {
            let head = head_of(bytes);
            let mut client = to();
            // Room that an earlier request has left is no room for a larger one.
            assert_eq!(client.ask("GET /live", &[]).status, 200);
            client.send(&head[..first]);
            // The first piece is in the server by now: one that came later was answered.
            assert_eq!(to().ask("GET /live", &[]).status, 200);
            assert_eq!(client.send(&head[first..]).reply().status, status, "{first} of {bytes}");
        }
    }
}
