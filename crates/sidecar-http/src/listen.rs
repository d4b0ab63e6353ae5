//! From the text of an address to a bound socket.

use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};

use crate::error::ServeError;

/// An address to listen on, resolved.
#[derive(Debug)]
pub(crate) struct Listen<'a> {
    text: &'a str,
    candidates: Vec<SocketAddr>,
}

impl<'a> Listen<'a> {
    pub(crate) fn resolve(text: &'a str) -> Result<Self, ServeError> {
        let refuse = |error| ServeError::Address { address: text.to_owned(), error };
        let candidates: Vec<SocketAddr> = match text.rsplit_once(':') {
            Some((host, _)) if !host.is_empty() => text.to_socket_addrs().map_err(refuse)?.collect(),
            _ => return Err(refuse(invalid("expected HOST:PORT"))),
        };
        if candidates.is_empty() {
            return Err(refuse(invalid("the name has no address")));
        }
        Ok(Self { text, candidates })
    }

    /// The host as written, which may be a name that clients put into `Host`.
    pub(crate) fn host(&self) -> &'a str {
        self.text.rsplit_once(':').map_or(self.text, |(host, _)| host)
    }

    /// Whether every address that the text stands for is reachable from this machine only.
    pub(crate) fn is_loopback(&self) -> bool {
        self.candidates.iter().all(|address| address.ip().to_canonical().is_loopback())
    }

    pub(crate) fn unauthenticated(&self) -> ServeError {
        ServeError::Unauthenticated { address: self.text.to_owned() }
    }

    /// Binds the first address that the operating system grants.
    pub(crate) fn bind(&self) -> Result<TcpListener, ServeError> {
        TcpListener::bind(&self.candidates[..])
            .map_err(|error| ServeError::Bind { address: self.text.to_owned(), error })
    }
}

fn invalid(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_localhost_resolve() {
        for (text, host) in
            [("127.0.0.1:80", "127.0.0.1"), ("[::1]:0", "[::1]"), ("localhost:1", "localhost")]
        {
            let listen = Listen::resolve(text).expect("an address");
            assert_eq!((listen.host(), listen.is_loopback()), (host, true));
        }
    }

    #[test]
    fn what_other_machines_reach_is_not_loopback() {
        for text in ["0.0.0.0:80", "[::]:80", "192.0.2.1:80", "[::ffff:192.0.2.1]:80"] {
            assert!(!Listen::resolve(text).expect("an address").is_loopback(), "{text}");
        }
        assert!(Listen::resolve("[::ffff:127.0.0.1]:80").expect("an address").is_loopback());
    }

    #[test]
    fn a_bad_address_is_named() {
        for text in ["", "8080", ":8080", "localhost", "127.0.0.1:99999", "127.0.0.1:http", "::1"] {
            let error = Listen::resolve(text).expect_err("no address");
            assert!(matches!(error, ServeError::Address { .. }), "{text}: {error:?}");
            assert!(error.to_string().contains(&format!("{text:?}")), "{error}");
        }
    }
}
