# shellcheck shell=sh disable=SC2154,SC2034 # run.sh sets what both need, and others read it
# The servers that the image is tried against; read by run.sh. They bind loopback, keep all files in
# $work and are ended by their numbers.

servers=

# Says that something does not hold, and ends the run.
fail() {
    echo "FAILED: $*" >&2
    exit 1
}

# Runs a command again and again until it succeeds, for at most $1 seconds.
eventually() {
    patience=$(($(date +%s) + $1))
    shift
    until "$@" >"$work/eventually" 2>&1; do
        if [ "$(date +%s)" -ge "$patience" ]; then
            cat "$work/eventually" >&2
            fail "this never came true: $*"
        fi
        sleep 0.05
    done
}

# Prints a port of loopback on which nobody listens now.
free_port() {
    while :; do
        port=$((20000 + $(od -An -N2 -tu2 /dev/urandom) % 10000))
        code=0
        curl --silent --max-time 2 --output /dev/null "telnet://127.0.0.1:$port" </dev/null || code=$?
        if [ "$code" = 7 ]; then
            echo "$port"
            return
        fi
    done
}

# Commits what lies in the origin's checkout.
commit() {
    git -C "$work/checkout" add --all
    git -C "$work/checkout" -c user.name=Test -c user.email=test@localhost commit --quiet --message "$1"
    git -C "$work/checkout" push --quiet "$work/srv/project.git" HEAD:refs/heads/main
}

# Makes a commit that changes a file of the origin.
change() {
    echo "$1" >"$work/checkout/README"
    commit "$1"
}

# Prints the commit that the origin has now.
head_of_origin() {
    git --git-dir "$work/srv/project.git" rev-parse refs/heads/main
}

# Makes a small repository with what a checkout can get wrong.
make_origin() {
    export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
    git init --quiet --bare --initial-branch main "$work/srv/project.git"
    git init --quiet --initial-branch main "$work/checkout"
    mkdir -p "$work/checkout/deep/er/than/that"
    echo 'Hello' >"$work/checkout/README"
    : >"$work/checkout/deep/er/than/that/empty"
    printf 'one\r\ntwo\r\n' >"$work/checkout/deep/crlf.txt"
    printf '#!/bin/sh\n' >"$work/checkout/run me"
    chmod +x "$work/checkout/run me"
    ln -s ../README "$work/checkout/deep/link"
    commit 'Begin'
    chmod -R a+rX "$work"
}

# Keeps a server's number, to end it later.
started() {
    servers="$servers $1"
}

stop_servers() {
    for server in $servers; do
        kill "$server" 2>/dev/null || :
        wait "$server" 2>/dev/null || :
    done
}

# Starts git://127.0.0.1:$git_port/.
start_git_daemon() {
    git_port=$(free_port)
    "$(git --exec-path)/git-daemon" --listen=127.0.0.1 --port="$git_port" --export-all --reuseaddr \
        --base-path="$work/srv" "$work/srv" 2>"$work/git-daemon.log" &
    started $!
    eventually 10 git ls-remote "git://127.0.0.1:$git_port/project.git"
}

# Starts https://git.test:$https_port/ with an authority of its own, whose certificate is $work/ca.crt,
# and http://git.test:$plain_port/, which is no Git server.
start_https() {
    https_port=$(free_port)
    plain_port=$(free_port)
    echo 'reader:{PLAIN}secret' >"$work/passwords"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=Test \
        -keyout "$work/ca.key" -out "$work/ca.crt" 2>/dev/null
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=git.test \
        -keyout "$work/server.key" -out "$work/server.csr" 2>/dev/null
    printf 'subjectAltName=DNS:git.test\n' >"$work/san"
    openssl x509 -req -in "$work/server.csr" -CA "$work/ca.crt" -CAkey "$work/ca.key" -days 2 \
        -CAcreateserial -extfile "$work/san" -out "$work/server.crt" 2>/dev/null
    fcgiwrap -s "unix:$work/fcgi.sock" 2>"$work/fcgiwrap.log" &
    started $!
    nginx_config >"$work/nginx.conf"
    nginx -p "$work" -e "$work/nginx-error.log" -c "$work/nginx.conf" &
    started $!
    eventually 10 curl --fail --silent --cacert "$work/ca.crt" \
        --resolve "git.test:$https_port:127.0.0.1" \
        "https://git.test:$https_port/project.git/info/refs?service=git-upload-pack"
}

# Prints a location of nginx that leads to Git: what its paths begin with, and who may come in.
git_location() {
    cat <<LOCATION
        location ~ ^$1(/.*)\$ {
            $2
            fastcgi_pass unix:$work/fcgi.sock;
            fastcgi_param SCRIPT_FILENAME $(git --exec-path)/git-http-backend;
            fastcgi_param GIT_PROJECT_ROOT $work/srv;
            fastcgi_param GIT_HTTP_EXPORT_ALL 1;
            fastcgi_param PATH_INFO \$1;
            fastcgi_param QUERY_STRING \$query_string;
            fastcgi_param REQUEST_METHOD \$request_method;
            fastcgi_param CONTENT_TYPE \$content_type;
            fastcgi_param CONTENT_LENGTH \$content_length;
            fastcgi_param HTTP_GIT_PROTOCOL \$http_git_protocol;
        }
LOCATION
}

# Prints the configuration of nginx.
nginx_config() {
    user=
    [ "$(id -u)" != 0 ] || user='user root;'
    cat <<CONFIG
$user
daemon off;
worker_processes 1;
pid $work/nginx.pid;
events {}
http {
    access_log off;
    log_format told '\$request_method \$http_gitsync_hash';
    client_body_temp_path $work/body;
    fastcgi_temp_path $work/fastcgi;
    proxy_temp_path $work/proxy;
    scgi_temp_path $work/scgi;
    uwsgi_temp_path $work/uwsgi;
    server {
        listen 127.0.0.1:$https_port ssl;
        ssl_certificate $work/server.crt;
        ssl_certificate_key $work/server.key;
$(git_location /password "auth_basic Git; auth_basic_user_file $work/passwords;")
$(git_location /cookie "if (\$cookie_session != open) { return 403; }")
$(git_location '' '')
    }
    server {
        listen 127.0.0.1:$plain_port;
        location = /askpass {
            default_type text/plain;
            return 200 "username=reader\npassword=secret\n";
        }
        location = /told {
            access_log $work/told.log told;
            return 200;
        }
    }
}
CONFIG
}

# Starts ssh://$ssh_user@git.test:$ssh_port/; $work/key lets in, and $work/known_hosts knows it.
start_ssh() {
    ssh_port=$(free_port)
    ssh_user=$(id -un)
    ssh-keygen -q -t ed25519 -N '' -f "$work/host_key"
    ssh-keygen -q -t ed25519 -N '' -f "$work/key"
    chmod 0444 "$work/key"
    echo "[git.test]:$ssh_port $(cut -d ' ' -f 1,2 "$work/host_key.pub")" >"$work/known_hosts"
    cat >"$work/sshd_config" <<CONFIG
ListenAddress 127.0.0.1:$ssh_port
HostKey $work/host_key
AuthorizedKeysFile $work/key.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
CONFIG
    mkdir -p /run/sshd
    "$(command -v sshd)" -D -f "$work/sshd_config" -E "$work/sshd.log" &
    started $!
    eventually 10 sh -c "ssh-keyscan -p $ssh_port 127.0.0.1 2>/dev/null | grep -q ssh-ed25519"
}
