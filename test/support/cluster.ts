import { execFile } from "node:child_process";
import { randomBytes, randomInt } from "node:crypto";
import { promisify } from "node:util";

/** Environment of the specs that need a cluster; `npm run test:cluster` sets it. */
export const variables = {
  /** A kubeconfig whose current context may make namespaces. */
  kubeconfig: "TOLLGATE_TEST_KUBECONFIG",
  /** Six hex digits, in the name of everything that belongs to no namespace. */
  run: "TOLLGATE_TEST_RUN",
} as const;

/** Name of the image of the older Tollgate whose stacks are brought forward (`older-tollgate.ts`). */
export const olderImage = "older_tollgate";

/** Name of the variable with an image by digest, such as TOLLGATE_TEST_IMAGE_POSTGRES. */
export function imageVariable(name: string): string {
  return `TOLLGATE_TEST_IMAGE_${name.toUpperCase()}`;
}

/** What the names of a run's namespaces, ClusterRoles and so on begin with. */
export function testNames(run: string): string {
  return `tollgate-test-${run}`;
}

/** The cluster that specs run in. */
export interface TestCluster {
  /** Absolute path. */
  readonly kubeconfig: string;
  /** By digest. */
  readonly images: Readonly<Record<"tollgate" | "postgres" | "seaweedfs" | "prometheus", string>>;
  /** Runs kubectl and gives what it printed; `input` is its stdin. */
  kubectl(args: readonly string[], input?: string): Promise<string>;
  /** `kubectl get <args> -o json`. */
  get<T>(...args: string[]): Promise<T>;
  /** A name for a namespace that nobody has; it isn't made. */
  namespace(): string;
  /** A NodePort that no Service has. */
  nodePort(): Promise<number>;
}

const runId = process.env[variables.run] ?? randomBytes(3).toString("hex");
const firstNodePort = 30_000;
const lastNodePort = 32_767;
let made = 0;

/** @throws Error one sentence when the environment names no cluster */
export function testCluster(): TestCluster {
  const kubeconfig = fromEnvironment(variables.kubeconfig);
  const kubectl: TestCluster["kubectl"] = async (args, input) => {
    const running = promisify(execFile)("kubectl", ["--kubeconfig", kubeconfig, ...args], {
      maxBuffer: 64 << 20,
    });
    running.child.stdin?.end(input);
    return (await running).stdout;
  };
  const get = async <T>(...args: string[]) =>
    JSON.parse(await kubectl(["get", ...args, "--output", "json"])) as T;
  return {
    kubeconfig,
    images: {
      tollgate: fromEnvironment(imageVariable("tollgate")),
      postgres: fromEnvironment(imageVariable("postgres")),
      seaweedfs: fromEnvironment(imageVariable("seaweedfs")),
      prometheus: fromEnvironment(imageVariable("prometheus")),
    },
    kubectl,
    get,
    namespace: () => `${testNames(runId)}-${(made += 1)}-${randomBytes(2).toString("hex")}`,
    nodePort: async () => {
      const services = await get<{ items: { spec: { ports?: { nodePort?: number }[] } }[] }>(
        "services",
        "--all-namespaces",
      );
      const taken = services.items.flatMap(({ spec }) => spec.ports?.map((port) => port.nodePort));
      for (;;) {
        const port = randomInt(firstNodePort, lastNodePort + 1);
        if (!taken.includes(port)) return port;
      }
    },
  };
}

function fromEnvironment(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run the specs by \`npm run test:cluster\`.`);
  return value;
}
