// Runs the suites named (by default all that need neither cluster nor Docker), streams what they print, and ends with the total:
// "N passed, N failed".
import { spawn } from "node:child_process";
import { readFileSync, realpathSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "..");
const bin = (name) => path.join(root, "node_modules", ".bin", name);

/** Specs that need real servers, those that need the engine besides, a cluster, or Docker; everything else is `unit`. */
const { servers, engine, cluster, clusterAlone, docker, dockerPlugin } = JSON.parse(
  readFileSync(path.join(root, "test", "suites.json")),
);

/** Two files at a time: most of what the slow ones do is to wait, for servers, engines and processes. */
const atATime = ["--parallel", "--jobs", "2"];

const unitSpecs = [
  ...atATime,
  "test/**/*.spec.ts",
  ...[...servers, ...engine, ...cluster, ...clusterAlone, ...docker, ...dockerPlugin].flatMap(
    (glob) => ["--ignore", glob],
  ),
];

const suites = {
  check: {
    title: "types, lint, formatting",
    run: async () => {
      const code = await command("npm", ["run", "--silent", "check"]);
      const failed = code.status === 0 ? 0 : 1;
      return { passed: 1 - failed, failed, why: failed ? code.output : "" };
    },
  },
  unit: {
    title: "tables, properties, components under mocks, gates",
    run: () => mocha(unitSpecs),
  },
  "unit-node24": {
    title: "the same on Node 24",
    onlyByName: true,
    run: () => mochaIn(bin("tsx"), ["test/node24.ts", realpathSync(bin("mocha")), ...unitSpecs]),
  },
  servers: {
    title: "real MLflow, PostgreSQL, S3, Envoy and kept processes",
    run: () => mocha([...atATime, ...servers]),
  },
  engine: {
    title: "the real engine on top, and the faults",
    run: () => mocha([...atATime, ...engine]),
  },
  python: {
    title: "scorer, evaluator, digest",
    run: async () => {
      const { status, output } = await command(bin("tsx"), ["test/python.ts"]);
      return counts(output, status, /(\d+) passed/g, /(\d+) (?:failed|errors?)/g, /^=+ FAILURES/m);
    },
  },
  flavors: {
    title: "every way to log a model, from log_model to callers, beside MLflow's own server",
    onlyByName: true,
    run: async () => {
      const { status, output } = await command(process.execPath, [
        "--import",
        "tsx",
        "test/flavors/main.ts",
      ]);
      return counts(
        output,
        status,
        /^(\d+) passed, /gm,
        /^\d+ passed, (\d+) failed$/gm,
        /^FAILED/m,
      );
    },
  },
  cluster: {
    title: "a real Kubernetes cluster, started for it",
    onlyByName: true,
    run: () => mochaIn(process.execPath, ["--import", "tsx", "test/cluster/main.ts"]),
  },
  docker: {
    title: "a real Docker daemon, started for it",
    onlyByName: true,
    run: () => mochaIn(process.execPath, ["--import", "tsx", "test/docker/main.ts"]),
  },
};

const mocha = (args) => mochaIn(bin("mocha"), args);

async function mochaIn(file, args) {
  const { status, output } = await command(file, args);
  return counts(
    output,
    status,
    /^ {2}(\d+) passing/gm,
    /^ {2}(\d+) failing/gm,
    /^ {2}\d+ failing/m,
  );
}

/**
 * A suite that ended badly without counting a failure has failed once. `why` is what it printed from `reasons` on, or
 * the end of its output.
 */
function counts(coloured, status, passing, failing, reasons) {
  const output = stripVTControlCharacters(coloured);
  const sum = (numbers) =>
    [...output.matchAll(numbers)].reduce((total, match) => total + Number(match[1]), 0);
  const [passed, failed] = [sum(passing), sum(failing)];
  const all = failed || (status === 0 && passed > 0 ? 0 : 1);
  const from = output.search(reasons);
  return { passed, failed: all, why: all === 0 ? "" : from < 0 ? output : output.slice(from) };
}

function command(file, args) {
  return new Promise((resolve) => {
    const child = spawn(file, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    running = child;
    let output = "";
    for (const stream of ["stdout", "stderr"]) {
      child[stream].on("data", (data) => {
        output += data;
        process[stream].write(data);
      });
    }
    child.on("error", (error) => resolve({ status: 1, output: `${output}${error.message}` }));
    child.on("close", (status) => resolve({ status, output }));
  });
}

// The suite under way ends first, as it may have to take a cluster down; a terminal's Ctrl-C reaches it too.
let running;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    interrupted = true;
    if (signal !== "SIGINT" || !process.stdin.isTTY) running?.kill(signal);
  });
}
let interrupted = false;

const names = process.argv.slice(2);
const unknown = names.filter((name) => !(name in suites));
if (unknown.length > 0) {
  console.error(`unknown suite "${unknown[0]}"; there are ${Object.keys(suites).join(", ")}`);
  process.exit(64);
}
const results = [];
const usual = Object.keys(suites).filter((name) => !suites[name].onlyByName);
for (const name of names.length > 0 ? names : usual) {
  console.log(`\n== ${name}: ${suites[name].title}`);
  const began = Date.now();
  const result = await suites[name].run();
  results.push({ name, ...result, seconds: Math.round((Date.now() - began) / 1000) });
  if (interrupted) break;
}
// Again at the end, where it is found: between a failure and the totals there may be ten minutes of other output.
for (const { name, why } of results.filter((result) => result.failed > 0)) {
  console.log(`\n== ${name}: what failed\n${why.trim().slice(-8000)}`);
}
console.log();
for (const { name, passed, failed, seconds } of results) {
  console.log(
    `${name.padEnd(11)} ${String(passed).padStart(5)} passed ${String(failed).padStart(3)} failed  ${seconds} s`,
  );
}
const total = (key) => results.reduce((sum, result) => sum + result[key], 0);
console.log(`\n${total("passed")} passed, ${total("failed")} failed`);
process.exitCode = interrupted ? 130 : total("failed") > 0 ? 1 : 0;
