//! The command line.

use crate::input::Format;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

const WEBHOOK_TIMEOUTS: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_secs(60);
const DRAINS: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(60);

/// Observes a test run, or any program that prints events, and serves what it saw.
#[derive(Debug, Parser)]
#[command(name = "sidecar", version, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Reads events, takes each through the whole sidecar, and ends with a summary.
    Run(RunArgs),
    /// Prints the effective settings with where each came from, or every error.
    CheckConfig {
        /// Configuration files; of several, later ones win.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
}

#[derive(Args, Debug)]
pub(crate) struct RunArgs {
    /// A file of event lines or of a test runner's JSON stream, or `-` for standard input; without it, events
    /// come by `POST /events`.
    #[arg(value_name = "INPUT")]
    pub(crate) input: Option<PathBuf>,

    /// A configuration file in YAML, TOML or JSON; may be given several times, later ones win. When one changes, or
    /// SIGHUP comes, they are loaded again [default:
    /// crossbridge.yml or crossbridge.yaml in the working directory, if there]
    #[arg(long = "config", value_name = "FILE")]
    pub(crate) configs: Vec<PathBuf>,

    /// Where to serve the endpoints: HOST:PORT or unix:PATH [default: 127.0.0.1:8080 without INPUT, nowhere with it]
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<String>,

    /// What the lines of INPUT are.
    #[arg(long, value_enum, default_value_t = Format::Auto)]
    pub(crate) format: Format,

    /// Posts each test failure to this address, through a circuit breaker named `webhook`.
    #[arg(long, value_name = "URL")]
    pub(crate) webhook: Option<String>,

    /// How long a post to the webhook may take, from connecting to the answer, in seconds.
    #[arg(long, value_name = "SECS", default_value = "5", value_parser = webhook_timeout)]
    pub(crate) webhook_timeout: Duration,

    /// Puts the metrics to a Pushgateway when the run ends, for runs too short to be scraped: at URL, or under it as job
    /// `sidecar` if it holds no `/metrics/job/`. Up to four attempts in 15 seconds; what came of them is in the summary
    /// and does not change the exit status, `--strict` or not.
    #[arg(long, value_name = "URL")]
    pub(crate) push: Option<String>,

    /// Goes on serving for this many seconds after the input has ended.
    #[arg(long, value_name = "SECS", default_value_t = 0)]
    pub(crate) linger: u64,

    /// After SIGINT or SIGTERM, goes on serving for this many seconds while `/ready` says 503, so that whoever sends
    /// requests here can stop; a second signal ends it at once.
    #[arg(long, value_name = "SECS", default_value = "0.5", value_parser = drain)]
    pub(crate) drain: Duration,

    /// Ends with status 2 at the first malformed line.
    #[arg(long)]
    pub(crate) strict: bool,

    /// Ends with status 1 if a test failed.
    #[arg(long)]
    pub(crate) fail_on_failure: bool,

    /// How the summary is written.
    #[arg(long, value_enum, default_value_t = SummaryFormat::Text)]
    pub(crate) summary: SummaryFormat,

    /// A file that holds the bearer token of the endpoints.
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,

    /// Serves without a token on an address that is not loopback.
    #[arg(long)]
    pub(crate) allow_unauthenticated: bool,

    /// A further name that requests may carry in `Host`; may be given several times.
    #[arg(long = "allow-host", value_name = "NAME")]
    pub(crate) allowed_hosts: Vec<String>,
}

/// How the summary is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SummaryFormat {
    /// For a person.
    Text,
    /// One JSON object on standard output, and nothing else there.
    Json,
}

impl RunArgs {
    /// Where to serve, if anywhere.
    pub(crate) fn address(&self) -> Option<&str> {
        match (&self.listen, &self.input) {
            (Some(address), _) => Some(address),
            (None, None) => Some("127.0.0.1:8080"),
            (None, Some(_)) => None,
        }
    }
}

fn webhook_timeout(text: &str) -> Result<Duration, String> {
    seconds(text, &WEBHOOK_TIMEOUTS)
}

fn drain(text: &str) -> Result<Duration, String> {
    seconds(text, &DRAINS)
}

/// Reads a number of seconds, fractions allowed.
fn seconds(text: &str, range: &RangeInclusive<Duration>) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.filter(|duration| range.contains(duration)).ok_or_else(|| {
        let (from, to) = (range.start().as_secs_f64(), range.end().as_secs_f64());
        format!("must be a number of seconds from {from} to {to}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn run(words: &[&str]) -> RunArgs {
        let words = ["sidecar", "run"].iter().chain(words);
        match Cli::try_parse_from(words).expect("valid").command {
            Command::Run(args) => args,
            Command::CheckConfig { .. } => panic!("it was run"),
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_webhook_timeout_is_a_number_of_seconds_in_its_range() {
        assert_eq!(run(&[]).webhook_timeout, Duration::from_secs(5));
        assert_eq!(run(&["--webhook-timeout", "0.1"]).webhook_timeout, Duration::from_millis(100));
        for bad in ["0", "0.09", "60.1", "-1", "NaN", "inf", "1e999", "five", ""] {
            assert!(webhook_timeout(bad).is_err(), "{bad}");
        }
        assert_eq!(webhook_timeout("0"), Err("must be a number of seconds from 0.1 to 60".to_owned()));
    }

    #[test]
    fn draining_may_take_no_time_at_all_or_up_to_a_minute() {
        assert_eq!(run(&[]).drain, Duration::from_millis(500));
        assert_eq!(run(&["--drain", "0"]).drain, Duration::ZERO);
        assert_eq!(run(&["--drain", "60"]).drain, Duration::from_secs(60));
        for bad in ["60.1", "-1", "NaN", "inf", "long", ""] {
            assert!(drain(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn without_input_it_serves_and_with_input_only_if_told() {
        assert_eq!(run(&[]).address(), Some("127.0.0.1:8080"));
        assert_eq!(run(&["-"]).address(), None);
        assert_eq!(run(&["file", "--listen", "[::1]:0"]).address(), Some("[::1]:0"));
    }
}
