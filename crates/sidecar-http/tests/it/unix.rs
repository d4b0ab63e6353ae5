//! Unix sockets.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sidecar_harness::PATIENCE;
use sidecar_harness::http::Client;
use sidecar_http::{Address, Endpoints, ServeError, Server};
use tempfile::TempDir;

use crate::routes::full;

fn place() -> (TempDir, PathBuf) {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("sidecar.sock");
    (directory, path)
}

fn serve(path: &Path) -> Server {
    full().serve(&format!("unix:{}", path.display())).expect("nobody is there")
}

fn refused(path: &Path) -> ServeError {
    full().serve(&format!("unix:{}", path.display())).expect_err("somebody is there")
}

#[track_caller]
fn assert_taken(path: &Path) {
    let error = refused(path);
    assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    assert!(
        matches!(&error, ServeError::Bind { error, .. } if error.kind() == ErrorKind::AddrInUse),
        "{error:?}"
    );
}

#[test]
fn it_is_served_and_open_as_loopback_is() {
    let (_directory, path) = place();
    let server = serve(&path);
    assert_eq!(server.address(), &Address::Unix(path.clone()));
    assert_eq!(server.address().to_string(), format!("unix:{}", path.display()));
    assert!(server.local_addr().ip().is_unspecified() && server.local_addr().port() == 0);
    let mut client = Client::to_unix(&path);
    for (line, status) in [
        ("GET /live", 200),
        ("GET /metrics", 200),
        ("GET /config", 200),
        ("HEAD /ready", 503),
        ("GET /nowhere", 404),
        ("POST /config/reload", 404),
    ] {
        assert_eq!(client.ask(line, &[]).status, status, "{line}");
    }
    assert_eq!(client.post(&["Content-Type: application/json"], "{}").status, 202);
    let web_page = "GET /live HTTP/1.1\r\nHost: evil.example\r\n\r\n";
    Client::to_unix(&path).send(web_page).reply().assert_error(421);
    Client::to_unix(&path).send("junk\r\n\r\n").reply().assert_error(400);
}

#[test]
fn deadlines_and_cap_are_those_of_every_connection() {
    let (_directory, path) = place();
    let address = format!("unix:{}", path.display());
    let short = full().head_deadline(Duration::from_millis(300)).serve(&address).expect("nobody is there");
    Client::to_unix(&path).assert_closed_without_an_answer();
    let mut slow = Client::to_unix(&path);
    slow.send("GET /live HTTP/1.1\r\nX-Slow: ");
    assert!(slow.trickle_until_closed(b'x'));
    drop(short);
    let _capped = full().max_connections(1).serve(&address).expect("the first is gone");
    let mut oldest = Client::to_unix(&path);
    assert_eq!(Client::to_unix(&path).ask("GET /live", &[]).status, 200);
    oldest.assert_closed_without_an_answer();
}

#[test]
fn only_its_owner_may_connect() {
    let (_directory, path) = place();
    let _server = serve(&path);
    let found = fs::symlink_metadata(&path).expect("it is there");
    assert!(found.file_type().is_socket());
    assert_eq!(found.permissions().mode() & 0o777, 0o600);
}

#[test]
fn it_is_removed_at_the_end_and_when_dropped() {
    let (_directory, path) = place();
    let server = serve(&path);
    assert!(server.shutdown(PATIENCE).thread_ended);
    assert!(!path.exists());
    drop(serve(&path));
    assert!(!path.exists());
}

#[test]
fn one_that_was_left_behind_is_replaced() {
    let (_directory, path) = place();
    // The standard library removes nothing.
    drop(UnixListener::bind(&path).expect("nobody is there"));
    assert!(path.exists());
    let _server = serve(&path);
    assert_eq!(Client::to_unix(&path).ask("GET /live", &[]).status, 200);
}

#[test]
fn one_that_somebody_holds_is_left_alone() {
    let (_directory, path) = place();
    let server = serve(&path);
    assert_taken(&path);
    assert_eq!(Client::to_unix(&path).ask("GET /live", &[]).status, 200, "it is not harmed");
    drop(server);
    let foreign = UnixListener::bind(&path).expect("ours is removed");
    foreign.set_nonblocking(true).expect("a socket");
    assert_taken(&path);
    let asked = foreign.accept().expect_err("the question is no connection");
    assert_eq!(asked.kind(), ErrorKind::WouldBlock);
}

#[test]
fn a_file_that_is_no_socket_is_left_alone() {
    let (directory, path) = place();
    fs::write(&path, "precious").expect("a file");
    assert_taken(&path);
    assert_eq!(fs::read(&path).expect("still there"), b"precious");
    let link = directory.path().join("link");
    std::os::unix::fs::symlink(&path, &link).expect("a link");
    assert_taken(&link);
    assert!(link.is_symlink() && path.exists());
    assert_taken(directory.path());
}

#[test]
fn what_took_its_place_meanwhile_is_left_alone() {
    let (_directory, path) = place();
    let server = serve(&path);
    fs::remove_file(&path).expect("it is ours");
    let other = serve(&path);
    drop(server);
    assert_eq!(Client::to_unix(&path).ask("GET /live", &[]).status, 200);
    drop(other);
    assert!(!path.exists());
}

#[test]
fn a_path_that_cannot_be_bound_is_named() {
    let (directory, _) = place();
    let long = directory.path().join("x".repeat(200));
    for path in [directory.path().join("missing/socket"), long] {
        let error = refused(&path);
        assert!(matches!(error, ServeError::Bind { .. }), "{error:?}");
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    }
    let error = Endpoints::builder().serve("unix:").expect_err("no path");
    assert!(matches!(error, ServeError::Address { .. }), "{error:?}");
}
