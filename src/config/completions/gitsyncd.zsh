#compdef gitsyncd

autoload -U is-at-least

_gitsyncd() {
    typeset -A opt_args
    typeset -a _arguments_options
    local ret=1

    if is-at-least 5.2; then
        _arguments_options=(-s -S -C)
    else
        _arguments_options=(-s -C)
    fi

    local context curcontext="$curcontext" state line
    _arguments "${_arguments_options[@]}" : \
'--repo=[The repository to follow]:URL:_files' \
'*--fallback-repo=[The same repository elsewhere, if it fails there]:URL:_files' \
'--ref=[Branch, tag, ref name, commit id, semver\: or tag\:]:NAME:' \
'--depth=[How many commits of history to keep; 0 keeps all]:N:' \
'--filter=[A partial clone, as in blob\:none]:SPEC:' \
'--sparse-checkout-file=[A file of patterns; only matching files are written]:FILE:_files' \
'*--sparse-path=[A directory of the repository; only these are written]:DIR:_files -/' \
'--submodules=[Submodules\: recursive, shallow or off]:MODE:(recursive shallow off)' \
'--lfs=[Files of Git LFS instead of pointers to them]:on|off:(on off)' \
'--max-object-size=[The largest object that is taken; 0 for any]:SIZE:' \
'--max-pack-size=[The most that one fetch brings; 0 for any]:SIZE:' \
'--verify=[Publish only what is signed\: off, head or tag]:MODE:(off head tag)' \
'--verify-key-dir=[The keys whose signatures count]:DIR:_files -/' \
'--config=[A YAML file of options, for several repositories]:FILE:_files' \
'--root=[The working directory]:DIR:_files -/' \
'--link=[The symlink that readers use]:PATH:_files' \
'--publish=[How a tree is shown\: symlink, exchange, copy]:MODE:(symlink exchange copy)' \
'--trees=[How trees are made\: prepared, reused or fresh]:MODE:(prepared reused fresh)' \
'--durable=[Wait for the disk before a tree is shown]:on|off:(on off)' \
'--drift=[If the tree is changed\: repair, report, off]:MODE:(repair report off)' \
'--stale-worktree-timeout=[How long a tree stays once replaced]:DURATION:' \
'--keep-trees=[How many replaced trees stay after that]:N:' \
'--git-gc=[When to remove objects that nothing needs]:MODE:(auto always aggressive off)' \
'--git=[Without effect\: no git program is run]:FILE:_files' \
'--period=[The rest between two syncs, or off for triggers only]:DURATION:' \
'--jitter=[How much a rest may vary at random]:DURATION|%:' \
'--init-period=[The rest until the first success]:DURATION:' \
'--sync-timeout=[How long one sync may take]:DURATION:' \
'--sync-on-signal=[Sync at once when this signal comes]:SIGNAL:' \
'*--sync-window=[When commits may be published, or may not be]:WINDOW:' \
'--max-failures=[Exit after so many failures in a row; -1 for never]:N:' \
'--init-max-failures=[The same until the first success]:N:' \
'--username=[The user name for the server]:NAME:' \
'--password=[The password or token; better by variable or by file]:TEXT:' \
'--password-file=[A file that holds the password or token]:FILE:_files' \
'*--credential=[Who to be at which servers]:JSON:' \
'*--auth-dir=[A mounted Secret, as it is]:DIR:_files -/' \
'--askpass-url=[A service that tells user name and password]:URL:' \
'--cookie-file=[A file with cookies to send]::FILE:_files' \
'--github-app-application-id=[The number of a GitHub App to be]:ID:' \
'--github-app-client-id=[Its client id, in place of its number]:ID:' \
'--github-app-installation-id=[The number of its installation]:ID:' \
'--github-app-private-key=[Its private key; better by variable or by file]:PEM:' \
'--github-app-private-key-file=[A file that holds its private key]:FILE:_files' \
'--github-base-url=[Where its API is]:URL:' \
'*--ssh-key-file=[A private key for SSH]:FILE:_files' \
'--ssh-known-hosts-file=[The known SSH servers]:FILE:_files' \
'--ca-file=[Certificates to trust in place of the system'\''s]:FILE:_files' \
'--client-cert=[Our certificate, for servers that ask for one]:FILE:_files' \
'--client-key=[The key of our certificate]:FILE:_files' \
'--proxy=[A proxy to go through, to any server]:URL:' \
'--git-config=[Settings by the names that Git has for them]:KEY:VALUE,...:' \
'*--git-config-add=[More settings of Git]:KEY:VALUE:' \
'--http-bind=[Where to answer HTTP\: probes, metrics, API and page]:ADDRESS:' \
'--ready-max-age=[How old the last success may be for /readyz]:DURATION:' \
'--hook-bind=[Where to receive webhooks, apart from all else]:ADDRESS:' \
'--hook-secret=[The secret of webhooks; better by variable or by file]:TEXT:' \
'--hook-secret-file=[A file that holds the secrets of webhooks]:FILE:_files' \
'--api-token=[The token of the API; better by variable or by file]:TEXT:' \
'--api-token-file=[A file that holds the tokens of the API]:FILE:_files' \
'--api-read=[Who may read the API\: open or token]:WHO:(open token)' \
'--exechook-command=[A program to run after each publication]:COMMAND:' \
'--exechook-timeout=[How long the program may take]:DURATION:' \
'--exechook-backoff=[The rest before the program is run again]:DURATION:' \
'--pre-publish-exechook-command=[A program to run before each publication]:COMMAND:' \
'--pre-publish-exechook-timeout=[How long that program may take]:DURATION:' \
'--pre-publish-exechook-backoff=[The rest before that program is run again]:DURATION:' \
'*--webhook-url=[Whom to tell over HTTP after each publication]:URL:' \
'--webhook-method=[The method of the request]:METHOD:' \
'--webhook-success-status=[The status of an answer that means success]:STATUS:' \
'--webhook-timeout=[How long the request may take]:DURATION:' \
'--webhook-backoff=[The rest before the request is sent again]:DURATION:' \
'*--webhook-header=[A line for the head of the request]:LINE:' \
'--webhook-body=[The content of the request]:TEXT:' \
'--webhook-events=[Of what to tell]:EVENTS:' \
'--touch-file=[A file to touch after each publication]:FILE:_files' \
'--error-file=[A file that holds the last error while there is one]:FILE:_files' \
'-v+[How much to log]:N:' \
'--verbose=[How much to log]:N:' \
'--log-format=[Log lines as text or json]:FORMAT:(text json)' \
'--change-permissions=[Refused\: use group-write]:MODE:' \
'--group-write[Let the group write what is made]' \
'--add-user[Write a user to the configuration of the repository]' \
'--one-time[Exit after the first success]' \
'--ssh-known-hosts[Talk only to SSH servers that are known]' \
'--http-metrics[Answer /metrics]' \
'--http-pprof[Answer /debug/pprof/\: profiles of the processor]' \
'--publish-gate[Publish only what the program before agrees to]' \
'--ssh[Without effect\: the address says whether it is SSH]' \
'-h[Show a short help]' \
'--help[Show a short help]' \
'--man[Show the manual of all options]' \
'--version[Show the version]' \
'--print-config[Show what would count, and where each value is from]' \
":: :_gitsyncd_commands" \
"*::: :->gitsyncd" \
&& ret=0
    case $state in
    (gitsyncd)
        words=($line[1] "${words[@]}")
        (( CURRENT += 1 ))
        curcontext="${curcontext%:*:*}:gitsyncd-command-$line[1]:"
        case $line[1] in
            (check)
