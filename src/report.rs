//! The report: a plan to look at, alone or with what a database holds. One page of HTML that needs
//! nothing else, or Markdown for a pull request.
//!
//! Both are templates of the same model, which are filled in by a library that escapes every name and
//! message by itself.

mod filters;
mod markdown;
mod picture;

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use askama::Template;
use serde::Deserialize;

use self::picture::{Fate, Panel, Picture, pictures};
use crate::error::Problem;
use crate::inspection::{Copied, Finding, Inspection, Related, State};
use crate::outcome::Kept;
use crate::plan::{AdapterPlan, Direction, Engine, Options, UpgradePlan};
use crate::relationship::{Kind, Relationship};
use crate::schema::{TableSchema, Which};
use crate::snapshot::Snapshot;
use crate::{diff, mongodb, postgres};

/// So many of the largest locked tables are listed.
const LARGEST: usize = 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Html,
    Markdown,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Found {
    pub check: Inspection,
    /// What a migration has made of it, if one was run.
    pub relationships: Option<Vec<Kept>>,
    /// Whether that migration was a dry run, of which nothing is left.
    #[serde(default)]
    pub is_rehearsed: bool,
    pub warnings: Option<Vec<Finding>>,
    /// How long a dry run took, and for how much of that the tables were locked, in milliseconds.
    pub duration_ms: Option<f64>,
    pub locked_ms: Option<f64>,
    /// The command that backs it up.
    pub backup: String,
}

impl Found {
    /// Reads what a caller says `check` or `apply` has returned for a project. It may be of other lists
    /// than those of the plan: from before they changed, or of another project.
    pub fn parse(json: &str, plan: &UpgradePlan) -> Result<Self, Problem> {
        let invalid = |reason: String| {
            Problem::new(
                "INVALID_OPTION",
                format!(
                    "The option inspection is not what check or apply has returned for this project: {reason}."
                ),
            )
        };
        let found: Found =
            serde_json::from_str(json).map_err(|error| invalid(error.to_string()))?;
        let Inspection { adapter, engine, relationships, .. } = &found.check;
        let own = plan.adapter(Some(adapter))?;
        if std::mem::discriminant(engine) != std::mem::discriminant(&own.engine) {
            return Err(invalid(format!("the adapter {adapter} is on {}", own.engine_name())));
        }
        let named = |it: &Related| plan.relationships.get(it.relationship).map(|own| &own.name);
        match relationships.iter().find(|it| named(it) != Some(&it.name)) {
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

    fn times(&self) -> String {
        let seconds = |milliseconds: f64| format!("{:.1} seconds", milliseconds / 1000.0);
        let Some(took) = self.duration_ms.map(seconds) else { return String::new() };
        let locked = self.locked_ms.map(seconds);
        let locked = locked.map(|time| format!(", and the tables were locked for {time}"));
        format!(" It took {took}{}.", locked.unwrap_or_default())
    }
}

/// Writes a report on all adapters of a plan, or on the one of that name. `found` is of one adapter,
/// in the direction of `script`.
pub fn render(
    plan: &UpgradePlan,
    snapshot: &Snapshot,
    adapter: Option<&str>,
    script: Options,
    found: Option<&Found>,
    format: Format,
) -> Result<String, Problem> {
    let chosen = match adapter {
        Some(_) => vec![plan.adapter(adapter)?.index],
        None => (0..plan.adapters.len()).collect(),
    };
    let parts = chosen.into_iter().map(|at| Part::new(plan, snapshot, at, script, found));
    let (from, to) = script.direction.schemas();
    let version = env!("CARGO_PKG_VERSION");
    let report = Report { version, plan, from, to, parts: parts.collect::<Result<_, _>>()? };
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
    plan: &'a UpgradePlan,
    from: &'static str,
    to: &'static str,
    parts: Vec<Part<'a>>,
}

struct Part<'a> {
    plan: &'a AdapterPlan,
    language: &'static str,
    verdict: Verdict,
    facts: Vec<Fact>,
    backup: &'a str,
    problems: &'a [Finding],
    warnings: &'a [Finding],
    groups: BTreeMap<Kind, Vec<Entry<'a>>>,
    is_counted: bool,
    /// Statements for all relationships together, each kind under its title.
    frame: Vec<Statements>,
    diff: String,
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
}

struct Entry<'a> {
    /// Which it is, counted from 1: for links within the report.
    number: usize,
    relationship: &'a Relationship,
    picture: Picture<'a>,
    statements: Vec<Statements>,
    related: Option<&'a Related>,
    moved: Option<&'a Kept>,
}

