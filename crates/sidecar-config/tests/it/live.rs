use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use sidecar_config::{ConfigErrors, EnvMap, ErrorKind, Live, LiveBuilder, Origin, Report, Rule, Validate};
use tempfile::TempDir;

/// Settings that own their whole file, with keys that have no default of their own.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Service {
    name: String,
    size: u32,
    mode: Mode,
    routes: Vec<Route>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Mode {
    #[default]
    Quiet,
    Loud,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Route {
    path: String,
    weight: f64,
}

impl Validate for Service {
    const RULES: &'static [Rule] = &[Rule::whole("size", 0, 9), Rule::number("routes.*.weight", 0.0, 1.0)];

    fn validate(&self, report: &mut Report) {
        if self.routes.len() > 3 {
            report.refuse("routes", format!("of length {}", self.routes.len()), "of length 3 at most");
        }
    }
}

fn file(text: &str) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("service.yml");
    std::fs::write(&path, text).expect("a file");
    (directory, path)
}

fn builder() -> LiveBuilder<Service> {
    Live::builder()
}

/// Each error's line and text after the place.
fn errors(text: &str) -> Vec<(Option<usize>, String)> {
    let (_directory, path) = file(text);
    let errors: ConfigErrors = builder().file(path).load().expect_err("refused");
    let row = |error: &sidecar_config::ConfigError| {
        let shown = error.to_string();
        let (_, text) = shown.split_once(": ").expect("a place and a text");
        (error.origin().line(), text.to_owned())
    };
    errors.iter().map(row).collect()
}

#[test]
fn keys_that_are_left_out_have_their_defaults() {
    let (_directory, path) = file("size: 3\nmode: loud\n");
    let live = builder().file(path).load().expect("valid");
    let settings = live.get();
    assert_eq!((settings.name.as_str(), settings.size, settings.mode), ("", 3, Mode::Loud));
    assert_eq!(live.generation(), 1);
    assert_eq!(live.clone().get().size, 3);
}

#[test]
fn a_list_of_maps_reports_each_item_by_its_own_index() {
    let text = "\
routes:
  - {path: /a, weight: heavy}
  - {path: /b}
  - {path: 7, weight: 0.5, extra: 1}
  - {path: /d, weight: 2}
";
    assert_eq!(
        errors(text),
        [
            (Some(2), "routes.0.weight is \"heavy\", but must be a number from 0.0 to 1.0".to_owned()),
            (Some(3), "routes.1.weight is missing".to_owned()),
            (Some(4), "routes.2.extra is not a known key; known here: path, weight".to_owned()),
            (Some(4), "routes.2.path is 7, but must be a text".to_owned()),
            (Some(5), "routes.3.weight is 2, but must be a number from 0.0 to 1.0".to_owned()),
        ]
    );
}

#[test]
fn what_no_rule_can_say_the_type_says_itself() {
    let text =
        "routes: [{path: a, weight: 1}, {path: b, weight: 1}, {path: c, weight: 1}, {path: d, weight: 1}]\n";
    assert_eq!(
        errors(text),
        [(Some(1), "routes is of length 4, but must be of length 3 at most".to_owned())]
    );
}

#[test]
fn a_list_that_is_refused_as_a_whole_takes_no_other_error_along() {
    let items: String = (0..5).map(|number| format!("  - {{path: a, weight: {number}}}\n")).collect();
    let text = format!("size: 50\nroutes:\n{items}");
    let weight = |index: usize| {
        let text = format!("routes.{index}.weight is {index}, but must be a number from 0.0 to 1.0");
        (Some(index + 3), text)
    };
    assert_eq!(
        errors(&text),
        [
            (Some(1), "size is 50, but must be a whole number from 0 to 9".to_owned()),
            (Some(2), "routes is of length 5, but must be of length 3 at most".to_owned()),
            weight(2),
            weight(3),
            weight(4),
        ]
    );
}