_arguments "${_arguments_options[@]}" : \
'--repo=[The repository to follow]:URL:_files' \
'*--fallback-repo=[The same repository elsewhere, if it fails there]:URL:_files' \
'--ref=[Branch, tag, ref name, commit id, semver\: or tag\:]:NAME:' \
'--depth=[How many commits of history to keep; 0 keeps all]:N:' \
'--filter=[A partial clone, as in blob\:none]:SPEC:' \
'--sparse-checkout-file=[A file of patterns; only matching files are written]:FILE:_files' \
'*--sparse-path=[A directory of the repository; only these are written]:DIR:_files -/' \
'--submodules=[Submodules\: recursive, shallow or off]:MODE:(recursive shallow off)' \
'--lfs=[Files of Git LFS instead of pointers to them]:on|off:(on off)' \
'--max-object-size=[The largest object that is taken; 0 for any]:SIZE:' \
'--max-pack-size=[The most that one fetch brings; 0 for any]:SIZE:' \
'--verify=[Publish only what is signed\: off, head or tag]:MODE:(off head tag)' \
'--verify-key-dir=[The keys whose signatures count]:DIR:_files -/' \
'--config=[A YAML file of options, for several repositories]:FILE:_files' \
'--root=[The working directory]:DIR:_files -/' \
'--link=[The symlink that readers use]:PATH:_files' \
'--publish=[How a tree is shown\: symlink, exchange, copy]:MODE:(symlink exchange copy)' \
'--trees=[How trees are made\: prepared, reused or fresh]:MODE:(prepared reused fresh)' \
'--durable=[Wait for the disk before a tree is shown]:on|off:(on off)' \
'--drift=[If the tree is changed\: repair, report, off]:MODE:(repair report off)' \
'--stale-worktree-timeout=[How long a tree stays once replaced]:DURATION:' \
'--keep-trees=[How many replaced trees stay after that]:N:' \
'--git-gc=[When to remove objects that nothing needs]:MODE:(auto always aggressive off)' \
'--git=[Without effect\: no git program is run]:FILE:_files' \
'--period=[The rest between two syncs, or off for triggers only]:DURATION:' \
'--jitter=[How much a rest may vary at random]:DURATION|%:' \
'--init-period=[The rest until the first success]:DURATION:' \
'--sync-timeout=[How long one sync may take]:DURATION:' \
'--sync-on-signal=[Sync at once when this signal comes]:SIGNAL:' \
'*--sync-window=[When commits may be published, or may not be]:WINDOW:' \
'--max-failures=[Exit after so many failures in a row; -1 for never]:N:' \
'--init-max-failures=[The same until the first success]:N:' \
'--username=[The user name for the server]:NAME:' \
'--password=[The password or token; better by variable or by file]:TEXT:' \
'--password-file=[A file that holds the password or token]:FILE:_files' \
'*--credential=[Who to be at which servers]:JSON:' \
'*--auth-dir=[A mounted Secret, as it is]:DIR:_files -/' \
'--askpass-url=[A service that tells user name and password]:URL:' \
'--cookie-file=[A file with cookies to send]::FILE:_files' \
'--github-app-application-id=[The number of a GitHub App to be]:ID:' \
'--github-app-client-id=[Its client id, in place of its number]:ID:' \
'--github-app-installation-id=[The number of its installation]:ID:' \
'--github-app-private-key=[Its private key; better by variable or by file]:PEM:' \
'--github-app-private-key-file=[A file that holds its private key]:FILE:_files' \
'--github-base-url=[Where its API is]:URL:' \
'*--ssh-key-file=[A private key for SSH]:FILE:_files' \
'--ssh-known-hosts-file=[The known SSH servers]:FILE:_files' \
'--ca-file=[Certificates to trust in place of the system'\''s]:FILE:_files' \
'--client-cert=[Our certificate, for servers that ask for one]:FILE:_files' \
'--client-key=[The key of our certificate]:FILE:_files' \
'--proxy=[A proxy to go through, to any server]:URL:' \
'--git-config=[Settings by the names that Git has for them]:KEY:VALUE,...:' \
'*--git-config-add=[More settings of Git]:KEY:VALUE:' \
'--http-bind=[Where to answer HTTP\: probes, metrics, API and page]:ADDRESS:' \
'--ready-max-age=[How old the last success may be for /readyz]:DURATION:' \
'--hook-bind=[Where to receive webhooks, apart from all else]:ADDRESS:' \
'--hook-secret=[The secret of webhooks; better by variable or by file]:TEXT:' \
'--hook-secret-file=[A file that holds the secrets of webhooks]:FILE:_files' \
'--api-token=[The token of the API; better by variable or by file]:TEXT:' \
'--api-token-file=[A file that holds the tokens of the API]:FILE:_files' \
'--api-read=[Who may read the API\: open or token]:WHO:(open token)' \
'--exechook-command=[A program to run after each publication]:COMMAND:' \
'--exechook-timeout=[How long the program may take]:DURATION:' \
'--exechook-backoff=[The rest before the program is run again]:DURATION:' \
'--pre-publish-exechook-command=[A program to run before each publication]:COMMAND:' \
'--pre-publish-exechook-timeout=[How long that program may take]:DURATION:' \
'--pre-publish-exechook-backoff=[The rest before that program is run again]:DURATION:' \
'*--webhook-url=[Whom to tell over HTTP after each publication]:URL:' \
'--webhook-method=[The method of the request]:METHOD:' \
'--webhook-success-status=[The status of an answer that means success]:STATUS:' \
'--webhook-timeout=[How long the request may take]:DURATION:' \
'--webhook-backoff=[The rest before the request is sent again]:DURATION:' \
'*--webhook-header=[A line for the head of the request]:LINE:' \
'--webhook-body=[The content of the request]:TEXT:' \
'--webhook-events=[Of what to tell]:EVENTS:' \
'--touch-file=[A file to touch after each publication]:FILE:_files' \
'--error-file=[A file that holds the last error while there is one]:FILE:_files' \
'-v+[How much to log]:N:' \
'--verbose=[How much to log]:N:' \
'--log-format=[Log lines as text or json]:FORMAT:(text json)' \
'--change-permissions=[Refused\: use group-write]:MODE:' \
'--group-write[Let the group write what is made]' \
'--add-user[Write a user to the configuration of the repository]' \
'--one-time[Exit after the first success]' \
'--ssh-known-hosts[Talk only to SSH servers that are known]' \
'--http-metrics[Answer /metrics]' \
'--http-pprof[Answer /debug/pprof/\: profiles of the processor]' \
'--publish-gate[Publish only what the program before agrees to]' \
'--ssh[Without effect\: the address says whether it is SSH]' \
'-h[Show a help of this command]' \
'--help[Show a help of this command]' \
&& ret=0
;;
(probe)
_arguments "${_arguments_options[@]}" : \
'--wait=[How long to ask again until the answer is good]:DURATION:_default' \
'--config=[A YAML file of options, for several repositories]:FILE:_files' \
'--ca-file=[Certificates to trust in place of the system'\''s]:FILE:_files' \
'--http-bind=[Where to answer HTTP\: probes, metrics, API and page]:ADDRESS:' \
'-h[Show a help of this command]' \
'--help[Show a help of this command]' \
'::operand:_urls' \
&& ret=0
;;
(status)
_arguments "${_arguments_options[@]}" : \
'--wait=[How long to ask again until all is well]:DURATION:_default' \
'--name=[Which of several repositories is meant]:NAME:_default' \
'--config=[A YAML file of options, for several repositories]:FILE:_files' \
'--root=[The working directory]:DIR:_files -/' \
'--ca-file=[Certificates to trust in place of the system'\''s]:FILE:_files' \
'--http-bind=[Where to answer HTTP\: probes, metrics, API and page]:ADDRESS:' \
'--api-token-file=[A file that holds the tokens of the API]:FILE:_files' \
'--json[Print the status as it is, in JSON]' \
'-h[Show a help of this command]' \
'--help[Show a help of this command]' \
'::operand:_files' \
&& ret=0
;;
(sync)
_arguments "${_arguments_options[@]}" : \
'--wait=[How long to wait for the end of it]:DURATION:_default' \
'--name=[Which of several repositories is meant]:NAME:_default' \
'--config=[A YAML file of options, for several repositories]:FILE:_files' \
'--root=[The working directory]:DIR:_files -/' \
'--ca-file=[Certificates to trust in place of the system'\''s]:FILE:_files' \
'--http-bind=[Where to answer HTTP\: probes, metrics, API and page]:ADDRESS:' \
'--api-token-file=[A file that holds the tokens of the API]:FILE:_files' \
'--pre-publish-exechook-command=[A program to run before each publication]:COMMAND:' \
'-h[Show a help of this command]' \
'--help[Show a help of this command]' \
&& ret=0
;;
(rollback)
_arguments "${_arguments_options[@]}" : \
'--name=[Which of several repositories is meant]:NAME:_default' \
'--repo=[The repository to follow]:URL:_files' \
'*--fallback-repo=[The same repository elsewhere, if it fails there]:URL:_files' \
'--ref=[Branch, tag, ref name, commit id, semver\: or tag\:]:NAME:' \
'--depth=[How many commits of history to keep; 0 keeps all]:N:' \
'--filter=[A partial clone, as in blob\:none]:SPEC:' \
'--sparse-checkout-file=[A file of patterns; only matching files are written]:FILE:_files' \
'*--sparse-path=[A directory of the repository; only these are written]:DIR:_files -/' \
'--submodules=[Submodules\: recursive, shallow or off]:MODE:(recursive shallow off)' \
'--lfs=[Files of Git LFS instead of pointers to them]:on|off:(on off)' \
'--max-object-size=[The largest object that is taken; 0 for any]:SIZE:' \
'--max-pack-size=[The most that one fetch brings; 0 for any]:SIZE:' \
'--verify=[Publish only what is signed\: off, head or tag]:MODE:(off head tag)' \
'--verify-key-dir=[The keys whose signatures count]:DIR:_files -/' \
'--config=[A YAML file of options, for several repositories]:FILE:_files' \
'--root=[The working directory]:DIR:_files -/' \
'--link=[The symlink that readers use]:PATH:_files' \
'--publish=[How a tree is shown\: symlink, exchange, copy]:MODE:(symlink exchange copy)' \
'--trees=[How trees are made\: prepared, reused or fresh]:MODE:(prepared reused fresh)' \
'--durable=[Wait for the disk before a tree is shown]:on|off:(on off)' \
'--drift=[If the tree is changed\: repair, report, off]:MODE:(repair report off)' \
'--stale-worktree-timeout=[How long a tree stays once replaced]:DURATION:' \
'--keep-trees=[How many replaced trees stay after that]:N:' \
'--git-gc=[When to remove objects that nothing needs]:MODE:(auto always aggressive off)' \
'--git=[Without effect\: no git program is run]:FILE:_files' \
'--period=[The rest between two syncs, or off for triggers only]:DURATION:' \
'--jitter=[How much a rest may vary at random]:DURATION|%:' \
'--init-period=[The rest until the first success]:DURATION:' \
'--sync-timeout=[How long one sync may take]:DURATION:' \
'--sync-on-signal=[Sync at once when this signal comes]:SIGNAL:' \
'*--sync-window=[When commits may be published, or may not be]:WINDOW:' \
'--max-failures=[Exit after so many failures in a row; -1 for never]:N:' \
'--init-max-failures=[The same until the first success]:N:' \
'--username=[The user name for the server]:NAME:' \
'--password=[The password or token; better by variable or by file]:TEXT:' \
'--password-file=[A file that holds the password or token]:FILE:_files' \
'*--credential=[Who to be at which servers]:JSON:' \
'*--auth-dir=[A mounted Secret, as it is]:DIR:_files -/' \
'--askpass-url=[A service that tells user name and password]:URL:' \
'--cookie-file=[A file with cookies to send]::FILE:_files' \
'--github-app-application-id=[The number of a GitHub App to be]:ID:' \
'--github-app-client-id=[Its client id, in place of its number]:ID:' \
'--github-app-installation-id=[The number of its installation]:ID:' \
'--github-app-private-key=[Its private key; better by variable or by file]:PEM:' \
'--github-app-private-key-file=[A file that holds its private key]:FILE:_files' \
'--github-base-url=[Where its API is]:URL:' \
'*--ssh-key-file=[A private key for SSH]:FILE:_files' \
'--ssh-known-hosts-file=[The known SSH servers]:FILE:_files' \
'--ca-file=[Certificates to trust in place of the system'\''s]:FILE:_files' \
'--client-cert=[Our certificate, for servers that ask for one]:FILE:_files' \
'--client-key=[The key of our certificate]:FILE:_files' \
'--proxy=[A proxy to go through, to any server]:URL:' \
'--git-config=[Settings by the names that Git has for them]:KEY:VALUE,...:' \
'*--git-config-add=[More settings of Git]:KEY:VALUE:' \
'--http-bind=[Where to answer HTTP\: probes, metrics, API and page]:ADDRESS:' \
'--ready-max-age=[How old the last success may be for /readyz]:DURATION:' \
'--hook-bind=[Where to receive webhooks, apart from all else]:ADDRESS:' \
'--hook-secret=[The secret of webhooks; better by variable or by file]:TEXT:' \
'--hook-secret-file=[A file that holds the secrets of webhooks]:FILE:_files' \
'--api-token=[The token of the API; better by variable or by file]:TEXT:' \
'--api-token-file=[A file that holds the tokens of the API]:FILE:_files' \
'--api-read=[Who may read the API\: open or token]:WHO:(open token)' \
'--exechook-command=[A program to run after each publication]:COMMAND:' \
'--exechook-timeout=[How long the program may take]:DURATION:' \
'--exechook-backoff=[The rest before the program is run again]:DURATION:' \
'--pre-publish-exechook-command=[A program to run before each publication]:COMMAND:' \
'--pre-publish-exechook-timeout=[How long that program may take]:DURATION:' \
'--pre-publish-exechook-backoff=[The rest before that program is run again]:DURATION:' \
'*--webhook-url=[Whom to tell over HTTP after each publication]:URL:' \
'--webhook-method=[The method of the request]:METHOD:' \
'--webhook-success-status=[The status of an answer that means success]:STATUS:' \
'--webhook-timeout=[How long the request may take]:DURATION:' \
'--webhook-backoff=[The rest before the request is sent again]:DURATION:' \
'*--webhook-header=[A line for the head of the request]:LINE:' \
'--webhook-body=[The content of the request]:TEXT:' \
'--webhook-events=[Of what to tell]:EVENTS:' \
'--touch-file=[A file to touch after each publication]:FILE:_files' \
'--error-file=[A file that holds the last error while there is one]:FILE:_files' \
'-v+[How much to log]:N:' \
'--verbose=[How much to log]:N:' \
'--log-format=[Log lines as text or json]:FORMAT:(text json)' \
'--change-permissions=[Refused\: use group-write]:MODE:' \
'--group-write[Let the group write what is made]' \
'--add-user[Write a user to the configuration of the repository]' \
'--one-time[Exit after the first success]' \
'--ssh-known-hosts[Talk only to SSH servers that are known]' \
'--http-metrics[Answer /metrics]' \
'--http-pprof[Answer /debug/pprof/\: profiles of the processor]' \
'--publish-gate[Publish only what the program before agrees to]' \
'--ssh[Without effect\: the address says whether it is SSH]' \
'-h[Show a help of this command]' \
'--help[Show a help of this command]' \
'::operand:' \
&& ret=0
;;
(pin)
_arguments "${_arguments_options[@]}" : \
'--name=[Which of several repositories is meant]:NAME:_default' \
'--repo=[The repository to follow]:URL:_files' \
'*--fallback-repo=[The same repository elsewhere, if it fails there]:URL:_files' \
'--ref=[Branch, tag, ref name, commit id, semver\: or tag\:]:NAME:' \
'--depth=[How many commits of history to keep; 0 keeps all]:N:' \
'--filter=[A partial clone, as in blob\:none]:SPEC:' \
'--sparse-checkout-file=[A file of patterns; only matching files are written]:FILE:_files' \
'*--sparse-path=[A directory of the repository; only these are written]:DIR:_files -/' \
'--submodules=[Submodules\: recursive, shallow or off]:MODE:(recursive shallow off)' \
'--lfs=[Files of Git LFS instead of pointers to them]:on|off:(on off)' \
'--max-object-size=[The largest object that is taken; 0 for any]:SIZE:' \
'--max-pack-size=[The most that one fetch brings; 0 for any]:SIZE:' \
'--verify=[Publish only what is signed\: off, head or tag]:MODE:(off head tag)' \
'--verify-key-dir=[The keys whose signatures count]:DIR:_files -/' \
'--config=[A YAML file of options, for several repositories]:FILE:_files' \
'--root=[The working directory]:DIR:_files -/' \
'--link=[The symlink that readers use]:PATH:_files' \
'--publish=[How a tree is shown\: symlink, exchange, copy]:MODE:(symlink exchange copy)' \
'--trees=[How trees are made\: prepared, reused or fresh]:MODE:(prepared reused fresh)' \
'--durable=[Wait for the disk before a tree is shown]:on|off:(on off)' \
'--drift=[If the tree is changed\: repair, report, off]:MODE:(repair report off)' \
'--stale-worktree-timeout=[How long a tree stays once replaced]:DURATION:' \
'--keep-trees=[How many replaced trees stay after that]:N:' \
'--git-gc=[When to remove objects that nothing needs]:MODE:(auto always aggressive off)' \
'--git=[Without effect\: no git program is run]:FILE:_files' \
'--period=[The rest between two syncs, or off for triggers only]:DURATION:' \
'--jitter=[How much a rest may vary at random]:DURATION|%:' \
'--init-period=[The rest until the first success]:DURATION:' \
'--sync-timeout=[How long one sync may take]:DURATION:' \
'--sync-on-signal=[Sync at once when this signal comes]:SIGNAL:' \
'*--sync-window=[When commits may be published, or may not be]:WINDOW:' \
'--max-failures=[Exit after so many failures in a row; -1 for never]:N:' \
'--init-max-failures=[The same until the first success]:N:' \
'--username=[The user name for the server]:NAME:' \
'--password=[The password or token; better by variable or by file]:TEXT:' \
'--password-file=[A file that holds the password or token]:FILE:_files' \
'*--credential=[Who to be at which servers]:JSON:' \
'*--auth-dir=[A mounted Secret, as it is]:DIR:_files -/' \
'--askpass-url=[A service that tells user name and password]:URL:' \
'--cookie-file=[A file with cookies to send]::FILE:_files' \
'--github-app-application-id=[The number of a GitHub App to be]:ID:' \
'--github-app-client-id=[Its client id, in place of its number]:ID:' \
'--github-app-installation-id=[The number of its installation]:ID:' \
'--github-app-private-key=[Its private key; better by variable or by file]:PEM:' \
'--github-app-private-key-file=[A file that holds its private key]:FILE:_files' \
'--github-base-url=[Where its API is]:URL:' \
'*--ssh-key-file=[A private key for SSH]:FILE:_files' \
'--ssh-known-hosts-file=[The known SSH servers]:FILE:_files' \
'--ca-file=[Certificates to trust in place of the system'\''s]:FILE:_files' \
'--client-cert=[Our certificate, for servers that ask for one]:FILE:_files' \
'--client-key=[The key of our certificate]:FILE:_files' \
'--proxy=[A proxy to go through, to any server]:URL:' \
'--git-config=[Settings by the names that Git has for them]:KEY:VALUE,...:' \
'*--git-config-add=[More settings of Git]:KEY:VALUE:' \
'--http-bind=[Where to answer HTTP\: probes, metrics, API and page]:ADDRESS:' \
'--ready-max-age=[How old the last success may be for /readyz]:DURATION:' \
'--hook-bind=[Where to receive webhooks, apart from all else]:ADDRESS:' \
'--hook-secret=[The secret of webhooks; better by variable or by file]:TEXT:' \
'--hook-secret-file=[A file that holds the secrets of webhooks]:FILE:_files' \
'--api-token=[The token of the API; better by variable or by file]:TEXT:' \
'--api-token-file=[A file that holds the tokens of the API]:FILE:_files' \
'--api-read=[Who may read the API\: open or token]:WHO:(open token)' \
'--exechook-command=[A program to run after each publication]:COMMAND:' \
'--exechook-timeout=[How long the program may take]:DURATION:' \
'--exechook-backoff=[The rest before the program is run again]:DURATION:' \
'--pre-publish-exechook-command=[A program to run before each publication]:COMMAND:' \
'--pre-publish-exechook-timeout=[How long that program may take]:DURATION:' \
'--pre-publish-exechook-backoff=[The rest before that program is run again]:DURATION:' \
'*--webhook-url=[Whom to tell over HTTP after each publication]:URL:' \
'--webhook-method=[The method of the request]:METHOD:' \
'--webhook-success-status=[The status of an answer that means success]:STATUS:' \
'--webhook-timeout=[How long the request may take]:DURATION:' \
'--webhook-backoff=[The rest before the request is sent again]:DURATION:' \
'*--webhook-header=[A line for the head of the request]:LINE:' \
'--webhook-body=[The content of the request]:TEXT:' \
'--webhook-events=[Of what to tell]:EVENTS:' \
'--touch-file=[A file to touch after each publication]:FILE:_files' \
'--error-file=[A file that holds the last error while there is one]:FILE:_files' \
'-v+[How much to log]:N:' \
'--verbose=[How much to log]:N:' \
'--log-format=[Log lines as text or json]:FORMAT:(text json)' \
'--change-permissions=[Refused\: use group-write]:MODE:' \
'--group-write[Let the group write what is made]' \
'--add-user[Write a user to the configuration of the repository]' \
'--one-time[Exit after the first success]' \
'--ssh-known-hosts[Talk only to SSH servers that are known]' \
'--http-metrics[Answer /metrics]' \
'--http-pprof[Answer /debug/pprof/\: profiles of the processor]' \
'--publish-gate[Publish only what the program before agrees to]' \
'--ssh[Without effect\: the address says whether it is SSH]' \
'-h[Show a help of this command]' \
'--help[Show a help of this command]' \
'::operand:' \
&& ret=0
;;
(unpin)
_arguments "${_arguments_options[@]}" : \
'--name=[Which of several repositories is meant]:NAME:_default' \
'--repo=[The repository to follow]:URL:_files' \
'*--fallback-repo=[The same repository elsewhere, if it fails there]:URL:_files' \
'--ref=[Branch, tag, ref name, commit id, semver\: or tag\:]:NAME:' \
'--depth=[How many commits of history to keep; 0 keeps all]:N:' \
'--filter=[A partial clone, as in blob\:none]:SPEC:' \
'--sparse-checkout-file=[A file of patterns; only matching files are written]:FILE:_files' \
'*--sparse-path=[A directory of the repository; only these are written]:DIR:_files -/' \
'--submodules=[Submodules\: recursive, shallow or off]:MODE:(recursive shallow off)' \
'--lfs=[Files of Git LFS instead of pointers to them]:on|off:(on off)' \
'--max-object-size=[The largest object that is taken; 0 for any]:SIZE:' \
'--max-pack-size=[The most that one fetch brings; 0 for any]:SIZE:' \
'--verify=[Publish only what is signed\: off, head or tag]:MODE:(off head tag)' \
'--verify-key-dir=[The keys whose signatures count]:DIR:_files -/' \
'--config=[A YAML file of options, for several repositories]:FILE:_files' \
'--root=[The working directory]:DIR:_files -/' \
'--link=[The symlink that readers use]:PATH:_files' \
'--publish=[How a tree is shown\: symlink, exchange, copy]:MODE:(symlink exchange copy)' \
'--trees=[How trees are made\: prepared, reused or fresh]:MODE:(prepared reused fresh)' \
'--durable=[Wait for the disk before a tree is shown]:on|off:(on off)' \
'--drift=[If the tree is changed\: repair, report, off]:MODE:(repair report off)' \
'--stale-worktree-timeout=[How long a tree stays once replaced]:DURATION:' \
'--keep-trees=[How many replaced trees stay after that]:N:' \
'--git-gc=[When to remove objects that nothing needs]:MODE:(auto always aggressive off)' \
'--git=[Without effect\: no git program is run]:FILE:_files' \
'--period=[The rest between two syncs, or off for triggers only]:DURATION:' \
'--jitter=[How much a rest may vary at random]:DURATION|%:' \
'--init-period=[The rest until the first success]:DURATION:' \
'--sync-timeout=[How long one sync may take]:DURATION:' \
'--sync-on-signal=[Sync at once when this signal comes]:SIGNAL:' \
'*--sync-window=[When commits may be published, or may not be]:WINDOW:' \
'--max-failures=[Exit after so many failures in a row; -1 for never]:N:' \
'--init-max-failures=[The same until the first success]:N:' \
'--username=[The user name for the server]:NAME:' \
'--password=[The password or token; better by variable or by file]:TEXT:' \
'--password-file=[A file that holds the password or token]:FILE:_files' \
'*--credential=[Who to be at which servers]:JSON:' \
'*--auth-dir=[A mounted Secret, as it is]:DIR:_files -/' \
'--askpass-url=[A service that tells user name and password]:URL:' \
'--cookie-file=[A file with cookies to send]::FILE:_files' \
'--github-app-application-id=[The number of a GitHub App to be]:ID:' \
'--github-app-client-id=[Its client id, in place of its number]:ID:' \
'--github-app-installation-id=[The number of its installation]:ID:' \
'--github-app-private-key=[Its private key; better by variable or by file]:PEM:' \
'--github-app-private-key-file=[A file that holds its private key]:FILE:_files' \
'--github-base-url=[Where its API is]:URL:' \
'*--ssh-key-file=[A private key for SSH]:FILE:_files' \
'--ssh-known-hosts-file=[The known SSH servers]:FILE:_files' \
'--ca-file=[Certificates to trust in place of the system'\''s]:FILE:_files' \
'--client-cert=[Our certificate, for servers that ask for one]:FILE:_files' \
'--client-key=[The key of our certificate]:FILE:_files' \
'--proxy=[A proxy to go through, to any server]:URL:' \
'--git-config=[Settings by the names that Git has for them]:KEY:VALUE,...:' \
'*--git-config-add=[More settings of Git]:KEY:VALUE:' \
'--http-bind=[Where to answer HTTP\: probes, metrics, API and page]:ADDRESS:' \
'--ready-max-age=[How old the last success may be for /readyz]:DURATION:' \
'--hook-bind=[Where to receive webhooks, apart from all else]:ADDRESS:' \
'--hook-secret=[The secret of webhooks; better by variable or by file]:TEXT:' \
'--hook-secret-file=[A file that holds the secrets of webhooks]:FILE:_files' \
'--api-token=[The token of the API; better by variable or by file]:TEXT:' \
'--api-token-file=[A file that holds the tokens of the API]:FILE:_files' \
'--api-read=[Who may read the API\: open or token]:WHO:(open token)' \
'--exechook-command=[A program to run after each publication]:COMMAND:' \
'--exechook-timeout=[How long the program may take]:DURATION:' \
'--exechook-backoff=[The rest before the program is run again]:DURATION:' \
'--pre-publish-exechook-command=[A program to run before each publication]:COMMAND:' \
'--pre-publish-exechook-timeout=[How long that program may take]:DURATION:' \
'--pre-publish-exechook-backoff=[The rest before that program is run again]:DURATION:' \
'*--webhook-url=[Whom to tell over HTTP after each publication]:URL:' \
'--webhook-method=[The method of the request]:METHOD:' \
'--webhook-success-status=[The status of an answer that means success]:STATUS:' \
'--webhook-timeout=[How long the request may take]:DURATION:' \
'--webhook-backoff=[The rest before the request is sent again]:DURATION:' \
'*--webhook-header=[A line for the head of the request]:LINE:' \
'--webhook-body=[The content of the request]:TEXT:' \
'--webhook-events=[Of what to tell]:EVENTS:' \
'--touch-file=[A file to touch after each publication]:FILE:_files' \
'--error-file=[A file that holds the last error while there is one]:FILE:_files' \
'-v+[How much to log]:N:' \
'--verbose=[How much to log]:N:' \
'--log-format=[Log lines as text or json]:FORMAT:(text json)' \
'--change-permissions=[Refused\: use group-write]:MODE:' \
'--group-write[Let the group write what is made]' \
'--add-user[Write a user to the configuration of the repository]' \
'--one-time[Exit after the first success]' \
'--ssh-known-hosts[Talk only to SSH servers that are known]' \
'--http-metrics[Answer /metrics]' \
'--http-pprof[Answer /debug/pprof/\: profiles of the processor]' \
'--publish-gate[Publish only what the program before agrees to]' \
'--ssh[Without effect\: the address says whether it is SSH]' \
'-h[Show a help of this command]' \
'--help[Show a help of this command]' \
&& ret=0
;;
(completions)
_arguments "${_arguments_options[@]}" : \
'-h[Show a help of this command]' \
'--help[Show a help of this command]' \
'::operand:(bash zsh fish)' \
&& ret=0
;;
(help)
_arguments "${_arguments_options[@]}" : \
'-h[Show a help of this command]' \
'--help[Show a help of this command]' \
'::operand:(check probe status sync rollback pin unpin completions help)' \
&& ret=0
;;
        esac
    ;;
