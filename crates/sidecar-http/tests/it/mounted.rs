//! The endpoints as a service in a server of the application.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use bytes::{Buf, Bytes};
use hyper::body::{Body, Frame};
use hyper::server::conn::http1;
use hyper::{Request, Response, Version};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use sidecar_harness::Gate;
use sidecar_harness::http::Client;
use sidecar_http::{EndpointsService, ServeError};
use tokio::runtime::{Builder, Runtime};
use tower::{Service, ServiceExt};

use crate::routes::full;
use crate::stream::document;

const JSON: &str = "Content-Type: application/json";
const RIGHT: &str = "Authorization: Bearer secret";

fn runtime(paused: bool) -> Runtime {
    Builder::new_current_thread().enable_all().start_paused(paused).build().expect("a runtime")
}

/// A server as an application would have it, which knows nothing of the endpoints.
fn serve(service: EndpointsService) -> SocketAddr {
    let runtime = runtime(false);
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    // It ends with the process.
    thread::spawn(move || {
        runtime.block_on(async {
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                let service = TowerToHyperService::new(service.clone());
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
    });
    address
}

/// A body whose pieces are no `Bytes`, and which may never end.
struct Pieces {
    left: VecDeque<&'static [u8]>,
    ends: bool,
}

impl Pieces {
    fn of(pieces: &[&'static [u8]]) -> Self {
        Self { left: pieces.iter().copied().collect(), ends: true }
    }
}

impl Body for Pieces {
    type Data = bytes::buf::Chain<&'static [u8], Bytes>;
    type Error = &'static str;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        match self.left.pop_front() {
            Some(b"broken") => Poll::Ready(Some(Err("broken"))),
            Some(piece) => Poll::Ready(Some(Ok(Frame::data(piece.chain(Bytes::from_static(b".")))))),
            None if self.ends => Poll::Ready(None),
            None => Poll::Pending,
        }
    }
}

/// Status, the value of one header, and the body.
fn ask(service: &EndpointsService, request: Request<Pieces>, header: &str) -> (u16, Option<String>, String) {
    runtime(true).block_on(async {
        let response = service.clone().oneshot(request).await.expect("it never fails");
        let (head, body) = response.into_parts();
        let mut body = pin!(body);
        let mut all = Vec::new();
        while let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
            all.extend(frame.expect("in memory").into_data().expect("no trailers"));
        }
        let value = head.headers.get(header).map(|value| value.to_str().expect("text").to_owned());
        (head.status.as_u16(), value, String::from_utf8(all).expect("text"))
    })
}

fn request(line: &str, headers: &[&str], body: Pieces) -> Request<Pieces> {
    let (method, path) = line.split_once(' ').expect("two words");
    let mut request = Request::builder().method(method).uri(path).header("Host", "localhost");
    for header in headers {
        let (name, value) = header.split_once(": ").expect("a header line");
        request = request.header(name, value);
    }
    request.body(body).expect("a request")
}

fn status(service: &EndpointsService, line: &str, headers: &[&str]) -> u16 {
    ask(service, request(line, headers, Pieces::of(&[])), "").0
}

#[test]
fn it_has_the_bounds_that_servers_and_routers_ask_for() {
    fn mountable<S, B>(_: &S)
    where
        S: Service<Request<Pieces>, Response = Response<B>, Error = Infallible>
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Future + Send + 'static,
        B: Body<Data = Bytes, Error = Infallible> + Send + Sync + Unpin + 'static,
    {
    }
    mountable(&full().token("secret").into_service().expect("a token"));
}

