//! The dependency law: a piece stands on the building blocks alone, and only the facade, with what
//! sits on it, joins pieces. That is what lets a user take one piece and nothing else.

use crate::metadata::{Dependency, Kind, Metadata, Package};

/// Where a member stands. Every member has a place: a crate that has none is a violation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Building blocks of the pieces.
    Core,
    /// The attributes.
    Macros,
    /// What a user may take alone.
    Piece,
    /// Joins the pieces.
    Facade,
    /// What users test with.
    Testkit,
    /// What the tests of all members share.
    Harness,
    /// The command line program.
    Program,
    /// Uses anything and is used by nothing.
    Showcase,
    /// This program: kept apart, so that no library delays its build.
    Tooling,
}

impl Place {
    fn of(package: &str) -> Option<Self> {
        Some(match package {
            "sidecar-core" => Self::Core,
            "sidecar-macros" => Self::Macros,
            "sidecar-breaker" | "sidecar-config" | "sidecar-health" | "sidecar-http" | "sidecar-metrics"
            | "sidecar-observer" | "sidecar-perf" | "sidecar-profiler" | "sidecar-sampler" => Self::Piece,
            "sidecar-runtime" => Self::Facade,
            "sidecar-testkit" => Self::Testkit,
            "sidecar-harness" => Self::Harness,
            "sidecar-cli" => Self::Program,
            "benches" | "examples" | "sidecar-fuzz" => Self::Showcase,
            "xtask" => Self::Tooling,
            _ => return None,
        })
    }

    fn may_use(self, used: Self, kind: Option<Kind>) -> bool {
        use Place::{Core, Facade, Harness, Macros, Piece, Program, Showcase, Testkit, Tooling};
        match (self, used) {
            (_, Program | Showcase | Tooling) | (Tooling, _) => false,
            // What tests alone use may reach no user, and may not use what it is to test.
            (Harness, used) => used == Core,
            (_, Harness) => kind == Some(Kind::Dev),
            // Also in tests: a dependency back from below would make a circle of packages.
            (from, Facade) => matches!(from, Program | Showcase),
            // Only tests use the kit, and examples, which show how.
            (from, Testkit) if kind != Some(Kind::Dev) => from == Showcase,
            _ if kind == Some(Kind::Dev) => true,
            (Core | Macros, _) => false,
            (Piece, used) => matches!(used, Core | Macros),
            (Facade | Testkit, used) => matches!(used, Core | Macros | Piece),
            (Program, used) => used == Core,
            (Showcase, _) => true,
        }
    }

    /// The law for this place, in words.
    fn law(self) -> &'static str {
        match self {
            Self::Core | Self::Macros => "a building block depends on no other crate of the workspace",
            Self::Piece => "a piece depends on sidecar-core and sidecar-macros alone",
            Self::Facade => "the facade depends on pieces and building blocks",
            Self::Testkit => {
                "the test kit depends on pieces and building blocks, and only dev-dependencies name it"
            }
            Self::Harness => {
                "the test harness depends on sidecar-core alone, and only dev-dependencies name it"
            }
            Self::Program => "the program depends on sidecar-runtime and sidecar-core alone",
            Self::Showcase => {
                "nothing depends on the program, the benches, the examples, the fuzz targets or xtask"
            }
            Self::Tooling => "xtask depends on no other crate of the workspace",
        }
    }
}

/// Every breach of the law, one sentence each.
pub(super) fn violations(metadata: &Metadata) -> Vec<String> {
    metadata.packages.iter().flat_map(|package| of_package(package, metadata)).collect()
}