impl Entry<'_> {
    fn panels(&self) -> Vec<Panel<'_>> {
        self.picture.panels(self.related)
    }

    /// The panels as rows of a table in Markdown, a cell for each panel.
    fn rows(&self) -> Vec<Vec<String>> {
        let columns: Vec<Vec<String>> = self.panels().iter().map(markdown::cells).collect();
        let rows = columns.iter().map(Vec::len).max().unwrap_or(0);
        let cell = |column: &Vec<String>, row: usize| column.get(row).cloned().unwrap_or_default();
        (0..rows).map(|row| columns.iter().map(|column| cell(column, row)).collect()).collect()
    }

    fn links(&self) -> String {
        match self.moved {
            Some(moved) if moved.before == moved.after => moved.after.to_string(),
            Some(moved) => format!("{} → {}", moved.before, moved.after),
            None => {
                let places = self.related.iter().flat_map(|it| &it.places);
                let most = places.filter_map(|it| it.links).max();
                most.map_or_else(|| "–".to_owned(), |links| links.to_string())
            }
        }
    }

    fn state(&self) -> &'static str {
        match self.related.map_or(State::Unchanged, |it| it.state) {
            State::Unchanged => "the same in both schemas",
            State::Old => "in the old schema",
            State::New => "in the new schema",
            State::Both => "what both schemas have",
            State::Mixed => "partly in the old schema and partly in the new",
            State::Neither => "nothing of either schema",
        }
    }
}

struct Statements {
    title: String,
    text: String,
}

impl<'a> Part<'a> {
    fn new(
        plan: &'a UpgradePlan,
        snapshot: &'a Snapshot,
        at: usize,
        script: Options,
        found: Option<&'a Found>,
    ) -> Result<Self, Problem> {
        let part = &plan.adapters[at];
        let found = found.filter(|found| found.check.adapter == part.name);
        let partly = found.filter(|found| found.check.is_partly());
        let engine = partly.map_or(&part.engine, |found| &found.check.engine);
        let mut written = written(plan, engine, script)?;
        let related = found.into_iter().flat_map(|found| &found.check.relationships);
        let related: HashMap<usize, &Related> = related.map(|it| (it.relationship, it)).collect();
        let moved = found.and_then(|found| found.relationships.as_ref()).into_iter().flatten();
        let moved: HashMap<usize, &Kept> = moved.map(|it| (it.relationship, it)).collect();
        let mut groups: BTreeMap<Kind, Vec<Entry<'_>>> = BTreeMap::new();
        for (at, picture) in pictures(plan, snapshot, part, script.direction) {
            let relationship = &plan.relationships[at];
            groups.entry(relationship.kind).or_default().push(Entry {
                number: at + 1,
                relationship,
                picture,
                statements: written.remove(&Some(at)).unwrap_or_default(),
                related: related.get(&at).copied(),
                moved: moved.get(&at).copied(),
            });
        }
        let changes = groups.values().flatten().map(|entry| entry.picture.changes());
        let changes: Vec<_> = changes.collect();
        let changed = changes.iter().filter(|changes| !changes.is_empty()).count();
        let dropped = changes.iter().flatten().filter(|place| place.fate() == Fate::Dropped);
        let dropped = dropped.map(|place| place.name().to_owned()).collect();
        let is_done = found.is_some_and(|found| found.check.is_done || found.is_migrated());
        let facts =
            if changed == 0 || is_done { Vec::new() } else { facts(part, script, found, dropped) };
        let (language, backup) = match part.engine {
            Engine::PostgreSql(_) => {
                ("sql", "pg_dump --format=custom --file=backup.dump \"$DATABASE_URL\"")
            }
            Engine::MongoDb(_) => ("js", "mongodump --uri=\"$MONGO_URL\" --out=backup"),
        };
        Ok(Part {
            plan: part,
            language,
            verdict: Verdict::new(changed, changes.len(), script, found),
            facts,
            backup: found.map_or(backup, |found| &found.backup),
            problems: found.map(|found| &*found.check.problems).unwrap_or_default(),
            warnings: found.map(Found::warnings).unwrap_or_default(),
            groups,
            is_counted: found.is_some(),
            frame: written.remove(&None).unwrap_or_default(),
            diff: schema_diff(plan, snapshot, at, script.direction),
        })
    }
}

impl Part<'_> {
    fn diff_lines(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.diff.lines().enumerate().map(|(number, line)| match line.as_bytes().first() {
            _ if number < 2 => ("head", line),
            Some(b'@') => ("hunk", line),
            Some(b'-') => ("gone", line),
            Some(b'+') => ("come", line),
            _ => ("same", line),
        })
    }
}

/// The statements of a migration by the relationship that they are for, or for all of them.
type Written = HashMap<Option<usize>, Vec<Statements>>;

