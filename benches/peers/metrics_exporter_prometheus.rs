//! metrics-exporter-prometheus: its HTTP listener, over as many counters as ours has series.

use crate::{LABEL, counters};
use metrics::{counter, with_local_recorder};
use metrics_exporter_prometheus::{BuildError, ExporterFuture, PrometheusBuilder, PrometheusRecorder};
use std::net::{SocketAddr, TcpListener};
use std::{io, thread};
use tokio::runtime::{Builder, Runtime};

pub(crate) const NAME: &str = "metrics-exporter-prometheus";

/// How often a port is looked for: somebody else may take it before the listener does.
const TRIES: usize = 10;

/// Serves so many counters from a thread of its own, and what it starts beside it, until the process ends.
pub(crate) fn serve(series: usize) -> Result<SocketAddr, BuildError> {
    let runtime = Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let mut tries = (1..TRIES).map(|_| listen(&runtime));
    let listening = tries.find_map(Result::ok).map_or_else(|| listen(&runtime), Ok);
    let (address, recorder, exporter) = listening?;
    with_local_recorder(&recorder, || {
        for (name, value) in counters(series) {
            counter!(name, LABEL => value).increment(1);
        }
    });
    thread::spawn(move || runtime.block_on(exporter).is_ok());
    Ok(address)
}

/// It does not say which port it got, so it is told one that was free a moment ago.
fn listen(runtime: &Runtime) -> Result<(SocketAddr, PrometheusRecorder, ExporterFuture), BuildError> {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let address = free.map_err(failed)?;
    let builder = PrometheusBuilder::new().with_http_listener(address);
    let (recorder, exporter) = runtime.block_on(async { builder.build() })?;
    Ok((address, recorder, exporter))
}

fn failed(error: io::Error) -> BuildError {
    BuildError::FailedToCreateHTTPListener(error.to_string())
}
