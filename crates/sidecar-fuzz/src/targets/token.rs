//! Bearer tokens: the first line is the token that is set, each further one the value of an `Authorization`.

use hyper::Request;
use hyper::header::{AUTHORIZATION, HeaderValue};
use sidecar_http::{Answer, Endpoints, EndpointsService, Reader};

use super::endpoint::{Answered, Whole, ask, lines};

pub(super) fn run(bytes: &[u8]) {
    let mut lines = lines(bytes);
    let token = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
    let endpoints = Endpoints::builder()
        .health(|reader| Answer::json(true, if reader == Reader::Trusted { "texts" } else { "none" }))
        .circuit_breakers(|| "breakers");
    let usable = !token.is_empty() && token.bytes().all(|byte| (b'!'..=b'~').contains(&byte));
    let Ok(service) = endpoints.token(&token).into_service() else {
        assert!(!usable, "{token:?} is refused");
        return;
    };
    assert!(usable, "no header can carry {token:?}");

    let values: Vec<_> = lines.filter_map(|line| HeaderValue::from_bytes(line).ok()).collect();
    let right = matches!(&values[..], [one] if one.to_str().is_ok_and(|value| presents(value, &token)));
    check(&service, &values, right);
    let exact = HeaderValue::from_str(&format!("Bearer {token}")).expect("the token is visible ASCII");
    check(&service, std::slice::from_ref(&exact), true);
    let with_one_more: Vec<_> = values.iter().cloned().chain([exact]).collect();
    check(&service, &with_one_more, values.is_empty());
}

fn check(service: &EndpointsService, values: &[HeaderValue], right: bool) {
    let reading = get(service, "/circuit-breakers", values);
    assert_eq!(reading.status, if right { 200 } else { 401 }, "{values:?}");
    assert_eq!(reading.header("www-authenticate"), (!right).then_some("Bearer"));
    // Which routes there are is no business of others.
    assert_eq!(get(service, "/nowhere", values).status, if right { 404 } else { 401 });
    let health = get(service, "/health", values);
    assert_eq!(
        (health.status, &health.body[..]),
        (200, if right { &br#""texts""#[..] } else { br#""none""# })
    );
}

fn get(service: &EndpointsService, path: &str, values: &[HeaderValue]) -> Answered {
    let request = Request::builder().uri(path).header("Host", "localhost").body(Whole::empty());
    let mut request = request.expect("a request");
    for value in values {
        request.headers_mut().append(AUTHORIZATION, value.clone());
    }
    ask(service, request)
}

fn presents(value: &str, token: &str) -> bool {
    let rest = value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    rest.is_some_and(|(_, rest)| rest.trim_matches([' ', '\t']) == token)
}
