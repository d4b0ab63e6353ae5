//! The `observe!` macro and what it can be used on.

use crate::observer::Observer;

/// What events can be offered to: an observer, or something that holds one.
pub trait Observe {
    /// The observer that takes the events.
    fn observer(&self) -> &Observer;
}

impl Observe for Observer {
    fn observer(&self) -> &Observer {
        self
    }
}

impl<T: Observe + ?Sized> Observe for &T {
    fn observer(&self) -> &Observer {
        (**self).observer()
    }
}

impl<T: Observe + ?Sized> Observe for std::sync::Arc<T> {
    fn observer(&self) -> &Observer {
        (**self).observer()
    }
}

/// Offers an event; its fields are evaluated only if it is kept. `?` and `.await` work in them; an event that
/// `?` leaves behind is not counted as offered.
///
/// ```
/// use sidecar_observer::{Observed, Observer, observe};
/// # let observer = Observer::builder().start()?;
/// let observed = observe!(observer, "test_end", test_id = "t1", status = "passed", duration_ms = 1234);
/// assert_eq!(observed, Observed::Accepted);
/// # Ok::<(), sidecar_observer::StartError>(())
/// ```
#[macro_export]
macro_rules! observe {
    ($target:expr, $event_type:literal $(, $key:ident = $value:expr)* $(,)?) => {{
        static SITE: $crate::CallSite = $crate::CallSite::new();
        $crate::observe!(
            @ $crate::Observer::admit_at($crate::Observe::observer(&$target), &SITE, $event_type)
            $(, $key = $value)*
        )
    }};
    (@ $admitted:expr $(, $key:ident = $value:expr)*) => {
        match $admitted {
            ::core::result::Result::Ok(admitted) => {
                const {
                    let names: &[&str] = &[$(::core::stringify!($key)),*];
                    ::core::assert!($crate::are_distinct(names), "two fields have the same name");
                }
                let mut draft = $crate::Admitted::draft(admitted);
                $($crate::Draft::add(&mut draft, ::core::stringify!($key), $value);)*
                $crate::Draft::accept_once(&mut draft)
            }
            ::core::result::Result::Err(observed) => observed,
        }
    };
    ($target:expr, $event_type:expr $(, $key:ident = $value:expr)* $(,)?) => {
        $crate::observe!(@ $crate::Observer::admit($crate::Observe::observer(&$target), $event_type) $(, $key = $value)*)
    };
}
