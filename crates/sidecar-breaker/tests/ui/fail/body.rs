use sidecar_breaker::{Rejected, protected};

struct Failed;

impl From<Rejected> for Failed {
    fn from(_: Rejected) -> Self {
        Self
    }
}

#[protected]
fn mismatched() -> std::io::Result<u8> {
    Ok("seven")
}

#[protected]
async fn mismatched_later() -> std::io::Result<u8> {
    let number: u8 = std::future::ready("seven").await;
    Ok(number)
}

#[protected]
fn question_mark() -> Result<u8, Failed> {
    Ok("7".parse::<u8>()?)
}

#[protected]
async fn question_mark_later() -> Result<u8, Failed> {
    Ok("7".parse::<u8>()?)
}

#[protected]
fn early(is_early: bool) -> std::io::Result<u8> {
    if is_early {
        return 7;
    }
    Ok(8)
}

#[protected]
fn unknown_name() -> std::io::Result<u8> {
    Ok(call)
}

#[protected]
fn moved_twice(text: String) -> std::io::Result<String> {
    drop(text);
    Ok(text)
}

fn main() {}
