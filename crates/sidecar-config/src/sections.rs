//! Which part of a file is ours: the rest is left alone, but a near miss of our names is noticed.

use crate::error::{ConfigError, MAX_ERRORS, Warning};
use crate::node::{Entry, Node};
use crate::origin::Origin;
use crate::suggest::slip;

/// Most warnings about one file; those beyond are left out.
const MAX_WARNINGS: usize = 100;

/// What a load has found so far.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) errors: Vec<ConfigError>,
    pub(crate) warnings: Vec<Warning>,
}

/// The part of `root` that lies in `sections` (dotted; none means all of it).
pub(crate) fn own(root: Node, sections: &[&'static str], origin: &Origin, findings: &mut Findings) -> Node {
    match root {
        Node::Null => {
            findings.errors.push(ConfigError::source(origin.clone(), "is empty"));
            Node::Map(Vec::new())
        }
        Node::Map(entries) => {
            let paths: Vec<Vec<&'static str>> =
                sections.iter().map(|path| path.split('.').collect()).collect();
            let paths: Vec<&[&'static str]> = paths.iter().map(Vec::as_slice).collect();
            // One error more than are listed, so that it shows that there were more.
            let (errors, warnings) = (MAX_ERRORS + 1, MAX_WARNINGS);
            let mut walk = Walk { origin, findings, path: Vec::new(), errors, warnings };
            Node::Map(if paths.is_empty() { walk.ours(entries) } else { walk.towards(entries, &paths) })
        }
        other => {
            let text = format!("holds {}, but must hold a map of settings", other.describe());
            findings.errors.push(ConfigError::source(origin.clone(), text));
            Node::Map(Vec::new())
        }
    }
}

struct Walk<'a> {
    origin: &'a Origin,
    findings: &'a mut Findings,
    path: Vec<String>,
    /// How many more errors and warnings are noted.
    errors: usize,
    warnings: usize,
}

impl Walk<'_> {
    /// A level above our sections: our names are followed, the others dropped.
    fn towards(&mut self, entries: Vec<Entry>, paths: &[&[&'static str]]) -> Vec<Entry> {
        let names: Vec<&'static str> = paths.iter().filter_map(|path| path.first().copied()).collect();
        let (ours, others): (Vec<_>, Vec<_>) =
            entries.into_iter().partition(|entry| names.contains(&entry.key.as_str()));
        for entry in others {
            if let Some(name) = slip(&entry.key, &names) {
                self.warn(&entry, name);
            }
        }
        let ours = self.without_repeats(ours);
        ours.into_iter().filter_map(|entry| self.follow(entry, paths)).collect()
    }

    fn follow(&mut self, entry: Entry, paths: &[&[&'static str]]) -> Option<Entry> {
        let below: Vec<&[&'static str]> = paths
            .iter()
            .filter(|path| path.first() == Some(&entry.key.as_str()))
            .filter_map(|path| path.get(1..))
            .collect();
        self.path.push(entry.key.clone());
        let node = match entry.node {
            Node::Map(entries) if below.iter().any(|rest| rest.is_empty()) => {
                Some(Node::Map(self.ours(entries)))
            }
            Node::Map(entries) => Some(Node::Map(self.towards(entries, &below))),
            Node::Null => None,
            other => {
                let (origin, key) = (self.origin.at(entry.line), self.path.join("."));
                self.refuse(ConfigError::value(origin, key, other.describe(), "a map".to_owned()));
                None
            }
        };
        self.path.pop();
        Some(Entry { node: node?, ..entry })
    }

    /// Everything from here down is ours.
    fn ours(&mut self, entries: Vec<Entry>) -> Vec<Entry> {
        let entries = self.without_repeats(entries);
        entries.into_iter().map(|entry| self.ours_below(entry)).collect()
    }

    fn ours_below(&mut self, entry: Entry) -> Entry {
        self.path.push(entry.key.clone());
        let node = match entry.node {
            Node::Map(entries) => Node::Map(self.ours(entries)),
            Node::List(items) => Node::List(items.into_iter().map(|item| self.ours_below(item)).collect()),
            leaf => leaf,
        };
        self.path.pop();
        Entry { node, ..entry }
    }

    /// Keeps each key's first entry and reports the others.
    fn without_repeats(&mut self, entries: Vec<Entry>) -> Vec<Entry> {
        let mut first_lines = std::collections::HashMap::new();
        let mut kept = Vec::with_capacity(entries.len());
        for entry in entries {
            if let Some(&first) = first_lines.get(&entry.key) {
                let (origin, key) = (self.origin.at(entry.line), self.key(&entry.key));
                self.refuse(ConfigError::duplicate(origin, key, first));
            } else {
                first_lines.insert(entry.key.clone(), entry.line);
                kept.push(entry);
            }
        }
        kept
    }

    fn refuse(&mut self, error: ConfigError) {
        if self.errors > 0 {
            self.errors -= 1;
            self.findings.errors.push(error);
        }
    }

    fn warn(&mut self, entry: &Entry, name: &str) {
        if self.warnings > 0 {
            self.warnings -= 1;
            let (key, suggestion) = (self.key(&entry.key), self.key(name));
            self.findings.warnings.push(Warning { origin: self.origin.at(entry.line), key, suggestion });
        }
    }

    fn key(&self, last: &str) -> String {
        self.path.iter().map(String::as_str).chain([last]).collect::<Vec<_>>().join(".")
    }
}
