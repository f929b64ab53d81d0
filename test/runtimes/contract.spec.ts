// The contract of a runtime, on real kept processes of this machine.
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { freePort } from "../../processes/ports";
import { processType } from "../../provider/types/process";
import { localFiles } from "../../runtimes/local/files";
import { stagingSettings } from "../support/fixtures";
import { testPython } from "../support/mlflow";
import { keepsTheContract, type TestEnvironment } from "./contract";
import { Stage } from "./local/support";

/** A small server stands for the registry: what operations do with it, they do with each process. */
async function onThisMachine(): Promise<TestEnvironment> {
  const stage = new Stage(await testPython());
  const [port, scorerPort] = [await freePort("127.0.0.1"), await freePort("127.0.0.1")];
  const { scorer, trackingServer, database } = stagingSettings();
  const settings = stagingSettings({
    stateDir: stage.stateDir,
    projectDir: stage.stateDir,
    runtime: "local",
    database: { ...database, kind: "sqlite" },
    scorer: { ...scorer, host: "127.0.0.1", port: scorerPort },
    trackingServer: { ...trackingServer, uri: `http://127.0.0.1:${port}`, port },
  });
  return {
    settings,
    async make() {
      const { sqlite } = localFiles(stage.stateDir);
      mkdirSync(path.dirname(sqlite), { recursive: true });
      writeFileSync(sqlite, "");
      await processType.create(stage.inputs({ name: "tracking-server", port }));
    },
    dispose: () => stage.clear(),
  };
}

keepsTheContract("local", onThisMachine);
