//! The report: a plan to look at, alone or with what a database holds. One page of HTML that needs
//! nothing else, or Markdown for a pull request.
//!
//! Both are templates of the same model, which are filled in by a library that escapes every name and
//! message by itself.

mod filters;
mod markdown;
mod picture;

use askama::Template;
use askama::filters::Safe;
use serde::Deserialize;

use self::picture::{Change, Fate, Links, Panel, Picture};
use crate::error::Problem;
use crate::inspection::{Finding, Inspection, Related, State};
use crate::outcome::Kept;
use crate::plan::{AdapterPlan, Direction, Engine, Options, UpgradePlan};
use crate::relationship::Kind;
use crate::schema::{TableSchema, Which};
use crate::snapshot::Snapshot;
use crate::{diff, mongodb, postgres};

/// So many of the largest locked tables are listed.
const LARGEST: usize = 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Html,
    /// Markdown as GitHub and GitLab read it.
    Markdown,
}

/// What is known of a database.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Found {
    /// What it held when it was looked at.
    pub check: Inspection,
    /// What a migration has made of it, if one was run.
    #[serde(default)]
    pub relationships: Option<Vec<Kept>>,
    /// Whether that migration was a dry run, of which nothing is left.
    #[serde(default)]
    pub is_rehearsed: bool,
    /// What the migration has warned of.
    #[serde(default)]
    pub warnings: Option<Vec<Finding>>,
    /// How long a dry run took, and for how much of that the tables were locked, in milliseconds.
    #[serde(default)]
    pub duration_ms: Option<f64>,
    #[serde(default)]
    pub locked_ms: Option<f64>,
    /// The command that backs it up.
    pub backup: String,
}

impl Found {
    /// Reads what a caller says `check` or `apply` has returned for a project. It may be of other lists
    /// than those of the plan: from before they changed, or of another project.
    pub fn parse(json: &str, plan: &UpgradePlan) -> Result<Self, Problem> {
        let invalid = |reason: String| Problem::InvalidInspection { reason };
        let found: Found =
            serde_json::from_str(json).map_err(|error| invalid(error.to_string()))?;
        let Inspection { adapter, engine, relationships, .. } = &found.check;
        let own = plan.adapter(Some(adapter))?;
        if std::mem::discriminant(engine) != std::mem::discriminant(&own.engine) {
            return Err(invalid(format!("the adapter {adapter} is on {}", own.engine_name())));
        }
        let named = |it: &Related| plan.relationships.get(it.relationship).map(|own| own.name());
        match relationships.iter().find(|it| named(it).as_ref() != Some(&it.name)) {
            Some(other) => Err(invalid(format!("the plan has no {}", other.name))),
            None => Ok(found),
        }
    }

    fn is_migrated(&self) -> bool {
        self.relationships.is_some() && !self.is_rehearsed
    }

    fn warnings(&self) -> &[Finding] {
        self.warnings.as_ref().unwrap_or(&self.check.warnings)
    }

    /// How long a dry run took.
    fn times(&self) -> String {
        let seconds = |milliseconds: f64| format!("{:.1} seconds", milliseconds / 1000.0);
        let took = self.duration_ms.map(|time| format!(" It took {}", seconds(time)));
        let locked = self
            .locked_ms
            .map(|time| format!(", and the tables were locked for {}", seconds(time)));
        took.map_or_else(String::new, |took| took + &locked.unwrap_or_default() + ".")
    }
}

