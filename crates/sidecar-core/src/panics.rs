//! Running user code so that no panic gets past us.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Longest panic message kept, in bytes.
pub const MAX_MESSAGE_BYTES: usize = 256;

/// Runs `f`; a panic becomes `Err` with its message, cut at [`MAX_MESSAGE_BYTES`].
///
/// The panic payload is dropped inside another guard, because a payload may panic in its own `Drop`.
///
/// # Errors
/// The panic's message, or a fixed sentence when the payload holds no text.
///
/// # Limits
/// Built with `panic = "abort"` there is nothing to catch: the process ends.
pub fn contain<T>(f: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(f)).map_err(|payload| {
        let message = message(&*payload);
        if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            // A payload whose drop panics twice is leaked: forgetting it is the only safe way out.
            std::mem::forget(second);
        }
        message
    })
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload
        .downcast_ref::<&'static str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a message");
    text[..text.floor_char_boundary(MAX_MESSAGE_BYTES)].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_passes_through() {
        assert_eq!(contain(|| 7), Ok(7));
    }

    #[test]
    fn messages_of_both_kinds_are_kept() {
        assert_eq!(contain(|| panic!("plain")), Err::<(), _>("plain".to_owned()));
        assert_eq!(contain(|| panic!("number {}", 3)), Err::<(), _>("number 3".to_owned()));
    }

    #[test]
    fn a_long_message_is_cut_at_a_character() {
        let long = "é".repeat(MAX_MESSAGE_BYTES);
        let kept = contain(|| panic!("{long}")).map(|(): ()| ()).expect_err("it panicked");
        assert_eq!(kept.len(), MAX_MESSAGE_BYTES);
    }

    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("the payload's drop panics too");
        }
    }

    #[test]
    fn a_payload_that_panics_when_dropped_stays_inside() {
        let result = contain(|| std::panic::panic_any(Bomb));
        assert_eq!(result, Err::<(), _>("a panic without a message".to_owned()));
    }
}
