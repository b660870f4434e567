//! The migration as a script for mongosh.
//!
//! The server does the work: the script holds aggregations, index builds and updates, and no loop
//! over documents.

mod check;
mod command;
mod copy;
mod expression;
mod javascript;
mod schema;
mod script;

pub use schema::schema;
pub use script::migration;
