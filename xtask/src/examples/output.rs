//! Documents that show what an example prints.
//!
//! What stands between the lines `<!-- output: NAME -->` and `<!-- end of output -->` of a Markdown file is what
//! example NAME prints, line for line.

use anyhow::{Context as _, bail, ensure};

use crate::tidy::files::Tracked;

const END: &str = "<!-- end of output -->";

/// A place where a document shows an output.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shown {
    path: String,
    /// The line of the mark, counted from 1.
    line: usize,
    example: String,
    lines: Vec<String>,
}

/// Every such place in these files; an error where its example is not among these.
pub(super) fn shown(files: &[Tracked], examples: &[&str]) -> anyhow::Result<Vec<Shown>> {
    let mut found = Vec::new();
    for file in files.iter().filter(|file| file.path.ends_with(".md")) {
        let lines: Vec<_> = file.text.lines().collect();
        for (index, line) in lines.iter().enumerate() {
            let Some(example) = marked(line) else { continue };
            let (path, line) = (&*file.path, index + 1);
            ensure!(examples.contains(&example), "{path}:{line}: there is no example {example}");
            let rest = &lines[line..];
            let end = rest.iter().position(|line| *line == END);
            let end = end.with_context(|| format!("{path}:{line}: no line `{END}` follows"))?;
            let lines = rest[..end].iter().map(|line| (*line).to_owned()).collect();
            found.push(Shown { path: path.to_owned(), line, example: example.to_owned(), lines });
        }
    }
    Ok(found)
}

/// The example whose output begins below this line.
fn marked(line: &str) -> Option<&str> {
    Some(line.strip_prefix("<!-- output:")?.strip_suffix("-->")?.trim())
}

/// An error where a document shows something else than this example has printed.
pub(super) fn compare(shown: &[Shown], example: &str, printed: &str) -> anyhow::Result<()> {
    let printed: Vec<_> = printed.lines().collect();
    for place in shown.iter().filter(|place| place.example == example) {
        if place.lines != printed {
            let same =
                place.lines.iter().zip(&printed).take_while(|(shown, printed)| shown == printed).count();
            let (path, line) = (&place.path, place.line + 1 + same);
            let shown = quoted(place.lines.get(same).map(|line| &**line));
            bail!(
                "{path}:{line}: it shows {shown}, the example prints {}",
                quoted(printed.get(same).copied())
            );
        }
    }
    Ok(())
}

fn quoted(line: Option<&str>) -> String {
    line.map_or("nothing".to_owned(), |line| format!("`{line}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str) -> [Tracked; 1] {
        [Tracked { path: "docs/guide.md".to_owned(), text: text.to_owned() }]
    }

    /// What is wrong with this document if example `show` prints this.
    fn wrong(text: &str, printed: &str) -> Option<String> {
        let files = document(text);
        let compared = shown(&files, &["show", "tell"]).and_then(|shown| compare(&shown, "show", printed));
        compared.err().map(|error| error.to_string())
    }

    const GOOD: &str = "# Title\n\n<!-- output: show -->\none\n\ntwo\n<!-- end of output -->\nmore\n";

    #[test]
    fn what_an_example_prints_may_be_shown() {
        assert_eq!(wrong(GOOD, "one\n\ntwo\n"), None);
    }

    #[test]
    fn the_first_line_that_differs_is_named() {
        let differs = |printed| wrong(GOOD, printed).expect("it differs");
        assert_eq!(differs("one\n\n2\n"), "docs/guide.md:6: it shows `two`, the example prints `2`");
        assert_eq!(differs("one\n\n"), "docs/guide.md:6: it shows `two`, the example prints nothing");
        let longer = "docs/guide.md:7: it shows nothing, the example prints `three`";
        assert_eq!(differs("one\n\ntwo\nthree\n"), longer);
    }

    #[test]
    fn every_place_is_compared() {
        let twice = format!("{GOOD}<!-- output: show -->\nother\n<!-- end of output -->\n");
        assert!(wrong(&twice, "one\n\ntwo\n").expect("one differs").starts_with("docs/guide.md:10: "));
    }

    #[test]
    fn the_output_of_another_example_is_left_to_it() {
        assert_eq!(wrong("<!-- output: tell -->\nother\n<!-- end of output -->\n", "one\n"), None);
    }

    #[test]
    fn a_place_without_an_end_or_an_example_is_caught() {
        let open = "docs/guide.md:1: no line `<!-- end of output -->` follows";
        assert_eq!(wrong("<!-- output: show -->\none\n", "one\n").expect("it has no end"), open);
        let absent = "docs/guide.md:1: there is no example absent";
        assert_eq!(wrong("<!-- output: absent -->\n", "").expect("nobody prints it"), absent);
    }

    #[test]
    fn only_markdown_is_read() {
        let files = [Tracked { path: "a.rs".to_owned(), text: GOOD.to_owned() }];
        assert_eq!(shown(&files, &[]).expect("nothing is wrong"), []);
    }
}
