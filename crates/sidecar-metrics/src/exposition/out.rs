//! Where a rendering goes: one text, or chunks of whole lines.

use std::fmt;

/// Lines, collected.
pub(crate) struct Out<'a> {
    /// The line that is being written, and those before it that are still here.
    text: String,
    /// Where that line begins.
    line: usize,
    /// Longer than this, the text is handed over, but for the line that made it so.
    limit: usize,
    chunk: &'a mut dyn FnMut(&str),
}

impl<'a> Out<'a> {
    /// Hands over chunks of at most `limit` bytes, unless a single line is longer.
    pub(crate) fn chunks(limit: usize, chunk: &'a mut dyn FnMut(&str)) -> Self {
        // A quarter more: the line that goes over the limit stays, and is copied to the front.
        Self { text: String::with_capacity(limit + limit / 4), line: 0, limit, chunk }
    }

    /// Keeps everything for [`into_text`](Self::into_text); `expected` is how long it may become.
    pub(crate) fn whole(expected: usize, never: &'a mut dyn FnMut(&str)) -> Self {
        Self { text: String::with_capacity(expected), line: 0, limit: usize::MAX, chunk: never }
    }

    /// The line that is being written, at its end.
    pub(super) fn line(&mut self) -> &mut String {
        &mut self.text
    }

    /// Ends the line.
    #[inline]
    pub(super) fn end_line(&mut self) {
        self.text.push('\n');
        if self.text.len() > self.limit {
            self.hand_over();
        }
        self.line = self.text.len();
    }

    #[cold]
    fn hand_over(&mut self) {
        if self.line > 0 {
            (self.chunk)(&self.text[..self.line]);
            self.text.drain(..self.line);
        }
    }

    /// Hands over what is left, if anything is.
    pub(crate) fn finish(self) {
        if !self.text.is_empty() {
            (self.chunk)(&self.text);
        }
    }

    pub(crate) fn into_text(self) -> String {
        self.text
    }
}

impl fmt::Debug for Out<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Out").field("bytes", &self.text.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunks(lines: &[&str], limit: usize) -> Vec<String> {
        let mut chunks = Vec::new();
        let mut push = |chunk: &str| chunks.push(chunk.to_owned());
        let mut out = Out::chunks(limit, &mut push);
        for line in lines {
            out.line().push_str(line);
            out.end_line();
        }
        out.finish();
        chunks
    }

    #[test]
    fn a_chunk_is_as_many_whole_lines_as_fit() {
        assert_eq!(chunks(&["ab", "cd", "ef"], 6), ["ab\ncd\n", "ef\n"]);
        assert_eq!(chunks(&["ab", "cd", "ef"], 5), ["ab\n", "cd\n", "ef\n"]);
        assert_eq!(chunks(&["ab", "cd", "ef"], 100), ["ab\ncd\nef\n"]);
        assert_eq!(chunks(&[], 100), [""; 0]);
    }

    #[test]
    fn a_line_that_is_longer_is_a_chunk_of_its_own() {
        assert_eq!(chunks(&["a", "0123456789", "b", "c"], 4), ["a\n", "0123456789\n", "b\nc\n"]);
        assert_eq!(chunks(&["0123456789", "0123456789"], 4), ["0123456789\n", "0123456789\n"]);
    }
}
