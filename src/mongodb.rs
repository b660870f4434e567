//! The migration as a script for mongosh.
//!
//! The server does the work: there are aggregations, index builds and updates, and no loop over
//! documents. Rust says what the server is told; `lib/database/mongodb/runner.js`, which is part of the script
//! and of the command, says when: it checks, copies, counts and removes, and goes on after a stop.
//!
//! What the server is told is put together of building blocks, each defined once (`block`): scripts
//! define them as functions and call them, so that people can review what will run, and a driver gets
//! the data that the calls make.

mod access;
mod block;
mod check;
mod command;
mod copy;
mod expression;
mod inspect;
mod javascript;
mod migration;
mod refill;
mod repair;
mod schema;
mod script;
mod value;

pub use inspect::inspect;
pub use schema::schema;
pub use script::{migration, statements};
