// The CA of a registry that is kept elsewhere, from its file to the pods.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { registryCaManifests } from "../../../runtimes/kubernetes/manifests/registry-ca";
import { generationOf, scorerTemplate } from "../../../runtimes/kubernetes/manifests/scorer";
import { served, settingsOf } from "./served";

describe("registryCaManifests", () => {
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "tollgate-ca-"));
    file = join(folder, "ca.pem");
    writeFileSync(file, "one CA");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function elsewhere(caFile: string | null) {
    const { trackingServer } = settingsOf();
    return settingsOf({}, { trackingServer: { ...trackingServer, managed: false, caFile } });
  }

  it("are none where the registry needs no private CA", () => {
    assert.deepEqual(registryCaManifests(elsewhere(null)), []);
  });

  it("hold the file's content, and the download is told where it is", () => {
    const settings = elsewhere(file);
    const [config] = registryCaManifests(settings);
    assert.deepEqual(config!["data"], { "ca.crt": "one CA" });
    const spec = scorerTemplate(settings, served).spec as unknown as {
      initContainers: { env: object[]; volumeMounts: object[] }[];
      volumes: object[];
    };
    assert.deepEqual(spec.volumes.at(-1), {
      name: "registry-ca",
      configMap: { name: config!.metadata.name },
    });
    const [fetch] = spec.initContainers;
    assert.deepEqual(fetch!.env.at(-1), {
      name: "MLFLOW_TRACKING_SERVER_CERT_PATH",
      value: "/registry-ca/ca.crt",
    });
    assert.deepEqual(fetch!.volumeMounts.at(-1), {
      name: "registry-ca",
      mountPath: "/registry-ca",
      readOnly: true,
    });
  });

  it("are another generation when the CA changes", () => {
    const before = generationOf(elsewhere(file), served);
    writeFileSync(file, "another CA");
    assert.notEqual(generationOf(elsewhere(file), served), before);
  });

  it("refuses a file that can't be read", () => {
    const missing = join(folder, "missing.pem");
    assert.throws(() => registryCaManifests(elsewhere(missing)), {
      message: `tollgate:trackingServer.caFile names ${missing}, which can't be read (ENOENT); name the PEM file of the CA that signed the registry's certificate`,
    });
  });
});
