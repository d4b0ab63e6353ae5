//! Where a request ends and the next begins.

use super::{Closed, Open, case, check, request};

const JSON: &str = "Content-Type: application/json";
const CHUNKED: &str = "Transfer-Encoding: chunked";

#[test]
fn pipelined_requests_are_answered_in_order() {
    let get = |path: &str| request(&format!("GET {path}"), &[]);
    let post = request("POST /events", &[JSON, "Content-Length: 2"]) + "{}";
    let chunks = request("POST /events", &[JSON, CHUNKED]) + "2\r\n{}\r\n0\r\n\r\n";
    let bad = "junk\r\n\r\n".to_owned();
    let body = request("GET /live", &["Content-Length: 60"]);
    check([
        case("three", [get("/live"), get("/nowhere"), get("/metrics")].concat(), &[200, 404, 200], Open),
        case("a hundred", get("/live").repeat(100), &[200; 100], Open),
        case(
            "bodies between",
            [&*post, &get("/live"), &chunks, &get("/live")].concat(),
            &[202, 200, 202, 200],
            Open,
        ),
        case("one is malformed", [get("/live"), bad, get("/live")].concat(), &[200, 400], Closed),
        // What looks like a request is the body that was announced.
        case("one hides in a refused body", body + &get("/metrics"), &[400], Closed),
        case(
            "one comes after the last",
            request("GET /live", &["Connection: close"]) + &get("/live"),
            &[200],
            Closed,
        ),
        case("after CONNECT", request("CONNECT localhost:80", &[]) + &get("/live"), &[405, 200], Open),
    ]);
}

#[test]
fn expectations() {
    let expect = "Expect: 100-continue";
    let length = "Content-Length: 2";
    let post = |headers: &[&str], body: &str| request("POST /events", headers) + body;
    check([
        case("without a body", request("GET /live", &[expect]), &[200], Open),
        case("with a body at once", post(&[JSON, length, expect], "{}"), &[100, 202], Open),
        case("in capital letters", post(&[JSON, length, "EXPECT: 100-CONTINUE"], "{}"), &[100, 202], Open),
        case("with chunks", post(&[JSON, CHUNKED, expect], "0\r\n\r\n"), &[100, 202], Open),
        case("a body of nothing", post(&[JSON, "Content-Length: 0", expect], ""), &[202], Open),
        case("of another kind", post(&[JSON, length, "Expect: 200-ok"], "{}"), &[202], Open),
        case("a body where none belongs", request("GET /live", &[length, expect]), &[400], Closed),
        case(
            "a type that is not taken",
            post(&["Content-Type: text/plain", length, expect], ""),
            &[415],
            Closed,
        ),
    ]);
}

#[test]
fn lengths_that_are_none_or_disagree() {
    let post = |headers: &[&str]| request("POST /events", &[&[JSON], headers].concat()) + "{}";
    let refused = [
        &["Content-Length: 1", "Content-Length: 2"][..],
        &["Content-Length: 2", "Content-Length: 2", "Content-Length: 3"],
        &["Content-Length: 2, 2"],
        &["Content-Length: 2 2"],
        &["Content-Length: +2"],
        &["Content-Length: -2"],
        &["Content-Length: 0x2"],
        &["Content-Length: 2.0"],
        &["Content-Length: two"],
        &["Content-Length:"],
        &["Content-Length: 18446744073709551618"],
        &["Content-Length : 2"],
    ];
    let passed =
        [&["Content-Length: 2"][..], &["Content-Length: 2", "content-length: 2"], &["Content-Length: 002"]];
    check(
        refused
            .map(|headers| case(format!("{headers:?}"), post(headers), &[400], Closed))
            .into_iter()
            .chain(passed.map(|headers| case(format!("{headers:?}"), post(headers), &[202], Open)))
            .chain([
                case("18 EiB", post(&["Content-Length: 18446744073709551613"]), &[413], Closed),
                // The last two numbers have a meaning of their own in hyper, which calls them too large.
                case("18 EiB and more", post(&["Content-Length: 18446744073709551615"]), &[431], Closed),
            ]),
    );
}

