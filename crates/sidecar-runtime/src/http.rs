//! Settings of the endpoints, as far as the runtime hands them on.

use crate::sidecar::SidecarHandle;
use crate::wiring::endpoints::routes;
use serde_json::Value;
use sidecar_http::Server;
use std::fmt;

pub use sidecar_http::{
    Address, Answer, Batch, BatchFormat, Endpoints, EndpointsBuilder, Exposition, ProfileFormat,
    ProfileRequest, Reader, ServeError,
};
#[cfg(feature = "tower")]
pub use sidecar_http::{EndpointsBody, EndpointsFuture, EndpointsService};

type Ingest = Box<dyn Fn(&SidecarHandle, Batch) -> Value + Send + Sync>;

/// Settings of the endpoints: see [`SidecarBuilder::http_settings`](crate::SidecarBuilder::http_settings).
#[derive(Default)]
#[must_use = "settings do nothing until they are used"]
pub struct HttpSettings {
    pub(crate) address: Option<String>,
    token: Option<String>,
    allow_unauthenticated: bool,
    allowed_hosts: Vec<String>,
    ingest: Option<Ingest>,
    #[cfg(feature = "pprof")]
    profiles: bool,
}

impl HttpSettings {
    /// The bearer token that opens what is not open to everybody. Defaults to none.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Serves on an address that is not loopback although there is no token. Defaults to refusing that.
    pub fn allow_unauthenticated(mut self, allow: bool) -> Self {
        self.allow_unauthenticated = allow;
        self
    }

    /// A further name that a `Host` header may carry. Defaults to none.
    pub fn allow_host(mut self, host: impl Into<String>) -> Self {
        self.allowed_hosts.push(host.into());
        self
    }

    /// Answers `GET /debug/profile?seconds=N&format=F` to those who have the token: what the process spends its CPU
    /// time on, for 1 to 60 s (10 if nothing is said), as `pprof` (if nothing is said) or `svg`. Defaults to no such
    /// route, because of what a signal handler risks: see [`CpuProfile`](crate::profiler::CpuProfile).
    ///
    /// One is taken at a time (409 to others), and none while the sidecar is over its budget or when it stops (503,
    /// also in the middle of one). On Linux; elsewhere the answer is 503.
    #[cfg(feature = "pprof")]
    pub fn profiles(mut self, allow: bool) -> Self {
        self.profiles = allow;
        self
    }

    /// Takes the batches of `POST /events` and answers with a receipt. Defaults to not taking any.
    pub fn ingest(mut self, take: impl Fn(&SidecarHandle, Batch) -> Value + Send + Sync + 'static) -> Self {
        self.ingest = Some(Box::new(take));
        self
    }

    pub(crate) fn serve(self, sidecar: &SidecarHandle) -> Result<Option<Server>, ServeError> {
        let Some(address) = self.address else { return Ok(None) };
        let mut endpoints = routes(sidecar).allow_unauthenticated(self.allow_unauthenticated);
        if let Some(token) = self.token {
            endpoints = endpoints.token(token);
        }
        for host in self.allowed_hosts {
            endpoints = endpoints.allow_host(host);
        }
        if let Some(take) = self.ingest {
            let sidecar = sidecar.clone();
            endpoints = endpoints.ingest(move |batch| take(&sidecar, batch));
        }
        #[cfg(feature = "pprof")]
        if self.profiles {
            let sidecar = sidecar.clone();
            endpoints = endpoints.profile(move |request| crate::wiring::profiles::take(&sidecar, request));
        }
        endpoints.serve(&address).map(Some)
    }
}

impl fmt::Debug for HttpSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpSettings")
            .field("address", &self.address)
            .field("token", &self.token.as_ref().map(|_| "..."))
            .field("allow_unauthenticated", &self.allow_unauthenticated)
            .field("allowed_hosts", &self.allowed_hosts)
            .finish_non_exhaustive()
    }
}
