use sidecar_breaker::{Verdict, protected};

#[protected]
fn no_result() -> u8 {
    7
}

#[protected]
fn nothing() {}

#[protected]
async fn no_result_later() -> Option<u8> {
    None
}

#[protected]
fn error_without_from() -> Result<(), std::fmt::Error> {
    Ok(())
}

#[protected(fallback = other_type)]
fn fallback_of_another_type(_: u8) -> u8 {
    7
}

fn other_type(_: u8) -> &'static str {
    "seven"
}

#[protected(fallback = one_less)]
fn fallback_with_fewer_arguments(_: u8, _: u8) -> u8 {
    7
}

fn one_less(_: u8) -> u8 {
    7
}

#[protected(classify = of_option)]
fn classified_as_another_type() -> std::io::Result<u8> {
    Ok(7)
}

fn of_option(_: &Option<u8>) -> Verdict {
    Verdict::Success
}

fn main() {}
