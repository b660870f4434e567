//! The plan: all relationships of a project and the steps that take its databases from the old
//! schema to the new one.

mod collections;
mod consolidated;
mod part;
mod rest;
mod tables;

use serde::{Deserialize, Serialize};
use serde_json::json;

use self::part::Part;
pub use self::rest::{Tables, locate, parts, parts_of, rest};
use crate::error::{Problem, Problems};
use crate::locale;
use crate::relationship::{self, Relationship};
use crate::snapshot::Snapshot;
use crate::step::{CollectionStep, Indexes, Planned, TableStep};

const JSON_VERSION: u32 = 2;

/// What has to happen to a project's databases, and why. Callers of the API get it as JSON.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UpgradePlan {
    /// Which shape of that JSON this is.
    version: u32,
    pub keystone: Option<String>,
    /// The locale under which Keystone's order of left and right was computed.
    pub locale: String,
    pub has_changes: bool,
    pub relationships: Vec<Relationship>,
    /// One part for each adapter that has lists, in the order of the first list of each.
    pub adapters: Vec<AdapterPlan>,
    pub warnings: Vec<Problem>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AdapterPlan {
    /// Its index in the plan, which is also the adapter's in the snapshot.
    #[serde(skip)]
    pub index: usize,
    pub name: String,
    pub has_changes: bool,
    #[serde(flatten)]
    pub engine: Engine,
}

