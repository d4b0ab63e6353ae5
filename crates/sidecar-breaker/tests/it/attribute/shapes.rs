//! Functions of unusual shapes behave as they did without the attribute.

// What the attribute makes passes these, too.
#![warn(clippy::pedantic, clippy::nursery)]

use super::{DOWN, Failed, breaker};
use crate::script::poll;
use sidecar_breaker::protected;
use std::fmt::Display;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;

struct Shape {
    items: Vec<u8>,
}

impl Shape {
    #[protected(name = "shapes/first")]
    fn first_mut(&mut self) -> Result<&mut u8, Failed> {
        if self.items.is_empty() {
            return Err(DOWN);
        }
        Ok(&mut self.items[0])
    }

    #[protected(name = "shapes/one")]
    fn one(&self) -> Result<impl Iterator<Item = &u8> + '_, Failed> {
        let first = self.items.first().ok_or(DOWN)?;
        Ok(std::iter::once(first))
    }

    #[protected(name = "shapes/boxed")]
    fn boxed(self: Box<Self>) -> Result<Box<dyn Display>, Failed> {
        Ok(Box::new(self.items.len()))
    }

    #[protected(name = "shapes/shared")]
    async fn shared(self: Arc<Self>) -> Result<Vec<u8>, Failed> {
        Ok(self.items.clone())
    }

    #[protected(name = "shapes/counted")]
    fn counted(self: &Rc<Self>) -> Result<usize, Failed> {
        Ok(Rc::strong_count(self))
    }

    #[protected(name = "shapes/pinned")]
    async fn pinned(self: Pin<&mut Self>) -> Result<u8, Failed> {
        self.get_mut().items.pop().ok_or(DOWN)
    }

    #[protected(name = "shapes/consumed")]
    fn consumed(mut self) -> Result<Vec<u8>, Failed> {
        self.items.push(9);
        Ok(self.items)
    }
}

#[protected(name = "shapes/arguments")]
fn arguments<'a, T, const N: usize>(
    text: impl Into<String>,
    [first, rest]: &'a [T; 2],
    mut each: impl FnMut(&T),
    (mut sum, _): (usize, [bool; N]),
) -> Result<(String, &'a T, usize), Failed>
where
    T: Display,
{
    each(rest);
    sum += N;
    Ok((text.into(), first, sum))
}

#[protected(name = "shapes/unsafe")]
unsafe fn read(pointer: *const u8) -> Result<u8, Failed> {
    // SAFETY: the caller says that it can be read.
    Ok(unsafe { *pointer })
}

#[protected(name = "shapes/extern", fallback = nothing)]
extern "C" fn called_from_c(number: i32) -> i32 {
    number + 1
}

const extern "C" fn nothing(_: i32) -> i32 {
    -1
}

#[protected(name = "shapes/unit", fallback = do_nothing)]
#[must_use]
fn unit(times: u32) -> bool {
    #![expect(unused_variables, reason = "attributes inside the braces go where they belong")]
    let unused = 1;
    times > 0
}

const fn do_nothing(_: u32) -> bool {
    false
}

#[test]
fn values_borrows_and_opaque_types_come_back_as_they_are() {
    let mut shape = Shape { items: vec![1, 2] };
    *shape.first_mut().expect("it has some") = 7;
    assert_eq!(shape.one().expect("it has some").collect::<Vec<_>>(), [&7]);
    assert_eq!(Shape { items: Vec::new() }.one().err(), Some(DOWN));
    assert_eq!(Box::new(Shape { items: vec![1] }).boxed().expect("it does").to_string(), "1");
    let shared = Arc::new(Shape { items: vec![3] });
    assert_eq!(poll(pin!(shared.shared())), Poll::Ready(Ok(vec![3])));
    assert_eq!(Rc::new(Shape { items: vec![] }).counted(), Ok(1));
    assert_eq!(poll(pin!(Pin::new(&mut shape).pinned())), Poll::Ready(Ok(2)));
    assert_eq!(shape.consumed(), Ok(vec![7, 9]));
    assert_eq!(breaker("shapes/one").snapshot().failures, 1);
}

#[test]
fn arguments_arrive_as_they_were_given() {
    let mut seen = Vec::new();
    let found = arguments("text", &[1, 2], |number| seen.push(*number), (10, [true; 3]));
    assert_eq!(found, Ok(("text".to_owned(), &1, 13)));
    assert_eq!(seen, [2]);
}

#[test]
fn other_kinds_of_functions_can_be_protected() {
    // SAFETY: it points to a byte that lives.
    assert_eq!(unsafe { read(&7) }, Ok(7));
    let pointer: extern "C" fn(i32) -> i32 = called_from_c;
    assert_eq!(pointer(1), 2);
    breaker("shapes/extern").trip();
    assert_eq!(pointer(1), -1);
    assert!(unit(1));
}
