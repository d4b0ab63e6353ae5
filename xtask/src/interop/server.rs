//! A server that ends with whoever started it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, bail};

use super::POLL;

/// Lines of a server's log that an error shows, from its end.
const SHOWN_LINES: usize = 20;

/// Runs a server until the end of a pipe whose other end only this program holds: so it ends also where this
/// program panics, is interrupted or is killed. It needs no handler of signals here, and no unsafe code.
///
/// A signal to the whole group of processes, as from a terminal that is closed, ends the shell but not its
/// keeper: a server may take `HUP` for a wish to read its configuration again, and stay.
const KEEPER: &str = r#"
exec 3<&0
"$@" 3<&- </dev/null &
server=$!
{ trap '' HUP INT TERM; read -r line <&3; kill -KILL "$server"; } 2>/dev/null &
keeper=$!
exec 3<&-
wait "$server"
status=$?
kill -KILL "$keeper" 2>/dev/null
exit "$status"
"#;

/// A running server: dropping this stops it.
#[derive(Debug)]
pub(super) struct Server {
    name: &'static str,
    shell: Child,
    pipe: Option<ChildStdin>,
    log: PathBuf,
}

impl Server {
    /// Starts it. What it says goes to `NAME.log` in `folder`.
    pub(super) fn start(name: &'static str, command: &Command, folder: &Path) -> anyhow::Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let output = File::create(&log)?;
        let mut shell = kept(name, command);
        shell.stdout(output.try_clone()?).stderr(output);
        let mut shell = shell.spawn().with_context(|| format!("cannot start {name}"))?;
        let pipe = shell.stdin.take();
        Ok(Self { name, shell, pipe, log })
    }

    /// Looks for something until it is there; `look` gets the server's log. Fails at the deadline, and as soon
    /// as the server has ended.
    pub(super) fn until<T>(
        &mut self,
        deadline: Instant,
        what: &str,
        mut look: impl FnMut(&str) -> anyhow::Result<Option<T>>,
    ) -> anyhow::Result<T> {
        loop {
            let ended = self.shell.try_wait()?;
            let log = String::from_utf8_lossy(&fs::read(&self.log)?).into_owned();
            let why = match (look(&log), ended) {
                (Ok(Some(found)), _) => return Ok(found),
                (_, Some(status)) => format!("it has ended with {status}"),
                (why, None) if Instant::now() >= deadline => {
                    why.err().map_or_else(|| "the time is over".to_owned(), |error| format!("{error:#}"))
                }
                _ => {
                    thread::sleep(POLL);
                    continue;
                }
            };
            let lines: Vec<&str> = log.lines().collect();
            println!("{}", lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n"));
            bail!("{} has not shown {what}: {why}", self.name);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.pipe.take());
        // The shell ends after the server, which it has killed.
        let _ = self.shell.wait();
    }
}

/// The shell that runs a server and keeps it, with the pipe as its standard input.
fn kept(name: &str, command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", KEEPER, name]).arg(command.get_program()).args(command.get_args());
    if let Some(folder) = command.get_current_dir() {
        shell.current_dir(folder);
    }
    shell.stdin(Stdio::piped());
    shell
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::env;
    use std::io::{BufRead as _, BufReader, Read as _};
    use std::os::unix::process::CommandExt as _;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::mpsc;
    use std::time::Duration;

    /// A folder of a test, gone with it.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let folder = env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
            fs::create_dir_all(&folder).expect("the folder is ours");
            Self(folder)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(30)
    }

    fn runs(process: u32) -> bool {
        shell(&format!("kill -0 {process} 2>/dev/null")).status().expect("there is a shell").success()
    }

    /// Starts something that does not end by itself; its process.
    fn endless(folder: &Folder) -> (Server, u32) {
        let command = shell("trap '' TERM INT HUP; echo $$; while :; do sleep 1; done");
        let mut server = Server::start("endless", &command, &folder.0).expect("there is a shell");
        let process = server.until(soon(), "its process", |log| Ok(log.trim().parse().ok()));
        (server, process.expect("it is printed"))
    }

    #[test]
    fn a_server_ends_with_a_panic_that_passes_it() {
        let folder = Folder::new("panic");
        let mut process = 0;
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let (_server, started) = endless(&folder);
            process = started;
            assert!(!runs(started), "it runs, so this panics");
        }));
        assert!(panicked.is_err());
        assert!(!runs(process), "nothing is left running");
    }

    #[test]
    fn a_server_ends_with_the_pipe_however_that_closes() {
        let folder = Folder::new("pipe");
        let (mut server, process) = endless(&folder);
        // What the system does when this program is killed.
        drop(server.pipe.take());
        let deadline = soon();
        while runs(process) {
            assert!(Instant::now() < deadline, "it still runs");
            thread::sleep(POLL);
        }
    }

    #[test]
    fn a_server_that_outlives_a_signal_to_the_whole_group_ends_with_the_pipe() {
        let mut shell = kept("deaf", &shell("trap '' HUP INT TERM; echo up; while :; do sleep 1; done"));
        let mut shell = shell.process_group(0).stdout(Stdio::piped()).spawn().expect("there is a shell");
        let mut said = BufReader::new(shell.stdout.take().expect("piped"));
        said.read_line(&mut String::new()).expect("the server says that it is up");
        let group = shell.id();
        for signal in ["HUP", "INT", "TERM"] {
            signal_to(signal, group);
        }
        shell.wait().expect("it is ours");
        drop(shell.stdin.take());
        // The stream ends once nobody is left who could write to it.
        let (ended, end) = mpsc::channel();
        thread::spawn(move || ended.send(said.read_to_end(&mut Vec::new())));
        let end = end.recv_timeout(Duration::from_secs(30));
        signal_to("KILL", group);
        assert!(end.is_ok(), "the server still runs");
    }

    fn signal_to(signal: &str, group: u32) {
        // An error: nobody is left in it.
        let _ = shell(&format!("kill -s {signal} -- -{group} 2>/dev/null")).status();
    }

    #[test]
    fn a_server_that_has_ended_is_not_waited_for() {
        let folder = Folder::new("ended");
        let command = shell("echo no room; exit 7");
        let mut server = Server::start("short", &command, &folder.0).expect("there is a shell");
        let error = server.until(soon(), "itself", |_| Ok(None::<()>)).expect_err("it has ended");
        assert_eq!(error.to_string(), "short has not shown itself: it has ended with exit status: 7");
    }

    #[test]
    fn what_never_comes_is_waited_for_until_the_deadline() {
        let folder = Folder::new("deadline");
        let (mut server, _) = endless(&folder);
        let error =
            server.until(Instant::now(), "itself", |_| bail!("not yet") as anyhow::Result<Option<()>>);
        assert_eq!(error.expect_err("it is over").to_string(), "endless has not shown itself: not yet");
    }
}
