//! What holds for every text file: clean line ends, no paths of one machine, no notes to self.

use super::Finding;

/// Folders that exist on one machine only. (Written in two parts, as are all words that this program
/// looks for, so that it does not find itself.)
const MACHINE_FOLDERS: &[&str] = &[concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/wo", "rk/")];

/// A note to self belongs where it is worked on, not in the tree.
const NOTE: &str = concat!("FIX", "ME");

pub(super) fn check(path: &str, text: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    if !text.is_empty() && !text.ends_with('\n') {
        found.push(Finding::new(path, text.lines().count(), "the last line does not end with a newline"));
    }
    for (number, line) in (1..).zip(text.split('\n')) {
        if line.trim_end() != line {
            found.push(Finding::new(path, number, "white space at the end of the line"));
        }
        for folder in MACHINE_FOLDERS {
            if names_folder(line, folder) {
                found.push(Finding::new(path, number, format!("{folder} is a path of one machine")));
            }
        }
        if line.contains(NOTE) {
            found.push(Finding::new(path, number, format!("{NOTE}: do it or leave it out")));
        }
    }
    found
}

/// Whether a path in the line starts with this folder; inside a longer path or an address it does not.
fn names_folder(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before
            .is_none_or(|before| !before.is_alphanumeric() && !matches!(before, '_' | '-' | '.' | '~' | '}'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        check("file", text).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn clean_text_passes() {
        assert_eq!(lines("one\n\ntwo\n"), [0; 0]);
        assert_eq!(lines(""), [0; 0]);
    }

    #[test]
    fn white_space_at_the_end_of_a_line_is_caught() {
        assert_eq!(lines("one \ntwo\t\nthree\n"), [1, 2]);
        assert_eq!(lines("one\r\n"), [1], "a carriage return is white space too");
    }

    #[test]
    fn a_missing_last_newline_is_caught() {
        assert_eq!(lines("one\ntwo"), [2]);
    }

    #[test]
    fn a_path_of_one_machine_is_caught() {
        for folder in MACHINE_FOLDERS {
            assert_eq!(lines(&format!("see {folder}someone\n")), [1]);
            assert_eq!(lines(&format!("{folder}someone\n")), [1]);
            assert_eq!(lines(&format!("file://{folder}someone\n")), [1]);
        }
    }

    #[test]
    fn the_same_word_inside_an_address_is_not() {
        for folder in MACHINE_FOLDERS {
            assert_eq!(lines(&format!("https://example.com{folder}page\n")), [0; 0]);
            assert_eq!(lines(&format!("${{PREFIX}}{folder}page\n")), [0; 0]);
        }
    }

    #[test]
    fn a_note_to_self_is_caught() {
        assert_eq!(lines(&format!("fine\n// {NOTE} some day\n")), [2]);
    }
}
