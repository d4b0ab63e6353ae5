//! A strict reader of both text formats, written from their specifications and sharing no code with the crate.

use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Format {
    Classic,
    OpenMetrics,
}

pub(crate) type Labels = BTreeMap<String, String>;

#[derive(Debug)]
pub(crate) struct ParsedFamily {
    pub(crate) name: String,
    pub(crate) help: String,
    pub(crate) kind: String,
    pub(crate) unit: Option<String>,
    /// Sample name, labels, value, in the order of the text.
    pub(crate) samples: Vec<(String, Labels, f64)>,
    pub(crate) exemplars: Vec<ParsedExemplar>,
}

/// An exemplar, and the sample that it stands behind.
#[derive(Debug, PartialEq)]
pub(crate) struct ParsedExemplar {
    pub(crate) sample: (String, Labels),
    pub(crate) labels: Labels,
    pub(crate) value: f64,
    pub(crate) time: Option<f64>,
}

/// The families, or what is wrong with the text.
pub(crate) fn parse(text: &str, format: Format) -> Result<Vec<ParsedFamily>, String> {
    let body = match format {
        Format::Classic => text,
        Format::OpenMetrics => text.strip_suffix("# EOF\n").ok_or("no # EOF at the end")?,
    };
    if !(body.is_empty() || body.ends_with('\n')) {
        return Err("the last line does not end".to_owned());
    }
    let mut families: Vec<ParsedFamily> = Vec::new();
    for line in body.split_terminator('\n') {
        if let Some(header) = line.strip_prefix("# ") {
            read_header(&mut families, header, format)?;
            continue;
        }
        let (name, labels, value, exemplar) = read_sample(line, format)?;
        let family = families.last_mut().ok_or("a sample before any family")?;
        if !sample_names(family, format).contains(&name) {
            return Err(format!("sample {name:?} does not belong to family {:?}", family.name));
        }
        if let Some((own, value, time)) = exemplar {
            check_exemplar(family, &name, &labels, &own, value)?;
            let sample = (name.clone(), labels.clone());
            family.exemplars.push(ParsedExemplar { sample, labels: own, value, time });
        }
        family.samples.push((name, labels, value));
    }
    check(&families, format)?;
    Ok(families)
}

fn read_header(families: &mut Vec<ParsedFamily>, header: &str, format: Format) -> Result<(), String> {
    let mut parts = header.splitn(3, ' ');
    let (Some(word), Some(name), Some(text)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(format!("not a header: {header:?}"));
    };
    match (word, families.last_mut()) {
        ("HELP", _) => {
            let help = unescape(text, format == Format::OpenMetrics)?;
            let name = name.to_owned();
            families.push(ParsedFamily {
                name,
                help,
                kind: String::new(),
                unit: None,
                samples: vec![],
                exemplars: vec![],
            });
        }
        ("TYPE", Some(family)) if family.name == name && family.kind.is_empty() => {
            family.kind = text.to_owned();
        }
        ("UNIT", Some(family)) if family.name == name && family.unit.is_none() => {
            if format == Format::Classic || !name.ends_with(&format!("_{text}")) {
                return Err(format!("unit {text:?} for {name:?}"));
            }
            family.unit = Some(text.to_owned());
        }
        _ => return Err(format!("misplaced header {header:?}")),
    }
    Ok(())
}

fn sample_names(family: &ParsedFamily, format: Format) -> Vec<String> {
    let suffixes: &[&str] = match (family.kind.as_str(), format) {
        ("histogram", Format::Classic) => &["_bucket", "_sum", "_count"],
        ("histogram", Format::OpenMetrics) => &["_bucket", "_sum", "_count", "_created"],
        ("counter", Format::OpenMetrics) => &["_total", "_created"],
        _ => &[""],
    };
    suffixes.iter().map(|suffix| format!("{}{suffix}", family.name)).collect()
}

/// Labels, value and time.
type Exemplar = (Labels, f64, Option<f64>);

fn read_sample(line: &str, format: Format) -> Result<(String, Labels, f64, Option<Exemplar>), String> {
    let end = line.find(['{', ' ']).ok_or_else(|| format!("no value: {line:?}"))?;
    let (name, rest) = line.split_at(end);
    let (mut labels, rest) = read_labels(rest)?;
    // To Prometheus a label with an empty value is none.
    labels.retain(|_, value| !value.is_empty());
    let rest = rest.strip_prefix(' ').ok_or_else(|| format!("no space before the value: {line:?}"))?;
    let (value, exemplar) = match rest.split_once(" # ") {
        Some((value, exemplar)) if format == Format::OpenMetrics => (value, Some(read_exemplar(exemplar)?)),
        _ => (rest, None),
    };
    Ok((name.to_owned(), labels, number(value)?, exemplar))
}

fn read_exemplar(text: &str) -> Result<Exemplar, String> {
    if !text.starts_with('{') {
        return Err(format!("no labels: {text:?}"));
    }
    let (labels, rest) = read_labels(text)?;
    let numbers: Vec<&str> = rest.split(' ').collect();
    match numbers[..] {
        ["", value] => Ok((labels, number(value)?, None)),
        ["", value, time] => Ok((labels, number(value)?, Some(number(time)?))),
        _ => Err(format!("not an exemplar: {text:?}")),
    }
}

/// What OpenMetrics says of an exemplar at this sample.
fn check_exemplar(
    family: &ParsedFamily,
    name: &str,
    labels: &Labels,
    own: &Labels,
    value: f64,
) -> Result<(), String> {
    let chars: usize = own.iter().map(|(key, value)| key.chars().count() + value.chars().count()).sum();
    let bucket = family.kind == "histogram" && name.ends_with("_bucket");
    let counter = family.kind == "counter" && name.ends_with("_total");
    let within = !bucket || labels.get("le").is_some_and(|le| number(le).is_ok_and(|le| value <= le));
    if chars > 128 || !(bucket || counter) || !within {
        return Err(format!("exemplar {own:?} {value} at {name} {labels:?}"));
    }
    Ok(())
}

