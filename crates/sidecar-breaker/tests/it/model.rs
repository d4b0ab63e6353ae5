//! The breaker once more, as plainly as it can be written: lists, no packing, no lazy timers.

use sidecar_breaker::{Dropped, State, Verdict};

/// Seconds are enough for the model.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) failure_threshold: usize,
    pub(crate) sliding_window: u64,
    pub(crate) timeout: u64,
    pub(crate) half_open_max_calls: usize,
    pub(crate) success_threshold: usize,
    pub(crate) probe_timeout: u64,
    pub(crate) dropped: Dropped,
}

pub(crate) struct Model {
    settings: Settings,
    now: u64,
    pub(crate) state: State,
    pub(crate) generation: u64,
    /// When the current state ends by time alone, or, while open, when a call may probe.
    deadline: Option<u64>,
    failures: Vec<u64>,
    probes: usize,
    won: usize,
    pub(crate) transitions: Vec<(State, State)>,
    /// Successes, failures, ignored, rejected, late.
    pub(crate) totals: [u64; 5],
}

impl Model {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            settings,
            now: 0,
            state: State::Closed,
            generation: 0,
            deadline: None,
            failures: Vec::new(),
            probes: 0,
            won: 0,
            transitions: Vec::new(),
            totals: [0; 5],
        }
    }

    pub(crate) fn failure_count(&self) -> u64 {
        self.failures.iter().filter(|at| self.now - **at < self.settings.sliding_window).count() as u64
    }

    pub(crate) fn left(&self) -> Option<u64> {
        self.deadline.map(|at| at.saturating_sub(self.now))
    }

    /// One second after the other, so that every timer acts in the second it is due.
    pub(crate) fn advance(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.now += 1;
            if self.deadline == Some(self.now) {
                self.timer();
            }
        }
    }

    fn timer(&mut self) {
        match self.state {
            State::HalfOpen => self.open(),
            State::Closed | State::Open => {}
            _ => self.go(State::Closed, None),
        }
    }

    /// The generation of the permit, or nothing if refused.
    pub(crate) fn admit(&mut self) -> Option<u64> {
        if self.state == State::Open && self.left() == Some(0) {
            self.go(State::HalfOpen, Some(self.settings.probe_timeout));
        }
        let admitted = match self.state {
            State::Open | State::ForcedOpen => false,
            State::HalfOpen => self.probes < self.settings.half_open_max_calls,
            _ => true,
        };
        if !admitted {
            self.totals[3] += 1;
            return None;
        }
        self.probes += 1;
        Some(self.generation)
    }

    pub(crate) fn settle(&mut self, generation: u64, verdict: Option<Verdict>) {
        if generation != self.generation {
            self.totals[4] += 1;
            return;
        }
        self.probes -= 1;
        let verdict = verdict.unwrap_or(match self.settings.dropped {
            Dropped::Failure => Verdict::Failure,
            _ => Verdict::Ignored,
        });
        match verdict {
            Verdict::Success => self.success(),
            Verdict::Failure => self.failure(),
            _ => self.totals[2] += 1,
        }
    }

    fn success(&mut self) {
        self.totals[0] += 1;
        self.won += 1;
        if self.state == State::HalfOpen && self.won == self.settings.success_threshold {
            self.go(State::Closed, None);
        }
    }

    fn failure(&mut self) {
        self.totals[1] += 1;
        if self.state == State::Disabled {
            return;
        }
        self.failures.push(self.now);
        let over = self.failure_count() >= self.settings.failure_threshold as u64;
        if self.state == State::HalfOpen || (self.state == State::Closed && over) {
            self.open();
        }
    }

    pub(crate) fn trip(&mut self) {
        if self.state == State::Open {
            self.deadline = Some(self.now + self.settings.timeout);
        } else {
            self.open();
        }
    }

    pub(crate) fn reset(&mut self) {
        self.go(State::Closed, None);
    }

    pub(crate) fn hold(&mut self, state: State, ttl: Option<u64>) {
        if self.state == state {
            self.deadline = ttl.map(|ttl| self.now + ttl);
        } else {
            self.go(state, ttl);
        }
    }

    fn open(&mut self) {
        self.go(State::Open, Some(self.settings.timeout));
    }

    fn go(&mut self, state: State, period: Option<u64>) {
        if state != self.state {
            self.transitions.push((self.state, state));
        }
        if state == State::Closed {
            self.failures.clear();
        }
        self.state = state;
        self.generation += 1;
        self.deadline = period.map(|period| self.now + period);
        (self.probes, self.won) = (0, 0);
    }
}
