//! Answering a query: from this moment back in time, frame by frame.

use super::ROLLED_SECONDS;
use super::books::Books;
use super::family::Followed;
use super::frame::{Entries, FrameWriter, Span, section};
use super::group::Group;
use super::past::{Past, Weight};
use super::store::Resolution;
use crate::kind::Kind;
use crate::labels::Labels;
use crate::query::{Aggregate, Point, Query, QueryError, QueryResult, Series, whole_seconds};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Most points of an answer, over all groups.
const MAX_POINTS: usize = 100_000;

/// Which seconds, read how.
#[derive(Debug)]
struct Plan {
    resolution: Resolution,
    /// The first second.
    start: u64,
    /// The last one.
    end: u64,
    /// Seconds of a step; `None` for one over the whole range.
    step: Option<u64>,
}

impl Plan {
    /// The finest resolution that has the whole range.
    fn new(books: &Books, query: &Query) -> Self {
        let end = books.last;
        let start = end.saturating_sub(whole_seconds(query.last) - 1);
        let fine = books.store.fine.since() <= start.max(books.first.unwrap_or(0));
        let resolution = if fine { Resolution::Fine } else { Resolution::Rolled };
        let step = query.step.map(whole_seconds);
        let step = step.map(|step| if fine { step } else { step.next_multiple_of(ROLLED_SECONDS) });
        Self { resolution, start, end, step }
    }

    fn step_of(&self, slot: u64) -> u64 {
        self.step.map_or(0, |step| slot / step)
    }

    /// The last second of a step that was read.
    fn end_of(&self, step: u64) -> u64 {
        self.step.map_or(self.end, |seconds| (step * seconds + seconds - 1).min(self.end))
    }

    /// The first second that the frames can have.
    fn from(&self, books: &Books) -> u64 {
        let start = match self.resolution {
            Resolution::Fine => self.start,
            Resolution::Rolled => self.start - self.start % ROLLED_SECONDS,
        };
        start.max(books.first.unwrap_or(0)).max(books.store.tier(self.resolution).since())
    }
}

pub(super) fn answer(books: &Books, query: &Query) -> Result<QueryResult, QueryError> {
    let plan = Plan::new(books, query);
    let unix = |second: u64| books.wall.saturating_sub(plan.end.saturating_sub(second));
    let seconds = match plan.resolution {
        Resolution::Fine => 1,
        Resolution::Rolled => ROLLED_SECONDS,
    };
    let mut result = QueryResult {
        name: query.name.clone(),
        aggregate: query.aggregate,
        resolution: Duration::from_secs(seconds),
        step: Duration::from_secs(plan.step.unwrap_or_else(|| whole_seconds(query.last))),
        from: unix(plan.from(books)),
        to: books.wall,
        series: Vec::new(),
    };
    let at = books.families.binary_search_by(|(name, _)| (**name).cmp(&query.name));
    let Ok(at) = at else { return Ok(result) };
    let (name, family) = &books.families[at];
    check_kind(query, family.kind)?;
    let (keys, mut walk) = Walk::new(name, family, query);
    let steps = plan.step_of(plan.end) - plan.step_of(plan.start) + 1;
    if steps.saturating_mul(keys.len() as u64) > MAX_POINTS as u64 {
        return Err(QueryError::TooLarge { name: query.name.clone(), limit: MAX_POINTS });
    }
    walk.run(books, &plan, family)?;
    for (tags, mut points) in keys.into_iter().zip(walk.points) {
        points.reverse();
        points.iter_mut().for_each(|point| point.at = unix(point.at));
        if !points.is_empty() {
            result.series.push(Series { tags, points });
        }
    }
    Ok(result)
}

fn check_kind(query: &Query, kind: Kind) -> Result<(), QueryError> {
    let fits = match (kind, query.aggregate) {
        (Kind::Gauge, Aggregate::Rate) => false,
        (Kind::Histogram, Aggregate::Min | Aggregate::Max | Aggregate::Last) => false,
        (Kind::Counter | Kind::Gauge | Kind::Histogram, _) => true,
    };
    if fits {
        return Ok(());
    }
    Err(QueryError::Aggregate { name: query.name.clone(), kind, aggregate: query.aggregate })
}

