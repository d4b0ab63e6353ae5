//! Numbers as both formats read them.

use crate::families::Number;
use std::fmt::Write;

/// From here on, and below [`PLAIN_FROM`], the exponent form is the shorter one.
const PLAIN_BELOW: f64 = 1e16;
const PLAIN_FROM: f64 = 1e-5;

/// Appends the shortest text that reads back as the same number.
pub(crate) fn push_number(out: &mut String, number: Number) {
    match number {
        Number::Integer(value) => push_integer(out, value),
        Number::Float(value) => push_float(out, value),
    }
}

pub(crate) fn push_integer(out: &mut String, value: u64) {
    // Writing to a `String` cannot fail, here and below.
    let _ = write!(out, "{value}");
}

pub(crate) fn push_float(out: &mut String, value: f64) {
    let size = value.abs();
    let _ = if value.is_nan() {
        out.write_str("NaN")
    } else if value.is_infinite() {
        out.write_str(if value > 0.0 { "+Inf" } else { "-Inf" })
    } else if size == 0.0 || (PLAIN_FROM..PLAIN_BELOW).contains(&size) {
        write!(out, "{value}")
    } else {
        write!(out, "{value:e}")
    };
}

/// Appends a bucket's bound; OpenMetrics wants whole numbers as `50.0`, where the classic format has `50`.
pub(crate) fn push_bound(out: &mut String, bound: f64, with_point: bool) {
    let start = out.len();
    push_float(out, bound);
    if with_point && !out[start..].contains(['.', 'e']) {
        out.push_str(".0");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn float(value: f64) -> String {
        let mut out = String::new();
        push_float(&mut out, value);
        out
    }

    #[test]
    fn numbers_have_one_form() {
        let cases = [
            (0.0, "0"),
            (-0.0, "-0"),
            (42.0, "42"),
            (15_000.0, "15000"),
            (-1.5, "-1.5"),
            (0.005, "0.005"),
            (1e-5, "0.00001"),
            (1e-6, "1e-6"),
            (9_007_199_254_740_993.0, "9007199254740992"),
            (1e16, "1e16"),
            (f64::MAX, "1.7976931348623157e308"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
        ];
        for (value, text) in cases {
            assert_eq!(float(value), text);
        }
    }

    #[test]
    fn a_whole_integer_keeps_all_its_digits() {
        let mut out = String::new();
        push_number(&mut out, Number::Integer(u64::MAX));
        assert_eq!(out, "18446744073709551615");
    }

    #[test]
    fn bounds_get_a_point_only_where_the_format_wants_it() {
        let bound = |value, with_point| {
            let mut out = String::from("le=");
            push_bound(&mut out, value, with_point);
            out
        };
        assert_eq!((bound(50.0, false), bound(50.0, true)), ("le=50".to_owned(), "le=50.0".to_owned()));
        assert_eq!((bound(0.5, true), bound(1e20, true)), ("le=0.5".to_owned(), "le=1e20".to_owned()));
    }

    proptest! {
        #[test]
        fn every_float_reads_back_the_same(bits in any::<u64>()) {
            let value = f64::from_bits(bits);
            let read: f64 = float(value).replace("Inf", "inf").parse().expect("a number");
            prop_assert!(read.to_bits() == bits || (read.is_nan() && value.is_nan()));
        }
    }
}
