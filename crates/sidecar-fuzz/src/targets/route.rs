//! Paths: a line with a method and a target.

use std::sync::{Arc, Mutex};

use hyper::{Method, Request, Uri};
use sidecar_http::{Answer, BreakerCommand, Endpoints, EndpointsService};

use super::endpoint::{Answered, Whole, ask, lines};

/// Before every path of the second service.
const PREFIX: &str = "/a/b";

#[derive(Clone, Debug, PartialEq, Eq)]
enum Commanded {
    Trip(String),
    Reset(String),
    ResetAll,
}

/// The endpoints, and what they were commanded last.
struct Asked {
    service: EndpointsService,
    commanded: Arc<Mutex<Option<Commanded>>>,
}

impl Asked {
    fn below(prefix: &str) -> Self {
        let commanded = Arc::new(Mutex::new(None));
        let last = Arc::clone(&commanded);
        let endpoints = Endpoints::builder()
            .token("secret")
            .prefix(prefix)
            .live(|| Answer::json(true, "live"))
            .metrics(|_| String::new())
            .circuit_breakers(|| "breakers")
            .config_reload(|| Ok::<_, String>("reloaded"))
            .breaker_commands(move |command| {
                let commanded = match command {
                    BreakerCommand::Trip(name) => Commanded::Trip(name.to_owned()),
                    BreakerCommand::Reset(name) => Commanded::Reset(name.to_owned()),
                    _ => Commanded::ResetAll,
                };
                *last.lock().expect("nothing panics in it") = Some(commanded);
                Some("done")
            });
        Self { service: endpoints.into_service().expect("right settings"), commanded }
    }

    fn answer(&self, method: &Method, target: &str) -> (Answered, Option<Commanded>) {
        let request = Request::builder().method(method).uri(target).header("Host", "localhost");
        let request = request.header("Authorization", "Bearer secret").body(Whole::empty());
        let answered = ask(&self.service, request.expect("the parts of a target are one too"));
        (answered, self.commanded.lock().expect("nothing panics in it").take())
    }
}

pub(super) fn run(bytes: &[u8]) {
    let Some(Ok(line)) = lines(bytes).next().map(str::from_utf8) else { return };
    let Some((method, target)) = line.split_once(' ') else { return };
    let (Ok(method), Ok(uri)) = (method.parse::<Method>(), target.parse::<Uri>()) else { return };
    let path = uri.path().to_owned();
    if uri.authority().is_some() || !path.starts_with('/') {
        return;
    }
    let (plain, prefixed) = (Asked::below(""), Asked::below(PREFIX));
    let (answered, commanded) = plain.answer(&method, target);
    assert!([200, 404, 405].contains(&answered.status), "{}", answered.status);
    assert_eq!(answered.status == 405, answered.header("allow").is_some());
    assert!(commanded.is_none() || answered.status == 200);

    let (without_query, again) = plain.answer(&method, &path);
    assert_eq!((without_query.status, &again), (answered.status, &commanded), "the query is passed over");
    let (below, again) = prefixed.answer(&method, &format!("{PREFIX}{path}"));
    assert_eq!((below.status, &again), (answered.status, &commanded), "the prefix is taken away");

    // The method that is said to be allowed is.
    for method in answered.header("allow").into_iter().flat_map(|allow| allow.split(", ")) {
        let method = method.parse().expect("a method");
        assert_ne!(plain.answer(&method, &path).0.status, 405, "{method} is allowed");
    }
    match &commanded {
        Some(Commanded::Trip(name) | Commanded::Reset(name)) => {
            check_name(&plain, &path, name, commanded.as_ref())
        }
        Some(Commanded::ResetAll) => assert_eq!(path, "/circuit-breakers/reset"),
        None => {}
    }
}

/// Whatever is escaped, the same name is read.
fn check_name(plain: &Asked, path: &str, name: &str, commanded: Option<&Commanded>) {
    let (rest, verb) = path.rsplit_once('/').expect("it has slashes");
    let (_, written) = rest.rsplit_once('/').expect("it has slashes");
    if !written.contains('%') {
        assert_eq!(written, name);
    }
    let bytes = written.len() - 2 * written.matches('%').count();
    assert_eq!(name.len(), bytes, "three letters are one byte");
    let escaped: String = name.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let (_, again) = plain.answer(&Method::POST, &format!("/circuit-breakers/{escaped}/{verb}"));
    assert_eq!(again.as_ref(), commanded);
}
