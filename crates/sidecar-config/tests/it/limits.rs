//! How much a file may be wrong, and how much of it may be empty.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sidecar_config::{ConfigErrors, ErrorKind, Live, Rule, Validate, validate};

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Root {
    ours: Ours,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Ours {
    size: u32,
    rates: BTreeMap<String, f64>,
    routes: Vec<Route>,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Route {
    path: String,
    weight: f64,
}

impl Validate for Root {
    const SECTIONS: &'static [&'static str] = &["ours"];
    const RULES: &'static [Rule] = &[Rule::number("ours.rates.*", 0.0, 1.0)];
}

fn load(name: &str, text: &str) -> Result<Live<Root>, ConfigErrors> {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join(name);
    std::fs::write(&path, text).expect("a file");
    Live::builder().file(path).load()
}

/// Asserts that there are a hundred errors of this kind, and one that says there were more.
fn assert_cut(errors: &ConfigErrors, kind: ErrorKind) {
    let kinds: Vec<ErrorKind> = errors.iter().map(|error| error.kind()).collect();
    assert_eq!(kinds.len(), 101);
    assert!(kinds[..100].iter().all(|found| *found == kind), "{errors}");
    assert_eq!(kinds[100], ErrorKind::TooMany);
}

#[test]
fn a_file_full_of_syntax_errors_lists_a_hundred_and_says_so() {
    let errors = load("s.toml", &"= 1\n".repeat(20_000)).expect_err("no keys");
    assert_cut(&errors, ErrorKind::Syntax);
    assert!(errors.to_string().ends_with("s.toml: more is wrong than is listed here"), "no line");
}

#[test]
fn a_file_full_of_repeated_keys_lists_a_hundred_and_says_so() {
    let errors = load("s.yml", &format!("ours:\n{}", "  size: 1\n".repeat(5_000))).expect_err("repeated");
    assert_cut(&errors, ErrorKind::DuplicateKey);
}

#[test]
fn repeated_keys_and_wrong_values_share_the_hundred() {
    let repeated = "  size: 1\n".repeat(81);
    let wrong: String = (0..80).map(|number| format!("    t{number}: 2\n")).collect();
    let errors = load("s.yml", &format!("ours:\n{repeated}  rates:\n{wrong}")).expect_err("160 errors");
    let count = |kind| errors.iter().filter(|error| error.kind() == kind).count();
    let counts = [ErrorKind::DuplicateKey, ErrorKind::Value, ErrorKind::TooMany].map(count);
    assert_eq!(counts, [80, 20, 1], "in the order of the lines");
}

#[test]
fn exactly_a_hundred_errors_are_all_there_is_to_say() {
    let wrong: String = (0..100).map(|number| format!("    t{number}: 2\n")).collect();
    let errors = load("s.yml", &format!("ours:\n  rates:\n{wrong}")).expect_err("100 errors");
    assert!(errors.len() == 100 && errors.iter().all(|error| error.kind() == ErrorKind::Value));
}

#[test]
fn each_file_has_a_hundred_of_its_own() {
    let directory = tempfile::tempdir().expect("a directory");
    let paths = ["one.toml", "two.toml"].map(|name| directory.path().join(name));
    paths.iter().for_each(|path| std::fs::write(path, "= 1\n".repeat(200)).expect("a file"));
    let errors = Live::<Root>::builder().file(&paths[0]).file(&paths[1]).load().expect_err("no keys");
    assert_eq!(errors.len(), 202);
}

#[test]
fn what_a_program_sets_is_listed_up_to_a_hundred_too() {
    let wrong = |root: &mut Root| {
        root.ours.rates = (0..5_000).map(|number| (number.to_string(), 2.0)).collect();
    };
    assert_cut(&Live::<Root>::builder().code(wrong).load().expect_err("wrong"), ErrorKind::Value);
    let mut root = Root::default();
    wrong(&mut root);
    assert_cut(&validate(&root).expect_err("wrong"), ErrorKind::Value);
}

#[test]
fn warnings_about_neighbours_are_bounded() {
    let text: String = (0..1_000).map(|_| "our: 1\n").collect();
    let live = load("s.yml", &text).expect("left alone");
    assert_eq!(live.warnings().len(), 100);
}

#[test]
fn any_number_of_keys_may_stand_without_a_value() {
    let rates: String = (0..3_000).map(|number| format!("    t{number}:\n")).collect();
    let live = load("s.yml", &format!("ours:\n  size: 7\n  rates:\n{rates}    last: 0.5\n"));
    let ours = live.expect("valid").get().ours.clone();
    assert_eq!((ours.size, ours.rates.len(), ours.rates.get("last")), (7, 1, Some(&0.5)));

    let routes = "  - {path: a, weight: }\n".repeat(300);
    let ours = load("s.yml", &format!("ours:\n  routes:\n{routes}")).expect("valid").get().ours.clone();
    assert!(ours.routes.len() == 300 && ours.routes.iter().all(|route| route.path == "a"));
}

#[test]
fn wrong_values_are_found_among_many_keys_without_one() {
    let rates: String = (0..300).map(|number| format!("    t{number}:\n")).collect();
    let text = format!("ours:\n  size: many\n  rates:\n{rates}    last: 7\n");
    let errors = load("s.yml", &text).expect_err("two wrong values");
    let found: Vec<_> =
        errors.iter().map(|error| (error.key().unwrap_or_default(), error.origin().line())).collect();
    assert_eq!(found, [("ours.size", Some(2)), ("ours.rates.last", Some(304))]);
}

#[test]
fn an_unknown_key_is_told_without_a_value_too() {
    let errors = load("s.yml", "ours:\n  rates:\n    t:\n  size:\n  zise:\n").expect_err("no such key");
    assert_eq!(errors.len(), 1);
    assert!(errors.to_string().ends_with(":5: ours.zise is not a known key; did you mean size?"), "{errors}");
}
