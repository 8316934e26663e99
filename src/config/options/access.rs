//! The way to the server: whom to believe, and what is in between.

use crate::config::options::{Fallback, Many, Opt, PLAIN, same};

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
        long: "A PEM file with one or more certificates of authorities. It is read again when it \
               changes. A relative path counts from the current directory.",
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
        many: Many::Flags,
        short: "Settings by the names that Git has for them",
        long: "Pairs with commas between them, as in `http.extraHeader:X-Team: web`. Keys and \
               values may be in double quotes; a backslash keeps the letter behind it, and `\\n` \
               and `\\t` are line break and tab.\n\nThese count: `http.extraHeader` and \
               `http.<url>.extraHeader` (several lines add up, an empty one takes back those before \
               it), `http.proxy`, `http.sslCAInfo`, `http.sslCert`, `http.sslKey` and \
               `http.cookieFile`, each only where no option of our own says something. Others are \
               named in a warning.",
        ..PLAIN
    },
];
