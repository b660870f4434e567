//! The plan: all relationships of a project and the steps that take its databases from the old
//! schema to the new one.

mod collections;
mod part;
mod rest;
mod tables;

use serde::ser::{SerializeStruct, Serializer};
use serde::{Deserialize, Serialize};

use self::part::Part;
pub use self::rest::{Tables, locate, parts, parts_of, rest};
use crate::error::{Problem, Problems};
use crate::locale;
use crate::naming;
use crate::relationship::{self, Cardinality, Relationship, Side};
use crate::snapshot::{Adapter, Consolidated, Snapshot};
use crate::step::{CollectionStep, Indexes, Planned, TableStep};
use crate::warning::Warning;

/// The version of the JSON that [`UpgradePlan`] serializes to.
const JSON_VERSION: u32 = 2;

/// What has to happen to a project's databases, and why.
#[derive(Debug, Clone)]
pub struct UpgradePlan {
    pub keystone: Option<String>,
    /// The locale under which Keystone's order of left and right was computed.
    pub locale: String,
    /// One part for each adapter that has lists, in the order of the first list of each.
    pub adapters: Vec<AdapterPlan>,
    pub relationships: Vec<Relationship>,
    pub warnings: Vec<Warning>,
}

/// The part of a plan that is for one adapter's database.
#[derive(Debug, Clone)]
pub struct AdapterPlan {
    pub name: String,
    pub engine: Engine,
}

/// A database engine with the steps of a plan on it, in order of execution.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "engine", rename_all = "lowercase")]
pub enum Engine {
    #[serde(rename_all = "camelCase")]
    PostgreSql {
        schema_name: String,
        steps: Vec<Planned<TableStep>>,
    },
    MongoDb {
        steps: Vec<Planned<CollectionStep>>,
        indexes: Indexes,
    },
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

/// What the user asks of a migration.
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
    pub fn has_changes(&self) -> bool {
        match &self.engine {
            Engine::PostgreSql { steps, .. } => !steps.is_empty(),
            // The new Keystone makes indexes by itself when it starts.
            Engine::MongoDb { steps, .. } => !steps.is_empty(),
        }
    }

    pub fn engine_name(&self) -> &'static str {
        match self.engine {
            Engine::PostgreSql { .. } => "PostgreSQL",
            Engine::MongoDb { .. } => "MongoDB",
        }
    }
}

impl UpgradePlan {
    /// # Errors
    /// All mistakes of the project's lists at once: see [`Problem`].
    pub fn new(snapshot: &Snapshot) -> Result<Self, Problems> {
        if snapshot.lists.is_empty() {
            return Err(Problem::NoLists.into());
        }
        let mut problems = unsupported(snapshot);
        // Nothing is known of the names on such an adapter.
        if !problems.is_empty() {
            relationship::pair(snapshot, &mut problems);
            return Err(Problems::new(problems));
        }
        let relationships = relationship::pair(snapshot, &mut problems);
        if problems.is_empty() {
            match &snapshot.consolidation_error {
                Some(error) => problems.push(Problem::KeystoneDisagrees {
                    version: snapshot.keystone.clone().unwrap_or_default(),
                    relationship: "these lists".to_owned(),
                    difference: format!("it refuses them with \"{error}\""),
                }),
                None => {
                    let expected = relationships.iter().map(consolidated);
                    relationship::compare(snapshot, expected, &mut problems);
                }
            }
        }

        let mut warnings = snapshot.warnings.clone();
        warnings.extend(locale::warning(snapshot, &relationships).map(|message| Warning {
            code: "LOCALE".to_owned(),
            message,
            list: None,
            field: None,
        }));
        let adapters = snapshot
            .adapters
            .iter()
            .enumerate()
            .map(|(at, adapter)| {
                let project = Part { snapshot, adapter: at, relationships: &relationships };
                let engine = match adapter.kind.as_str() {
                    "knex" => Engine::PostgreSql {
                        schema_name: schema_name(adapter),
                        steps: tables::plan(&project, &mut warnings, &mut problems),
                    },
                    _ => Engine::MongoDb {
                        steps: collections::plan(&project, &mut problems),
                        indexes: collections::indexes(&project),
                    },
                };
                AdapterPlan { name: adapter.name.clone(), engine }
            })
            .collect();
        if !problems.is_empty() {
            return Err(Problems::new(problems));
        }
        Ok(UpgradePlan {
            keystone: snapshot.keystone.clone(),
            locale: snapshot.locale.clone(),
            adapters,
            relationships,
            warnings,
        })
    }

