//! How much of its work the sidecar may do, so that its CPU budget holds: a cost model, and nothing that acts.

use std::time::Duration;

/// Of the budget, what the governor aims at: the rest is for what changes within a window.
const AIM: f64 = 0.95;
/// Of the rate that the aim allows, what may pass at most within a window, whatever is offered.
const BURST: f64 = 1.25;
/// How fast a cost that fell is believed, in logarithms per second. A cost that rose is believed at once.
const BELIEF_PER_SECOND: f64 = 0.6;
/// By what factor the share may grow in a second.
const GROWTH_PER_SECOND: f64 = 4.0;
/// A change of the share smaller than this is none.
const DEAD_BAND: f64 = 0.05;
/// Fewer items than this in a window say little about what one costs.
const ENOUGH_ITEMS: u64 = 10;
/// After how many times the time between two items, at the rate allowed, one is overdue.
const OVERDUE: f64 = 3.0;
/// By how much the cost is taken to have fallen in a second in which an item is overdue.
const DOUBT_PER_SECOND: f64 = 0.8;
/// Of the aim, what may at most be taken for used whatever comes.
const MOST_BASE: f64 = 0.5;
/// Of the aim, from where on a burst is limited within a window.
const CLOSE: f64 = 0.5;
/// What one item may be taken to cost, in seconds: from 10 ns to a second.
const COST: std::ops::RangeInclusive<f64> = 1e-8..=1.0;
/// A longer window is one in which the machine slept or the process was stopped: it teaches nothing.
const LONGEST_WINDOW: Duration = Duration::from_secs(10);
/// The least share: what passes of a billion.
const LEAST_SHARE: f64 = 1e-9;

/// What happened since the last window, as measured.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Window {
    /// How long it was.
    pub elapsed: Duration,
    /// CPU time that the sidecar used in it.
    pub cpu: Duration,
    /// Items that were worked off in it.
    pub handled: u64,
    /// Items that would have passed at the full share.
    pub wanted: u64,
    /// Items that wait at its end.
    pub backlog: u64,
}

impl Window {
    /// All zero.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

/// What may pass from now on, and the figures from which that follows.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Decision {
    /// The share of wanted items that may pass, above 0.0 and up to 1.0.
    pub share: f64,
    /// Items per second that may pass whatever is wanted; `None` as long as it is not known what one costs.
    pub most_per_second: Option<f64>,
    /// CPU use in the window, in percent of one core.
    pub cpu_percent: f64,
    /// What one item is taken to cost, in seconds of CPU time; `None` if that is not known yet.
    pub cost_seconds: Option<f64>,
    /// Items wanted per second.
    pub wanted_per_second: f64,
}

impl Decision {
    /// Whether anything is held back.
    #[must_use]
    pub fn is_shedding(&self) -> bool {
        self.share < 1.0
    }
}

/// Keeps CPU use within a budget, by saying how much may pass.
///
/// The model is `share = budget / (wanted rate x cost)`, where the cost is CPU time by items handled, not by
/// items let in, so that what waits in a queue is known to be still to come. What is used while next to nothing is
/// handled is no item's cost. Costs that rise are believed at once, and costs that fall within a few windows, so that it
/// neither overshoots twice nor swings; a share that would change by less than 5 % stays. Where an item is due and none
/// comes, the cost is taken to have fallen, so that no single absurd cost shuts it for ever; a window of more than 10 s
/// (a machine that slept) teaches nothing. The same model gives a limit per second, for a token bucket: it holds
/// within a window, before the next one is judged.
///
/// After dd-trace-rb's sampler of traces, with its three guards: smoothing by the window's length, clamped costs, a
/// limit on the way up.
#[derive(Clone, Debug)]
pub struct Governor {
    max_cpu_percent: f64,
    /// CPU seconds of an item.
    cost: Option<f64>,
    /// CPU seconds per second that are used whatever comes.
    base: f64,
    /// Seconds since an item was handled.
    idle: f64,
    /// What the model lets pass, backlog apart.
    model: f64,
    /// The model's share, less what the backlog takes.
    share: f64,
    /// Whether enough is known and used for a limit within the window.
    is_limiting: bool,
}

