//! The texts of all options, as one struct that serde fills through envy.
//!
//! Every field is text: envy puts values into its messages, so nothing is parsed by it.

use crate::config::given::Given;
use crate::config::problem::Problem;
use serde::Deserialize;

/// The text of each option; the table and these fields name the same options.
///
/// It holds secrets as they are, so it has no `Debug` and is used up by `check`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    pub(super) repo: Option<String>,
    pub(super) fallback_repo: Option<String>,
    pub(super) r#ref: Option<String>,
    pub(super) depth: Option<String>,
    pub(super) filter: Option<String>,
    pub(super) sparse_checkout_file: Option<String>,
    pub(super) sparse_path: Option<String>,
    pub(super) submodules: Option<String>,
    pub(super) lfs: Option<String>,
    pub(super) max_object_size: Option<String>,
    pub(super) max_pack_size: Option<String>,
    pub(super) verify: Option<String>,
    pub(super) verify_key_dir: Option<String>,
    pub(super) config: Option<String>,
    pub(super) root: Option<String>,
    pub(super) link: Option<String>,
    pub(super) publish: Option<String>,
    pub(super) trees: Option<String>,
    pub(super) durable: Option<String>,
    pub(super) drift: Option<String>,
    pub(super) stale_worktree_timeout: Option<String>,
    pub(super) keep_trees: Option<String>,
    pub(super) git_gc: Option<String>,
    pub(super) group_write: Option<String>,
    pub(super) add_user: Option<String>,
    pub(super) git: Option<String>,
    pub(super) period: Option<String>,
    pub(super) jitter: Option<String>,
    pub(super) init_period: Option<String>,
    pub(super) sync_timeout: Option<String>,
    pub(super) one_time: Option<String>,
    pub(super) sync_on_signal: Option<String>,
    pub(super) sync_window: Option<String>,
    pub(super) max_failures: Option<String>,
    pub(super) init_max_failures: Option<String>,
    pub(super) username: Option<String>,
    pub(super) password: Option<String>,
    pub(super) password_file: Option<String>,
    pub(super) credential: Option<String>,
    pub(super) auth_dir: Option<String>,
    pub(super) askpass_url: Option<String>,
    pub(super) cookie_file: Option<String>,
    pub(super) github_app_application_id: Option<String>,
    pub(super) github_app_client_id: Option<String>,
    pub(super) github_app_installation_id: Option<String>,
    pub(super) github_app_private_key: Option<String>,
    pub(super) github_app_private_key_file: Option<String>,
    pub(super) github_base_url: Option<String>,
    pub(super) ssh_key_file: Option<String>,
    pub(super) ssh_known_hosts: Option<String>,
    pub(super) ssh_known_hosts_file: Option<String>,
    pub(super) ca_file: Option<String>,
    pub(super) client_cert: Option<String>,
    pub(super) client_key: Option<String>,
    pub(super) proxy: Option<String>,
    pub(super) git_config: Option<String>,
    pub(super) git_config_add: Option<String>,
    pub(super) touch_file: Option<String>,
    pub(super) error_file: Option<String>,
    pub(super) http_bind: Option<String>,
    pub(super) http_metrics: Option<String>,
    pub(super) http_pprof: Option<String>,
    pub(super) ready_max_age: Option<String>,
    pub(super) hook_bind: Option<String>,
    pub(super) hook_secret: Option<String>,
    pub(super) hook_secret_file: Option<String>,
    pub(super) api_token: Option<String>,
    pub(super) api_token_file: Option<String>,
    pub(super) api_read: Option<String>,
    pub(super) exechook_command: Option<String>,
    pub(super) exechook_timeout: Option<String>,
    pub(super) exechook_backoff: Option<String>,
    pub(super) pre_publish_exechook_command: Option<String>,
    pub(super) pre_publish_exechook_timeout: Option<String>,
    pub(super) pre_publish_exechook_backoff: Option<String>,
    pub(super) publish_gate: Option<String>,
    pub(super) webhook_url: Option<String>,
    pub(super) webhook_method: Option<String>,
    pub(super) webhook_success_status: Option<String>,
    pub(super) webhook_timeout: Option<String>,
    pub(super) webhook_backoff: Option<String>,
    pub(super) webhook_header: Option<String>,
    pub(super) webhook_body: Option<String>,
    pub(super) webhook_events: Option<String>,
    pub(super) verbose: Option<String>,
    pub(super) log_format: Option<String>,
    pub(super) ssh: Option<String>,
    pub(super) change_permissions: Option<String>,
}

impl Raw {
    /// Fills the fields.
    pub(super) fn of(given: &Given) -> Result<Self, Problem> {
        let pairs = given.texts().map(|(key, text)| (key.replace('-', "_"), text.to_owned()));
        // The message of envy may hold a value, so it is not passed on.
        envy::from_iter(pairs).map_err(|_hidden| {
            Problem::new("gitsyncd", "the option table does not fit; this is a mistake in gitsyncd")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::names;
    use serde::de::value::Error;
    use serde::de::{Deserializer, Error as _, Visitor};
    use std::collections::BTreeSet;

    /// Takes down which fields a struct asks for, and gives none.
    struct Fields<'a>(&'a mut BTreeSet<String>);

    impl<'de> Deserializer<'de> for Fields<'_> {
        type Error = Error;

        fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Error> {
            Err(Error::custom("only structs are asked"))
        }

        fn deserialize_struct<V: Visitor<'de>>(
            self,
            _name: &'static str,
            fields: &'static [&'static str],
            _visitor: V,
        ) -> Result<V::Value, Error> {
            self.0.extend(fields.iter().map(|field| field.replace('_', "-")));
            Err(Error::custom("only the names are wanted"))
        }

        serde::forward_to_deserialize_any! {
            bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit
            unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
        }
    }

    #[test]
    fn the_table_and_the_struct_name_the_same_options() {
        let mut fields = BTreeSet::new();
        assert!(Raw::deserialize(Fields(&mut fields)).is_err());
        let table: BTreeSet<_> = names::options().map(|opt| opt.key.to_owned()).collect();
        assert_eq!(fields, table);
    }
}
