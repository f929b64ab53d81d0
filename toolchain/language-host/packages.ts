import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { ServerWritableStream } from "@grpc/grpc-js";
import {
  DependencyInfo,
  GetProgramDependenciesResponse,
  InstallDependenciesResponse,
  type GetProgramDependenciesRequest,
  type InstallDependenciesRequest,
} from "@pulumi/pulumi/proto/language_pb";
import { ending } from "./children";

interface Manifest {
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly packages?: Readonly<Record<string, { readonly version?: string }>>;
}

/** Installs the packages of a folder by npm: exactly the locked ones when there is a lock file. */
export function installDependencies(
  call: ServerWritableStream<InstallDependenciesRequest, InstallDependenciesResponse>,
): void {
  const folder = call.request.getDirectory();
  const manifest = readManifest(path.join(folder, "package.json"));
  if (!manifest?.dependencies && !manifest?.devDependencies) return void call.end();
  const verb = existsSync(path.join(folder, "package-lock.json")) ? "ci" : "install";
  const npm = spawn("npm", [verb], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  const send = (fill: (response: InstallDependenciesResponse) => void) => {
    const response = new InstallDependenciesResponse();
    fill(response);
    call.write(response);
  };
  npm.stdout.on("data", (data: Buffer) => send((response) => response.setStdout(data)));
  npm.stderr.on("data", (data: Buffer) => send((response) => response.setStderr(data)));
  npm.on("error", () =>
    call.destroy(new Error("npm can't be run: install Node with npm, and put it on PATH.")),
  );
  npm.on("close", (code, signal) => {
    if (code === 0) call.end();
    else
      call.destroy(new Error(`\`npm ${verb}\` in ${folder} ended with ${ending(code, signal)}.`));
  });
  call.on("cancelled", () => npm.kill());
}

/** The packages a program uses, with their installed versions: its own, or all with `transitive`. */
export function programDependencies(
  request: GetProgramDependenciesRequest,
): GetProgramDependenciesResponse {
  const folder = packageFolder(request.getInfo()?.getProgramDirectory() ?? request.getPwd());
  const found = request.getTransitivedependencies() ? allPackages(folder) : directPackages(folder);
  const response = new GetProgramDependenciesResponse();
  response.setDependenciesList(
    found.map(([name, version]) => {
      const dependency = new DependencyInfo();
      dependency.setName(name);
      dependency.setVersion(version);
      return dependency;
    }),
  );
  return response;
}

function directPackages(folder: string): [string, string][] {
  const manifest = readManifest(path.join(folder, "package.json"));
  const wanted = { ...manifest?.devDependencies, ...manifest?.dependencies };
  return Object.entries(wanted).map(([name, range]) => {
    const installed = readManifest(path.join(folder, "node_modules", name, "package.json"));
    return [name, installed?.version ?? range];
  });
}

function allPackages(folder: string): [string, string][] {
  const lock = readManifest(path.join(folder, "node_modules", ".package-lock.json"));
  return Object.entries(lock?.packages ?? {}).map(([where, { version }]) => [
    where.slice(where.lastIndexOf("node_modules/") + "node_modules/".length),
    version ?? "",
  ]);
}

/** The nearest folder upwards with a package.json; the folder itself when there is none. */
function packageFolder(folder: string): string {
  for (let at = folder; ; at = path.dirname(at)) {
    if (existsSync(path.join(at, "package.json"))) return at;
    if (at === path.dirname(at)) return folder;
  }
}

function readManifest(file: string): Manifest | null {
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Manifest) : null;
}
