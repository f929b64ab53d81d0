import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { testPython } from "../support/mlflow";
import { freePort } from "../../processes/ports";
import { releaseTo, TestRouter } from "../support/router";

const serving = path.join(__dirname, "..", "..", "serving");

/** A body that the model below can answer: its columns are f0 to f9. */
export const features = [[0.1, 0.2, 0, 0.4, 0.5, 0, 0.2, 0.1, 0.3, 0.9]];

/** A real scorer with a real model, and a real router in front of it. */
export interface Servers {
  readonly scorer: string;
  readonly router: string;
  stop(): Promise<void>;
}

/** Saves a logistic regression as MLflow does, serves it and releases it. */
export async function startServers(): Promise<Servers> {
  const folder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), "tollgate-callers-"));
  const python = await testPython();
  const env = { ...process.env, PYTHONPATH: [serving, path.join(serving, "tests")].join(":") };
  const digest = await savedModel(python, folder, env);
  const port = await freePort();
  const pin = ["--model-uri", path.join(folder, "model"), "--model", "churn-model"];
  const log = fs.openSync(path.join(folder, "scorer.log"), "w");
  const scorer = spawn(
    python,
    [
      ...["-m", "tollgate_serving.scorer", ...pin, "--version", "1", "--digest", digest],
      ...["--stage", "None", "--port", String(port), "--cache", path.join(folder, "cache")],
      ...["--sandbox", "preferred", "--log-level", "WARNING"],
    ],
    { env, stdio: ["ignore", log, log] },
  );
  fs.closeSync(log);
  const url = `http://127.0.0.1:${port}`;
  const ended = once(scorer, "exit");
  let router: TestRouter | null = null;
  const stop = async () => {
    await router?.dispose();
    scorer.kill("SIGKILL");
    await ended;
    fs.rmSync(folder, { recursive: true, force: true });
  };
  try {
    await ready(url, () => fs.readFileSync(path.join(folder, "scorer.log"), "utf8"));
    router = await TestRouter.start();
    await releaseTo(router, "1", [url], { digest, maxP95Ms: 5000 });
    return { scorer: url, router: router.url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function savedModel(python: string, folder: string, env: NodeJS.ProcessEnv): Promise<string> {
  const program = [
    "import sys, models, pathlib",
    "from tollgate_serving.digest import digest_of_folder",
    "print(digest_of_folder(models.save_linear(pathlib.Path(sys.argv[1]))))",
  ].join("\n");
  const saving = spawn(python, ["-c", program, path.join(folder, "model")], {
    env,
    stdio: ["ignore", "pipe", "ignore"],
  });
  let said = "";
  saving.stdout.on("data", (data: Buffer) => (said += data.toString()));
  const [code] = (await once(saving, "close")) as [number];
  if (code !== 0) throw new Error(`the model for the test could not be saved (exit code ${code})`);
  return said.trim().split("\n").at(-1)!;
}

async function ready(url: string, log: () => string): Promise<void> {
  for (const deadline = Date.now() + 120_000; ; await sleep(100)) {
    const answer = await fetch(`${url}/ready`).catch(() => null);
    await answer?.arrayBuffer();
    if (answer?.status === 200) return;
    if (Date.now() > deadline) throw new Error(`the scorer isn't ready after 120 s: ${log()}`);
  }
}
