//! Lines of bytes, none of them held beyond a limit.

use std::io::{self, BufRead, Read};

/// Longest line, in bytes, without its end.
const MAX_LINE_BYTES: usize = 8 << 20;
/// Room that the buffer keeps from one line to the next.
const KEPT_CAPACITY: usize = 64 << 10;

/// Reads one line after the other into one buffer.
pub(crate) struct Lines<R> {
    reader: R,
    buffer: Vec<u8>,
    number: u64,
    limit: usize,
}

/// A line of the input.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// Its bytes, without `\n` or `\r\n`.
    Whole(&'a [u8]),
    /// It was longer than the limit and has been passed over.
    TooLong,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self::with_limit(reader, MAX_LINE_BYTES)
    }

    fn with_limit(reader: R, limit: usize) -> Self {
        Self { reader, buffer: Vec::new(), number: 0, limit }
    }

    /// The next line with its number, counted from 1; `None` at the end. A last line without an end counts.
    pub(crate) fn next(&mut self) -> io::Result<Option<(u64, Line<'_>)>> {
        // What one long line needed is given back before the next.
        self.buffer.clear();
        self.buffer.shrink_to(KEPT_CAPACITY);
        // Two bytes more than a line may have: its end may be `\r\n`.
        let most = self.limit as u64 + 2;
        if self.reader.by_ref().take(most).read_until(b'\n', &mut self.buffer)? == 0 {
            return Ok(None);
        }
        self.number += 1;
        match self.buffer.last() {
            Some(b'\n') => {
                self.buffer.pop();
            }
            _ if self.buffer.len() as u64 == most => {
                self.buffer.clear();
                self.reader.skip_until(b'\n')?;
                return Ok(Some((self.number, Line::TooLong)));
            }
            // The input's last line, without an end.
            _ => {}
        }
        if self.buffer.last() == Some(&b'\r') {
            self.buffer.pop();
        }
        if self.buffer.len() > self.limit {
            return Ok(Some((self.number, Line::TooLong)));
        }
        Ok(Some((self.number, Line::Whole(&self.buffer))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    fn all(input: &[u8], limit: usize, capacity: usize) -> Vec<Option<Vec<u8>>> {
        let mut lines = Lines::with_limit(BufReader::with_capacity(capacity, input), limit);
        let mut found = Vec::new();
        while let Some((number, line)) = lines.next().expect("slices do not fail") {
            found.push(match line {
                Line::Whole(bytes) => Some(bytes.to_vec()),
                Line::TooLong => None,
            });
            assert_eq!(number, found.len() as u64);
        }
        found
    }

    #[test]
    fn every_kind_of_line_end_is_understood() {
        for capacity in [1, 2, 3, 64] {
            let lines = all(b"a\nbc\r\n\n\r\nlast", 10, capacity);
            let expected: Vec<Option<Vec<u8>>> =
                ["a", "bc", "", "", "last"].iter().map(|line| Some(line.as_bytes().to_vec())).collect();
            assert_eq!(lines, expected, "buffer of {capacity}");
        }
        assert!(all(b"", 10, 4).is_empty());
    }

    #[test]
    fn a_line_at_the_limit_passes_and_one_over_it_is_skipped() {
        for capacity in [1, 3, 64] {
            let lines = all(b"12345\n123456\n1234567\n12345\r\nend", 5, capacity);
            let whole: Vec<bool> = lines.iter().map(Option::is_some).collect();
            assert_eq!(whole, [true, false, false, true, true], "buffer of {capacity}");
        }
    }

    #[test]
    fn an_endless_line_is_not_held_in_memory() {
        let endless = io::repeat(b'x').take(64 << 20).chain(&b"\nnext"[..]);
        let mut lines = Lines::with_limit(BufReader::new(endless), 1 << 10);
        assert_eq!(lines.next().expect("no error"), Some((1, Line::TooLong)));
        assert!(lines.buffer.capacity() < 1 << 20);
        assert_eq!(lines.next().expect("no error"), Some((2, Line::Whole(b"next"))));
    }
}
