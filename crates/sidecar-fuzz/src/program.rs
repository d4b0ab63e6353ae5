//! The parsers of the `sidecar` program, from its own files: a program has no library to depend on.

#[path = "../../sidecar-cli/src/input/event_line.rs"]
pub(crate) mod event_line;
#[path = "../../sidecar-cli/src/input/libtest.rs"]
pub(crate) mod libtest;
#[path = "../../sidecar-cli/src/input/lines.rs"]
pub(crate) mod lines;
#[path = "../../sidecar-cli/src/input/malformed.rs"]
#[expect(dead_code, reason = "the program counts the lines that it passes over")]
pub(crate) mod malformed;
#[path = "../../sidecar-cli/src/input/object.rs"]
pub(crate) mod object;
