//! What a closure answers with.

use bytes::Bytes;
use hyper::StatusCode;
use serde::Serialize;
use sidecar_core::panics;

use crate::troubles;

pub(crate) const JSON: &str = "application/json";

/// A ready answer: a status and a body.
#[derive(Clone, Debug)]
pub struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) content_type: &'static str,
    pub(crate) body: Bytes,
}

impl Answer {
    /// `value` as JSON, with 200 if `ok` and 503 if not.
    ///
    /// A value that cannot be serialised (a map whose keys are no strings, say) becomes a 500.
    #[must_use]
    pub fn json(ok: bool, value: &(impl Serialize + ?Sized)) -> Self {
        let status = if ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        Self::with_status(status, value)
    }

    pub(crate) fn with_status(status: StatusCode, value: &(impl Serialize + ?Sized)) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => Self { status, content_type: JSON, body: body.into() },
            Err(error) => {
                troubles::report("an answer could not be serialised", &error);
                Self::failed()
            }
        }
    }

    pub(crate) fn of(content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self { status: StatusCode::OK, content_type, body: body.into() }
    }

    /// Text that is in the program.
    pub(crate) fn fixed(content_type: &'static str, text: &'static str) -> Self {
        Self { status: StatusCode::OK, content_type, body: Bytes::from_static(text.as_bytes()) }
    }

    /// An error answer. `sentence` is a literal without quotes or backslashes: it becomes a JSON string as is.
    pub(crate) fn error(status: StatusCode, sentence: &'static str) -> Self {
        let body = format!(r#"{{"error":"{sentence}","status":{}}}"#, status.as_u16());
        Self { status, content_type: JSON, body: body.into() }
    }

    /// The route is there, but what it names is not.
    pub(crate) fn absent() -> Self {
        Self::error(StatusCode::NOT_FOUND, "no such thing")
    }

    /// What was asked for was refused, and why.
    pub(crate) fn refused(status: StatusCode, reason: &str) -> Self {
        Self::with_status(status, &serde_json::json!({ "error": reason, "status": status.as_u16() }))
    }

    /// Says that something broke inside, and not what: a panic's text may hold secrets.
    pub(crate) fn failed() -> Self {
        Self::error(StatusCode::INTERNAL_SERVER_ERROR, "the endpoint failed")
    }

    pub(crate) fn is_failed(&self) -> bool {
        self.status == StatusCode::INTERNAL_SERVER_ERROR
    }

    /// Runs a closure of the application; a panic in it becomes a 500.
    pub(crate) fn contained(f: impl FnOnce() -> Self) -> Self {
        panics::contain(f).unwrap_or_else(|message| {
            troubles::report("an endpoint's closure panicked", &message);
            Self::failed()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn ok_chooses_between_200_and_503() {
        assert_eq!(Answer::json(true, "up").status, StatusCode::OK);
        let down = Answer::json(false, &["a"]);
        assert_eq!((down.status.as_u16(), &down.body[..]), (503, &br#"["a"]"#[..]));
    }

    #[test]
    fn a_value_that_json_cannot_hold_is_a_500() {
        let keyed_by_list = BTreeMap::from([(vec![1], 2)]);
        assert_eq!(Answer::json(true, &keyed_by_list).status.as_u16(), 500);
    }

    #[test]
    fn a_panic_becomes_a_500_that_does_not_repeat_it() {
        let answer = Answer::contained(|| panic!("password is hunter2"));
        assert_eq!(answer.status.as_u16(), 500);
        assert_eq!(&answer.body[..], br#"{"error":"the endpoint failed","status":500}"#);
    }
}
