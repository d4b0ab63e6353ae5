//! What the application gave.

use std::fmt;
use std::sync::Arc;

use crate::access::Reader;
use crate::answer::Answer;
use crate::batch::Batch;
use crate::command::{BreakerCommand, Command};
use crate::exposition::Exposition;
use crate::profile::ProfileRequest;
use crate::route::Route;

pub(crate) type Closure<In> = Option<Arc<dyn Fn(In) -> Answer + Send + Sync>>;

type BreakerClosure = Arc<dyn Fn(BreakerCommand<'_>) -> Answer + Send + Sync>;

/// A route without its closure does not exist.
#[derive(Clone, Default)]
pub(crate) struct Closures {
    pub(crate) health: Closure<Reader>,
    pub(crate) live: Closure<()>,
    pub(crate) ready: Closure<()>,
    pub(crate) startup: Closure<()>,
    pub(crate) metrics: Closure<Exposition>,
    pub(crate) metrics_history: Closure<Vec<(String, String)>>,
    pub(crate) circuit_breakers: Closure<()>,
    pub(crate) performance: Closure<()>,
    pub(crate) config: Closure<()>,
    pub(crate) events_stats: Closure<()>,
    pub(crate) status: Closure<()>,
    pub(crate) ingest: Closure<Batch>,
    pub(crate) config_reload: Closure<()>,
    pub(crate) breaker_commands: Option<BreakerClosure>,
    pub(crate) profile: Closure<ProfileRequest>,
}

impl Closures {
    pub(crate) fn serves(&self, route: Route) -> bool {
        match route {
            Route::Index | Route::StatusStream => true,
            Route::Health => self.health.is_some(),
            Route::Live => self.live.is_some(),
            Route::Ready => self.ready.is_some(),
            Route::Startup => self.startup.is_some(),
            Route::Metrics => self.metrics.is_some(),
            Route::MetricsHistory => self.metrics_history.is_some(),
            Route::CircuitBreakers => self.circuit_breakers.is_some(),
            Route::Performance => self.performance.is_some(),
            Route::Config => self.config.is_some(),
            Route::EventsStats => self.events_stats.is_some(),
            Route::Status => self.status.is_some(),
            Route::Events => self.ingest.is_some(),
            Route::ConfigReload => self.config_reload.is_some(),
            Route::BreakersReset | Route::BreakerTrip | Route::BreakerReset => {
                self.breaker_commands.is_some()
            }
            Route::Profile => self.profile.is_some(),
        }
    }

    pub(crate) fn routes(&self) -> impl Iterator<Item = Route> {
        Route::ALL.into_iter().filter(|route| self.serves(*route))
    }

    /// Carries out a command on the calling thread; `None` if its closure is absent.
    pub(crate) fn carry_out(&self, command: &Command) -> Option<Answer> {
        let to_breakers = |command| self.breaker_commands.as_ref().map(|closure| closure(command));
        match command {
            Command::Reload => self.config_reload.as_ref().map(|closure| closure(())),
            Command::Trip(name) => to_breakers(BreakerCommand::Trip(name)),
            Command::Reset(name) => to_breakers(BreakerCommand::Reset(name)),
            Command::ResetAll => to_breakers(BreakerCommand::ResetAll),
        }
    }
}

impl fmt::Debug for Closures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.routes().map(Route::path)).finish()
    }
}
