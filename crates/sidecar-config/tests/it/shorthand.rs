//! Maps that may be written as one word.

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use sidecar_config::{EnvMap, Live, Origin, Validate};
use std::fmt;

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Root {
    boost: Boost,
}

impl Validate for Root {
    const SHORTHANDS: &'static [(&'static str, &'static str)] = &[("boost", "active")];
}

#[derive(Clone, Copy, Debug, Serialize)]
struct Boost {
    active: bool,
    factor: u32,
}

impl Default for Boost {
    fn default() -> Self {
        Self { active: true, factor: 5 }
    }
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Long {
    active: bool,
    factor: u32,
}

impl Default for Long {
    fn default() -> Self {
        let Boost { active, factor } = Boost::default();
        Self { active, factor }
    }
}

impl<'de> Deserialize<'de> for Boost {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WordOrMap;

        impl<'de> Visitor<'de> for WordOrMap {
            type Value = Boost;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("enabled, disabled, true, false, or a map")
            }

            fn visit_bool<E: Error>(self, active: bool) -> Result<Boost, E> {
                Ok(Boost { active, ..Boost::default() })
            }

            fn visit_str<E: Error>(self, word: &str) -> Result<Boost, E> {
                match word {
                    "enabled" => self.visit_bool(true),
                    "disabled" => self.visit_bool(false),
                    _ => Err(E::custom("no such word")),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Boost, A::Error> {
                let Long { active, factor } = Long::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Boost { active, factor })
            }
        }

        deserializer.deserialize_any(WordOrMap)
    }
}

/// Loads one file for each text, the last one strongest.
fn load(texts: &[&str]) -> Live<Root> {
    let directory = tempfile::tempdir().expect("a directory");
    let mut builder = Live::<Root>::builder();
    for (number, text) in texts.iter().enumerate() {
        let path = directory.path().join(format!("{number}.yml"));
        std::fs::write(&path, text).expect("a file");
        builder = builder.file(path);
    }
    builder.load().unwrap_or_else(|errors| panic!("{errors}"))
}

fn boost(texts: &[&str]) -> (bool, u32) {
    let Boost { active, factor } = load(texts).get().boost;
    (active, factor)
}

#[test]
fn what_a_word_switches_off_stays_off_when_a_stronger_file_gives_other_keys() {
    for off in ["boost: disabled", "boost: false", "boost: {active: false}"] {
        assert_eq!(boost(&[off, "boost: {factor: 3}"]), (false, 3), "{off}");
        assert_eq!(boost(&[off, "boost: {factor: 3}", "boost: enabled"]), (true, 3), "{off}");
    }
}

#[test]
fn a_word_leaves_the_other_keys_as_weaker_files_have_them() {
    assert_eq!(boost(&["boost: {factor: 3}", "boost: disabled"]), (false, 3));
    assert_eq!(boost(&["boost: {factor: 3, active: false}", "boost: true"]), (true, 3));
    assert_eq!(boost(&["boost: disabled"]), (false, 5));
}

#[test]
fn the_flag_has_the_words_place_and_the_other_keys_have_none() {
    let live = load(&["\nboost: disabled"]);
    let origin = |key| live.provenance().get(key).expect("a key").origin().clone();
    assert_eq!(origin("boost.active").line(), Some(2));
    assert_eq!(origin("boost.factor"), Origin::Default);
}

#[test]
fn a_variable_may_be_the_word() {
    let environment = EnvMap::new().var("BOOST", "boost").values([("BOOST", "off")]);
    let live = Live::<Root>::builder().env(environment).load().expect("valid");
    assert!(!live.get().boost.active);
}
