//! The endpoints, asked as a service: no socket, and the same router.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::LazyLock;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame};
use hyper::header::HeaderMap;
use hyper::{Method, Request};
use sidecar_http::EndpointsService;
use tokio::runtime::{Builder, Runtime};
use tower_service::Service;

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_time().build().expect("a runtime"));

/// A body in one piece.
pub(super) struct Whole(Option<Bytes>);

impl Whole {
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self(Some(Bytes::copy_from_slice(bytes)))
    }

    pub(super) fn empty() -> Self {
        Self(None)
    }
}

impl Body for Whole {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }
}

pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// Asks, and checks what all answers have in common.
pub(super) fn ask(service: &EndpointsService, request: Request<Whole>) -> Answered {
    let bare = request.method() == Method::HEAD;
    let answered = RUNTIME.block_on(async {
        let response = service.clone().call(request).await.unwrap_or_else(|never| match never {});
        let (head, body) = response.into_parts();
        let (mut body, mut all) = (pin!(body), Vec::new());
        while let Some(Ok(frame)) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
            all.extend(frame.into_data().expect("no trailers"));
        }
        Answered { status: head.status.as_u16(), headers: head.headers, body: all }
    });
    answered.check(bare);
    answered
}

impl Answered {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("text"))
    }

    fn check(&self, bare: bool) {
        let Self { status, body, .. } = self;
        assert_eq!(self.header("cache-control"), Some("no-store"));
        assert_eq!(self.header("x-content-type-options"), Some("nosniff"));
        let length: usize =
            self.header("content-length").and_then(|text| text.parse().ok()).expect("a length");
        assert_eq!(body.len(), if bare { 0 } else { length });
        if *status >= 400 && !bare {
            assert_eq!(self.header("content-type"), Some("application/json"));
            is_error(*status, body);
        }
    }
}

/// The lines of an input, of which the last may end too.
pub(super) fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.strip_suffix(b"\n").unwrap_or(bytes).split(|byte| *byte == b'\n')
}

/// Whether the body of an error says what an error is to say.
pub(super) fn is_error(status: u16, body: &[u8]) {
    let read: serde_json::Value = serde_json::from_slice(body).expect("an error is JSON");
    assert_eq!(read["status"], status);
    assert!(read["error"].is_string());
}
