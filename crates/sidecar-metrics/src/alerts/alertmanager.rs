//! Alerts go to an Alertmanager, by its API of version 2.

mod backlog;
mod post;
mod settings;
mod worker;

pub use backlog::MAX_BACKLOG_ALERTS;
pub use post::PostError;
pub use settings::AlertmanagerBuilder;
pub use worker::AlertmanagerStats;

use super::alert::Alert;
use super::hook::AlertHook;
use parking_lot::Mutex;
use sidecar_core::{SettingsError, StartError};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use worker::Shared;

/// A hook that posts alerts to an Alertmanager. Clones are the same hook: give one to each rule.
///
/// It has a thread of its own, `sidecar-manager`, and never holds up other hooks. It keeps the newest state of each
/// alert, at most [`MAX_BACKLOG_ALERTS`], and posts up to 64 at a time. A firing alert is posted again each minute,
/// with an end four minutes ahead: if nothing more comes, Alertmanager lets it end by itself. A failed post is tried
/// again after half a second, then after twice as long each time up to 30 s, less a random part of up to a half;
/// a resolved alert is given up after 15 minutes. What Alertmanager calls unreadable (400, 413 and 422) is not tried
/// again before the next minute.
///
/// Besides its labels an alert carries `alertname`; besides its annotations the last `value`, unless the rule has
/// one of that name.
///
/// When the last clone is dropped, its thread ends as [`shutdown`](Self::shutdown) would, for as long as one post may
/// take, without anybody waiting for it.
#[derive(Clone)]
pub struct AlertmanagerHook {
    handle: Arc<Handle>,
}

struct Handle {
    shared: Arc<Shared>,
    /// Without credentials.
    shown: Mutex<String>,
    timeout: Duration,
}

impl AlertmanagerHook {
    /// Posts to the Alertmanager at `url`, `http` or `https`: with `/api/v2/alerts` at its end or without. A user
    /// and password in it are sent, but never shown.
    ///
    /// # Errors
    /// When `url` is not such an address, or the system has no room for a thread.
    pub fn new(url: &str) -> Result<Self, StartError> {
        Self::builder(url).start()
    }

    /// Sets up a hook.
    pub fn builder(url: &str) -> AlertmanagerBuilder {
        AlertmanagerBuilder::new(url)
    }

    /// Whether `url` is an address that [`new`](Self::new) takes.
    ///
    /// # Errors
    /// When it is not `http` or `https`, or has no host, or a query.
    pub fn check_url(url: &str) -> Result<(), SettingsError> {
        post::Target::new(url).map(drop)
    }

    fn with(shared: Arc<Shared>, shown: String, timeout: Duration) -> Self {
        Self { handle: Arc::new(Handle { shared, shown: Mutex::new(shown), timeout }) }
    }

    /// Has every later post go to `url`, as [`new`](Self::new) takes it. What waits goes there, and what fires is posted
    /// there at once, also if the old Alertmanager knows of it; to that nothing more is said, so it lets those alerts
    /// end by themselves. A post that is under way is not stopped.
    ///
    /// # Errors
    /// When `url` is not such an address; then posts go where they went.
    pub fn set_url(&self, url: &str) -> Result<(), SettingsError> {
        let target = post::Target::new(url)?;
        *self.handle.shown.lock() = post::shown(url);
        self.handle.shared.set_target(target);
        Ok(())
    }

    /// What has become of the posts and alerts so far.
    #[must_use]
    pub fn stats(&self) -> AlertmanagerStats {
        self.handle.shared.stats()
    }

    /// Waits until every alert so far is delivered or given up, at most `timeout`; says whether that is so.
    pub fn flush(&self, timeout: Duration) -> bool {
        self.handle.shared.flush(timeout)
    }

    /// Resolves every alert that fires, and delivers that and what else waits within `timeout`; says whether
    /// everything arrived. After this the hook takes nothing more.
    pub fn shutdown(&self, timeout: Duration) -> bool {
        self.handle.shared.close(timeout);
        self.handle.shared.wait_for_end(timeout)
    }
}

impl AlertHook for AlertmanagerHook {
    fn notify(&self, alert: &Alert) {
        self.handle.shared.put(alert);
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.close(self.timeout);
    }
}

impl fmt::Debug for AlertmanagerHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AlertmanagerHook").field("url", &*self.handle.shown.lock()).finish_non_exhaustive()
    }
}
