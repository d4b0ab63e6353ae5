//! A Unix socket: made so that only its owner can connect, and taken away at the end.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use tokio::net::UnixSocket;

/// Only the owner may connect.
const MODE: u32 = 0o600;

/// A socket that is bound and does not listen yet.
pub(super) fn bind(path: &Path) -> io::Result<(UnixSocket, SocketFile)> {
    let socket = UnixSocket::new_stream()?;
    match socket.bind(path) {
        Err(error) if error.kind() == ErrorKind::AddrInUse && is_left_behind(path) => {
            fs::remove_file(path)?;
            socket.bind(path)?;
        }
        bound => bound?,
    }
    let file = SocketFile::at(path)?;
    // Before `listen`: until then nobody can connect, whatever the umask has left open.
    fs::set_permissions(path, Permissions::from_mode(MODE))?;
    Ok((socket, file))
}

/// Whether `path` is a socket that no process holds any more.
///
/// A datagram socket cannot be connected to one that listens, so the question disturbs nobody who is there and does
/// not wait; where nobody is, the answer is another.
fn is_left_behind(path: &Path) -> bool {
    let is_socket = fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket());
    let refused = |error: io::Error| error.kind() == ErrorKind::ConnectionRefused;
    is_socket && UnixDatagram::unbound().is_ok_and(|probe| probe.connect(path).is_err_and(refused))
}

/// The socket's name in the file system; removed when dropped, if it is still this socket's.
///
/// To be dropped before the socket is closed: until then no other file can have its number.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    device: u64,
    number: u64,
}

impl SocketFile {
    fn at(path: &Path) -> io::Result<Self> {
        // The working directory may be another by the time of the removal.
        let (path, found) = (std::path::absolute(path)?, fs::symlink_metadata(path)?);
        Ok(Self { path, device: found.dev(), number: found.ino() })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let ours = |found: fs::Metadata| (found.dev(), found.ino()) == (self.device, self.number);
        if fs::symlink_metadata(&self.path).is_ok_and(ours) {
            // An error leaves a file that the next start takes away.
            let _ = fs::remove_file(&self.path);
        }
    }
}
