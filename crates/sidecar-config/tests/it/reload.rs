//! Loading again while the program runs: whole generations, or none.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};

use serde::{Deserialize, Serialize};
use sidecar_config::{EnvMap, ErrorKind, Live, MAX_SUBSCRIBERS, Origin, Reload, Rule, Validate};
use tempfile::TempDir;

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Queue {
    size: u32,
    name: String,
    address: String,
    rates: std::collections::BTreeMap<String, f64>,
}

impl Validate for Queue {
    const RULES: &'static [Rule] = &[Rule::whole("size", 0, 100), Rule::number("rates.*", 0.0, 1.0)];
    const FIXED: &'static [&'static str] = &["address"];
}

struct File {
    _directory: TempDir,
    path: PathBuf,
}

impl File {
    fn new(text: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let file = Self { path: directory.path().join("queue.yml"), _directory: directory };
        file.write(text);
        file
    }

    fn write(&self, text: &str) {
        std::fs::write(&self.path, text).expect("a file");
    }

    fn load(&self) -> Live<Queue> {
        Live::builder().file(&self.path).load().expect("valid")
    }
}

#[test]
fn what_changed_is_a_new_generation_and_old_readers_keep_theirs() {
    let file = File::new("size: 1\n");
    let live = file.load();
    let before = live.get();
    file.write("size: 2\nname: new\n");
    assert_eq!(live.reload(), Ok(Reload::Changed));
    let after = live.get();
    assert_eq!((before.size, after.size, after.name.as_str()), (1, 2, "new"));
    assert_eq!(live.generation(), 2);
    assert_eq!(live.clone().generation(), 2, "clones share it");
    let place = live.provenance();
    assert_eq!(place.get("name").expect("a setting").origin().line(), Some(2));
}

#[test]
fn a_file_that_says_the_same_again_is_no_new_generation() {
    let file = File::new("size: 1\n");
    let live = file.load();
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    live.subscribe(move |_| _ = count.fetch_add(1, SeqCst)).expect("room");
    file.write("# moved down\nsize: 1\n");
    assert_eq!(live.reload(), Ok(Reload::Unchanged));
    assert_eq!((live.generation(), calls.load(SeqCst)), (1, 0));
    assert_eq!(live.provenance().get("size").expect("a setting").origin().line(), Some(2));
    assert_eq!(live.status().unchanged, 1);
}

#[test]
fn a_refused_file_keeps_the_last_good_settings_and_says_why() {
    let file = File::new("size: 7\n");
    let live = file.load();
    for (bad, kind) in [
        ("size: 700\n", ErrorKind::Value),
        ("size: [\n", ErrorKind::Syntax),
        ("", ErrorKind::Source),
        ("sise: 7\n", ErrorKind::UnknownKey),
    ] {
        file.write(bad);
        let errors = live.reload().expect_err("refused");
        assert_eq!(errors.iter().next().expect("one").kind(), kind, "{errors}");
        assert_eq!((live.get().size, live.generation()), (7, 1));
        let told = live.status().error.expect("why");
        assert_eq!(*told, errors);
    }
    std::fs::remove_file(&file.path).expect("removed");
    assert!(live.reload().is_err());
    assert_eq!(live.status().refused, 5);
    file.write("size: 8\n");
    assert_eq!(live.reload(), Ok(Reload::Changed));
    assert!(live.status().error.is_none(), "the trouble is over");
    assert_eq!(live.get().size, 8);
}

#[test]
fn what_cannot_change_while_running_is_refused_by_name_and_nothing_else_changes_either() {
    let file = File::new("address: here\nsize: 1\n");
    let live = file.load();
    file.write("address: there\nsize: 2\n");
    let errors = live.reload().expect_err("refused");
    assert_eq!(errors.len(), 1);
    let text = format!(
        "{}:1: address would be \"there\", but is \"here\" as long as the program runs: start it again",
        file.path.display()
    );
    assert_eq!(errors.to_string(), text);
    assert_eq!(errors.iter().next().expect("one").kind(), ErrorKind::Fixed);
    assert_eq!(live.get().size, 1);
}

#[test]
fn code_stays_above_the_file_at_every_reload() {
    let file = File::new("size: 1\nname: file\n");
    let live = Live::<Queue>::builder()
        .file(&file.path)
        .code(|queue| queue.name = "code".to_owned())
        .load()
        .expect("valid");
    file.write("size: 2\nname: other\n");
    assert_eq!(live.reload(), Ok(Reload::Changed));
    assert_eq!((live.get().size, live.get().name.as_str()), (2, "code"));
    assert_eq!(live.provenance().get("name").expect("a setting").origin(), &Origin::Code);
}

#[test]
fn settings_given_by_the_program_stay_above_the_file_where_they_differ_or_are_named() {
    let file = File::new("size: 1\nname: file\nrates: {a: 0.5}\n");
    let loaded = file.load();
    let mut given = Queue::clone(&loaded.get());
    given.rates.insert("b".to_owned(), 0.25);
    file.write("half of a fi");
    let live = loaded.edited(given, &["name".to_owned()]).expect("nothing is read");
    assert_eq!((live.get().rates["b"], live.get().name.as_str(), live.generation()), (0.25, "file", 1));
    assert_eq!(live.provenance().get("name").expect("a setting").origin(), &Origin::Code);
    file.write("size: 2\nname: other\nrates: {a: 0.75, c: 1.0}\n");
    assert_eq!(live.reload(), Ok(Reload::Changed));
    let queue = live.get();
    assert_eq!((queue.size, queue.name.as_str()), (2, "file"), "named, though the file said the same");
    let rates: Vec<_> = queue.rates.iter().map(|(name, rate)| (name.as_str(), *rate)).collect();
    assert_eq!(rates, [("a", 0.75), ("b", 0.25), ("c", 1.0)]);
    assert_eq!(live.provenance().get("rates.b").expect("a setting").origin(), &Origin::Code);
    assert!(live.provenance().get("rates.a").expect("a setting").origin().path().is_some());
}

