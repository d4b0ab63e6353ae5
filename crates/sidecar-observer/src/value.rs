//! The values that an event's fields hold.

use smol_str::SmolStr;

/// A field's value: what JSON can say, with integers kept apart from floating-point numbers.
#[derive(Clone, Debug, PartialEq, Default)]
#[non_exhaustive]
pub enum Value {
    /// Nothing.
    #[default]
    Null,
    /// True or false.
    Bool(bool),
    /// A signed integer.
    I64(i64),
    /// An unsigned integer.
    U64(u64),
    /// A floating-point number.
    F64(f64),
    /// Text; up to 23 bytes are held without allocating.
    Str(SmolStr),
    /// Values in order.
    List(Box<[Value]>),
    /// Values by name, in order, each name once.
    Map(Box<[(SmolStr, Value)]>),
}

impl Value {
    /// The text, if it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The number, if it is one, as the nearest `f64`.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::I64(number) => Some(*number as f64),
            Self::U64(number) => Some(*number as f64),
            Self::F64(number) => Some(*number),
            _ => None,
        }
    }

    /// Whether it holds nothing outside itself, and no text that might be cut.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        match self {
            Self::Null | Self::Bool(_) | Self::I64(_) | Self::U64(_) | Self::F64(_) => true,
            Self::Str(text) => text.len() <= PLAIN_TEXT_BYTES && !text.is_heap_allocated(),
            Self::List(_) | Self::Map(_) => false,
        }
    }

    /// Bytes held outside the value itself.
    #[inline]
    pub(crate) fn heap_bytes(&self) -> usize {
        match self {
            Self::Null | Self::Bool(_) | Self::I64(_) | Self::U64(_) | Self::F64(_) => 0,
            Self::Str(text) => text_heap_bytes(text),
            Self::List(_) | Self::Map(_) => self.nested_bytes(),
        }
    }

    fn nested_bytes(&self) -> usize {
        match self {
            Self::List(values) => {
                let slots = ALLOCATION_BYTES + values.len() * size_of::<Self>();
                slots + values.iter().map(Self::heap_bytes).sum::<usize>()
            }
            Self::Map(entries) => {
                let slots = ALLOCATION_BYTES + entries.len() * size_of::<(SmolStr, Self)>();
                slots + entries.iter().map(entry_heap_bytes).sum::<usize>()
            }
            _ => 0,
        }
    }
}

/// A text that is no longer than this is cut under no setting, and needs no allocation.
pub(crate) const PLAIN_TEXT_BYTES: usize = 23;

/// What an allocation costs beyond what was asked for: the allocator's header and its rounding up, and the two
/// counters of a shared text.
pub(crate) const ALLOCATION_BYTES: usize = 32;

/// Bytes that a field points to.
pub(crate) fn entry_heap_bytes((key, value): &(SmolStr, Value)) -> usize {
    text_heap_bytes(key) + value.heap_bytes()
}

pub(crate) fn text_heap_bytes(text: &SmolStr) -> usize {
    if text.is_heap_allocated() { ALLOCATION_BYTES + text.len() } else { 0 }
}

macro_rules! from {
    ($($source:ty => |$name:ident| $value:expr;)*) => {$(
        impl From<$source> for Value {
            fn from($name: $source) -> Self {
                $value
            }
        }
    )*};
}

from! {
    bool => |value| Self::Bool(value);
    i8 => |value| Self::I64(value.into());
    i16 => |value| Self::I64(value.into());
    i32 => |value| Self::I64(value.into());
    i64 => |value| Self::I64(value);
    isize => |value| Self::I64(value as i64);
    u8 => |value| Self::U64(value.into());
    u16 => |value| Self::U64(value.into());
    u32 => |value| Self::U64(value.into());
    u64 => |value| Self::U64(value);
    usize => |value| Self::U64(value as u64);
    f32 => |value| Self::F64(value.into());
    f64 => |value| Self::F64(value);
    &str => |value| Self::Str(SmolStr::new(value));
    &String => |value| Self::Str(SmolStr::new(value));
    String => |value| Self::Str(SmolStr::from(value));
    SmolStr => |value| Self::Str(value);
    Vec<Value> => |values| Self::List(values.into());
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
