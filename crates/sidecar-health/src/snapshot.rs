//! All components as readers see them: swapped in whole, judged when read.

use std::sync::Arc;

use crate::history::Transition;
use crate::slot::Published;

/// Every component, by name.
#[derive(Debug, Default)]
pub(crate) struct Snapshot(pub(crate) Vec<Arc<Published>>);

impl Snapshot {
    /// Whether everything that readiness waits for is up at `now`.
    pub(crate) fn is_ready(&self, now: u64) -> bool {
        self.0.iter().filter(|each| each.gates()).all(|each| each.judge(now).status.is_up())
    }

    /// Whether everything that readiness waits for has been up.
    pub(crate) fn has_started(&self) -> bool {
        self.0.iter().filter(|each| each.gates()).all(|each| each.state.ever_up())
    }

    /// The transitions of all components, oldest first.
    pub(crate) fn history(&self) -> Vec<Transition> {
        let mut all: Vec<_> = self.0.iter().flat_map(|each| each.history.iter().cloned()).collect();
        all.sort_unstable_by_key(|transition| transition.sequence);
        all
    }

    pub(crate) fn has_component(&self, name: &str) -> bool {
        self.0.binary_search_by(|each| (*each.name).cmp(name)).is_ok()
    }
}
