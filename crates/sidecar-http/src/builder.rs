//! What is served, to whom, and within which limits.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use serde::Serialize;
use sidecar_core::SettingsError;

use crate::access::{Door, Reader, Token};
use crate::answer::Answer;
use crate::batch::Batch;
use crate::closures::Closures;
use crate::command::BreakerCommand;
use crate::error::ServeError;
use crate::exposition::Exposition;
use crate::host::{HostRule, is_name};
use crate::listen::Listen;
use crate::profile::ProfileRequest;
use crate::router::{INGESTED, Router, is_prefix};
use crate::server::Server;
#[cfg(feature = "tower")]
use crate::service::EndpointsService;
use crate::slot::Deadlines;

/// Default of [`EndpointsBuilder::head_deadline`].
pub const DEFAULT_HEAD_DEADLINE: Duration = Duration::from_secs(5);
/// Default of [`EndpointsBuilder::body_deadline`].
pub const DEFAULT_BODY_DEADLINE: Duration = Duration::from_secs(10);
/// Default of [`EndpointsBuilder::answer_deadline`].
pub const DEFAULT_ANSWER_DEADLINE: Duration = Duration::from_secs(30);
/// Default of [`EndpointsBuilder::max_connections`].
pub const DEFAULT_MAX_CONNECTIONS: usize = 512;

const SHORTEST_DEADLINE: Duration = Duration::from_millis(1);
const LONGEST_DEADLINE: Duration = Duration::from_secs(3600);
const MOST_CONNECTIONS: usize = 65_536;

/// Checked settings and closures, ready to be served.
#[derive(Clone, Debug)]
pub struct Endpoints {
    closures: Closures,
    token: Option<Token>,
    hosts: HostRule,
    allow_unauthenticated: bool,
    deadlines: Deadlines,
    max_connections: usize,
    prefix: String,
}

impl Endpoints {
    /// Begins with no route but the status page and its stream, and with the default limits.
    pub fn builder() -> EndpointsBuilder {
        EndpointsBuilder {
            closures: Closures::default(),
            token: None,
            unusable_token: false,
            hosts: Vec::new(),
            allow_unauthenticated: false,
            deadlines: Deadlines {
                head: DEFAULT_HEAD_DEADLINE,
                body: DEFAULT_BODY_DEADLINE,
                answer: DEFAULT_ANSWER_DEADLINE,
            },
            max_connections: DEFAULT_MAX_CONNECTIONS,
            prefix: String::new(),
        }
    }

    /// Listens on `address` and serves from a thread of its own; returns once the socket is bound.
    ///
    /// It is `HOST:PORT`, where port 0 lets the system choose, or `unix:PATH`. A host name is resolved on the
    /// calling thread and becomes a name that clients may put into `Host`. A Unix socket counts as loopback and is
    /// made with mode 0600; one that an ended process has left behind is replaced, and at the end ours is removed.
    ///
    /// # Errors
    /// When the address is unusable, taken, or reachable from elsewhere without a token or
    /// [`allow_unauthenticated`](EndpointsBuilder::allow_unauthenticated).
    pub fn serve(mut self, address: &str) -> Result<Server, ServeError> {
        let listen = Listen::resolve(address)?;
        let loopback = listen.is_loopback();
        if !loopback && self.token.is_none() && !self.allow_unauthenticated {
            return Err(listen.unauthenticated());
        }
        if let Some(host) = listen.host() {
            self.hosts.allow(host);
        }
        let (deadlines, max_connections) = (self.deadlines, self.max_connections);
        Server::start(listen.bind()?, self.into_router(loopback), deadlines, max_connections)
    }