/// Writes a report on all adapters of a plan, or on the one of that name. `found` is of one adapter,
/// in the direction of `script`.
///
/// # Errors
/// [`Problem::UnknownAdapter`], and what [`postgres::statements`] cannot write.
pub fn render(
    plan: &UpgradePlan,
    snapshot: &Snapshot,
    adapter: Option<&str>,
    script: Options,
    found: Option<&Found>,
    format: Format,
) -> Result<String, Problem> {
    let only = adapter.map(|_| plan.adapter(adapter)).transpose()?;
    let parts = plan
        .adapters
        .iter()
        .enumerate()
        .filter(|(_, part)| only.is_none_or(|only| std::ptr::eq(only, *part)))
        .map(|(at, _)| Part::new(plan, snapshot, at, script, found))
        .collect::<Result<Vec<_>, _>>()?;
    let report = Report {
        version: env!("CARGO_PKG_VERSION"),
        keystone: plan.keystone.as_deref(),
        from: script.direction.schemas().0,
        to: script.direction.schemas().1,
        parts,
        warnings: plan.warnings.iter().map(|warning| &*warning.message).collect(),
    };
    let text = match format {
        Format::Html => Html { report: &report }.render(),
        Format::Markdown => Markdown { report: &report }.render(),
    };
    Ok(text.expect("a string takes all") + "\n")
}

#[derive(Template)]
#[template(path = "report.html")]
struct Html<'a> {
    report: &'a Report<'a>,
}

#[derive(Template)]
#[template(path = "report.md")]
struct Markdown<'a> {
    report: &'a Report<'a>,
}

struct Report<'a> {
    version: &'static str,
    keystone: Option<&'a str>,
    from: &'static str,
    to: &'static str,
    parts: Vec<Part<'a>>,
    warnings: Vec<&'a str>,
}

/// What is said of one adapter's database.
struct Part<'a> {
    name: &'a str,
    engine: &'static str,
    language: &'static str,
    verdict: Verdict,
    facts: Vec<Fact>,
    backup: &'a str,
    problems: Vec<&'a Finding>,
    warnings: Vec<&'a Finding>,
    groups: Vec<Group>,
    changed: usize,
    total: usize,
    /// Whether a database has been looked at.
    is_counted: bool,
    /// Statements for all relationships together, each kind under its title.
    frame: Vec<Statements>,
    diff: Vec<DiffLine>,
}

struct Verdict {
    tone: &'static str,
    title: String,
    text: String,
}

/// What a migration drops, locks or copies.
struct Fact {
    title: &'static str,
    /// For each name, and how large it is.
    items: Vec<(String, Option<String>)>,
    more: usize,
    none: &'static str,
}

/// The relationships of a kind.
struct Group {
    heading: &'static str,
    entries: Vec<Entry>,
}

/// What is said of a relationship.
struct Entry {
    /// Which it is, counted from 1: for links within the report.
    number: usize,
    name: String,
    cardinality: &'static str,
    changes: Vec<Change>,
    panels: Vec<Panel>,
    statements: Vec<Statements>,
    links: Option<EntryLinks>,
}

impl Entry {
    /// The panels as rows of a table in Markdown, a cell for each panel.
    fn rows(&self) -> Vec<Vec<Safe<String>>> {
        let columns: Vec<Vec<String>> = self.panels.iter().map(markdown::cells).collect();
        let rows = columns.iter().map(Vec::len).max().unwrap_or(0);
        let cell = |column: &Vec<String>, row: usize| column.get(row).cloned().unwrap_or_default();
        (0..rows)
            .map(|row| columns.iter().map(|column| Safe(cell(column, row))).collect())
            .collect()
    }
}

/// What a database holds of a relationship.
struct EntryLinks {
    state: &'static str,
    places: Vec<(String, Option<u64>)>,
    disagreement: Option<Disagreement>,
    moved: Option<Moved>,
}

impl EntryLinks {
    /// In a few words, for a list of relationships.
    fn summary(&self) -> String {
        match &self.moved {
            Some(moved) if moved.before == moved.after => moved.after.to_string(),
            Some(moved) => format!("{} → {}", moved.before, moved.after),
            None => {
                let counts = self.places.iter().filter_map(|(_, links)| *links);
                counts.max().map_or_else(|| "–".to_owned(), |links| links.to_string())
            }
        }
    }
}

struct Disagreement {
    kept: String,
    only_kept: u64,
    dropped: String,
    only_dropped: u64,
    examples: String,
}

