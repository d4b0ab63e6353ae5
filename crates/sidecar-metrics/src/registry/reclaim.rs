//! Room for new series where a bound is reached: idle ones give up theirs.

use super::{Registry, State};
use crate::handle::Cell;
use crate::kind::Kind;
use crate::series::{Series, SeriesList};
use std::sync::Arc;

impl Registry {
    /// Takes out the series that are idle, of the metrics that are at a bound. How many there were.
    ///
    /// What a counter or a histogram held moves to the overflow series of its metric, as one step for those who read.
    /// Unless `at_once`, nothing is done where one would have to wait for a reader, or too soon after the last time.
    ///
    /// Locks are held for one series at a time, as registering one does, except that of the metric's readers.
    pub(super) fn make_room(&self, at_once: bool) -> usize {
        let Some(epoch) = self.ages.look(at_once) else { return 0 };
        let crowded = self.state.read().crowded(self.limits);
        crowded.iter().map(|list| self.make_room_in(list, epoch, at_once)).sum()
    }

    fn make_room_in(&self, list: &SeriesList, epoch: u64, wait: bool) -> usize {
        let idle = list.idle_since(epoch, self.ages.epoch());
        let Some(first) = idle.first() else { return 0 };
        // A gauge's value is of no use where nobody can tell whose it was.
        let heir = match first.metric.kind {
            Kind::Counter | Kind::Histogram => {
                let make = |metric: &_| self.cell(metric);
                let Ok(heir) = self.state.write().overflow_of(&first.metric, make) else { return 0 };
                Some(heir)
            }
            Kind::Gauge => None,
        };
        let Some(_apart) = list.apart_from_readers(wait) else { return 0 };
        let take = |series: &&Arc<Series>| self.take_out(series, list, epoch, heir.as_deref());
        idle.iter().filter(take).count()
    }

    fn take_out(&self, series: &Arc<Series>, list: &SeriesList, epoch: u64, heir: Option<&Series>) -> bool {
        let found = |state: &mut State| state.remove(&self.table, series, epoch);
        if !found(&mut self.state.write()) {
            return false;
        }
        // From here on nobody can reach it but readers, and those wait: the value is final.
        match (&series.cell, heir.map(|heir| &heir.cell)) {
            (Cell::Counter(own), Some(Cell::Counter(heir))) => heir.increment_by(own.value()),
            (Cell::Histogram(own), Some(Cell::Histogram(heir))) => heir.absorb(own),
            _ => {}
        }
        list.remove(series);
        true
    }
}
