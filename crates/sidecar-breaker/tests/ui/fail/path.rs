use sidecar_breaker::protected;

#[protected(crate = ::nowhere)]
fn call() -> std::io::Result<()> {
    Ok(())
}

#[protected(fallback = missing)]
fn fallback_that_is_not_there() -> u8 {
    7
}

fn main() {}