    /// A service to be mounted in a server of the application; see [`EndpointsService`] for what is different
    /// there. Of the limits only `body_deadline` applies.
    ///
    /// # Errors
    /// When there is neither a token nor [`allow_unauthenticated`](EndpointsBuilder::allow_unauthenticated).
    #[cfg(feature = "tower")]
    pub fn into_service(self) -> Result<EndpointsService, ServeError> {
        if self.token.is_none() && !self.allow_unauthenticated {
            return Err(ServeError::UnauthenticatedService);
        }
        let body_deadline = self.deadlines.body;
        Ok(EndpointsService::new(self.into_router(false), body_deadline))
    }

    fn into_router(self, loopback: bool) -> Router {
        Router::new(self.closures, Door { loopback, token: self.token }, self.hosts, self.prefix)
    }
}

/// Collects closures and settings. Made by [`Endpoints::builder`].
///
/// Closures may panic (the answer is a 500) and run at any time on the server's threads. Those of `/health`,
/// `/live`, `/ready` and `/startup` run on the thread that serves every connection: they must only read what is
/// there, never wait.
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `serve` or `build`"]
pub struct EndpointsBuilder {
    closures: Closures,
    token: Option<Token>,
    unusable_token: bool,
    hosts: Vec<String>,
    allow_unauthenticated: bool,
    deadlines: Deadlines,
    max_connections: usize,
    prefix: String,
}

impl EndpointsBuilder {
    /// `GET /health`. Errors of checks belong into the answer for [`Reader::Trusted`] only. Defaults to no such
    /// route.
    pub fn health(mut self, f: impl Fn(Reader) -> Answer + Send + Sync + 'static) -> Self {
        self.closures.health = Some(Arc::new(f));
        self
    }

    /// `GET /live`. Defaults to no such route.
    pub fn live(mut self, f: impl Fn() -> Answer + Send + Sync + 'static) -> Self {
        self.closures.live = Some(Arc::new(move |()| f()));
        self
    }

    /// `GET /ready`. Defaults to no such route.
    pub fn ready(mut self, f: impl Fn() -> Answer + Send + Sync + 'static) -> Self {
        self.closures.ready = Some(Arc::new(move |()| f()));
        self
    }

    /// `GET /startup`. Defaults to no such route.
    pub fn startup(mut self, f: impl Fn() -> Answer + Send + Sync + 'static) -> Self {
        self.closures.startup = Some(Arc::new(move |()| f()));
        self
    }

    /// `GET /metrics`, in the format that the scraper asks for. Runs on a worker thread, one run per format at
    /// a time. Defaults to no such route.
    pub fn metrics(mut self, f: impl Fn(Exposition) -> String + Send + Sync + 'static) -> Self {
        self.closures.metrics = Some(Arc::new(move |format| Answer::of(format.content_type(), f(format))));
        self
    }

    /// `GET /metrics/history`: `f` gets the parameters behind the question mark, decoded, at most 64. What it returns
    /// is answered as JSON with 200, an error's text with 400. Runs on a worker thread, one question at a time.
    /// Defaults to no such route.
    pub fn metrics_history<T: Serialize, E: fmt::Display>(
        mut self,
        f: impl Fn(Vec<(String, String)>) -> Result<T, E> + Send + Sync + 'static,
    ) -> Self {
        self.closures.metrics_history = Some(Arc::new(move |parameters| match f(parameters) {
            Ok(value) => Answer::json(true, &value),
            Err(error) => Answer::refused(StatusCode::BAD_REQUEST, &error.to_string()),
        }));
        self
    }

    /// `GET /circuit-breakers`, as JSON. Runs on a worker thread, one run at a time. Defaults to no such route.
    pub fn circuit_breakers<T: Serialize>(mut self, f: impl Fn() -> T + Send + Sync + 'static) -> Self {
        self.closures.circuit_breakers = Some(Arc::new(move |()| Answer::json(true, &f())));
        self
    }

    /// `GET /performance`, as JSON. Runs on a worker thread, one run at a time. Defaults to no such route.
    pub fn performance<T: Serialize>(mut self, f: impl Fn() -> T + Send + Sync + 'static) -> Self {
        self.closures.performance = Some(Arc::new(move |()| Answer::json(true, &f())));
        self
    }

