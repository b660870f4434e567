//! Whether the user of a connection may run a migration, as far as the server says.

use serde::Deserialize;

/// What a migration does on the whole database: its own collections have names that no one knows before.
const NEEDED: [&str; 7] =
    ["find", "insert", "update", "remove", "createIndex", "dropIndex", "dropCollection"];

/// Roles that every server has, and that can write nothing.
const READ_ONLY: [&str; 3] = ["read", "readAnyDatabase", "clusterMonitor"];

/// Where a role for all databases is.
const ADMIN: &str = "admin";

/// Who has logged in, with what rights: `authInfo` of the command `connectionStatus`.
#[derive(Debug, Deserialize)]
pub(super) struct Access {
    #[serde(rename = "authenticatedUsers")]
    users: Vec<User>,
    #[serde(rename = "authenticatedUserRoles")]
    roles: Vec<Role>,
    /// Not every server lists them.
    #[serde(default, rename = "authenticatedUserPrivileges")]
    privileges: Vec<Privilege>,
}

#[derive(Debug, Deserialize)]
struct User {
    user: String,
    db: String,
}

#[derive(Debug, Deserialize)]
struct Role {
    role: String,
    db: String,
}

#[derive(Debug, Deserialize)]
struct Privilege {
    resource: Resource,
    actions: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Resource {
    db: Option<String>,
    collection: Option<String>,
    #[serde(default)]
    any_resource: bool,
}

impl Resource {
    /// An empty name stands for all of them.
    fn covers(&self, database: &str) -> bool {
        let is_database = self.db.as_deref().is_some_and(|it| it.is_empty() || it == database);
        self.any_resource || is_database && self.collection.as_deref() == Some("")
    }
}

impl Role {
    /// The name of another role does not say what it allows.
    fn may_write(&self, database: &str) -> bool {
        !READ_ONLY.contains(&self.role.as_str()) && (self.db == database || self.db == ADMIN)
    }
}

impl Access {
    /// The database that the user belongs to.
    pub(super) fn auth_source(self) -> Option<String> {
        self.users.into_iter().next().map(|it| it.db)
    }

    /// What is missing, in words. Nothing where it is unknown, or where no one has to log in.
    pub(super) fn lacks(&self, database: &str) -> Option<String> {
        let User { user, .. } = self.users.first()?;
        let missing: Vec<&str> = if self.privileges.is_empty() {
            let may_write = self.roles.iter().any(|role| role.may_write(database));
            if may_write { Vec::new() } else { vec!["write"] }
        } else {
            let covering = || self.privileges.iter().filter(|it| it.resource.covers(database));
            let may = |action: &str| covering().any(|it| it.actions.iter().any(|a| a == action));
            NEEDED.into_iter().filter(|action| !may(action)).collect()
        };
        (!missing.is_empty()).then(|| {
            format!(
                "The user {user} lacks these rights on the database {database}: {}. Grant it the role readWrite there, or connect as another user",
                missing.join(", ")
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn lacks(roles: &Value, privileges: &Value) -> Option<String> {
        let access: Access = serde_json::from_value(json!({
            "authenticatedUsers": [{ "user": "me", "db": "admin" }],
            "authenticatedUserRoles": roles,
            "authenticatedUserPrivileges": privileges,
        }))
        .unwrap();
        access.lacks("app")
    }

    fn privilege(db: &str, collection: &str, actions: &[&str]) -> Value {
        json!({ "resource": { "db": db, "collection": collection }, "actions": actions })
    }

    #[test]
    fn nobody_has_to_log_in() {
        let access: Access = serde_json::from_value(
            json!({ "authenticatedUsers": [], "authenticatedUserRoles": [] }),
        )
        .unwrap();
        assert_eq!(access.lacks("app"), None);
    }

    #[test]
    fn privileges_are_those_of_the_whole_database() {
        let all = privilege("app", "", &NEEDED);
        assert_eq!(lacks(&json!([]), &json!([all])), None);
        assert_eq!(lacks(&json!([]), &json!([privilege("", "", &NEEDED)])), None);
        let any = json!({ "resource": { "anyResource": true }, "actions": NEEDED });
        assert_eq!(lacks(&json!([]), &json!([any])), None);
        let cluster = json!({ "resource": { "cluster": true }, "actions": NEEDED });
        for other in [privilege("other", "", &NEEDED), privilege("app", "users", &NEEDED), cluster]
        {
            let message = lacks(&json!([]), &json!([other])).unwrap();
            assert!(message.contains("find, insert, update, remove"), "{message}");
        }
    }

    #[test]
    fn names_what_is_missing() {
        let found = [
            privilege("app", "", &["find", "insert", "update", "listCollections"]),
            privilege("app", "", &["remove", "createIndex", "dropIndex"]),
        ];
        let message = lacks(&json!([]), &json!(found)).unwrap();
        assert!(message.contains("database app: dropCollection. Grant"), "{message}");
    }

    #[test]
    fn roles_decide_where_privileges_are_not_listed() {
        let role = |role: &str, db: &str| json!({ "role": role, "db": db });
        let none = json!([]);
        for roles in [
            json!([]),
            json!([role("read", "app")]),
            json!([role("readAnyDatabase", "admin"), role("readWrite", "other")]),
        ] {
            assert!(lacks(&roles, &none).is_some_and(|it| it.contains("write")), "{roles}");
        }
        for roles in [
            json!([role("readWrite", "app")]),
            json!([role("root", "admin")]),
            json!([role("read", "app"), role("ours", "app")]),
        ] {
            assert_eq!(lacks(&roles, &none), None, "{roles}");
        }
    }
}
