//! Questions to a database whose answers are rows.

use std::collections::HashSet;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::statement::Statements;
use crate::inspection::{Interview, Query};

pub(super) struct Questions<'a> {
    pub(super) interview: Interview<'a>,
    pub(super) statements: Statements<'a>,
}

#[derive(Deserialize)]
struct Named {
    tab: String,
}

impl Questions<'_> {
    /// The answer to a query, whose columns get the given names: a vector or an array of rows. While it is not
    /// there, it is taken to be empty, or rows by default.
    pub(super) fn rows<T: DeserializeOwned + Default>(
        &self,
        key: &str,
        query: &str,
        names: &[&str],
    ) -> Result<T, String> {
        let names: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
        let query = format!(
            "SELECT coalesce(json_agg(row_to_json(found)), '[]')::text AS answer FROM (\n  {query}\n) AS found ({})",
            names.join(", ")
        );
        Ok(self.interview.ask(key, Query::Sql(query))?.unwrap_or_default())
    }

    /// The answer to a query for the names of tables.
    pub(super) fn tables(&self, key: &str, query: &str) -> Result<HashSet<String>, String> {
        let found: Vec<Named> = self.rows(key, query, &["tab"])?;
        Ok(found.into_iter().map(|it| it.tab).collect())
    }
}
