//! Trees of files as the kernel would show them.

use super::*;
use proptest::prelude::*;
use std::fs;

const V1_MOUNTS: &str = "\
31 23 0:28 / /sys/fs/cgroup ro,nosuid shared:9 - tmpfs tmpfs ro,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:10 - cgroup cgroup rw,cpu,cpuacct
33 31 0:30 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset
34 31 0:31 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
";
const V2_MOUNT: &str = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
const V1_GROUPS: &str = "12:memory:/app\n9:cpuset:/\n4:cpu,cpuacct:/app\n1:name=systemd:/app\n";
const CORE: u64 = 1_000_000_000;
const MIB: u64 = 1_048_576;

struct Tree(tempfile::TempDir);

impl Tree {
    fn new(groups: &str, mounts: &str) -> Self {
        let tree = Self(tempfile::tempdir().expect("a folder"));
        tree.with("proc/self/cgroup", groups).with("proc/self/mountinfo", mounts)
    }

    fn with(self, path: &str, text: impl AsRef<[u8]>) -> Self {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
        self
    }

    fn v1(groups: &str) -> Self {
        Self::new(groups, V1_MOUNTS)
    }

    fn v2(groups: &str) -> Self {
        Self::new(groups, V2_MOUNT)
    }

    fn quota_v1(self, group: &str, quota: &str, period: &str) -> Self {
        let folder = format!("sys/fs/cgroup/cpu,cpuacct/{group}");
        self.with(&format!("{folder}/cpu.cfs_quota_us"), quota)
            .with(&format!("{folder}/cpu.cfs_period_us"), period)
    }

    fn memory_v1(self, group: &str, bytes: &str) -> Self {
        self.with(&format!("sys/fs/cgroup/memory/{group}/memory.limit_in_bytes"), bytes)
    }

    fn max_v2(self, group: &str, cpu: &str, memory: &str) -> Self {
        let folder = format!("sys/fs/cgroup/{group}");
        self.with(&format!("{folder}/cpu.max"), cpu).with(&format!("{folder}/memory.max"), memory)
    }

    /// The limits: nanoseconds of CPU time within a second, and bytes.
    fn limits(&self) -> (Option<u64>, Option<u64>) {
        let Limits { cpu_nanos_per_second, memory_bytes } = Cgroups::at(self.0.path()).limits();
        (cpu_nanos_per_second, memory_bytes)
    }
}

#[test]
fn version_1_has_a_hierarchy_for_each_controller() {
    let tree = Tree::v1(V1_GROUPS).quota_v1("app", "150000\n", "100000\n").memory_v1("app", "268435456\n");
    assert_eq!(tree.limits(), (Some(CORE * 3 / 2), Some(256 * MIB)));
}

#[test]
fn version_1_says_no_limit_by_numbers() {
    for unlimited in ["9223372036854771712\n", "9223372036854710272\n", "18446744073709551615\n"] {
        let tree = Tree::v1(V1_GROUPS).quota_v1("app", "-1\n", "100000\n").memory_v1("app", unlimited);
        assert_eq!(tree.limits(), (None, None), "{unlimited}");
    }
}

#[test]
fn version_2_has_one_hierarchy() {
    let tree = Tree::v2("0::/app\n").max_v2("app", "50000 100000\n", "104857600\n");
    assert_eq!(tree.limits(), (Some(CORE / 2), Some(100 * MIB)));
}

#[test]
fn version_2_says_no_limit_by_a_word() {
    let tree = Tree::v2("0::/app\n").max_v2("app", "max 100000\n", "max\n");
    assert_eq!(tree.limits(), (None, None));
}

#[test]
fn the_lowest_limit_of_all_ancestors_holds_whichever_has_it() {
    let tree = Tree::v2("0::/slice/app/leaf\n")
        .max_v2("slice", "100000 100000\n", "max\n")
        .max_v2("slice/app", "300000 200000\n", "209715200\n")
        .max_v2("slice/app/leaf", "max 100000\n", "419430400\n");
    assert_eq!(tree.limits(), (Some(CORE), Some(200 * MIB)));

    let tree = Tree::v1("1:cpu:/a/b\n2:memory:/a/b\n")
        .quota_v1("", "-1", "100000")
        .quota_v1("a", "25000", "100000")
        .quota_v1("a/b", "400000", "100000")
        .memory_v1("a", "9223372036854771712")
        .memory_v1("a/b", "1048576");
    assert_eq!(tree.limits(), (Some(CORE / 4), Some(MIB)));
}

#[test]
fn a_hybrid_has_each_controller_in_one_of_the_versions() {
    let unified = "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";
    let tree = Tree::new(&format!("{V1_GROUPS}0::/slice\n"), &format!("{V1_MOUNTS}{unified}"))
        .quota_v1("app", "200000\n", "100000\n")
        .with("sys/fs/cgroup/unified/slice/cgroup.procs", "1\n");
    assert_eq!(tree.limits(), (Some(2 * CORE), None), "the second version has no controllers");

    let memory_in_v2 = "7:cpu,cpuacct:/app\n0::/slice\n";
    let tree = Tree::new(memory_in_v2, &format!("{V1_MOUNTS}{unified}"))
        .quota_v1("app", "200000\n", "100000\n")
        .with("sys/fs/cgroup/unified/slice/memory.max", "1048576\n");
    assert_eq!(tree.limits(), (Some(2 * CORE), Some(MIB)));
}