#[test]
fn a_number_is_shown_so_that_it_can_be_told_from_what_is_allowed() {
    assert_eq!(
        errors("size: 5.0\n"),
        [(Some(1), "size is 5.0, but must be a whole number from 0 to 9".to_owned())]
    );
    let text = "routes: [{path: a, weight: 3.0}]\n";
    assert_eq!(
        errors(text),
        [(Some(1), "routes.0.weight is 3.0, but must be a number from 0.0 to 1.0".to_owned())]
    );
}

#[test]
fn a_long_file_of_wrong_values_lists_a_hundred_and_says_so() {
    let text: String = (0..20_000).map(|_| "- {path: a, weight: 2}\n").collect();
    let lines = errors(&format!("routes:\n{text}"));
    assert_eq!(lines.len(), 101);
    assert_eq!(lines[100], (None, "more is wrong than is listed here".to_owned()));
}

#[test]
fn a_word_outside_the_list_names_the_list() {
    assert_eq!(
        errors("\nmode: shy\n"),
        [(Some(2), "mode is \"shy\", but must be one of quiet, loud".to_owned())]
    );
}

#[test]
fn code_is_the_strongest_layer_and_is_judged_too() {
    let (_directory, path) = file("size: 3\nname: a\n");
    let environment = || EnvMap::new().var("SIZE", "size").values([("SIZE", "4")]);
    let live =
        builder().file(&path).env(environment()).code(|service| service.size = 5).load().expect("valid");
    assert_eq!(live.get().size, 5);
    let origin = |key| live.provenance().get(key).map(|setting| setting.origin().clone());
    assert_eq!(origin("size"), Some(Origin::Code));
    assert_eq!(origin("name"), Some(Origin::File { path: path.clone(), line: Some(2) }));
    assert_eq!(origin("mode"), Some(Origin::Default));
    assert!(live.provenance().to_string().contains("size = 5 (code)\n"));

    let refused = builder().file(&path).env(environment()).code(|service| service.size = 50).load();
    let errors = refused.expect_err("out of range");
    assert_eq!(errors.to_string(), "code: size is 50, but must be a whole number from 0 to 9");
}

#[test]
fn a_variable_takes_the_type_of_its_key() {
    let environment = EnvMap::new().var("NAME", "name").var("SIZE", "size").var("MODE", "mode");
    let live = builder().env(environment.values([("NAME", "007"), ("SIZE", "7"), ("MODE", "loud")])).load();
    let settings = live.expect("valid").get();
    assert_eq!((settings.name.as_str(), settings.size, settings.mode), ("007", 7, Mode::Loud));
}

#[test]
fn a_variable_for_a_key_that_does_not_exist_is_an_error() {
    let environment = EnvMap::new().var("SIZE", "sise").values([("SIZE", "7")]);
    let errors = builder().env(environment).load().expect_err("no such key");
    assert_eq!(errors.to_string(), "SIZE: sise is not a known key; did you mean size?");
    assert_eq!(errors.iter().next().map(|error| error.kind()), Some(ErrorKind::UnknownKey));
}

#[test]
fn decimals_from_variables_keep_double_precision() {
    #[derive(Clone, Debug, Default, Deserialize, Serialize)]
    struct Rate {
        rate: f64,
    }
    impl Validate for Rate {}
    let environment = EnvMap::new().var("RATE", "rate").values([("RATE", "0.2")]);
    let live = Live::<Rate>::builder().env(environment).load().expect("valid");
    assert!((live.get().rate - 0.2).abs() < f64::EPSILON);
}

#[cfg(unix)]
#[test]
fn a_pipe_is_refused_instead_of_waited_for() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("pipe.yml");
    let made = std::process::Command::new("mkfifo").arg(&path).status().expect("mkfifo runs");
    assert!(made.success());
    let errors = builder().file(path).load().expect_err("a pipe");
    assert!(errors.to_string().ends_with("is not a regular file"), "{errors}");
}
