//! `sidecar run`: one input through the whole sidecar.

mod finish;
mod gate;
mod ingest;
mod outbox;
mod progress;
mod push;
mod reading;
mod signals;
mod start;
mod webhook;

use crate::args::{RunArgs, SummaryFormat};
use crate::failure::{self, Failure};
use crate::input::{Feed, SharedTally};
use crate::print;
use crate::summary::{Ending, Sent, Summary, TestLog, Took};
use progress::Progress;
use reading::{Input, Reading};
use sidecar_runtime::http::Address;
use signals::Signals;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use webhook::Webhook;

/// How often progress is shown and signals are looked for.
const LOOK: Duration = Duration::from_millis(50);

/// Runs to the end of the input, or to a signal, and says how that was.
pub(crate) fn run(args: &RunArgs) -> Result<ExitCode, Failure> {
    let started = Instant::now();
    let signals = Signals::listen()?;
    let input = args.input.as_deref().map(Input::open).transpose()?;
    args.webhook.as_deref().map(webhook::check).transpose()?;
    let push = args.push.as_deref().map(push::Target::new).transpose()?;
    let tally = SharedTally::default();
    let progress = Progress::new(tally.clone());
    let sidecar = start::start(args, &tally)?;
    signals.reload(sidecar.handle());
    let tests = TestLog::attach(sidecar.observer());
    let attach = |url| Webhook::attach(&sidecar, url, args.webhook_timeout, &progress);
    let webhook = args.webhook.as_deref().map(attach).transpose()?;
    match sidecar.address() {
        Some(Address::Tcp(address)) => print::err(format_args!("serving on http://{address}")),
        Some(address) => print::err(format_args!("serving on {address}")),
        None => {}
    }

    let feed = Feed::new(sidecar.observer().clone(), args.format, tally.clone());
    let start = |input| Reading::start(input, feed, args.strict, progress.clone());
    let reading = input.map(start).transpose()?;
    let mut ending =
        reading.as_ref().map_or(Ending::InputEnded, |reading| follow(reading, &signals, &progress));
    let mut events = None;
    if ending == Ending::InputEnded {
        let linger = args.input.is_some().then(|| Duration::from_secs(args.linger));
        let signal = finish::handled(sidecar.observer(), &signals)
            .or_else(|| {
                events = linger.map(|_| started.elapsed());
                signals.wait(linger)
            })
            .or_else(|| webhook.as_ref().and_then(|webhook| finish::posted(webhook, &signals)));
        ending = signal.map_or(ending, Ending::Signal);
    }

    let handle = sidecar.handle();
    // Nobody is asked to send elsewhere when the run ends by itself, or serves nothing.
    let is_drained = matches!(ending, Ending::Signal(_)) && sidecar.local_addr().is_some();
    let drain = if is_drained { args.drain } else { Duration::ZERO };
    let posts = finish::stop(reading.as_ref(), sidecar, webhook.as_ref(), drain);
    handle.profiler().refresh();
    // Last of all, so that it is the whole run; a second signal ends the program here too.
    let is_hurried = signals.caught().is_some();
    let pushed = push.map(|target| target.push(&handle.export_metrics(), is_hurried));
    let tally = tally.lock().clone();
    let all = started.elapsed();
    let took = Took { all, events: events.unwrap_or(all) };
    let summary = Summary::new(&handle, &tally, &tests, Sent { posts, pushed }, &ending, took);
    print::out(match args.summary {
        SummaryFormat::Text => summary.text(),
        SummaryFormat::Json => summary.json(),
    })?;
    match ending {
        Ending::Malformed(line, malformed) => {
            Err(Failure::new(format_args!("line {line}: {malformed}; --strict ends here")))
        }
        Ending::Unreadable(error) => Err(Failure::new(error)),
        _ if args.fail_on_failure && tally.verdicts.failed > 0 => Ok(ExitCode::from(failure::TESTS_FAILED)),
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// Shows progress until the reading has ended or a signal has come.
fn follow(reading: &Reading, signals: &Signals, progress: &Progress) -> Ending {
    let ending = loop {
        if let Some(ended) = reading.wait(LOOK) {
            break ended;
        }
        if let Some(signal) = signals.caught() {
            break Ending::Signal(signal);
        }
        progress.show();
    };
    progress.finish();
    ending
}