#[test]
fn settings_that_the_program_made_wrong_are_refused() {
    let loaded = Live::<Queue>::builder().load().expect("defaults");
    let errors = loaded.edited(Queue { size: 700, ..Queue::default() }, &[]).expect_err("refused");
    assert_eq!(errors.to_string(), "code: size is 700, but must be a whole number from 0 to 100");
}

#[test]
fn the_environment_is_read_again_and_stays_above_the_file() {
    let file = File::new("size: 1\n");
    let environment = EnvMap::new().var("QUEUE_SIZE", "size").values([("QUEUE_SIZE", "9")]);
    let live = Live::<Queue>::builder().file(&file.path).env(environment).load().expect("valid");
    file.write("size: 2\nname: new\n");
    assert_eq!(live.reload(), Ok(Reload::Changed));
    assert_eq!((live.get().size, live.get().name.as_str()), (9, "new"));
}

#[test]
fn subscribers_see_every_later_generation_in_order_and_whole() {
    let file = File::new("size: 0\nname: n0\n");
    let live = file.load();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let subscription = live
        .subscribe(move |queue| log.lock().expect("no panic").push((queue.size, queue.name.clone())))
        .expect("room");
    for size in 1..=5 {
        file.write(&format!("size: {size}\nname: n{size}\n"));
        live.reload().expect("valid");
    }
    assert!(live.unsubscribe(subscription) && !live.unsubscribe(subscription));
    file.write("size: 6\n");
    live.reload().expect("valid");
    let expected: Vec<_> = (1..=5).map(|size| (size, format!("n{size}"))).collect();
    assert_eq!(*seen.lock().expect("no panic"), expected);
}

#[test]
fn a_subscriber_that_panics_or_reloads_does_not_keep_the_others_from_the_news() {
    let file = File::new("size: 0\n");
    let live = file.load();
    live.subscribe(|_| panic!("always")).expect("room");
    let (again, path) = (live.clone(), file.path.clone());
    live.subscribe(move |queue| {
        if queue.size == 1 {
            std::fs::write(&path, "size: 2\n").expect("a file");
            again.reload().expect("valid");
        }
    })
    .expect("room");
    let last = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&last);
    live.subscribe(move |queue| seen.store(queue.size.into(), SeqCst)).expect("room");
    file.write("size: 1\n");
    live.reload().expect("valid");
    assert_eq!((live.get().size, last.load(SeqCst), live.generation()), (2, 2, 3));
}

#[test]
fn a_slow_subscriber_holds_up_no_other_reload() {
    let file = File::new("size: 0\n");
    let live = file.load();
    let (entered, wait_entered) = mpsc::channel();
    let (release, wait_release) = mpsc::channel::<()>();
    let wait_release = Mutex::new(wait_release);
    live.subscribe(move |queue| {
        let _ = entered.send(queue.size);
        if queue.size == 1 {
            let _ = wait_release.lock().expect("no panic").recv();
        }
    })
    .expect("room");
    file.write("size: 1\n");
    let reloading = std::thread::spawn({
        let live = live.clone();
        move || live.reload()
    });
    assert_eq!(wait_entered.recv(), Ok(1));
    file.write("size: 2\n");
    assert_eq!(live.reload(), Ok(Reload::Changed), "returns though the subscriber is busy");
    assert_eq!(live.get().size, 2);
    release.send(()).expect("it waits");
    assert_eq!(reloading.join().expect("no panic"), Ok(Reload::Changed));
    assert_eq!(wait_entered.recv(), Ok(2), "told by the thread that was at it");
}

#[test]
fn subscribers_are_bounded() {
    let live = File::new("size: 0\n").load();
    for _ in 0..MAX_SUBSCRIBERS {
        assert!(live.subscribe(|_| {}).is_some());
    }
    assert!(live.subscribe(|_| {}).is_none());
}

#[test]
fn readers_see_whole_generations_while_others_reload() {
    let file = File::new("size: 0\nname: n0\n");
    let live = file.load();
    let done = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut last = 0;
                while done.load(SeqCst) == 0 {
                    let current = live.current();
                    let queue = current.settings();
                    assert_eq!(queue.name, format!("n{}", queue.size));
                    assert!(current.number() >= last, "generations only grow");
                    last = current.number();
                }
            });
        }
        for size in (1..=100).chain(0..=100) {
            let next = file.path.with_extension("tmp");
            std::fs::write(&next, format!("size: {size}\nname: n{size}\n")).expect("a file");
            std::fs::rename(&next, &file.path).expect("renamed");
            live.reload().expect("valid");
        }
        done.store(1, SeqCst);
    });
    assert_eq!(live.get().size, 100);
}
