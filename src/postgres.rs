//! The migration as SQL for PostgreSQL.

mod agreement;
mod change;
mod check;
mod dependents;
mod facts;
mod inspect;
mod names;
mod ownership;
mod preflight;
mod quote;
mod reconcile;
mod schema;
mod script;
mod statement;
mod values;

pub use inspect::inspect;
pub use schema::schema;
pub use script::{Role, locked, migration, statements};
