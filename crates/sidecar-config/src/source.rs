//! Reading a file's text, within limits.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use crate::error::ConfigError;
use crate::layer::Layer;
use crate::origin::Origin;
use crate::parse::Format;
use crate::sections::{Findings, own};

/// Largest file that is read: 1 MiB, some hundred times a large configuration.
pub const MAX_FILE_BYTES: usize = 1024 * 1024;

/// Reads, parses and cuts `path` to `sections`; what is wrong goes to `findings`.
pub(crate) fn read(path: &Path, sections: &[&'static str], findings: &mut Findings) -> Option<Layer> {
    let origin = Origin::File { path: path.to_owned(), line: None };
    let text = match text(path) {
        Ok(text) => text,
        Err(Unusable { line, why }) => {
            findings.errors.push(ConfigError::source(origin.at(line), why));
            return None;
        }
    };
    let Some(format) = Format::of(path) else {
        let message = "is of no known format: its name must end in .yml, .yaml, .toml or .json";
        findings.errors.push(ConfigError::source(origin, message));
        return None;
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    if text.trim().is_empty() {
        findings.errors.push(ConfigError::source(origin, "is empty"));
        return None;
    }
    match format.parse(text) {
        Ok(root) => {
            let root = own(root, sections, &origin, findings);
            // A JSON text that is cut off anywhere is no JSON text.
            let cut_off = format != Format::Json && !text.ends_with('\n');
            Some(Layer { origin, root, cut_off })
        }
        Err(errors) => {
            let errors =
                errors.into_iter().map(|error| ConfigError::syntax(origin.at(error.line), error.message));
            findings.errors.extend(errors);
            None
        }
    }
}

struct Unusable {
    line: Option<usize>,
    why: String,
}

fn unusable(why: impl Into<String>) -> Unusable {
    Unusable { line: None, why: why.into() }
}

fn text(path: &Path) -> Result<String, Unusable> {
    let unreadable = |error: std::io::Error| unusable(format!("cannot be read: {error}"));
    let kind = fs::metadata(path).map_err(unreadable)?.file_type();
    if kind.is_dir() {
        return Err(unusable("is a directory"));
    }
    if !kind.is_file() {
        // Opening a pipe waits for its writer, for ever if there is none.
        return Err(unusable("is not a regular file"));
    }
    let mut bytes = Vec::new();
    let limit = MAX_FILE_BYTES as u64 + 1;
    File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes)).map_err(unreadable)?;
    if bytes.len() > MAX_FILE_BYTES {
        return Err(unusable(format!("is larger than {MAX_FILE_BYTES} bytes")));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = valid.iter().filter(|&&byte| byte == b'\n').count() + 1;
        Unusable { line: Some(line), why: "is not UTF-8".to_owned() }
    })
}