#[test]
fn behind_a_foreign_server_each_route_answers_as_behind_ours() {
    let theirs = serve(full().token("secret").into_service().expect("a token"));
    let ours = full().token("secret").serve("0.0.0.0:0").expect("a free port");
    let [mut theirs, mut ours] = [theirs, ours.local_addr()].map(Client::to);
    for line in [
        "GET /live",
        "HEAD /live",
        "GET /ready",
        "GET /health",
        "GET /",
        "GET /metrics",
        "HEAD /metrics",
        "HEAD /status/stream",
        "GET /circuit-breakers",
        "GET /nowhere",
        "DELETE /live",
        "GET /events",
        "POST /config/reload",
        "POST /circuit-breakers/payments/trip",
    ] {
        for headers in [&[][..], &[RIGHT]] {
            let (found, expected) = (theirs.ask(line, headers), ours.ask(line, headers));
            assert_eq!((found.status, &found.body), (expected.status, &expected.body), "{line}");
            for name in ["content-type", "content-length", "cache-control", "allow", "www-authenticate"] {
                assert_eq!(found.header(name), expected.header(name), "{line} {name}");
            }
        }
    }
    let reply = theirs.post(&[RIGHT, JSON], r#"{"event_type":"a"}"#);
    assert_eq!((reply.status, reply.body.as_str()), (202, r#"{"bytes":18}"#));
}

#[test]
fn all_but_the_probes_need_the_token_or_an_explicit_word() {
    let refused = full().into_service().expect_err("neither token nor word");
    assert!(matches!(refused, ServeError::UnauthenticatedService) && refused.to_string().contains("token"));

    let open = full().allow_unauthenticated(true).into_service().expect("said explicitly");
    let guarded = full().token("secret").into_service().expect("a token");
    for (service, headers, reading, events, commands) in [
        (&open, &[][..], 200, 404, 404),
        (&guarded, &[], 401, 401, 401),
        (&guarded, &["Authorization: Bearer guess"], 401, 401, 401),
        (&guarded, &[RIGHT], 200, 415, 200),
    ] {
        for line in ["GET /live", "GET /health", "GET /startup"] {
            assert_eq!(status(service, line, headers), 200, "{line}");
        }
        assert_eq!(status(service, "GET /metrics", headers), reading);
        assert_eq!(status(service, "POST /events", headers), events);
        assert_eq!(status(service, "POST /circuit-breakers/reset", headers), commands);
    }
}

#[test]
fn any_body_is_received_within_the_bound() {
    let service = full().token("secret").into_service().expect("a token");
    let post = |pieces: &[&'static [u8]]| {
        let request = request("POST /events", &[RIGHT, JSON], Pieces::of(pieces));
        let (status, _, body) = ask(&service, request, "");
        (status, body)
    };
    // Each piece has a dot after it.
    assert_eq!(post(&[b"{}", b"", b"[]"]), (202, r#"{"bytes":7}"#.to_owned()));
    assert_eq!(post(&[b"{}", b"broken"]).0, 400);
    static HALF: [u8; 1 << 19] = [b'x'; 1 << 19];
    assert_eq!(post(&[&HALF, &HALF[2..]]), (202, r#"{"bytes":1048576}"#.to_owned()));
    assert_eq!(post(&[&HALF, &HALF[1..]]).0, 413);
}

#[test]
fn a_body_that_never_ends_is_a_408_after_the_body_deadline() {
    let endpoints = full().token("secret").body_deadline(Duration::from_secs(7));
    let service = endpoints.into_service().expect("a token");
    let body = Pieces { left: VecDeque::from([&b"{"[..]]), ends: false };
    let request = request("POST /events", &[RIGHT, JSON], body);
    runtime(true).block_on(async {
        let begun = tokio::time::Instant::now();
        let response = service.oneshot(request).await.expect("it never fails");
        assert_eq!(response.status(), 408);
        assert_eq!(response.headers()["content-type"], "application/json");
        let waited = begun.elapsed();
        assert!((7..8).contains(&waited.as_secs()), "{waited:?}");
    });
}

#[test]
fn a_body_is_refused_where_none_belongs_if_the_head_declares_one() {
    let service = full().token("secret").into_service().expect("a token");
    for (header, expected) in
        [("Content-Length: 2", 400), ("Transfer-Encoding: chunked", 400), ("Content-Length: 0", 200)]
    {
        assert_eq!(status(&service, "GET /live", &[header]), expected, "{header}");
    }
}

#[test]
fn head_has_the_length_and_no_body() {
    let service = full().token("secret").into_service().expect("a token");
    let [get, head] = ["GET /live", "HEAD /live"]
        .map(|line| ask(&service, request(line, &[], Pieces::of(&[])), "content-length"));
    assert_eq!(get, (200, Some("6".to_owned()), r#""live""#.to_owned()));
    assert_eq!(head, (200, Some("6".to_owned()), String::new()));
}

#[test]
fn the_host_rule_holds_in_http_2_too() {
    let service = full().token("secret").allow_host("app.example").into_service().expect("a token");
    let status = |version: Version, uri: &str, host: Option<&str>| {
        let mut request = Request::builder().version(version).uri(uri);
        if let Some(host) = host {
            request = request.header("Host", host);
        }
        ask(&service, request.body(Pieces::of(&[])).expect("a request"), "").0
    };
    assert_eq!(status(Version::HTTP_2, "https://app.example/live", None), 200);
    assert_eq!(status(Version::HTTP_2, "https://evil.example/live", None), 421);
    assert_eq!(status(Version::HTTP_2, "https://app.example/live", Some("evil.example")), 421);
    assert_eq!(status(Version::HTTP_2, "/live", None), 400);
    assert_eq!(status(Version::HTTP_11, "/live", Some("app.example")), 200);
    assert_eq!(status(Version::HTTP_11, "/live", Some("evil.example")), 421);
    assert_eq!(status(Version::HTTP_11, "http://app.example/live", None), 400);
}

#[test]
fn under_a_prefix_there_are_the_same_routes_and_nothing_outside() {
    let endpoints = full().token("secret").prefix("/ops/sidecar");
    let service = endpoints.clone().into_service().expect("a token");
    let server = endpoints.serve("127.0.0.1:0").expect("a free port");
    let mut client = Client::to(server.local_addr());
    for (line, expected) in [
        ("GET /ops/sidecar/live", 200),
        ("GET /ops/sidecar/metrics", 200),
        ("POST /ops/sidecar/circuit-breakers/payments/trip", 200),
        ("GET /ops/sidecar", 200),
        ("GET /ops/sidecar/", 200),
        ("GET /live", 404),
        ("GET /ops/live", 404),
        ("GET /ops/sidecarlive", 404),
        ("GET /ops/sidecar//live", 404),
        ("GET /ops/sidecar/ops/sidecar/live", 404),
        ("GET /", 404),
    ] {
        assert_eq!(status(&service, line, &[RIGHT]), expected, "{line}");
        assert_eq!(client.ask(line, &[RIGHT]).status, expected, "{line}");
    }
    assert!(client.ask("GET /ops/sidecar", &[]).body.starts_with("<!doctype html>"));
    assert!(document(client.request("GET /ops/sidecar/status/stream", &[]))["at"].is_u64());
}

#[test]
fn a_rendering_that_takes_long_delays_no_probe_even_on_one_thread() {
    let inside = Gate::default();
    let held = inside.clone();
    let endpoints = full().allow_unauthenticated(true).metrics(move |_| {
        held.enter();
        "jobs 1\n".to_owned()
    });
    let address = serve(endpoints.into_service().expect("said explicitly"));
    let mut scraper = Client::to(address);
    scraper.request("GET /metrics", &[]);
    inside.wait_until_held();
    assert_eq!(Client::to(address).ask("GET /live", &[]).status, 200);
    inside.open();
    assert_eq!(scraper.reply().body, "jobs 1\n");
}

#[test]
fn a_stream_goes_on_behind_a_foreign_server_until_it_is_told_to_end() {
    let service = full().allow_unauthenticated(true).into_service().expect("said explicitly");
    let mut client = Client::to(serve(service.clone()));
    let head = client.request("GET /status/stream", &[]).head_reply();
    assert_eq!((head.status, head.header("content-type")), (200, Some("text/event-stream")));
    assert_eq!(document(&mut client)["health"], "healthy");
    assert_eq!(document(&mut client)["status"]["alerts"], 0);
    service.end_streams();
    client.until("\r\n0\r\n\r\n");
    client.ask("GET /status/stream", &[]).assert_error(503);
    assert_eq!(client.ask("GET /live", &[]).status, 200);
}

#[test]
fn a_stream_ends_with_the_last_clone_of_its_service() {
    runtime(true).block_on(async {
        let service = full().allow_unauthenticated(true).into_service().expect("said explicitly");
        let request = request("GET /status/stream", &[], Pieces::of(&[]));
        let mut body = pin!(service.oneshot(request).await.expect("it never fails").into_body());
        // Of the document nothing is left to be made once nobody could ask for another.
        while poll_fn(|cx| body.as_mut().poll_frame(cx)).await.is_some() {}
    });
}

#[test]
fn ten_thousand_scrapes_at_once_cost_two_renderings_of_each_format() {
    const FLOOD: usize = 10_000;
    let (gate, runs) = (Gate::default(), Arc::new(AtomicUsize::new(0)));
    let (held, count) = (gate.clone(), Arc::clone(&runs));
    let endpoints = full().allow_unauthenticated(true).metrics(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        held.enter();
        "jobs 1\n".to_owned()
    });
    let service = endpoints.into_service().expect("right settings");
    let accepts = ["Accept: text/plain", "Accept: application/openmetrics-text"];
    let scrape = |number: usize| {
        service.clone().oneshot(request("GET /metrics", &[accepts[number % 2]], Pieces::of(&[])))
    };
    runtime(false).block_on(async {
        let mut scrapes: Vec<_> = (0..FLOOD).map(|number| Box::pin(scrape(number))).collect();
        // All have asked before the first rendering ends.
        poll_fn(|cx| {
            assert!(scrapes.iter_mut().all(|scrape| scrape.as_mut().poll(cx).is_pending()));
            Poll::Ready(())
        })
        .await;
        gate.wait_until_held();
        gate.open();
        for scrape in scrapes {
            assert_eq!(scrape.await.expect("it never fails").status(), 200);
        }
    });
    // One that was under way when the others asked, and one for all of these.
    assert_eq!(runs.load(Ordering::SeqCst), 4);
}
