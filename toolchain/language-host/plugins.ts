import type { ServerWritableStream } from "@grpc/grpc-js";
import { RunPluginResponse, type RunPluginRequest } from "@pulumi/pulumi/proto/language_pb";
import { startNode, stop } from "./children";
import { readOptions, runnerEnvironment } from "./options";
import { prelude, resolveRunner } from "./programs";

/** Runs a policy pack or a provider from its folder, until it ends or the engine closes the call. */
export function runPlugin(call: ServerWritableStream<RunPluginRequest, RunPluginResponse>): void {
  const { request } = call;
  if (request.getAttachDebugger()) {
    throw new Error(
      "A debugger can't be attached by this language host: install the official Pulumi CLI for that.",
    );
  }
  const environment = readOptions(request.getInfo());
  const child = startNode([...environment.nodeArguments, ...prelude(), ...commandLine(request)], {
    cwd: request.getPwd(),
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...runnerEnvironment(environment), ...pairs(request.getEnvList()) },
  });
  const send = (fill: (response: RunPluginResponse) => void) => {
    const response = new RunPluginResponse();
    fill(response);
    call.write(response);
  };
  child.stdout?.on("data", (data: Buffer) => send((response) => response.setStdout(data)));
  child.stderr?.on("data", (data: Buffer) => send((response) => response.setStderr(data)));
  child.on("error", (error) => call.destroy(error));
  child.on("close", (code) => {
    send((response) => response.setExitcode(code ?? 1));
    call.end();
  });
  call.on("cancelled", () => stop(child));
}

/**
 * A plugin that says `typescript: false` is plain JavaScript and needs none of what the SDK's runner sets up: Node
 * runs its folder directly, which saves the 400 ms that the runner takes to load.
 */
function commandLine(request: RunPluginRequest): string[] {
  const folder = request.getInfo()?.getProgramDirectory() ?? request.getPwd();
  const analyzer = request.getKind() === "analyzer";
  const args = request.getArgsList();
  if (!readOptions(request.getInfo()).typescript) return [folder, ...args];
  // A pack's runner wants the engine's address first, a provider's runner the folder.
  return analyzer
    ? [resolveRunner(folder, "run-policy-pack"), ...args, folder]
    : [resolveRunner(folder, "run-plugin"), folder, ...args];
}

function pairs(list: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    list.map((pair) => {
      const at = pair.indexOf("=");
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}
