//! What is the application's, and must not panic its way out of a drop.

use std::ops::{Deref, DerefMut};

use sidecar_core::panics::contain;

/// A value of the application's, such as a closure and all that it captured: a panic while it is dropped
/// goes no further.
pub(crate) struct Contained<T>(Option<T>);

impl<T> Contained<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Some(value))
    }
}

impl<T> Deref for Contained<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().expect("only dropping takes it")
    }
}

impl<T> DerefMut for Contained<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.as_mut().expect("only dropping takes it")
    }
}

impl<T> Drop for Contained<T> {
    fn drop(&mut self) {
        let value = self.0.take();
        // The message has no reader: what it is about is gone.
        let _ = contain(move || drop(value));
    }
}
