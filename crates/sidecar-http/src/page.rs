//! The status page, as it is in the program, and what a browser may do with it.

use std::sync::LazyLock;

use hyper::header::CONTENT_SECURITY_POLICY;
use sha2::{Digest, Sha256};

use crate::answer::Answer;
use crate::reply::Reply;

/// One file that asks for nothing but its own server's routes.
const PAGE: &str = include_str!("../assets/status.html");

const TYPE: &str = "text/html; charset=utf-8";

/// Nothing runs and nothing is drawn but what stands in the page, known by its hash: text that came from elsewhere can
/// at worst be read. Pictures come from the page itself: the one in its tab is painted by it.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    format!(
        "default-src 'none'; script-src {}; style-src {}; img-src data:; connect-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
        source(within("script")),
        source(within("style")),
    )
});

pub(crate) fn reply() -> Reply {
    Reply::from(Answer::fixed(TYPE, PAGE)).with(CONTENT_SECURITY_POLICY, &POLICY)
}

/// What the page has between the tags of this name.
fn within(name: &str) -> &'static str {
    let after = PAGE.split_once(&format!("<{name}>")).map(|(_, after)| after);
    let inside = after.and_then(|after| after.split_once(&format!("</{name}>")));
    inside.map_or("", |(inside, _)| inside)
}

/// An element's text as a policy names it.
fn source(text: &str) -> String {
    format!("'sha256-{}'", base64(&Sha256::digest(text.as_bytes())))
}

/// RFC 4648, 4.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let group = (0..3).fold(0, |group, at| group << 8 | usize::from(chunk.get(at).copied().unwrap_or(0)));
        for at in 0..4 {
            let digit = char::from(DIGITS[group >> (18 - 6 * at) & 63]);
            text.push(if at <= chunk.len() { digit } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_of_the_rfc_s_words() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn the_page_is_one_small_file_that_names_no_other_place() {
        assert!(PAGE.len() < 60_000, "{} bytes", PAGE.len());
        for word in ["://", "=\"//", "='//", "@import", "url(", "<base", "<link rel=\"stylesheet"] {
            assert!(!PAGE.contains(word), "{word}");
        }
        for attribute in ["src=", "href="] {
            for (at, _) in PAGE.match_indices(attribute) {
                let value = PAGE[at + attribute.len()..].trim_start_matches('"');
                let own = value.starts_with('#') || value.starts_with("data:,");
                assert!(own, "{}", &PAGE[at..(at + 60).min(PAGE.len())]);
            }
        }
    }

    #[test]
    fn the_page_has_one_script_and_one_style_and_runs_no_text() {
        for name in ["script", "style"] {
            assert_eq!(PAGE.matches(&format!("<{name}")).count(), 1, "{name}");
            assert!(within(name).len() > 1_000, "{name}");
        }
        for word in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "Function(",
            " onclick",
            "style=\"",
        ] {
            assert!(!PAGE.contains(word), "{word}");
        }
        for store in ["localStorage", "sessionStorage", "document.cookie"] {
            assert!(!PAGE.contains(store), "the token would outlive the page in {store}");
        }
    }
}
