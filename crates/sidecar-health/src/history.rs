//! What changes: the last transitions of a component, and what listeners hear of the whole.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::SystemTime;

use crate::status::{Cause, Status};

/// Transitions kept per component; older ones are forgotten.
pub const MAX_TRANSITIONS: usize = 16;

/// One change of a component's status.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transition {
    /// Counts the transitions of all components together, from 1, without gaps.
    pub sequence: u64,
    /// The component's name.
    pub component: Arc<str>,
    /// The status before.
    pub from: Status,
    /// The status after.
    pub to: Status,
    /// Why it is not healthy, if it is not.
    pub cause: Option<Cause>,
    /// When it was noticed: a result at once, a lease that ran out at the scheduler's next look.
    pub at: SystemTime,
}

/// One change of the status of the whole.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StatusChange {
    /// Counts the changes of the whole that were noticed, from 1, without gaps; none is while nobody listens.
    pub sequence: u64,
    /// The status before.
    pub from: Status,
    /// The status after.
    pub to: Status,
    /// The names of the components that fail after it: see
    /// [`HealthReport::root_causes`](crate::HealthReport::root_causes).
    pub root_causes: Arc<[Arc<str>]>,
    /// When it was noticed: what a result, a registration or a removal changed at once, what a lease that ran out
    /// changed at the scheduler's next look.
    pub at: SystemTime,
}

/// A component's transitions, oldest first. Shared with published states, and copied only when one is added.
pub(crate) type History = Arc<VecDeque<Transition>>;

/// Adds one, forgetting the oldest beyond [`MAX_TRANSITIONS`].
pub(crate) fn push(history: &mut History, transition: Transition) {
    let history = Arc::make_mut(history);
    if history.len() == MAX_TRANSITIONS {
        history.pop_front();
    }
    history.push_back(transition);
}
