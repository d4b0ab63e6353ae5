//! The documents' files with mistakes in them, made at random but the same each time: whatever comes of a file, no value
//! in our sections is lost without a word. A key without one counts as not given.

use super::plain::{self, Plain, Plainly};
use super::{NO_VARIABLES, document};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::Value;
use sidecar_config::{ErrorKind, Rule, Validate};
use sidecar_runtime::config::{Loaded, SidecarConfig};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::Path;

/// A file with which one of the documents' begins.
fn documents() -> [String; 2] {
    let read = |name: &str| std::fs::read_to_string(document(name)).expect("it is there");
    let mut hardening = "observability:\n".to_owned();
    for block in ["circuit-breaker", "health", "performance"] {
        let text = read(&format!("hardening-{block}.yml"));
        let (_, inside) = text.split_once("observability:\n").expect("the section");
        hardening.push_str(inside);
    }
    [read("quick-start.yml"), hardening]
}

#[derive(Clone, Debug)]
enum Mutation {
    Delete(usize),
    Repeat(usize),
    Swap(usize, usize),
    Indent(usize, usize),
    /// Puts another value behind a key.
    Give(usize, &'static str),
    /// Puts another letter into a key.
    Misspell(usize, usize, u8),
    Truncate(usize),
    Insert(usize, u8),
}

const VALUES: [&str; 21] = [
    "true",
    "false",
    "enabled",
    "no",
    "~",
    "",
    "0",
    "-1",
    "3",
    "70",
    "0.25",
    "1e3",
    "1000000000000",
    ".nan",
    ".inf",
    "word",
    "\"3\"",
    "[]",
    "[0.5, word]",
    "{}",
    "{ a: 1 }",
];

fn mutation() -> impl Strategy<Value = Mutation> {
    let place = || 0..10_000_usize;
    prop_oneof![
        2 => place().prop_map(Mutation::Delete),
        2 => place().prop_map(Mutation::Repeat),
        2 => (place(), place()).prop_map(|(a, b)| Mutation::Swap(a, b)),
        2 => (place(), 0..9_usize).prop_map(|(at, to)| Mutation::Indent(at, to)),
        4 => (place(), proptest::sample::select(&VALUES[..])).prop_map(|(at, value)| Mutation::Give(at, value)),
        2 => (place(), place(), b'a'..=b'z').prop_map(|(at, letter, to)| Mutation::Misspell(at, letter, to)),
        1 => place().prop_map(Mutation::Truncate),
        2 => (place(), any::<u8>()).prop_map(|(at, byte)| Mutation::Insert(at, byte)),
        2 => (place(), b' '..=b'~').prop_map(|(at, byte)| Mutation::Insert(at, byte)),
    ]
}

impl Mutation {
    fn apply(&self, bytes: Vec<u8>) -> Vec<u8> {
        let Ok(text) = std::str::from_utf8(&bytes) else { return bytes };
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let count = lines.len().max(1);
        if lines.is_empty() {
            return bytes;
        }
        match *self {
            Self::Delete(at) => drop(lines.remove(at % count)),
            Self::Repeat(at) => lines.insert(at % count, lines[at % count].clone()),
            Self::Swap(a, b) => lines.swap(a % count, b % count),
            Self::Indent(at, to) => {
                let line = &mut lines[at % count];
                *line = format!("{}{}", " ".repeat(to), line.trim_start());
            }
            Self::Give(at, value) => {
                let line = &mut lines[at % count];
                if let Some((key, _)) = line.split_once(':') {
                    *line = format!("{key}: {value}");
                }
            }
            Self::Misspell(at, letter, to) => {
                let line = &mut lines[at % count];
                let begin = line.len() - line.trim_start().len();
                let length = line.find(':').unwrap_or(begin).saturating_sub(begin);
                if length > 0 && line.is_ascii() {
                    let place = begin + letter % length;
                    line.replace_range(place..=place, char::from(to).encode_utf8(&mut [0; 4]));
                }
            }
            Self::Truncate(at) => return bytes[..at % bytes.len()].to_vec(),
            Self::Insert(at, byte) => {
                let mut bytes = bytes;
                bytes.insert(at % bytes.len(), byte);
                return bytes;
            }
        }
        (lines.join("\n") + "\n").into_bytes()
    }
}

/// What stands at each key, lists and maps without keys as one value.
fn leaves(value: &Value) -> BTreeMap<Vec<String>, Value> {
    fn walk(value: &Value, path: &mut Vec<String>, found: &mut BTreeMap<Vec<String>, Value>) {
        match value {
            Value::Object(map) if !map.is_empty() => map.iter().for_each(|(key, value)| {
                path.push(key.clone());
                walk(value, path, found);
                path.pop();
            }),
            other => drop(found.insert(path.clone(), other.clone())),
        }
    }
    let mut found = BTreeMap::new();
    walk(value, &mut Vec::new(), &mut found);
    found
}

fn settings(config: &SidecarConfig) -> BTreeMap<Vec<String>, Value> {
    leaves(&serde_json::to_value(config).expect("JSON"))
}

/// Whether a key is one of our sections, or inside one.
fn is_ours(path: &[String]) -> bool {
    SidecarConfig::SECTIONS
        .iter()
        .any(|section| path.join(".").split('.').take(section.split('.').count()).eq(section.split('.')))
}

/// Whether a key leads to one of our sections.
fn leads_to_ours(path: &[String]) -> bool {
    SidecarConfig::SECTIONS.iter().any(|section| section.starts_with(&format!("{}.", path.join("."))))
}

/// Whether a setting has this key, or a map of settings.
fn is_known(path: &[String]) -> bool {
    let is_part = |rule: &Rule| {
        let mut parts = rule.key().split('.');
        path.iter().all(|key| parts.next().is_some_and(|part| part == "*" || part == key))
    };
    SidecarConfig::RULES.iter().any(is_part)
}

/// Whether the settings have what the text says.
fn says(word: &str, value: &Value) -> bool {
    match value {
        Value::Bool(flag) => {
            let words = if *flag {
                ["true", "yes", "on", "y", "enabled"]
            } else {
                ["false", "no", "off", "n", "disabled"]
            };
            words.contains(&&*word.to_ascii_lowercase())
        }
        Value::Number(number) => word.parse().ok() == number.as_f64(),
        Value::String(text) => text == word,
        _ => false,
    }
}

/// What was loaded has every value of the text, and no other but defaults.
fn compare(text: &str, plainly: &Plainly, loaded: &Loaded) {
    let (found, defaults) = (settings(&loaded.config), settings(&SidecarConfig::default()));
    let mut given = BTreeMap::new();
    for (path, value) in &plainly.values {
        if leads_to_ours(path) {
            assert_eq!(value, &Plain::Nothing, "{path:?} was taken for a section:\n{text}");
        }
        if !is_ours(path) {
            continue;
        }
        let is_short = SidecarConfig::SHORTHANDS.iter().find(|(map, _)| *map == path.join("."));
        match (value, is_short) {
            // A map, or a setting that is not given after all.
            (Plain::Nothing, _) => assert!(is_known(path), "{path:?} is no setting:\n{text}"),
            (Plain::Word(_), Some((_, flag))) => {
                let path: Vec<_> = path.iter().cloned().chain([(*flag).to_owned()]).collect();
                given.insert(path, value);
            }
            _ => drop(given.insert(path.clone(), value)),
        }
    }
    let twice = plainly.repeated.iter().find(|path| is_ours(path) || leads_to_ours(path));
    assert_eq!(twice, None, "stands twice:\n{text}");
    for (path, value) in &given {
        let stands = found.get(path).unwrap_or_else(|| panic!("{path:?} is no setting:\n{text}"));
        let holds = match (value, stands) {
            (Plain::Word(word), stands) => says(word, stands),
            (Plain::List(words), Value::Array(items)) => {
                words.len() == items.len() && words.iter().zip(items).all(|(word, item)| says(word, item))
            }
            _ => false,
        };
        assert!(holds, "{path:?} is {value:?}, but became {stands}:\n{text}");
    }
    for (path, stands) in found.iter().filter(|(path, _)| !given.contains_key(*path)) {
        assert_eq!(Some(stands), defaults.get(path), "nobody gave {path:?}:\n{text}");
    }
}

/// Whether the text was plain, and so compared.
fn check(path: &Path, bytes: &[u8]) -> bool {
    std::fs::write(path, bytes).expect("it can be written");
    let text = String::from_utf8_lossy(bytes);
    match SidecarConfig::load_with(&[path.to_owned()], NO_VARIABLES) {
        Ok(loaded) => {
            assert!(loaded.config.validate().is_ok(), "{text}");
            let plainly = std::str::from_utf8(bytes).ok().and_then(plain::read);
            plainly.is_some_and(|plainly| {
                compare(&text, &plainly, &loaded);
                true
            })
        }
        Err(errors) => {
            for error in errors.iter() {
                let place = format!("{}:", path.display());
                assert!(error.to_string().starts_with(&place), "{error}\n{text}");
                let has_line =
                    error.to_string()[place.len()..].starts_with(|first: char| first.is_ascii_digit());
                assert!(has_line || error.kind() == ErrorKind::Source, "{error}\n{text}");
            }
            false
        }
    }
}

#[test]
fn no_value_is_lost_without_a_word() {
    let config = Config { cases: 1_500, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let directory = tempfile::tempdir().expect("a directory");
    let (path, documents) = (directory.path().join("s.yml"), documents());
    let compared = Cell::new(0);
    let cases = (0..2_usize, proptest::collection::vec(mutation(), 1..4));
    let result = runner.run(&cases, |(which, mutations)| {
        let bytes =
            mutations.iter().fold(documents[which].clone().into_bytes(), |bytes, one| one.apply(bytes));
        compared.set(compared.get() + u32::from(check(&path, &bytes)));
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    // Or the test would say little.
    assert!(compared.get() > 150, "{}", compared.get());
}

#[test]
fn no_single_mistake_is_lost_without_a_word() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("s.yml");
    for text in documents() {
        assert!(check(&path, text.as_bytes()), "as it is");
        let lines = text.lines().count();
        for at in 0..lines {
            let indents = (0..9).map(|to| Mutation::Indent(at, to));
            let values = VALUES.iter().map(|value| Mutation::Give(at, value));
            let swaps = (at + 1..lines).map(|other| Mutation::Swap(at, other));
            let letters = (0..12).map(|letter| Mutation::Misspell(at, letter, b'q'));
            let all = indents.chain(values).chain(swaps).chain(letters);
            for one in all.chain([Mutation::Delete(at), Mutation::Repeat(at)]) {
                let _ = check(&path, &one.apply(text.clone().into_bytes()));
            }
        }
        for at in 0..text.len() {
            let _ = check(&path, &text.as_bytes()[..at]);
        }
    }
}
