// PostgreSQL as data, and its scripts as a shell reads them. Cannot prove that PostgreSQL runs under them: the specs in
// test/cluster/ do.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { databaseManifests } from "../../../runtimes/kubernetes/manifests/database";
import {
  changed,
  filesOnly,
  keptElsewhere,
  namesOf,
  only,
  settingsWith,
  templateOf,
} from "./support";

describe("databaseManifests", () => {
  const manifests = databaseManifests(settingsWith(), { database: "0123456789ab" });
  const server = templateOf(only(manifests, "StatefulSet"));
  const [postgres] = server.spec.containers;
  const backup = templateOf(only(manifests, "CronJob"));
  const scripts = only(manifests, "ConfigMap");
  const data = scripts["data"] as Record<string, string>;

  it("is one StatefulSet over one volume, with a Service, scripts and backups", () => {
    assert.deepEqual(namesOf(manifests), [
      `ConfigMap/${scripts.metadata.name}`,
      "PersistentVolumeClaim/database",
      "PersistentVolumeClaim/database-backup",
      "Service/database",
      "StatefulSet/database",
      "CronJob/database-backup",
    ]);
  });

  it("is nothing where the database is a file, elsewhere, or the registry isn't ours", () => {
    for (const change of [
      filesOnly,
      keptElsewhere,
      changed("trackingServer", { managed: false }),
    ]) {
      assert.deepEqual(databaseManifests(settingsWith(change), {}), []);
    }
  });

  it("names its scripts by their content, so that pods with others roll", () => {
    assert.match(scripts.metadata.name, /^database-scripts-[0-9a-f]{8}$/);
    assert.equal(scripts["immutable"], true);
    const volume = { name: "scripts", configMap: { name: scripts.metadata.name } };
    for (const { spec } of [server, backup]) {
      assert.deepEqual(
        spec.volumes.find(({ name }) => name === "scripts"),
        volume,
      );
    }
  });

  it("has scripts that a plain shell can read", () => {
    for (const name of ["start.sh", "backup.sh"]) {
      const { status, stderr } = spawnSync("sh", ["-n"], { input: data[name], encoding: "utf8" });
      assert.deepEqual({ status, stderr }, { status: 0, stderr: "" }, name);
    }
  });

  it("reads the password from a file, and has it in no argument and no variable of the server", () => {
    assert.deepEqual(postgres?.command, ["sh", "/scripts/start.sh"]);
    assert.deepEqual(postgres?.env, [
      { name: "HOME", value: "/tmp" },
      { name: "SHARED_BUFFERS", value: "128MB" },
    ]);
    assert.match(data["start.sh"]!, /\/keys\/password/);
  });

  it("starts anew when its password changes", () => {
    assert.deepEqual(server.metadata.annotations, {
      "tollgate.dev/secrets": "database=0123456789ab",
    });
  });

  it("ends its clients when it has to stop, as PostgreSQL would wait for them at SIGTERM", () => {
    assert.deepEqual(postgres?.["lifecycle"], {
      preStop: { exec: { command: ["sh", "-c", "kill -INT 1"] } },
    });
  });

  it("makes a backup every night, one at a time, with the password from the Secret", () => {
    const spec = only(manifests, "CronJob")["spec"] as Record<string, unknown>;
    assert.deepEqual(
      [spec["schedule"], spec["timeZone"], spec["concurrencyPolicy"]],
      ["17 2 * * *", "Etc/UTC", "Forbid"],
    );
    const [container] = backup.spec.containers;
    assert.deepEqual(container?.command, ["sh", "/scripts/backup.sh", "nightly"]);
    assert.deepEqual(container?.env?.at(-1), {
      name: "PGPASSWORD",
      valueFrom: { secretKeyRef: { name: "database", key: "password" } },
    });
  });

  it("takes a dump for one only after reading it back, and keeps seven of a kind", () => {
    const lines = data["backup.sh"]!.split("\n");
    const at = (text: string) => lines.findIndex((line) => line.startsWith(text));
    const order = ["pg_dump ", "pg_restore --list", "mv ", "ls "].map(at);
    assert.ok(!order.includes(-1));
    assert.deepEqual(
      order,
      order.toSorted((a, b) => a - b),
    );
    assert.match(lines[order[3]!]!, /tail -n \+8/);
  });
});
