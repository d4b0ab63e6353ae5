//! Functions of every shape, in a crate that denies warnings.

#![deny(warnings)]
#![forbid(unsafe_code)]

use sidecar_perf::{PerfMonitor, monitor_performance};

#[monitor_performance(operation_name = "unit")]
fn unit() {}

/// Documented, and to be used.
#[monitor_performance(operation_name = "borrowed")]
#[must_use]
pub fn borrowed<'a>(text: &'a str, (from, to): (usize, usize)) -> &'a str {
    &text[from..to]
}

#[monitor_performance(operation_name = "opaque")]
fn opaque(mut numbers: Vec<u8>) -> impl Iterator<Item = u8> {
    numbers.reverse();
    numbers.into_iter()
}

#[monitor_performance(operation_name = "constants")]
fn constants<const N: usize>(numbers: [u8; N]) -> Result<u8, std::num::TryFromIntError> {
    let count = u8::try_from(numbers.len())?;
    Ok(count)
}

trait Store {
    #[monitor_performance(operation_name = "provided")]
    fn get(&self) -> Option<u8> {
        Some(7)
    }
}

struct Db;

impl Store for Db {}

impl Db {
    #[monitor_performance(operation_name = "owned")]
    fn into_name(self) -> &'static str {
        "db"
    }
}

#[monitor_performance(operation_name = "later")]
async fn later(text: &str) -> usize {
    text.len()
}

fn is_send<T: Send>(value: T) -> T {
    value
}

fn main() {
    unit();
    assert_eq!(borrowed("operation", (0, 4)), "oper");
    assert_eq!(opaque(vec![1, 2]).next(), Some(2));
    assert_eq!(constants([0; 3]), Ok(3));
    assert_eq!((Db.get(), Db.into_name()), (Some(7), "db"));
    drop(is_send(later("never polled")));
    let names: Vec<_> = PerfMonitor::global().snapshot().iter().map(|row| row.name.to_string()).collect();
    assert_eq!(names, ["borrowed", "constants", "opaque", "owned", "provided", "unit"]);
}
