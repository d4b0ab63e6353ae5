//! The socket as hyper sees it: it tells when an answer has left, and keeps hyper's own words in.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use crate::slot::Slot;

/// A stream for hyper.
///
/// While no request is being answered nothing we made is in flight, so whatever hyper writes then is its own
/// empty answer to a head it cannot read. It is swallowed, as is the shutdown after it: the connection's task
/// answers such a head in JSON and closes the socket in its own way.
pub(crate) struct Transport<S> {
    io: TokioIo<S>,
    slot: Rc<Slot>,
}

impl<S> Transport<S> {
    pub(crate) fn new(stream: S, slot: Rc<Slot>) -> Self {
        Self { io: TokioIo::new(stream), slot }
    }

    pub(crate) fn into_stream(self) -> S {
        self.io.into_inner()
    }
}

impl<S: AsyncRead + Unpin> Read for Transport<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> Write for Transport<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.slot.awaits_head() {
            return Poll::Ready(Ok(buf.len()));
        }
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.io).poll_flush(cx))?;
        self.slot.flushed(Instant::now());
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.slot.awaits_head() {
            return Poll::Ready(Ok(bufs.iter().map(|buf| buf.len()).sum()));
        }
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }
}
