//! `POST`s that change something.

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use sidecar_harness::http::Client;
use sidecar_harness::{Gate, eventually};
use sidecar_http::{BreakerCommand, Endpoints};

use crate::routes::{full, start};

const RIGHT: &str = "Authorization: Bearer secret";
const WRONG: &str = "Authorization: Bearer guess";

#[test]
fn each_path_is_the_command_it_names_and_carries_the_breaker_s_name() {
    let (sender, commands) = channel();
    let sender = Mutex::new(sender);
    let server = start(Endpoints::builder().token("secret").breaker_commands(move |command| {
        sender.lock().expect("no panic").send(format!("{command:?}")).expect("the test listens");
        (command != BreakerCommand::Trip("absent")).then_some("done")
    }));
    let mut client = Client::to(server.local_addr());
    for (path, command) in [
        ("payments/trip", r#"Trip("payments")"#),
        ("payments/reset?now", r#"Reset("payments")"#),
        ("a%2Fb%20%C3%A9/trip", r#"Trip("a/b é")"#),
        ("reset/reset", r#"Reset("reset")"#),
        ("reset", "ResetAll"),
    ] {
        let reply = client.ask(&format!("POST /circuit-breakers/{path}"), &[RIGHT]);
        assert_eq!((reply.status, reply.body.as_str()), (200, r#""done""#), "{path}");
        assert_eq!(commands.recv().expect("it was called"), command, "{path}");
    }
    client.ask("POST /circuit-breakers/absent/trip", &[RIGHT]).assert_error(404);
    assert_eq!(commands.recv().expect("it was called"), r#"Trip("absent")"#);
    for path in ["%ff/trip", "/trip", "a/b/trip", "payments/open"] {
        client.ask(&format!("POST /circuit-breakers/{path}"), &[RIGHT]).assert_error(404);
    }
    assert!(commands.try_recv().is_err());
}

#[test]
fn what_is_refused_is_not_carried_out() {
    let count = Arc::new(Mutex::new(0));
    let [reloads, commands] = [(); 2].map(|()| Arc::clone(&count));
    let endpoints = Endpoints::builder()
        .config_reload(move || {
            *reloads.lock().expect("no panic") += 1;
            Ok::<_, String>(())
        })
        .breaker_commands(move |_| {
            *commands.lock().expect("no panic") += 1;
            Some(())
        });
    for (endpoints, headers, status) in [
        (endpoints.clone(), &[][..], 404),
        (endpoints.clone(), &[RIGHT], 404),
        (endpoints.clone().token("secret"), &[], 401),
        (endpoints.clone().token("secret"), &[WRONG], 401),
        (endpoints.clone().token("secret"), &[RIGHT, RIGHT], 401),
        (endpoints.clone().token("secret"), &[RIGHT, "Host: evil.example"], 400),
        (endpoints.clone().token("secret"), &[RIGHT, "Content-Length: 2"], 400),
    ] {
        let server = start(endpoints);
        for path in ["/config/reload", "/circuit-breakers/reset", "/circuit-breakers/a/trip"] {
            Client::to(server.local_addr()).ask(&format!("POST {path}"), headers).assert_error(status);
        }
    }
    let server = start(endpoints.token("secret"));
    let mut client = Client::to(server.local_addr());
    for method in ["GET", "HEAD", "PUT", "OPTIONS"] {
        for path in ["/config/reload", "/circuit-breakers/reset", "/circuit-breakers/a/reset"] {
            let reply = client.ask(&format!("{method} {path}"), &[RIGHT]);
            assert_eq!((reply.status, reply.header("allow")), (405, Some("POST")), "{method} {path}");
        }
    }
    assert_eq!(*count.lock().expect("no panic"), 0);
    assert_eq!(client.ask("POST /circuit-breakers/reset", &[RIGHT]).status, 200);
    assert_eq!(*count.lock().expect("no panic"), 1);
}

#[test]
fn a_reload_that_is_refused_says_why() {
    let server = start(
        Endpoints::builder().token("secret").config_reload(|| Err::<(), _>("line 3: \"x\" is no number")),
    );
    let reply = Client::to(server.local_addr()).ask("POST /config/reload", &[RIGHT]);
    reply.assert_error(422);
    assert_eq!(reply.json()["error"], "line 3: \"x\" is no number");
}

#[test]
fn commands_are_carried_out_one_at_a_time_and_delay_no_probe() {
    let (gate, order) = (Gate::default(), Arc::new(Mutex::new(Vec::new())));
    let (inside, log) = (gate.clone(), Arc::clone(&order));
    let server = start(full().token("secret").breaker_commands(move |command| {
        log.lock().expect("no panic").push(command == BreakerCommand::ResetAll);
        if command != BreakerCommand::ResetAll {
            inside.enter();
        }
        Some(())
    }));
    let [mut first, mut second] = [(); 2].map(|()| Client::to(server.local_addr()));
    first.request("POST /circuit-breakers/a/trip", &[RIGHT]);
    gate.wait_until_held();
    second.request("POST /circuit-breakers/reset", &[RIGHT]);
    let mut client = Client::to(server.local_addr());
    for path in ["/live", "/metrics", "/circuit-breakers"] {
        assert_eq!(client.ask(&format!("GET {path}"), &[]).status, 200, "{path}");
    }
    assert_eq!(*order.lock().expect("no panic"), [false]);
    assert!(!second.has_answer());
    gate.open();
    assert_eq!((first.reply().status, second.reply().status), (200, 200));
    eventually("both are done", || *order.lock().expect("no panic") == [false, true]);
}
