//! One place in the code with `#[protected]`.

use super::{Admitted, Refused, names};
use crate::permit::Slip;
use crate::{Breaker, BreakerRegistry, BreakerSettings, RegisterError};
use std::any::type_name;
use std::ptr;
use std::sync::{Arc, OnceLock};

/// How often a breaker is looked for that is registered and then not there.
const ATTEMPTS: usize = 3;

/// A place in the code and its breaker, which is looked for once, at the first call.
#[derive(Debug)]
pub struct Site {
    name: Option<&'static str>,
    place: (u32, u32),
    settings: fn(&mut BreakerSettings),
    /// None inside if there is no room for one.
    breaker: OnceLock<Option<Breaker>>,
}

impl Site {
    /// A place that gives its breaker this name, if any, and these settings; at this line and column.
    #[must_use]
    pub const fn new(
        name: Option<&'static str>,
        place: (u32, u32),
        settings: fn(&mut BreakerSettings),
    ) -> Self {
        Self { name, place, settings, breaker: OnceLock::new() }
    }

    /// Asks to make one call. `item` is an item in the function, whose name says where that is.
    ///
    /// # Errors
    /// When the breaker refuses the call.
    #[inline]
    pub fn admit<F>(&'static self, _item: F) -> Result<Admitted, Refused> {
        let breaker = match self.breaker.get() {
            Some(breaker) => breaker,
            None => self.find(type_name::<F>()),
        };
        match breaker {
            Some(breaker) => {
                let circuit = &*breaker.circuit;
                let ticket = circuit.admit().map_err(Refused)?;
                Ok(Admitted::new(Some(Slip::new(circuit, ticket))))
            }
            None => Ok(Admitted::new(None)),
        }
    }

    /// Nothing of this is done under the lock of the cell: a log or a listener may come back here. Threads that do it
    /// at the same time find the same breaker, and one of them tells what was wrong.
    #[cold]
    fn find(&'static self, item: &str) -> &'static Option<Breaker> {
        let registry = BreakerRegistry::global();
        let (breaker, trouble) = self.ask(registry, item);
        if self.breaker.set(breaker).is_ok()
            && let Some(trouble) = trouble
        {
            registry.note(&trouble);
        }
        self.breaker.get().expect("it was set above, here or by another thread")
    }

    fn ask(&'static self, registry: &BreakerRegistry, item: &str) -> (Option<Breaker>, Option<String>) {
        let site = ptr::from_ref(self).addr();
        let name: Arc<str> = match self.name {
            Some(name) => {
                names::given(site, name);
                name.into()
            }
            None => names::of(site, item, self.place),
        };
        let mut settings = BreakerSettings::default();
        (self.settings)(&mut settings);
        let builder = || Breaker::builder(Arc::clone(&name)).settings(settings.clone()).follow();
        for _ in 0..ATTEMPTS {
            let error = match registry.find_or_add(builder()) {
                Ok((breaker, trouble)) => return (Some(breaker), trouble),
                Err(error) => error,
            };
            if !matches!(error, RegisterError::Conflict { .. }) {
                return (None, Some(format!("calls of {item} go unprotected: {error}")));
            }
            if let Some(breaker) = registry.get(&name) {
                return (Some(breaker), Some(format!("{error} than {item} gives: they hold there too")));
            }
            // Thrown out in between, so there is room now.
        }
        (None, Some(format!("calls of {item} go unprotected: circuit breaker {name} comes and goes")))
    }
}