    pub fn has_changes(&self) -> bool {
        self.adapters.iter().any(AdapterPlan::has_changes)
    }

    /// The part for the adapter of that name, or for the only one.
    ///
    /// # Errors
    /// [`Problem::UnknownAdapter`] for a name the project does not have,
    /// [`Problem::AdapterRequired`] when none is given and there are several.
    pub fn adapter(&self, name: Option<&str>) -> Result<&AdapterPlan, Problem> {
        Ok(&self.adapters[self.adapter_index(name)?])
    }

    /// The index of that part, which is also the adapter's index in the snapshot.
    ///
    /// # Errors
    /// As for [`UpgradePlan::adapter`].
    pub fn adapter_index(&self, name: Option<&str>) -> Result<usize, Problem> {
        let names = || self.adapters.iter().map(|adapter| adapter.name.clone()).collect();
        match (name, self.adapters.len()) {
            (None, 1) => Ok(0),
            (None, _) => Err(Problem::AdapterRequired { adapters: names() }),
            (Some(name), _) => {
                let at = self.adapters.iter().position(|adapter| adapter.name == name);
                at.ok_or_else(|| Problem::UnknownAdapter {
                    name: name.to_owned(),
                    adapters: names(),
                })
            }
        }
    }

    pub fn relationships_of<'a>(
        &'a self,
        adapter: &AdapterPlan,
    ) -> impl Iterator<Item = (usize, &'a Relationship)> {
        let at = self.adapters.iter().position(|other| std::ptr::eq(other, adapter));
        self.relationships
            .iter()
            .enumerate()
            .filter(move |(_, relationship)| Some(relationship.adapter) == at)
    }
}

fn schema_name(adapter: &Adapter) -> String {
    adapter.schema_name.clone().unwrap_or_else(|| "public".to_owned())
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
                        problems.push(Problem::UnsupportedOption {
                            place: format!("The adapter {}", adapter.name),
                            list: None,
                            reason: "has knexOptions.wrapIdentifier, which changes the names of tables and columns. Remove the option and rename them to Keystone's names first.".to_owned(),
                        });
                    }
                    continue;
                }
                format!("uses knex with the client {client}. This tool supports only PostgreSQL (the clients postgres, postgresql and pg).")
            }
            kind if kind.starts_with("prisma") => "is Prisma, which came after Arcade and never had the old schema: its databases need no migration.".to_owned(),
            kind => format!("is of the kind {kind}, which this tool cannot migrate. It supports knex on PostgreSQL, and mongoose."),
        };
        problems.push(Problem::UnsupportedAdapter { adapter: adapter.name.clone(), reason });
    }
    for list in &snapshot.lists {
        if let Some(table) = list.table_name.as_ref().filter(|table| table.as_str() != &*list.key) {
            problems.push(Problem::UnsupportedOption {
                place: format!("The list {}", list.key),
                list: Some(list.key.to_string()),
                reason: format!("is stored in the table {table} by an adapter of its own. Keystone names a list's table after its key, and so does this migration."),
            });
        }
    }
    problems
}

/// What Keystone itself must say of a relationship.
fn consolidated(relationship: &Relationship) -> Consolidated {
    let Relationship { left, right, cardinality, .. } = relationship;
    let column_of = |side: &Side| (side.key.to_string(), Some(side.path.to_string()));
    let (table_name, column_name) = match (cardinality, right) {
        (Cardinality::ManyToMany, _) => (naming::new_join_table(relationship), None),
        (Cardinality::OneToMany, Some(right)) => column_of(right),
        _ => column_of(left),
    };
    let is_join_table = column_name.is_none();
    Consolidated {
        left: left.to_string(),
        right: right.as_ref().map(Side::to_string),
        cardinality: cardinality.as_str().to_owned(),
        table_name,
        column_name,
        near: is_join_table.then(|| naming::new_near_column(relationship)),
        far: is_join_table.then(|| naming::new_far_column(relationship)),
    }
}