struct Moved {
    before: u64,
    after: u64,
    explanation: Option<String>,
}

/// Statements under a title.
struct Statements {
    title: String,
    text: String,
}

struct DiffLine {
    class: &'static str,
    text: String,
}

impl<'a> Part<'a> {
    fn new(
        plan: &'a UpgradePlan,
        snapshot: &Snapshot,
        at: usize,
        script: Options,
        found: Option<&'a Found>,
    ) -> Result<Self, Problem> {
        let part = &plan.adapters[at];
        let found = found.filter(|found| found.check.adapter == part.name);
        let partly = found.filter(|found| found.check.is_partly());
        let engine = partly.map_or(&part.engine, |found| &found.check.engine);
        let mut written = written(plan, engine, script)?;
        let mut groups = Vec::new();
        for kind in Kind::ALL {
            let of_kind = plan.relationships_of(part).filter(|(_, it)| it.kind == kind);
            let entries: Vec<Entry> = of_kind
                .map(|(at, it)| {
                    let picture = Picture::new(plan, snapshot, part, at, script.direction);
                    let related = found.and_then(|found| {
                        found.check.relationships.iter().find(|it| it.relationship == at)
                    });
                    Entry {
                        number: at + 1,
                        name: it.name(),
                        cardinality: it.cardinality.as_str(),
                        changes: picture.changes(),
                        panels: picture.panels(&related.map_or_else(Links::new, counted)),
                        statements: take(&mut written, Some(at)),
                        links: related.map(|related| links(related, found)),
                    }
                })
                .collect();
            if !entries.is_empty() {
                groups.push(Group { heading: kind.heading(), entries });
            }
        }
        let entries = || groups.iter().flat_map(|group| &group.entries);
        let changed = entries().filter(|entry| !entry.changes.is_empty()).count();
        let total = entries().count();
        let facts = facts(part, script, found, &entries().collect::<Vec<_>>());
        Ok(Part {
            name: &part.name,
            engine: part.engine_name(),
            language: match part.engine {
                Engine::PostgreSql { .. } => "sql",
                Engine::MongoDb { .. } => "js",
            },
            verdict: Verdict::new(changed, total, script, found),
            facts,
            backup: match (found, &part.engine) {
                (Some(found), _) => &found.backup,
                (None, Engine::PostgreSql { .. }) => {
                    "pg_dump --format=custom --file=backup.dump \"$DATABASE_URL\""
                }
                (None, Engine::MongoDb { .. }) => "mongodump --uri=\"$MONGO_URL\" --out=backup",
            },
            problems: found.map_or_else(Vec::new, |it| it.check.problems.iter().collect()),
            warnings: found.map_or_else(Vec::new, |it| it.warnings().iter().collect()),
            groups,
            changed,
            total,
            is_counted: found.is_some(),
            frame: take(&mut written, None),
            diff: schema_diff(plan, snapshot, at, script.direction),
        })
    }
}

impl Part<'_> {
    fn diff_text(&self) -> String {
        self.diff.iter().map(|line| [&line.text, "\n"].concat()).collect()
    }
}

/// The statements of a migration, each with the relationship that it is for.
type Written = Vec<(Option<usize>, Statements)>;

fn written(plan: &UpgradePlan, engine: &Engine, script: Options) -> Result<Written, Problem> {
    match engine {
        Engine::PostgreSql { schema_name, steps } => {
            let mut written: Written = Vec::new();
            for it in postgres::statements(plan, schema_name, steps, script)? {
                let title = match (it.role, it.relationship, it.title) {
                    (postgres::Role::Change, Some(_), _) => "Change".to_owned(),
                    (_, _, Some(title)) => title,
                    _ => "Transaction".to_owned(),
                };
                let text = [&it.sql, ";\n"].concat();
                written.push((it.relationship, Statements { title, text }));
            }
            Ok(written)
        }
        Engine::MongoDb { steps, indexes } => Ok(mongodb::calls(plan, (steps, indexes), script)
            .into_iter()
            .map(|(at, text)| (Some(at), Statements { title: "In the script".to_owned(), text }))
            .collect()),
    }
}

