# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_gitsyncd_global_optspecs
    string join \n repo= fallback-repo= ref= depth= filter= sparse-checkout-file= sparse-path= submodules= lfs= max-object-size= max-pack-size= verify= verify-key-dir= config= root= link= publish= trees= durable= drift= stale-worktree-timeout= keep-trees= git-gc= group-write add-user git= period= jitter= init-period= sync-timeout= one-time sync-on-signal= sync-window= max-failures= init-max-failures= username= password= password-file= credential= auth-dir= askpass-url= cookie-file= github-app-application-id= github-app-client-id= github-app-installation-id= github-app-private-key= github-app-private-key-file= github-base-url= ssh-key-file= ssh-known-hosts ssh-known-hosts-file= ca-file= client-cert= client-key= proxy= git-config= git-config-add= http-bind= http-metrics http-pprof ready-max-age= hook-bind= hook-secret= hook-secret-file= api-token= api-token-file= api-read= exechook-command= exechook-timeout= exechook-backoff= pre-publish-exechook-command= pre-publish-exechook-timeout= pre-publish-exechook-backoff= publish-gate webhook-url= webhook-method= webhook-success-status= webhook-timeout= webhook-backoff= webhook-header= webhook-body= webhook-events= touch-file= error-file= v/verbose= log-format= ssh change-permissions= h/help man version print-config
end

