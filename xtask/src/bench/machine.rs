//! What figures were measured with: machine, compiler, code.

use std::fs;

use xshell::{Shell, cmd};

/// A table of a few rows. What cannot be told here is said not to be.
pub(super) fn table(shell: &Shell) -> String {
    let first = |text: String| text.lines().next().map(str::to_owned);
    let file = |path: &str| fs::read_to_string(path).ok();
    let processor = file("/proc/cpuinfo").and_then(|text| value(&text, "model name"));
    let memory = file("/proc/meminfo").and_then(|text| value(&text, "MemTotal"));
    let system = file("/etc/os-release")
        .and_then(|text| Some(value_of(&text, "PRETTY_NAME=")?.trim_matches('"').to_owned()));
    let kernel = file("/proc/sys/kernel/osrelease").and_then(first);
    let threads = std::thread::available_parallelism().ok();
    let rows = [
        ("processor", processor),
        ("hardware threads", threads.map(|threads| threads.to_string())),
        ("memory", memory),
        ("system", system),
        ("kernel", kernel),
        ("compiler", cmd!(shell, "rustc --version").quiet().read().ok()),
        ("commit", cmd!(shell, "git rev-parse --short HEAD").quiet().read().ok()),
    ];
    let mut table = String::from("| | |\n| --- | --- |\n");
    for (name, value) in rows {
        table += &format!("| {name} | {} |\n", value.as_deref().unwrap_or("not told"));
    }
    table
}

/// The value of the first line `key : value`.
fn value(text: &str, key: &str) -> Option<String> {
    let line = value_of(text, key)?;
    Some(line.trim_start().strip_prefix(':')?.trim().to_owned())
}

fn value_of<'a>(text: &'a str, begin: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(begin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_their_keys() {
        let text = "vendor_id\t: X\nmodel name\t: A Processor @ 2.0 GHz\n";
        assert_eq!(value(text, "model name").as_deref(), Some("A Processor @ 2.0 GHz"));
        assert_eq!(value(text, "cache size"), None);
    }

    #[test]
    fn what_compiled_this_is_told() {
        let table = table(&Shell::new().expect("there is a folder to be in"));
        assert!(table.contains("| compiler | rustc "), "{table}");
    }
}
