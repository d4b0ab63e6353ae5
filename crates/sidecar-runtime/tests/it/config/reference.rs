//! The table of every key in `docs/configuration.md`, and the JSON Schema `docs/sidecar.schema.json`: both are what the
//! types say. With the variable `SIDECAR_WRITE_DOCS` set, this writes them; otherwise it compares.

use super::fields::{Field, fields};
use serde_json::{Map, Value, json};
use sidecar_config::{Rule, Validate};
use sidecar_runtime::config::{
    AlertConfig, MAX_BREAKERS, MAX_CRITICAL_COMPONENTS, MAX_EVENT_TYPE_RATES, MAX_PERCENTILES,
    MAX_REDACT_FIELDS, ObjectiveConfig, SidecarConfig, VARIABLES,
};
use sidecar_runtime::metrics::MAX_ALERT_RULES;
use sidecar_runtime::perf::MAX_OBJECTIVES;
use sidecar_runtime::sampler::Sampler;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const BEGIN: &str = "<!-- keys -->\n";
const END: &str = "<!-- end of keys -->\n";

/// Most entries of what has a number of them.
const MOST: [(&str, usize); 7] = [
    ("runtime.sidecar.sampling.event_types", MAX_EVENT_TYPE_RATES),
    ("runtime.sidecar.breakers", MAX_BREAKERS),
    ("runtime.sidecar.alerts", MAX_ALERT_RULES),
    ("runtime.sidecar.redact_fields", MAX_REDACT_FIELDS),
    ("runtime.sidecar.objectives", MAX_OBJECTIVES),
    ("observability.health.critical_components", MAX_CRITICAL_COMPONENTS),
    ("observability.performance.percentiles", MAX_PERCENTILES),
];

/// A rule as its words say it: `a number of seconds from 1 to 60`.
struct Allowed {
    kind: &'static str,
    range: Option<(String, String)>,
}

impl Allowed {
    fn of(rule: &Rule) -> Self {
        let words = rule.allowed();
        let (kind, range) = words.split_once(" from ").unwrap_or((&words, ""));
        let kind = match kind {
            "true or false" => "flag",
            "a text" => "text",
            "a number" => "number",
            "a whole number" => "whole number",
            "a number of seconds" => "seconds",
            other => panic!("a rule without a kind: {other}"),
        };
        let range = range.split_once(" to ").map(|(min, max)| (min.to_owned(), max.to_owned()));
        // Any number is no range.
        let range = range.filter(|(_, max)| max.parse::<f64>().ok() != Some(f64::MAX));
        Self { kind, range }
    }

    fn schema(&self) -> Value {
        let kind = match self.kind {
            "flag" => "boolean",
            "text" => "string",
            "whole number" => "integer",
            _ => "number",
        };
        let number =
            |text: &str| text.parse::<u64>().map_or_else(|_| json!(text.parse::<f64>().ok()), Value::from);
        match &self.range {
            Some((min, max)) => json!({"type": kind, "minimum": number(min), "maximum": number(max)}),
            None => json!({ "type": kind }),
        }
    }
}

/// What stands at a key, unless it is given.
fn default_of(key: &str) -> Option<Value> {
    if let Some(field) = key.strip_prefix("runtime.sidecar.alerts.*.") {
        return serde_json::to_value(AlertConfig::default()).expect("JSON").get(field).cloned();
    }
    if let Some(field) = key.strip_prefix("runtime.sidecar.objectives.*.") {
        return serde_json::to_value(ObjectiveConfig::default()).expect("JSON").get(field).cloned();
    }
    let defaults = serde_json::to_value(SidecarConfig::default()).expect("JSON");
    let found = defaults.pointer(&format!("/{}", key.replace('.', "/"))).cloned();
    let Some(signal) = key.strip_prefix("runtime.sidecar.sampling.") else { return found };
    let sampler = Sampler::builder().build().expect("the defaults are in range");
    let rates = sampler.stats().signals;
    let rate = rates.iter().find(|row| row.signal.name() == signal).map(|row| json!(row.rate));
    rate.or(found)
}

fn rules() -> BTreeMap<&'static str, &'static Rule> {
    SidecarConfig::RULES.iter().map(|rule| (rule.key(), rule)).collect()
}

/// The key in tables: a list has one row, not one for its items.
fn shown(key: &str, fields: &BTreeMap<String, Field>) -> (String, bool) {
    let list = key.strip_suffix(".*").filter(|list| fields.get(*list).is_some_and(|field| field.is_list));
    let named = |key: &str| {
        key.replace("alerts.*", "alerts.N").replace("objectives.*", "objectives.N").replace('*', "NAME")
    };
    list.map_or_else(|| (named(key), false), |list| (named(list), true))
}