function __fish_gitsyncd_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_gitsyncd_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_gitsyncd_using_subcommand
    set -l cmd (__fish_gitsyncd_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l repo -d 'The repository to follow' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l fallback-repo -d 'The same repository elsewhere, if it fails there' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l ref -d 'Branch, tag, ref name, commit id, semver: or tag:' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l depth -d 'How many commits of history to keep; 0 keeps all' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l filter -d 'A partial clone, as in blob:none' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l sparse-checkout-file -d 'A file of patterns; only matching files are written' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l sparse-path -d 'A directory of the repository; only these are written' -r -f -a "(__fish_complete_directories)"
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l submodules -d 'Submodules: recursive, shallow or off' -r -f -a "recursive\t''
shallow\t''
off\t''"
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l lfs -d 'Files of Git LFS instead of pointers to them' -r -f -a "on\t''
off\t''"
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l max-object-size -d 'The largest object that is taken; 0 for any' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l max-pack-size -d 'The most that one fetch brings; 0 for any' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l verify -d 'Publish only what is signed: off, head or tag' -r -f -a "off\t''
head\t''
tag\t''"
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l verify-key-dir -d 'The keys whose signatures count' -r -f -a "(__fish_complete_directories)"
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l config -d 'A YAML file of options, for several repositories' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l root -d 'The working directory' -r -f -a "(__fish_complete_directories)"
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l link -d 'The symlink that readers use' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l publish -d 'How a tree is shown: symlink, exchange, copy' -r -f -a "symlink\t''
exchange\t''
copy\t''"
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l trees -d 'How trees are made: prepared, reused or fresh' -r -f -a "prepared\t''
reused\t''
fresh\t''"
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l durable -d 'Wait for the disk before a tree is shown' -r -f -a "on\t''
off\t''"
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l drift -d 'If the tree is changed: repair, report, off' -r -f -a "repair\t''
report\t''
off\t''"
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l stale-worktree-timeout -d 'How long a tree stays once replaced' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l keep-trees -d 'How many replaced trees stay after that' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l git-gc -d 'When to remove objects that nothing needs' -r -f -a "auto\t''
always\t''
aggressive\t''
off\t''"
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l git -d 'Without effect: no git program is run' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l period -d 'The rest between two syncs, or off for triggers only' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l jitter -d 'How much a rest may vary at random' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l init-period -d 'The rest until the first success' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l sync-timeout -d 'How long one sync may take' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l sync-on-signal -d 'Sync at once when this signal comes' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l sync-window -d 'When commits may be published, or may not be' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l max-failures -d 'Exit after so many failures in a row; -1 for never' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l init-max-failures -d 'The same until the first success' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l username -d 'The user name for the server' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l password -d 'The password or token; better by variable or by file' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l password-file -d 'A file that holds the password or token' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l credential -d 'Who to be at which servers' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l auth-dir -d 'A mounted Secret, as it is' -r -f -a "(__fish_complete_directories)"
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l askpass-url -d 'A service that tells user name and password' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l cookie-file -d 'A file with cookies to send' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l github-app-application-id -d 'The number of a GitHub App to be' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l github-app-client-id -d 'Its client id, in place of its number' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l github-app-installation-id -d 'The number of its installation' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l github-app-private-key -d 'Its private key; better by variable or by file' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l github-app-private-key-file -d 'A file that holds its private key' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l github-base-url -d 'Where its API is' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l ssh-key-file -d 'A private key for SSH' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l ssh-known-hosts-file -d 'The known SSH servers' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l ca-file -d 'Certificates to trust in place of the system\'s' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l client-cert -d 'Our certificate, for servers that ask for one' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l client-key -d 'The key of our certificate' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l proxy -d 'A proxy to go through, to any server' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l git-config -d 'Settings by the names that Git has for them' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l git-config-add -d 'More settings of Git' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l http-bind -d 'Where to answer HTTP: probes, metrics, API and page' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l ready-max-age -d 'How old the last success may be for /readyz' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l hook-bind -d 'Where to receive webhooks, apart from all else' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l hook-secret -d 'The secret of webhooks; better by variable or by file' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l hook-secret-file -d 'A file that holds the secrets of webhooks' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l api-token -d 'The token of the API; better by variable or by file' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l api-token-file -d 'A file that holds the tokens of the API' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l api-read -d 'Who may read the API: open or token' -r -f -a "open\t''
token\t''"
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l exechook-command -d 'A program to run after each publication' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l exechook-timeout -d 'How long the program may take' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l exechook-backoff -d 'The rest before the program is run again' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l pre-publish-exechook-command -d 'A program to run before each publication' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l pre-publish-exechook-timeout -d 'How long that program may take' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l pre-publish-exechook-backoff -d 'The rest before that program is run again' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l webhook-url -d 'Whom to tell over HTTP after each publication' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l webhook-method -d 'The method of the request' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l webhook-success-status -d 'The status of an answer that means success' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l webhook-timeout -d 'How long the request may take' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l webhook-backoff -d 'The rest before the request is sent again' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l webhook-header -d 'A line for the head of the request' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l webhook-body -d 'The content of the request' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l webhook-events -d 'Of what to tell' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l touch-file -d 'A file to touch after each publication' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l error-file -d 'A file that holds the last error while there is one' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -s v -l verbose -d 'How much to log' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l log-format -d 'Log lines as text or json' -r -f -a "text\t''
json\t''"
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l change-permissions -d 'Refused: use group-write' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l group-write -d 'Let the group write what is made'
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l add-user -d 'Write a user to the configuration of the repository'
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l one-time -d 'Exit after the first success'
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l ssh-known-hosts -d 'Talk only to SSH servers that are known'
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l http-metrics -d 'Answer /metrics'
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l http-pprof -d 'Answer /debug/pprof/: profiles of the processor'
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l publish-gate -d 'Publish only what the program before agrees to'
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l ssh -d 'Without effect: the address says whether it is SSH'
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -s h -l help -d 'Show a short help'
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l man -d 'Show the manual of all options'
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l version -d 'Show the version'
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -l print-config -d 'Show what would count, and where each value is from'
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -f -a "check" -d 'Look whether a run with these options would work'
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -f -a "probe" -d 'Ask a server whether it is well, as curl would'
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -f -a "status" -d 'Show what is published and how the last sync went'
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -f -a "sync" -d 'Have a running gitsyncd look now, and tell how that ended'
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -f -a "rollback" -d 'Publish an earlier commit and stay there'
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -f -a "pin" -d 'Stay at what is published, or at a commit'
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -f -a "unpin" -d 'Follow the ref again'
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -f -a "completions" -d 'Print completions for a shell: bash, zsh or fish'
complete -c gitsyncd -n "__fish_gitsyncd_needs_command" -f -a "help" -d 'Show this help, or that of a command or an option'
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l repo -d 'The repository to follow' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l fallback-repo -d 'The same repository elsewhere, if it fails there' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l ref -d 'Branch, tag, ref name, commit id, semver: or tag:' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l depth -d 'How many commits of history to keep; 0 keeps all' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l filter -d 'A partial clone, as in blob:none' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l sparse-checkout-file -d 'A file of patterns; only matching files are written' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l sparse-path -d 'A directory of the repository; only these are written' -r -f -a "(__fish_complete_directories)"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l submodules -d 'Submodules: recursive, shallow or off' -r -f -a "recursive\t''
shallow\t''
off\t''"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l lfs -d 'Files of Git LFS instead of pointers to them' -r -f -a "on\t''
off\t''"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l max-object-size -d 'The largest object that is taken; 0 for any' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l max-pack-size -d 'The most that one fetch brings; 0 for any' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l verify -d 'Publish only what is signed: off, head or tag' -r -f -a "off\t''
head\t''
tag\t''"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l verify-key-dir -d 'The keys whose signatures count' -r -f -a "(__fish_complete_directories)"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l config -d 'A YAML file of options, for several repositories' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l root -d 'The working directory' -r -f -a "(__fish_complete_directories)"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l link -d 'The symlink that readers use' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l publish -d 'How a tree is shown: symlink, exchange, copy' -r -f -a "symlink\t''
exchange\t''
copy\t''"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l trees -d 'How trees are made: prepared, reused or fresh' -r -f -a "prepared\t''
reused\t''
fresh\t''"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l durable -d 'Wait for the disk before a tree is shown' -r -f -a "on\t''
off\t''"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l drift -d 'If the tree is changed: repair, report, off' -r -f -a "repair\t''
report\t''
off\t''"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l stale-worktree-timeout -d 'How long a tree stays once replaced' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l keep-trees -d 'How many replaced trees stay after that' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l git-gc -d 'When to remove objects that nothing needs' -r -f -a "auto\t''
always\t''
aggressive\t''
off\t''"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l git -d 'Without effect: no git program is run' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l period -d 'The rest between two syncs, or off for triggers only' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l jitter -d 'How much a rest may vary at random' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l init-period -d 'The rest until the first success' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l sync-timeout -d 'How long one sync may take' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l sync-on-signal -d 'Sync at once when this signal comes' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l sync-window -d 'When commits may be published, or may not be' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l max-failures -d 'Exit after so many failures in a row; -1 for never' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l init-max-failures -d 'The same until the first success' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l username -d 'The user name for the server' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l password -d 'The password or token; better by variable or by file' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l password-file -d 'A file that holds the password or token' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l credential -d 'Who to be at which servers' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l auth-dir -d 'A mounted Secret, as it is' -r -f -a "(__fish_complete_directories)"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l askpass-url -d 'A service that tells user name and password' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l cookie-file -d 'A file with cookies to send' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l github-app-application-id -d 'The number of a GitHub App to be' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l github-app-client-id -d 'Its client id, in place of its number' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l github-app-installation-id -d 'The number of its installation' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l github-app-private-key -d 'Its private key; better by variable or by file' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l github-app-private-key-file -d 'A file that holds its private key' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l github-base-url -d 'Where its API is' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l ssh-key-file -d 'A private key for SSH' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l ssh-known-hosts-file -d 'The known SSH servers' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l ca-file -d 'Certificates to trust in place of the system\'s' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l client-cert -d 'Our certificate, for servers that ask for one' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l client-key -d 'The key of our certificate' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l proxy -d 'A proxy to go through, to any server' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l git-config -d 'Settings by the names that Git has for them' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l git-config-add -d 'More settings of Git' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l http-bind -d 'Where to answer HTTP: probes, metrics, API and page' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l ready-max-age -d 'How old the last success may be for /readyz' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l hook-bind -d 'Where to receive webhooks, apart from all else' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l hook-secret -d 'The secret of webhooks; better by variable or by file' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l hook-secret-file -d 'A file that holds the secrets of webhooks' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l api-token -d 'The token of the API; better by variable or by file' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l api-token-file -d 'A file that holds the tokens of the API' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l api-read -d 'Who may read the API: open or token' -r -f -a "open\t''
token\t''"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l exechook-command -d 'A program to run after each publication' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l exechook-timeout -d 'How long the program may take' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l exechook-backoff -d 'The rest before the program is run again' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l pre-publish-exechook-command -d 'A program to run before each publication' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l pre-publish-exechook-timeout -d 'How long that program may take' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l pre-publish-exechook-backoff -d 'The rest before that program is run again' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l webhook-url -d 'Whom to tell over HTTP after each publication' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l webhook-method -d 'The method of the request' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l webhook-success-status -d 'The status of an answer that means success' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l webhook-timeout -d 'How long the request may take' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l webhook-backoff -d 'The rest before the request is sent again' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l webhook-header -d 'A line for the head of the request' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l webhook-body -d 'The content of the request' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l webhook-events -d 'Of what to tell' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l touch-file -d 'A file to touch after each publication' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l error-file -d 'A file that holds the last error while there is one' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -s v -l verbose -d 'How much to log' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l log-format -d 'Log lines as text or json' -r -f -a "text\t''
json\t''"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l change-permissions -d 'Refused: use group-write' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l group-write -d 'Let the group write what is made'
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l add-user -d 'Write a user to the configuration of the repository'
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l one-time -d 'Exit after the first success'
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l ssh-known-hosts -d 'Talk only to SSH servers that are known'
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l http-metrics -d 'Answer /metrics'
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l http-pprof -d 'Answer /debug/pprof/: profiles of the processor'
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l publish-gate -d 'Publish only what the program before agrees to'
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -l ssh -d 'Without effect: the address says whether it is SSH'
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand check" -s h -l help -d 'Show a help of this command'
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand probe" -l wait -d 'How long to ask again until the answer is good' -r
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand probe" -l config -d 'A YAML file of options, for several repositories' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand probe" -l ca-file -d 'Certificates to trust in place of the system\'s' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand probe" -l http-bind -d 'Where to answer HTTP: probes, metrics, API and page' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand probe" -s h -l help -d 'Show a help of this command'
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand status" -l wait -d 'How long to ask again until all is well' -r
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand status" -l name -d 'Which of several repositories is meant' -r
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand status" -l config -d 'A YAML file of options, for several repositories' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand status" -l root -d 'The working directory' -r -f -a "(__fish_complete_directories)"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand status" -l ca-file -d 'Certificates to trust in place of the system\'s' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand status" -l http-bind -d 'Where to answer HTTP: probes, metrics, API and page' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand status" -l api-token-file -d 'A file that holds the tokens of the API' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand status" -l json -d 'Print the status as it is, in JSON'
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand status" -s h -l help -d 'Show a help of this command'
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand sync" -l wait -d 'How long to wait for the end of it' -r
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand sync" -l name -d 'Which of several repositories is meant' -r
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand sync" -l config -d 'A YAML file of options, for several repositories' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand sync" -l root -d 'The working directory' -r -f -a "(__fish_complete_directories)"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand sync" -l ca-file -d 'Certificates to trust in place of the system\'s' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand sync" -l http-bind -d 'Where to answer HTTP: probes, metrics, API and page' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand sync" -l api-token-file -d 'A file that holds the tokens of the API' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand sync" -l pre-publish-exechook-command -d 'A program to run before each publication' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand sync" -s h -l help -d 'Show a help of this command'
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l name -d 'Which of several repositories is meant' -r
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l repo -d 'The repository to follow' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l fallback-repo -d 'The same repository elsewhere, if it fails there' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l ref -d 'Branch, tag, ref name, commit id, semver: or tag:' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l depth -d 'How many commits of history to keep; 0 keeps all' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l filter -d 'A partial clone, as in blob:none' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l sparse-checkout-file -d 'A file of patterns; only matching files are written' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l sparse-path -d 'A directory of the repository; only these are written' -r -f -a "(__fish_complete_directories)"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l submodules -d 'Submodules: recursive, shallow or off' -r -f -a "recursive\t''
shallow\t''
off\t''"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l lfs -d 'Files of Git LFS instead of pointers to them' -r -f -a "on\t''
off\t''"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l max-object-size -d 'The largest object that is taken; 0 for any' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l max-pack-size -d 'The most that one fetch brings; 0 for any' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l verify -d 'Publish only what is signed: off, head or tag' -r -f -a "off\t''
head\t''
tag\t''"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l verify-key-dir -d 'The keys whose signatures count' -r -f -a "(__fish_complete_directories)"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l config -d 'A YAML file of options, for several repositories' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l root -d 'The working directory' -r -f -a "(__fish_complete_directories)"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l link -d 'The symlink that readers use' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l publish -d 'How a tree is shown: symlink, exchange, copy' -r -f -a "symlink\t''
exchange\t''
copy\t''"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l trees -d 'How trees are made: prepared, reused or fresh' -r -f -a "prepared\t''
reused\t''
fresh\t''"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l durable -d 'Wait for the disk before a tree is shown' -r -f -a "on\t''
off\t''"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l drift -d 'If the tree is changed: repair, report, off' -r -f -a "repair\t''
report\t''
off\t''"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l stale-worktree-timeout -d 'How long a tree stays once replaced' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l keep-trees -d 'How many replaced trees stay after that' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l git-gc -d 'When to remove objects that nothing needs' -r -f -a "auto\t''
always\t''
aggressive\t''
off\t''"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l git -d 'Without effect: no git program is run' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l period -d 'The rest between two syncs, or off for triggers only' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l jitter -d 'How much a rest may vary at random' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l init-period -d 'The rest until the first success' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l sync-timeout -d 'How long one sync may take' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l sync-on-signal -d 'Sync at once when this signal comes' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l sync-window -d 'When commits may be published, or may not be' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l max-failures -d 'Exit after so many failures in a row; -1 for never' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l init-max-failures -d 'The same until the first success' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l username -d 'The user name for the server' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l password -d 'The password or token; better by variable or by file' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l password-file -d 'A file that holds the password or token' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l credential -d 'Who to be at which servers' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l auth-dir -d 'A mounted Secret, as it is' -r -f -a "(__fish_complete_directories)"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l askpass-url -d 'A service that tells user name and password' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l cookie-file -d 'A file with cookies to send' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l github-app-application-id -d 'The number of a GitHub App to be' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l github-app-client-id -d 'Its client id, in place of its number' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l github-app-installation-id -d 'The number of its installation' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l github-app-private-key -d 'Its private key; better by variable or by file' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l github-app-private-key-file -d 'A file that holds its private key' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l github-base-url -d 'Where its API is' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l ssh-key-file -d 'A private key for SSH' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l ssh-known-hosts-file -d 'The known SSH servers' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l ca-file -d 'Certificates to trust in place of the system\'s' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l client-cert -d 'Our certificate, for servers that ask for one' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l client-key -d 'The key of our certificate' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l proxy -d 'A proxy to go through, to any server' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l git-config -d 'Settings by the names that Git has for them' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l git-config-add -d 'More settings of Git' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l http-bind -d 'Where to answer HTTP: probes, metrics, API and page' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l ready-max-age -d 'How old the last success may be for /readyz' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l hook-bind -d 'Where to receive webhooks, apart from all else' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l hook-secret -d 'The secret of webhooks; better by variable or by file' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l hook-secret-file -d 'A file that holds the secrets of webhooks' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l api-token -d 'The token of the API; better by variable or by file' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l api-token-file -d 'A file that holds the tokens of the API' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l api-read -d 'Who may read the API: open or token' -r -f -a "open\t''
token\t''"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l exechook-command -d 'A program to run after each publication' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l exechook-timeout -d 'How long the program may take' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l exechook-backoff -d 'The rest before the program is run again' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l pre-publish-exechook-command -d 'A program to run before each publication' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l pre-publish-exechook-timeout -d 'How long that program may take' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l pre-publish-exechook-backoff -d 'The rest before that program is run again' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l webhook-url -d 'Whom to tell over HTTP after each publication' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l webhook-method -d 'The method of the request' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l webhook-success-status -d 'The status of an answer that means success' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l webhook-timeout -d 'How long the request may take' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l webhook-backoff -d 'The rest before the request is sent again' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l webhook-header -d 'A line for the head of the request' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l webhook-body -d 'The content of the request' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l webhook-events -d 'Of what to tell' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l touch-file -d 'A file to touch after each publication' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l error-file -d 'A file that holds the last error while there is one' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -s v -l verbose -d 'How much to log' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l log-format -d 'Log lines as text or json' -r -f -a "text\t''
json\t''"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l change-permissions -d 'Refused: use group-write' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l group-write -d 'Let the group write what is made'
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l add-user -d 'Write a user to the configuration of the repository'
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l one-time -d 'Exit after the first success'
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l ssh-known-hosts -d 'Talk only to SSH servers that are known'
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l http-metrics -d 'Answer /metrics'
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l http-pprof -d 'Answer /debug/pprof/: profiles of the processor'
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l publish-gate -d 'Publish only what the program before agrees to'
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -l ssh -d 'Without effect: the address says whether it is SSH'
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -s h -l help -d 'Show a help of this command'
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l name -d 'Which of several repositories is meant' -r
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l repo -d 'The repository to follow' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l fallback-repo -d 'The same repository elsewhere, if it fails there' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l ref -d 'Branch, tag, ref name, commit id, semver: or tag:' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l depth -d 'How many commits of history to keep; 0 keeps all' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l filter -d 'A partial clone, as in blob:none' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l sparse-checkout-file -d 'A file of patterns; only matching files are written' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l sparse-path -d 'A directory of the repository; only these are written' -r -f -a "(__fish_complete_directories)"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l submodules -d 'Submodules: recursive, shallow or off' -r -f -a "recursive\t''
shallow\t''
off\t''"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l lfs -d 'Files of Git LFS instead of pointers to them' -r -f -a "on\t''
off\t''"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l max-object-size -d 'The largest object that is taken; 0 for any' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l max-pack-size -d 'The most that one fetch brings; 0 for any' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l verify -d 'Publish only what is signed: off, head or tag' -r -f -a "off\t''
head\t''
tag\t''"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l verify-key-dir -d 'The keys whose signatures count' -r -f -a "(__fish_complete_directories)"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l config -d 'A YAML file of options, for several repositories' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l root -d 'The working directory' -r -f -a "(__fish_complete_directories)"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l link -d 'The symlink that readers use' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l publish -d 'How a tree is shown: symlink, exchange, copy' -r -f -a "symlink\t''
exchange\t''
copy\t''"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l trees -d 'How trees are made: prepared, reused or fresh' -r -f -a "prepared\t''
reused\t''
fresh\t''"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l durable -d 'Wait for the disk before a tree is shown' -r -f -a "on\t''
off\t''"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l drift -d 'If the tree is changed: repair, report, off' -r -f -a "repair\t''
report\t''
off\t''"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l stale-worktree-timeout -d 'How long a tree stays once replaced' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l keep-trees -d 'How many replaced trees stay after that' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l git-gc -d 'When to remove objects that nothing needs' -r -f -a "auto\t''
always\t''
aggressive\t''
off\t''"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l git -d 'Without effect: no git program is run' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l period -d 'The rest between two syncs, or off for triggers only' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l jitter -d 'How much a rest may vary at random' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l init-period -d 'The rest until the first success' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l sync-timeout -d 'How long one sync may take' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l sync-on-signal -d 'Sync at once when this signal comes' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l sync-window -d 'When commits may be published, or may not be' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l max-failures -d 'Exit after so many failures in a row; -1 for never' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l init-max-failures -d 'The same until the first success' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l username -d 'The user name for the server' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l password -d 'The password or token; better by variable or by file' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l password-file -d 'A file that holds the password or token' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l credential -d 'Who to be at which servers' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l auth-dir -d 'A mounted Secret, as it is' -r -f -a "(__fish_complete_directories)"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l askpass-url -d 'A service that tells user name and password' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l cookie-file -d 'A file with cookies to send' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l github-app-application-id -d 'The number of a GitHub App to be' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l github-app-client-id -d 'Its client id, in place of its number' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l github-app-installation-id -d 'The number of its installation' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l github-app-private-key -d 'Its private key; better by variable or by file' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l github-app-private-key-file -d 'A file that holds its private key' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l github-base-url -d 'Where its API is' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l ssh-key-file -d 'A private key for SSH' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l ssh-known-hosts-file -d 'The known SSH servers' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l ca-file -d 'Certificates to trust in place of the system\'s' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l client-cert -d 'Our certificate, for servers that ask for one' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l client-key -d 'The key of our certificate' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l proxy -d 'A proxy to go through, to any server' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l git-config -d 'Settings by the names that Git has for them' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l git-config-add -d 'More settings of Git' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l http-bind -d 'Where to answer HTTP: probes, metrics, API and page' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l ready-max-age -d 'How old the last success may be for /readyz' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l hook-bind -d 'Where to receive webhooks, apart from all else' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l hook-secret -d 'The secret of webhooks; better by variable or by file' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l hook-secret-file -d 'A file that holds the secrets of webhooks' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l api-token -d 'The token of the API; better by variable or by file' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l api-token-file -d 'A file that holds the tokens of the API' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l api-read -d 'Who may read the API: open or token' -r -f -a "open\t''
token\t''"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l exechook-command -d 'A program to run after each publication' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l exechook-timeout -d 'How long the program may take' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l exechook-backoff -d 'The rest before the program is run again' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l pre-publish-exechook-command -d 'A program to run before each publication' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l pre-publish-exechook-timeout -d 'How long that program may take' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l pre-publish-exechook-backoff -d 'The rest before that program is run again' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l webhook-url -d 'Whom to tell over HTTP after each publication' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l webhook-method -d 'The method of the request' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l webhook-success-status -d 'The status of an answer that means success' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l webhook-timeout -d 'How long the request may take' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l webhook-backoff -d 'The rest before the request is sent again' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l webhook-header -d 'A line for the head of the request' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l webhook-body -d 'The content of the request' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l webhook-events -d 'Of what to tell' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l touch-file -d 'A file to touch after each publication' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l error-file -d 'A file that holds the last error while there is one' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -s v -l verbose -d 'How much to log' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l log-format -d 'Log lines as text or json' -r -f -a "text\t''
json\t''"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l change-permissions -d 'Refused: use group-write' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l group-write -d 'Let the group write what is made'
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l add-user -d 'Write a user to the configuration of the repository'
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l one-time -d 'Exit after the first success'
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l ssh-known-hosts -d 'Talk only to SSH servers that are known'
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l http-metrics -d 'Answer /metrics'
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l http-pprof -d 'Answer /debug/pprof/: profiles of the processor'
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l publish-gate -d 'Publish only what the program before agrees to'
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -l ssh -d 'Without effect: the address says whether it is SSH'
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand pin" -s h -l help -d 'Show a help of this command'
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l name -d 'Which of several repositories is meant' -r
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l repo -d 'The repository to follow' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l fallback-repo -d 'The same repository elsewhere, if it fails there' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l ref -d 'Branch, tag, ref name, commit id, semver: or tag:' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l depth -d 'How many commits of history to keep; 0 keeps all' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l filter -d 'A partial clone, as in blob:none' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l sparse-checkout-file -d 'A file of patterns; only matching files are written' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l sparse-path -d 'A directory of the repository; only these are written' -r -f -a "(__fish_complete_directories)"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l submodules -d 'Submodules: recursive, shallow or off' -r -f -a "recursive\t''
shallow\t''
off\t''"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l lfs -d 'Files of Git LFS instead of pointers to them' -r -f -a "on\t''
off\t''"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l max-object-size -d 'The largest object that is taken; 0 for any' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l max-pack-size -d 'The most that one fetch brings; 0 for any' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l verify -d 'Publish only what is signed: off, head or tag' -r -f -a "off\t''
head\t''
tag\t''"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l verify-key-dir -d 'The keys whose signatures count' -r -f -a "(__fish_complete_directories)"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l config -d 'A YAML file of options, for several repositories' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l root -d 'The working directory' -r -f -a "(__fish_complete_directories)"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l link -d 'The symlink that readers use' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l publish -d 'How a tree is shown: symlink, exchange, copy' -r -f -a "symlink\t''
exchange\t''
copy\t''"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l trees -d 'How trees are made: prepared, reused or fresh' -r -f -a "prepared\t''
reused\t''
fresh\t''"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l durable -d 'Wait for the disk before a tree is shown' -r -f -a "on\t''
off\t''"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l drift -d 'If the tree is changed: repair, report, off' -r -f -a "repair\t''
report\t''
off\t''"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l stale-worktree-timeout -d 'How long a tree stays once replaced' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l keep-trees -d 'How many replaced trees stay after that' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l git-gc -d 'When to remove objects that nothing needs' -r -f -a "auto\t''
always\t''
aggressive\t''
off\t''"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l git -d 'Without effect: no git program is run' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l period -d 'The rest between two syncs, or off for triggers only' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l jitter -d 'How much a rest may vary at random' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l init-period -d 'The rest until the first success' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l sync-timeout -d 'How long one sync may take' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l sync-on-signal -d 'Sync at once when this signal comes' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l sync-window -d 'When commits may be published, or may not be' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l max-failures -d 'Exit after so many failures in a row; -1 for never' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l init-max-failures -d 'The same until the first success' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l username -d 'The user name for the server' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l password -d 'The password or token; better by variable or by file' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l password-file -d 'A file that holds the password or token' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l credential -d 'Who to be at which servers' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l auth-dir -d 'A mounted Secret, as it is' -r -f -a "(__fish_complete_directories)"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l askpass-url -d 'A service that tells user name and password' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l cookie-file -d 'A file with cookies to send' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l github-app-application-id -d 'The number of a GitHub App to be' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l github-app-client-id -d 'Its client id, in place of its number' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l github-app-installation-id -d 'The number of its installation' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l github-app-private-key -d 'Its private key; better by variable or by file' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l github-app-private-key-file -d 'A file that holds its private key' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l github-base-url -d 'Where its API is' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l ssh-key-file -d 'A private key for SSH' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l ssh-known-hosts-file -d 'The known SSH servers' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l ca-file -d 'Certificates to trust in place of the system\'s' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l client-cert -d 'Our certificate, for servers that ask for one' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l client-key -d 'The key of our certificate' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l proxy -d 'A proxy to go through, to any server' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l git-config -d 'Settings by the names that Git has for them' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l git-config-add -d 'More settings of Git' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l http-bind -d 'Where to answer HTTP: probes, metrics, API and page' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l ready-max-age -d 'How old the last success may be for /readyz' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l hook-bind -d 'Where to receive webhooks, apart from all else' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l hook-secret -d 'The secret of webhooks; better by variable or by file' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l hook-secret-file -d 'A file that holds the secrets of webhooks' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l api-token -d 'The token of the API; better by variable or by file' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l api-token-file -d 'A file that holds the tokens of the API' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l api-read -d 'Who may read the API: open or token' -r -f -a "open\t''
token\t''"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l exechook-command -d 'A program to run after each publication' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l exechook-timeout -d 'How long the program may take' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l exechook-backoff -d 'The rest before the program is run again' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l pre-publish-exechook-command -d 'A program to run before each publication' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l pre-publish-exechook-timeout -d 'How long that program may take' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l pre-publish-exechook-backoff -d 'The rest before that program is run again' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l webhook-url -d 'Whom to tell over HTTP after each publication' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l webhook-method -d 'The method of the request' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l webhook-success-status -d 'The status of an answer that means success' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l webhook-timeout -d 'How long the request may take' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l webhook-backoff -d 'The rest before the request is sent again' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l webhook-header -d 'A line for the head of the request' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l webhook-body -d 'The content of the request' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l webhook-events -d 'Of what to tell' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l touch-file -d 'A file to touch after each publication' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l error-file -d 'A file that holds the last error while there is one' -r -F
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -s v -l verbose -d 'How much to log' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l log-format -d 'Log lines as text or json' -r -f -a "text\t''
json\t''"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l change-permissions -d 'Refused: use group-write' -r -f
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l group-write -d 'Let the group write what is made'
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l add-user -d 'Write a user to the configuration of the repository'
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l one-time -d 'Exit after the first success'
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l ssh-known-hosts -d 'Talk only to SSH servers that are known'
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l http-metrics -d 'Answer /metrics'
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l http-pprof -d 'Answer /debug/pprof/: profiles of the processor'
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l publish-gate -d 'Publish only what the program before agrees to'
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -l ssh -d 'Without effect: the address says whether it is SSH'
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand unpin" -s h -l help -d 'Show a help of this command'
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand completions" -s h -l help -d 'Show a help of this command'
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand help" -s h -l help -d 'Show a help of this command'
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand rollback" -f -a "previous"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand completions" -f -a "bash zsh fish"
complete -c gitsyncd -n "__fish_gitsyncd_using_subcommand help" -f -a "check probe status sync rollback pin unpin completions help"
