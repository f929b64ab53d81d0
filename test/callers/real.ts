import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { testPython } from "../support/mlflow";
import { freePort } from "../../processes/ports";

/** A client as people have it. */
export interface RealClient {
  readonly name: string;
  /** Is it in the locked environments, so that every machine has it? */
  readonly locked?: true;
  /** Words of a command that tells its version; a machine where that fails hasn't got it. */
  version(): Promise<string[]>;
  /** Asks once; gives what it told of the answer. */
  ask(url: string, body: string, folder: string): Promise<string>;
}

/** Where Apache's client is found, and it alone: its jars are in no package of an operating system. */
const apacheJars = process.env["HTTPCLIENT5_CLASSPATH"] ?? "";
const program = (name: string) => path.join(__dirname, "programs", name);
const json = ["-H", "content-type: application/json"];

/** Runs a command to its end. @throws Error with what it said when it fails or takes more than two minutes */
export async function run(command: readonly string[], folder?: string): Promise<string> {
  const [file, ...words] = command;
  const child = spawn(file!, words, {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 120_000,
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (data: Buffer) => (said += data.toString()));
  }
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`${file} ended with ${code}: ${said.trim()}`);
  return said.trim();
}

/** A client that is one command. */
function command(name: string, version: string[], words: string[]): RealClient {
  return {
    name,
    version: () => Promise.resolve(version),
    ask: (url, body, folder) =>
      run(
        words.map((word) => word.replace("URL", url).replace("BODY", body)),
        folder,
      ),
  };
}

/** A client of the locked Python environment. */
function python(name: string): RealClient {
  const version = `import ${name}; print("${name}", ${name}.__version__)`;
  return {
    name: `Python ${name}`,
    locked: true,
    version: async () => [await testPython(), "-c", version],
    ask: async (url, body) => run([await testPython(), program("client.py"), name, url, body]),
  };
}

/** A client that says how many of its requests failed, and not what they got. It reads the body from a file. */
function bench(name: string, version: string[], words: string[]): RealClient {
  return {
    name,
    version: () => Promise.resolve(version),
    async ask(url, body, folder) {
      fs.writeFileSync(path.join(folder, "body.json"), body);
      const script = `wrk.method = "POST"\nwrk.headers["content-type"] = "application/json"\nwrk.body = [==[${body}]==]\n`;
      fs.writeFileSync(path.join(folder, "post.lua"), script);
      const said = await run(
        words.map((word) => word.replace("URL", url)),
        folder,
      );
      if (/Non-2xx|Failed requests: +[1-9]|Socket errors/.test(said)) throw new Error(said);
      return "200 predictions";
    },
  };
}

/** A proxy with the shortest configuration there is, between curl and the server. */
function proxy(
  name: string,
  version: string[],
  start: (config: string) => string[],
  configuration: (listen: number, upstream: string, folder: string) => string,
): RealClient {
  return {
    name,
    version: () => Promise.resolve(version),
    async ask(url, body, folder) {
      const { host, pathname } = new URL(url);
      const listen = await freePort();
      const config = path.join(folder, "proxy.conf");
      fs.writeFileSync(config, configuration(listen, host, folder));
      const [file, ...words] = start(config);
      const server = spawn(file!, words, { cwd: folder, stdio: "ignore" });
      const ended = once(server, "exit");
      try {
        const asked = ["curl", "-s", "--retry-connrefused", "--retry", "20", "--retry-delay", "1"];
        const through = `http://127.0.0.1:${listen}${pathname}`;
        return await run([...asked, ...json, "-d", body, "-w", " %{http_code}", through]);
      } finally {
        server.kill();
        await Promise.race([ended, sleep(5000).then(() => server.kill("SIGKILL"))]);
      }
    },
  };
}

function nginx(name: string, more: string): RealClient {
  const start = (config: string) => ["nginx", "-p", path.dirname(config), "-c", config];
  return proxy(
    name,
    ["nginx", "-v"],
    start,
    (listen, upstream, folder) => `daemon off; pid ${folder}/nginx.pid; error_log stderr;
events {}
http {
  access_log off;
  ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${folder}/${kind};`)
    .join(" ")}
  server { listen 127.0.0.1:${listen}; location / { proxy_pass http://${upstream}; ${more} } }
}
`,
  );
}

const curl = ["curl", "-s", "-w", " %{http_code}"];
const asked = [...json, "-d", "BODY", "URL"];

/** Clients as they come. */
export const realClients: readonly RealClient[] = [
  command("curl", ["curl", "--version"], [...curl, ...asked]),
  command("curl --http1.0", ["curl", "--version"], [...curl, "--http1.0", ...asked]),
  command("curl --http2", ["curl", "--version"], [...curl, "--http2", ...asked]),
  nginx("nginx proxy_pass", ""),
  nginx("nginx proxy_http_version 1.1", "proxy_http_version 1.1;"),
  proxy(
    "HAProxy",
    ["haproxy", "-v"],
    (config) => ["haproxy", "-db", "-f", config],
    (listen, upstream) => `defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend callers
  bind 127.0.0.1:${listen}
  default_backend scorer
backend scorer
  server scorer ${upstream}
`,
  ),
  command(
    "JDK HttpClient",
    ["java", "--version"],
    ["java", "-XX:TieredStopAtLevel=1", program("jdk.java"), "URL", "BODY"],
  ),
  command(
    "Apache HttpClient",
    ["java", "-cp", apacheJars, program("apache-version.java")],
    ["java", "-XX:TieredStopAtLevel=1", "-cp", apacheJars, program("apache.java"), "URL", "BODY"],
  ),
  command("Go net/http", ["go", "version"], ["go", "run", program("client.go"), "URL", "BODY"]),
  python("requests"),
  command(
    "Python httpx",
    ["python3", "-c", 'import httpx; print("httpx", httpx.__version__)'],
    ["python3", program("client.py"), "httpx", "URL", "BODY"],
  ),
  python("aiohttp"),
  {
    ...command(
      "Node fetch",
      [process.execPath, "--version"],
      [process.execPath, program("client.mjs"), "URL", "BODY"],
    ),
    locked: true,
  },
  bench(
    "wrk",
    ["sh", "-c", "wrk -v || true"],
    ["wrk", "-t1", "-c1", "-d1s", "-s", "post.lua", "URL"],
  ),
  ...["ab", "ab -k"].map((name) =>
    bench(
      name,
      ["ab", "-V"],
      [...name.split(" "), "-n", "5", "-p", "body.json", "-T", "application/json", "URL"],
    ),
  ),
];
