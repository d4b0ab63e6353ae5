//! Making the documents that streams hand out.

use std::future::Future;
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::access::{Access, Reader};
use crate::answer::Answer;
use crate::reply::Reply;
use crate::route::Route;
use crate::router::{Router, elsewhere, here};
use crate::stream::{Stream, Turn};

/// From one document to the next.
const TICK: Duration = Duration::from_secs(1);

/// How long one part of a document is waited for; without it the document goes out all the same.
const PATIENCE: Duration = Duration::from_secs(1);

impl Router {
    /// What a stream reads from, or nothing where only the head is wanted.
    pub(crate) fn stream(self: &Arc<Self>, only_head: bool) -> Result<Option<Stream>, Reply> {
        if only_head {
            return Ok(None);
        }
        let router = Arc::downgrade(self);
        let revive = move || router.upgrade().inspect(Self::produce).is_some();
        let stream = self.streams.open(revive).ok_or_else(Reply::streams_ended)?;
        self.produce();
        Ok(Some(stream))
    }

    pub(crate) fn end_streams(&self) {
        self.streams.end();
    }

    /// Has the documents made, if nobody makes them: the first stream begins it, and where the runtime that did it has
    /// ended, one that has heard nothing for a while.
    fn produce(self: &Arc<Self>) {
        if let Some(turn) = self.streams.turn() {
            tokio::spawn(produce(Arc::downgrade(self), turn));
        }
    }

    /// Everything that the page shows, as one event. Each part passes the gate of its own route, so that a closure
    /// which hangs hangs once.
    async fn document(&self) -> Bytes {
        let closures = &self.closures;
        let mut document = Document::new();
        document.add("routes", Some(self.routes()));
        document.add("health", here(&closures.health, Reader::Public));
        document.add("ready", here(&closures.ready, ()));
        let breakers = elsewhere(&self.circuit_breakers, &closures.circuit_breakers, ());
        document.add("circuit_breakers", in_time(breakers).await);
        document.add("performance", in_time(elsewhere(&self.performance, &closures.performance, ())).await);
        let stats = elsewhere(&self.events_stats, &closures.events_stats, ());
        document.add("events_stats", in_time(stats).await);
        document.add("status", in_time(elsewhere(&self.status, &closures.status, ())).await);
        document.finish()
    }

    /// The routes that exist, without the prefix.
    fn routes(&self) -> Answer {
        let exists = |route: &Route| self.door.decide(route.need(), true) != Access::Absent;
        Answer::json(true, &self.closures.routes().filter(exists).map(Route::path).collect::<Vec<_>>())
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        self.end_streams();
    }
}

async fn produce(router: Weak<Router>, mut turn: Turn) {
    let mut ticks = interval(TICK);
    // After a pause one document is enough.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if !turn.is_wanted() {
            return;
        }
        let Some(router) = router.upgrade() else { return };
        turn.publish(router.document().await);
    }
}

async fn in_time(part: impl Future<Output = Option<Answer>>) -> Option<Answer> {
    timeout(PATIENCE, part).await.ok().flatten()
}

/// One event of a stream: a JSON object on one line.
struct Document(Vec<u8>);

impl Document {
    fn new() -> Self {
        let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(format!(r#"data: {{"at":{}"#, at.as_millis()).into_bytes())
    }

    /// Adds an answer's own JSON; `null` where there is none, or it broke. `name` needs no escaping.
    fn add(&mut self, name: &str, answer: Option<Answer>) {
        self.0.extend_from_slice(format!(r#","{name}":"#).as_bytes());
        match answer.filter(|answer| !answer.is_failed()) {
            // A line break in JSON stands between its words, and would end the event's line.
            Some(answer) => self.0.extend(answer.body.iter().map(|byte| match byte {
                b'\n' | b'\r' => b' ',
                byte => *byte,
            })),
            None => self.0.extend_from_slice(b"null"),
        }
    }

    fn finish(mut self) -> Bytes {
        self.0.extend_from_slice(b"}\n\n");
        self.0.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_one_line_whatever_its_parts_are() {
        let mut document = Document(b"data: {\"at\":1".to_vec());
        let mut spread = Answer::json(true, "");
        spread.body = Bytes::from_static(b"[1,\r\n2]");
        document.add("spread", Some(spread));
        document.add("down", Some(Answer::json(false, "no")));
        document.add("broken", Some(Answer::failed()));
        document.add("absent", None);
        let expected =
            "data: {\"at\":1,\"spread\":[1,  2],\"down\":\"no\",\"broken\":null,\"absent\":null}\n\n";
        assert_eq!(document.finish(), expected);
    }
}
