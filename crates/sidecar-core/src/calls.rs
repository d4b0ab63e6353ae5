//! What the attributes need to make a function's body a call, whatever its type.

use std::fmt;

/// What a function returned.
///
/// A method of the type itself is defined for a `Result` only, and one of [`AnyReturned`] for all types. The compiler
/// takes the former where it applies: that tells a `Result` by whatever name.
pub struct Returned<'a, R>(pub &'a R);

impl<T, E> Returned<'_, Result<T, E>> {
    /// Whether the function says that it failed.
    #[must_use]
    pub fn is_err(&self) -> bool {
        self.0.is_err()
    }
}

/// For types that are no `Result`.
pub trait AnyReturned {
    /// Whoever returned has not failed.
    fn is_err(&self) -> bool;
}

impl<R> AnyReturned for Returned<'_, R> {
    fn is_err(&self) -> bool {
        false
    }
}

impl<R> fmt::Debug for Returned<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Returned")
    }
}

/// The type that a function returns, also where it cannot be written: `!`.
pub trait Function {
    /// What is returned.
    type Output;
}

impl<R> Function for fn() -> R {
    type Output = R;
}

/// Runs `body`. A closure that is its argument is one that runs once, and may give away what it holds.
pub fn evaluate<R>(body: impl FnOnce() -> R) -> R {
    body()
}

/// Stands in code that is never reached, for its type.
///
/// # Panics
/// Always.
#[must_use]
pub fn unreached<R>() -> R {
    unreachable!("the attribute puts this behind a condition that is false")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_is_told_by_whatever_name() {
        type Named = fmt::Result;
        let named: Named = Err(fmt::Error);
        assert!(Returned(&named).is_err());
        assert!(!Returned(&Ok::<u8, ()>(7)).is_err());
        assert!(!Returned(&None::<u8>).is_err());
        assert!(!Returned(&Some(named)).is_err(), "only what is returned itself");
    }

    #[test]
    fn in_generic_code_the_parts_of_a_result_do_not_matter() {
        fn failed<T, E>(result: &Result<T, E>) -> bool {
            Returned(result).is_err()
        }
        assert!(failed(&Err::<u8, _>("down")) && !failed(&Ok::<_, u8>("up")));
    }
}
