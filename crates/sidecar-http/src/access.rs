//! Who may ask what.

use std::fmt;

use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Who asks for the health report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reader {
    /// Anyone: leave out what the checks said.
    Public,
    /// Someone who gave the right token: the checks' own texts may be shown.
    Trusted,
}

/// A bearer token, kept as its SHA-256 digest only.
#[derive(Clone)]
pub(crate) struct Token {
    digest: [u8; 32],
}

impl Token {
    /// `None` unless `text` is one or more visible ASCII characters: nothing else survives in a header.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let usable = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        usable.then(|| Self { digest: digest(text.as_bytes()) })
    }

    /// Digests have one length, so the comparison's time tells nothing about the token, its length included.
    fn matches(&self, presented: &[u8]) -> bool {
        self.digest.ct_eq(&digest(presented)).into()
    }
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(hidden)")
    }
}

/// What a request needs before it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Probes: nothing, wherever the server listens.
    Nothing,
    /// Reading: nothing on loopback, elsewhere the token if there is one.
    Reading,
    /// Handing in events: nothing on loopback, elsewhere a token in any case.
    Events,
    /// Changing something, or looking into the process: a token, wherever the server listens.
    Commanding,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Granted,
    /// 401: the token is missing or wrong.
    TokenNeeded,
    /// 404: without a token to ask for, the route does not exist.
    Absent,
}

/// The rule of one server: where it listens and which token it knows.
#[derive(Clone, Debug)]
pub(crate) struct Door {
    pub(crate) loopback: bool,
    pub(crate) token: Option<Token>,
}

impl Door {
    /// Whether the request carries the right token, exactly once.
    pub(crate) fn trusts(&self, headers: &HeaderMap) -> bool {
        let Some(token) = &self.token else { return false };
        let mut values = headers.get_all(AUTHORIZATION).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => bearer(value.as_bytes()).is_some_and(|presented| token.matches(presented)),
            _ => false,
        }
    }

    pub(crate) fn decide(&self, need: Need, trusted: bool) -> Access {
        match (need, self.loopback, &self.token) {
            (Need::Nothing, ..) | (Need::Reading | Need::Events, true, _) | (Need::Reading, _, None) => {
                Access::Granted
            }
            (Need::Events | Need::Commanding, _, None) => Access::Absent,
            (_, _, Some(_)) if trusted => Access::Granted,
            (_, _, Some(_)) => Access::TokenNeeded,
        }
    }
}

/// What follows `Bearer` and its spaces. The scheme's case does not matter (RFC 9110, 11.1).
fn bearer(value: &[u8]) -> Option<&[u8]> {
    const SCHEME: &[u8] = b"bearer ";
    let (scheme, rest) = value.split_at_checked(SCHEME.len())?;
    scheme.eq_ignore_ascii_case(SCHEME).then(|| rest.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    fn door(loopback: bool, token: Option<&str>) -> Door {
        Door { loopback, token: token.map(|text| Token::new(text).expect("a usable token")) }
    }

    #[test]
    fn every_row_of_the_access_table() {
        use Access::{Absent, Granted, TokenNeeded};
        // loopback, token set, right token given -> probes, reading, events, commanding
        let table = [
            ((true, false, false), [Granted, Granted, Granted, Absent]),
            ((true, true, false), [Granted, Granted, Granted, TokenNeeded]),
            ((true, true, true), [Granted, Granted, Granted, Granted]),
            ((false, false, false), [Granted, Granted, Absent, Absent]),
            ((false, true, false), [Granted, TokenNeeded, TokenNeeded, TokenNeeded]),
            ((false, true, true), [Granted, Granted, Granted, Granted]),
        ];
        let needs = [Need::Nothing, Need::Reading, Need::Events, Need::Commanding];
        for ((loopback, set, right), expected) in table {
            let door = door(loopback, set.then_some("secret"));
            let found = needs.map(|need| door.decide(need, right));
            assert_eq!(found, expected, "loopback {loopback}, token {set}, right {right}");
        }
    }

    #[test]
    fn only_the_right_token_given_once_as_bearer_is_trusted() {
        let door = door(false, Some("secret"));
        let trusts = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(AUTHORIZATION, HeaderValue::from_static(value));
            }
            door.trusts(&headers)
        };
        assert!(trusts(&["Bearer secret"]));
        assert!(trusts(&["bEARER  secret "]));
        let wrong = [
            "",
            "Bearer",
            "Bearer ",
            "Bearer secre",
            "Bearer secrets",
            "Basic secret",
            "secret",
            "Bearersecret",
        ];
        for value in wrong {
            assert!(!trusts(&[value]), "{value:?}");
        }
        assert!(!trusts(&[]));
        assert!(!trusts(&["Bearer secret", "Bearer secret"]));
    }

    #[test]
    fn without_a_token_nobody_is_trusted() {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer "));
        assert!(!door(true, None).trusts(&headers));
    }

    #[test]
    fn a_token_that_no_header_can_carry_is_refused() {
        for text in ["", " ", "two words", "tab\t", "line\n", "é"] {
            assert!(Token::new(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn a_token_does_not_show_in_debug_output() {
        let shown = format!("{:?}", door(false, Some("hunter2")));
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(!shown.contains("digest"), "{shown}");
    }
}
