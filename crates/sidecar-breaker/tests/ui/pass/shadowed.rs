//! What the attribute needs is found also where its usual names mean something else.

pub extern crate sidecar_breaker as renamed;

mod core {}
mod std {}
mod sidecar_breaker {}

#[derive(Debug)]
struct Error;

impl From<renamed::Rejected> for Error {
    fn from(_: renamed::Rejected) -> Self {
        Self
    }
}

#[allow(non_camel_case_types, dead_code)]
enum Result<T, E> {
    Ok(T),
    Err(E),
}

#[renamed::protected]
fn call() -> ::std::result::Result<u8, Error> {
    Ok(7)
}

mod inner {
    pub use renamed as piece;
}

#[inner::piece::protected(crate = crate::inner::piece)]
fn at_a_path() -> ::std::result::Result<u8, Error> {
    Ok(8)
}

fn main() {
    assert_eq!(call().unwrap() + at_a_path().unwrap(), 15);
}
