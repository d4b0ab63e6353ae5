//! How settings load, for types of any shape.

mod live;
