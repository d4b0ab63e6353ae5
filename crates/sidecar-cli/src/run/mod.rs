//! `sidecar run`: one input through the whole sidecar.

mod ingest;
mod progress;
mod reading;
mod signals;
mod start;
mod webhook;

use crate::args::{RunArgs, SummaryFormat};
use crate::failure::{self, Failure};
use crate::input::{Feed, Malformed};
use crate::print;
use crate::summary::{Ending, Summary, TestLog};
use progress::Progress;
use reading::Reading;
use signals::Signals;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How long waiting events may take to be handled, once the input has ended.
const DRAIN: Duration = Duration::from_secs(60);
/// The same after a signal: whoever sent it is waiting.
const DRAIN_AFTER_SIGNAL: Duration = Duration::from_secs(5);
/// How often progress is shown and signals are looked for.
const LOOK: Duration = Duration::from_millis(50);

/// Runs to the end of the input, or to a signal, and says how that was.
pub(crate) fn run(args: &RunArgs) -> Result<ExitCode, Failure> {
    let started = Instant::now();
    let signals = Signals::listen()?;
    let input = args.input.as_deref().map(reading::open).transpose()?;
    let sidecar = start::start(args)?;
    let tests = TestLog::attach(sidecar.observer());
    let webhook = args.webhook.as_deref().map(|url| webhook::attach(&sidecar, url)).transpose()?;
    if let Some(address) = sidecar.local_addr() {
        print::err(format_args!("serving on http://{address}"));
    }

    let feed = Feed::new(sidecar.observer().clone(), args.format);
    let tally = feed.tally();
    let mut ending = Ending::InputEnded;
    if let Some(input) = input {
        let progress = Progress::start(&tally);
        let reading = Reading::start(input, feed, args.strict)?;
        ending = loop {
            if let Some(ended) = reading.wait(LOOK) {
                break ended?;
            }
            if let Some(signal) = signals.caught() {
                break Ending::Signal(signal);
            }
            progress.show();
        };
        progress.finish();
    }
    if ending == Ending::InputEnded {
        let wait = args.input.is_some().then(|| Duration::from_secs(args.linger));
        // What was read is handled before anyone is told that it ended.
        let _ = sidecar.observer().flush(DRAIN);
        if let Some(signal) = signals.wait(wait) {
            ending = Ending::Signal(signal);
        }
    }

    let handle = sidecar.handle();
    let drain = if ending == Ending::InputEnded { DRAIN } else { DRAIN_AFTER_SIGNAL };
    let _ = sidecar.stop(drain);
    handle.profiler().refresh();
    let tally = tally.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
    let summary = Summary::new(
        &handle,
        &tally,
        &tests,
        webhook.as_deref().map(webhook::Webhook::counts),
        &ending,
        started.elapsed(),
    );
    match args.summary {
        SummaryFormat::Text => print::out(summary.text()),
        SummaryFormat::Json => print::out(summary.json()),
    }
    let exit = match ending {
        Ending::Malformed(line, malformed) => return Err(strict(line, &malformed)),
        _ if args.fail_on_failure && tally.verdicts.failed > 0 => failure::TESTS_FAILED,
        _ => 0,
    };
    Ok(ExitCode::from(exit))
}

fn strict(line: u64, malformed: &Malformed) -> Failure {
    Failure::new(format_args!("line {line}: {malformed}; --strict ends here"))
}