    /// `GET /config`, as JSON: the settings in force, without secrets. Runs on a worker thread, one run at a
    /// time. Defaults to no such route.
    pub fn config<T: Serialize>(mut self, f: impl Fn() -> T + Send + Sync + 'static) -> Self {
        self.closures.config = Some(Arc::new(move |()| Answer::json(true, &f())));
        self
    }

    /// `GET /events/stats`, as JSON. Runs on a worker thread, one run at a time. Defaults to no such route.
    pub fn events_stats<T: Serialize>(mut self, f: impl Fn() -> T + Send + Sync + 'static) -> Self {
        self.closures.events_stats = Some(Arc::new(move |()| Answer::json(true, &f())));
        self
    }

    /// `GET /status`, as JSON: what the status page shows beyond the routes above. Runs on a worker thread, one run at
    /// a time. Defaults to no such route.
    pub fn status<T: Serialize>(mut self, f: impl Fn() -> T + Send + Sync + 'static) -> Self {
        self.closures.status = Some(Arc::new(move |()| Answer::json(true, &f())));
        self
    }

    /// `POST /events`: what `f` returns is answered as JSON with 202. Runs on a worker thread, at most two at a
    /// time. Defaults to no such route.
    pub fn ingest<T: Serialize>(mut self, f: impl Fn(Batch) -> T + Send + Sync + 'static) -> Self {
        self.closures.ingest = Some(Arc::new(move |batch| Answer::with_status(INGESTED, &f(batch))));
        self
    }

    /// `POST /config/reload`, with the token only: what `f` returns is answered as JSON with 200, an error's text
    /// with 422. Runs on a worker thread, one command at a time. Defaults to no such route.
    pub fn config_reload<T: Serialize, E: fmt::Display>(
        mut self,
        f: impl Fn() -> Result<T, E> + Send + Sync + 'static,
    ) -> Self {
        self.closures.config_reload = Some(Arc::new(move |()| match f() {
            Ok(value) => Answer::json(true, &value),
            Err(error) => Answer::refused(StatusCode::UNPROCESSABLE_ENTITY, &error.to_string()),
        }));
        self
    }

    /// `POST /circuit-breakers/{name}/trip`, `/circuit-breakers/{name}/reset` and `/circuit-breakers/reset`, with
    /// the token only: what `f` returns is answered as JSON with 200, `None` with 404. Runs on a worker thread,
    /// one command at a time. Defaults to no such routes.
    pub fn breaker_commands<T: Serialize>(
        mut self,
        f: impl Fn(BreakerCommand<'_>) -> Option<T> + Send + Sync + 'static,
    ) -> Self {
        self.closures.breaker_commands = Some(Arc::new(move |command: BreakerCommand<'_>| {
            f(command).map_or_else(Answer::absent, |value| Answer::json(true, &value))
        }));
        self
    }

