import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { RunResponse, type RunRequest } from "@pulumi/pulumi/proto/language_pb";
import { ending, startNode, stop } from "./children";
import { readOptions, runnerEnvironment } from "./options";

/** The SDK's runner ends with this code after it has told the user what is wrong. */
const ALREADY_TOLD = 32;

const cancellations = new Set<() => void>();

/** Runs a Pulumi program to its end. */
export async function runProgram(request: RunRequest, engine: string): Promise<RunResponse> {
  const response = new RunResponse();
  if (request.getAttachDebugger()) {
    response.setError(
      "A debugger can't be attached by this language host: install the official Pulumi CLI for that.",
    );
    return response;
  }
  const options = readOptions(request.getInfo());
  const runner = ownRunner(request) ?? resolveRunner(request.getPwd(), "run");
  const child = startNode(
    [...options.nodeArguments, ...prelude(), runner, ...flags(request, engine)],
    {
      cwd: request.getPwd(),
      stdio: ["ignore", "inherit", "inherit"],
      env: {
        ...runnerEnvironment(options),
        PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().toObject(true))),
        PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
      },
    },
  );
  const cancel = () => stop(child);
  cancellations.add(cancel);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      cancellations.delete(cancel);
      if (code === ALREADY_TOLD) response.setBail(true);
      else if (code !== 0) response.setError(`The program ended with ${ending(code, signal)}.`);
      resolve(response);
    });
  });
}

/** Stops the programs that are still running; plugins are stopped by the engine one by one. */
export function cancelPrograms(): void {
  for (const cancel of cancellations) cancel();
}

/** Path of one of the SDK's runners, seen from the folder of the program: its SDK has to be the one the program uses. */
export function resolveRunner(
  folder: string,
  name: "run" | "run-plugin" | "run-policy-pack",
): string {
  try {
    return createRequire(path.join(folder, "package.json")).resolve(`@pulumi/pulumi/cmd/${name}`);
  } catch {
    throw new Error(
      `The package @pulumi/pulumi is missing for ${folder}: run \`npm ci\` there or in a folder above it.`,
    );
  }
}

/**
 * The script that runs a program in the place of the SDK's runner, where the program's package.json names one: it has the
 * runner and the program in one file, which is loaded in a third of the time. It can't be traced.
 */
function ownRunner(request: RunRequest): string | null {
  const folder = request.getInfo()?.getProgramDirectory() || request.getPwd();
  if (process.env["TRACEPARENT"]) return null;
  // Another file of the folder is another program.
  if (![".", ""].includes(request.getProgram() || request.getInfo()?.getEntryPoint() || ""))
    return null;
  try {
    const text = readFileSync(path.join(folder, "package.json"), "utf8");
    const named = (JSON.parse(text) as { tollgate?: { runner?: string } }).tollgate?.runner;
    return named ? path.join(folder, named) : null;
  } catch {
    return null;
  }
}

/** Node's arguments for what is loaded first in every child: see prelude.cjs. */
export function prelude(): string[] {
  return ["--require", path.join(path.dirname(process.argv[1] as string), "tollgate-prelude.cjs")];
}

function flags(request: RunRequest, engine: string): string[] {
  const info = request.getInfo();
  const values: Record<string, string | number | undefined> = {
    monitor: request.getMonitorAddress(),
    engine,
    organization: request.getOrganization(),
    project: request.getProject(),
    stack: request.getStack(),
    pwd: request.getPwd(),
    parallel: request.getParallel(),
    "root-directory": info?.getRootDirectory(),
  };
  const given = Object.entries(values).filter(([, value]) => value);
  return [
    ...given.flatMap(([name, value]) => [`--${name}`, String(value)]),
    ...(request.getDryrun() ? ["--dry-run"] : []),
    request.getProgram() || info?.getEntryPoint() || ".",
    ...request.getArgsList(),
  ];
}
