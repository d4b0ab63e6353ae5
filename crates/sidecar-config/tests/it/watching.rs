//! Files that are saved in every way that editors and orchestrators know: real files, virtual time.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};

use serde::{Deserialize, Serialize};
use sidecar_config::{Live, Report, Validate, Watcher};
use tempfile::TempDir;

const MS: u64 = 1_000_000;
/// A good save must be in force by then.
const IN_FORCE: u64 = 1_000 * MS;

/// Its checksum tells a whole save from a mixture of two.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Checked {
    serial: u64,
    filler: Vec<u64>,
    checksum: u64,
}

impl Checked {
    fn new(serial: u64) -> Self {
        let filler: Vec<u64> = (0..serial % 40).map(|at| serial * 31 + at).collect();
        let checksum = Self::sum(serial, &filler);
        Self { serial, filler, checksum }
    }

    fn sum(serial: u64, filler: &[u64]) -> u64 {
        filler.iter().fold(serial.wrapping_mul(7), |sum, item| sum.wrapping_mul(31).wrapping_add(*item))
            % 1_000_003
    }

    fn is_whole(&self) -> bool {
        self.checksum == Self::sum(self.serial, &self.filler)
    }

    /// The checksum stands first, so that a text that is cut off behind it is still YAML.
    fn text(&self) -> String {
        let items: String = self.filler.iter().map(|item| format!("  - {item}\n")).collect();
        let filler = if items.is_empty() { "filler: []\n".to_owned() } else { format!("filler:\n{items}") };
        format!("checksum: {}\nserial: {}\n{filler}", self.checksum, self.serial)
    }
}

impl Validate for Checked {
    fn validate(&self, report: &mut Report) {
        if !self.is_whole() {
            report.refuse("checksum", self.checksum, "that of the other keys");
        }
    }
}

/// A directory with one file in it, watched.
struct Desk {
    directory: TempDir,
    path: PathBuf,
    live: Live<Checked>,
    watcher: Watcher<Checked>,
    now: u64,
}

impl Desk {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("checked.yml");
        fs::write(&path, Checked::new(0).text()).expect("a file");
        Self::watch(directory, path)
    }

    fn watch(directory: TempDir, path: PathBuf) -> Self {
        let live = Live::builder().file(&path).load().expect("valid");
        let watcher = live.watcher();
        let mut desk = Self { directory, path, live, watcher, now: 1_000 * MS };
        desk.wait(1_000 * MS);
        desk
    }

    /// Lets the watcher look as often as it wants for this long.
    fn wait(&mut self, time: u64) {
        let end = self.now + time;
        while self.now < end {
            let next = self.watcher.tick(self.now).expect("it lives");
            assert!(next > self.now && next - self.now <= 250 * MS, "it looks often enough");
            self.now = next.min(end);
        }
    }

    /// Waits until this is in force, and no longer than a good save may take.
    fn expect(&mut self, serial: u64) {
        self.wait(IN_FORCE);
        assert_eq!((self.live.get().serial, self.live.status().error), (serial, None));
    }

    fn beside(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn replace(&self, text: &str) {
        let next = self.beside(".next");
        fs::write(&next, text).expect("a file");
        fs::rename(&next, &self.path).expect("renamed");
    }
}

#[test]
fn written_over_renamed_into_place_and_moved_away_first() {
    let mut desk = Desk::new();
    fs::write(&desk.path, Checked::new(1).text()).expect("a file");
    desk.expect(1);
    desk.replace(&Checked::new(2).text());
    desk.expect(2);
    // As editors do that keep a backup: for a moment nothing is there.
    fs::rename(&desk.path, desk.beside("checked.yml~")).expect("renamed");
    desk.wait(60 * MS);
    fs::write(&desk.path, Checked::new(3).text()).expect("a file");
    desk.expect(3);
    assert_eq!(desk.live.status().refused, 0);
}