/// A database engine with the steps of a plan on it, in order of execution.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "engine", rename_all = "lowercase")]
pub enum Engine {
    PostgreSql(TablePlan),
    MongoDb(CollectionPlan),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TablePlan {
    pub schema_name: String,
    pub steps: Vec<Planned<TableStep>>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CollectionPlan {
    pub steps: Vec<Planned<CollectionStep>>,
    pub indexes: Indexes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Direction {
    Up,
    Down,
}

impl Direction {
    /// The schemas that it starts from and ends in, as people call them.
    pub fn schemas(self) -> (&'static str, &'static str) {
        match self {
            Direction::Up => ("the old schema", "the new schema"),
            Direction::Down => ("the new schema", "the old schema"),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Options {
    pub direction: Direction,
    /// Repair two stored sides that disagree, instead of stopping there.
    pub reconcile: bool,
    /// PostgreSQL: begin a transaction and commit it. Otherwise whoever runs the script has done the one and
    /// does the other.
    #[serde(skip)]
    pub transaction: bool,
}

impl AdapterPlan {
    pub fn engine_name(&self) -> &'static str {
        match self.engine {
            Engine::PostgreSql(_) => "PostgreSQL",
            Engine::MongoDb(_) => "MongoDB",
        }
    }
}

impl UpgradePlan {
    pub fn new(snapshot: &Snapshot) -> Result<Self, Problems> {
        if snapshot.lists.is_empty() {
            let message = "The project has no lists, so there is nothing to plan. Create all lists with keystone.createList() first.";
            return Err(Problem::new("NO_LISTS", message.to_owned()).into());
        }
        let mut problems = unsupported(snapshot);
        // Nothing is known of the names on such an adapter.
        if !problems.is_empty() {
            relationship::pair(snapshot, &mut problems);
            return Err(Problems(problems));
        }
        let relationships = relationship::pair(snapshot, &mut problems);
        if problems.is_empty() {
            consolidated::compare(snapshot, &relationships, &mut problems);
        }

        let mut warnings = snapshot.warnings.clone();
        let locale = locale::warning(snapshot, &relationships);
        warnings.extend(locale.map(|message| Problem::new("LOCALE", message)));
        let adapters: Vec<AdapterPlan> = snapshot
            .adapters
            .iter()
            .enumerate()
            .map(|(index, adapter)| {
                let project = Part { snapshot, adapter: index, relationships: &relationships };
                let engine = match adapter.kind.as_str() {
                    "knex" => Engine::PostgreSql(TablePlan {
                        schema_name: adapter.schema_name.as_deref().unwrap_or("public").to_owned(),
                        steps: tables::plan(&project, &mut warnings, &mut problems),
                    }),
                    _ => Engine::MongoDb(CollectionPlan {
                        steps: collections::plan(&project, &mut problems),
                        indexes: collections::indexes(&project),
                    }),
                };
                let has_changes = match &engine {
                    Engine::PostgreSql(tables) => !tables.steps.is_empty(),
                    // The new Keystone makes indexes by itself when it starts.
                    Engine::MongoDb(collections) => !collections.steps.is_empty(),
                };
                AdapterPlan { index, name: adapter.name.clone(), has_changes, engine }
            })
            .collect();
        if !problems.is_empty() {
            return Err(Problems(problems));
        }
        Ok(UpgradePlan {
            version: JSON_VERSION,
            keystone: snapshot.keystone.clone(),
            locale: snapshot.locale.clone(),
            has_changes: adapters.iter().any(|adapter| adapter.has_changes),
            relationships,
            adapters,
            warnings,
        })
    }

    /// The part for the adapter of that name, or for the only one.
    pub fn adapter(&self, name: Option<&str>) -> Result<&AdapterPlan, Problem> {
        let names = || self.adapters.iter().map(|it| &*it.name).collect::<Vec<_>>().join(", ");
        match (name, &self.adapters[..]) {
            (None, [only]) => Ok(only),
            (None, adapters) => Err(Problem::new(
                "ADAPTER_REQUIRED",
                format!(
                    "This project has {} adapters: {}. Choose one with --adapter <name> (the option `adapter` in the API).",
                    adapters.len(),
                    names()
                ),
            )),
            (Some(name), adapters) => {
                adapters.iter().find(|adapter| adapter.name == name).ok_or_else(|| {
                    let message =
                        format!("The project has no adapter \"{name}\". It has: {}.", names());
                    Problem::new("UNKNOWN_ADAPTER", message)
                })
            }
        }
    }

    pub fn relationships_of<'a>(
        &'a self,
        adapter: &AdapterPlan,
    ) -> impl Iterator<Item = (usize, &'a Relationship)> {
        self.relationships.iter().enumerate().filter(move |(_, it)| it.adapter == adapter.index)
    }

    /// What the command needs of it: without relationships and steps, which are most of it.
    pub fn outline(&self) -> String {
        let adapter = |it: &AdapterPlan| {
            let engine = it.engine_name().to_lowercase();
            json!({ "name": it.name, "hasChanges": it.has_changes, "engine": engine })
        };
        let outline = json!({
            "hasChanges": self.has_changes,
            "adapters": self.adapters.iter().map(adapter).collect::<Vec<_>>(),
            "warnings": self.warnings,
        });
        outline.to_string()
    }
}

/// The adapters and options for which no migration can be planned.
fn unsupported(snapshot: &Snapshot) -> Vec<Problem> {
    let mut problems = Vec::new();
    for adapter in &snapshot.adapters {
        let reason = match adapter.kind.as_str() {
            "mongoose" => continue,
            "knex" => {
                let client = adapter.client.as_deref().unwrap_or("postgres");
                if matches!(client, "postgres" | "postgresql" | "pg") {
                    if adapter.wraps_identifiers {
                        let message = format!(
                            "The adapter {} has knexOptions.wrapIdentifier, which changes the names of tables and columns. Remove the option and rename them to Keystone's names first.",
                            adapter.name
                        );
                        problems.push(Problem::new("UNSUPPORTED_OPTION", message));
                    }
                    continue;
                }
                format!("uses knex with the client {client}. This tool supports only PostgreSQL (the clients postgres, postgresql and pg).")
            }
            kind if kind.starts_with("prisma") => "is Prisma, which came after Arcade and never had the old schema: its databases need no migration.".to_owned(),
            kind => format!("is of the kind {kind}, which this tool cannot migrate. It supports knex on PostgreSQL, and mongoose."),
        };
        let message = format!("The adapter {} {reason}", adapter.name);
        problems.push(Problem::new("UNSUPPORTED_ADAPTER", message));
    }
    for list in &snapshot.lists {
        if let Some(table) = list.table_name.as_ref().filter(|table| table.as_str() != &*list.key) {
            let message = format!(
                "The list {} is stored in the table {table} by an adapter of its own. Keystone names a list's table after its key, and so does this migration.",
                list.key
            );
            problems.push(Problem::new("UNSUPPORTED_OPTION", message).on_list(&list.key));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::Name;
    use crate::snapshot::Consolidated;
    use crate::testing::{FieldSpec, GUIDE, project};

    fn plan(kind: &str, lists: &[(&str, &[FieldSpec<'_>])]) -> UpgradePlan {
        UpgradePlan::new(&project(kind, lists)).expect("a sound project")
    }

    fn codes(snapshot: &Snapshot) -> Vec<String> {
        let Problems(problems) = UpgradePlan::new(snapshot).expect_err("problems");
        problems.into_iter().map(|it| it.code).collect()
    }

    fn table_steps(plan: &UpgradePlan) -> Vec<TableStep> {
        let Engine::PostgreSql(tables) = &plan.adapters[0].engine else { panic!("knex") };
        tables.steps.iter().map(|planned| planned.step.clone()).collect()
    }

    #[test]
    fn the_longest_old_name_is_renamed_first() {
        let lists: &[(&str, &[FieldSpec<'_>])] =
            &[("Post", &[("a", "Tag", true), ("a_many", "Tag", true)]), ("Tag", &[])];
        let renamed: Vec<String> = table_steps(&plan("knex", lists))
            .into_iter()
            .map(|step| match step {
                TableStep::RenameJoinTable { from, to } => format!("{} {}", from.name, to.name),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(renamed, ["Post_a_many Post_a_many_many", "Post_a Post_a_many"]);
    }

    #[test]
    fn a_list_related_to_itself_had_no_join_table() {
        let lists: &[(&str, &[FieldSpec<'_>])] = &[(
            "User",
            &[
                ("friends", "User", true),
                ("children", "User.parent", true),
                ("parent", "User.children", false),
                ("fans", "User.idols", true),
                ("idols", "User.fans", true),
            ],
        )];
        let created: Vec<Name> = table_steps(&plan("knex", lists))
            .into_iter()
            .map(|step| match step {
                TableStep::CreateJoinTable { table } => table.name,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(created, ["User_friends_many", "User_fans_User_idols"].map(Name::from));
    }

    #[test]
    fn each_id_that_the_new_schema_keeps_is_indexed() {
        let plan = plan("mongoose", GUIDE);
        let Engine::MongoDb(collections) = &plan.adapters[0].engine else { panic!("mongoose") };
        let indexes: Vec<_> = collections.indexes.values().flatten().collect();
        assert_eq!(indexes, ["author", "leadAuthor", "publisher"]);
    }

    #[test]
    fn an_order_of_definition_changes_no_name() {
        let backwards: Vec<_> = GUIDE.iter().rev().copied().collect();
        let mut forward = table_steps(&plan("knex", GUIDE));
        let mut backward = table_steps(&plan("knex", &backwards));
        forward.sort_by_key(|step| format!("{step:?}"));
        backward.sort_by_key(|step| format!("{step:?}"));
        assert_eq!(forward, backward);
    }

    #[test]
    fn all_mistakes_are_reported_at_once() {
        let lists: &[(&str, &[FieldSpec<'_>])] = &[
            ("Post", &[("a", "Usr", false), ("b", "User.posts", true), ("c", "Post.c", false)]),
            ("User", &[("d", "Post.a", true)]),
        ];
        let snapshot = project("knex", lists);
        let expected = ["UNKNOWN_LIST", "UNKNOWN_FIELD", "SELF_REFERENCE", "MISMATCHED_REF"];
        assert_eq!(codes(&snapshot), expected);
        let problems = UpgradePlan::new(&snapshot).expect_err("problems").0.remove(0).message;
        assert!(problems.contains("Did you mean \"User\"?"), "{problems}");
    }

    #[test]
    fn only_the_first_mistakes_are_compared_with_every_name() {
        let fields: Vec<(String, String)> =
            (0..100).map(|at| (format!("f{at}"), format!("Usr.x{at}"))).collect();
        let fields: Vec<FieldSpec<'_>> =
            fields.iter().map(|(path, to)| (path.as_str(), to.as_str(), false)).collect();
        let problems = UpgradePlan::new(&project("knex", &[("User", &fields)])).unwrap_err();
        let messages: Vec<String> = problems.0.into_iter().map(|it| it.message).collect();
        assert_eq!(messages.len(), 100);
        let guesses = messages.iter().filter(|it| it.contains("Did you mean \"User\"?"));
        assert_eq!(guesses.count(), 20);
    }

    #[test]
    fn names_that_meet_are_refused() {
        let lists: &[(&str, &[FieldSpec<'_>])] =
            &[("Post", &[("tags", "Tag", true)]), ("Tag", &[]), ("Post_tags_many", &[])];
        assert_eq!(codes(&project("knex", lists)), ["NAME_COLLISION"]);
        assert_eq!(
            codes(&project(
                "mongoose",
                &[("Post", &[("tags", "Tag", true)]), ("Tag", &[]), ("post_tags_many", &[]),]
            )),
            ["NAME_COLLISION"]
        );
    }

    #[test]
    fn indexes_that_clip_alike_get_distinct_names_and_a_warning() {
        let path = "p".repeat(55);
        let fields = [(path.as_str(), "Tag", true)];
        let plan = plan("knex", &[("Post", &fields), ("Tag", &[])]);
        let [TableStep::RenameJoinTable { to, .. }] = &table_steps(&plan)[..] else { panic!() };
        assert_ne!(to.near.index, to.far.index);
        assert_ne!(to.near.foreign_key, to.far.foreign_key);
        assert_eq!(plan.warnings[0].code, "NAME_TAKEN");
    }

    #[test]
    fn keystone_must_agree() {
        let mut snapshot = project("knex", GUIDE);
        let own: Vec<Consolidated> = UpgradePlan::new(&snapshot)
            .unwrap()
            .relationships
            .iter()
            .map(consolidated::consolidated)
            .collect();
        snapshot.consolidated = Some(own.clone());
        assert!(UpgradePlan::new(&snapshot).is_ok());
        snapshot.consolidated = Some(own[..4].to_vec());
        assert_eq!(codes(&snapshot), ["KEYSTONE_DISAGREES"]);
        let mut other = own.clone();
        other[1].near = Some("another".to_owned());
        snapshot.consolidated = Some(other);
        assert_eq!(codes(&snapshot), ["KEYSTONE_DISAGREES"]);
        snapshot.consolidated = Some(own);
        snapshot.consolidation_error = Some("it throws".to_owned());
        assert_eq!(codes(&snapshot), ["KEYSTONE_DISAGREES"]);
    }

    #[test]
    fn an_adapter_is_picked_by_name() {
        let plan = plan("knex", GUIDE);
        assert!(plan.adapter(None).is_ok());
        assert_eq!(plan.adapter(Some("x")).unwrap_err().code, "UNKNOWN_ADAPTER");
    }
}