#[test]
fn transfer_codings_other_than_chunks_alone() {
    let post =
        |headers: &[&str]| request("POST /events", &[&[JSON], headers].concat()) + "2\r\n{}\r\n0\r\n\r\n";
    let refused = [
        &["Transfer-Encoding: gzip"][..],
        &["Transfer-Encoding: chunked, gzip"],
        &["Transfer-Encoding: gzip, chunked"],
        &["Transfer-Encoding: gzip", CHUNKED],
        &[CHUNKED, "Transfer-Encoding: gzip"],
        &["Transfer-Encoding: chunked, chunked"],
        &[CHUNKED, CHUNKED],
        &["Transfer-Encoding: identity"],
        &["Transfer-Encoding: identity, chunked"],
        &["Transfer-Encoding: ,chunked"],
        &["Transfer-Encoding: xchunked"],
        &["Transfer-Encoding: chunked;q=1"],
        &["Transfer-Encoding:"],
        &["Transfer-Encoding: \x0bchunked"],
        &["Transfer-Encoding : chunked"],
        &["Content-Length: 2", "Transfer-Encoding: gzip"],
    ];
    let passed = [&[CHUNKED][..], &["TRANSFER-ENCODING: CHUNKED"], &["Transfer-Encoding: \t chunked \t"]];
    check(
        refused
            .map(|headers| case(format!("{headers:?}"), post(headers), &[400], Closed))
            .into_iter()
            .chain(passed.map(|headers| case(format!("{headers:?}"), post(headers), &[202], Open))),
    );
}

#[test]
fn where_length_and_chunks_disagree_the_chunks_hold_and_nothing_comes_after() {
    let chunks = "2\r\n{}\r\n0\r\n\r\n";
    let behind = request("GET /live", &[]);
    check(
        [["Content-Length: 40", CHUNKED], [CHUNKED, "Content-Length: 1"], [CHUNKED, "Content-Length: x"]]
            .map(|[one, other]| {
                let sent = request("POST /events", &[JSON, one, other]) + chunks + &behind;
                // Whoever sent it may have meant what follows as something else.
                case(format!("{one}, {other}"), sent, &[202], Closed)
            }),
    );
    let old = "POST /events HTTP/1.0\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    check([case("chunks in HTTP/1.0", [old, chunks].concat(), &[400], Closed)]);
}

#[test]
fn chunks_with_sizes_that_are_none() {
    let post = |chunks: &str| request("POST /events", &[JSON, CHUNKED]) + chunks;
    let long_size = format!("{}2\r\n{{}}\r\n0\r\n\r\n", "0".repeat(14));
    let long_extension = format!("2;{}\r\n{{}}\r\n0\r\n\r\n", "x".repeat(100_000));
    let many_trailers = format!("0\r\n{}\r\n", "X: 1\r\n".repeat(10_000));
    let refused = [
        "zz\r\n",
        "\r\n{}\r\n0\r\n\r\n",
        "-1\r\n",
        "+2\r\n{}\r\n0\r\n\r\n",
        "0x2\r\n{}\r\n0\r\n\r\n",
        "2.0\r\n",
        ";x\r\n",
        "2\n{}\r\n0\r\n\r\n",
        "2;x\n{}\r\n0\r\n\r\n",
        "2\r{}\r\n0\r\n\r\n",
        "2\r\n{}0\r\n\r\n",
        "2\r\n{}\n0\r\n\r\n",
        "1\r\n{}\r\n0\r\n\r\n",
        "2\0\r\n{}\r\n0\r\n\r\n",
        "10000000000000000\r\n{}\r\n",
        "ffffffffffffffffff\r\n{}\r\n",
        "0\r\nno colon\r\n\r\n",
        &long_extension,
        &many_trailers,
    ];
    let passed = [
        "0\r\n\r\n",
        "00\r\n\r\n",
        &long_size,
        "2\r\n{}\r\n0\r\n\r\n",
        "2;name=value\r\n{}\r\n0;last\r\n\r\n",
        "1\r\n{\r\n1\r\n}\r\n0\r\nX-Trailer: 1\r\n\r\n",
        "a\r\n[1,2,3,45]\r\nB\r\n           \r\n000\r\n\r\n",
    ];
    let show = |chunks: &str| format!("{:?}", &chunks[..chunks.len().min(40)]);
    check(
        refused
            .map(|chunks| case(show(chunks), post(chunks), &[400], Closed))
            .into_iter()
            .chain(passed.map(|chunks| case(show(chunks), post(chunks), &[202], Open))),
    );
}

#[test]
fn bodies_where_none_belongs() {
    let lines = [("GET /live", 400), ("GET /nowhere", 404), ("POST /live", 405)];
    let command = ["Authorization: Bearer secret", "Content-Length: 2"];
    check(
        lines
            .into_iter()
            .flat_map(|(line, status)| {
                [
                    case(line, request(line, &["Content-Length: 5"]) + "{\"a\"}", &[status], Closed),
                    // It is not waited for.
                    case(line, request(line, &["Content-Length: 5"]), &[status], Closed),
                    case(line, request(line, &[CHUNKED]) + "0\r\n\r\n", &[status], Closed),
                ]
            })
            .chain([
                case("a length of nothing", request("GET /live", &["Content-Length: 0"]), &[200], Open),
                case("a command", request("POST /config/reload", &command) + "{}", &[400], Closed),
                case(
                    "more than all bounds",
                    request("GET /live", &["Content-Length: 9999999999"]),
                    &[400],
                    Closed,
                ),
            ]),
    );
}
