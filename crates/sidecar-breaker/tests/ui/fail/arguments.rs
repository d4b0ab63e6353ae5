use sidecar_breaker::protected;

#[protected(failure_treshold = 5)]
fn misspelt() -> std::io::Result<()> {
    Ok(())
}

#[protected(sliding_window_size = 5, retries = 3)]
fn unknown() -> std::io::Result<()> {
    Ok(())
}

#[protected(timeout = 5, timeout = 6)]
fn twice() -> std::io::Result<()> {
    Ok(())
}

#[protected(timeout)]
fn without_a_value() -> std::io::Result<()> {
    Ok(())
}

#[protected("payments")]
fn without_a_name() -> std::io::Result<()> {
    Ok(())
}

#[protected(timeout = )]
fn nothing() -> std::io::Result<()> {
    Ok(())
}

fn main() {
    let _ = (misspelt(), unknown(), twice(), without_a_value(), without_a_name(), nothing());
}