impl Serialize for UpgradePlan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut plan = serializer.serialize_struct("UpgradePlan", 7)?;
        plan.serialize_field("version", &JSON_VERSION)?;
        plan.serialize_field("keystone", &self.keystone)?;
        plan.serialize_field("locale", &self.locale)?;
        plan.serialize_field("hasChanges", &self.has_changes())?;
        let relationships: Vec<RelationshipJson<'_>> =
            self.relationships.iter().map(|it| RelationshipJson::new(self, it)).collect();
        plan.serialize_field("relationships", &relationships)?;
        plan.serialize_field("adapters", &self.adapters)?;
        plan.serialize_field("warnings", &self.warnings)?;
        plan.end()
    }
}

impl Serialize for AdapterPlan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Json<'a> {
            name: &'a str,
            has_changes: bool,
            #[serde(flatten)]
            engine: &'a Engine,
        }
        Json { name: &self.name, has_changes: self.has_changes(), engine: &self.engine }
            .serialize(serializer)
    }
}

/// A relationship as JavaScript sees it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RelationshipJson<'a> {
    name: String,
    adapter: &'a str,
    kind: relationship::Kind,
    cardinality: Cardinality,
    left: SideJson<'a>,
    right: Option<SideJson<'a>>,
    target: &'a str,
}

#[derive(Serialize)]
struct SideJson<'a> {
    list: &'a str,
    path: &'a str,
    many: bool,
}

impl<'a> RelationshipJson<'a> {
    fn new(plan: &'a UpgradePlan, relationship: &'a Relationship) -> Self {
        let side = |side: &'a Side| SideJson { list: &side.key, path: &side.path, many: side.many };
        RelationshipJson {
            name: relationship.to_string(),
            adapter: &plan.adapters[relationship.adapter].name,
            kind: relationship.kind,
            cardinality: relationship.cardinality,
            left: side(&relationship.left),
            right: relationship.right.as_ref().map(side),
            target: &relationship.target_key,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::Name;
    use crate::testing::{FieldSpec, GUIDE, project};

    fn plan(kind: &str, lists: &[(&str, &[FieldSpec<'_>])]) -> UpgradePlan {
        UpgradePlan::new(&project(kind, lists)).expect("a sound project")
    }

    fn codes(snapshot: &Snapshot) -> Vec<&'static str> {
        UpgradePlan::new(snapshot).expect_err("problems").iter().map(Problem::code).collect()
    }

    fn table_steps(plan: &UpgradePlan) -> Vec<TableStep> {
        let Engine::PostgreSql { steps, .. } = &plan.adapters[0].engine else { panic!("knex") };
        steps.iter().map(|planned| planned.step.clone()).collect()
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
        let Engine::MongoDb { indexes, .. } = &plan.adapters[0].engine else { panic!("mongoose") };
        let indexes: Vec<_> = indexes.values().flatten().collect();
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
        let problems = UpgradePlan::new(&snapshot).expect_err("problems").to_string();
        assert!(problems.contains("Did you mean \"User\"?"), "{problems}");
    }

    #[test]
    fn only_the_first_mistakes_are_compared_with_every_name() {
        let fields: Vec<(String, String)> =
            (0..100).map(|at| (format!("f{at}"), format!("Usr.x{at}"))).collect();
        let fields: Vec<FieldSpec<'_>> =
            fields.iter().map(|(path, to)| (path.as_str(), to.as_str(), false)).collect();
        let problems = UpgradePlan::new(&project("knex", &[("User", &fields)])).unwrap_err();
        let messages: Vec<String> = problems.iter().map(ToString::to_string).collect();
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
        let own: Vec<Consolidated> =
            UpgradePlan::new(&snapshot).unwrap().relationships.iter().map(consolidated).collect();
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
        assert_eq!(plan.adapter(Some("x")).unwrap_err().code(), "UNKNOWN_ADAPTER");
    }
}
