//! From a request to a reply, without a word about connections.

use std::sync::Arc;

use hyper::header::{ACCEPT, HOST, HeaderMap};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode, Version};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::access::{Access, Door, Need, Reader};
use crate::answer::Answer;
use crate::batch::Packing;
use crate::closures::{Closure, Closures};
use crate::command::Command;
use crate::exposition::Exposition;
use crate::gate::Gate;
use crate::host::HostRule;
use crate::origin::is_foreign;
use crate::page;
use crate::parameters;
use crate::profile::ProfileRequest;
use crate::receive::{Budget, Received};
use crate::reply::Reply;
use crate::route::{Route, breaker_name};
use crate::stream::Hub;

/// Batches handed to the ingest closure at one time.
const INGESTS: usize = 2;

/// Commands carried out at one time.
const COMMANDS: usize = 1;

/// Profiles taken at one time.
const PROFILES: usize = 1;

/// Longest prefix, in bytes.
const MAX_PREFIX: usize = 256;

/// Threads that closures other than probes may occupy: one run per gate, a question to the history, the ingests, the
/// commands and the profile.
pub(crate) const WORKERS: usize = 7 + 1 + INGESTS + COMMANDS + PROFILES;

/// A request that passed every rule about its head.
#[derive(Debug)]
pub(crate) enum Task {
    Read(Route, Reader),
    /// A question to the history: its parameters.
    History(Vec<(String, String)>),
    Ingest(Packing),
    Command(Command),
    Stream {
        only_head: bool,
    },
    Profile(ProfileRequest),
    /// A head with this type of content, without making the content.
    Head(&'static str),
}

#[derive(Debug)]
pub(crate) struct Router {
    pub(crate) closures: Closures,
    pub(crate) door: Door,
    hosts: HostRule,
    /// Before every path; may be empty.
    prefix: String,
    pub(crate) streams: Arc<Hub>,
    prometheus: Gate,
    openmetrics: Gate,
    pub(crate) circuit_breakers: Gate,
    pub(crate) performance: Gate,
    config: Gate,
    pub(crate) events_stats: Gate,
    pub(crate) status: Gate,
    /// Answers differ with the question, so nobody can share another's.
    history: Arc<Semaphore>,
    ingests: Arc<Semaphore>,
    commands: Arc<Semaphore>,
    profiles: Arc<Semaphore>,
    pub(crate) bodies: Arc<Budget>,
}

impl Router {
    pub(crate) fn new(closures: Closures, door: Door, hosts: HostRule, prefix: String) -> Self {
        Self {
            closures,
            door,
            hosts,
            prefix,
            streams: Arc::default(),
            prometheus: Gate::default(),
            openmetrics: Gate::default(),
            circuit_breakers: Gate::default(),
            performance: Gate::default(),
            config: Gate::default(),
            events_stats: Gate::default(),
            status: Gate::default(),
            history: Arc::new(Semaphore::new(1)),
            ingests: Arc::new(Semaphore::new(INGESTS)),
            commands: Arc::new(Semaphore::new(COMMANDS)),
            profiles: Arc::new(Semaphore::new(PROFILES)),
            bodies: Arc::default(),
        }
    }