esac
}

(( $+functions[_gitsyncd_commands] )) ||
_gitsyncd_commands() {
    local commands; commands=(
'check:Look whether a run with these options would work' \
'probe:Ask a server whether it is well, as curl would' \
'status:Show what is published and how the last sync went' \
'sync:Have a running gitsyncd look now, and tell how that ended' \
'rollback:Publish an earlier commit and stay there' \
'pin:Stay at what is published, or at a commit' \
'unpin:Follow the ref again' \
'completions:Print completions for a shell\: bash, zsh or fish' \
'help:Show this help, or that of a command or an option' \
    )
    _describe -t commands 'gitsyncd commands' commands "$@"
}
(( $+functions[_gitsyncd__subcmd__check_commands] )) ||
_gitsyncd__subcmd__check_commands() {
    local commands; commands=()
    _describe -t commands 'gitsyncd check commands' commands "$@"
}
(( $+functions[_gitsyncd__subcmd__completions_commands] )) ||
_gitsyncd__subcmd__completions_commands() {
    local commands; commands=()
    _describe -t commands 'gitsyncd completions commands' commands "$@"
}
(( $+functions[_gitsyncd__subcmd__help_commands] )) ||
_gitsyncd__subcmd__help_commands() {
    local commands; commands=()
    _describe -t commands 'gitsyncd help commands' commands "$@"
}
(( $+functions[_gitsyncd__subcmd__pin_commands] )) ||
_gitsyncd__subcmd__pin_commands() {
    local commands; commands=()
    _describe -t commands 'gitsyncd pin commands' commands "$@"
}
(( $+functions[_gitsyncd__subcmd__probe_commands] )) ||
_gitsyncd__subcmd__probe_commands() {
    local commands; commands=()
    _describe -t commands 'gitsyncd probe commands' commands "$@"
}
(( $+functions[_gitsyncd__subcmd__rollback_commands] )) ||
_gitsyncd__subcmd__rollback_commands() {
    local commands; commands=()
    _describe -t commands 'gitsyncd rollback commands' commands "$@"
}
(( $+functions[_gitsyncd__subcmd__status_commands] )) ||
_gitsyncd__subcmd__status_commands() {
    local commands; commands=()
    _describe -t commands 'gitsyncd status commands' commands "$@"
}
(( $+functions[_gitsyncd__subcmd__sync_commands] )) ||
_gitsyncd__subcmd__sync_commands() {
    local commands; commands=()
    _describe -t commands 'gitsyncd sync commands' commands "$@"
}
(( $+functions[_gitsyncd__subcmd__unpin_commands] )) ||
_gitsyncd__subcmd__unpin_commands() {
    local commands; commands=()
    _describe -t commands 'gitsyncd unpin commands' commands "$@"
}

if [ "$funcstack[1]" = "_gitsyncd" ]; then
    _gitsyncd "$@"
else
    compdef _gitsyncd gitsyncd
fi
