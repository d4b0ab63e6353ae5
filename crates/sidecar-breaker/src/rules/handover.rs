//! What is kept of a record when the rules are replaced.

use super::{Record, Rules};

impl Rules {
    /// Takes over what fits from rules that are replaced and judged the calls of `generation` until `now`. Only for
    /// rules that nobody uses yet.
    pub(crate) fn take_over(&self, old: &Self, now: u64, generation: u64) {
        for ours in self.records() {
            let fitting = old.records().filter(|theirs| ours.fits(theirs));
            if let Some(theirs) = fitting.max_by_key(|theirs| ours.likeness(theirs)) {
                ours.take_over(theirs, now, generation);
            }
        }
    }
}

impl Record {
    /// Whether another records the same thing of the same calls, whatever limits it judges that by.
    fn fits(&self, old: &Self) -> bool {
        match (self, old) {
            (Self::Recent(_) | Self::Many(_), Self::Recent(_) | Self::Many(_))
            | (Self::Consecutive(_), Self::Consecutive(_)) => true,
            (Self::Rate(_), Self::Rate(_)) | (Self::LastCalls(_), Self::LastCalls(_)) => {
                let slower_than = |record: &Self| record.share().map(super::Share::slower_than);
                slower_than(self) == slower_than(old)
            }
            _ => false,
        }
    }

    /// Of several that fit, the one that reaches as far back is best, and then the one that reaches back furthest.
    fn likeness(&self, old: &Self) -> (bool, bool, u64) {
        let is_same_kind = std::mem::discriminant(self) == std::mem::discriminant(old);
        (self.reach() == old.reach(), is_same_kind, old.reach())
    }

    /// In nanoseconds or calls.
    fn reach(&self) -> u64 {
        match self {
            Self::Recent(recent) => recent.span(),
            Self::Many(many) => many.span(),
            Self::Rate(rate) => rate.span(),
            Self::LastCalls(last) => last.calls(),
            Self::Consecutive(_) => 0,
        }
    }

    fn take_over(&self, old: &Self, now: u64, generation: u64) {
        match (self, old) {
            (Self::Recent(ours), Self::Recent(theirs)) => ours.fill(&theirs.contents()),
            (Self::Recent(ours), Self::Many(theirs)) => ours.fill(&theirs.contents(now, generation)),
            (Self::Many(ours), Self::Recent(theirs)) => ours.fill(&theirs.contents(), generation),
            (Self::Many(ours), Self::Many(theirs)) => {
                ours.fill(&theirs.contents(now, generation), generation);
            }
            (Self::Consecutive(ours), Self::Consecutive(theirs)) => ours.take_over(theirs, generation),
            (Self::Rate(ours), Self::Rate(theirs)) => ours.take_over(theirs, now, generation),
            (Self::LastCalls(ours), Self::LastCalls(theirs)) => ours.take_over(theirs, generation),
            _ => {}
        }
    }
}
