# shellcheck shell=bash disable=SC2034
# Settings and helpers shared by the commands in this folder.
set -euo pipefail

DOCKER_NODE_HOME=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
DOCKER_NODE_CACHE=${DOCKER_NODE_CACHE:-/var/cache/tollgate-docker}
DOCKER_NODE_STATE=${DOCKER_NODE_STATE:-/var/lib/tollgate-docker}
DOCKER_NODE_DATA=${DOCKER_NODE_DATA:-$DOCKER_NODE_CACHE/data}
DOCKER_NODE_SIZE=${DOCKER_NODE_SIZE:-} # such as 200m: images go to memory, and that is all there is

say() { echo "docker: $*" >&2; }
die() { say "$*"; exit 1; }

need_root() { [ "$(id -u)" = 0 ] || die "must be run as root"; }

PROGRAMS=$DOCKER_NODE_CACHE/programs
SOCKET=$DOCKER_NODE_STATE/docker.sock
LOG=$DOCKER_NODE_STATE/dockerd.log
CGROUP=tollgate-docker-$(cksum <<<"$DOCKER_NODE_STATE" | cut -d' ' -f1)

for path in "$DOCKER_NODE_CACHE" "$DOCKER_NODE_STATE" "$DOCKER_NODE_DATA"; do
    [[ $path =~ ^/[A-Za-z0-9._/-]+$ ]] || die "$path: give a plain absolute path"
done

# lock FOLDER: wait for whoever else has FOLDER locked, then hold it until exit.
lock() {
    mkdir -p "$1"
    exec 9<"$1"
    flock -n 9 && return
    say "waiting for another command to finish"
    flock -w 900 9 || die "the lock on $1 has been held for 15 minutes"
}

# A process is known by its pid and the time it started, so that a pid the
# system has given to something else is never taken for ours.
started_at() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | awk '$1 != "Z" {print $20}'; }

# running: print the pid of the process that holds the daemon's namespaces, if
# it is there.
running() {
    local pid began
    read -r pid began 2>/dev/null <"$DOCKER_NODE_STATE/pid" || return 1
    [ -n "$began" ] && [ "$(started_at "$pid")" = "$began" ] && echo "$pid"
}

# first_inside PID: the first process in these namespaces. Its end is the end of
# all others in there.
first_inside() { awk '{print $1}' "/proc/$1/task/$1/children"; }

docker() { command "$PROGRAMS/usr/bin/docker" --host "unix://$SOCKET" "$@"; }
