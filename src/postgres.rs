//! The migration as SQL for PostgreSQL.

mod check;
mod names;
mod quote;
mod script;
mod statement;

pub use script::migration;