impl Governor {
    /// A governor that lets everything pass. `max_cpu_percent` is in percent of one core; what is not above zero
    /// counts as the smallest budget there is.
    #[must_use]
    pub fn new(max_cpu_percent: f64) -> Self {
        Self {
            max_cpu_percent: budget(max_cpu_percent),
            cost: None,
            base: 0.0,
            idle: 0.0,
            model: 1.0,
            share: 1.0,
            is_limiting: false,
        }
    }

    /// Changes the budget, from the next window on.
    pub fn set_budget(&mut self, max_cpu_percent: f64) {
        self.max_cpu_percent = budget(max_cpu_percent);
    }

    /// Judges a window, and says what may pass in the next one.
    pub fn judge(&mut self, window: &Window) -> Decision {
        let seconds = window.elapsed.as_secs_f64();
        if seconds > 0.0 && window.elapsed <= LONGEST_WINDOW {
            self.learn(window, seconds);
            self.steer(window, seconds);
        }
        let per_second = |amount: f64| if seconds > 0.0 { amount / seconds } else { 0.0 };
        Decision {
            share: self.share,
            most_per_second: self.allowed().filter(|_| self.is_limiting).map(|rate| rate * BURST),
            cpu_percent: per_second(window.cpu.as_secs_f64()) * 100.0,
            cost_seconds: self.cost,
            wanted_per_second: per_second(window.wanted as f64),
        }
    }

    fn learn(&mut self, window: &Window, seconds: f64) {
        let used = window.cpu.as_secs_f64() / seconds;
        let is_busy = used > self.aim();
        if window.handled < ENOUGH_ITEMS && !is_busy {
            let believed = believed(self.base, used, seconds);
            self.base = believed.min(self.aim() * MOST_BASE);
        }
        if window.handled == 0 {
            self.idle += seconds;
            // At the rate that is allowed, one should have come long ago.
            let overdue = |cost: &f64| self.idle > OVERDUE * cost / self.aim();
            if let Some(cost) = self.cost.filter(overdue)
                && window.wanted > 0
            {
                self.cost = Some(clamp(cost * DOUBT_PER_SECOND.powf(seconds)));
            }
            return;
        }
        self.idle = 0.0;
        let beyond_base = (window.cpu.as_secs_f64() - self.base * seconds).max(0.0);
        let measured = clamp(beyond_base / window.handled as f64);
        self.cost = match self.cost {
            Some(cost) if measured < cost => Some(believed(cost.ln(), measured.ln(), seconds).exp()),
            // Too few to divide by, unless they alone break the budget: then each of them is dear.
            cost if window.handled < ENOUGH_ITEMS && !is_busy => cost,
            _ => Some(measured),
        };
    }

    fn steer(&mut self, window: &Window, seconds: f64) {
        let Some(allowed) = self.allowed() else { return };
        let wanted = window.wanted as f64 / seconds;
        let ideal = if wanted > 0.0 { allowed / wanted } else { 1.0 };
        let ceiling = self.model * GROWTH_PER_SECOND.powf(seconds);
        let next = ideal.min(ceiling).clamp(LEAST_SHARE, 1.0);
        if next >= 1.0 || (next / self.model - 1.0).abs() > DEAD_BAND {
            self.model = next;
        }
        let used = window.cpu.as_secs_f64() / seconds;
        self.is_limiting = self.model < 1.0 || used > self.aim() * CLOSE;
        // What waits is paid for in the next window, before anything that comes.
        let waiting = window.backlog as f64 / seconds;
        let is_short = self.is_limiting && waiting > allowed * DEAD_BAND;
        let room = if is_short { (1.0 - waiting / allowed).max(0.0) } else { 1.0 };
        self.share = (self.model * room).clamp(LEAST_SHARE, 1.0);
    }

    /// CPU time per second at which it aims.
    fn aim(&self) -> f64 {
        self.max_cpu_percent / 100.0 * AIM
    }

    /// Items per second that the aim pays for.
    fn allowed(&self) -> Option<f64> {
        self.cost.map(|cost| (self.aim() - self.base) / cost)
    }
}

/// A value on its way from what it was to what was measured.
fn believed(before: f64, measured: f64, seconds: f64) -> f64 {
    let belief = 1.0 - (1.0 - BELIEF_PER_SECOND).powf(seconds);
    before + (measured - before) * belief
}

fn clamp(cost: f64) -> f64 {
    cost.clamp(*COST.start(), *COST.end())
}

fn budget(percent: f64) -> f64 {
    if percent > 0.0 { percent } else { f64::MIN_POSITIVE }
}
