//! A second reader of YAML, of the plain kind alone: one key or item a line, values without quotes, lists in brackets.

use std::collections::BTreeMap;

/// A value as the text has it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Plain {
    /// Nothing: a key alone.
    Nothing,
    Word(String),
    List(Vec<String>),
}

/// What stands in a plain text.
#[derive(Debug, Default)]
pub(super) struct Plainly {
    /// Each key with what stands behind it, those of maps with nothing.
    pub(super) values: BTreeMap<Vec<String>, Plain>,
    /// Those that stand twice in one map.
    pub(super) repeated: Vec<Vec<String>>,
}

/// What stands in `text`; `None` unless it is of the plain kind.
pub(super) fn read(text: &str) -> Option<Plainly> {
    let mut plainly = Plainly::default();
    // The maps that are open, by their indentation, with the key that stands last in each.
    let mut open: Vec<(usize, String)> = Vec::new();
    // Of the items that are being read.
    let mut items: Option<usize> = None;
    for line in text.lines() {
        let Some((indent, content)) = content(line)? else { continue };
        let path = |open: &[(usize, String)]| open.iter().map(|(_, key)| key.clone()).collect::<Vec<_>>();
        if let Some(item) = content.strip_prefix("- ") {
            // An item belongs to the last key, and stands no further left.
            let item = word(item.trim_start())?;
            let (least, _) = open.last()?;
            if indent < *least || items.is_some_and(|items| items != indent) {
                return None;
            }
            items = Some(indent);
            match plainly.values.get_mut(&path(&open))? {
                Plain::List(list) => list.push(item),
                place @ Plain::Nothing => *place = Plain::List(vec![item]),
                Plain::Word(_) => return None,
            }
            continue;
        }
        items = None;
        let (key, value) = pair(content)?;
        while open.last().is_some_and(|(at, _)| indent < *at) {
            open.pop();
        }
        match open.last() {
            // A sibling.
            Some((at, _)) if *at == indent => {
                open.pop();
            }
            // Further right: inside the last key, which has nothing else.
            Some(_) if plainly.values.get(&path(&open)) != Some(&Plain::Nothing) => return None,
            Some(_)
                if plainly
                    .values
                    .keys()
                    .any(|key| key.len() > open.len() && key.starts_with(&path(&open))) =>
            {
                return None;
            }
            None if !plainly.values.is_empty() && plainly.values.keys().next()?.len() == 1 && indent > 0 => {
                return None;
            }
            _ => {}
        }
        open.push((indent, key));
        if plainly.values.insert(path(&open), value).is_some() {
            plainly.repeated.push(path(&open));
        }
    }
    Some(plainly)
}

/// The indentation of a line and what it says; the inner `None` if that is nothing.
fn content(line: &str) -> Option<Option<(usize, &str)>> {
    let said = line.find(" #").map_or(line, |at| &line[..at]).trim_end_matches(' ');
    let content = said.trim_start_matches(' ');
    if content.is_empty() || content.starts_with('#') {
        return Some(None);
    }
    Some(Some((said.len() - content.len(), content)))
}

fn pair(content: &str) -> Option<(String, Plain)> {
    let (key, rest) = content.split_once(':')?;
    let key = word(key)?;
    let value = rest.trim_start_matches(' ');
    if value.is_empty() {
        return Some((key, Plain::Nothing));
    }
    if value.len() == rest.len() {
        return None;
    }
    let Some(list) = value.strip_prefix('[') else { return Some((key, Plain::Word(word(value)?))) };
    let inside = list.strip_suffix(']')?;
    let items = if inside.trim().is_empty() { Vec::new() } else { inside.split(',').collect() };
    let items = items.into_iter().map(|item| word(item.trim_matches(' '))).collect::<Option<_>>()?;
    Some((key, Plain::List(items)))
}

/// A word that means the same everywhere: one that is no number has letters, lines under and dashes, and begins with
/// a letter.
fn word(text: &str) -> Option<String> {
    let is_number = text.parse::<f64>().is_ok_and(f64::is_finite) && {
        let digits = text.trim_start_matches('-');
        digits.starts_with(|first: char| first.is_ascii_digit())
            && (digits.len() == 1 || !digits.starts_with('0') || digits.starts_with("0."))
            && text.bytes().all(|byte| byte.is_ascii_digit() || b".-".contains(&byte))
    };
    let is_word = text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    (is_number || is_word).then(|| text.to_owned())
}

#[test]
fn it_reads_what_is_plain_and_nothing_else() {
    let text = "# x\na:\n  b: 1 # one\n  c:\n  - x\n  - y\nd: [0.5, z]\n";
    let found = read(text).expect("it is plain");
    let shown: Vec<_> = found.values.iter().map(|(key, value)| (key.join("."), value.clone())).collect();
    let list = |items: &[&str]| Plain::List(items.iter().map(|item| (*item).to_owned()).collect());
    let expected = [
        ("a", Plain::Nothing),
        ("a.b", Plain::Word("1".to_owned())),
        ("a.c", list(&["x", "y"])),
        ("d", list(&["0.5", "z"])),
    ];
    assert_eq!(shown, expected.map(|(key, value)| (key.to_owned(), value)));
    assert!(found.repeated.is_empty() && read("a: 1\na: 2\n").is_some_and(|found| found.repeated == [["a"]]));
    for other in [
        "a: 'x'",
        "a: &b 1",
        "a: {b: 1}",
        "a",
        "a: 1\n  b: 2",
        "a:\n  b: 1\n c: 2",
        "a: 017",
        "a:1",
        "- x",
        "a: |",
    ] {
        assert!(read(other).is_none(), "{other}");
    }
}
