//! Settings from defaults, files, the environment and code, where every error is reported at once, with its
//! place.
//!
//! [`Live`] loads any type that implements serde's traits, `Default` and [`Validate`], and loads it again while the
//! program runs. What a key means, and what to do when it changes, is left to you.
//!
//! ```
//! use serde::{Deserialize, Serialize};
//! use sidecar_config::{EnvMap, Live, Rule, Validate};
//!
//! #[derive(Debug, Default, Deserialize, Serialize)]
//! #[serde(deny_unknown_fields)]
//! struct Queue { size: u32 }
//!
//! impl Validate for Queue {
//!     const RULES: &'static [Rule] = &[Rule::whole("size", 0, 100)];
//! }
//!
//! let environment = || EnvMap::new().var("QUEUE_SIZE", "size");
//! let live = Live::<Queue>::builder().env(environment().values([("QUEUE_SIZE", "7")])).load()?;
//! assert_eq!(live.get().size, 7);
//!
//! let refused = Live::<Queue>::builder().env(environment().values([("QUEUE_SIZE", "700")])).load();
//! let message = refused.expect_err("too large").to_string();
//! assert_eq!(message, "QUEUE_SIZE: size is 700, but must be a whole number from 0 to 100");
//! # Ok::<(), sidecar_config::ConfigErrors>(())
//! ```
//!
//! # How it works
//!
//! ```text
//! file 1 --parse--> marked tree --cut--> layer 1 --check--.
//! file 2 --parse--> marked tree --cut--> layer 2 --check--+--> merge --> code --> judge --> Live
//! variable --------> one key ----------> layer 3 --check--'
//! ```
//!
//! A file is parsed once, to a tree in which every key knows its line; [`Validate::SECTIONS`] cuts it to the
//! part that is ours. Each layer is then checked alone, above the defaults: the first value that does not
//! deserialise is noted and set aside, and the rest is read again, until nothing is wrong; then
//! [`Validate::RULES`] judge the values. So a wrong value is reported even where a stronger layer hides it.
//! `figment` merges the layers that are left: maps key by key, everything else as a whole.
//!
//! A key without a value (`events:` and nothing more) counts as not given. A word that is short for a map
//! ([`Validate::SHORTHANDS`]) becomes that map before the layers are merged.
//!
//! **Again and again.** [`Live::reload`] reads every layer anew. A good reading becomes the next generation, as a
//! whole: a reader has one or the other. A bad one changes nothing, and [`Live::status`] says why; so does one that
//! would change a key which may not change while the program runs ([`Validate::FIXED`]). [`Live::subscribe`] pushes
//! new settings to those who need them at hand. [`Live::watch`] reloads when a file changes: [`Watcher`] says how it
//! tells a finished save from half of one. Settings that the program changed after they were loaded stay above the
//! files with [`Live::edited`].
//!
//! # Settings
//!
//! | builder | default | meaning |
//! | --- | --- | --- |
//! | [`file`](LiveBuilder::file) | none | a YAML, TOML or JSON file; a later one is stronger |
//! | [`env`](LiveBuilder::env) | none | variables, each for one key |
//! | [`code`](LiveBuilder::code) | none | changes by the program, strongest |
//!
//! # Cost
//! A load reads each file once and deserialises each layer once, and once more per value that does not
//! deserialise, 251 times at most. [`Live::get`] clones an `Arc` and takes no lock. A watch asks the file system for
//! each file five times a second, on a thread of its own.
//!
//! # Limits
//! - A file has at most [`MAX_FILE_BYTES`], 24 levels, and in YAML 10 000 events replayed by aliases; a TOML
//!   key has at most 16 dots. Pipes and devices are not read.
//! - A layer lists at most 100 errors, and says when there are more; a file has at most 100 warnings. Where
//!   more than 50 keys stand without a value, unknown ones among the rest go unnoticed.
//! - At most [`MAX_SUBSCRIBERS`] subscribers. One that hangs keeps the others from the news, and no reader or reload.
//! - A save that pauses for longer than 600 ms counts as two, and half of it is loaded if it is valid by itself.
//! - Keys are scalars; YAML's `<<` is merged; one YAML document per file.
//! - A settings type must deserialise what its `Default` serialises.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod builder;
mod env;
mod error;
mod flat;
mod generation;
mod layer;
mod live;
mod node;
mod origin;
mod parse;
mod provenance;
mod rule;
pub mod seconds;
mod sections;
mod source;
mod status;
mod subscribers;
mod suggest;
mod validate;
mod watch;

pub use builder::LiveBuilder;
pub use env::EnvMap;
pub use error::{ConfigError, ConfigErrors, ErrorKind, Warning};
pub use generation::Generation;
pub use live::Live;
pub use origin::Origin;
pub use provenance::{Provenance, Setting};
pub use rule::Rule;
pub use source::MAX_FILE_BYTES;
pub use status::{Reload, Status};
pub use subscribers::{MAX_SUBSCRIBERS, Subscription};
pub use validate::{Report, Settings, Validate, validate};
pub use watch::{Watch, Watcher};
