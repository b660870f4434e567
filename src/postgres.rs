//! The migration as SQL for PostgreSQL.

mod check;
mod dependents;
mod names;
mod preflight;
mod quote;
mod reconcile;
mod script;
mod statement;

pub use script::migration;
