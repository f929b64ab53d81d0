#!/bin/sh
# Runs a command as a user who owns nothing, though root runs the tests from folders that only root may enter:
#   sh as-nobody.sh NEEDED_PATH... -- COMMAND...
# In a tree of mounts of its own, closed folders on the way to the needed paths hold nothing but those.
set -e

if [ "$1" != --in-own-mounts ]; then
  exec unshare --mount --propagation private sh "$0" --in-own-mounts "$@"
fi
shift

# The outermost folder above a path that others may not enter.
closed_above() {
  found=
  folder=$1
  while [ "$folder" != / ]; do
    folder=$(dirname "$folder")
    case $(stat --format %A "$folder") in
      *x | *t) ;;
      *) found=$folder ;;
    esac
  done
  echo "$found"
}

# What is put aside lies where nothing has to be removed: this mount goes with the command.
parts=/mnt
mount -t tmpfs none "$parts"
hidden=$parts/hidden
: >"$hidden"
while [ "$1" != -- ]; do
  closed=$(closed_above "$1")
  if [ "$closed" ]; then
    mkdir "$parts/$#"
    mount --bind "$1" "$parts/$#"
    printf '%s\n' "$parts/$#" "$1" >>"$parts/kept"
    grep --quiet --line-regexp --fixed-strings "$closed" "$hidden" || echo "$closed" >>"$hidden"
  fi
  shift
done
shift
while read -r folder; do mount -t tmpfs -o mode=755 none "$folder"; done <"$hidden"
[ ! -e "$parts/kept" ] || while read -r part && read -r path; do
  mkdir -p "$path"
  mount --bind "$part" "$path"
done <"$parts/kept"
exec setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all -- "$@"
