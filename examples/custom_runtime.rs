//! A runtime of chosen pieces: a sampler in front of an observer, without the facade.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use sidecar_observer::{Observed, Observer, TypeId, observe};
use sidecar_sampler::Sampler;
use std::error::Error;
use std::time::Duration;

fn main() -> Result<(), Box<dyn Error>> {
    let sampler = Sampler::builder().rate("events", 0.0).event_type_rate("login", 1.0).build()?;

    // Both work with the same ids if they share one table of names.
    let gate = sampler.clone();
    let observer = Observer::builder()
        .names(sampler.names().clone())
        .admit(move |event_type: TypeId| gate.sample(event_type))
        .queue_size(1_000)
        .start()?;
    observer.on_any(|event| println!("{}: {:?}", event.event_type(), event.get("user")));

    assert_eq!(observe!(observer, "login", user = "ada"), Observed::Accepted);
    assert_eq!(observe!(observer, "page_view", user = "ada"), Observed::SampledOut);

    sampler.set_rate("events", 1.0)?;
    assert_eq!(observe!(observer, "page_view", user = "ada"), Observed::Accepted);

    let report = observer.shutdown(Duration::from_secs(1));
    assert_eq!((report.processed, report.waiting), (2, 0));
    Ok(())
}
