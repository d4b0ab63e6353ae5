//! Real threads in virtual time.

use crate::support::{TIMEOUT, World, secs};
use sidecar_breaker::{Breaker, BreakerSnapshot, RejectReason, State};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

#[test]
fn of_many_threads_at_once_no_more_than_the_places_probe() {
    const THREADS: usize = 16;
    for _ in 0..20 {
        let world = World::new().due();
        let (start, all_asked) = (Barrier::new(THREADS), Barrier::new(THREADS));
        let admitted: usize = thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|_| {
                    scope.spawn(|| {
                        start.wait();
                        let permit = world.breaker.try_acquire();
                        all_asked.wait();
                        usize::from(permit.is_ok())
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic")).sum()
        });
        assert_eq!(admitted, 3);
        assert_eq!(world.breaker.snapshot().rejected, THREADS as u64 - 3);
    }
}

#[test]
fn every_attempt_is_counted_exactly_once_while_everything_happens_at_once() {
    const THREADS: u64 = 4;
    const ROUNDS: u64 = 3_000;
    let world = World::with(|b| b.failure_threshold(3).timeout(secs(2)).probe_timeout(secs(1)));
    let refused = AtomicU64::new(0);
    thread::scope(|scope| {
        for number in 0..THREADS {
            let (world, refused) = (&world, &refused);
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    match world.breaker.try_acquire() {
                        Err(_) => _ = refused.fetch_add(1, Ordering::Relaxed),
                        Ok(permit) => match (round + number) % 5 {
                            0 | 1 => permit.success(),
                            2 | 3 => permit.failure(),
                            _ => drop(permit),
                        },
                    }
                    match (round * THREADS + number) % 97 {
                        0 => world.breaker.reset(),
                        1 => world.breaker.trip(),
                        2 => world.breaker.metrics_only(),
                        3..30 => world.advance(secs(1)),
                        _ => {}
                    }
                }
            });
        }
    });
    let BreakerSnapshot { successes, failures, ignored, rejected, late, transitions, .. } =
        world.breaker.snapshot();
    assert_eq!(rejected, refused.into_inner());
    assert_eq!(successes + failures + ignored + rejected + late, THREADS * ROUNDS);
    for pair in transitions.windows(2) {
        assert_eq!((pair[0].sequence + 1, pair[0].to), (pair[1].sequence, pair[1].from));
    }
    world.breaker.trip();
    world.advance(TIMEOUT);
    world.succeed(2);
    world.expect(State::Closed);
}

#[test]
fn totals_that_are_watched_never_go_down() {
    let world = World::with(|b| b.failure_threshold(2).timeout(secs(1)));
    let sums = |s: &BreakerSnapshot| [s.successes, s.failures, s.ignored, s.rejected, s.late];
    thread::scope(|scope| {
        let worker = scope.spawn(|| {
            for round in 0..5_000_u32 {
                let _ = world.breaker.call(|| if round % 3 == 0 { Err(()) } else { Ok(()) });
                world.advance(secs(1) / 4);
            }
        });
        let mut last = world.breaker.snapshot();
        while !worker.is_finished() {
            let next = world.breaker.snapshot();
            assert!(sums(&last).iter().zip(sums(&next)).all(|(old, new)| *old <= new));
            assert!(last.generation <= next.generation);
            last = next;
        }
    });
}

#[test]
fn no_refusal_names_a_wait_of_another_state_while_commands_race() {
    const READERS: usize = 3;
    let world = World::new();
    let (stop, ends) = (AtomicBool::new(false), Instant::now() + Duration::from_millis(800));
    let commands =
        [Breaker::reset, Breaker::disable, Breaker::force_open, Breaker::metrics_only].into_iter().cycle();
    let wrong = thread::scope(|scope| {
        let readers: Vec<_> = (0..READERS)
            .map(|_| {
                scope.spawn(|| {
                    let mut wrong = None;
                    while wrong.is_none() && !stop.load(Ordering::Relaxed) {
                        wrong = world.breaker.try_acquire().err().filter(|refused| match refused.reason() {
                            RejectReason::Open => refused.retry_after().is_none_or(|wait| wait > TIMEOUT),
                            _ => refused.retry_after().is_some(),
                        });
                    }
                    stop.store(true, Ordering::Relaxed);
                    wrong
                })
            })
            .collect();
        for command in commands {
            world.breaker.trip();
            command(&world.breaker);
            if stop.load(Ordering::Relaxed) || Instant::now() >= ends {
                break;
            }
        }
        stop.store(true, Ordering::Relaxed);
        readers.into_iter().find_map(|reader| reader.join().expect("no panic"))
    });
    assert_eq!(wrong.map(|refused| (refused.reason(), refused.retry_after())), None);
}

#[test]
fn the_totals_of_ten_thousand_short_lived_threads_are_exact() {
    const THREADS: u64 = 10_000;
    let world = World::new();
    for _ in 0..THREADS / 4 {
        thread::scope(|scope| (0..4).for_each(|_| _ = scope.spawn(|| world.succeed(3))));
    }
    assert_eq!(world.breaker.snapshot().successes, 3 * THREADS);
}