fn of_package(package: &Package, metadata: &Metadata) -> Vec<String> {
    let name = &package.name;
    let Some(place) = Place::of(name) else {
        return vec![format!("{name} has no place in the law: give it one in xtask/src/deps/law.rs")];
    };
    let mut found = Vec::new();
    if matches!(place, Place::Harness | Place::Showcase | Place::Tooling) && package.is_published() {
        found.push(format!("{name} is not for users: its manifest needs `publish = false`"));
    }
    let ours =
        |dependency: &&Dependency| dependency.name != *name && metadata.package(&dependency.name).is_some();
    for dependency in package.dependencies.iter().filter(ours) {
        // A member without a place is reported once, as itself.
        let Some(used) = Place::of(&dependency.name) else { continue };
        if !place.may_use(used, dependency.kind) {
            let table = match dependency.kind {
                None => "",
                Some(Kind::Build) => " (build-dependencies)",
                Some(Kind::Dev) => " (dev-dependencies)",
            };
            let law = if used == Place::Facade && place != Place::Tooling {
                "only cli, examples and benches depend on the facade"
            } else if matches!(used, Place::Harness | Place::Testkit) {
                used.law()
            } else {
                place.law()
            };
            found.push(format!("{name} depends on {}{table}: {law}", dependency.name));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A workspace of every kind of member, with these edges: from, to, table.
    fn breaches(edges: &[(&str, &str, Option<&str>)]) -> Vec<String> {
        const MEMBERS: &[&str] = &[
            "sidecar-core",
            "sidecar-macros",
            "sidecar-breaker",
            "sidecar-health",
            "sidecar-runtime",
            "sidecar-testkit",
            "sidecar-harness",
            "sidecar-cli",
            "examples",
            "benches",
            "xtask",
        ];
        let packages: Vec<_> = MEMBERS
            .iter()
            .map(|name| {
                let dependencies: Vec<_> = edges
                    .iter()
                    .filter(|(from, ..)| from == name)
                    .map(|(_, to, kind)| serde_json::json!({"name": to, "kind": kind}))
                    .collect();
                let is_private = *name == "sidecar-harness" || !name.starts_with("sidecar-");
                let publish = if !is_private { None } else { Some([""; 0]) };
                serde_json::json!({"name": name, "publish": publish, "targets": [], "dependencies": dependencies})
            })
            .collect();
        let json = serde_json::json!({"target_directory": "target", "packages": packages});
        violations(&Metadata::parse(&json.to_string()).expect("the text is what cargo prints"))
    }

    #[test]
    fn the_intended_edges_are_lawful() {
        let found = breaches(&[
            ("sidecar-breaker", "sidecar-core", None),
            ("sidecar-breaker", "sidecar-macros", None),
            ("sidecar-breaker", "serde", None),
            ("sidecar-runtime", "sidecar-breaker", None),
            ("sidecar-runtime", "sidecar-core", None),
            ("sidecar-testkit", "sidecar-breaker", None),
            ("sidecar-testkit", "sidecar-core", None),
            ("sidecar-runtime", "sidecar-testkit", Some("dev")),
            ("sidecar-cli", "sidecar-runtime", None),
            ("sidecar-cli", "sidecar-core", None),
            ("sidecar-breaker", "sidecar-harness", Some("dev")),
            ("sidecar-harness", "sidecar-core", None),
            ("examples", "sidecar-breaker", None),
            ("examples", "sidecar-runtime", None),
            ("benches", "sidecar-runtime", None),
            ("benches", "sidecar-testkit", None),
        ]);
        assert_eq!(found, [""; 0]);
    }

    #[test]
    fn a_piece_on_a_piece_is_caught() {
        let found = breaches(&[("sidecar-breaker", "sidecar-health", None)]);
        assert_eq!(
            found,
            [
                "sidecar-breaker depends on sidecar-health: a piece depends on sidecar-core and sidecar-macros alone"
            ]
        );
    }

    #[test]
    fn a_build_dependency_counts_and_a_test_dependency_does_not() {
        assert_eq!(breaches(&[("sidecar-breaker", "sidecar-health", Some("build"))]).len(), 1);
        assert_eq!(breaches(&[("sidecar-breaker", "sidecar-health", Some("dev"))]), [""; 0]);
    }

    #[test]
    fn a_building_block_on_anything_is_caught() {
        assert_eq!(breaches(&[("sidecar-core", "sidecar-breaker", None)]).len(), 1);
        assert_eq!(breaches(&[("sidecar-core", "sidecar-macros", None)]).len(), 1);
        assert_eq!(breaches(&[("sidecar-macros", "sidecar-core", None)]).len(), 1);
    }

    #[test]
    fn the_facade_is_used_only_by_what_sits_on_it() {
        for from in ["sidecar-core", "sidecar-macros", "sidecar-breaker", "sidecar-testkit", "xtask"] {
            for table in [None, Some("dev"), Some("build")] {
                let found = breaches(&[(from, "sidecar-runtime", table)]);
                assert_eq!(found.len(), 1, "{from} {table:?}: {found:?}");
            }
        }
    }

    #[test]
    fn the_program_takes_pieces_from_the_facade() {
        assert_eq!(breaches(&[("sidecar-cli", "sidecar-breaker", None)]).len(), 1);
        assert_eq!(breaches(&[("sidecar-cli", "sidecar-macros", None)]).len(), 1);
    }

    #[test]
    fn nothing_uses_the_members_that_are_not_libraries() {
        for used in ["sidecar-cli", "examples", "benches", "xtask"] {
            assert_eq!(breaches(&[("sidecar-runtime", used, Some("dev"))]).len(), 1, "{used}");
        }
    }

    #[test]
    fn the_harness_is_for_tests_and_knows_no_piece() {
        for (from, table) in [("sidecar-core", None), ("sidecar-runtime", Some("build")), ("benches", None)] {
            let found = breaches(&[(from, "sidecar-harness", table)]);
            assert_eq!(found.len(), 1, "{from}: {found:?}");
            assert!(found[0].ends_with("and only dev-dependencies name it"), "{found:?}");
        }
        for used in ["sidecar-breaker", "sidecar-runtime", "sidecar-macros"] {
            for table in [None, Some("dev")] {
                assert_eq!(breaches(&[("sidecar-harness", used, table)]).len(), 1, "{used} {table:?}");
            }
        }
        assert_eq!(lone_member("sidecar-harness", "null").len(), 1, "it may not be published");
    }

    #[test]
    fn the_test_kit_is_for_tests() {
        for from in ["sidecar-breaker", "sidecar-runtime", "sidecar-cli"] {
            assert_eq!(breaches(&[(from, "sidecar-testkit", None)]).len(), 1, "{from}");
            assert_eq!(breaches(&[(from, "sidecar-testkit", Some("dev"))]), [""; 0], "{from}");
        }
    }

    #[test]
    fn tooling_stays_apart() {
        assert_eq!(breaches(&[("xtask", "sidecar-core", None)]).len(), 1);
    }

    fn lone_member(name: &str, publish: &str) -> Vec<String> {
        let json = format!(
            r#"{{"target_directory": "target", "packages": [
                {{"name": "{name}", "publish": {publish}, "targets": [], "dependencies": []}}]}}"#
        );
        violations(&Metadata::parse(&json).expect("the text is what cargo prints"))
    }

    #[test]
    fn a_member_that_is_not_for_users_must_not_be_published() {
        assert_eq!(
            lone_member("benches", "null"),
            ["benches is not for users: its manifest needs `publish = false`"]
        );
        assert_eq!(lone_member("benches", "[]"), [""; 0]);
    }

    #[test]
    fn a_member_without_a_place_is_caught() {
        assert!(lone_member("sidecar-surprise", "null")[0].starts_with("sidecar-surprise has no place"));
    }
}
