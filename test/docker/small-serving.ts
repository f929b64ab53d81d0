import { type ChildProcess, execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { findInterpreter } from "../../toolchain/python";
import { ended, inDockerNetwork, networkGateway } from "../support/docker";

const root = path.join(__dirname, "..", "..");
const copied = ["Dockerfile", ".dockerignore", "image_requirements.py"];
let nextPort = 18_080;

/** A package index in the daemon's network, and pip's settings with its password. */
export interface PackageIndex {
  /** The settings file: a secret. */
  readonly pipConf: string;
  readonly password: string;
  stop(): Promise<void>;
}

/**
 * Serves a folder of wheels under a new password.
 *
 * @param home where `pipConf` is written
 * @param daemon settings of the daemon whose builds ask it. @default the one that all specs have
 */
export async function packageIndex(
  wheels: string,
  home: string,
  daemon: Readonly<Record<string, string>> = {},
): Promise<PackageIndex> {
  const password = `planted-${randomBytes(12).toString("hex")}`;
  const port = String(nextPort++);
  const server: ChildProcess = await inDockerNetwork(
    [process.execPath, "--import", "tsx", path.join(__dirname, "package-index.ts"), wheels, port],
    /listening/,
    { ...daemon, INDEX_PASSWORD: password },
  );
  const pipConf = path.join(home, "pip.conf");
  fs.writeFileSync(pipConf, pipSettings(port, password));
  return { pipConf, password, stop: () => ended(server) };
}

/** What a user writes for an index behind a password. */
export function pipSettings(port: string, password: string): string {
  return [
    "[global]",
    `index-url = http://ada:${password}@${networkGateway}:${port}/simple`,
    `trusted-host = ${networkGateway}`,
    "",
  ].join("\n");
}

/** A `serving/` whose Dockerfile is the real one and whose packages are tiny, and an index that has them. */
export interface SmallServing extends PackageIndex {
  readonly folder: string;
  readonly serving: string;
}

/**
 * @param megabytes room that one of the packages takes. @default next to none
 * @param daemon as for `packageIndex`
 */
export async function smallServing(
  megabytes = 0,
  daemon: Readonly<Record<string, string>> = {},
): Promise<SmallServing> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "tollgate-serving-"));
  const serving = path.join(folder, "serving");
  const wheels = path.join(folder, "wheels");
  for (const each of [path.join(serving, "tollgate_serving"), wheels]) {
    fs.mkdirSync(each, { recursive: true });
  }
  const { command } = await findInterpreter();
  const script = path.join(__dirname, "small_wheels.py");
  execFileSync(command, [script, wheels, String(megabytes)]);
  fs.renameSync(path.join(wheels, "requirements.lock"), path.join(serving, "requirements.lock"));
  for (const file of copied) {
    fs.copyFileSync(path.join(root, "serving", file), path.join(serving, file));
  }
  // Else layers of an earlier run would be taken, and pip would never ask for the secret.
  fs.appendFileSync(
    path.join(serving, "requirements.lock"),
    `# ${randomBytes(8).toString("hex")}\n`,
  );
  fs.writeFileSync(path.join(serving, "tollgate_serving", "__init__.py"), "");
  const index = await packageIndex(wheels, folder, daemon);
  return {
    ...index,
    folder,
    serving,
    async stop() {
      await index.stop();
      fs.rmSync(folder, { recursive: true });
    },
  };
}
