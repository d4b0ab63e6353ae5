//! The attributes of the sidecar crates. Take them from the piece or from the facade, with its feature `macros`:
//! each re-exports them with the path by which the code they make finds it.
//!
//! | attribute | of the piece | of the facade |
//! | --- | --- | --- |
//! | `#[protected]` | `sidecar_breaker::protected` | `sidecar_runtime::protected` |
//! | `#[monitor_performance]` | `sidecar_perf::monitor_performance` | `sidecar_runtime::monitor_performance` |
//!
//! Where a piece is reached by another path, `crate = path` says so.
//!
//! # How it works
//! The body becomes a closure, or an `async` block, that is handed to the piece: so `return` and `?` end the call and
//! not the function, and the piece sees how it ended. The signature stays as it is. Arguments move into the closure
//! only once the call is admitted. Where a function returns a boxed or an opaque future, that future is the call;
//! this is what `async_trait` makes of a method.
//!
//! The body keeps its own places in the source, and so do arguments of the attribute that are refused.
//!
//! # Limits
//! - A function whose return type is another name for a future, `BoxFuture` excepted, is taken for one that does its
//!   work before it returns.
//! - Reached through the module that the facade re-exports, `sidecar_runtime::breaker::protected` is that of the piece:
//!   it needs the piece itself, or `crate = sidecar_runtime::breaker`.
//! - `Location::caller()` in a body with `#[track_caller]` is the function itself.
//! - With a renamed import of an attribute, the order of two on one function is that in which they are written.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod arguments;
mod body;
mod function;
mod monitored;
mod protected;
mod values;

use proc_macro::TokenStream;

/// Puts a circuit breaker in front of a function or method.
///
/// ```ignore
/// #[protected(failure_threshold = 5, timeout = 60)]
/// async fn fetch(url: &str) -> std::io::Result<String> { .. }
/// ```
///
/// | argument | takes | without it |
/// | --- | --- | --- |
/// | `name` | a text of 1 to 256 bytes | the path of the function, its type and trait included |
/// | `failure_threshold` | 1 and up | as configured, else 5 |
/// | `sliding_window` | seconds, also `0.5` | as configured, else 120 |
/// | `timeout` | seconds, also `0.5` | as configured, else 60 |
/// | `half_open_max_calls` | 1 to 255 | as configured, else 3 |
/// | `success_threshold` | 1 and up | as configured, else 2 |
/// | `probe_timeout` | seconds, also `0.5` | as configured, else `timeout` |
/// | `fallback` | a path to a function with the same arguments and return type | the rejection is returned |
/// | `classify` | a path to `fn(&R) -> Verdict`, `R` being what is returned | an `Err` is a failure |
/// | `crate` | the path to `sidecar_breaker` | `::sidecar_breaker` |
///
/// The function returns a `Result` whose error is `From<Rejected>`, or anything if a fallback is given. The fallback
/// runs when a call is refused, and only then; that of an asynchronous function may be asynchronous itself.
///
/// Every place in the code has a breaker of its own in `BreakerRegistry::global()`, generic functions one for all
/// their types; two share one if both give the same `name`. What is configured is what `set_defaults` of that
/// registry was given last. A panic is a failure; a future that is dropped is ignored. A call of an asynchronous
/// function is admitted when it is first polled.
///
/// If there is a breaker of that name with other settings, it is used; if the registry is full, the function runs
/// unprotected. Either is counted in `BreakerRegistry::errors` and logged, once for each place in the code.
///
/// With `#[monitor_performance]` on the same function, in either order, a refused call is no operation.
#[proc_macro_attribute]
pub fn protected(arguments: TokenStream, item: TokenStream) -> TokenStream {
    protected::expand(arguments.into(), item.into(), &["sidecar_breaker"]).into()
}

/// As [`macro@protected`], for those who have the facade.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn protected_of_the_facade(arguments: TokenStream, item: TokenStream) -> TokenStream {
    protected::expand(arguments.into(), item.into(), &["sidecar_runtime", "breaker"]).into()
}

/// Measures a function or method as an operation.
///
/// ```ignore
/// #[monitor_performance(operation_name = "transform_test")]
/// fn transform_test_case(test_code: &str) -> String { .. }
/// ```
///
/// | argument | takes | without it |
/// | --- | --- | --- |
/// | `operation_name` | a text of 1 to 256 bytes | the path of the function, its type and trait included |
/// | `crate` | the path to `sidecar_perf` | `::sidecar_perf` |
///
/// Each call counts once in `PerfMonitor::global()`: as a failure if it returns the `Err` of a `Result`, under
/// whatever name of the type, as panicked or cancelled if it ends so, else as a success. A future that is never polled
/// is no call.
///
/// With `#[protected]` on the same function, in either order, a refused call is no operation.
#[proc_macro_attribute]
pub fn monitor_performance(arguments: TokenStream, item: TokenStream) -> TokenStream {
    monitored::expand(arguments.into(), item.into(), &["sidecar_perf"]).into()
}

/// As [`macro@monitor_performance`], for those who have the facade.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn monitor_performance_of_the_facade(arguments: TokenStream, item: TokenStream) -> TokenStream {
    monitored::expand(arguments.into(), item.into(), &["sidecar_runtime", "perf"]).into()
}
