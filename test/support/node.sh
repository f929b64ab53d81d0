# shellcheck shell=bash
# What the commands share that start a cluster or a Docker daemon for tests. Sourced by a lib.sh, which says in NODE_KIND
# which of them speaks.
set -euo pipefail

say() { echo "$NODE_KIND: $*" >&2; }
die() { say "$*"; exit 1; }

need_root() { [ "$(id -u)" = 0 ] || die "must be run as root"; }

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

# recorded FILE: print the pid of the process that FILE has in this way, if it is there.
recorded() {
    local pid began
    read -r pid began 2>/dev/null <"$1" || return 1
    [ -n "$began" ] && [ "$(started_at "$pid")" = "$began" ] && echo "$pid"
}

cgroup_mounts() { awk '$3 ~ /^cgroup2?$/ {print $2}' /proc/mounts; }