#[test]
fn a_container_sees_its_own_group_where_the_mount_begins() {
    // Without a namespace of its own: the mount begins at the group, the path is the host's.
    let mounts = "50 40 0:29 /docker/4f /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n";
    let tree = Tree::new("5:memory:/docker/4f\n", mounts).memory_v1("", "1048576\n");
    assert_eq!(tree.limits(), (None, Some(MIB)));
    let tree = Tree::new("5:memory:/docker/4f/child\n", mounts).memory_v1("child", "2097152\n");
    assert_eq!(tree.limits(), (None, Some(2 * MIB)));
    // A name that merely begins like it is another group.
    let tree = Tree::new("5:memory:/docker/4f00\n", mounts).memory_v1("", "1048576\n");
    assert_eq!(tree.limits(), (None, None));

    // With one: both are at the root.
    let tree = Tree::v2("0::/\n").max_v2("", "75000 100000\n", "max\n");
    assert_eq!(tree.limits(), (Some(CORE * 3 / 4), None));
}

#[test]
fn a_group_outside_of_the_namespace_is_found_only_where_a_mount_shows_it() {
    let tree = Tree::v2("0::/../other\n").max_v2("", "75000 100000\n", "1048576\n");
    let tree = tree.max_v2("../other", "10000 100000\n", "1\n");
    assert_eq!(tree.limits(), (None, None));
    let mounts = "30 23 0:26 /.. /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
    let tree = Tree::new("0::/../other\n", mounts).max_v2("other", "75000 100000\n", "1048576\n");
    assert_eq!(tree.limits(), (Some(CORE * 3 / 4), Some(MIB)));
}

#[test]
fn of_several_mounts_the_one_that_shows_the_group_serves() {
    let elsewhere = "29 23 0:26 /other /mnt/other rw - cgroup2 cgroup2 rw\n";
    let tree =
        Tree::new("0::/app\n", &format!("{elsewhere}{V2_MOUNT}")).max_v2("app", "max 1\n", "1048576\n");
    assert_eq!(tree.limits(), (None, Some(MIB)));
}

#[test]
fn names_may_hold_spaces_colons_and_other_bytes() {
    let mounts = "30 23 0:26 / /sys/fs/c\\040group\\134 rw - cgroup2 cgroup2 rw\n";
    let tree = Tree::new("0::/a:b c\n", mounts).with("sys/fs/c group\\/a:b c/memory.max", "1048576\n");
    assert_eq!(tree.limits(), (None, Some(MIB)));
}

#[test]
fn files_that_are_missing_are_no_limit() {
    let empty = tempfile::tempdir().expect("a folder");
    assert_eq!(Cgroups::at(empty.path()).limits(), Limits::default());
    assert_eq!(Tree::v2("0::/app\n").limits(), (None, None), "not even the group's folder");
    assert_eq!(Tree::v2("0::/app\n").with("sys/fs/cgroup/app/cgroup.procs", "").limits(), (None, None));
    let without_period = Tree::v1(V1_GROUPS).with("sys/fs/cgroup/cpu,cpuacct/app/cpu.cfs_quota_us", "5000");
    assert_eq!(without_period.limits(), (None, None));
    let no_mounts = Tree::new("0::/app\n", "").max_v2("app", "50000 100000\n", "1048576\n");
    assert_eq!(no_mounts.limits(), (None, None));
}

#[test]
fn garbage_is_no_limit_and_hides_none() {
    for text in
        ["", "\n", "x", "-5 100000", "50000", "50000 0", "0 100000", "5e4 1e5", "99999999999999999999 1"]
    {
        let tree = Tree::v2("0::/a/b\n").max_v2("a", "50000 100000", "1048576").max_v2("a/b", text, "\u{e9}");
        assert_eq!(tree.limits(), (Some(CORE / 2), Some(MIB)), "{text:?}");
    }
    let tree = Tree::v2("0::/a\n").with("sys/fs/cgroup/a/memory.max", [0xff, b'1']);
    assert_eq!(tree.limits(), (None, None));
    for groups in ["", "0", "0:", "0::", "0::app", "::/app", "0:memory:/app", "x::/app"] {
        let tree = Tree::v2(groups).max_v2("app", "50000 100000", "1048576");
        assert_eq!(tree.limits(), (None, None), "{groups:?}");
    }
    for mounts in ["30", "30 23 0:26 / /sys/fs/cgroup rw cgroup2 cgroup2 rw", "- cgroup2 cgroup2 rw"] {
        let tree = Tree::new("0::/app\n", mounts).max_v2("app", "50000 100000", "1048576");
        assert_eq!(tree.limits(), (None, None), "{mounts:?}");
    }
}

#[test]
fn this_process_can_be_read() {
    // Whatever its limits are: reading them neither fails nor finds nonsense.
    let limits = Cgroups::default().limits();
    assert!(limits.memory_bytes.is_none_or(|bytes| bytes > 0), "{limits:?}");
}

proptest! {
    #[test]
    fn no_text_makes_the_parsers_panic(
        groups in "([0-9]{1,2}:(cpu|memory)?(,cpuacct)?:(/[a.]{0,3}){0,4}\n?){0,4}",
        mounts in "([0-9 /]{0,12}(/\\.\\.)? /(\\\\[0-9]{3}|[a/]){0,6} rw - cgroup2? [a-z]* (rw|cpu|memory|,)*\n?){0,4}",
        noise in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        let tree = Tree::new(&groups, &mounts);
        let _ = Cgroups::at(tree.0.path()).limits();
        parse_mount(&noise);
        group_of(&noise, Version::Two);
        unescaped(&noise);
    }

    #[test]
    fn what_was_escaped_is_read_back(name in prop::collection::vec(any::<u8>(), 0..40)) {
        let escape = |byte: &u8| match byte {
            b' ' | b'\t' | b'\n' | b'\\' => format!("\\{byte:03o}").into_bytes(),
            byte => vec![*byte],
        };
        let escaped: Vec<u8> = name.iter().flat_map(escape).collect();
        prop_assert_eq!(unescaped(&escaped), name);
    }
}
