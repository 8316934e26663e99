#!/usr/bin/env bash
# Deploys the program of this directory's manifests with its source code. deploy.sh --help says how.
#
# It writes the ConfigMap source-code into a copy of the manifests and hands that to kubectl. It does
# not know passwords: those are in the Secret source-code, which it neither reads nor makes.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
readonly here

usage() {
  cat <<'END'
Usage:
  deploy.sh [OPTIONS] git URL [REF]   A sidecar fetches the source code from URL [REF: HEAD]
  deploy.sh [OPTIONS] local [REF]     It is in a repository on the nodes, which a daemon mirrors

Options:
  --namespace=NAME   Where to deploy; it must be there [that of kubectl's context]
  --image=IMAGE      The image of gitsyncd, with tag or digest [gitsyncd]
  --app-image=IMAGE  The image of the program that reads [docker.io/library/nginx:1.28]
  --period=DURATION  The rest between two looks [60s]
  --source=DIR       local: where the repository is on the nodes [/srv/source]
  --node-selector=KEY=VALUE
                     local: only nodes with this label, those that have the repository [all]
  --print, --dry-run Prints the manifests and applies nothing; needs no cluster
  -h, --help         Shows this

From one mode to the other, what the first one made and the second does not know stays. From local to git:
  kubectl delete daemonset gitsyncd-local

It needs kubectl 1.21 or newer. A password does not belong into URL. For a private repository make a Secret first:
  kubectl create secret generic source-code \
      --from-literal=GIT_USERNAME=reader --from-file=GIT_PASSWORD=token.txt
END
}

fail() {
  printf 'deploy.sh: %s\n' "$1" >&2
  printf 'deploy.sh --help tells how it is called.\n' >&2
  exit 2
}

namespace='' image='' app_image='' period=60s source=/srv/source selector='' action=apply
words=()

# take OPTION [VALUE]: keeps the value of an option.
take() {
  local value=${2-}
  [ -n "$value" ] || fail "$1 wants a value"
  case $1 in
    --namespace) namespace=$value ;;
    --image) image=$value ;;
    --app-image) app_image=$value ;;
    --period) period=$value ;;
    --source) source=$value ;;
    --node-selector) selector=$value ;;
  esac
}

while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) usage; exit 0 ;;
    --print | --dry-run) action=print ;;
    --namespace=* | --image=* | --app-image=* | --period=* | --source=* | --node-selector=*)
      take "${1%%=*}" "${1#*=}"
      ;;
    --namespace | --image | --app-image | --period | --source | --node-selector)
      take "$1" "${2-}"
      shift
      ;;
    -*) fail "there is no option $1" ;;
    *) words+=("$1") ;;
  esac
  shift
done

mode=${words[0]-}
case $mode in
  git)
    url=${words[1]-} ref=${words[2]-HEAD} most=3
    [ -n "$url" ] || fail "git wants the URL of a repository"
    ;;
  local)
    url=/source ref=${words[1]-HEAD} most=2
    [[ $source == /* ]] || fail "--source wants a path from the root on, and not $source"
    ;;
  '') fail "say git or local" ;;
  *) fail "there is no mode $mode; say git or local" ;;
esac
[ ${#words[@]} -le "$most" ] || fail "too much: ${words[*]:$most}"
# The user of SSH is no secret; over http a token can stand in its place.
shopt -s nocasematch
if [[ $url =~ ^https?://[^/?#]*@ || $url =~ ^[a-z0-9+.-]+://[^/@]*:[^/@]*@ ]]; then
  fail "the address holds a user or a password, which all could read; make the Secret source-code"
fi
shopt -u nocasematch
for value in "$url" "$ref" "$period" "$source" "$namespace" "$image" "$app_image" "$selector"; do
  [[ $value != *[[:cntrl:]]* ]] || fail "a value holds a line break or the like"
done
[[ -z $namespace || $namespace =~ ^[a-z0-9]([-a-z0-9]*[a-z0-9])?$ ]] ||
  fail "$namespace is no name of a namespace"
duration='^([0-9]+|(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|ms|s|m|h))+)$'
[[ $period =~ $duration ]] || fail "--period wants a duration such as 30s or 5m, and not $period"
reference='^[A-Za-z0-9][A-Za-z0-9._/:-]*(@[a-z0-9]+:[0-9a-f]+)?$'
for value in "$image" "$app_image"; do
  [[ -z $value || $value =~ $reference && $value != *[/:] ]] ||
    fail "$value is no name of an image, with tag or digest"
done
[[ -z $selector || $selector =~ ^[A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?=[-A-Za-z0-9_.]*$ ]] ||
  fail "--node-selector wants KEY=VALUE, and not $selector"
[[ -z $selector || $mode = local ]] || fail "--node-selector is for local"
command -v kubectl >/dev/null || fail "kubectl is not installed: https://kubernetes.io/docs/tasks/tools"
# Older ones do not take directories as resources.
version=$(kubectl version --client --output=json 2>/dev/null |
  awk -F '"' '$2 == "minor" { sub(/[^0-9].*/, "", $4); print $4; exit }')
