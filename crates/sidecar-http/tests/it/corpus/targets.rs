//! Request lines: methods, targets and versions.

use super::{Closed, Ended, Open, case, check, request};

#[test]
fn targets_in_every_form() {
    check(
        [
            ("a query", "GET /live?verbose&x=1", 200),
            ("an empty query", "GET /live?", 200),
            ("bad percent escapes in the query", "GET /live?%&%zz&%c3", 200),
            ("a fragment", "GET /live#here", 200),
            ("an absolute form", "GET http://localhost/live", 200),
            ("an absolute form without a path", "GET http://127.0.0.1:1", 200),
            ("an absolute form with a foreign host", "GET http://evil.example/live", 421),
            ("an absolute form with a user", "GET http://user@localhost/live", 421),
            ("another scheme", "GET ftp://localhost/live", 200),
            ("an authority alone", "GET localhost:80", 400),
            ("a name alone", "GET live", 421),
            ("a foreign authority alone", "GET evil.example:80", 421),
            ("CONNECT to us", "CONNECT localhost:80", 405),
            ("CONNECT to another", "CONNECT evil.example:443", 421),
            ("CONNECT with a path", "CONNECT /live", 405),
            ("OPTIONS of all", "OPTIONS *", 404),
            ("GET of all", "GET *", 404),
            ("OPTIONS of one", "OPTIONS /live", 405),
            ("a method in small letters", "get /live", 405),
            ("a method that nobody knows", "M-SEARCH /live", 405),
            ("TRACE", "TRACE /live", 405),
            ("two slashes", "GET //live", 404),
            ("dots", "GET /x/../live", 404),
            ("an escape in a plain path", "GET /%6cive", 404),
            ("a lone percent sign", "GET /live%", 404),
            ("half an escape", "GET /live%2", 404),
            ("an escape that is none", "GET /live%zz", 404),
            ("an escaped NUL", "GET /live%00", 404),
            ("an escaped slash", "GET /%2flive", 404),
            ("letters beyond ASCII", "GET /l\u{ef}ve", 404),
        ]
        .map(|(what, line, status)| case(what, request(line, &[]), &[status], Open)),
    );
}

#[test]
fn names_of_breakers_in_the_path() {
    let headers = ["Authorization: Bearer secret", "Content-Length: 0"];
    check(
        [
            ("payments", 200),
            ("%70ayments", 200),
            ("%50ayments", 404),
            ("payments%00", 404),
            ("payments%", 404),
            ("payments%2", 404),
            ("payments%2g", 404),
            ("payments%ff", 404),
            ("%c3%28", 404),
            ("%ed%a0%80", 404),
            ("payments%2ftrip", 404),
            ("..", 404),
            ("", 404),
        ]
        .map(|(name, status)| {
            let line = format!("POST /circuit-breakers/{name}/trip");
            case(format!("{name:?}"), request(&line, &headers), &[status], Open)
        }),
    );
}

#[test]
fn request_lines_that_are_none() {
    check(
        [
            "GET\r\n\r\n",
            "GET /live\r\n\r\n",
            "GET /live HTTP/1.1 x\r\n\r\n",
            "GET /live x HTTP/1.1\r\n\r\n",
            "GET /live HTTP/0.9\r\n\r\n",
            "GET /live HTTP/1.2\r\n\r\n",
            "GET /live HTTP/2.0\r\n\r\n",
            "GET /live HTTP/9.9\r\n\r\n",
            "GET /live http/1.1\r\n\r\n",
            "GET /live HTTP/1.1\rHost: localhost\r\r",
            "GET live/x HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET http:///live HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET http://[::1/live HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "CONNECT http://localhost:80:80 HTTP/1.1\r\nHost: localhost\r\n\r\n",
            " GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "G\0T /live HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "G(T /live HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET /li\0ve HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET /li\x01ve HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET /li\tve HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET /li\x7fve HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET /live?\x1b[2J HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "\x16\x03\x01\x02\x00\x01\x00\x01\r\n\r\n",
            "SSH-2.0-OpenSSH_9.6\r\n",
            "{}\r\n\r\n",
        ]
        .map(|sent| case(format!("{sent:?}"), sent, &[400], Closed)),
    );
}

#[test]
fn versions_and_what_becomes_of_their_connections() {
    let foreign = "GET /live HTTP/1.0\r\nHost: evil.example\r\n\r\n";
    check([
        case("HTTP/1.0", "GET /live HTTP/1.0\r\n\r\n", &[200], Ended),
        case("HTTP/1.0 with a host", "GET /live HTTP/1.0\r\nHost: localhost\r\n\r\n", &[200], Ended),
        case("HTTP/1.0 with a foreign host", foreign, &[421], Ended),
        case("HTTP/1.0 kept", "GET /live HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", &[200], Open),
        case("HTTP/1.1 not kept", request("GET /live", &["Connection: close"]), &[200], Closed),
        case(
            "both wishes",
            request("GET /live", &["Connection: keep-alive", "Connection: close"]),
            &[200],
            Closed,
        ),
        case(
            "an upgrade to HTTP/2",
            request(
                "GET /live",
                &["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"],
            ),
            &[200],
            Open,
        ),
        case(
            "an upgrade",
            request("GET /live", &["Connection: Upgrade", "Upgrade: websocket"]),
            &[200],
            Open,
        ),
        case("blank lines before it", format!("\r\n\n\r\n{}", request("GET /live", &[])), &[200], Open),
    ]);
}
