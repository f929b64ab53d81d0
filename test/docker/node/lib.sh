# shellcheck shell=bash disable=SC2034
# Settings and helpers shared by the commands in this folder.
NODE_KIND=docker
. "$(dirname "${BASH_SOURCE[0]}")/../../support/node.sh"

DOCKER_NODE_HOME=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
DOCKER_NODE_CACHE=${DOCKER_NODE_CACHE:-/var/cache/tollgate-docker}
DOCKER_NODE_STATE=${DOCKER_NODE_STATE:-/var/lib/tollgate-docker}
DOCKER_NODE_DATA=${DOCKER_NODE_DATA:-$DOCKER_NODE_CACHE/data}
DOCKER_NODE_SIZE=${DOCKER_NODE_SIZE:-} # such as 200m: images go to memory, and that is all there is

PROGRAMS=$DOCKER_NODE_CACHE/programs
SOCKET=$DOCKER_NODE_STATE/docker.sock
LOG=$DOCKER_NODE_STATE/dockerd.log
CGROUP=tollgate-docker-$(cksum <<<"$DOCKER_NODE_STATE" | cut -d' ' -f1)

for path in "$DOCKER_NODE_CACHE" "$DOCKER_NODE_STATE" "$DOCKER_NODE_DATA"; do
    [[ $path =~ ^/[A-Za-z0-9._/-]+$ ]] || die "$path: give a plain absolute path"
done

# running: print the pid of the process that holds the daemon's namespaces, if
# it is there.
running() { recorded "$DOCKER_NODE_STATE/pid"; }

# first_inside PID: the first process in these namespaces. Its end is the end of
# all others in there.
first_inside() { awk '{print $1}' "/proc/$1/task/$1/children"; }

docker() { command "$PROGRAMS/usr/bin/docker" --host "unix://$SOCKET" "$@"; }
