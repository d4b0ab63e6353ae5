//! Text of unknown length in a summary of bounded length.

/// Longest text in a summary, in bytes as JSON writes them, without the quotes.
const MAX_BYTES: usize = 200;

/// `text`, cut at a character so that it takes at most [`MAX_BYTES`] bytes in JSON.
pub(super) fn cut(text: &str) -> String {
    let mut left = MAX_BYTES;
    text.chars()
        .take_while(|character| {
            let width = written(*character);
            let fits = width <= left;
            left = left.saturating_sub(width);
            fits
        })
        .collect()
}

/// Bytes that a character takes inside a JSON string.
fn written(character: char) -> usize {
    match character {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..'\u{20}' => "\\u0000".len(),
        other => other.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_takes_more_room_in_json_than_it_may() {
        for text in ["\u{1}", "\"", "\\", "\n", "\u{8}", "\u{c}", "\u{7f}", "é", "\u{10ffff}", "x"] {
            assert_eq!(cut(text), text);
            let cut = cut(&text.repeat(1_000));
            let json = serde_json::to_string(&cut).expect("text is JSON");
            assert!((MAX_BYTES - 5..=MAX_BYTES).contains(&(json.len() - 2)), "{text:?}: {}", json.len());
        }
    }
}
