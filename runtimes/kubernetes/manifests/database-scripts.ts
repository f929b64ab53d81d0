import { createHash } from "node:crypto";
import { names, ports } from "../names";
import type { ClusterSettings } from "../../../config/settings";
import type { Manifest } from "./manifest";
import { metadataOf } from "./metadata";
import { user } from "./pods";

/** Backups that are kept, of the nightly ones and of those before a migration each. */
export const keptBackups = 7;

/** PostgreSQL's programs are on the path or where Debian has them; with several versions the highest is used. */
const findPrograms = `for programs in /usr/lib/postgresql/*/bin; do
  if [ -x "$programs/pg_isready" ]; then PATH="$programs:$PATH"; fi
done
fail() { echo "$1" >&2; exit 1; }
command -v pg_isready >/dev/null || fail "The image has no PostgreSQL; docs/images.md says what it must have."
`;

/**
 * The cluster is made once, beside its place and renamed, so that a kill in the middle leaves no half one. Role,
 * password and database are made sure of at each start, in single-user mode, before anybody can connect: a new
 * password fits an old volume. The password is in no argument, no variable that others see, and no log.
 */
const start = `set -eu
${findPrograms}
cluster=/data/cluster
if [ ! -f "$cluster/PG_VERSION" ]; then
  rm -rf "$cluster.part"
  initdb -D "$cluster.part" -U postgres -E UTF8 --locale=C --auth=reject >/dev/null
  mv "$cluster.part" "$cluster"
fi
written=$(cat "$cluster/PG_VERSION")
installed=$(postgres --version | sed 's/^[^0-9]*\\([0-9]*\\).*/\\1/')
[ "$written" = "$installed" ] || fail "The volume was written by PostgreSQL $written and the image has $installed: pin an image of $written, or restore a backup into a new volume."

# Only the one role, on the one database, with its password.
echo "host mlflow mlflow all scram-sha-256" >"$cluster/pg_hba.conf"
set -- -D "$cluster" -c unix_socket_directories= -c password_encryption=scram-sha-256 \\
  -c logging_collector=off -c log_statement=none -c dynamic_shared_memory_type=mmap \\
  -c "shared_buffers=$SHARED_BUFFERS"
password=$(sed "s/'/''/g" /keys/password)
# Each line is one statement; what exists already is reported and passed over.
said=$(
  postgres --single "$@" -c log_min_error_statement=panic -c log_min_messages=fatal postgres 2>&1 <<END
CREATE ROLE mlflow LOGIN;
ALTER ROLE mlflow LOGIN PASSWORD '$password';
CREATE DATABASE mlflow OWNER mlflow;
SELECT 'ready' FROM pg_database, pg_authid WHERE datname = 'mlflow' AND rolname = 'mlflow' AND rolpassword LIKE 'SCRAM-%';
END
) || true
case "$said" in
*'ready"'*) ;;
*) fail "The database can't be prepared: $(echo "$said" | tail -n 1)" ;;
esac
unset password
exec postgres "$@" -c "listen_addresses=*" -p ${ports.database}
`;

/** Dumps, reads the dump back, and only then takes it as one, and clears old ones away. */
const backup = `set -eu
${findPrograms}
kind=$1
tries=0
until pg_isready --quiet --timeout=5; do
  tries=$((tries + 1))
  [ "$tries" -lt 60 ] || fail "No backup was made: the database at $PGHOST doesn't answer."
  sleep 2
done
schema=$(psql --no-psqlrc --tuples-only --no-align --command "SELECT to_regclass('public.alembic_version')")
if [ -z "$schema" ]; then
  echo "No backup was made: the database is empty."
  exit 0
fi
part="/backup/.$HOSTNAME.part"
trap 'rm -f "$part"' EXIT
pg_dump --format=custom --file="$part"
pg_restore --list "$part" >/dev/null
made="/backup/$kind-$(date -u +%Y%m%dT%H%M%SZ).dump"
mv "$part" "$made"
echo "Backup $made, $(stat -c %s "$made") bytes."
ls /backup/"$kind"-*.dump | sort -r | tail -n +${keptBackups + 1} | while read -r old; do rm -f "$old"; done
`;

/** `initdb` wants a name for the user it runs as, whoever made the image. */
const users = `postgres:x:${user}:${user}::/tmp:/bin/sh\n`;

const files = { "start.sh": start, "backup.sh": backup, users };

/** Named by its content: pods that read another get a new template, and so roll by themselves. */
const configMapName = `${names.database}-scripts-${createHash("sha256")
  .update(JSON.stringify(files))
  .digest("hex")
  .slice(0, 8)}`;

/** What PostgreSQL's pods run: `start.sh`, and `backup.sh <kind>`. */
export function databaseScripts(settings: ClusterSettings): Manifest {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: metadataOf(settings, configMapName, names.database),
    immutable: true,
    data: files,
  };
}

/** How a pod gets at the scripts, and at a name for its user. */
export const scripts = {
  volume: { name: "scripts", configMap: { name: configMapName } },
  mounts: [
    { name: "scripts", mountPath: "/scripts", readOnly: true },
    { name: "scripts", mountPath: "/etc/passwd", subPath: "users", readOnly: true },
  ],
} as const;
