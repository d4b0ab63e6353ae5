use sidecar_breaker::protected;

#[protected]
fn dangling<'a>(text: String) -> std::io::Result<&'a str> {
    Ok(text.as_str())
}

#[protected]
fn not_mutable(text: String) -> std::io::Result<String> {
    text.push('7');
    Ok(text)
}

fn main() {}
