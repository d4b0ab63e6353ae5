//! An axum application: a breaker and a measurement in front of its routes, the endpoints mounted beside them.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use axum::error_handling::HandleErrorLayer;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Router, routing};
use sidecar_runtime::breaker::{BreakerLayer, CallError, Verdict};
use sidecar_runtime::perf::{Completion, PerfLayer};
use sidecar_runtime::{Sidecar, SidecarConfig};
use std::convert::Infallible;
use std::error::Error;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;
use tokio::net::TcpListener;
use tower::ServiceBuilder;

/// The application's own work: what it depends on is down for every second item.
async fn quote(Path(item): Path<u32>) -> Result<String, StatusCode> {
    if item % 2 == 0 { Ok(format!("item {item} costs {}", item * 3)) } else { Err(StatusCode::BAD_GATEWAY) }
}

async fn refused(error: CallError<Infallible>) -> Response {
    let seconds =
        error.rejected().and_then(|rejected| rejected.retry_after()).unwrap_or_default().as_secs() + 1;
    (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", seconds.to_string())], "later").into_response()
}

fn main() -> Result<(), Box<dyn Error>> {
    let sidecar = Sidecar::builder().config(SidecarConfig::default()).start()?;
    let breaker = sidecar.breakers().register(sidecar.breaker("quotes").failure_threshold(3))?;
    // What a breaker counts as a failure is the application's to say: axum's own errors are answers.
    let breaker = BreakerLayer::new(breaker).classify(|result: &Result<Response, Infallible>| match result {
        Ok(response) if response.status().is_server_error() => Verdict::Failure,
        other => Verdict::of(other),
    });
    // A future that is dropped, because the client has gone, counts as cancelled.
    let measured = PerfLayer::new(sidecar.perf().operation("GET /quotes")).classify(
        |result: &Result<Response, Infallible>| match result {
            Ok(response) if response.status().is_server_error() => Completion::Failure,
            _ => Completion::Success,
        },
    );
    let guarded = ServiceBuilder::new().layer(HandleErrorLayer::new(refused)).layer(breaker);
    let endpoints = sidecar.endpoints().token("s3cret").into_service()?;
    let app = Router::new()
        .route("/quotes/{item}", routing::get(quote))
        // The first layer is the innermost: what the breaker refuses is measured, too.
        .layer(guarded)
        .layer(measured)
        .nest_service("/sidecar", endpoints);

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    thread::spawn(move || runtime.block_on(async { axum::serve(listener, app).await }));

    let mut statuses = Vec::new();
    for item in [2, 1, 3, 5, 4] {
        let (head, body) = get(address, &format!("/quotes/{item}"))?;
        println!("GET /quotes/{item}\n  {} {body}", head.lines().next().unwrap_or_default());
        statuses.push(head.split(' ').nth(1).unwrap_or_default().to_owned());
        assert_eq!(head.contains("retry-after: "), item == 4, "{head}");
    }
    assert_eq!(statuses, ["200", "502", "502", "502", "503"], "three failures open it");

    let (_, metrics) = get(address, "/sidecar/metrics")?;
    for line in [
        r#"sidecar_breaker_state{breaker="quotes",state="OPEN"} 1"#,
        r#"sidecar_breaker_calls_total{breaker="quotes",result="rejected"} 1"#,
        r#"sidecar_operation_total{operation="GET /quotes",result="success"} 1"#,
        r#"sidecar_operation_total{operation="GET /quotes",result="failure"} 4"#,
    ] {
        println!("{line}");
        assert!(metrics.lines().any(|found| found == line), "{metrics}");
    }
    let _ = sidecar.stop(Duration::from_secs(1));
    Ok(())
}

/// The head and the body of an answer.
fn get(address: SocketAddr, path: &str) -> Result<(String, String), Box<dyn Error>> {
    let mut stream = TcpStream::connect(address)?;
    let token = "Authorization: Bearer s3cret";
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\n{token}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("an answer has a head and a body")?;
    Ok((head.to_owned(), body.to_owned()))
}
