//! The README's table of what things cost: every figure stands in the document of the benchmarks.
//!
//! Its rows lie between `<!-- measured -->` and `<!-- end of measured -->`, and name suite and benchmark, our figure,
//! the floor's, and the quickest of the others with its figure.

use super::Finding;
use super::files::Tracked;

const README: &str = "README.md";
const BENCHMARKS: &str = "docs/benchmarks.md";
const BEGIN: &str = "<!-- measured -->";
const END: &str = "<!-- end of measured -->";
const FLOOR: &str = "floor/fetch-add";

pub(super) fn check(files: &[Tracked]) -> Vec<Finding> {
    let text_of = |path: &str| files.iter().find(|file| file.path == path).map_or("", |file| &*file.text);
    let measured = measured(text_of(BENCHMARKS));
    let mut found = Vec::new();
    // The two lines after the mark are the table's head.
    let lines = (1..).zip(text_of(README).lines());
    let table = lines.skip_while(|(_, line)| *line != BEGIN).skip(3).take_while(|(_, line)| *line != END);
    for (number, line) in table {
        let cells: Vec<_> = cells(line).collect();
        if let Err(what) = check_row(&cells, &measured) {
            found.push(Finding::new(README, number, what));
        }
    }
    found
}

/// One figure of the document: suite, benchmark, subject, nanoseconds.
type Figure<'a> = [&'a str; 4];

fn measured(text: &str) -> Vec<Figure<'_>> {
    let mut suite = "";
    let mut found = Vec::new();
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            suite = heading.trim_matches('`');
        } else if let [id, subject, nanos, ..] = cells(line).collect::<Vec<_>>()[..] {
            found.push([suite, id, subject, nanos]);
        }
    }
    found
}

fn cells(line: &str) -> impl Iterator<Item = &str> {
    line.strip_prefix('|').unwrap_or_default().trim_end_matches('|').split('|').map(str::trim)
}

fn check_row(cells: &[&str], measured: &[Figure<'_>]) -> Result<(), String> {
    let [benchmark, ours, floor, other] = cells else {
        return Err("the row has not four cells".to_owned());
    };
    let named: Vec<_> = benchmark.split('`').filter(|part| !part.trim().is_empty()).collect();
    let [suite, id] = named[..] else {
        return Err(format!("{benchmark} names no suite and benchmark"));
    };
    let of = |id: &str, subject: &str| {
        let row = measured.iter().find(|row| row[..3] == [suite, id, subject]);
        row.map(|row| row[3]).ok_or_else(|| format!("{BENCHMARKS} has no {id} of {subject} under {suite}"))
    };
    let number = |text: &str| text.parse::<f64>().map_err(|error| format!("{text}: {error}"));
    let (peer, shown) =
        other.rsplit_once(' ').ok_or_else(|| format!("{other} names nobody and no figure"))?;
    for (shown, stands) in [(*ours, of(id, "ours")?), (*floor, of(FLOOR, "std")?), (shown, of(id, peer)?)] {
        if shown != stands {
            return Err(format!("{id}: {shown} is {stands} in {BENCHMARKS}"));
        }
    }
    let others = measured.iter().filter(|row| row[..2] == [suite, id] && row[2] != "ours");
    for row in others {
        if number(row[3])? < number(shown)? {
            return Err(format!("{id}: {} is quicker than {peer}", row[2]));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIGURES: &str = "## `a`\n\n| id | subject | ns |\n| --- | --- | --- |\n| floor/fetch-add | std | 8.0 |\n\
        | x/y | ours | 7.5 | 1.0 |\n| x/y | peer one | 22.7 |\n| x/y | peer two | 100.1 |\n";

    fn found(row: &str) -> Vec<String> {
        let readme =
            format!("{BEGIN}\n| head | | | |\n| --- | --- | --- | --- |\n{row}\n{END}\n| free | text |\n");
        let files = [(README, readme), (BENCHMARKS, FIGURES.to_owned())]
            .map(|(path, text)| Tracked { path: path.to_owned(), text });
        check(&files).into_iter().map(|finding| finding.what).collect()
    }

    #[test]
    fn figures_that_stand_in_the_document_pass() {
        assert_eq!(found("| `a` `x/y` | 7.5 | 8.0 | peer one 22.7 |"), [""; 0]);
    }

    #[test]
    fn what_does_not_is_caught() {
        for (row, what) in [
            ("| `a` `x/y` | 7.4 | 8.0 | peer one 22.7 |", "x/y: 7.4 is 7.5 in docs/benchmarks.md"),
            ("| `a` `x/y` | 7.5 | 8.1 | peer one 22.7 |", "x/y: 8.1 is 8.0 in docs/benchmarks.md"),
            ("| `a` `x/y` | 7.5 | 8.0 | peer one 22.8 |", "x/y: 22.8 is 22.7 in docs/benchmarks.md"),
            ("| `a` `x/y` | 7.5 | 8.0 | peer two 100.1 |", "x/y: peer one is quicker than peer two"),
            ("| `a` `x/z` | 7.5 | 8.0 | peer one 22.7 |", "docs/benchmarks.md has no x/z of ours under a"),
            ("| `a` | 7.5 | 8.0 | peer one 22.7 |", "`a` names no suite and benchmark"),
            ("| `a` `x/y` | 7.5 | 8.0 |", "the row has not four cells"),
        ] {
            assert_eq!(found(row), [what], "{row}");
        }
    }
}