/// Those of a relationship, or those that are of none alone.
fn take(written: &mut Written, relationship: Option<usize>) -> Vec<Statements> {
    let mut taken: Vec<Statements> = Vec::new();
    for (_, statements) in written.extract_if(.., |(at, _)| *at == relationship) {
        match taken.last_mut().filter(|last| last.title == statements.title) {
            Some(last) => last.text.push_str(&statements.text),
            None => taken.push(statements),
        }
    }
    taken
}

impl Verdict {
    fn new(changed: usize, total: usize, script: Options, found: Option<&Found>) -> Self {
        let (from, to) = script.direction.schemas();
        let verdict =
            |tone, title: &str, text: String| Verdict { tone, title: title.to_owned(), text };
        let relationships = match (changed, total) {
            (1, 1) => "The only relationship changes.".to_owned(),
            (1, _) => format!("1 of {total} relationships changes."),
            _ => format!("{changed} of {total} relationships change."),
        };
        let Some(found) = found else {
            return match changed {
                0 => verdict(
                    "good",
                    "Nothing to do",
                    "Both schemas store the relationships the same way.".to_owned(),
                ),
                _ => verdict(
                    "neutral",
                    "Not checked yet",
                    format!(
                        "{relationships} This report comes from the lists alone: --check looks at the database."
                    ),
                ),
            };
        };
        let Inspection { database, is_done, is_ready, problems, state, .. } = &found.check;
        let name = &database.name;
        if found.is_rehearsed {
            let text = format!(
                "Everything in the database {name} has been taken back. {relationships}{}",
                found.times()
            );
            return verdict("good", "The dry run succeeded", text);
        }
        if found.relationships.is_some() {
            return verdict(
                "good",
                "Done and verified",
                format!("{relationships} The database {name} is in {to}."),
            );
        }
        if *is_done {
            let text = match state {
                State::Unchanged => {
                    format!(
                        "The database {name} stores its relationships the same in both schemas."
                    )
                }
                _ => format!("The database {name} is in {to} already."),
            };
            return verdict("good", "Nothing to do", text);
        }
        if *is_ready {
            let text = match found.check.is_partly() {
                true => format!("A part of the migration has been done in the database {name}."),
                false => format!("The database {name} is in {from}. {relationships}"),
            };
            return verdict("good", "Ready", text);
        }
        let title = match problems.len() {
            1 => "Not ready: 1 problem".to_owned(),
            many => format!("Not ready: {many} problems"),
        };
        verdict("bad", &title, format!("The database {name} cannot be migrated as it is."))
    }
}

/// What the migration drops, and what it locks or copies: what the database says, or else the plan.
fn facts(
    part: &AdapterPlan,
    script: Options,
    found: Option<&Found>,
    entries: &[&Entry],
) -> Vec<Fact> {
    if found.is_some_and(|found| found.check.is_done || found.is_migrated()) {
        return Vec::new();
    }
    let unsized_items = |names: Vec<String>| names.into_iter().map(|name| (name, None)).collect();
    let drops = match found {
        Some(found) => found.check.drops.clone(),
        None => {
            let changes = entries.iter().flat_map(|entry| &entry.changes);
            let dropped = changes.filter(|change| change.fate == Fate::Dropped);
            dropped.map(|change| change.name.clone()).collect()
        }
    };
    let mut facts =
        vec![Fact { title: "Drops", items: unsized_items(drops), more: 0, none: "Nothing" }];
    match &part.engine {
        Engine::PostgreSql { steps, .. } => {
            let mut items: Vec<(String, Option<String>)> = match found {
                Some(found) => {
                    let mut locks: Vec<_> = found.check.locks.iter().collect();
                    locks.sort_by_key(|lock| std::cmp::Reverse(lock.bytes));
                    let sized =
                        |it: &&crate::inspection::Touched| (it.name.clone(), Some(size(it.bytes)));
                    locks.iter().map(sized).collect()
                }
                None => unsized_items(postgres::locked(steps, script.direction)),
            };
            let more = items.len().saturating_sub(LARGEST);
            items.truncate(LARGEST);
            facts.push(Fact { title: "Locks while it runs", items, more, none: "Nothing" });
        }
        Engine::MongoDb { .. } => {
            let items: Vec<(String, Option<String>)> = match found {
                Some(found) => found.check.copies.iter().map(copied).collect(),
                None => unsized_items(entries.iter().filter_map(|it| filled(it)).collect()),
            };
            facts.push(Fact { title: "Copies", items, more: 0, none: "Nothing" });
        }
    }
    facts
}

