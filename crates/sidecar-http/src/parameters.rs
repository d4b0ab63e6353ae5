//! What stands behind the question mark of a target.

use crate::reply::Reply;
use crate::route::decoded;

/// Most pairs that are read.
const MAX_PAIRS: usize = 64;

/// The pairs of a query, as forms write them: a plus sign is a space, and percent signs are decoded. A pair without
/// an equals sign has an empty value.
pub(crate) fn pairs(query: Option<&str>) -> Result<Vec<(String, String)>, Reply> {
    let given = query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    let mut pairs = Vec::new();
    for pair in given {
        if pairs.len() == MAX_PAIRS {
            return Err(Reply::bad_request("the query has more than 64 parameters"));
        }
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let plain = |text: &str| decoded(text.bytes().map(|byte| if byte == b'+' { b' ' } else { byte }));
        match (plain(key), plain(value)) {
            (Some(key), Some(value)) => pairs.push((key, value)),
            _ => return Err(Reply::bad_request("a parameter of the query is no text")),
        }
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Option<Vec<(String, String)>> {
        pairs(Some(query)).ok()
    }

    #[test]
    fn pairs_are_decoded() {
        let owned = |pairs: &[(&str, &str)]| {
            Some(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
        };
        assert_eq!(
            read("a=1&b=x+y&c=%2B%26%C3%BC&d&=e&&f=g=h"),
            owned(&[("a", "1"), ("b", "x y"), ("c", "+&\u{fc}"), ("d", ""), ("", "e"), ("f", "g=h"),])
        );
        assert_eq!((read(""), pairs(None).ok()), (Some(Vec::new()), Some(Vec::new())));
    }

    #[test]
    fn what_is_no_text_or_too_much_is_refused() {
        for bad in ["a=%", "a=%f", "a=%zz", "%ff=1", "a=%C3"] {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert!(read(&"a&".repeat(MAX_PAIRS)).is_some());
        assert!(read(&"a&".repeat(MAX_PAIRS + 1)).is_none());
    }
}
