//! Numbers as both formats read them.

use crate::families::Number;

/// Appends the shortest text that reads back as the same number.
pub(crate) fn push_number(out: &mut String, number: Number) {
    match number {
        Number::Integer(value) => push_integer(out, value),
        Number::Float(value) => push_float(out, value),
    }
}

#[inline]
pub(crate) fn push_integer(out: &mut String, value: u64) {
    out.push_str(itoa::Buffer::new().format(value));
}

/// With an exponent from 1e16 on and below 1e-5, where that is the shorter form.
pub(crate) fn push_float(out: &mut String, value: f64) {
    if value.is_nan() {
        out.push_str("NaN");
    } else if value.is_infinite() {
        out.push_str(if value > 0.0 { "+Inf" } else { "-Inf" });
    } else {
        let mut buffer = zmij::Buffer::new();
        let text = buffer.format_finite(value);
        // A whole number has no point here, `0` and `-0` among them, and an exponent no plus.
        match text.split_once("e+") {
            Some((digits, exponent)) => out.extend([digits, "e", exponent]),
            None => out.push_str(text.strip_suffix(".0").unwrap_or(text)),
        }
    }
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
            (-2_170_669_331_239_900.25, "-2170669331239900.2"),
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

    /// A number's text with every digit as `9`: where its point and its exponent stand.
    fn form(text: &str) -> String {
        text.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect()
    }

    /// What `std` writes, with an exponent where that is the shorter form.
    fn as_std_writes(value: f64) -> String {
        let size = value.abs();
        let plain = size == 0.0 || (1e-5..1e16).contains(&size);
        if plain { format!("{value}") } else { format!("{value:e}") }
    }

    proptest! {
        #[test]
        fn every_float_has_as_few_digits_as_std_writes_in_the_same_places(
            bits in any::<u64>(),
            small in -1e6..1e6f64,
            whole in any::<i32>(),
        ) {
            for value in [f64::from_bits(bits), small, small / 1e9, f64::from(whole), f64::from(whole) * 1e9] {
                if value.is_finite() {
                    // The last digit may differ: of two texts that are as near, either is right.
                    prop_assert_eq!(form(&float(value)), form(&as_std_writes(value)));
                }
            }
        }

        #[test]
        fn every_float_reads_back_the_same(bits in any::<u64>()) {
            let value = f64::from_bits(bits);
            let read: f64 = float(value).replace("Inf", "inf").parse().expect("a number");
            prop_assert!(read.to_bits() == bits || (read.is_nan() && value.is_nan()));
        }
    }
}
