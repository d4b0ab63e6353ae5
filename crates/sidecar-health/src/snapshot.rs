//! All components as readers see them: swapped in whole, judged when read.

use std::sync::Arc;

use crate::graph::Graph;
use crate::history::Transition;
use crate::slot::Published;

#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    /// By name.
    pub(crate) components: Vec<Arc<Published>>,
    /// Over the places of `components`.
    pub(crate) graph: Arc<Graph>,
}

impl Snapshot {
    /// Whether everything that readiness waits for is up at `now`.
    pub(crate) fn is_ready(&self, now: u64) -> bool {
        self.components.iter().filter(|each| each.gates()).all(|each| each.judge(now).status.is_up())
    }

    /// Whether everything that readiness waits for has been up.
    pub(crate) fn has_started(&self) -> bool {
        self.components.iter().filter(|each| each.gates()).all(|each| each.ever_up())
    }

    /// Whether every heartbeat is heard at `now`, or waited for.
    pub(crate) fn is_live(&self, now: u64) -> bool {
        !self.components.iter().any(|each| each.is_dead(now))
    }

    /// The transitions of all components, oldest first.
    pub(crate) fn history(&self) -> Vec<Transition> {
        let mut all: Vec<_> = self.components.iter().flat_map(|each| each.history.iter().cloned()).collect();
        all.sort_unstable_by_key(|transition| transition.sequence);
        all
    }

    pub(crate) fn has_component(&self, name: &str) -> bool {
        self.components.binary_search_by(|each| (*each.name).cmp(name)).is_ok()
    }
}