    /// Applies the rules that need no body: first where the request was meant to go, then whether there is
    /// such a route, who may ask, and how.
    pub(crate) fn admit(&self, head: &Parts, has_body: bool) -> Result<Task, Reply> {
        self.check_host(head)?;
        check_target(head)?;
        let trusted = self.door.trusts(&head.headers);
        let path = self.below_prefix(head.uri.path());
        let route = path.and_then(Route::at).filter(|route| self.closures.serves(*route));
        // Who may not read learns not even which routes there are.
        match self.door.decide(route.map_or(Need::Reading, Route::need), trusted) {
            Access::Granted => {}
            Access::TokenNeeded => return Err(Reply::token_needed()),
            Access::Absent => return Err(Reply::not_found()),
        }
        let route = route.ok_or_else(Reply::not_found)?;
        if !route.takes(&head.method) {
            return Err(Reply::method_not_allowed(route.methods()));
        }
        if route == Route::Events {
            return Packing::of(&head.headers).map(Task::Ingest);
        }
        if has_body {
            return Err(Reply::bad_request("the route takes no body"));
        }
        let breaker = || path.and_then(breaker_name).ok_or_else(Reply::not_found);
        Ok(match route {
            Route::StatusStream if is_foreign(&head.headers) => return Err(Reply::foreign()),
            Route::StatusStream => Task::Stream { only_head: head.method == Method::HEAD },
            Route::MetricsHistory => Task::History(parameters::pairs(head.uri.query())?),
            Route::Profile => {
                let request = ProfileRequest::of(&parameters::pairs(head.uri.query())?)?;
                if head.method == Method::HEAD {
                    Task::Head(request.format.content_type())
                } else {
                    Task::Profile(request)
                }
            }
            Route::ConfigReload => Task::Command(Command::Reload),
            Route::BreakersReset => Task::Command(Command::ResetAll),
            Route::BreakerTrip => Task::Command(Command::Trip(breaker()?)),
            Route::BreakerReset => Task::Command(Command::Reset(breaker()?)),
            _ => Task::Read(route, if trusted { Reader::Trusted } else { Reader::Public }),
        })
    }

    fn below_prefix<'a>(&self, path: &'a str) -> Option<&'a str> {
        match path.strip_prefix(&*self.prefix)? {
            "" => Some("/"),
            rest => rest.starts_with('/').then_some(rest),
        }
    }

    fn check_host(&self, head: &Parts) -> Result<(), Reply> {
        if head.uri.authority().is_some_and(|target| !self.hosts.admits(target.as_str())) {
            return Err(Reply::misdirected());
        }
        let mut hosts = head.headers.get_all(HOST).iter();
        match (hosts.next(), hosts.next()) {
            (Some(host), None) => match host.to_str() {
                Ok(host) if self.hosts.admits(host) => Ok(()),
                _ => Err(Reply::misdirected()),
            },
            // RFC 9113, 8.3.1: from HTTP/2 on, the authority stands in the target. It was looked at above.
            (None, _) if head.version >= Version::HTTP_2 && head.uri.authority().is_some() => Ok(()),
            // RFC 9112, 3.2: HTTP/1.1 requires exactly one. No browser speaks HTTP/1.0.
            (None, _) if head.version == Version::HTTP_10 => Ok(()),
            (None, _) => Err(Reply::bad_request("the Host header is missing")),
            (Some(_), Some(_)) => Err(Reply::bad_request("there is more than one Host header")),
        }
    }

    /// Answers a request for `route`. Probes are answered at once, on this thread; the rest elsewhere.
    pub(crate) async fn read(&self, route: Route, reader: Reader, headers: &HeaderMap) -> Reply {
        let closures = &self.closures;
        let answer = match route {
            Route::Index => return page::reply(),
            Route::Health => here(&closures.health, reader),
            Route::Live => here(&closures.live, ()),
            Route::Ready => here(&closures.ready, ()),
            Route::Startup => here(&closures.startup, ()),
            Route::Metrics => {
                let accept = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
                let format = Exposition::negotiate(accept);
                let gate = match format {
                    Exposition::Prometheus => &self.prometheus,
                    Exposition::OpenMetrics => &self.openmetrics,
                };
                elsewhere(gate, &closures.metrics, format).await
            }
            Route::CircuitBreakers => elsewhere(&self.circuit_breakers, &closures.circuit_breakers, ()).await,
            Route::Performance => elsewhere(&self.performance, &closures.performance, ()).await,
            Route::Config => elsewhere(&self.config, &closures.config, ()).await,
            Route::EventsStats => elsewhere(&self.events_stats, &closures.events_stats, ()).await,
            Route::Status => elsewhere(&self.status, &closures.status, ()).await,
            Route::MetricsHistory
            | Route::StatusStream
            | Route::Events
            | Route::ConfigReload
            | Route::BreakersReset
            | Route::BreakerTrip
            | Route::BreakerReset
            | Route::Profile => None,
        };
        answer.map_or_else(Reply::not_found, Reply::from)
    }

    /// Answers a question to the history, away from this thread and one at a time.
    pub(crate) async fn history(&self, parameters: Vec<(String, String)>) -> Reply {
        let (Some(history), Ok(turn)) =
            (self.closures.metrics_history.clone(), Arc::clone(&self.history).acquire_owned().await)
        else {
            return Reply::not_found();
        };
        let run = spawn_blocking(move || {
            let answer = Answer::contained(|| history(parameters));
            drop(turn);
            answer
        });
        run.await.unwrap_or_else(|_| Answer::failed()).into()
    }

    /// Takes a profile, away from this thread; while one is being taken, others are refused rather than kept waiting.
    /// A client that goes away does not stop it.
    pub(crate) async fn profile(&self, request: ProfileRequest) -> Reply {
        let Some(profile) = self.closures.profile.clone() else { return Reply::not_found() };
        let Ok(turn) = Arc::clone(&self.profiles).try_acquire_owned() else {
            return Reply::refuse(StatusCode::CONFLICT, "a profile is being taken already");
        };
        let run = spawn_blocking(move || {
            let answer = Answer::contained(|| profile(request));
            drop(turn);
            answer
        });
        run.await.unwrap_or_else(|_| Answer::failed()).into()
    }

    /// Unpacks a body and hands it to the ingest closure, away from this thread.
    pub(crate) async fn ingest(&self, packing: Packing, received: Received) -> Reply {
        let (Some(ingest), Ok(turn)) =
            (self.closures.ingest.clone(), Arc::clone(&self.ingests).acquire_owned().await)
        else {
            return Reply::not_found();
        };
        let run = spawn_blocking(move || {
            let reply = received.consume(|bytes| match packing.unpack(bytes) {
                Ok(batch) => Answer::contained(|| ingest(batch)).into(),
                Err(refusal) => refusal,
            });
            drop(turn);
            reply
        });
        run.await.unwrap_or_else(|_| Answer::failed().into())
    }

    /// Carries out a command, away from this thread and one at a time. A client that goes away does not stop it.
    pub(crate) async fn command(&self, command: Command) -> Reply {
        let closures = self.closures.clone();
        let Ok(turn) = Arc::clone(&self.commands).acquire_owned().await else { return Reply::not_found() };
        let run = spawn_blocking(move || {
            let carried_out = || closures.carry_out(&command).unwrap_or_else(Answer::absent);
            let answer = Answer::contained(carried_out);
            drop(turn);
            answer
        });
        run.await.unwrap_or_else(|_| Answer::failed()).into()
    }
}

