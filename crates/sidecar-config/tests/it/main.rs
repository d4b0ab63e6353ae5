//! How settings load, for types of any shape.

mod limits;
mod live;
mod shorthand;
