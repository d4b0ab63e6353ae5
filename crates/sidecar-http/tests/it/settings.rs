//! What `build` and `serve` refuse, and what they give away.

use std::io::ErrorKind;
use std::time::Duration;

use sidecar_http::{Answer, Endpoints, EndpointsBuilder, ServeError};

use sidecar_harness::http::Client;

fn refused_field(builder: EndpointsBuilder) -> &'static str {
    builder.build().expect_err("out of range").field()
}

#[test]
fn settings_out_of_range_are_refused_by_name() {
    let builder = Endpoints::builder;
    let hour = Duration::from_secs(3600);
    assert_eq!(refused_field(builder().head_deadline(Duration::ZERO)), "head_deadline");
    assert_eq!(refused_field(builder().body_deadline(hour + Duration::from_nanos(1))), "body_deadline");
    assert_eq!(refused_field(builder().answer_deadline(Duration::from_micros(999))), "answer_deadline");
    assert_eq!(refused_field(builder().max_connections(0)), "max_connections");
    assert_eq!(refused_field(builder().max_connections(65_537)), "max_connections");
    assert_eq!(refused_field(builder().token("")), "token");
    for name in ["", ".", "name:80", "a b", "*", "http://name"] {
        assert_eq!(refused_field(builder().allow_host(name)), "allow_host");
    }
    let long = format!("/{}", "x".repeat(256));
    for prefix in ["/", "a", "/a/", "/a?b", "/a%20b", "/é", long.as_str()] {
        assert_eq!(refused_field(builder().prefix(prefix)), "prefix");
    }
    assert!(
        builder().prefix(&long[..256]).build().is_ok() && builder().prefix("/a/b-c.d_e~f").build().is_ok()
    );
    let edges = builder().head_deadline(hour).body_deadline(Duration::from_millis(1)).max_connections(65_536);
    assert!(edges.build().is_ok());
    assert!(builder().token_opt(None::<&str>).build().is_ok());
}

#[test]
fn the_token_shows_nowhere() {
    let builder = Endpoints::builder().token("hunter2");
    assert!(!format!("{builder:?}").contains("hunter2"));
    assert!(!format!("{:?}", builder.clone().build()).contains("hunter2"));
    assert!(!format!("{:?}", builder.serve("127.0.0.1:0")).contains("hunter2"));
    let refused = Endpoints::builder().token("hunter2 with spaces").build().expect_err("unusable");
    assert!(!format!("{refused} {refused:?}").contains("hunter2"));
}

#[test]
fn an_address_for_others_needs_a_token_or_an_explicit_word() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let error = Endpoints::builder().serve(address).expect_err("no token");
        assert!(matches!(error, ServeError::Unauthenticated { .. }), "{error:?}");
        assert!(error.to_string().contains(address), "{error}");
    }
    assert!(Endpoints::builder().token("secret").serve("0.0.0.0:0").is_ok());
    assert!(Endpoints::builder().allow_unauthenticated(true).serve("0.0.0.0:0").is_ok());
}

#[test]
fn two_servers_on_one_port_are_an_error_that_names_it() {
    let first = Endpoints::builder().serve("127.0.0.1:0").expect("a free port");
    let address = first.local_addr().to_string();
    let refused = Endpoints::builder().serve(&address).expect_err("taken");
    assert!(refused.to_string().contains(&address), "{refused}");
    assert!(matches!(refused, ServeError::Bind { error, .. } if error.kind() == ErrorKind::AddrInUse));
}

#[test]
fn a_bad_address_is_an_error_that_names_it() {
    for address in ["8080", "localhost", "127.0.0.1:99999", ":80"] {
        let error = Endpoints::builder().serve(address).expect_err("no address");
        assert!(matches!(error, ServeError::Address { .. }), "{error:?}");
        assert!(error.to_string().contains(address), "{error}");
    }
}

#[test]
fn localhost_is_an_address() {
    let builder = Endpoints::builder().live(|| Answer::json(true, "live"));
    let server = builder.serve("localhost:0").expect("every machine has localhost");
    assert!(server.local_addr().ip().is_loopback() && server.local_addr().port() != 0);
    assert_eq!(Client::to(server.local_addr()).ask("GET /live", &[]).status, 200);
}
