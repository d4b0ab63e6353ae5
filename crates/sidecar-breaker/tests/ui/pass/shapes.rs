//! Functions of every shape, without a warning.

#![deny(warnings)]
#![warn(clippy::pedantic, unused, rust_2018_idioms, future_incompatible)]
#![forbid(unused_variables, unused_imports, unused_mut, non_snake_case)]

use sidecar_breaker::{Rejected, Verdict, protected};
use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;

pub type Result<T> = std::io::Result<T>;

#[protected]
pub fn bare() -> Result<()> {
    Ok(())
}

#[protected()]
#[must_use = "it may have failed"]
#[inline]
pub fn empty() -> std::result::Result<u8, Box<dyn std::error::Error + Send + Sync>> {
    let text = std::fs::read_to_string("/none")?;
    Ok(text.parse()?)
}

#[protected(
    name = "all",
    failure_threshold = 5,
    sliding_window = 120.5,
    timeout = 0.25,
    half_open_max_calls = 255,
    success_threshold = 4_294_967_295,
    probe_timeout = 1e-9,
    classify = Verdict::of,
    fallback = no_text,
    crate = ::sidecar_breaker,
)]
pub(crate) fn all(text: &str) -> Result<&str> {
    if text.is_empty() {
        return Ok("-");
    }
    Ok(text)
}

fn no_text(_: &str) -> Result<&str> {
    Ok("")
}

#[protected(name = "all", fallback = no_unit)]
fn unit(_: u8) {}

fn no_unit(_: u8) {}

#[protected(fallback = ends)]
fn never(code: i32) -> ! {
    std::process::exit(code)
}

fn ends(code: i32) -> ! {
    std::process::exit(code)
}

#[protected(fallback = ends_later)]
async fn never_async() -> ! {
    std::process::exit(1)
}

async fn ends_later() -> ! {
    std::process::exit(2)
}

pub struct Service<'s, T: ?Sized>(pub &'s T);

impl<'s, T: ?Sized + Sync> Service<'s, T> {
    #[protected(name = "service")]
    pub fn lend(&self) -> Result<&'s T> {
        Ok(self.0)
    }

    #[protected(name = "service")]
    pub async fn lend_async<'a>(&'a mut self, _other: &T) -> Result<&'a T>
    where
        's: 'a,
    {
        ready(()).await;
        Ok(self.0)
    }

    #[protected(name = "service", classify = Self::judge)]
    pub fn own(self: Arc<Self>) -> Result<usize> {
        Ok(Arc::strong_count(&self))
    }

    fn judge(result: &Result<usize>) -> Verdict {
        if matches!(result, Ok(0)) { Verdict::Ignored } else { Verdict::of(result) }
    }

    #[protected(name = "service", fallback = <Self as Default2>::default2)]
    pub fn qualified() -> u8 {
        1
    }
}

trait Default2 {
    fn default2() -> u8;
}

impl<T: ?Sized> Default2 for Service<'_, T> {
    fn default2() -> u8 {
        2
    }
}

#[protected(name = "opaque")]
pub fn opaque<I>(items: I, mut more: impl FnMut() -> u8) -> Result<impl Iterator<Item = u8>>
where
    I: IntoIterator<Item = u8>,
{
    let last = more();
    Ok(items.into_iter().chain([last]))
}

#[protected(name = "opaque")]
pub fn future(text: String) -> impl Future<Output = Result<String>> + Send {
    async move { Ok(text) }
}

#[protected(name = "opaque")]
pub fn boxed<'a>(text: &'a str) -> Pin<Box<dyn Future<Output = Result<&'a str>> + Send + 'a>> {
    Box::pin(ready(Ok(text)))
}

#[async_trait::async_trait]
pub trait Fetch {
    async fn fetch(&self, (host, path): (&str, &str)) -> Result<String>;
}

#[async_trait::async_trait]
impl Fetch for Service<'_, str> {
    #[protected(name = "fetch", fallback = Self::stale)]
    async fn fetch(&self, (host, path): (&str, &str)) -> Result<String> {
        ready(()).await;
        Ok(format!("{}://{host}{path}", self.0))
    }
}

impl Service<'_, str> {
    #[allow(clippy::unused_async)]
    async fn stale(&self, _: (&str, &str)) -> Result<String> {
        Ok(String::new())
    }
}

#[protected(name = "unsafe")]
/// # Safety
/// The pointer can be read.
/// # Errors
/// None.
pub unsafe fn read(pointer: *const u8) -> Result<u8> {
    // SAFETY: the caller says so.
    Ok(unsafe { *pointer })
}

#[protected(name = "extern", fallback = minus_one)]
#[unsafe(no_mangle)]
pub extern "C" fn plus_one(number: i32) -> i32 {
    number + 1
}

extern "C" fn minus_one(_: i32) -> i32 {
    -1
}

/// An error of one's own.
#[derive(Debug)]
pub enum MyError {
    Refused(Rejected),
    Io(std::io::Error),
}

impl From<Rejected> for MyError {
    fn from(rejected: Rejected) -> Self {
        Self::Refused(rejected)
    }
}

impl From<std::io::Error> for MyError {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

#[protected]
async fn own_error<T: AsRef<str> + Send>(path: T) -> std::result::Result<Vec<u8>, MyError> {
    ready(()).await;
    if path.as_ref().is_empty() {
        return Ok(Vec::new());
    }
    Ok(std::fs::read(path.as_ref())?)
}

macro_rules! made {
    ($name:ident, $threshold:expr, $fallback:path, $body:block) => {
        #[protected(failure_threshold = $threshold, fallback = $fallback)]
        fn $name(number: u8) -> u8 $body
    };
}

made!(by_macro, 3, same, { 7 });

fn same(number: u8) -> u8 {
    number
}

// Names of the user's that are like those of the code around the body.
#[protected(fallback = five)]
fn names(call: u8, returned: u8, rejected: u8, settings: u8) -> u8 {
    call + returned + rejected + settings
}

fn five(_: u8, _: u8, _: u8, _: u8) -> u8 {
    5
}


fn main() {
    let _ = (never as fn(i32) -> !, never_async as fn() -> _);
    unit(1);
    assert!(bare().is_ok() && empty().is_err());
    assert_eq!(all("a").unwrap_or_default(), "a");
    assert_eq!((by_macro(1), names(1, 2, 3, 4), Service::<u8>::qualified()), (7, 10, 1));
    fn is_send<T: Send>(_: &T) {}
    is_send(&own_error("a"));
    is_send(&Service("https").fetch(("a", "b")));
    is_send(&boxed("a"));
    is_send(&future(String::new()));
    let items = opaque([1, 2], || 3).map(Iterator::collect::<Vec<_>>);
    assert_eq!(items.unwrap_or_default(), [1, 2, 3]);
}
