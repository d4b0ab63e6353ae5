//! One connection, from accept to close.

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, sleep_until, timeout};

use crate::receive::receive;
use crate::reply::{Content, Reply, ReplyBody, endless};
use crate::router::{Router, Task};
use crate::slot::Slot;
use crate::transport::Transport;

/// Largest request head: the smallest buffer that hyper allows.
pub(crate) const MAX_HEAD_BYTES: usize = 8192;

/// Most header lines of a request.
pub(crate) const MAX_HEADERS: usize = 64;

/// How long and how much a client that was answered may go on sending before its socket is dropped. A socket
/// dropped with unread bytes is reset, and the reset can overtake the answer (RFC 9112, 9.6).
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: usize = 4 << 20;

enum End {
    /// hyper is done: both sides agreed to close, or the head could not be read.
    Finished(hyper::Result<()>),
    /// A deadline passed, or the server stops: closed without a word.
    Cut,
}

pub(crate) async fn serve<S>(stream: S, router: Arc<Router>, slot: Rc<Slot>)
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let service = service_fn({
        let slot = Rc::clone(&slot);
        move |request| {
            let (router, slot) = (Arc::clone(&router), Rc::clone(&slot));
            async move { Ok::<_, Infallible>(respond(&router, &slot, request).await) }
        }
    });
    let mut connection = http1::Builder::new()
        .max_buf_size(MAX_HEAD_BYTES)
        .max_headers(MAX_HEADERS)
        // A client may close its sending side and still read the answer.
        .half_close(true)
        // The slot's deadlines count from other moments than hyper's timer would.
        .header_read_timeout(None)
        .serve_connection(Transport::new(stream, Rc::clone(&slot)), service);

    let mut alarm = pin!(sleep_until(slot.deadline()));
    let end = poll_fn(|cx| {
        if let Poll::Ready(result) = Pin::new(&mut connection).poll(cx) {
            return Poll::Ready(End::Finished(result));
        }
        if slot.is_closing() && slot.awaits_head() {
            return Poll::Ready(End::Cut);
        }
        loop {
            let deadline = slot.deadline();
            // An alarm that rings early is set anew; moving it with every request would cost more.
            if deadline < alarm.deadline() {
                alarm.as_mut().reset(deadline);
            }
            if alarm.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            if Instant::now() >= deadline {
                return Poll::Ready(End::Cut);
            }
            alarm.as_mut().reset(deadline);
        }
    })
    .await;

    let End::Finished(result) = end else { return };
    let last_words = match result {
        Ok(()) => None,
        Err(error) if slot.awaits_head() && error.is_parse_too_large() => Some(Reply::head_too_large()),
        Err(error) if slot.awaits_head() && error.is_parse() => {
            Some(Reply::bad_request("the request head is malformed"))
        }
        Err(_) => return,
    };
    let stream = connection.into_parts().io.into_stream();
    // Errors are the client's: it is gone.
    let _ = timeout(LINGER, part(stream, last_words)).await;
}

async fn respond(router: &Arc<Router>, slot: &Rc<Slot>, request: Request<Incoming>) -> Response<ReplyBody> {
    slot.head_complete(Instant::now());
    let (head, body) = request.into_parts();
    let has_body = !body.is_end_stream();
    let reply = match router.admit(&head, has_body) {
        Err(refusal) => refusal.closing_if(has_body),
        Ok(Task::Read(route, reader)) => router.read(route, reader, &head.headers).await,
        Ok(Task::History(parameters)) => router.history(parameters).await,
        Ok(Task::Command(command)) => router.command(command).await,
        Ok(Task::Stream { only_head }) => match router.stream(only_head) {
            Ok(stream) => {
                slot.stream_begun(Instant::now());
                return endless(ReplyBody::new(Content::Stream(stream), slot));
            }
            Err(refusal) => refusal,
        },
        Ok(Task::Profile(request)) => {
            slot.answer_delayed(Instant::now(), request.duration);
            router.profile(request).await
        }
        Ok(Task::Head(content_type)) => Reply::head(content_type),
        Ok(Task::Ingest(packing)) => {
            slot.body_wanted(Instant::now());
            let received = receive(body, &router.bodies).await;
            slot.body_complete(Instant::now());
            match received {
                Ok(received) => router.ingest(packing, received).await,
                Err(refusal) => refusal.closing_if(true),
            }
        }
    };
    slot.answer_made(Instant::now());
    reply
        .closing_if(slot.is_closing())
        .into_response(|bytes| ReplyBody::new(Content::Whole(Some(bytes)), slot))
}

/// Says the last words, closes the sending side and reads what still comes, until the client closes too.
async fn part<S>(mut stream: S, last_words: Option<Reply>) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let words = last_words.map_or_else(Vec::new, Reply::into_last_words);
    let mut rest = &words[..];
    while !rest.is_empty() {
        let written = poll_fn(|cx| Pin::new(&mut stream).poll_write(cx, rest)).await?;
        rest = &rest[written..];
    }
    poll_fn(|cx| Pin::new(&mut stream).poll_shutdown(cx)).await?;
    let mut left = LINGER_BYTES;
    let mut buffer = [0; 1024];
    while left > 0 {
        let mut read = ReadBuf::new(&mut buffer);
        poll_fn(|cx| Pin::new(&mut stream).poll_read(cx, &mut read)).await?;
        match read.filled().len() {
            0 => break,
            read => left = left.saturating_sub(read),
        }
    }
    Ok(())
}
