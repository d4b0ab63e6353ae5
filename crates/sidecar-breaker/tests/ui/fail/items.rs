use sidecar_breaker::protected;
use std::future::Future;

#[protected]
struct Service;

#[protected]
impl Service {
    fn call(&self) {}
}

#[protected(timeout = 5)]
mod calls {}

trait Call {
    #[protected]
    fn call(&self) -> std::io::Result<()>;
}

#[protected]
const fn constant() -> std::io::Result<()> {
    Ok(())
}

impl Service {
    #[protected]
    pub const fn method(&self) -> std::io::Result<()> {
        Ok(())
    }
}

#[protected(fallback = later)]
fn built_before_it_is_known(text: String) -> impl Future<Output = String> {
    let length = text.len();
    async move { format!("{text}: {length}") }
}

async fn later(text: String) -> String {
    text
}

fn main() {
    Service.call();
    let _ = (constant(), Service.method());
}