/// All series of the metric, and what was found of the groups.
struct Walk {
    series: Vec<Option<Past>>,
    groups: Vec<Group>,
    /// Newest first, at the second that their step ends.
    points: Vec<Vec<Point>>,
    /// Of the step: its readings so far, and the seconds they cover.
    weight: Weight,
    seconds: u64,
}

type Tags = Vec<(String, String)>;

impl Walk {
    /// The tags of each group too, sorted.
    fn new(name: &Arc<str>, family: &Followed, query: &Query) -> (Vec<Tags>, Self) {
        let mut by: Vec<&str> = query.by.iter().map(String::as_str).collect();
        by.sort_unstable();
        by.dedup();
        let key = |labels: &Labels| -> Tags {
            let tag = |key: &&str| Some(((*key).to_owned(), value(labels, key)?.to_owned()));
            by.iter().filter_map(tag).collect()
        };
        let matches = |labels: &Labels| {
            let wanted = |(key, wanted): &(String, String)| value(labels, key).unwrap_or("") == *wanted;
            query.tags.iter().all(wanted)
        };
        let mut found: BTreeMap<Tags, Vec<usize>> = BTreeMap::new();
        let mut series: Vec<Option<Past>> = Vec::with_capacity(family.tracks.len());
        for (at, track) in family.tracks.iter().enumerate() {
            if let Some(track) = track
                && matches(&track.labels)
            {
                found.entry(key(&track.labels)).or_default().push(at);
            }
            series.push(track.as_ref().map(|track| Past::new(track, None)));
        }
        for (group, members) in found.values().enumerate() {
            for at in members {
                if let Some(past) = &mut series[*at] {
                    past.group = Some(group);
                }
            }
        }
        let groups = found.keys().map(|_| Group::new(name, family.kind, query.aggregate)).collect();
        let points = found.keys().map(|_| Vec::new()).collect();
        (found.into_keys().collect(), Self { series, groups, points, weight: Weight::default(), seconds: 0 })
    }

    fn run(&mut self, books: &Books, plan: &Plan, family: &Followed) -> Result<(), QueryError> {
        let mut open = FrameWriter::default();
        open.begin();
        let mut step = None;
        if plan.resolution == Resolution::Rolled
            && let Some(span) = books.open
        {
            // Not complete yet, and so not a frame yet.
            family.write_rolled(span, &mut open);
            step = Some(plan.step_of(span.slot));
            self.frame(span, section(open.bytes(), family.id))?;
        }
        for frame in books.store.newest_first(plan.resolution) {
            if frame.span.slot < plan.start {
                break;
            }
            let own = plan.step_of(frame.span.slot);
            match step.replace(own) {
                Some(done) if done != own => self.end_step(plan.end_of(done))?,
                _ => {}
            }
            self.frame(frame.span, section(&frame.bytes, family.id))?;
        }
        step.map_or(Ok(()), |step| self.end_step(plan.end_of(step)))
    }

    fn frame(&mut self, span: Span, mut entries: Entries<'_>) -> Result<(), QueryError> {
        while let Some((series, flags)) = entries.head() {
            // A series is forgotten only when no frame with it is left.
            let Some(Some(past)) = self.series.get_mut(series as usize) else { break };
            past.step_back(&mut entries.reader, flags, span, self.weight, &mut self.groups)?;
        }
        self.weight = self.weight.plus(span);
        self.seconds = self.seconds.saturating_add(span.seconds);
        Ok(())
    }

    fn end_step(&mut self, at: u64) -> Result<(), QueryError> {
        for past in self.series.iter_mut().flatten() {
            past.end_step(self.weight, &mut self.groups)?;
        }
        for (group, points) in self.groups.iter_mut().zip(&mut self.points) {
            if let Some(estimate) = group.end_step(self.seconds) {
                let (lower, upper) = estimate.bracket.unzip();
                points.push(Point { at, value: estimate.value, lower, upper });
            }
        }
        (self.weight, self.seconds) = (Weight::default(), 0);
        Ok(())
    }
}

fn value<'a>(labels: &'a Labels, key: &str) -> Option<&'a str> {
    labels.iter().find(|(own, _)| *own == key).map(|(_, value)| value)
}
