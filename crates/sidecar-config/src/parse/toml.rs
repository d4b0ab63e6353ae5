//! TOML: the `toml` crate's spanned tables, with offsets turned into lines.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use super::{Lines, MAX_DEPTH, SyntaxError};
use crate::error::MAX_ERRORS;
use crate::node::{Entry, Node};

pub(super) fn parse(text: &str) -> Result<Node, Vec<SyntaxError>> {
    let lines = Lines::of(text);
    if let Some(offset) = deep_key(text) {
        return Err(vec![SyntaxError::too_deep(Some(lines.at(offset)))]);
    }
    let (document, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let error = |error: &toml::de::Error| {
            let line = error.span().map(|span| lines.at(span.start));
            SyntaxError::new(line, error.message().replace('\n', ", "))
        };
        // One more than are listed, so that it shows that there were more.
        return Err(errors.iter().take(MAX_ERRORS + 1).map(error).collect());
    }
    table(document.get_ref(), &lines, 0).map_err(|error| vec![error])
}

/// Most dots that a key may have.
///
/// The parser bounds the nesting of brackets but not of dots, and each dot is a level of its tree: without a
/// bound of ours, dropping that tree would overflow the stack.
const MAX_KEY_DOTS: usize = 16;

/// The offset of a key with more than [`MAX_KEY_DOTS`] dots.
fn deep_key(text: &str) -> Option<usize> {
    let mut dots = 0;
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let Some(first) = rest.chars().next() else { break };
        let length = match first {
            '"' | '\'' => quoted(rest, first),
            '#' => rest.find('\n').unwrap_or(rest.len()),
            '.' => {
                dots += 1;
                1
            }
            _ => {
                if first.is_ascii()
                    && !first.is_ascii_alphanumeric()
                    && !matches!(first, '_' | '-' | ' ' | '\t')
                {
                    dots = 0;
                }
                first.len_utf8()
            }
        };
        if dots > MAX_KEY_DOTS {
            return Some(at);
        }
        at += length;
    }
    None
}

/// The length of the string that `text` begins with, quotes included; all of it when it does not end.
fn quoted(text: &str, quote: char) -> usize {
    let triple = [quote; 3].iter().collect::<String>();
    let (open, close) = if text.starts_with(&triple) { (3, triple) } else { (1, quote.to_string()) };
    let mut at = open;
    while let Some(rest) = text.get(at..) {
        if rest.starts_with(&close) {
            return at + close.len();
        }
        match rest.chars().next() {
            Some('\\') if quote == '"' => at += 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            Some(other) => at += other.len_utf8(),
            None => break,
        }
    }
    text.len()
}

fn table(table: &DeTable<'_>, lines: &Lines, depth: usize) -> Result<Node, SyntaxError> {
    let entries = table.iter().map(|(key, value)| {
        let line = lines.at(key.span().start);
        Ok(Entry { key: key.get_ref().to_string(), line: Some(line), node: node(value, lines, depth + 1)? })
    });
    let mut entries: Vec<Entry> = entries.collect::<Result<_, _>>()?;
    // The parser sorts keys; errors and origins read better in the file's order.
    entries.sort_by_key(|entry| entry.line);
    Ok(Node::Map(entries))
}

fn node(value: &Spanned<DeValue<'_>>, lines: &Lines, depth: usize) -> Result<Node, SyntaxError> {
    let line = |span: Range<usize>| Some(lines.at(span.start));
    if depth > MAX_DEPTH {
        return Err(SyntaxError::too_deep(line(value.span())));
    }
    Ok(match value.get_ref() {
        DeValue::String(text) => Node::Text(text.to_string()),
        DeValue::Integer(integer) => whole(integer),
        DeValue::Float(float) => Node::Number(float.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(value) => Node::Bool(*value),
        DeValue::Datetime(time) => Node::Text(time.to_string()),
        DeValue::Array(items) => {
            let nodes = items.iter().map(|item| Ok((line(item.span()), node(item, lines, depth + 1)?)));
            Node::list(nodes.collect::<Result<Vec<_>, _>>()?)
        }
        DeValue::Table(entries) => table(entries, lines, depth)?,
    })
}

fn whole(integer: &DeInteger<'_>) -> Node {
    let (digits, radix) = (integer.as_str(), integer.radix());
    if let Ok(value) = u64::from_str_radix(digits, radix) {
        Node::Unsigned(value)
    } else if let Ok(value) = i64::from_str_radix(digits, radix) {
        Node::Signed(value)
    } else {
        Node::Number(digits.parse().unwrap_or(f64::NAN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_syntax_error_is_reported_with_its_line() {
        let errors = parse("a = 1\nb = = 2\nc = 3\nd = ]\n").expect_err("two bad lines");
        let lines: Vec<_> = errors.iter().map(|error| error.line).collect();
        assert!(lines.contains(&Some(2)) && lines.contains(&Some(4)), "{errors:?}");
    }

    #[test]
    fn no_more_syntax_errors_are_kept_than_show_that_there_are_many() {
        assert_eq!(parse(&"= 1\n".repeat(10_000)).expect_err("no keys").len(), MAX_ERRORS + 1);
    }

    #[test]
    fn values_keep_their_kinds() {
        let tree =
            parse("a = 0x1F\nb = -3\nc = 1_000\nd = inf\ne = 1979-05-27\nf = 1e3\n").expect("valid TOML");
        let Node::Map(entries) = tree else { panic!("a document is a map") };
        let shown: Vec<String> = entries.iter().map(|entry| entry.node.describe()).collect();
        assert_eq!(shown, ["31", "-3", "1000", "inf", "\"1979-05-27\"", "1000.0"]);
    }

    #[test]
    fn many_dots_in_a_value_are_no_key() {
        let dots = "x.".repeat(500);
        for text in [
            format!("a = '{dots}'"),
            format!("a = \"\\\"{dots}\""),
            format!("a = \"\"\"\n\"{dots}\n\"\"\""),
            format!("# {dots}"),
            format!("a = [{}]", "1.5, ".repeat(500)),
            format!("a.\"{dots}\".b = 1"),
        ] {
            assert!(parse(&text).is_ok(), "{}", &text[..12]);
        }
    }

    #[test]
    fn a_key_of_too_many_parts_is_refused_wherever_it_stands() {
        let key = "a . 'b'.".repeat(40_000);
        for text in [format!("{key}c = 1"), format!("[{key}c]"), format!("x = {{ {key}c = 1 }}")] {
            let errors = parse(&text).expect_err("too deep");
            assert_eq!(errors[0].line, Some(1));
        }
    }
}
