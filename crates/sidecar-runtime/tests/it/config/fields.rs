//! The fields of the configuration's types with their texts, from the sources, which no type can tell at run time.

use std::collections::BTreeMap;

const SOURCES: [&str; 9] = [
    include_str!("../../../src/config/mod.rs"),
    include_str!("../../../src/config/alerts.rs"),
    include_str!("../../../src/config/breakers.rs"),
    include_str!("../../../src/config/handlers.rs"),
    include_str!("../../../src/config/metrics.rs"),
    include_str!("../../../src/config/objectives.rs"),
    include_str!("../../../src/config/observability.rs"),
    include_str!("../../../src/config/resources.rs"),
    include_str!("../../../src/config/sampling.rs"),
];

/// A field, by its dotted key.
pub(super) struct Field {
    /// Without what it says about its default, and without links.
    pub(super) doc: String,
    /// It holds a value, and no other fields.
    pub(super) is_leaf: bool,
    /// It holds items by their places, and not entries by their names.
    pub(super) is_list: bool,
}

/// Name, type and text of the fields of each struct.
type Structs = BTreeMap<String, Vec<(String, String, String)>>;

pub(super) fn fields() -> BTreeMap<String, Field> {
    let mut found = BTreeMap::new();
    walk(&structs(), "SidecarConfig", "", &mut found);
    found
}

fn structs() -> Structs {
    let mut structs = Structs::new();
    for source in SOURCES {
        let (mut inside, mut doc, mut renamed) = (None, String::new(), None);
        for line in source.lines() {
            let line = line.trim();
            if let Some(name) = line.strip_prefix("pub struct ").and_then(|rest| rest.strip_suffix(" {")) {
                inside = Some(name.to_owned());
            } else if line == "}" {
                inside = None;
            } else if let Some(text) = line.strip_prefix("/// ") {
                doc = format!("{doc} {text}").trim().to_owned();
                continue;
            } else if let Some(rest) = line.strip_prefix("#[serde(rename = \"") {
                renamed = rest.split('"').next().map(str::to_owned);
                continue;
            } else if line.starts_with("#[") {
                continue;
            } else if let (Some(name), Some((field, kind))) =
                (&inside, line.strip_prefix("pub ").and_then(|field| field.split_once(": ")))
            {
                let field = renamed.take().unwrap_or_else(|| field.to_owned());
                let kind = kind.trim_end_matches(',').to_owned();
                structs.entry(name.clone()).or_default().push((field, kind, plain(&doc)));
            }
            doc.clear();
        }
    }
    structs
}

fn walk(structs: &Structs, name: &str, path: &str, found: &mut BTreeMap<String, Field>) {
    for (field, kind, doc) in &structs[name] {
        let key = if path.is_empty() { field.clone() } else { format!("{path}.{field}") };
        let mut add = |key: String, is_leaf: bool| {
            let is_list = kind.starts_with("Vec<") && !is_leaf;
            found.insert(key, Field { doc: doc.clone(), is_leaf, is_list });
        };
        let items = kind.strip_prefix("BTreeMap<String, ").or_else(|| kind.strip_prefix("Vec<"));
        match items.map(|items| items.trim_end_matches('>')) {
            Some(item) if structs.contains_key(item) => {
                add(key.clone(), false);
                walk(structs, item, &format!("{key}.*"), found);
            }
            Some(_) => {
                add(key.clone(), false);
                add(format!("{key}.*"), true);
            }
            None if structs.contains_key(kind) => {
                add(key.clone(), false);
                walk(structs, kind, &key, found);
            }
            None => {
                add(key, true);
            }
        }
    }
}

/// The text without its sentence about the default, which has a column of its own, and without links.
fn plain(doc: &str) -> String {
    let mut text = doc.split(" Defaults to ").next().unwrap_or_default().to_owned();
    while let Some(begin) = text.find("[`") {
        let end = begin + text[begin..].find("`]").expect("a link ends");
        let mut rest = text[end + 2..].to_owned();
        if rest.starts_with('(') {
            rest = rest[rest.find(')').expect("a link's target ends") + 1..].to_owned();
        }
        text = format!("{}`{}`{rest}", &text[..begin], &text[begin + 2..end]);
    }
    text
}
