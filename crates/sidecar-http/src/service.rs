//! The endpoints inside another server.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use hyper::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use hyper::{HeaderMap, Method, Request, Response};
use tokio::time::timeout;
use tower_service::Service;

use crate::receive::receive;
use crate::reply::{Content, Reply, endless};
use crate::router::{Router, Task};

/// The endpoints as a [`Service`], to be mounted in a server of the application. Made by
/// [`Endpoints::into_service`](crate::Endpoints::into_service); clones share everything.
///
/// It takes requests with any body, never fails and is always ready. It must be polled in a tokio runtime with
/// timers, as every server on tokio does.
///
/// Routes, answers and rules are those of the server, with these differences:
/// - It cannot know who reaches it, so all but the probes need the token. Without a token it is made only with
///   [`allow_unauthenticated`](crate::EndpointsBuilder::allow_unauthenticated), and takes no events.
/// - `Host` must be an IP literal, `localhost` or a name of [`allow_host`](crate::EndpointsBuilder::allow_host).
/// - Deadlines and cap of connections are the business of the server around it. A body that is not there after
///   [`body_deadline`](crate::EndpointsBuilder::body_deadline) is answered with 408.
/// - A stream that its client does not read is let go when it is 30 documents behind. Streams end with
///   [`end_streams`](Self::end_streams).
/// - It lives on the application's threads: where all of these are blocked, no probe is answered.
#[derive(Clone, Debug)]
pub struct EndpointsService {
    router: Arc<Router>,
    body_deadline: Duration,
}

impl EndpointsService {
    pub(crate) fn new(router: Router, body_deadline: Duration) -> Self {
        Self { router: Arc::new(router), body_deadline }
    }

    /// Ends every stream of the status page, here and in all clones, and refuses new ones with 503. A server around it
    /// that waits for its answers to end waits for streams too: this is to be called before it is stopped.
    pub fn end_streams(&self) {
        self.router.end_streams();
    }
}

impl<B> Service<Request<B>> for EndpointsService
where
    B: Body + Send + 'static,
    B::Data: Send,
{
    type Response = Response<EndpointsBody>;
    type Error = Infallible;
    type Future = EndpointsFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> EndpointsFuture {
        let (router, deadline) = (Arc::clone(&self.router), self.body_deadline);
        EndpointsFuture(Box::pin(respond(router, deadline, request)))
    }
}

async fn respond<B: Body>(
    router: Arc<Router>,
    deadline: Duration,
    request: Request<B>,
) -> Response<EndpointsBody> {
    let (head, body) = request.into_parts();
    let reply = match router.admit(&head, declares_body(&head.headers)) {
        Err(refusal) => refusal,
        Ok(Task::Read(route, reader)) => router.read(route, reader, &head.headers).await,
        Ok(Task::History(parameters)) => router.history(parameters).await,
        Ok(Task::Command(command)) => router.command(command).await,
        Ok(Task::Stream { only_head }) => match router.stream(only_head) {
            Ok(stream) => return endless(EndpointsBody(Content::Stream(stream))),
            Err(refusal) => refusal,
        },
        Ok(Task::Profile(request)) => router.profile(request).await,
        Ok(Task::Head(content_type)) => Reply::head(content_type),
        Ok(Task::Ingest(packing)) => match timeout(deadline, receive(Box::pin(body), &router.bodies)).await {
            Ok(Ok(received)) => router.ingest(packing, received).await,
            Ok(Err(refusal)) => refusal,
            Err(_) => Reply::body_late(),
        },
    };
    // Its length is in the head all the same.
    let bare = head.method == Method::HEAD;
    reply.into_response(|bytes| EndpointsBody(Content::Whole((!bare && !bytes.is_empty()).then_some(bytes))))
}

/// What the head says of a body. The body itself may have been wrapped by something that does not know its end.
fn declares_body(headers: &HeaderMap) -> bool {
    headers.contains_key(TRANSFER_ENCODING) || headers.get(CONTENT_LENGTH).is_some_and(|length| length != "0")
}

/// What [`EndpointsService`] answers with, in the making.
#[must_use = "futures do nothing unless polled"]
pub struct EndpointsFuture(Pin<Box<dyn Future<Output = Response<EndpointsBody>> + Send>>);

impl Future for EndpointsFuture {
    type Output = Result<Response<EndpointsBody>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx).map(Ok)
    }
}

impl fmt::Debug for EndpointsFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EndpointsFuture")
    }
}

/// The body of an answer: in one piece, or the status page's stream.
#[derive(Debug)]
pub struct EndpointsBody(Content);

impl Body for EndpointsBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_piece(cx).map(|piece| piece.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_taken()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}
