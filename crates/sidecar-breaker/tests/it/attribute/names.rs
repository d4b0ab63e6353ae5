//! Names where none is given, and which places share a breaker.

use super::Failed;
use crate::script::poll;
use sidecar_breaker::{BreakerRegistry, protected};
use std::future::Future;
use std::marker::PhantomData;
use std::pin::pin;
use std::sync::Barrier;
use std::thread;

#[protected]
fn free() -> Result<(), Failed> {
    Ok(())
}

#[protected()]
async fn free_async() -> Result<(), Failed> {
    Ok(())
}

#[protected]
fn r#match() -> Result<(), Failed> {
    Ok(())
}

trait Get {
    fn get(&self) -> Result<(), Failed>;

    #[protected]
    fn provided(&self) -> Result<(), Failed> {
        Ok(())
    }
}

trait Find<K> {
    fn get(&self, key: K) -> Result<(), Failed>;
}

struct One;
struct Generic<T>(PhantomData<T>);

impl One {
    #[protected]
    fn get(&self) -> Result<(), Failed> {
        Ok(())
    }

    #[protected]
    fn make() -> Result<Self, Failed> {
        Ok(Self)
    }
}

impl Get for One {
    #[protected]
    fn get(&self) -> Result<(), Failed> {
        Ok(())
    }
}

impl Find<u8> for One {
    #[protected]
    fn get(&self, _: u8) -> Result<(), Failed> {
        Ok(())
    }
}

impl Find<&str> for One {
    #[protected]
    fn get(&self, _: &str) -> Result<(), Failed> {
        Ok(())
    }
}

impl<T> Get for Generic<T> {
    #[protected]
    fn get(&self) -> Result<(), Failed> {
        Ok(())
    }
}

impl<T> Generic<T> {
    #[protected]
    async fn later<U>(&self, _: U) -> Result<(), Failed> {
        Ok(())
    }
}

/// The names of breakers of this file, with the successes of each.
fn names() -> Vec<(String, u64)> {
    let prefix = "it::attribute::names::";
    let snapshots = BreakerRegistry::global().snapshots().into_iter();
    let ours = snapshots.filter(|seen| seen.name.contains(prefix) && !seen.name.contains("copies"));
    ours.map(|seen| (seen.name.replace(prefix, ""), seen.successes)).collect()
}

fn run(future: impl Future<Output = Result<(), Failed>>) {
    assert!(poll(pin!(future)).is_ready());
}

#[test]
fn every_place_has_the_path_of_its_function_and_generic_ones_one_for_all_types() {
    let (bytes, texts) = (Generic(PhantomData::<u8>), Generic(PhantomData::<&str>));
    let done = [free(), r#match(), One.get(), Get::get(&One), Find::get(&One, 1), Find::get(&One, "a")];
    assert!(done.iter().all(Result::is_ok) && One::make().is_ok());
    assert!([One.provided(), bytes.provided(), bytes.get(), texts.get()].iter().all(Result::is_ok));
    run(free_async());
    run(bytes.later(1));
    run(texts.later("a"));
    let expected = [
        ("<Generic<_> as Get>::get", 2),
        ("<One as Find<&str>>::get", 1),
        ("<One as Find<u8>>::get", 1),
        ("<One as Get>::get", 1),
        ("Generic<_>::later", 2),
        ("Get::provided", 2),
        ("One::get", 1),
        ("One::make", 1),
        ("free", 1),
        ("free_async", 1),
        ("match", 1),
    ];
    assert_eq!(names(), expected.map(|(name, successes)| (name.to_owned(), successes)));
}

#[test]
fn two_places_share_a_breaker_if_both_give_its_name() {
    #[protected(name = "names/shared", failure_threshold = 2)]
    fn one() -> Result<(), Failed> {
        Err(super::DOWN)
    }
    #[protected(name = "names/shared", failure_threshold = 2)]
    fn other() -> Result<(), Failed> {
        Err(super::DOWN)
    }
    assert_eq!(
        (one(), other(), one(), other()),
        (Err(super::DOWN), Err(super::DOWN), Err(super::OPEN), Err(super::OPEN))
    );
}

#[test]
fn threads_that_are_the_first_to_call_find_the_same_breaker() {
    #[protected(name = "names/raced")]
    fn named() -> Result<(), Failed> {
        Ok(())
    }
    #[protected]
    fn raced_copies() -> Result<(), Failed> {
        Ok(())
    }
    const THREADS: u64 = 8;
    let start = Barrier::new(THREADS as usize);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                start.wait();
                assert_eq!((named(), raced_copies()), (Ok(()), Ok(())));
            });
        }
    });
    let registry = BreakerRegistry::global();
    let own =
        registry.names().into_iter().find(|name| name.ends_with("::raced_copies")).expect("it was called");
    for name in ["names/raced", &own] {
        assert_eq!(super::breaker(name).snapshot().successes, THREADS, "{name}");
    }
}

#[test]
fn functions_of_one_name_in_one_function_are_told_apart_by_where_they_stand() {
    macro_rules! copy {
        () => {{
            #[protected]
            fn copy() -> Result<(), Failed> {
                Ok(())
            }
            copy()
        }};
    }
    fn copies() -> [Result<(), Failed>; 3] {
        let first = {
            #[protected]
            fn copy() -> Result<(), Failed> {
                Ok(())
            }
            copy()
        };
        [first, copy!(), copy!()]
    }
    assert!(copies().iter().all(Result::is_ok));
    let names = BreakerRegistry::global().names();
    let found: Vec<_> = names.iter().filter(|name| name.contains("::copies::copy")).collect();
    assert_eq!(found.len(), 3, "{names:?}");
}
