//! From the text of an address to a bound socket.

#[cfg(unix)]
mod unix;

use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::path::Path;
use std::task::{Context, Poll, ready};

use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::{UnixSocket, UnixStream};

use crate::address::Address;
use crate::error::ServeError;
#[cfg(unix)]
use unix::SocketFile;

/// Before the path of a Unix socket.
const UNIX: &str = "unix:";

/// Connections that wait to be accepted, at most; what the standard library asks for too.
#[cfg(unix)]
const BACKLOG: u32 = 1024;

/// An address to listen on, resolved.
#[derive(Debug)]
pub(crate) struct Listen<'a> {
    text: &'a str,
    place: Place<'a>,
}

#[derive(Debug)]
enum Place<'a> {
    Tcp(Vec<SocketAddr>),
    Unix(&'a Path),
}

impl<'a> Listen<'a> {
    pub(crate) fn resolve(text: &'a str) -> Result<Self, ServeError> {
        let refuse = |error| ServeError::Address { address: text.to_owned(), error };
        if let Some(path) = text.strip_prefix(UNIX) {
            return match path {
                _ if !cfg!(unix) => Err(refuse(invalid("Unix sockets are not served on this system"))),
                "" => Err(refuse(invalid("expected a path after `unix:`"))),
                path => Ok(Self { text, place: Place::Unix(Path::new(path)) }),
            };
        }
        let candidates: Vec<SocketAddr> = match text.rsplit_once(':') {
            Some((host, _)) if !host.is_empty() => text.to_socket_addrs().map_err(refuse)?.collect(),
            _ => return Err(refuse(invalid("expected HOST:PORT or unix:PATH"))),
        };
        if candidates.is_empty() {
            return Err(refuse(invalid("the name has no address")));
        }
        Ok(Self { text, place: Place::Tcp(candidates) })
    }

    /// The host as written, which may be a name that clients put into `Host`.
    pub(crate) fn host(&self) -> Option<&'a str> {
        match self.place {
            Place::Tcp(_) => self.text.rsplit_once(':').map(|(host, _)| host),
            Place::Unix(_) => None,
        }
    }

    /// Whether all that the text stands for is reachable from this machine only.
    pub(crate) fn is_loopback(&self) -> bool {
        match &self.place {
            Place::Tcp(candidates) => {
                candidates.iter().all(|address| address.ip().to_canonical().is_loopback())
            }
            Place::Unix(_) => true,
        }
    }

    pub(crate) fn unauthenticated(&self) -> ServeError {
        ServeError::Unauthenticated { address: self.text.to_owned() }
    }

    /// Binds the first address that the operating system grants.
    pub(crate) fn bind(&self) -> Result<Bound, ServeError> {
        let bound = match &self.place {
            Place::Tcp(candidates) => TcpListener::bind(&candidates[..]).and_then(|listener| {
                listener.set_nonblocking(true)?;
                Ok(Bound::Tcp(listener))
            }),
            #[cfg(unix)]
            Place::Unix(path) => unix::bind(path).map(|(socket, file)| Bound::Unix(file, socket)),
            #[cfg(not(unix))]
            Place::Unix(_) => Err(invalid("Unix sockets are not served on this system")),
        };
        bound.map_err(|error| ServeError::Bind { address: self.text.to_owned(), error })
    }
}

fn invalid(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, reason)
}

/// A bound socket that no runtime knows yet.
#[derive(Debug)]
pub(crate) enum Bound {
    Tcp(TcpListener),
    /// The file comes first because it is to be dropped first.
    #[cfg(unix)]
    Unix(SocketFile, UnixSocket),
}

impl Bound {
    pub(crate) fn address(&self) -> io::Result<Address> {
        Ok(match self {
            Self::Tcp(listener) => Address::Tcp(listener.local_addr()?),
            #[cfg(unix)]
            Self::Unix(file, _) => Address::Unix(file.path().to_owned()),
        })
    }

    /// Listens, within the runtime whose context this is called in.
    pub(crate) fn listen(self) -> io::Result<Listener> {
        Ok(match self {
            Self::Tcp(listener) => Listener::Tcp(tokio::net::TcpListener::from_std(listener)?),
            #[cfg(unix)]
            Self::Unix(file, socket) => Listener::Unix(file, socket.listen(BACKLOG)?),
        })
    }
}

/// Where connections come from.
#[derive(Debug)]
pub(crate) enum Listener {
    Tcp(tokio::net::TcpListener),
    /// The file comes first because it is to be dropped first.
    #[cfg(unix)]
    Unix(#[expect(dead_code, reason = "removes itself when dropped")] SocketFile, tokio::net::UnixListener),
}

/// An accepted connection.
pub(crate) enum Accepted {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

impl Listener {
    pub(crate) fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<Accepted>> {
        Poll::Ready(match self {
            Self::Tcp(listener) => ready!(listener.poll_accept(cx)).map(|(stream, _)| Accepted::Tcp(stream)),
            #[cfg(unix)]
            Self::Unix(_, listener) => {
                ready!(listener.poll_accept(cx)).map(|(stream, _)| Accepted::Unix(stream))
            }
        })
    }
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
            assert_eq!((listen.host(), listen.is_loopback()), (Some(host), true));
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
        for text in ["", "8080", ":8080", "localhost", "127.0.0.1:99999", "127.0.0.1:http", "::1", "unix:"] {
            let error = Listen::resolve(text).expect_err("no address");
            assert!(matches!(error, ServeError::Address { .. }), "{text}: {error:?}");
            assert!(error.to_string().contains(&format!("{text:?}")), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_unix_socket_is_for_this_machine_and_has_no_host() {
        let listen = Listen::resolve("unix:/run/a:80").expect("a path");
        assert_eq!((listen.host(), listen.is_loopback()), (None, true));
    }
}
