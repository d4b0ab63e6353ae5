use sidecar_macros::monitor_performance;

#[monitor_performance(operation = "transform")]
fn misspelt() {}

#[monitor_performance(operation_name = 7)]
fn not_a_text() {}

#[monitor_performance(operation_name = "", operation_name = "b")]
fn empty_and_twice() {}

#[monitor_performance(timeout = 60)]
fn of_the_other_attribute() {}

#[monitor_performance("transform")]
fn without_a_name() {}

#[monitor_performance]
struct Item;

#[monitor_performance]
const fn constant() {}

fn main() {
    let _ = Item;
    (misspelt(), not_a_text(), empty_and_twice(), of_the_other_attribute(), without_a_name(), constant());
}