if [ -n "$version" ] && [ "$version" -lt 21 ]; then
  fail "kubectl 1.$version is too old; 1.21 or newer is needed: https://kubernetes.io/docs/tasks/tools"
fi

# quoted TEXT: as a string of YAML.
quoted() { printf "'%s'" "${1//\'/\'\'}"; }

# image NAME IMAGE: an entry of `images:` in kustomization.yaml.
image() {
  local name=$2 tag='' digest=''
  case $name in *@*) digest=${name#*@} name=${name%%@*} ;; esac
  case ${name##*/} in *:*) tag=${name##*:} name=${name%:*} ;; esac
  printf '  - name: %s\n    newName: %s\n' "$(quoted "$1")" "$(quoted "$name")"
  if [ -n "$digest" ]; then
    printf '    digest: %s\n' "$(quoted "$digest")"
  else
    printf '    newTag: %s\n' "$(quoted "${tag:-latest}")"
  fi
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -R "$here/site" "$here/source" "$here/git" "$here/local" "$work"

cat >"$work/source/source.yaml" <<END
apiVersion: v1
kind: ConfigMap
metadata:
  name: source-code
data:
  SOURCE_CODE_MODE: $mode
  GIT_REPO_URL: $(quoted "$url")
  GIT_BRANCH: $(quoted "$ref")
  GIT_SYNC_PERIOD: $(quoted "$period")
END

mkdir "$work/deploy"
{
  printf 'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n'
  printf '  - ../%s\n' "$mode"
  if [ -n "$namespace" ]; then printf 'namespace: %s\n' "$(quoted "$namespace")"; fi
  # Pods begin anew when one of the settings changes, and only then.
  printf 'commonAnnotations:\n  gitsyncd/settings: "%s"\n' \
    "$(cksum <"$work/source/source.yaml" | tr ' ' '-')"
  if [ -n "$image$app_image" ]; then printf 'images:\n'; fi
  if [ -n "$image" ]; then image gitsyncd "$image"; fi
  if [ -n "$app_image" ]; then image docker.io/library/nginx "$app_image"; fi
} >"$work/deploy/kustomization.yaml"

if [ "$mode" = local ]; then
  SOURCE=$(quoted "$source") awk '{
    at = index($0, "path: /srv/source")
    if (at) print substr($0, 1, at - 1) "path: " ENVIRON["SOURCE"]; else print
  }' "$here/local/daemonset.yaml" >"$work/local/daemonset.yaml"
fi
if [ -n "$selector" ]; then
  # Both go there: the daemon, and the program that reads what it keeps.
  for file in daemonset app; do
    LABEL="$(quoted "${selector%%=*}"): $(quoted "${selector#*=}")" awk '{
      at = index($0, "kubernetes.io/os: linux")
      if (at) print substr($0, 1, at - 1) ENVIRON["LABEL"]; else print
    }' "$work/local/$file.yaml" >"$work/$file.yaml"
    mv "$work/$file.yaml" "$work/local/$file.yaml"
  done
fi

kubectl kustomize "$work/deploy" >"$work/manifests.yaml"
if [ "$action" = print ]; then
  cat "$work/manifests.yaml"
else
  kubectl apply -f "$work/manifests.yaml"
  printf 'How it goes: kubectl %sget pods --selector gitsyncd=enabled\n' \
    "${namespace:+--namespace=$namespace }"
fi
