import type { ProgramInfo } from "@pulumi/pulumi/proto/language_pb";

/** What `runtime.options` may say in Pulumi.yaml, PulumiPlugin.yaml and PulumiPolicy.yaml. */
export interface RuntimeOptions {
  /** Is a TypeScript loader wanted? @default true, as with the official host */
  readonly typescript: boolean;
  /** Path of another `tsconfig.json`. */
  readonly tsconfig: string | null;
  /** Arguments for Node itself, split at spaces. */
  readonly nodeArguments: readonly string[];
}

/** Reads the options; throws one sentence when a value has the wrong type. */
export function readOptions(info: ProgramInfo | undefined): RuntimeOptions {
  const options = (info?.getOptions()?.toJavaScript() ?? {}) as Record<string, unknown>;
  const { typescript = true, tsconfig = "", nodeargs = "" } = options;
  if (typeof typescript !== "boolean") {
    throw new Error(
      `runtime.options.typescript is ${JSON.stringify(typescript)}: write true or false.`,
    );
  }
  if (typeof tsconfig !== "string" || typeof nodeargs !== "string") {
    throw new Error("runtime.options.tsconfig and runtime.options.nodeargs have to be text.");
  }
  return {
    typescript,
    tsconfig: tsconfig || null,
    nodeArguments: nodeargs.split(/\s+/).filter(Boolean),
  };
}

/** The environment of a program or plugin: the host's own, and what the SDK's runners read. */
export function runnerEnvironment(options: RuntimeOptions): NodeJS.ProcessEnv {
  return {
    ...process.env,
    PULUMI_NODEJS_TYPESCRIPT: String(options.typescript),
    ...(options.tsconfig && { PULUMI_NODEJS_TSCONFIG_PATH: options.tsconfig }),
  };
}
