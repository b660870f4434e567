//! Whose session it is, and what that user may not do.

use serde::Deserialize;

use super::change::Change;
use super::preflight;
use super::questions::Questions;
use super::quote::{literal, values};
use crate::inspection::Finding;

#[derive(Default, Deserialize)]
pub(super) struct Session {
    pub(super) name: String,
    pub(super) user: String,
    pub(super) version: String,
    is_standby: bool,
    is_read_only: bool,
    can_create: Option<bool>,
}

/// A table that the migration locks.
#[derive(Deserialize)]
pub(super) struct Locked {
    pub(super) tab: String,
    pub(super) bytes: u64,
    owner: String,
    is_owned: bool,
}

pub(super) fn locked(
    questions: &Questions<'_>,
    changes: &[Change<'_>],
) -> Result<Vec<Locked>, String> {
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    let query = format!(
        "SELECT name, coalesce(pg_total_relation_size(oid), 0), relowner::regrole::text, pg_has_role(relowner, 'USAGE')
  FROM (VALUES
{}
  ) AS touched (name) JOIN pg_class ON oid = to_regclass(format('%I.%I', {}, name))
  ORDER BY name",
        values("    ", preflight::touched(changes).into_iter().map(|table| [literal(table)])),
        literal(questions.statements.schema_name())
    );
    questions.rows("locks", &query, &["tab", "bytes", "owner", "is_owned"])
}

impl Session {
    pub(super) fn ask(questions: &Questions<'_>) -> Result<Self, String> {
        let query = format!(
            "SELECT current_database(), current_user, current_setting('server_version'), pg_is_in_recovery(),
    current_setting('default_transaction_read_only')::boolean,
    (SELECT has_schema_privilege(oid, 'CREATE') FROM pg_namespace WHERE nspname = {})",
            literal(questions.statements.schema_name())
        );
        let columns = ["name", "user", "version", "is_standby", "is_read_only", "can_create"];
        let [session] = questions.rows("session", &query, &columns)?;
        Ok(session)
    }

    /// What the migration would not be allowed to do.
    pub(super) fn problems(
        &self,
        schema: &str,
        locked: &[Locked],
        changes: &[Change<'_>],
    ) -> Vec<Finding> {
        let Session { user, is_standby, is_read_only, can_create, .. } = self;
        let others = locked.iter().filter(|it| !it.is_owned);
        let others: Vec<String> =
            others.map(|it| format!("{} (owner {})", it.tab, it.owner)).collect();
        // To drop what one owns takes no more than that.
        let creates = changes.iter().any(|change| change.dropped().is_none());
        let standby =
            "This server is a standby, which is read only. Connect to the primary server.";
        let read_only = format!(
            "Transactions of the user {user} only read here (default_transaction_read_only). Run the migration as a user who may write."
        );
        let not_owner = format!(
            "The user {user} does not own the tables that have to change: {}. Run the migration as their owner.",
            others.join(", ")
        );
        let no_privilege = format!(
            "The user {user} may not create in the schema {schema}, which renaming takes as well. GRANT CREATE ON SCHEMA {schema} TO that user, or run the migration as another."
        );
        let problems = [
            (*is_standby, Finding::new("STANDBY", standby.to_owned())),
            (*is_read_only, Finding::new("READ_ONLY", read_only)),
            (!others.is_empty(), Finding::new("NOT_OWNER", not_owner)),
            (creates && *can_create == Some(false), Finding::new("NO_PRIVILEGE", no_privilege)),
        ];
        problems.into_iter().filter(|(applies, _)| *applies).map(|(_, it)| it).collect()
    }
}
