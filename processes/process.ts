/** How it is told that a process answers. */
export interface ProcessHealth {
  /** `http`: GET answers 200. `tcp`: the port accepts. */
  kind: "http" | "tcp";
  /** For `http`, such as `/health`. */
  path?: string;
  /** Seconds to wait for the first good answer. */
  timeoutSeconds: number;
}

/** A server process that outlives the command and is kept by the provider. */
export interface ProcessInputs {
  /** Unique within the stack, such as `tracking-server`; names its run folder and its log. */
  name: string;
  /** The stack's state folder, absolute. */
  stateDir: string;
  /** What runs `keeper.py` with the standard library alone, and its path: starts the command and writes its log. */
  keeper: string[];
  /**
   * What to run. `{port}` in an argument, a file or an environment value is replaced by the port, and
   * `{port:<name>}` by a further free port of 127.0.0.1, chosen at creation like port 0.
   */
  command: string[];
  /** Environment on top of a minimal one (PATH, HOME, LANG, TMPDIR). Paths of secret files, never secrets. */
  environment: Record<string, string>;
  /**
   * Variables copied from the caller's environment at each start, child's name to caller's name. Read
   * then, never recorded: for tokens. Unset ones are left out.
   */
  passEnvironment: Record<string, string>;
  host: string;
  /** 0: any free port, chosen at creation and kept while the resource lives. */
  port: number;
  /** Setting to name in the error when the port is taken, such as `tollgate:trackingServer.port`. */
  portSetting: string;
  health: ProcessHealth;
  /** Files to write before each start, by absolute path. */
  files: Record<string, string>;
  /** Files to write only where there is none: what others change later, such as the router's routes. */
  initialFiles: Record<string, string>;
  /** Paths of folders deleted with the resource when `deleteData` is set; kept otherwise. */
  dataPaths: string[];
  deleteData: boolean;
  /** Values whose change restarts the process though the command is the same (credential fingerprints, lock digests). */
  restartOn: Record<string, string>;
  /** The polite signal. PostgreSQL wants SIGINT, as it waits for its clients on SIGTERM. */
  stopSignal: "SIGTERM" | "SIGINT";
  /** Seconds between the polite signal and the hard one. */
  stopTimeoutSeconds: number;
  /** Seconds to stay after being retired, so that requests in flight end; 0 for most. */
  warmSeconds: number;
}
export interface ProcessOutputs extends ProcessInputs {
  boundPort: number;
  /** The further ports, by the name in `{port:<name>}`. */
  ports: Record<string, number>;
  /** `http://host:port` or `host:port`. */
  address: string;
  /** Of its keeper, which stays the same when it starts the server again; 0 when it doesn't run. */
  pid: number;
  /** `running`, or what is wrong: `dead (exit code 137 at …)`, `unhealthy (…)`. Set by read. */
  status: string;
  /** Its log, in `<stateDir>/log/`. */
  logFile: string;
}
