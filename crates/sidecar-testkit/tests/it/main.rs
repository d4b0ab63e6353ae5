//! How the test kit behaves, from outside.

mod breakers;
mod conserved;
mod pieces;
mod scripts;
