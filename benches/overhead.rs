//! What the whole sidecar costs the process that it runs in, read from outside.
//!
//! The load runs in a child process: one thread that offers 50 000 events in a second, 50 each millisecond, with four
//! fields each, to a sidecar with its default settings but for the rate and a CPU budget that sheds nothing, with HTTP and
//! one handler that counts. This
//! process reads what the child's threads have used from `/proc`: the CPU time of the sidecar's own threads, and that
//! of all others less what they use in a child that does the same without a sidecar. It reads the most memory that was
//! resident the same way.
//!
//! - `cpu-percent/50000-per-second/all-kept`: both parts together, in percent of one core, while every event is kept.
//!   Under `../threads` the sidecar's threads, under `../producer` the calls.
//! - `cpu-percent/50000-per-second/10-percent`: the same at a rate of 0.1.
//! - `cpu-percent/idle`: nothing is offered.
//! - `memory-mb/50000-per-second/all-kept`: resident memory, in MB of 1 048 576 bytes. `memory-mb/idle` likewise.
//! - `host-slowdown/10-percent`: by how many percent a thread is slower that does work of 1 us and offers an event, again
//!   and again, than one that only works; the rate is 0.1, and the budget large enough for that many events. Batches
//!   of 200 with events and without take turns, and the median of their ratios counts: what the calls cost, not what
//!   the worker takes away on another core.

#![expect(clippy::print_stdout, reason = "a child says what it has done on its standard output")]

#[path = "overhead/load.rs"]
mod load;

use bench_harness::{Figure, Reading, Tally, Used, cpu, figures, peak_resident_bytes};
use load::Load;
use std::io::{self, BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};
use std::{env, thread};

/// How long a child is looked at, and in a short round.
const LOOK: Duration = Duration::from_secs(5);
const SHORT_LOOK: Duration = Duration::from_millis(200);

const BYTES_PER_MB: f64 = 1_048_576.0;

fn main() -> ExitCode {
    if let Some(load) = Load::asked_for() {
        return load.run();
    }
    if !cfg!(target_os = "linux") {
        println!("Linux alone tells what threads have used");
        return ExitCode::SUCCESS;
    }
    let (all, tenth) = ("every event is built, queued and handled", "nine of ten events are sampled out");
    let threads = "the sidecar's threads";
    let offered = "50 000 events a second offered";
    let list = [
        Figure::new(
            "cpu-percent/50000-per-second/all-kept",
            format!("{offered}; {all}; {threads} and the calls"),
        ),
        Figure::new("cpu-percent/50000-per-second/all-kept/threads", format!("of these, {threads}")),
        Figure::new("cpu-percent/50000-per-second/all-kept/producer", "of these, the calls of `observe!`"),
        Figure::new(
            "cpu-percent/50000-per-second/10-percent",
            format!("{offered}; {tenth}; {threads} and the calls"),
        ),
        Figure::new("cpu-percent/50000-per-second/10-percent/threads", format!("of these, {threads}")),
        Figure::new("cpu-percent/50000-per-second/10-percent/producer", "of these, the calls of `observe!`"),
        Figure::new("cpu-percent/idle", format!("a sidecar that is offered nothing; {threads}")),
        Figure::new("memory-mb/50000-per-second/all-kept", format!("{offered}; {all}; against no sidecar")),
        Figure::new("memory-mb/idle", "a sidecar that is offered nothing, against none"),
        Figure::new(
            "host-slowdown/10-percent",
            format!("work of 1 us and one event, again and again; {tenth}"),
        ),
    ];
    figures(&list, round)
}

/// One child after the other; the readings are in the order of the list.
fn round(is_short: bool) -> io::Result<Vec<Reading>> {
    let look = if is_short { SHORT_LOOK } else { LOOK };
    let [bare, idle, all, tenth, host] =
        [Load::Bare, Load::Idle, Load::AllKept, Load::Tenth, Load::Host].map(|load| seen(load, look));
    let (bare, idle, all, tenth, host) = (bare?, idle?, all?, tenth?, host?);
    let reading = |seen: &Seen, value| Reading { value, tally: seen.tally };
    let cpu = |seen: &Seen| {
        let producer = seen.others_percent - bare.others_percent;
        [seen.own_percent + producer, seen.own_percent, producer].map(|value| reading(seen, value))
    };
    let memory = |seen: &Seen| reading(seen, (seen.resident_bytes - bare.resident_bytes) / BYTES_PER_MB);
    let mut readings = [cpu(&all), cpu(&tenth)].concat();
    readings.extend([reading(&idle, idle.own_percent), memory(&all), memory(&idle)]);
    readings.push(reading(&host, host.slowdown_percent));
    Ok(readings)
}

/// What a child cost, and what it says.
struct Seen {
    own_percent: f64,
    others_percent: f64,
    resident_bytes: f64,
    tally: Tally,
    slowdown_percent: f64,
}

/// Looks at a child under this load for a while.
fn seen(load: Load, look: Duration) -> io::Result<Seen> {
    let mut child = Running::start(load)?;
    let process = child.0.id();
    let (before, start) = (cpu(process)?, Instant::now());
    thread::sleep(look);
    let Used { own, others } = cpu(process)?.since(before);
    let percent = |used: Duration| used.as_secs_f64() / start.elapsed().as_secs_f64() * 100.0;
    let (own_percent, others_percent) = (percent(own), percent(others));
    let resident_bytes = peak_resident_bytes(process)? as f64;
    let said = child.end()?;
    let words: Vec<_> = said.split_whitespace().collect();
    let number = |place: usize| words.get(place).and_then(|word| word.parse::<f64>().ok());
    let (Some(passed), Some(refused), Some(slowdown_percent)) = (number(0), number(1), number(2)) else {
        return Err(io::Error::other(format!("{load:?} says {said:?}")));
    };
    let tally = Tally { passed: passed as u64, refused: refused as u64, failed: 0 };
    Ok(Seen { own_percent, others_percent, resident_bytes, tally, slowdown_percent })
}

/// A child under load. Dropping it kills it.
struct Running(Child, BufReader<ChildStdout>);

impl Running {
    /// Starts it, and waits until it has warmed up.
    fn start(load: Load) -> io::Result<Self> {
        let mut command = Command::new(env::current_exe()?);
        // What is set for somebody else is not measured here.
        env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("SIDECAR_")).for_each(
            |(name, _)| {
                command.env_remove(name);
            },
        );
        command.args(load.words()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let stdout = child.stdout.take().ok_or_else(|| io::Error::other("its output is piped"))?;
        let mut running = Self(child, BufReader::new(stdout));
        running.line()?;
        Ok(running)
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.1.read_line(&mut line)?;
        Ok(line)
    }

    /// Tells it to end; what it says at last.
    fn end(&mut self) -> io::Result<String> {
        drop(self.0.stdin.take());
        self.line()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
