// What runtime local declares of a registry, with exactly which inputs. Cannot prove that the servers run with it: the specs
// in servers/ and test/engine/ do.
import assert from "node:assert/strict";
import path from "node:path";
import { ArtifactStore } from "../../../components/artifact-store";
import { TrackingServer } from "../../../components/tracking-server";
import type { Settings } from "../../../config/settings";
import {
  artifactStoreEnvironment,
  artifactStoreProcess,
  databaseProcess,
  trackingServerProcess,
} from "../../../runtimes/local/commands";
import { local } from "../../../runtimes/local/declare";
import { localFiles } from "../../../runtimes/local/files";
import type { ProcessArguments } from "../../../runtimes/local/process-arguments";
import { pythonEnvironmentDir } from "../../../toolchain/python";
import { stagingSettings } from "../../support/fixtures";
import { type Registration, registrationsOf } from "../../support/mocks";

const root = path.join(__dirname, "..", "..", "..");
const requirements = path.join(root, "serving", "requirements.lock");
const paths = { root, python: path.join(pythonEnvironmentDir(requirements), "bin", "python") };
const address = "127.0.0.1:4321";
const fingerprint = "0123456789ab";

/** What the components of a registry declare, without themselves, by name. */
async function registry(change: Partial<Settings> = {}) {
  const settings = stagingSettings({ requirements, ...change });
  const registered = await registrationsOf(
    () => {
      const runtime = local;
      const store = new ArtifactStore("artifact-store", { runtime, settings });
      new TrackingServer("tracking-server", { runtime, settings, store });
    },
    () => ({ address, fingerprint }),
  );
  const own = registered.filter(({ type }) => !type.startsWith("tollgate:component:"));
  return { settings, files: localFiles(settings.stateDir), own };
}

/** As the engine is told of a process. */
function processNamed(name: string, inputs: ProcessArguments): Registration {
  return { type: "tollgate:index:Process", name, inputs: { ...inputs } };
}

function credential(name: string, file: string, bytes: number): Registration {
  const inputs = { path: file, bytes, deleteData: false };
  return { type: "tollgate:index:Credential", name, inputs };
}

const byName = (a: Registration, b: Registration) => (a.name < b.name ? -1 : 1);

describe("ArtifactStore and TrackingServer on local", () => {
  it("are servers of the stack's own with credentials made for them", async () => {
    const { settings, files, own } = await registry();
    const secret = (file: string) => ({ path: file, fingerprint });
    const password = secret(files.databasePassword);
    const keys = { access: secret(files.accessKey), secret: secret(files.secretKey) };
    const store = {
      destination: "s3://churn-model-staging",
      environment: artifactStoreEnvironment(settings, address),
    };
    const expected = [
      credential("artifact-store-access-key", files.accessKey, 10),
      credential("artifact-store-secret-key", files.secretKey, 20),
      processNamed("artifact-store-server", artifactStoreProcess(settings, paths, keys)),
      credential("tracking-server-database-password", files.databasePassword, 20),
      processNamed("tracking-server-database", databaseProcess(settings, paths, password)),
      processNamed(
        "tracking-server-server",
        trackingServerProcess(settings, paths, { address, password }, store),
      ),
    ];
    assert.deepEqual(own.sort(byName), expected.sort(byName));
  });

  it("are one server where files do", async () => {
    const { database, artifactStore } = stagingSettings();
    const { settings, files, own } = await registry({
      database: { ...database, kind: "sqlite" },
      artifactStore: { ...artifactStore, kind: "folder" },
    });
    const store = { destination: `file://${files.artifacts}`, environment: {} };
    const expected = trackingServerProcess(settings, paths, null, store);
    assert.deepEqual(own, [processNamed("tracking-server-server", expected)]);
  });

  it("make the registry's password where it wants one", async () => {
    const passwordFile = "/project/.tollgate/staging/secrets/registry-password";
    const { trackingServer } = stagingSettings();
    const { own } = await registry({
      trackingServer: { ...trackingServer, credentials: { passwordFile } },
    });
    const password = own.find(({ name }) => name === "tracking-server-password");
    assert.deepEqual(password, credential("tracking-server-password", passwordFile, 20));
    const server = own.find(({ name }) => name === "tracking-server-server");
    const command = server!.inputs["command"] as string[];
    assert.deepEqual(command.slice(-2), ["--password-file", passwordFile]);
    assert.deepEqual(server!.inputs["restartOn"], {
      databasePassword: fingerprint,
      password: fingerprint,
    });
  });

  it("are nothing where the registry is kept elsewhere", async () => {
    const { trackingServer } = stagingSettings();
    const uri = "https://registry.example.com";
    const { own } = await registry({ trackingServer: { ...trackingServer, managed: false, uri } });
    assert.deepEqual(own, []);
  });
});
