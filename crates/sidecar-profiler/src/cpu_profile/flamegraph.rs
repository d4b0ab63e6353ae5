//! The image, drawn by `inferno`.

use super::CpuProfile;
use inferno::flamegraph::{Options, from_lines};
use std::io;

/// `inferno` draws nothing of nothing.
const EMPTY: &str = r#"<?xml version="1.0" standalone="no"?>
<svg version="1.1" width="600" height="40" xmlns="http://www.w3.org/2000/svg">
<text x="10" y="25">No samples: the process used no CPU time.</text>
</svg>
"#;

pub(super) fn draw(profile: &CpuProfile) -> io::Result<Vec<u8>> {
    if profile.samples() == 0 {
        return Ok(EMPTY.as_bytes().to_vec());
    }
    let lines: Vec<String> = profile.stacks.iter().map(line).collect();
    let mut options = Options::default();
    options.title = format!("CPU time of {:.1?}", profile.duration);
    let mut image = Vec::new();
    from_lines(&mut options, lines.iter().map(String::as_str), &mut image)?;
    Ok(image)
}

/// `thread;outermost;...;innermost samples`
fn line(stack: &super::Stack) -> String {
    let calls = stack.frames.iter().rev().map(|frame| frame.function.as_str());
    let mut line = String::new();
    for name in std::iter::once(stack.thread.as_str()).chain(calls) {
        if !line.is_empty() {
            line.push(';');
        }
        // These separate calls and lines.
        line.extend(name.chars().map(|char| if char == ';' || char.is_control() { ':' } else { char }));
    }
    format!("{line} {}", stack.samples)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu_profile::example;

    #[test]
    fn a_line_goes_from_the_thread_to_the_innermost_call() {
        let lines: Vec<String> = example().stacks.iter().map(line).collect();
        assert_eq!(lines, ["main;root;leaf 5", "main;root;leaf 2", "worker: 1;<T as A>::root 300"]);
    }

    #[test]
    fn the_image_has_every_call_with_its_samples() {
        let image = String::from_utf8(draw(&example()).expect("an image")).expect("text");
        assert!(image.contains("<svg") && image.trim_end().ends_with("</svg>"), "{image}");
        assert!(image.contains("<title>leaf (7 samples, 2.28%)</title>"), "{image}");
        assert!(image.contains("&lt;T as A&gt;::root (300 samples"), "{image}");
    }

    #[test]
    fn no_samples_are_an_image_that_says_so() {
        let profile = CpuProfile { stacks: Vec::new(), ..example() };
        let image = String::from_utf8(draw(&profile).expect("an image")).expect("text");
        assert!(image.contains("No samples"));
    }
}
