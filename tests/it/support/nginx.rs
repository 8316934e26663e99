//! The configuration of nginx.

use std::fmt::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use crate::support::git::settings;
use crate::support::http::{Answer, Setup};

/// How many seconds `Retry-After` asks for.
pub(crate) const RETRY_AFTER: u32 = 3;

/// Writes the whole configuration for a server whose files are in `dir`.
pub(crate) fn configuration(setup: &Setup<'_>, dir: &Path, port: u16, backend: &Path) -> String {
    let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let dir = dir.display();
    let (tls, certificate) = if setup.authority.is_some() {
        (" ssl", format!("ssl_certificate {dir}/tls.crt; ssl_certificate_key {dir}/tls.key;"))
    } else {
        ("", String::new())
    };
    let away = setup.away.as_deref().map_or_else(String::new, |base| {
        format!("location ~ ^/away(/.*)$ {{ return 302 {base}$1$is_args$args; }}")
    });
    let temporary = ["client_body", "fastcgi", "proxy", "scgi", "uwsgi"]
        .map(|what| format!("{what}_temp_path {dir}/temp-{what};"))
        .join("\n  ");
    format!(
        r#"daemon off;
master_process off;
pid {dir}/nginx.pid;
error_log {dir}/error.log;
events {{ worker_connections 256; }}
http {{
  {temporary}
  log_format counted escape=json
    '{{"connection":$connection,"status":$status,"method":"$request_method",'
    '"target":"$request_uri","sent":$bytes_sent,"user":"$remote_user",'
    '"protocol":"$http_git_protocol","extra":"$http_x_extra",'
    '"cookie":"$http_cookie","authorization":"$http_authorization","client":"$ssl_client_s_dn"}}';
  access_log off;
  keepalive_timeout 300s;
  client_max_body_size 0;
  server {{
    listen unix:{dir}/up.sock;
    location / {{ return 204; }}
  }}
  server {{
    listen {addr}{tls};
    {certificate} {server}
    access_log {dir}/access.log counted;
    location ~ ^/moved(/.*)$ {{ return 301 $scheme://$http_host$1$is_args$args; }}
    {away}
    location / {{
      {place}
{answers}{password}{gateway}    }}
  }}
}}
"#,
        server = setup.lines.0,
        place = setup.lines.1,
        answers = answers(&dir),
        password = password(setup, &dir),
        gateway = gateway(setup, &dir, backend),
    )
}

/// Each answer is given while a file of its name exists, so it can come and go.
fn answers(dir: &impl std::fmt::Display) -> String {
    let mut text = String::new();
    for answer in Answer::ALL {
        let status = answer.status();
        let header = match answer {
            Answer::Unauthorized => "add_header WWW-Authenticate 'Basic realm=\"git\"' always; ",
            Answer::TooMany => &format!("add_header Retry-After {RETRY_AFTER} always; "),
            Answer::Forbidden | Answer::Missing | Answer::Broken | Answer::Unavailable => "",
        };
        writeln!(text, "      if (-f {dir}/answer-{status}) {{ {header}return {status}; }}")
            .unwrap();
    }
    text
}

fn password(setup: &Setup<'_>, dir: &impl std::fmt::Display) -> String {
    match &setup.login {
        Some(_) => format!("      auth_basic git;\n      auth_basic_user_file {dir}/users;\n"),
        None => String::new(),
    }
}

fn gateway(setup: &Setup<'_>, dir: &impl std::fmt::Display, backend: &Path) -> String {
    let mut parameters = vec![
        ("SCRIPT_FILENAME".to_owned(), backend.display().to_string()),
        ("GIT_PROJECT_ROOT".to_owned(), setup.upstream.dir().display().to_string()),
        ("GIT_HTTP_EXPORT_ALL".to_owned(), "1".to_owned()),
        ("GIT_CONFIG_NOSYSTEM".to_owned(), "1".to_owned()),
        ("GIT_CONFIG_GLOBAL".to_owned(), "/dev/null".to_owned()),
        ("PATH_INFO".to_owned(), "$uri".to_owned()),
        ("REQUEST_METHOD".to_owned(), "$request_method".to_owned()),
        ("QUERY_STRING".to_owned(), "$query_string".to_owned()),
        ("CONTENT_TYPE".to_owned(), "$content_type".to_owned()),
        ("CONTENT_LENGTH".to_owned(), "$content_length".to_owned()),
        ("REMOTE_USER".to_owned(), "$remote_user".to_owned()),
        ("REMOTE_ADDR".to_owned(), "$remote_addr".to_owned()),
        ("SERVER_PROTOCOL".to_owned(), "$server_protocol".to_owned()),
    ];
    if setup.old_protocol {
        // Headers are passed on as they are, unless a parameter takes the place of one.
        parameters.push(("HTTP_GIT_PROTOCOL".to_owned(), String::new()));
    }
    parameters.extend(settings(&[("safe.directory", "*"), ("gc.auto", "0")]));
    let mut text = format!(
        "      fastcgi_pass unix:{dir}/gateway.sock;\n      fastcgi_read_timeout 60s;\n      \
         fastcgi_buffering off;\n"
    );
    for (name, value) in parameters {
        writeln!(text, "      fastcgi_param {name} \"{value}\";").unwrap();
    }
    text
}
