//! The rule for hosts: the first line is a name that is allowed, the second the authority of an absolute target, and
//! each further one the value of a `Host`.

use std::net::{Ipv4Addr, Ipv6Addr};

use hyper::Request;
use hyper::header::{HOST, HeaderValue};
use sidecar_http::{Answer, Endpoints};

use super::endpoint::{Whole, ask, lines};

pub(super) fn run(bytes: &[u8]) {
    let mut lines = lines(bytes);
    let name = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
    let builder = Endpoints::builder().allow_unauthenticated(true).live(|| Answer::json(true, "live"));
    let Ok(service) = builder.allow_host(&*name).into_service() else {
        assert!(!is_name(&name), "{name:?} is refused");
        return;
    };
    assert!(is_name(&name), "{name:?} is no name of a host");

    let authority = lines.next().unwrap_or_default();
    let absolute = [b"http://", authority, b"/live"].concat();
    let target = if authority.is_empty() { b"/live" } else { &absolute[..] };
    let mut request = Request::builder().uri(target).body(Whole::empty());
    let Ok(request) = &mut request else { return };
    let authority = request.uri().authority().map(|authority| authority.as_str().to_owned());
    let hosts: Vec<_> = lines.filter_map(|line| HeaderValue::from_bytes(line).ok()).collect();
    for host in &hosts {
        request.headers_mut().append(HOST, host.clone());
    }
    if request.uri().path() != "/live" {
        return;
    }

    let known = |host: &str| is_known(host, &name);
    let expected = match &hosts[..] {
        _ if authority.is_some_and(|authority| !known(&authority)) => 421,
        [one] if one.to_str().is_ok_and(known) => 200,
        [_] => 421,
        _ => 400,
    };
    let request = std::mem::replace(request, Request::new(Whole::empty()));
    assert_eq!(ask(&service, request).status, expected, "{name:?} is allowed, and asked is {hosts:?}");
}

fn is_name(text: &str) -> bool {
    let part = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    !text.is_empty() && text != "." && text.bytes().all(part)
}

/// The same rule, read from behind.
fn is_known(host: &str, name: &str) -> bool {
    let is_port = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let bare = host.rsplit_once(':').filter(|(_, port)| is_port(port)).map_or(host, |(bare, _)| bare);
    if let Some(inner) = bare.strip_prefix('[') {
        return inner.strip_suffix(']').is_some_and(|ip| ip.parse::<Ipv6Addr>().is_ok());
    }
    let rooted = |name: &str| name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    let same = |name: &str| rooted(bare) == rooted(name);
    bare.parse::<Ipv4Addr>().is_ok() || same("localhost") || same(name)
}
