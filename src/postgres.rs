//! The migration as SQL for PostgreSQL.

mod agreement;
mod change;
mod check;
mod dependents;
mod facts;
mod inspect;
mod lists;
mod names;
mod ownership;
mod places;
mod preflight;
mod questions;
mod quote;
mod reconcile;
mod schema;
mod script;
mod session;
mod statement;

pub use inspect::inspect;
pub use schema::schema;
pub use script::{Role, locked, migration, statements};
