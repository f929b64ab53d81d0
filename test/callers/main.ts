// `npm run test:callers`: asks a real router and a real scorer with the clients that this machine has. `-- --write` puts
// what came of it into docs/callers.md.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { realClients, run, type RealClient } from "./real";
import { features, type Servers, startServers } from "./servers";

const page = path.join(__dirname, "..", "..", "docs", "callers.md");
const begin = "<!-- Made by `npm run test:callers -- --write`; do not edit. -->";
const end = "<!-- End of what is made. -->";
const targets = ["router", "scorer"] as const;

/** What came of one client; `got` is null where the machine hasn't got it. */
interface Row {
  readonly client: string;
  readonly version: string;
  readonly got: readonly string[] | null;
}

async function main(): Promise<void> {
  const servers = await startServers();
  const rows: Row[] = [];
  try {
    for (const client of realClients) {
      const row = await rowOf(client, servers);
      rows.push(row);
      console.log(line(row));
    }
  } finally {
    await servers.stop();
  }
  const missing = rows.filter(({ got }) => got === null).map(({ client }) => client);
  if (missing.length > 0) console.log(`\nNot on this machine: ${missing.join(", ")}.`);
  if (process.argv.includes("--write")) write(rows);
  const failed = rows.some(({ got }) => got?.some((answer) => answer !== "answered"));
  process.exitCode = failed ? 1 : 0;
}

async function rowOf(client: RealClient, servers: Servers): Promise<Row> {
  const folder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), "tollgate-caller-"));
  try {
    const version = await run(await client.version()).catch(() => null);
    if (version === null) return { client: client.name, version: "–", got: null };
    const got: string[] = [];
    for (const target of targets) got.push(await ask(client, `${servers[target]}/predict`, folder));
    return { client: client.name, version: numberIn(version), got };
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

async function ask(client: RealClient, url: string, folder: string): Promise<string> {
  try {
    const said = await client.ask(url, JSON.stringify({ features }), folder);
    if (/\b200\b/.test(said) && said.includes("predictions")) return "answered";
    return said.slice(0, 200);
  } catch (error) {
    return (error as Error).message.slice(0, 200);
  }
}

function numberIn(text: string): string {
  return /\d+(\.\d+)+/.exec(text)?.[0] ?? text.split("\n")[0]!;
}

function line({ client, version, got }: Row): string {
  const told = got ?? targets.map(() => "not run");
  return `| ${[client, version, ...told.map((text) => text.replaceAll(/[|\n]/g, " "))].join(" | ")} |`;
}

function write(rows: readonly Row[]): void {
  const [before, rest] = fs.readFileSync(page, "utf8").split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) {
    throw new Error(`docs/callers.md has no place for its table: a line "${begin}".`);
  }
  const table = ["| client | version | router | scorer |", "| --- | --- | --- | --- |"];
  const text = [...table, ...rows.map(line)].join("\n");
  fs.writeFileSync(page, `${before}${begin}\n\n${text}\n\n${end}${after}`);
}

void main();