#[test]
fn a_config_map_whose_link_is_turned() {
    let directory = tempfile::tempdir().expect("a directory");
    let version = |number: u64| directory.path().join(format!("..version-{number}"));
    let turn = |number: u64| {
        fs::create_dir(version(number)).expect("a directory");
        fs::write(version(number).join("checked.yml"), Checked::new(number).text()).expect("a file");
        let next = directory.path().join("..data_tmp");
        symlink(version(number), &next).expect("a link");
        fs::rename(&next, directory.path().join("..data")).expect("renamed");
    };
    turn(0);
    let path = directory.path().join("checked.yml");
    symlink(Path::new("..data/checked.yml"), &path).expect("a link");
    let (first, second) = (version(0), version(1));
    turn(1);
    fs::remove_dir_all(&first).expect("removed");
    let live = Live::<Checked>::builder().file(&path).load().expect("valid");
    let mut watcher = live.watcher();
    let mut now = 0;
    let mut wait = |time: u64| {
        let end = now + time;
        while now < end {
            now = watcher.tick(now).expect("it lives");
        }
    };
    wait(IN_FORCE);
    assert_eq!(live.get().serial, 1);
    turn(2);
    fs::remove_dir_all(&second).expect("removed");
    wait(IN_FORCE);
    assert_eq!(live.get().serial, 2);
}

#[test]
fn a_directory_that_is_deleted_and_made_again() {
    let outer = tempfile::tempdir().expect("a directory");
    let inner = outer.path().join("config");
    fs::create_dir(&inner).expect("a directory");
    let path = inner.join("checked.yml");
    fs::write(&path, Checked::new(0).text()).expect("a file");
    let mut desk = Desk::watch(outer, path);
    fs::remove_dir_all(&inner).expect("removed");
    desk.wait(2_000 * MS);
    assert_eq!(desk.live.get().serial, 0, "the last good settings");
    assert!(desk.live.status().error.is_some());
    fs::create_dir(&inner).expect("a directory");
    fs::write(&desk.path, Checked::new(1).text()).expect("a file");
    desk.expect(1);
}

#[test]
fn a_save_in_steps_is_one_change() {
    let mut desk = Desk::new();
    let text = Checked::new(39).text();
    let changed = desk.live.status().changed;
    for end in (0..=text.len()).step_by(50).chain([text.len()]) {
        fs::write(&desk.path, &text[..end]).expect("a file");
        desk.wait(400 * MS);
    }
    desk.expect(39);
    let status = desk.live.status();
    assert_eq!((status.changed - changed, status.refused), (1, 0));
}

#[test]
fn what_says_less_than_before_must_stand_still_for_longer() {
    let mut desk = Desk::new();
    fs::write(&desk.path, Checked::new(0).text()).expect("a file");
    desk.expect(0);
    // Valid by itself: serial and filler have their defaults.
    fs::write(&desk.path, "checksum: 0\n").expect("a file");
    desk.wait(500 * MS);
    assert!(desk.live.provenance().get("serial").expect("a setting").origin().path().is_some());
    desk.wait(500 * MS);
    assert!(desk.live.provenance().get("serial").expect("a setting").origin().path().is_none());
}

#[test]
fn a_file_that_stays_bad_is_refused_once_and_not_at_every_look() {
    let mut desk = Desk::new();
    fs::write(&desk.path, "checksum: [\n").expect("a file");
    desk.wait(60_000 * MS);
    assert_eq!(desk.live.status().refused, 1);
    fs::write(&desk.path, Checked::new(5).text()).expect("a file");
    desk.expect(5);
}

#[test]
fn a_save_that_leaves_size_and_time_as_they_were_is_found_by_its_contents() {
    let mut desk = Desk::new();
    let (before, after) = (Checked::new(40), Checked::new(80));
    assert_eq!(before.text().len(), after.text().len(), "the same size");
    desk.replace(&before.text());
    desk.expect(40);
    let time = fs::metadata(&desk.path).and_then(|metadata| metadata.modified()).expect("a time");
    fs::write(&desk.path, after.text()).expect("a file");
    fs::File::options()
        .write(true)
        .open(&desk.path)
        .and_then(|file| file.set_modified(time))
        .expect("set back");
    desk.wait(6_000 * MS);
    assert_eq!(desk.live.get().serial, 80);
}

#[test]
fn a_clock_that_steps_back_does_not_end_the_watching() {
    let mut desk = Desk::new();
    desk.now = 1_000_000 * MS;
    desk.wait(1_000 * MS);
    desk.now = 10 * MS;
    fs::write(&desk.path, Checked::new(1).text()).expect("a file");
    desk.expect(1);
}

#[test]
fn it_ends_with_the_last_live() {
    let desk = Desk::new();
    let Desk { live, mut watcher, now, .. } = desk;
    assert!(watcher.tick(now).is_some());
    drop(live);
    assert_eq!(watcher.tick(now), None);
}

