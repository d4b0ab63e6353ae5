//! Endpoints for health, metrics and state, served over HTTP/1.1 from a thread of their own.
//!
//! The crate knows routes, callers and limits; what the routes say comes from closures. It does not speak TLS,
//! HTTP/2 or CORS: put a proxy in front where those are needed.
//!
//! ```
//! use std::io::{Read, Write};
//! use sidecar_http::{Answer, Endpoints};
//!
//! let server = Endpoints::builder()
//!     .live(|| Answer::json(true, "up"))
//!     .metrics(|_format| "jobs_total 3\n".to_owned())
//!     .serve("127.0.0.1:0")?;
//! let mut client = std::net::TcpStream::connect(server.local_addr())?;
//! client.write_all(b"GET /live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
//! let mut answer = String::new();
//! client.read_to_string(&mut answer)?;
//! assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\"up\""));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Routes
//!
//! | route | closure | needs elsewhere than on loopback |
//! | --- | --- | --- |
//! | `GET /health` | `health` | nothing; with the token it may say more |
//! | `GET /live`, `/ready`, `/startup` | `live`, `ready`, `startup` | nothing |
//! | `GET /metrics` | `metrics` | the token, if one is set |
//! | `GET /metrics/history` | `metrics_history` | the token, if one is set |
//! | `GET /circuit-breakers` | `circuit_breakers` | the token, if one is set |
//! | `GET /performance` | `performance` | the token, if one is set |
//! | `GET /config` | `config` | the token, if one is set |
//! | `GET /events/stats` | `events_stats` | the token, if one is set |
//! | `GET /status` | `status` | the token, if one is set |
//! | `GET /` (the status page) | | the token, if one is set |
//! | `GET /status/stream` | those of `/health`, `/ready` and the last five | the token, if one is set |
//! | `POST /events` | `ingest` | the token; without one it does not exist |
//!
//! On loopback, or a Unix socket, all of these are open. The following need the token wherever the server listens;
//! without one they do not exist:
//!
//! | route | closure |
//! | --- | --- |
//! | `POST /config/reload` | `config_reload` |
//! | `POST /circuit-breakers/{name}/trip`, `/circuit-breakers/{name}/reset` | `breaker_commands` |
//! | `POST /circuit-breakers/reset` | `breaker_commands` |
//! | `GET /debug/profile?seconds=N&format=F` | `profile` |
//!
//! A profile takes 1 to 60 seconds, 10 if nothing is said; its format is `pprof`, if nothing is said, or `svg`.
//! A breaker's name stands in the path with percent signs where it needs them. `HEAD` works wherever `GET` does; it
//! takes no profile and no stream, and says no length for them.
//! Every answer is `no-store`; every error is JSON (`{"error": "...", "status": 404}`).
//!
//! | status | when |
//! | --- | --- |
//! | 400 | malformed head, body or gzip, a transfer coding but `chunked`, an undue body, no `Host` or two of them, a parameter out of its range, or `metrics_history` said so |
//! | 401 | the token is missing or wrong |
//! | 403 | a stream for a page of another origin |
//! | 404 | no such route or breaker, or the route's closure was not given |
//! | 405 | another method; `Allow` names the right ones |
//! | 408 | mounted in another server: the body did not come in time |
//! | 409 | a profile is being taken already |
//! | 413 | a body over 1 MiB, as sent or as unpacked |
//! | 415 | another type than `application/json` and `application/x-ndjson`, another encoding than gzip |
//! | 421 | `Host` is no IP literal, `localhost`, listened-on host or allowed name |
//! | 422 | `config_reload` said so |
//! | 431 | a head over 8 KiB or with more than 64 headers |
//! | 500 | the closure panicked |
//! | 503 | the closure said so; bodies of 8 MiB together are being received; the streams have been ended |
//!
//! # Status page
//!
//! `GET /` is a page for people: one file, which asks nobody but its own server and runs nothing but its own script. It
//! reads `GET /status/stream`, a stream of server-sent events. Each second comes one JSON object: `at`, in Unix
//! milliseconds; `routes`, the paths that exist; and `health` (without the checks' own texts), `ready`,
//! `circuit_breakers`, `performance`, `events_stats` and `status`, each as its route answers, or `null` where that is
//! absent, broken, or takes longer than a second. It is made once for all streams, and not at all while there are none.
//! A stream has no deadline; a client that takes nothing of it for `answer_deadline` is cut, and gets the latest
//! document, not those it has missed. There are at most 16: one more ends the oldest, whose page comes back as the
//! newest a second later. Pages of another origin, those of other ports included, get none where the browser tells of
//! it (`Sec-Fetch-Site`). What the page can change needs the token, which it asks for and keeps in memory. A browser
//! cannot send a token with its first request: elsewhere than on loopback let a proxy add it, or a tunnel end on
//! loopback.
//!
//! # How it works
//!
//! One thread, `sidecar-http`, runs a tokio runtime of its own, so that a starved application runtime cannot
//! starve the probes. Probes are answered on it. All other closures run on at most 12 worker threads
//! (`sidecar-scrape`): of what is read one run per route and format at a time, and who asks during a run shares the
//! next one; two batches of events; one command; one
//! profile, whose time the answer's deadline does not count.
//!
//! A connection that misses a deadline is closed without an answer; bytes that trickle in extend nothing.
//!
//! ```text
//!   accept --> waiting for a head --> receiving a body --> answering --+
//!                 ^   5 s                10 s                 30 s     |
//!                 +----------------------------------------------------+
//! ```
//!
//! At the cap, the connection that has waited longest for a complete request makes room for the new one; if none
//! waits for one, that whose client has longest left an answer unread; if there is none, the oldest stream. A
//! connection whose closure runs, or waits for its turn, is never closed for another: if all are such, the newest is
//! closed. While the process has no descriptor left, accepting pauses for 10 ms to 1 s.
//!
//! # Settings
//!
//! | field | default | range |
//! | --- | --- | --- |
//! | `token` | none | visible ASCII |
//! | `allow_unauthenticated` | `false` | |
//! | `allow_host` | none | host names without a port |
//! | `head_deadline` | 5 s | 1 ms to 1 h |
//! | `body_deadline` | 10 s | 1 ms to 1 h |
//! | `answer_deadline` | 30 s | 1 ms to 1 h |
//! | `max_connections` | 512 | 1 to 65 536 |
//! | `prefix` | nothing | a path of at most 256 characters |
//!
//! # Limits
//!
//! - A closure of a probe that waits holds up every connection; a closure of another route that never returns
//!   holds up that route alone, unless `max_connections` clients ask for it within one `answer_deadline`.
//! - A client that reads slowly keeps the answer in memory until `answer_deadline`, or until its connection makes
//!   room at the cap.
//! - Deadlines use tokio's clock, which on Linux stands still while the machine is suspended.
//!
//! # Features
//!
//! `tower`: [`Endpoints::into_service`], for a server that the application has already. In axum, for example,
//! `Router::new().nest_service("/sidecar", service)` mounts it.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod accept;
mod access;
mod address;
mod answer;
mod batch;
mod builder;
mod closures;
mod command;
mod connection;
mod error;
mod exposition;
mod gate;
mod host;
mod listen;
mod origin;
mod page;
mod parameters;
mod produce;
mod profile;
mod receive;
mod reply;
mod route;
mod router;
mod server;
#[cfg(feature = "tower")]
mod service;
mod slot;
mod stream;
mod transport;
mod troubles;

pub use access::Reader;
pub use address::Address;
pub use answer::Answer;
pub use batch::{Batch, BatchFormat};
pub use builder::{
    DEFAULT_ANSWER_DEADLINE, DEFAULT_BODY_DEADLINE, DEFAULT_HEAD_DEADLINE, DEFAULT_MAX_CONNECTIONS,
    Endpoints, EndpointsBuilder,
};
pub use command::BreakerCommand;
pub use error::ServeError;
pub use exposition::Exposition;
pub use profile::{ProfileFormat, ProfileRequest};
pub use server::{Server, ShutdownReport};
#[cfg(feature = "tower")]
pub use service::{EndpointsBody, EndpointsFuture, EndpointsService};
pub use sidecar_core::SettingsError;
