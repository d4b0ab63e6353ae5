//! The last transitions of a component.

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