/// `todos.readers → todo_readers`, and how much there is to read.
fn copied(copy: &crate::inspection::Copied) -> (String, Option<String>) {
    let amount = copy.documents.zip(copy.bytes);
    (
        format!("{} → {}", copy.from, copy.into),
        amount.map(|(documents, bytes)| format!("{documents} documents, {}", size(bytes))),
    )
}

/// The same by the plan alone.
fn filled(entry: &Entry) -> Option<String> {
    let after = entry.panels.last()?;
    let created = after.joins.iter().find(|join| join.fate == Fate::Created);
    let note = created.and_then(|join| Some((&join.name, join.note.as_ref()?.place.as_ref()?)));
    note.map(|(into, from)| format!("{from} → {into}")).or_else(|| {
        let fields = after.lists.iter().flat_map(|list| {
            let collection = list.collection.as_ref().unwrap_or(&list.key);
            list.fields.iter().map(move |field| (collection, field))
        });
        let mut created = fields.filter(|(_, field)| field.fate == Fate::Created);
        let (collection, field) = created.next()?;
        let from = field.note.as_ref()?.place.as_ref()?;
        Some(format!("{from} → {collection}.{}", field.path))
    })
}

/// Bytes as PostgreSQL itself shows them.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["bytes", "kB", "MB", "GB", "TB"];
    let (mut bytes, mut unit) = (bytes as f64, 0);
    while bytes >= 10240.0 && unit + 1 < UNITS.len() {
        bytes /= 1024.0;
        unit += 1;
    }
    format!("{} {}", bytes.round(), UNITS[unit])
}

fn counted(related: &Related) -> Links<'_> {
    related.places.iter().filter_map(|it| Some((&*it.name, it.links?))).collect()
}

fn links(related: &Related, found: Option<&Found>) -> EntryLinks {
    let place = |is_kept| {
        let mut places = related.places.iter().filter(|it| it.is_kept == is_kept);
        places.find(|it| it.links.is_some()).map(|it| it.name.clone()).unwrap_or_default()
    };
    let moved = found.and_then(|found| found.relationships.as_ref()).and_then(|moved| {
        let moved = moved.iter().find(|it| it.relationship == related.relationship)?;
        let Kept { before, after, explanation, .. } = moved;
        Some(Moved { before: *before, after: *after, explanation: explanation.clone() })
    });
    EntryLinks {
        state: match related.state {
            State::Unchanged => "the same in both schemas",
            State::Old => "in the old schema",
            State::New => "in the new schema",
            State::Both => "what both schemas have",
            State::Mixed => "partly in the old schema and partly in the new",
            State::Neither => "nothing of either schema",
        },
        places: related.places.iter().map(|it| (it.name.clone(), it.links)).collect(),
        disagreement: related.disagreement.as_ref().map(|it| Disagreement {
            kept: place(true),
            only_kept: it.only_kept,
            dropped: place(false),
            only_dropped: it.only_dropped,
            examples: it.examples.clone(),
        }),
        moved,
    }
}

