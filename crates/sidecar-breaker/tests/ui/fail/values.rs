use sidecar_breaker::protected;

#[protected(failure_threshold = 0)]
fn zero() -> std::io::Result<()> {
    Ok(())
}

#[protected(failure_threshold = -1, timeout = -2.5)]
fn negative() -> std::io::Result<()> {
    Ok(())
}

#[protected(half_open_max_calls = 256, success_threshold = 4294967296)]
fn too_many() -> std::io::Result<()> {
    Ok(())
}

#[protected(timeout = 0, probe_timeout = 0.0, sliding_window = 1e-10)]
fn no_time() -> std::io::Result<()> {
    Ok(())
}

#[protected(timeout = 60s, sliding_window = "120", probe_timeout = 5e9)]
fn wrong_time() -> std::io::Result<()> {
    Ok(())
}

#[protected(failure_threshold = 2.5, success_threshold = "2", half_open_max_calls = true)]
fn wrong_type() -> std::io::Result<()> {
    Ok(())
}

#[protected(name = "", failure_threshold = LIMIT)]
fn names() -> std::io::Result<()> {
    Ok(())
}

#[protected(name = payments, fallback = || 7, classify = "verdict", crate = 1)]
fn paths() -> std::io::Result<()> {
    Ok(())
}

fn main() {
    // The functions are still there, so nothing else is reported.
    let _ = (zero(), negative(), too_many(), no_time(), wrong_time(), wrong_type(), names(), paths());
}
