// Runs a command in a clone that may be fresh: `node toolchain/bootstrap.mjs -- node x.cjs`. Checks Node, installs the
// npm packages when they are missing or not those of package-lock.json, then hands over. Needs no package itself.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);
const { nodeProblem, outdatedPackage } = require("./requirements.cjs");
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");

/** Seconds between two lines of progress. */
const LINE_EVERY = 15;

const problem = nodeProblem(process.version);
if (problem) fail(problem);
if (outdatedPackage(root)) await installPackages();

const [command, ...args] = process.argv.slice(process.argv.indexOf("--") + 1);
if (!process.argv.includes("--") || !command) {
  fail("What to run is missing: write `node toolchain/bootstrap.mjs -- <command> [arguments]`.");
}
const { code, signal } = await start(
  command === "node" ? process.execPath : command,
  args,
  "inherit",
);
if (signal) process.kill(process.pid, signal);
process.exitCode = code ?? 1;

/** `npm ci`, with its output shown only when it fails. */
async function installPackages() {
  const started = Date.now();
  const seconds = () => Math.round((Date.now() - started) / 1000);
  process.stderr.write("Installing the npm packages, which takes about a minute the first time\n");
  const timer = setInterval(() => {
    process.stderr.write(`Installing the npm packages (${seconds()} s)\n`);
  }, LINE_EVERY * 1000);
  const { code, output } = await start("npm", ["ci", "--no-audit", "--no-fund"], "pipe");
  clearInterval(timer);
  if (code === 0) return process.stderr.write(`Installed the npm packages (${seconds()} s)\n`);
  const said = output.split("\n").filter((line) => /^npm (ERR!|error)/.test(line));
  fail(
    `The npm packages could not be installed (exit code ${code}): ${said[0] ?? output.trim().split("\n").at(-1)}; ` +
      `run \`npm ci\` in ${root} to see more.`,
  );
}

/** Runs a program to its end. Signals reach it as well, so that Ctrl-C and `kill` end both. */
function start(program, args, output) {
  const stdio = output === "pipe" ? ["ignore", "pipe", "pipe"] : "inherit";
  const child = spawn(program, args, { cwd: output === "pipe" ? root : undefined, stdio });
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  const forward = (signal) => {
    // A terminal sends Ctrl-C to the child too: passing it on would count as a second one.
    if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
  };
  for (const signal of signals) process.on(signal, forward);
  let text = "";
  child.stdout?.on("data", (data) => (text += data));
  child.stderr?.on("data", (data) => (text += data));
  return new Promise((resolve) => {
    child.on("error", () => fail(`\`${program}\` can't be run: install it and put it on PATH.`));
    child.on("close", (code, signal) => {
      for (const name of signals) process.off(name, forward);
      resolve({ code, signal, output: text });
    });
  });
}

function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}
