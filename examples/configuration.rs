//! Configuration: code above files above defaults, changed while it runs, and a wrong file that changes nothing.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use sidecar_runtime::{Reload, Sidecar, SidecarConfig};
use std::error::Error;
use std::time::Duration;
use std::{env, fs, process};

const FIRST: &str = "
runtime:
  sidecar:
    sampling: { events: 0.5, test_events: 0.5 }
    breakers:
      payments: { failure_threshold: 3 }
";
const SECOND: &str = "
runtime:
  sidecar:
    sampling: { events: 0.25, test_events: 0.25 }
    breakers:
      payments: { failure_threshold: 7 }
";
const WRONG: &str = "
runtime:
  sidecar:
    sampling: { events: 2.5, test_event: 0.8 }
";

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::temp_dir().join(format!("sidecar-configuration-{}", process::id()));
    fs::create_dir_all(&folder)?;
    let file = folder.join("crossbridge.yml");
    fs::write(&file, FIRST)?;

    // What code sets stands above the file, also after a reload.
    let config = SidecarConfig::from_file(&file)?.sampling_rate("test_events", 0.8).max_queue_size(20_000);
    let sidecar = Sidecar::builder().config(config).watch_config(false).start()?;
    let payments = sidecar.breakers().register(sidecar.breaker("payments"))?;
    for key in ["events", "test_events", "traces"] {
        let provenance = sidecar.live_config().provenance();
        let setting = provenance.get(&format!("runtime.sidecar.sampling.{key}")).ok_or("it is a key")?;
        println!("{}", setting.to_string().replace(&*folder.to_string_lossy(), "FOLDER"));
    }
    assert_eq!(payments.settings().failure_threshold(), 3);

    // Without `watch_config(false)` a watch would find the new file by itself.
    fs::write(&file, SECOND)?;
    assert_eq!(sidecar.reload_config()?, Reload::Changed);
    let rate = |event_type| sidecar.sampler().rate(sidecar.sampler().intern(event_type));
    println!("reloaded: login {:.2}, test_end {:.2}", rate("login"), rate("test_end"));
    assert_eq!(format!("{:.2} {:.2}", rate("login"), rate("test_end")), "0.25 0.80");
    assert_eq!(payments.settings().failure_threshold(), 7, "a running breaker follows");

    // Every error at once, each with its place; the last good settings stay.
    fs::write(&file, WRONG)?;
    let errors = sidecar.reload_config().expect_err("two keys are wrong");
    println!("refused:\n{}", errors.to_string().replace(&*folder.to_string_lossy(), "FOLDER"));
    assert_eq!(format!("{:.2}", rate("login")), "0.25");

    let _ = sidecar.stop(Duration::from_secs(1));
    fs::remove_dir_all(&folder)?;
    Ok(())
}
