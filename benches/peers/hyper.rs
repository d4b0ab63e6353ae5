//! hyper and nothing else: what any server over it costs at least.

use hyper::Response;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::{io, thread};
use tokio::net::TcpListener;
use tokio::runtime::Builder;

pub(crate) const NAME: &str = "hyper";

/// Serves from a thread of its own until the process ends.
pub(crate) fn serve() -> io::Result<SocketAddr> {
    let runtime = Builder::new_current_thread().enable_io().build()?;
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    thread::spawn(move || runtime.block_on(answer(listener)));
    Ok(address)
}

async fn answer(listener: TcpListener) {
    loop {
        let (stream, _) = listener.accept().await.expect("there are descriptors enough");
        let service = service_fn(|_| async { Ok::<_, Infallible>(Response::new("ok".to_owned())) });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}