fn table() -> String {
    let mut text = String::from("| key | type | allowed | default | live | variable | what it says |\n");
    text.push_str("| --- | --- | --- | --- | --- | --- | --- |\n");
    let fields: BTreeMap<String, Field> = fields();
    for rule in SidecarConfig::RULES {
        let key = rule.key();
        let Allowed { kind, range } = Allowed::of(rule);
        let (name, is_list) = shown(key, &fields);
        let kind = if is_list { format!("list: {kind}") } else { kind.to_owned() };
        let mut allowed = range.map_or_else(|| "-".to_owned(), |(min, max)| format!("{min} to {max}"));
        if let Some((_, most)) = MOST.iter().find(|(map, _)| key.strip_suffix(".*") == Some(map)) {
            allowed = format!(
                "{}{most} at most",
                if allowed == "-" { String::new() } else { format!("{allowed}; ") }
            );
        }
        let default = match default_of(if is_list { key.trim_end_matches(".*") } else { key }) {
            Some(Value::Null) | None => match key.strip_prefix("runtime.sidecar.breakers.*.") {
                Some("critical") => "`false`".to_owned(),
                Some("probe_timeout") => "its `timeout`".to_owned(),
                Some(field) => format!("`observability.circuit_breaker.{field}`"),
                None => "-".to_owned(),
            },
            Some(found) => format!("`{found}`"),
        };
        let is_among =
            |keys: &[&str]| keys.iter().any(|one| key == *one || key.starts_with(&format!("{one}.")));
        let variable = VARIABLES.iter().find(|(_, set)| *set == key);
        let variable = variable.map_or_else(|| "-".to_owned(), |(variable, _)| format!("`{variable}`"));
        let live = ["yes", "no"][usize::from(is_among(SidecarConfig::FIXED))];
        let doc = &fields[key].doc;
        text.push_str(&format!(
            "| `{name}` | {kind} | {allowed} | {default} | {live} | {variable} | {doc} |\n"
        ));
    }
    text
}

/// The part of the schema that describes the sections below `path`.
fn schema_of(path: &[&str], fields: &BTreeMap<String, Field>) -> Value {
    let key = path.join(".");
    let described = |mut schema: Value| {
        if let Some(field) = fields.get(&key).filter(|field| !field.doc.is_empty()) {
            schema["description"] = json!(field.doc);
        }
        if let Some(default) = default_of(&key).filter(|found| !found.is_null() && !found.is_object()) {
            schema["default"] = default;
        }
        schema
    };
    if let Some(rule) = rules().get(&*key) {
        return described(Allowed::of(rule).schema());
    }
    let mut children: Vec<&str> = Vec::new();
    for rule in SidecarConfig::RULES {
        let mut parts = rule.key().split('.');
        if path.iter().all(|part| parts.next() == Some(part))
            && let Some(child) = parts.next()
            && !children.contains(&child)
        {
            children.push(child);
        }
    }
    let below = |child: &str| schema_of(&[path, &[child]].concat(), fields);
    let most = MOST.iter().find(|(map, _)| *map == key).map(|(_, most)| *most);
    if children == ["*"] {
        let is_list = fields.get(&key).is_some_and(|field| field.is_list);
        return described(if is_list {
            json!({"type": "array", "items": below("*"), "maxItems": most})
        } else {
            json!({"type": "object", "additionalProperties": below("*"), "maxProperties": most})
        });
    }
    let properties: Map<String, Value> =
        children.iter().map(|&child| (child.to_owned(), below(child))).collect();
    // Everything inside our sections is ours; beside them anything may stand.
    let is_ours = SidecarConfig::SECTIONS
        .iter()
        .any(|section| key == *section || key.starts_with(&format!("{section}.")));
    let object = json!({"type": "object", "properties": properties, "additionalProperties": !is_ours});
    let is_short = SidecarConfig::SHORTHANDS.iter().any(|(map, _)| *map == key);
    let words = json!({"enum": ["enabled", "disabled", true, false]});
    described(if is_short { json!({"anyOf": [words, object]}) } else { object })
}

fn schema() -> Value {
    let mut schema = schema_of(&[], &fields());
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!("Settings of a sidecar, among others");
    schema
}

fn docs(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name)
}