fn schema_diff(
    plan: &UpgradePlan,
    snapshot: &Snapshot,
    at: usize,
    direction: Direction,
) -> Vec<DiffLine> {
    let text = |which| match TableSchema::new(plan, snapshot, at, which) {
        Some(schema) => postgres::schema(&schema),
        None => mongodb::schema(plan, snapshot, at, which),
    };
    let (old, new) = (text(Which::Old), text(Which::New));
    let names = ("old schema", "new schema");
    let diff = match direction {
        Direction::Up => diff::unified(&old, &new, names, false),
        Direction::Down => diff::unified(&new, &old, (names.1, names.0), false),
    };
    let line = |(number, text): (usize, &str)| DiffLine {
        class: match text.as_bytes().first() {
            _ if number < 2 => "head",
            Some(b'@') => "hunk",
            Some(b'-') => "gone",
            Some(b'+') => "come",
            _ => "same",
        },
        text: text.to_owned(),
    };
    diff.lines().enumerate().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FieldSpec, GUIDE, project};

    const UP: Options = Options { direction: Direction::Up, reconcile: false, transaction: true };

    fn report(kind: &str, lists: &[(&str, &[FieldSpec<'_>])], format: Format) -> String {
        let snapshot = project(kind, lists);
        let plan = UpgradePlan::new(&snapshot).unwrap();
        render(&plan, &snapshot, None, UP, None, format).unwrap()
    }

    #[test]
    fn names_stay_text() {
        let evil = "<img src=x onerror=alert(1)>|";
        let lists: &[(&str, &[FieldSpec<'_>])] = &[(evil, &[("many", "Tag", true)]), ("Tag", &[])];
        for kind in ["knex", "mongoose"] {
            let page = report(kind, lists, Format::Html);
            assert!(!page.contains("<img") && page.contains("&#60;img src=x"), "{page}");
            // Every other piece of a line between backticks is code; so are the lines of a block.
            let mut is_block = false;
            for line in report(kind, lists, Format::Markdown).lines() {
                is_block ^= line.starts_with("```");
                let text: String = line.split('`').step_by(2).collect();
                assert!(is_block || !text.contains("<img"), "{line}");
                let cells = line.replace("\\|", "").matches('|').count();
                assert!(is_block || !line.starts_with('|') || cells == 3, "{line}");
            }
        }
    }

    #[test]
    fn a_page_needs_nothing_else_and_runs_nothing() {
        let page = report("knex", GUIDE, Format::Html);
        for word in ["<script", "http:", "https:", "url(", "@import", " style=", " onclick"] {
            assert!(!page.contains(word), "{word}");
        }
    }

    #[test]
    fn a_plan_says_what_is_dropped_and_locked_or_copied() {
        let tables = report("knex", GUIDE, Format::Markdown);
        for line in [
            "- Drops: `User.leadPost`, `User_published`, `User_readPosts`\n",
            "- Locks while it runs: `Todo`, `Todo_readers`, `Todo_reviewers`, `User`, `User_published`, `User_readPosts`\n",
        ] {
            assert!(tables.contains(line), "{tables}");
        }
        let collections = report("mongoose", GUIDE, Format::Markdown);
        let copies = "- Copies: `todos.reviewers → todo_reviewers_manys`, `todos.readers → todo_readers_user_readpostss`\n";
        assert!(collections.contains(copies), "{collections}");
    }

    #[test]
    fn has_nothing_to_take_a_backup_for_where_nothing_changes() {
        let lists: &[(&str, &[FieldSpec<'_>])] = &[("User", &[("boss", "User", false)])];
        let report = report("knex", lists, Format::Markdown);
        assert!(report.contains("**Nothing to do.**"), "{report}");
        assert!(!report.contains("backup") && !report.contains("Schema diff"), "{report}");
    }

    #[test]
    fn sizes_are_as_postgresql_shows_them() {
        assert_eq!(size(8192), "8192 bytes");
        assert_eq!(size(49152), "48 kB");
        assert_eq!(size(8 << 20), "8192 kB");
        assert_eq!(size(3 << 40), "3072 GB");
    }
}