/// The labels in braces at the beginning of a text, if there are any, and what follows them.
fn read_labels(text: &str) -> Result<(Labels, &str), String> {
    let (mut labels, mut rest) = (Labels::new(), text);
    if let Some(rest) = rest.strip_prefix("{}") {
        return Ok((labels, rest));
    }
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        loop {
            let (key, after) = rest.split_once("=\"").ok_or_else(|| format!("no label: {rest:?}"))?;
            let close = closing_quote(after).ok_or_else(|| format!("no closing quote: {after:?}"))?;
            let value = unescape(&after[..close], true)?;
            if !is_key(key) || labels.insert(key.to_owned(), value).is_some() {
                return Err(format!("bad or repeated label {key:?}"));
            }
            rest = &after[close + 1..];
            match rest.strip_prefix(',') {
                Some(more) => rest = more,
                None => break,
            }
        }
        rest = rest.strip_prefix('}').ok_or_else(|| format!("no closing brace: {rest:?}"))?;
    }
    Ok((labels, rest))
}

pub(crate) fn number(text: &str) -> Result<f64, String> {
    match text {
        "NaN" => Ok(f64::NAN),
        "+Inf" => Ok(f64::INFINITY),
        "-Inf" => Ok(f64::NEG_INFINITY),
        _ if text.contains(|c: char| !c.is_ascii_digit() && !"+-.e".contains(c)) => {
            Err(format!("not a number: {text:?}"))
        }
        _ => text.parse().map_err(|_| format!("not a number: {text:?}")),
    }
}

fn is_key(key: &str) -> bool {
    let mut chars = key.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, c)| {
        let end = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        end.then_some(at)
    })
}

fn unescape(text: &str, quotes: bool) -> Result<String, String> {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        out.push(match (c, quotes) {
            ('\\', _) => match (chars.next(), quotes) {
                (Some('\\'), _) => '\\',
                (Some('n'), _) => '\n',
                (Some('"'), true) => '"',
                (other, _) => return Err(format!("escape of {other:?} in {text:?}")),
            },
            ('"', true) => return Err(format!("bare quote in {text:?}")),
            (c, _) => c,
        });
    }
    Ok(out)
}

/// What holds between lines.
fn check(families: &[ParsedFamily], format: Format) -> Result<(), String> {
    let mut family_names = BTreeSet::new();
    let mut series = BTreeSet::new();
    for family in families {
        let known = ["counter", "gauge", "histogram", "unknown"].contains(&family.kind.as_str());
        if !known || !family_names.insert(&family.name) {
            return Err(format!("family {:?} twice or of kind {:?}", family.name, family.kind));
        }
        for (name, labels, value) in &family.samples {
            if !series.insert((name, labels)) {
                return Err(format!("series {name} {labels:?} twice"));
            }
            let counts = ["_bucket", "_sum", "_count", "_total"].iter().any(|end| name.ends_with(end));
            let strict = format == Format::OpenMetrics && ["counter", "histogram"].contains(&&*family.kind);
            if strict && counts && (value.is_nan() || *value < 0.0) {
                return Err(format!("{name} is {value}"));
            }
        }
        if family.kind == "histogram" {
            histograms(family)?;
        }
    }
    // A name that is a sample's of one family must not be another family.
    for family in families {
        let mut reserved = match (family.kind.as_str(), format) {
            ("histogram", _) => vec!["_bucket", "_sum", "_count", "_created"],
            ("counter", Format::OpenMetrics) => vec!["_total", "_created"],
            _ => vec![],
        };
        reserved.retain(|suffix| family_names.contains(&format!("{}{suffix}", family.name)));
        if !reserved.is_empty() {
            return Err(format!("{:?} with {reserved:?} is another family", family.name));
        }
    }
    Ok(())
}

/// One histogram series as read back.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct ParsedHistogram {
    /// Bound and cumulative count, in the order of the text.
    pub(crate) buckets: Vec<(f64, f64)>,
    pub(crate) sum: Option<f64>,
    pub(crate) count: Option<f64>,
}

/// The series of a histogram family, by their labels without `le`, checked.
pub(crate) fn histograms(family: &ParsedFamily) -> Result<BTreeMap<Labels, ParsedHistogram>, String> {
    let mut all: BTreeMap<Labels, ParsedHistogram> = BTreeMap::new();
    for (name, labels, value) in &family.samples {
        let mut own = labels.clone();
        let le = own.remove("le");
        let histogram = all.entry(own).or_default();
        match (name.strip_prefix(&*family.name), le) {
            (Some("_bucket"), Some(le)) => histogram.buckets.push((number(&le)?, *value)),
            (Some("_sum"), None) => histogram.sum = Some(*value),
            (Some("_count"), None) => histogram.count = Some(*value),
            (Some("_created"), None) => {}
            _ => return Err(format!("{name} {labels:?} in a histogram")),
        }
    }
    for (labels, histogram) in &all {
        let ascending = histogram.buckets.windows(2).all(|w| w[0].0 < w[1].0 && w[0].1 <= w[1].1);
        let last = histogram.buckets.last().copied().unwrap_or_default();
        let total = histogram.count.is_none_or(|count| count == last.1);
        if !ascending || last.0 != f64::INFINITY || !total {
            return Err(format!("{:?} {labels:?}: {histogram:?}", family.name));
        }
    }
    Ok(all)
}
