//! The way to the server: whom to believe, and what is in between.

use crate::config::options::{Exposure, Fallback, Form, Many, Opt, PLAIN, same};

pub(super) const ACCESS: &[Opt] = &[
    Opt {
        key: "ssh-known-hosts",
        fallback: Fallback::Text("true"),
        short: "Talk only to SSH servers that are known",
        long: "With `false` any server is believed to be the right one, and whoever is on the way \
               can read and change everything: only for tests.",
        aliases: &[same("GIT_KNOWN_HOSTS"), same("GIT_SYNC_KNOWN_HOSTS")],
        ..PLAIN
    },
    Opt {
        key: "ssh-known-hosts-file",
        metavar: Some("FILE"),
        fallback: Fallback::Words("/etc/git-secret/known_hosts"),
        short: "The known SSH servers",
        long: "In the format of OpenSSH, as `ssh-keyscan` prints it: with hashed names, ports, \
               wildcards and markers. The fingerprint that a hosting service publishes should be \
               compared with it once. A relative path counts from the current directory.",
        aliases: &[same("GIT_SSH_KNOWN_HOSTS_FILE")],
        ..PLAIN
    },
    Opt {
        key: "ca-file",
        metavar: Some("FILE"),
        short: "Certificates to trust in place of the system's",
        long: "A PEM file with one or more certificates: of authorities, or of servers themselves. It is \
               read again when it changes. A relative path counts from the current directory.\n\n\
               Git's variables `GIT_SSL_CAINFO`, `GIT_SSL_CAPATH`, `GIT_SSL_CERT`, `GIT_SSL_KEY` and \
               `GIT_SSL_NO_VERIFY` count before what settings of Git say of the same, and behind this \
               option, `client-cert` and `client-key`.",
        ..PLAIN
    },
    Opt {
        key: "client-cert",
        metavar: Some("FILE"),
        short: "Our certificate, for servers that ask for one",
        long: "A PEM file: the certificate first, then those that lead to its authority. Needs \
               `--client-key` unless the key is in the same file. It is read again when it \
               changes. A relative path counts from the current directory.",
        ..PLAIN
    },
    Opt {
        key: "client-key",
        metavar: Some("FILE"),
        fallback: Fallback::Words("as client-cert"),
        short: "The key of our certificate",
        long: "A PEM file, without a passphrase. It is read again when it changes. A relative path \
               counts from the current directory.",
        ..PLAIN
    },
    Opt {
        key: "proxy",
        metavar: Some("URL"),
        fallback: Fallback::Words("from the environment"),
        exposure: Exposure::Delicate,
        short: "A proxy to go through, to any server",
        long: "`http://`, `https://`, `socks5://` (names are looked up here) or `socks5h://` \
               (names are looked up there), with user name and password where it wants them. It is \
               used for all that is asked over the network, SSH and `git://` too, except for the \
               hosts of the variable `no_proxy`.\n\nWithout it, the variables `https_proxy`, `http_proxy`, \
               `all_proxy` and `no_proxy` count as for curl, for `http://` and `https://` only.",
        ..PLAIN
    },
    Opt {
        key: "git-config",
        metavar: Some("KEY:VALUE,..."),
        exposure: Exposure::Delicate,
        form: Form::Settings,
        short: "Settings by the names that Git has for them",
        long: "Pairs with commas between them, as in `http.extraHeader:X-Team: web`. Keys and \
               values may be in double quotes; a key with a URL in it needs them, as in \
               `\"http.https://example.org/.proxy\":http://proxy:3128`. In quotes and in values a \
               backslash keeps the quote, comma or backslash behind it, and `\\n` and `\\t` are line \
               break and tab. White space counts everywhere. A later value takes the place of an \
               earlier one of the same key.\n\n\
               These count:\n\n\
               `http.<name>` and `http.<url>.<name>`, where the URL that says most about a source \
               wins, as with Git: `extraHeader`, `proxy`, `sslVerify` (`false` is dangerous), \
               `sslCAInfo`, `sslCAPath`, `sslCert`, `sslKey`, `cookieFile`, `userAgent`, \
               `followRedirects` (`true` is the same as `initial`), `lowSpeedLimit` with \
               `lowSpeedTime`. Where an option of our own says something about authorities, \
               certificates or the proxy, that counts instead.\n\n\
               `url.<base>.insteadOf`: the base takes the place of the beginning of `--repo` and \
               `--fallback-repo`.\n\n\
               `core.autocrlf`, `core.eol` and `core.symlinks` shape the tree, which is written anew \
               when they change. With `core.fileMode`, they are noted in the repository, so that \
               Git compares files in the same way.\n\n\
               `credential.username` and `credential.<url>.username`, for where no other user name \
               is given, and `credential.helper` if it is `store --file=FILE`: a file of URLs with \
               user names and passwords, one a line. No other helper is run.\n\n\
               `protocol.allow` and `protocol.<name>.allow`: `never` refuses a source.\n\n\
               `http.postBuffer` and others that only tune Git, `safe.directory` and \
               `url.<base>.pushInsteadOf` are ignored silently; the rest is named in a warning.",
        ..PLAIN
    },
    Opt {
        key: "git-config-add",
        metavar: Some("KEY:VALUE"),
        many: Many::Flags,
        exposure: Exposure::Delicate,
        form: Form::Settings,
        short: "More settings of Git",
        long: "As `--git-config`, and read after it. Each may hold one pair or several.\n\n\
               Settings that Git would find by the variables `GIT_CONFIG_COUNT`, `GIT_CONFIG_KEY_0`, \
               `GIT_CONFIG_VALUE_0` and so on are read after both.",
        ..PLAIN
    },
];
