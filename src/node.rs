//! The only file that knows Node-API: converts, calls, maps errors.
//!
//! Every export catches panics, which would otherwise end the whole Node process. A mistake of the
//! user crosses as an error whose message is the JSON of [`Problems`]; `lib/plan.js` makes it an
//! `UpgradeError` of the caller's own realm.

use napi::{Error, Result, Status};
use napi_derive::napi;
use serde::Serialize;

use crate::error::Problems;
use crate::inspection::{Asked, Inspection};
use crate::plan::{AdapterPlan, Direction, Engine, Options, UpgradePlan};
use crate::report::{self, Format, Found};
use crate::schema::{TableSchema, Which};
use crate::snapshot::Snapshot;
use crate::{diff, mongodb, outcome, postgres, summary};

/// What a caller wants of a plan: by default, up and without repairs, in a transaction.
#[napi(object)]
pub struct Wanted {
    pub adapter: Option<String>,
    #[napi(ts_type = "'up' | 'down'")]
    pub direction: Option<String>,
    pub reconcile: Option<bool>,
    pub transaction: Option<bool>,
}

impl Wanted {
    fn options(&self) -> Options {
        let is_down = self.direction.as_deref() == Some("down");
        Options {
            direction: if is_down { Direction::Down } else { Direction::Up },
            reconcile: self.reconcile.unwrap_or(false),
            transaction: self.transaction.unwrap_or(true),
        }
    }

    fn part<'a>(&self, plan: &'a UpgradePlan) -> Result<&'a AdapterPlan> {
        plan.adapter(self.adapter.as_deref()).map_err(thrown)
    }
}

/// A plan, held on the Rust side. `lib/plan.js` wraps it as `UpgradePlan`.
#[napi(js_name = "NativePlan")]
pub struct NativePlan {
    snapshot: Snapshot,
    plan: UpgradePlan,
}

/// Plans the upgrade of the project in a snapshot, given as JSON.
///
/// Throws an error whose message is a JSON array of `{ code, message, list?, field? }`.
#[napi(catch_unwind)]
pub fn plan_upgrade(json: String) -> Result<NativePlan> {
    let snapshot = Snapshot::parse(&json).map_err(thrown)?;
    let plan = UpgradePlan::new(&snapshot).map_err(thrown)?;
    Ok(NativePlan { snapshot, plan })
}

#[napi]
impl NativePlan {
    /// The summary, with ANSI colours if asked for.
    #[napi(catch_unwind)]
    pub fn summary(&self, adapter: Option<String>, color: bool) -> Result<String> {
        summary::render(&self.plan, adapter.as_deref(), color).map_err(thrown)
    }

    /// The migration of one adapter's database: `up` to the new schema, or `down` to the old.
    #[napi(catch_unwind)]
    pub fn migration(&self, wanted: Wanted) -> Result<String> {
        let options = wanted.options();
        let part = wanted.part(&self.plan)?;
        match &part.engine {
            Engine::PostgreSql(tables) => {
                postgres::migration(&self.plan, part, tables, options).map_err(thrown)
            }
            Engine::MongoDb(collections) => {
                Ok(mongodb::migration(&self.plan, part, collections, options))
            }
        }
    }

    /// The statements of that migration as JSON: an array for PostgreSQL, for MongoDB what
    /// `lib/database/mongodb/runner.js` takes. With the JSON of an [`Inspection`], those that are
    /// left to do on the database.
    #[napi(catch_unwind)]
    pub fn statements(&self, wanted: Wanted, inspection: Option<String>) -> Result<String> {
        let options = wanted.options();
        let part = wanted.part(&self.plan)?;
        let found = inspection.map(|json| serde_json::from_str::<Inspection>(&json)).transpose();
        let found = found.map_err(unexpected)?;
        match found.as_ref().map_or(&part.engine, |inspection| &inspection.engine) {
            Engine::PostgreSql(tables) => {
                let statements = postgres::statements(&self.plan, tables, options);
                statements.map(json).map_err(thrown)
            }
            Engine::MongoDb(collections) => {
                Ok(mongodb::statements(&self.plan, collections, options))
            }
        }
    }

