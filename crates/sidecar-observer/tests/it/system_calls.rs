//! What offering an event asks of the system: nothing.

use sidecar_observer::{DropPolicy, Event, Observed, Observer, Reason, TypeId, observe};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

/// Tells the traced child that it is one.
const MARK: &str = "TRACED";
const TEST: &str = "system_calls::offering_an_event_makes_no_system_call";

fn offer(observer: &Observer) -> Observed {
    observe!(observer, "test_end", test_id = "t1", status = "passed", duration_ms = 1234, retry = false)
}

/// Asks for a file that is not there, which shows in the trace.
fn mark(name: &str) {
    assert!(!Path::new("/marks").join(name).exists());
}

/// Offers events between two marks, after some that make room.
fn between_marks(name: &str, observer: &Observer, expected: Observed) {
    (0..2_000).for_each(|_| assert_eq!(offer(observer), expected));
    let _ = observer.flush(std::time::Duration::from_secs(60));
    mark(&format!("{name}-begins"));
    let as_expected = (0..500).filter(|_| offer(observer) == expected).count();
    mark(&format!("{name}-ends"));
    assert_eq!(as_expected, 500);
}

fn be_traced() {
    let accepting = Observer::builder().start().expect("defaults are valid");
    // Several times, so that all the buffers that lane and worker exchange have room.
    (0..9).for_each(|round| between_marks(&format!("accepted-{round}"), &accepting, Observed::Accepted));
    let sampling = Observer::builder().admit(|_: TypeId| None).start().expect("valid settings");
    between_marks("sampled-out", &sampling, Observed::SampledOut);
    let full =
        Observer::builder().queue_size(1).drop_policy(DropPolicy::Newest).start().expect("valid settings");
    let gate = crate::hold(&full, "hold");
    full.observe(Event::new("hold"));
    gate.wait_until_held();
    (0..2_000).for_each(|_| _ = offer(&full));
    mark("refused-begins");
    let refused = (0..500).filter(|_| offer(&full) == Observed::Dropped(Reason::QueueFull)).count();
    mark("refused-ends");
    assert_eq!(refused, 500);
    gate.open();
}

/// The lines of one thread between two marks, without the marks.
fn lines_between<'a>(trace: &'a str, name: &str) -> Vec<&'a str> {
    let (begins, ends) = (format!("/marks/{name}-begins"), format!("/marks/{name}-ends"));
    let first = trace.lines().find(|line| line.contains(&begins)).expect("the beginning is traced");
    let thread = first.split_whitespace().next().expect("strace begins with the thread");
    let own = trace.lines().filter(|line| line.split_whitespace().next() == Some(thread));
    let between = own.skip_while(|line| !line.contains(&begins)).skip(1);
    // A mark that another thread's call came between has a second line.
    between
        .take_while(|line| !line.contains(&ends))
        .filter(|line| !line.contains("<... statx resumed>"))
        .collect()
}

#[test]
fn offering_an_event_makes_no_system_call() {
    if std::env::var_os(MARK).is_some() {
        return be_traced();
    }
    let trace = std::env::temp_dir().join(format!("observer-{}.trace", std::process::id()));
    let mut strace = Command::new("strace");
    strace
        .args(["-f", "-qq", "-o"])
        .arg(&trace)
        .arg(std::env::current_exe().expect("this binary has a path"));
    let Ok(output) = strace.args(["--exact", TEST, "--test-threads=1"]).env(MARK, "1").output() else {
        let _ = writeln!(std::io::stderr(), "skipped: strace is not installed");
        return;
    };
    let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
    let _ = write!(said, "{}", String::from_utf8_lossy(&output.stderr));
    if !output.status.success() && said.contains("ptrace") {
        let _ = writeln!(std::io::stderr(), "skipped: strace may not trace here");
        return;
    }
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    let text = std::fs::read_to_string(&trace).expect("strace has written it");
    std::fs::remove_file(&trace).expect("it is ours");
    for name in ["sampled-out", "refused"] {
        assert_eq!(lines_between(&text, name), [""; 0], "{name}");
    }
    // The buffers that lane and worker exchange get their room in the first rounds. Where the worker found nothing for a
    // while it has given some back: then a round has to make it again.
    let accepted: Vec<_> = (0..9).map(|round| lines_between(&text, &format!("accepted-{round}"))).collect();
    assert!(accepted.iter().any(Vec::is_empty), "{accepted:#?}");
}
