//! The same cases under criterion: its own warm-up, statistics and filters, one case after the other.

use crate::suite::Suite;
use criterion::{BenchmarkId, Criterion};

pub(crate) fn run(suite: &Suite) {
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group(suite.name);
    for case in &suite.cases {
        let mut running = None;
        group.bench_function(BenchmarkId::new(case.id, case.subject), |bencher| {
            // Built for those cases only that the filter lets through.
            let running = running.get_or_insert_with(|| case.start());
            bencher.iter_custom(|n| running.run(n).elapsed);
        });
    }
    group.finish();
    criterion.final_summary();
}