/// RFC 9112, 3.2.3: a target that is an authority alone belongs to `CONNECT`. It has no path, and must not pass for
/// one of `/`.
fn check_target(head: &Parts) -> Result<(), Reply> {
    let bare = head.uri.authority().is_some() && head.uri.scheme().is_none();
    if bare && head.version < Version::HTTP_2 && head.method != Method::CONNECT {
        return Err(Reply::bad_request("the target is no path"));
    }
    Ok(())
}

/// Whether a prefix is empty or a path that needs no decoding.
pub(crate) fn is_prefix(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'.' | b'_' | b'~');
    let framed = text.is_empty() || (text.starts_with('/') && !text.ends_with('/'));
    framed && text.len() <= MAX_PREFIX && text.bytes().all(plain)
}

pub(crate) fn here<In>(closure: &Closure<In>, input: In) -> Option<Answer> {
    closure.as_ref().map(|closure| Answer::contained(|| closure(input)))
}

pub(crate) async fn elsewhere<In: Send + 'static>(
    gate: &Gate,
    closure: &Closure<In>,
    input: In,
) -> Option<Answer> {
    let closure = closure.clone()?;
    Some(gate.pass(move || closure(input)).await)
}

/// What a successful hand-in is answered with.
pub(crate) const INGESTED: StatusCode = StatusCode::ACCEPTED;
