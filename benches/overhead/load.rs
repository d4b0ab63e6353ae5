//! The loads: what a child does until its standard input is closed.

use sidecar_runtime::observer::Observed;
use sidecar_runtime::{Sidecar, SidecarConfig, observe};
use std::hint::black_box;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};
use std::{env, thread};

/// The word that tells a child what it is.
const CHILD: &str = "--load";

/// Events of one burst, and the time from one to the next: 50 000 in a second.
const BURST: u64 = 50;
const TICK: Duration = Duration::from_millis(1);

/// How long a load runs before it says so: a budget is judged once a second.
const WARM_UP: Duration = Duration::from_millis(1_500);

/// How long one item of a host's work takes, and how many are timed together.
const ITEM: Duration = Duration::from_micros(1);
const ITEMS: u64 = 200;

/// What a child does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Load {
    /// The loop without a sidecar.
    Bare,
    /// The loop beside a sidecar that is offered nothing.
    Idle,
    /// Events, all of which are kept.
    AllKept,
    /// Events, a tenth of which is kept.
    Tenth,
    /// Work of [`ITEM`] each, with and without an event.
    Host,
}

const ALL: [(&str, Load); 5] = [
    ("bare", Load::Bare),
    ("idle", Load::Idle),
    ("all-kept", Load::AllKept),
    ("10-percent", Load::Tenth),
    ("host", Load::Host),
];

impl Load {
    /// The load that the command line names.
    pub(crate) fn asked_for() -> Option<Self> {
        let mut words = env::args().skip_while(|word| word != CHILD).skip(1);
        let name = words.next()?;
        ALL.into_iter().find(|(known, _)| *known == name).map(|(_, load)| load)
    }

    /// The command line that names it.
    pub(crate) fn words(self) -> [&'static str; 2] {
        let mut names = ALL.into_iter().filter(|(_, load)| *load as u8 == self as u8);
        [CHILD, names.next().map_or("", |(name, _)| name)]
    }

    /// Works until standard input is closed, and says: how many events went as they were meant to, how many did not,
    /// and by how many percent the host was slower.
    pub(crate) fn run(self) -> ExitCode {
        let stop = Arc::new(AtomicBool::new(false));
        let stopping = Arc::clone(&stop);
        thread::spawn(move || {
            let _ = io::copy(&mut io::stdin(), &mut io::sink());
            stopping.store(true, Relaxed);
        });
        let said = match self {
            Self::Bare => paced(&stop, |number| number),
            Self::Idle => {
                let _sidecar = sidecar(1.0, None);
                paced(&stop, |number| number)
            }
            Self::AllKept => offered(&stop, 1.0),
            Self::Tenth => offered(&stop, 0.1),
            Self::Host => host(&stop),
        };
        println!("{said}");
        ExitCode::SUCCESS
    }
}

/// A sidecar as an application has it, but for the rate and perhaps the CPU budget.
fn sidecar(rate: f64, max_cpu_percent: Option<f64>) -> Sidecar {
    let mut config = SidecarConfig::default().sampling_rate("events", rate);
    if let Some(percent) = max_cpu_percent {
        config.runtime.sidecar.resources.max_cpu_percent = percent;
    }
    let builder = Sidecar::builder().config(config).http("127.0.0.1:0");
    let sidecar = builder.start().expect("the settings are valid");
    let handled = AtomicU64::new(0);
    sidecar.register_handler("test_end", move |event| {
        black_box(event);
        handled.fetch_add(1, Relaxed);
    });
    sidecar
}

#[inline]
fn offer(sidecar: &Sidecar, number: u64) -> Observed {
    observe!(
        sidecar,
        "test_end",
        test_id = black_box("t1"),
        status = black_box("passed"),
        duration_ms = number,
        retry = black_box(false),
    )
}

fn offered(stop: &AtomicBool, rate: f64) -> String {
    // So that nothing is shed: what is measured is what it costs to keep.
    let sidecar = sidecar(rate, Some(100.0));
    paced(stop, |number| offer(&sidecar, number));
    settled(&sidecar, rate, 0.0)
}

/// Does something 50 000 times in a second, and says so once it is warm.
fn paced<T>(stop: &AtomicBool, mut each: impl FnMut(u64) -> T) -> String {
    let mut number = 0;
    let begin = Instant::now();
    let mut warm = Some(begin + WARM_UP);
    while !stop.load(Relaxed) {
        for _ in 0..BURST {
            black_box(each(number));
            number += 1;
        }
        if warm.is_some_and(|warm| Instant::now() >= warm) {
            warm = None;
            begun();
        }
        // A burst that comes late is made up for.
        let due = TICK.mul_f64(number as f64 / BURST as f64);
        thread::sleep(due.saturating_sub(begin.elapsed()));
    }
    format!("{number} 0 0")
}

fn begun() {
    println!("begun");
    let _ = io::stdout().flush();
}

/// What became of the events of a sidecar that keeps them at this rate, as a child says it.
fn settled(sidecar: &Sidecar, rate: f64, slowdown_percent: f64) -> String {
    let stats = sidecar.stats();
    let offered = stats.events_received;
    let meant = offered as f64 * (1.0 - rate);
    // Six standard deviations, and a little for a few events.
    let is_meant = (stats.sampled_out as f64 - meant).abs() <= 6.0 * (meant * rate).sqrt() + 1.0;
    let refused = if is_meant { stats.events_dropped + stats.failed } else { offered };
    format!("{} {refused} {slowdown_percent}", offered - refused)
}

/// A host that works, in turns with events and without.
fn host(stop: &AtomicBool) -> String {
    let sidecar = sidecar(0.1, Some(100.0));
    let steps = steps();
    let timed = |item: &mut dyn FnMut(u64)| {
        let start = Instant::now();
        item(steps);
        start.elapsed().as_secs_f64()
    };
    let mut with = |steps| {
        for number in 0..ITEMS {
            work(steps);
            black_box(offer(&sidecar, number));
        }
    };
    let mut without = |steps| {
        for number in 0..ITEMS {
            work(steps);
            black_box(number);
        }
    };
    let mut ratios = Vec::new();
    let begin = Instant::now();
    let mut is_warm = false;
    while !stop.load(Relaxed) {
        // Between two without, so that a machine that changes its speed changes it for both.
        let (before, offering, after) = (timed(&mut without), timed(&mut with), timed(&mut without));
        if is_warm {
            ratios.push(offering * 2.0 / (before + after));
        } else if begin.elapsed() >= WARM_UP {
            is_warm = true;
            begun();
        }
    }
    ratios.sort_by(f64::total_cmp);
    let median = ratios.get(ratios.len() / 2).copied().unwrap_or(f64::NAN);
    settled(&sidecar, 0.1, (median - 1.0) * 100.0)
}

/// How many steps of [`work`] make an item: the quickest of some tries, so that none is shorter than it should be.
fn steps() -> u64 {
    const TRY: u64 = 20_000;
    let quickest = (0..50).map(|_| {
        let start = Instant::now();
        work(TRY);
        start.elapsed()
    });
    let quickest = quickest.min().unwrap_or(ITEM).as_secs_f64();
    (TRY as f64 * ITEM.as_secs_f64() / quickest) as u64
}

/// Arithmetic, each step of which needs the one before.
#[inline(never)]
fn work(steps: u64) {
    let mut state = black_box(0x9e37_79b9_7f4a_7c15_u64);
    for _ in 0..steps {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
    }
    black_box(state);
}
