//! `POST /events`: a batch in, a receipt out.

use crate::input::{SharedTally, Verdict, parse_batch};
use serde_json::{Value, json};
use sidecar_runtime::SidecarHandle;
use sidecar_runtime::http::{Batch, BatchFormat};
use sidecar_runtime::observer::Observed;
use std::collections::BTreeMap;

/// Malformed lines listed in a receipt; all are counted.
const MAX_LISTED: usize = 100;

/// Offers every event of the batch, without waiting for room, and says what became of each.
pub(crate) fn take(sidecar: &SidecarHandle, tally: &SharedTally, batch: &Batch) -> Value {
    let (mut accepted, mut sampled_out, mut malformed) = (0u64, 0u64, 0u64);
    let mut dropped = BTreeMap::<&str, u64>::new();
    let mut lines = Vec::new();
    for (number, parsed) in parse_batch(&batch.body, batch.format == BatchFormat::Json) {
        match parsed {
            Ok(event) => {
                tally.verdict(Verdict::of(&event));
                match sidecar.observe(event) {
                    Observed::Accepted => accepted += 1,
                    Observed::SampledOut => sampled_out += 1,
                    Observed::Dropped(reason) => *dropped.entry(reason.name()).or_default() += 1,
                    _ => {}
                }
            }
            Err(reason) => {
                malformed += 1;
                if lines.len() < MAX_LISTED {
                    lines.push(json!({ "line": number, "reason": reason.to_string() }));
                }
            }
        }
    }
    json!({
        "accepted": accepted,
        "sampled_out": sampled_out,
        "dropped": dropped,
        "malformed": { "count": malformed, "lines": lines },
    })
}
