//! MongoDB: which relationships a migration changes, as data, and the script for mongosh.
//!
//! What is done for each kind of relationship is JavaScript, as it runs in mongosh and in Node:
//! `lib/database/mongodb/vocabulary.js` says what the server does, and `runner.js` beside it says when.
//! The server does the work: there are aggregations, index builds and updates, and no loop over
//! documents. Both files are part of every script.

mod access;
mod inspect;
mod javascript;
mod migration;
mod missing;
mod places;
mod schema;
mod script;

pub use inspect::{copies, inspect};
pub use schema::schema;
pub use script::{calls, migration, statements};