    /// `GET /debug/profile`, with the token only: what `f` returns is answered as it is with 200, an error's text with
    /// 503. Runs on a worker thread, one at a time; others are answered with 409. It should return soon after the
    /// duration that was asked for. Defaults to no such route.
    pub fn profile<E: fmt::Display>(
        mut self,
        f: impl Fn(ProfileRequest) -> Result<Vec<u8>, E> + Send + Sync + 'static,
    ) -> Self {
        self.closures.profile = Some(Arc::new(move |request| match f(request) {
            Ok(profile) => Answer::of(request.format.content_type(), profile),
            Err(error) => Answer::refused(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
        }));
        self
    }

    /// The bearer token, one or more visible ASCII characters; only its SHA-256 digest is kept. Defaults to
    /// none.
    pub fn token(self, token: impl AsRef<str>) -> Self {
        self.token_opt(Some(token))
    }

    /// The bearer token, if there is one. Defaults to none.
    pub fn token_opt(mut self, token: Option<impl AsRef<str>>) -> Self {
        let given = token.is_some();
        self.token = token.and_then(|text| Token::new(text.as_ref()));
        self.unusable_token = given && self.token.is_none();
        self
    }

    /// Lets a server without a token listen where other machines reach it: every GET is then open to them.
    /// Defaults to `false`.
    pub fn allow_unauthenticated(mut self, allow: bool) -> Self {
        self.allow_unauthenticated = allow;
        self
    }

    /// One more name (without a port) that clients may put into `Host`. Defaults to none beside IP literals,
    /// `localhost` and the host that is listened on.
    pub fn allow_host(mut self, name: impl Into<String>) -> Self {
        self.hosts.push(name.into());
        self
    }

    /// Time from accept, or from the end of the last answer, to a complete request head; 1 ms to 1 h. Defaults
    /// to 5 s.
    pub fn head_deadline(mut self, deadline: Duration) -> Self {
        self.deadlines.head = deadline;
        self
    }

    /// Time from a complete head to a complete body; 1 ms to 1 h. Defaults to 10 s.
    pub fn body_deadline(mut self, deadline: Duration) -> Self {
        self.deadlines.body = deadline;
        self
    }

    /// Time from a complete request until the client has taken the whole answer; 1 ms to 1 h. Defaults to 30 s.
    pub fn answer_deadline(mut self, deadline: Duration) -> Self {
        self.deadlines.answer = deadline;
        self
    }

    /// Most connections at one time; 1 to 65 536. At the cap one that waits for its client makes room for the new
    /// one. Defaults to 512.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.max_connections = connections;
        self
    }

    /// What stands before every path: with `/sidecar` the probe is `/sidecar/live`, and outside of it there is
    /// nothing. It begins with a slash and ends without one, holds letters, digits and `/-._~`, and has at most 256
    /// characters. Not needed where the server around a mounted service takes the prefix away by itself. Defaults
    /// to nothing.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// The first setting that is out of range. A refused token is not repeated in the error.
    pub fn build(self) -> Result<Endpoints, SettingsError> {
        if self.unusable_token {
            return Err(SettingsError::new("token", "unusable", "one or more visible ASCII characters"));
        }
        let Deadlines { head, body, answer } = self.deadlines;
        for (field, value) in [("head_deadline", head), ("body_deadline", body), ("answer_deadline", answer)]
        {
            if !(SHORTEST_DEADLINE..=LONGEST_DEADLINE).contains(&value) {
                return Err(SettingsError::new(field, format!("{value:?}"), "from 1 ms to 1 h"));
            }
        }
        if !(1..=MOST_CONNECTIONS).contains(&self.max_connections) {
            return Err(SettingsError::new("max_connections", self.max_connections, "from 1 to 65536"));
        }
        if !is_prefix(&self.prefix) {
            let value = format!("{:?}", self.prefix);
            return Err(SettingsError::new(
                "prefix",
                value,
                "a path such as /sidecar, of at most 256 characters",
            ));
        }
        let mut hosts = HostRule::default();
        for name in &self.hosts {
            if !is_name(name) {
                return Err(SettingsError::new(
                    "allow_host",
                    format!("{name:?}"),
                    "a host name without a port",
                ));
            }
            hosts.allow(name);
        }
        Ok(Endpoints {
            closures: self.closures,
            token: self.token,
            hosts,
            allow_unauthenticated: self.allow_unauthenticated,
            deadlines: self.deadlines,
            max_connections: self.max_connections,
            prefix: self.prefix,
        })
    }

    /// [`build`](Self::build), then [`Endpoints::serve`].
    ///
    /// # Errors
    /// Those of both.
    pub fn serve(self, address: &str) -> Result<Server, ServeError> {
        self.build()?.serve(address)
    }

    /// [`build`](Self::build), then [`Endpoints::into_service`].
    ///
    /// # Errors
    /// Those of both.
    #[cfg(feature = "tower")]
    pub fn into_service(self) -> Result<EndpointsService, ServeError> {
        self.build()?.into_service()
    }
}
