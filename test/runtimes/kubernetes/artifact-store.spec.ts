// The S3 store as data. Cannot prove that SeaweedFS starts with it: the specs in test/cluster/ do.
import assert from "node:assert/strict";
import { artifactStoreManifests } from "../../../runtimes/kubernetes/manifests/artifact-store";
import {
  changed,
  filesOnly,
  keptElsewhere,
  namesOf,
  only,
  settingsWith,
  templateOf,
} from "./support";

describe("artifactStoreManifests", () => {
  const manifests = artifactStoreManifests(settingsWith(), { "artifact-store": "0123456789ab" });
  const template = templateOf(only(manifests, "StatefulSet"));
  const [container] = template.spec.containers;

  it("is one StatefulSet over one volume, with a Service", () => {
    assert.deepEqual(namesOf(manifests), [
      "PersistentVolumeClaim/artifact-store",
      "Service/artifact-store",
      "StatefulSet/artifact-store",
    ]);
  });

  it("is nothing where bytes go to a folder, elsewhere, or the registry isn't ours", () => {
    for (const change of [
      filesOnly,
      keptElsewhere,
      changed("trackingServer", { managed: false }),
    ]) {
      assert.deepEqual(artifactStoreManifests(settingsWith(change), {}), []);
    }
  });

  it("reads its keys from a file that is the Secret's, and has none in arguments or variables", () => {
    assert.deepEqual(
      template.spec.volumes.find(({ name }) => name === "keys"),
      {
        name: "keys",
        secret: {
          secretName: "artifact-store",
          items: [{ key: "s3.json", path: "s3.json" }],
          defaultMode: 0o440,
        },
      },
    );
    assert.ok(container?.args?.includes("-s3.config=/keys/s3.json"));
    assert.deepEqual(container?.env, [{ name: "HOME", value: "/tmp" }]);
  });

  it("lets only S3 listen beyond its pod", () => {
    const listens = container?.args?.filter((each) => each.includes("ip"));
    assert.deepEqual(listens, ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3.ip.bind=0.0.0.0"]);
  });

  it("starts anew when its keys change", () => {
    assert.deepEqual(template.metadata.annotations, {
      "tollgate.dev/secrets": "artifact-store=0123456789ab",
    });
  });

  it("asks for the size and the storage class of the settings", () => {
    const settings = settingsWith(changed("artifactStore", { size: "200Gi" }), {
      storageClass: "fast",
    });
    assert.deepEqual(only(artifactStoreManifests(settings, {}), "PersistentVolumeClaim")["spec"], {
      accessModes: ["ReadWriteOnce"],
      resources: { requests: { storage: "200Gi" } },
      storageClassName: "fast",
    });
  });
});
