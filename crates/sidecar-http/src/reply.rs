//! An answer with what HTTP says around it.

use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER,
    WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Response, StatusCode};
use tokio::time::Instant;

use crate::answer::Answer;
use crate::slot::Slot;
use crate::stream::Stream;

#[derive(Clone, Debug)]
pub(crate) struct Reply {
    answer: Answer,
    extra: Option<(HeaderName, &'static str)>,
    close: bool,
    has_length: bool,
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        Self { answer, extra: None, close: false, has_length: true }
    }
}

impl Reply {
    pub(crate) fn refuse(status: StatusCode, sentence: &'static str) -> Self {
        Answer::error(status, sentence).into()
    }

    pub(crate) fn bad_request(sentence: &'static str) -> Self {
        Self::refuse(StatusCode::BAD_REQUEST, sentence)
    }

    pub(crate) fn misdirected() -> Self {
        Self::refuse(StatusCode::MISDIRECTED_REQUEST, "this host name is not served here")
    }

    pub(crate) fn not_found() -> Self {
        Self::refuse(StatusCode::NOT_FOUND, "no such route")
    }

    pub(crate) fn token_needed() -> Self {
        Self::refuse(StatusCode::UNAUTHORIZED, "a bearer token is needed").with(WWW_AUTHENTICATE, "Bearer")
    }

    pub(crate) fn method_not_allowed(methods: &'static str) -> Self {
        Self::refuse(StatusCode::METHOD_NOT_ALLOWED, "the route does not take this method")
            .with(ALLOW, methods)
    }

    pub(crate) fn too_large() -> Self {
        Self::refuse(StatusCode::PAYLOAD_TOO_LARGE, "the body is over 1 MiB")
    }

    pub(crate) fn unsupported(sentence: &'static str) -> Self {
        Self::refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, sentence)
    }

    pub(crate) fn head_too_large() -> Self {
        Self::refuse(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "the request head is too large")
    }

    pub(crate) fn busy() -> Self {
        Self::refuse(StatusCode::SERVICE_UNAVAILABLE, "too many bodies are being received")
            .with(RETRY_AFTER, "1")
    }

    #[cfg(feature = "tower")]
    pub(crate) fn body_late() -> Self {
        Self::refuse(StatusCode::REQUEST_TIMEOUT, "the body did not come in time")
    }

    pub(crate) fn foreign() -> Self {
        Self::refuse(StatusCode::FORBIDDEN, "pages of another origin get no stream")
    }

    pub(crate) fn streams_ended() -> Self {
        Self::refuse(StatusCode::SERVICE_UNAVAILABLE, "the streams have been ended").with(RETRY_AFTER, "5")
    }

    /// What `HEAD` is answered with where it takes long to make the content. Its length is then left out (RFC 9110,
    /// 9.3.2).
    pub(crate) fn head(content_type: &'static str) -> Self {
        Self { has_length: false, ..Answer::fixed(content_type, "").into() }
    }

    pub(crate) fn with(self, name: HeaderName, value: &'static str) -> Self {
        Self { extra: Some((name, value)), ..self }
    }

    /// Closes the connection after this reply, if `close` says so or it was closing anyway.
    pub(crate) fn closing_if(self, close: bool) -> Self {
        Self { close: self.close || close, ..self }
    }

    /// A response whose body `wrap` makes of the bytes.
    pub(crate) fn into_response<B>(self, wrap: impl FnOnce(Bytes) -> B) -> Response<B> {
        let Answer { status, content_type, body } = self.answer;
        let length = body.len();
        let mut response = Response::new(wrap(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        if self.has_length {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        for (name, value) in ALWAYS {
            headers.insert(name, HeaderValue::from_static(value));
        }
        if let Some((name, value)) = self.extra {
            headers.insert(name, HeaderValue::from_static(value));
        }
        if self.close {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    /// The whole reply as bytes, for a connection on which hyper has given up.
    pub(crate) fn into_last_words(self) -> Vec<u8> {
        let Answer { status, content_type, body } = self.answer;
        let mut text = format!("HTTP/1.1 {status}\r\n{CONTENT_TYPE}: {content_type}\r\n");
        for (name, value) in ALWAYS {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str(&format!("{CONTENT_LENGTH}: {}\r\n{CONNECTION}: close\r\n\r\n", body.len()));
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(&body);
        bytes
    }
}

const ALWAYS: [(HeaderName, &str); 2] = [(CACHE_CONTROL, "no-store"), (X_CONTENT_TYPE_OPTIONS, "nosniff")];

/// A response without an end, whose pieces come from `body`. What stands between the two sides must not collect them.
pub(crate) fn endless<B>(body: B) -> Response<B> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    response
}

/// The body of a reply.
#[derive(Debug)]
pub(crate) enum Content {
    /// In one piece; `None` once it was taken.
    Whole(Option<Bytes>),
    /// Pieces as they come; `None` where only the head was asked for.
    Stream(Option<Stream>),
}

impl Content {
    pub(crate) fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        match self {
            Self::Whole(bytes) => Poll::Ready(bytes.take()),
            Self::Stream(stream) => stream.as_mut().map_or(Poll::Ready(None), |stream| stream.poll_next(cx)),
        }
    }

    pub(crate) fn is_taken(&self) -> bool {
        matches!(self, Self::Whole(None))
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Self::Stream(_) => SizeHint::default(),
        }
    }
}

/// A body that tells its connection when hyper takes of it, and when hyper is done with it: hyper drops a body once its
/// last byte is in the write buffer.
pub(crate) struct ReplyBody {
    content: Content,
    slot: Rc<Slot>,
}

impl ReplyBody {
    pub(crate) fn new(content: Content, slot: &Rc<Slot>) -> Self {
        Self { content, slot: Rc::clone(slot) }
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = ready!(self.content.poll_piece(cx));
        if piece.is_some() {
            self.slot.piece_handed_over(Instant::now());
        }
        Poll::Ready(piece.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.content.is_taken()
    }

    fn size_hint(&self) -> SizeHint {
        self.content.size_hint()
    }
}

impl Drop for ReplyBody {
    fn drop(&mut self) {
        self.slot.answer_handed_over(Instant::now());
    }
}