fn compare(name: &str, stands: &str, should: &str) {
    if std::env::var_os("SIDECAR_WRITE_DOCS").is_some() {
        std::fs::write(docs(name), should).expect("it can be written");
    } else if stands != should {
        let line = stands.lines().zip(should.lines()).find(|(stands, should)| stands != should);
        panic!("docs/{name} is not what the types say, first in: {line:#?}");
    }
}

fn read(name: &str) -> String {
    std::fs::read_to_string(docs(name)).unwrap_or_else(|error| panic!("docs/{name}: {error}"))
}

#[test]
fn every_field_has_a_rule_and_a_text_and_every_rule_a_field() {
    let found: Vec<_> = fields().into_iter().filter(|(_, field)| field.is_leaf).map(|(key, _)| key).collect();
    assert_eq!(found, rules().into_keys().collect::<Vec<_>>());
    for (key, field) in fields() {
        assert!(field.doc.ends_with('.') && !field.doc.contains('|'), "{key}: {:?}", field.doc);
    }
}

#[test]
fn the_table_of_keys_is_what_the_types_say() {
    let text = read("configuration.md");
    let (before, rest) = text.split_once(BEGIN).expect("the table begins");
    let (_, after) = rest.split_once(END).expect("the table ends");
    compare("configuration.md", &text, &format!("{before}{BEGIN}{}{END}{after}", table()));
}

#[test]
fn the_schema_is_what_the_types_say() {
    let should = format!("{:#}\n", schema());
    let stands = std::fs::read_to_string(docs("sidecar.schema.json")).unwrap_or_default();
    compare("sidecar.schema.json", &stands, &should);
}

/// Whether a schema of the kind above accepts a value.
fn accepts(schema: &Value, value: &Value) -> bool {
    if let Some(any) = schema["anyOf"].as_array() {
        return any.iter().any(|one| accepts(one, value));
    }
    if let Some(words) = schema["enum"].as_array() {
        return words.contains(value);
    }
    let number = |key: &str, or: f64| schema[key].as_f64().unwrap_or(or);
    let in_range = |value: f64| (number("minimum", f64::MIN)..=number("maximum", f64::MAX)).contains(&value);
    let fits = |count: usize, key: &str| schema[key].as_u64().is_none_or(|most| count as u64 <= most);
    match schema["type"].as_str() {
        Some("boolean") => value.is_boolean(),
        Some("string") => value.is_string(),
        Some("integer") => (value.is_u64() || value.is_i64()) && value.as_f64().is_some_and(in_range),
        Some("number") => value.as_f64().is_some_and(in_range),
        Some("array") => value.as_array().is_some_and(|items| {
            fits(items.len(), "maxItems") && items.iter().all(|item| accepts(&schema["items"], item))
        }),
        _ => value.as_object().is_some_and(|map| {
            let fits_other = |value: &Value| match &schema["additionalProperties"] {
                Value::Bool(any) => *any,
                other => accepts(other, value),
            };
            fits(map.len(), "maxProperties")
                && map.iter().all(|(key, value)| match schema["properties"].get(key) {
                    Some(own) => accepts(own, value),
                    None => fits_other(value),
                })
        }),
    }
}

#[test]
fn the_schema_accepts_what_is_read_and_refuses_what_is_not() {
    let schema = schema();
    let sidecar = |inside: Value| json!({"runtime": {"sidecar": inside, "workers": 9}, "other": [1]});
    for good in [
        json!({}),
        sidecar(json!({"enabled": false, "sampling": {"events": 0.5, "adaptive": "enabled"}})),
        sidecar(json!({"sampling": {"adaptive": {"boost_factor": 3}, "event_types": {"login": 1}}})),
        sidecar(
            json!({"breakers": {"any/name": {"timeout": 1.5, "critical": true}}, "redact_fields": ["a"]}),
        ),
        json!({"observability": {"performance": {"percentiles": [0.5]}, "tracing": {"x": 1}}}),
    ] {
        assert!(accepts(&schema, &good), "{good}");
    }
    for bad in [
        sidecar(json!({"enabled": 3})),
        sidecar(json!({"enabeld": true})),
        sidecar(json!({"sampling": {"events": 1.5}})),
        sidecar(json!({"sampling": {"adaptive": "sometimes"}})),
        sidecar(json!({"resources": {"max_queue_size": 0}})),
        sidecar(json!({"breakers": {"a": {"half_open_max_calls": 256}}})),
        json!({"observability": {"health": {"critical_components": "database"}}}),
    ] {
        assert!(!accepts(&schema, &bad), "{bad}");
    }
}
