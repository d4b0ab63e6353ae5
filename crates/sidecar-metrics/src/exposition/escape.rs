//! Escaping as both formats define it.

/// Appends `text` with backslash and line feed escaped, and with `quotes` the double quote too.
pub(crate) fn push_escaped(out: &mut String, text: &str, quotes: bool) {
    let special = |byte: u8| byte == b'\\' || byte == b'\n' || (quotes && byte == b'"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(special) {
        out.push_str(&rest[..at]);
        out.push('\\');
        out.push(match rest.as_bytes()[at] {
            b'\n' => 'n',
            other => char::from(other),
        });
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_must_be_escaped_is() {
        let escaped = |text, quotes| {
            let mut out = String::new();
            push_escaped(&mut out, text, quotes);
            out
        };
        assert_eq!(escaped("a\\b\"c\nd\té\r", true), "a\\\\b\\\"c\\nd\té\r");
        assert_eq!(escaped("say \"\n\"", false), "say \"\\n\"");
    }
}
