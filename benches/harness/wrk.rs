//! The load generator `wrk`, and what it says of what it saw.

use crate::tally::Tally;
use std::io;
use std::process::{Command, Stdio};

/// Connections that ask again as soon as they are answered, from one thread.
pub(crate) const CONNECTIONS: u64 = 16;

/// What a load came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Load {
    /// Nanoseconds per request, of all connections together.
    pub(crate) ns: f64,
    /// Nanoseconds within which 99 of 100 requests were answered.
    pub(crate) p99: f64,
    /// Passed: answered with success. Failed: answered otherwise, or not at all.
    pub(crate) tally: Tally,
}

/// Whether it is installed. Asked for its version it tells it, and fails.
pub(crate) fn is_installed() -> bool {
    let mut command = Command::new("wrk");
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok()
}

/// Has this address asked without a pause for so many seconds.
///
/// # Errors
/// When `wrk` cannot be run, fails, or says something else than it should.
pub(crate) fn load(url: &str, seconds: u64) -> io::Result<Load> {
    let mut command = Command::new("wrk");
    command.args(["--latency", "--threads", "1"]);
    command.args(["--connections", &CONNECTIONS.to_string(), "--duration", &format!("{seconds}s"), url]);
    let output = command.stdin(Stdio::null()).output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let load = parse(&said).filter(|_| output.status.success());
    load.ok_or_else(|| {
        let errors = String::from_utf8_lossy(&output.stderr);
        io::Error::other(format!("wrk {}: {said}{errors}", output.status))
    })
}

/// Reads what `wrk --latency` prints; `None` where a figure is missing, or nothing was answered.
fn parse(said: &str) -> Option<Load> {
    let lines = || said.lines().map(str::trim);
    let after = |begin| lines().find_map(|line| line.strip_prefix(begin)).map(str::trim);
    let rate: f64 = after("Requests/sec:")?.parse().ok()?;
    let p99 = nanos(after("99%")?)?;
    let (answered, _) = lines().find_map(|line| line.split_once(" requests in "))?;
    let answered: u64 = answered.parse().ok()?;
    let unsuccessful = after("Non-2xx or 3xx responses:").map_or(Some(0), |count| count.parse().ok())?;
    let unanswered = after("Socket errors:").map_or(Some(0), sum)?;
    let tally =
        Tally { passed: answered.checked_sub(unsuccessful)?, failed: unsuccessful + unanswered, refused: 0 };
    (rate > 0.0).then(|| Load { ns: 1e9 / rate, p99, tally })
}

/// A time with its unit.
fn nanos(text: &str) -> Option<f64> {
    let unit = text.find(|letter: char| letter.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(unit);
    let unit = match unit {
        "us" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        "m" => 60e9,
        _ => return None,
    };
    Some(number.parse::<f64>().ok()? * unit)
}

/// The sum of counts with their names, as in `connect 0, read 3`.
fn sum(counts: &str) -> Option<u64> {
    let number = |count: &str| count.rsplit(' ').next()?.parse::<u64>().ok();
    counts.split(", ").map(number).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "\
Running 2s test @ http://127.0.0.1:40213/live
  1 threads and 16 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   331.99us  121.21us   2.99ms   71.99%
    Req/Sec    48.22k     3.01k   52.01k    85.00%
  Latency Distribution
     50%  320.00us
     75%  391.00us
     90%  478.00us
     99%  712.00us
  96012 requests in 2.00s, 12.45MB read
Requests/sec:  50000.00
Transfer/sec:      6.22MB
";

    #[test]
    fn requests_per_second_become_nanoseconds_per_request() {
        let tally = Tally { passed: 96_012, failed: 0, refused: 0 };
        assert_eq!(parse(SAID), Some(Load { ns: 20_000.0, p99: 712_000.0, tally }));
    }

    #[test]
    fn what_was_refused_or_not_answered_has_failed() {
        let errors =
            "  Socket errors: connect 0, read 3, write 1, timeout 2\n  Non-2xx or 3xx responses: 12\n";
        let said = SAID.replace("Requests/sec:", &format!("{errors}Requests/sec:"));
        let tally = Tally { passed: 96_000, failed: 18, refused: 0 };
        assert_eq!(parse(&said).map(|load| load.tally), Some(tally));
    }

    #[test]
    fn times_have_units() {
        assert_eq!(nanos("712.00us"), Some(712e3));
        assert_eq!(nanos("1.50ms"), Some(1.5e6));
        assert_eq!(nanos("2.00s"), Some(2e9));
        assert_eq!(nanos("1.00m"), Some(60e9));
        for bad in ["", "us", "1.5", "1.5ks", "one ms"] {
            assert_eq!(nanos(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_text_that_lacks_a_figure_is_no_result() {
        for missing in ["Requests/sec:", "99%", " requests in "] {
            assert_eq!(parse(&SAID.replace(missing, "")), None, "{missing}");
        }
        assert_eq!(parse(&SAID.replace("50000.00", "0.00")), None, "nothing was answered");
        assert_eq!(parse("unable to connect to 127.0.0.1:1 Connection refused\n"), None);
        assert_eq!(parse(""), None);
    }
}