    /// What to ask one adapter's database, or once the answers are there, what it holds: the JSON of
    /// `Inspected`. `answers` is a JSON object. With `is_running` the migration is about to check by
    /// itself what it must.
    #[napi(catch_unwind)]
    pub fn inspect(&self, wanted: Wanted, is_running: bool, answers: String) -> Result<String> {
        let answers = serde_json::from_str(&answers).map_err(unexpected)?;
        let part = wanted.part(&self.plan)?;
        let asked = Asked { options: wanted.options(), is_running, answers: &answers };
        match &part.engine {
            Engine::PostgreSql(tables) => {
                postgres::inspect(&self.plan, &self.snapshot, part, tables, asked)
            }
            Engine::MongoDb(collections) => {
                mongodb::inspect(&self.plan, &self.snapshot, part, collections, asked)
            }
        }
        .map(json)
        .map_err(unexpected)
    }

    /// The old or the new schema of one adapter's database.
    #[napi(catch_unwind)]
    pub fn schema(
        &self,
        #[napi(ts_arg_type = "'old' | 'new'")] which: String,
        adapter: Option<String>,
    ) -> Result<String> {
        let which = if which == "old" { Which::Old } else { Which::New };
        self.schema_text(adapter.as_deref(), which)
    }

    /// The unified diff from the old schema to the new, with ANSI colours if asked for.
    #[napi(catch_unwind)]
    pub fn diff(&self, adapter: Option<String>, color: bool) -> Result<String> {
        let adapter = adapter.as_deref();
        let old = self.schema_text(adapter, Which::Old)?;
        let new = self.schema_text(adapter, Which::New)?;
        Ok(diff::unified(&old, &new, ("old schema", "new schema"), color))
    }

    /// The report as a page or as Markdown. `found` is the JSON of a [`Found`], or null.
    #[napi(catch_unwind)]
    pub fn report(
        &self,
        wanted: Wanted,
        #[napi(ts_arg_type = "'html' | 'md'")] format: String,
        found: Option<String>,
    ) -> Result<String> {
        let format = if format == "md" { Format::Markdown } else { Format::Html };
        let found = found.map(|json| Found::parse(&json, &self.plan)).transpose();
        let found = found.map_err(thrown)?;
        let adapter = wanted.adapter.as_deref();
        let script = wanted.options();
        report::render(&self.plan, &self.snapshot, adapter, script, found.as_ref(), format)
            .map_err(thrown)
    }

    /// `{ hasChanges, adapters: { name, hasChanges, engine }[], warnings }` as JSON: a small part of
    /// what `toJson` gives.
    #[napi(catch_unwind)]
    pub fn outline(&self) -> String {
        self.plan.outline()
    }

    #[napi(catch_unwind)]
    pub fn to_json(&self) -> String {
        json(&self.plan)
    }
}

impl NativePlan {
    fn schema_text(&self, adapter: Option<&str>, which: Which) -> Result<String> {
        let at = self.plan.adapter(adapter).map_err(thrown)?.index;
        Ok(match TableSchema::new(&self.plan, &self.snapshot, at, which) {
            Some(schema) => postgres::schema(&schema.with_types().map_err(thrown)?),
            None => mongodb::schema(&self.plan, &self.snapshot, at, which),
        })
    }
}

/// The unified diff of two texts under the given names, with ANSI colours if asked for.
#[napi(catch_unwind)]
pub fn diff_schemas(
    old_sql: String,
    new_sql: String,
    old_name: String,
    new_name: String,
    color: bool,
) -> String {
    diff::unified(&old_sql, &new_sql, (&old_name, &new_name), color)
}

/// Compares what two inspections of one plan have found before and after the migration: the JSON of
/// an [`outcome::Outcome`].
#[napi(catch_unwind)]
pub fn outcome(before: String, after: String) -> Result<String> {
    let parse = |text: &str| serde_json::from_str(text).map_err(unexpected);
    Ok(json(outcome::Outcome::new(&parse(&before)?, &parse(&after)?)))
}

fn json(value: impl Serialize) -> String {
    serde_json::to_string(&value).expect("it has string keys only")
}

/// What this package's own JavaScript should not have sent.
fn unexpected(error: impl ToString) -> Error {
    Error::new(Status::InvalidArg, error.to_string())
}

fn thrown(problems: impl Into<Problems>) -> Error {
    Error::new(Status::InvalidArg, json(problems.into()))
}