fn written(plan: &UpgradePlan, engine: &Engine, script: Options) -> Result<Written, Problem> {
    let mut written = Written::new();
    match engine {
        Engine::PostgreSql(tables) => {
            for it in postgres::statements(plan, tables, script)? {
                let title = match (it.role, it.relationship, it.title) {
                    (postgres::Role::Change, Some(_), _) => "Change".to_owned(),
                    (_, _, Some(title)) => title,
                    _ => "Transaction".to_owned(),
                };
                let text = [&it.sql, ";\n"].concat();
                let under = written.entry(it.relationship).or_default();
                match under.last_mut().filter(|last| last.title == title) {
                    Some(last) => last.text.push_str(&text),
                    None => under.push(Statements { title, text }),
                }
            }
        }
        Engine::MongoDb(collections) => {
            for (at, text) in mongodb::calls(plan, collections, script) {
                let statements = Statements { title: "In the script".to_owned(), text };
                written.insert(Some(at), vec![statements]);
            }
        }
    }
    Ok(written)
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
            if changed == 0 {
                let text = "Both schemas store the relationships the same way.";
                return verdict("good", "Nothing to do", text.to_owned());
            }
            let text = "This report comes from the lists alone: --check looks at the database.";
            return verdict("neutral", "Not checked yet", format!("{relationships} {text}"));
        };
        let check = &found.check;
        let name = &check.database.name;
        let (title, text) = if found.is_rehearsed {
            let text = format!("Everything in the database {name} has been taken back.");
            ("The dry run succeeded", format!("{text} {relationships}{}", found.times()))
        } else if found.relationships.is_some() {
            ("Done and verified", format!("{relationships} The database {name} is in {to}."))
        } else if check.is_done {
            let text = match check.state() {
                State::Unchanged => "stores its relationships the same in both schemas".to_owned(),
                _ => format!("is in {to} already"),
            };
            ("Nothing to do", format!("The database {name} {text}."))
        } else if check.is_ready() && check.is_partly() {
            ("Ready", format!("A part of the migration has been done in the database {name}."))
        } else if check.is_ready() {
            ("Ready", format!("The database {name} is in {from}. {relationships}"))
        } else {
            let number = check.problems.len();
            let title =
                format!("Not ready: {number} problem{}", if number == 1 { "" } else { "s" });
            let text = format!("The database {name} cannot be migrated as it is.");
            return verdict("bad", &title, text);
        };
        verdict("good", title, text)
    }
}

/// What the migration drops, and what it locks or copies: what the database says, or else the plan.
fn facts(
    part: &AdapterPlan,
    script: Options,
    found: Option<&Found>,
    dropped: Vec<String>,
) -> Vec<Fact> {
    let without_size = |names: Vec<String>| -> Vec<(String, Option<String>)> {
        names.into_iter().map(|name| (name, None)).collect()
    };
    let drops = without_size(found.map_or(dropped, |found| found.check.drops.clone()));
    let during = match &part.engine {
        Engine::PostgreSql(tables) => {
            let mut items = match found {
                Some(found) => {
                    let mut locks = found.check.locks.clone();
                    locks.sort_by_key(|lock| Reverse(lock.bytes));
                    locks.into_iter().map(|it| (it.name, Some(size(it.bytes)))).collect()
                }
                None => without_size(postgres::locked(tables, script.direction)),
            };
            let more = items.len().saturating_sub(LARGEST);
            items.truncate(LARGEST);
            Fact { title: "Locks while it runs", items, more }
        }
        Engine::MongoDb(collections) => {
            let planned =
                || collections.steps.iter().flat_map(|it| mongodb::copies(&it.step, script));
            let copies = found.map_or_else(|| planned().collect(), |it| it.check.copies.clone());
            Fact { title: "Copies", items: copies.iter().map(copied).collect(), more: 0 }
        }
    };
    vec![Fact { title: "Drops", items: drops, more: 0 }, during]
}

/// `todos.readers → todo_readers`, and how much there is to read.
fn copied(Copied { from, into, documents, bytes, .. }: &Copied) -> (String, Option<String>) {
    let amount = documents.zip(*bytes);
    let amount = amount.map(|(documents, bytes)| format!("{documents} documents, {}", size(bytes)));
    (format!("{from} → {into}"), amount)
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

fn schema_diff(plan: &UpgradePlan, snapshot: &Snapshot, at: usize, direction: Direction) -> String {
    let text = |which| match TableSchema::new(plan, snapshot, at, which) {
        Some(schema) => postgres::schema(&schema),
        None => mongodb::schema(plan, snapshot, at, which),
    };
    let old = ("old schema", text(Which::Old));
    let new = ("new schema", text(Which::New));
    let (from, to) = if direction == Direction::Up { (old, new) } else { (new, old) };
    diff::unified(&from.1, &to.1, (from.0, to.0), false)
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
        // The way back fills a field of each side that was removed.
        let snapshot = project("mongoose", GUIDE);
        let plan = UpgradePlan::new(&snapshot).unwrap();
        let down = Options { direction: Direction::Down, ..UP };
        let back = render(&plan, &snapshot, None, down, None, Format::Markdown).unwrap();
        for copy in
            ["`todos.publisher → users.published`", "→ todos.readers`", "→ users.readPosts`"]
        {
            assert!(back.contains(copy), "{copy} in {back}");
        }
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
