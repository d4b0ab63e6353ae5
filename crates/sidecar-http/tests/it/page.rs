//! The status page as it is served.

use crate::routes::{full, start};
use sha2::{Digest, Sha256};
use sidecar_harness::http::Client;
use sidecar_http::Endpoints;

/// The digits of base64, six bits each.
fn base64(bytes: &[u8]) -> String {
    let digits: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['+', '/']).collect();
    let bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1)).collect();
    let value =
        |six: &[u8]| (0..6).fold(0, |sum, at| sum * 2 + usize::from(six.get(at).copied().unwrap_or(0)));
    let mut text: String = bits.chunks(6).map(|six| digits[value(six)]).collect();
    text.extend(std::iter::repeat_n('=', (3 - bytes.len() % 3) % 3));
    text
}

#[test]
fn whoever_asks_gets_the_page_with_a_policy_that_fits_it() {
    let server = start(full());
    let mut client = Client::to(server.local_addr());
    for accept in ["Accept: text/html", "Accept: application/json", "X-Nothing: asked"] {
        let page = client.ask("GET /", &[accept]);
        assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
        assert_eq!(page.header("cache-control"), Some("no-store"));
        assert!(page.body.len() < 60_000, "{} bytes", page.body.len());
        let policy = page.header("content-security-policy").expect("a policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("connect-src 'self'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        for (element, directive) in [("script", "script-src"), ("style", "style-src")] {
            let (_, rest) = page.body.split_once(&format!("<{element}>")).expect("it is there");
            let (text, _) = rest.split_once(&format!("</{element}>")).expect("it ends");
            let hash = base64(&Sha256::digest(text.as_bytes()));
            assert!(policy.contains(&format!("{directive} 'sha256-{hash}';")), "{policy}: {hash}");
        }
    }
}

#[test]
fn it_is_there_without_any_closure() {
    let server = start(Endpoints::builder());
    let mut client = Client::to(server.local_addr());
    assert!(client.ask("GET /", &[]).body.starts_with("<!doctype html>"));
    client.ask("POST /", &[]).assert_error(405);
}
