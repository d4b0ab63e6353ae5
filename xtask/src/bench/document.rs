//! The tables of the documents, written from what was measured.
//!
//! In `docs/benchmarks.md` each lies between `<!-- table: NAME -->` and `<!-- end of table -->`. The README's rows, between
//! marks of their own, name suite and benchmark; the rest of each row is looked up.

use anyhow::{Context as _, ensure};

/// Where tables end.
const END: &str = "<!-- end of table -->";
const README_BEGIN: &str = "<!-- measured -->\n";
const README_END: &str = "<!-- end of measured -->";
const FLOOR: &str = "floor/fetch-add";

/// The text with `table` in the place of that name.
pub(super) fn with_table(text: &str, name: &str, table: &str) -> anyhow::Result<String> {
    let mark = format!("<!-- table: {name} -->\n");
    let (before, rest) = text.split_once(&mark).with_context(|| format!("no mark `{}`", mark.trim()))?;
    let (_, after) = rest.split_once(END).with_context(|| format!("no `{END}` after {name}"))?;
    ensure!(!table.is_empty(), "the table of {name} is empty");
    Ok(format!("{before}{mark}{}\n{END}{after}", table.trim_end()))
}

/// The lines of a table in what a suite printed: from its head on.
pub(super) fn table_in(printed: &str) -> String {
    let rows = printed
        .lines()
        .skip_while(|line| !line.starts_with("| id |"))
        .take_while(|line| line.starts_with('|'));
    rows.map(|line| format!("{line}\n")).collect()
}

/// The README with the figures of these suites, by name, in the rows that name them.
pub(super) fn with_figures(readme: &str, suites: &[(String, String)]) -> anyhow::Result<String> {
    let (before, rest) = readme.split_once(README_BEGIN).context("the README has no table of figures")?;
    let (table, after) = rest.split_once(README_END).context("the README's table of figures has no end")?;
    let rows = table.lines().enumerate().map(|(number, line)| {
        // The first two lines are the table's head.
        if number < 2 { Ok(line.to_owned()) } else { row(line, suites) }
    });
    let rows: Vec<_> = rows.collect::<anyhow::Result<_>>()?;
    Ok(format!("{before}{README_BEGIN}{}\n{README_END}{after}", rows.join("\n")))
}

fn row(line: &str, suites: &[(String, String)]) -> anyhow::Result<String> {
    let named: Vec<_> = line.split('`').skip(1).step_by(2).collect();
    let [suite, id] = named[..] else { anyhow::bail!("{line} names no suite and benchmark") };
    let table = suites.iter().find(|(name, _)| name == suite);
    let (_, table) = table.with_context(|| format!("{suite} was not measured"))?;
    let figures: Vec<_> = table.lines().filter_map(figure).collect();
    let of = |id: &str, subject: &str| {
        let found = figures.iter().find(|row| row[..2] == [id, subject]);
        found.map(|row| row[2]).with_context(|| format!("{suite} has no {id} of {subject}"))
    };
    let others = figures.iter().filter(|row| row[0] == id && row[1] != "ours");
    let quickest = others.filter_map(|row| Some((row[2].parse::<f64>().ok()?, row)));
    let quickest = quickest.min_by(|one, other| one.0.total_cmp(&other.0));
    let (_, other) = quickest.with_context(|| format!("{suite} has no {id} of others"))?;
    let (ours, floor) = (of(id, "ours")?, of(FLOOR, "std")?);
    Ok(format!("| `{suite}` `{id}` | {ours} | {floor} | {} {} |", other[1], other[2]))
}

/// Id, subject and figure of a row.
fn figure(line: &str) -> Option<[&str; 3]> {
    let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
    Some([cells.next()?, cells.next()?, cells.next()?])
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINTED: &str = "suite a\n\n| id | subject | ns |\n| --- | --- | ---: |\n| floor/fetch-add | std | 8.00 |\n\
        | x/y | ours | 7.50 |\n| x/y | slow | 30.00 |\n| x/y | quick | 9.00 |\n\nwritten\n";

    #[test]
    fn a_table_goes_where_its_mark_is_and_nowhere_else() {
        let text = "<!-- table: a -->\nold\n<!-- end of table -->\ntext\n<!-- table: b -->\nkept\n<!-- end of table -->\n";
        let new = with_table(text, "a", &table_in(PRINTED)).expect("the mark is there");
        assert!(
            new.contains("| x/y | ours | 7.50 |") && new.contains("kept") && !new.contains("old"),
            "{new}"
        );
        assert_eq!(with_table(&new, "a", &table_in(PRINTED)).expect("it is still there"), new);
        assert!(with_table(text, "c", "| |").is_err());
        assert!(with_table(text, "a", &table_in("nothing")).is_err(), "an empty table");
    }

    #[test]
    fn the_readme_has_ours_the_floor_and_the_quickest_of_the_others() {
        let readme = "<!-- measured -->\n| head |\n| --- |\n| `a` `x/y` | 1 | 2 | old 3 |\n<!-- end of measured -->\nend\n";
        let suites = [("a".to_owned(), table_in(PRINTED))];
        let new = with_figures(readme, &suites).expect("all was measured");
        assert!(new.contains("| `a` `x/y` | 7.50 | 8.00 | quick 9.00 |") && new.ends_with("end\n"), "{new}");
        assert!(with_figures(readme, &[]).is_err());
    }
}
