import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { close, story, type Chapter, type Command } from "./story";
import { ensureWorkspace, folder, root } from "./workspace";

const progressFile = path.join(root, ".demo", "finished.json");
const stacks = ["dev", "staging", "prod"];
const bold = (text: string) => (process.stdout.isTTY ? `\u001b[1m${text}\u001b[0m` : text);
const dim = (text: string) => (process.stdout.isTTY ? `\u001b[2m${text}\u001b[0m` : text);

/** `start` tells the story or goes on with it, `stop` ends every server it started, `clean` removes it all. */
export async function main(verb: string): Promise<number> {
  switch (verb) {
    case "start":
      return start();
    case "stop":
      return stop();
    case "clean":
      return clean();
    default:
      process.stderr.write(`unknown verb "${verb}"; use start, stop or clean\n`);
      return 64;
  }
}

async function start(): Promise<number> {
  const began = Date.now();
  console.log(bold("Tollgate: a model version from training to production and back."));
  console.log(
    `Everything happens in ${path.relative(process.cwd(), folder)}; your files stay as they are.\n`,
  );
  await expectExit({ args: ["doctor", "--fix"] }, root);
  ensureWorkspace();

  const progress = new Progress();
  if (progress.began) await resume();
  for (const chapter of story.filter(({ id }) => !progress.has(id))) await tell(chapter, progress);
  await summary();
  console.log(dim(`\nTook ${Math.round((Date.now() - began) / 1000)} s.`));
  return 0;
}

/** Goes on after the last command that was finished: trained once, a version keeps the number the story gives it. */
async function tell(chapter: Chapter, progress: Progress): Promise<void> {
  console.log(`\n${bold(`# ${chapter.title}`)}\n${chapter.note}`);
  chapter.prepare?.();
  for (const [index, command] of chapter.commands.entries()) {
    const step = `${chapter.id} ${index + 1}`;
    if (progress.has(step)) continue;
    await expectExit(command, folder);
    progress.add(step);
  }
  close(chapter);
  progress.add(chapter.id);
}

/** What of the story is done: chapters by id, and the commands of the one that was begun. */
class Progress {
  private readonly done: string[] = fs.existsSync(progressFile)
    ? (JSON.parse(fs.readFileSync(progressFile, "utf8")) as string[])
    : [];
  /** Was anything done before? */
  readonly began = this.done.length > 0;

  has(step: string): boolean {
    return this.done.includes(step);
  }

  add(step: string): void {
    this.done.push(step);
    fs.writeFileSync(progressFile, JSON.stringify(this.done));
  }
}

/** Brings back what is not running any more, such as after a restart of the machine. */
async function resume(): Promise<void> {
  console.log("The story has begun before: bringing back what doesn't run, and going on.");
  // A chapter that was left in the middle may have pinned what is refused.
  const expect = [0, 2];
  for (const stack of stacks) await expectExit({ args: ["up", "--stack", stack], expect }, folder);
}

async function summary(): Promise<void> {
  console.log(`\n${bold("# What runs where")}`);
  for (const stack of stacks) await expectExit({ args: ["status", "--stack", stack] }, folder);
  console.log(`
${bold("Try next")}
  curl -s localhost:8001/health
  curl -s localhost:8001/predict -H 'content-type: application/json' \\
       -d '{"features": [[0.1,0.2,0.0,0.4,0.5,0.0,0.2,0.1,0.3,0.9]]}'
  npx tollgate -C .demo/churn status --stack prod
  open http://localhost:5002 (prod's MLflow), 5001 (staging), 5000 (dev); the first two ask for user tollgate and the password in
       .demo/churn/.tollgate/<stack>/secrets/registry-password
  npm run stop     ends every server; npm start brings them back
  npm run clean    removes all of it`);
}

async function stop(): Promise<number> {
  if (!fs.existsSync(folder)) {
    console.log("Nothing to stop: the story was never started here.");
    return 0;
  }
  for (const stack of [...stacks].reverse()) {
    await expectExit({ args: ["stop", "--stack", stack] }, folder);
  }
  return 0;
}

async function clean(): Promise<number> {
  const code = await stop();
  fs.rmSync(path.join(root, ".demo"), { recursive: true, force: true });
  console.log("Removed .demo. The engine and the Python environment stay in your cache folder.");
  return code;
}

/** Runs one command with its output shown; any other exit code than expected ends the story. */
async function expectExit({ args, expect = [0] }: Command, cwd: string): Promise<void> {
  console.log(`\n${bold(`$ tollgate ${args.join(" ")}`)}`);
  const code = await new Promise<number>((resolve, reject) => {
    const child = spawn(process.execPath, [path.join(root, "toolchain", "tollgate.cjs"), ...args], {
      cwd,
      stdio: "inherit",
    });
    child.on("error", reject);
    child.on("exit", (status, signal) => resolve(status ?? (signal === "SIGINT" ? 130 : 1)));
  });
  if (expect.includes(code)) {
    if (code !== 0) console.log(dim(`(exit code ${code}, as it should be)`));
    return;
  }
  throw new Error(
    `"tollgate ${args.join(" ")}" ended with exit code ${code} where ${expect.join(" or ")} was expected; mend what it says and run npm start again: it goes on from here.`,
  );
}