/// Ways to save; each but the last three leaves what was meant.
#[derive(Clone, Copy, Debug)]
enum Save {
    TruncateAndWrite,
    Rename,
    LinkSwap,
    TwoWrites,
    Partial,
    Empty,
    Garbage,
}

/// No wrong settings are ever in force, whatever is saved and however, and each good save is within a second.
///
/// A thread reads all the while.
fn saves(kind: Save, times: u64) {
    let mut desk = Desk::new();
    let done = AtomicBool::new(false);
    let (live, highest) = (desk.live.clone(), AtomicU64::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(SeqCst) {
                let settings = live.get();
                assert!(settings.is_whole(), "{settings:?}");
                highest.fetch_max(settings.serial, SeqCst);
                std::thread::yield_now();
            }
        });
        // The reader must end also when an assertion fails here.
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let mut good = 0;
            for serial in 1..=times {
                let text = Checked::new(serial).text();
                match kind {
                    Save::TruncateAndWrite => {
                        fs::write(&desk.path, "").expect("a file");
                        desk.wait(10 * MS * (serial % 3));
                        fs::write(&desk.path, &text).expect("a file");
                        good = serial;
                    }
                    Save::Rename => {
                        desk.replace(&text);
                        good = serial;
                    }
                    Save::LinkSwap => {
                        let target = desk.beside(&format!("target-{}", serial % 2));
                        fs::write(&target, &text).expect("a file");
                        let link = desk.beside(".link");
                        symlink(&target, &link).expect("a link");
                        fs::rename(&link, &desk.path).expect("renamed");
                        good = serial;
                    }
                    Save::TwoWrites => {
                        let half = text.len() / 2;
                        fs::write(&desk.path, &text[..half]).expect("a file");
                        desk.wait(50 * MS * (serial % 7));
                        fs::write(&desk.path, &text).expect("a file");
                        good = serial;
                    }
                    Save::Partial => {
                        let end = 1 + (serial as usize * 7) % (text.len() - 1);
                        fs::write(&desk.path, &text[..end]).expect("a file");
                    }
                    Save::Empty => fs::write(&desk.path, "").expect("a file"),
                    Save::Garbage => {
                        let noise: Vec<u8> = (0..50).map(|at| (serial * 131 + at * 17) as u8).collect();
                        fs::write(&desk.path, noise).expect("a file");
                    }
                }
                desk.wait(IN_FORCE);
                if good == serial {
                    assert_eq!(desk.live.get().serial, serial, "{kind:?}");
                } else if serial % 16 == 0 {
                    // Garbage over garbage changes nothing; a good save in between ends that.
                    fs::write(&desk.path, &text).expect("a file");
                    desk.expect(serial);
                }
            }
        }));
        done.store(true, SeqCst);
        if let Err(panic) = outcome {
            std::panic::resume_unwind(panic);
        }
    });
    assert!(highest.load(SeqCst) <= times);
}

/// Saves of each kind: more with `SIDECAR_SAVES` set, as the long run has it.
fn times() -> u64 {
    std::env::var("SIDECAR_SAVES").ok().and_then(|text| text.parse().ok()).unwrap_or(300)
}

#[test]
fn truncate_and_write() {
    saves(Save::TruncateAndWrite, times());
}

#[test]
fn rename() {
    saves(Save::Rename, times());
}

#[test]
fn link_swap() {
    saves(Save::LinkSwap, times());
}

#[test]
fn two_writes() {
    saves(Save::TwoWrites, times());
}

#[test]
fn partial() {
    saves(Save::Partial, times());
}

#[test]
fn empty() {
    saves(Save::Empty, times());
}

#[test]
fn garbage() {
    saves(Save::Garbage, times());
}

#[test]
fn the_thread_loads_what_changes_until_it_is_stopped() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("checked.yml");
    fs::write(&path, Checked::new(0).text()).expect("a file");
    let live = Live::<Checked>::builder().file(&path).load().expect("valid");
    let (told, news) = std::sync::mpsc::channel();
    live.subscribe(move |settings: &Checked| _ = told.send(settings.serial)).expect("room");
    let watch = live.watch().expect("a thread");
    assert!(live.watch().expect("the same thread").is_running());
    fs::write(&path, Checked::new(1).text()).expect("a file");
    assert_eq!(news.recv_timeout(std::time::Duration::from_secs(60)), Ok(1));
    watch.stop();
    assert!(!watch.is_running());
}
