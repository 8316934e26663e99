//! Who we are to the server.

use crate::config::options::{Exposure, Fallback, Form, GITHUB, Many, Opt, PLAIN, same};

pub(super) const LOGIN: &[Opt] = &[
    Opt {
        key: "username",
        metavar: Some("NAME"),
        exposure: Exposure::Delicate,
        short: "The user name for the server",
        long: "May be left out where the password is a token that needs no name.",
        aliases: &[same("GITOPS_USERNAME")],
        ..PLAIN
    },
    Opt {
        key: "password",
        metavar: Some("TEXT"),
        exposure: Exposure::Secret,
        short: "The password or token; better by variable or by file",
        long: "A flag can be seen by everybody who may list processes, and a variable cannot \
               change while the program runs: `--password-file` has neither flaw. Cannot be given \
               together with it.",
        aliases: &[same("GITOPS_TOKEN")],
        ..PLAIN
    },
    Opt {
        key: "password-file",
        metavar: Some("FILE"),
        short: "A file that holds the password or token",
        long: "It is read again for each sync, so a token may be replaced at any time. A relative \
               path counts from the current directory.",
        ..PLAIN
    },
    Opt {
        key: "credential",
        metavar: Some("JSON"),
        many: Many::Flags,
        exposure: Exposure::Delicate,
        form: Form::Object,
        short: "Who to be at which servers",
        long: "A JSON object or a list of them: `{\"url\": \"https://example.org/team\", \
               \"username\": \"reader\", \"password-file\": \"/run/secrets/token\"}`, or with \
               `password` in place of `password-file`. For each repository the one with the \
               longest `url` that its address begins with counts, so several servers or folders \
               can each have their own. `--username` and `--password-file` come first for the \
               server of `--repo`.",
        ..PLAIN
    },
    Opt {
        key: "auth-dir",
        metavar: Some("DIR"),
        many: Many::Colons,
        short: "A mounted Secret, as it is",
        long: "Takes from the directory what is there: `username` and `password` for the server of \
               `--repo`; `ssh-privatekey`, `ssh-private-key` or `identity` as keys for SSH and \
               `known_hosts` to know its servers; `ca.crt` as certificates to trust; `tls.crt` and \
               `tls.key` as our own certificate. So a Secret of type `kubernetes.io/basic-auth`, \
               `kubernetes.io/ssh-auth` or `kubernetes.io/tls` can be mounted without renaming \
               anything. Options that name a file of the same kind are looked at first. A relative \
               path counts from the current directory.",
        ..PLAIN
    },
    Opt {
        key: "askpass-url",
        metavar: Some("URL"),
        exposure: Exposure::Delicate,
        short: "A service that tells user name and password",
        long: "Asked by `GET`; it answers with the lines `username=NAME` and `password=TEXT`, as \
               Git's credential helpers do. It is asked for the server of `--repo` only.",
        aliases: &[same("GIT_ASKPASS_URL")],
        ..PLAIN
    },
    Opt {
        key: "cookie-file",
        metavar: Some("FILE"),
        lone: Some("true"),
        short: "A file with cookies to send",
        long: "In the format of Netscape, which browsers export and curl writes. A cookie goes \
               only where it says. `true`, or the flag alone, stands for \
               `/etc/git-secret/cookie_file`, `false` for none; a file must be behind an equals \
               sign. A relative path counts from the current directory.",
        aliases: &[same("GIT_COOKIE_FILE")],
        ..PLAIN
    },
    Opt {
        key: "github-app-application-id",
        metavar: Some("ID"),
        short: "The number of a GitHub App to be",
        long: "The app must be installed where the repository is. It gets a token that lasts an \
               hour, and a new one before that is over. Needs `--github-app-installation-id` and \
               one of `--github-app-private-key-file` and `--github-app-private-key`. Cannot be \
               given together with `--github-app-client-id`.",
        ..PLAIN
    },
    Opt {
        key: "github-app-client-id",
        metavar: Some("ID"),
        short: "Its client id, in place of its number",
        long: "The same app by its other name, which GitHub recommends.",
        ..PLAIN
    },
    Opt {
        key: "github-app-installation-id",
        metavar: Some("ID"),
        short: "The number of its installation",
        long: "It is in the address of the page that configures the installation.",
        ..PLAIN
    },
    Opt {
        key: "github-app-private-key",
        metavar: Some("PEM"),
        exposure: Exposure::Secret,
        short: "Its private key; better by variable or by file",
        long: "The text of the file that GitHub made. Cannot be given together with \
               `--github-app-private-key-file`.",
        ..PLAIN
    },
    Opt {
        key: "github-app-private-key-file",
        metavar: Some("FILE"),
        short: "A file that holds its private key",
        long: "It is read again when it changes. A relative path counts from the current directory.",
        ..PLAIN
    },
    Opt {
        key: "github-base-url",
        metavar: Some("URL"),
        fallback: Fallback::Text(GITHUB),
        exposure: Exposure::Address,
        short: "Where its API is",
        long: "For GitHub Enterprise Server, `https://HOST/api/v3/`.",
        ..PLAIN
    },
    Opt {
        key: "ssh-key-file",
        metavar: Some("FILE"),
        fallback: Fallback::Words("/etc/git-secret/ssh if it is there"),
        many: Many::Colons,
        short: "A private key for SSH",
        long: "In the formats of OpenSSH, PEM or PKCS#8, without a passphrase; the mode and the \
               owner of the file do not matter. Several are offered in their order. It is read \
               again when it changes. A relative path counts from the current directory.",
        aliases: &[same("GIT_SSH_KEY_FILE")],
        ..PLAIN
    },
];
