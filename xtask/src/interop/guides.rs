//! What documents show of YAML: the program takes every configuration, and answers every probe.
//!
//! A block after the line `<!-- configuration -->` is one of the program; after `<!-- kubernetes -->`, an object of
//! Kubernetes whose probes and scrapes ask the program.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, bail, ensure};

use super::{http, sidecar};

/// Where the documents stand.
const FOLDERS: [&str; 2] = ["docs", "docs/guides"];

const CONFIGURATION: &str = "<!-- configuration -->";
const KUBERNETES: &str = "<!-- kubernetes -->";

pub(super) fn run(program: &Path, root: &Path, folder: &Path, deadline: Instant) -> anyhow::Result<()> {
    let (_sidecar, port) = sidecar(program, folder, deadline)?;
    let (mut configurations, mut probes) = (0, 0);
    for path in documents(root)? {
        let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        let text = fs::read_to_string(&path)?;
        for block in blocks(&text, CONFIGURATION).with_context(|| name.clone())? {
            let settings = read_by(program, folder, &block).with_context(|| name.clone())?;
            let given = settings.lines().filter(|line| line.contains("block.yml:"));
            ensure!(given.count() > 0, "{name}: a configuration changes nothing:\n{block}");
            configurations += 1;
        }
        for block in blocks(&text, KUBERNETES).with_context(|| name.clone())? {
            // Nothing in it is for the program, which then says only whether it is YAML.
            read_by(program, folder, &block).with_context(|| name.clone())?;
            for path in paths(&block) {
                let answer = http::get(port, path)?;
                ensure!(answer.status == 200, "{name}: {path} is answered with {}", answer.status);
                probes += 1;
            }
        }
    }
    ensure!(
        configurations > 0 && probes > 0,
        "there are {configurations} configurations and {probes} probes"
    );
    println!("{configurations} configurations are taken, {probes} paths are answered");
    Ok(())
}

fn documents(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for folder in FOLDERS {
        for file in fs::read_dir(root.join(folder))? {
            found.push(file?.path());
        }
    }
    found.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    found.sort();
    Ok(found)
}

/// What `sidecar check-config` says of this text.
fn read_by(program: &Path, folder: &Path, text: &str) -> anyhow::Result<String> {
    fs::write(folder.join("block.yml"), text)?;
    let output = Command::new(program).args(["check-config", "block.yml"]).current_dir(folder).output()?;
    let [said, complaint] =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    // A warning is a mistake in a document, too.
    ensure!(output.status.success() && complaint.is_empty(), "{complaint}in\n{text}");
    Ok(said)
}

/// The YAML blocks of a document that this mark stands before.
fn blocks(text: &str, mark: &str) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line != mark {
            continue;
        }
        if lines.next() != Some("```yaml") {
            bail!("no YAML block follows a mark {mark}");
        }
        found.push(lines.by_ref().take_while(|line| *line != "```").flat_map(|line| [line, "\n"]).collect());
    }
    Ok(found)
}

/// What probes and scrapes of an object ask for.
fn paths(block: &str) -> impl Iterator<Item = &str> {
    block.split([' ', ',', '}', '\n', '"']).filter(|word| word.starts_with('/') && !word[1..].contains('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_blocks_after_a_mark_are_found() {
        let text = "<!-- configuration -->\n```yaml\na: 1\nb: 2\n```\n```yaml\nc: 3\n```\n\
                    <!-- kubernetes -->\n```yaml\nd: 4\n```\n";
        assert_eq!(blocks(text, CONFIGURATION).expect("each has its block"), ["a: 1\nb: 2\n"]);
        assert_eq!(blocks(text, KUBERNETES).expect("each has its block"), ["d: 4\n"]);
        assert!(blocks("<!-- configuration -->\n\n```yaml\na: 1\n```\n", CONFIGURATION).is_err());
    }

    #[test]
    fn the_paths_of_probes_are_found() {
        let block = "livenessProbe:\n  httpGet: { path: /live, port: probes }\n\
                     path: /ready\nmountPath: /etc/sidecar\nx: \"/metrics\"\n";
        assert_eq!(paths(block).collect::<Vec<_>>(), ["/live", "/ready", "/metrics"]);
    }
}
