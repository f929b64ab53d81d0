import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { loadFromFile } from "../../config/load";
import type { Receipt } from "../../history/receipt";
import { reviewIn } from "../../admission/candidate";
import type { LoweredGate, Review, SettingDifference } from "../../policies/gate";
import { signersOf, testKey } from "./signing";
import { pin } from "./evidence";

const [ana, ben] = [testKey("ana"), testKey("ben")];

/** Settings of prod as they are on main at first. */
export const reviewedSettings = `config:
  tollgate:tier: prod
  tollgate:model: ${pin.name}
  tollgate:pin: ${pin.version}@${pin.digest}
  tollgate:gates:
    latency: { p95Ms: 80, level: advisory }
`;

/** A project folder with one stack, prod, in a git repository of its own, committed on main. */
export class ReviewedProject {
  /** Top of the repository. */
  readonly top = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), "tollgate-reviewed-"));
  readonly dir: string;

  /** @param folder where in the repository the project lies. @default its top */
  constructor(folder = ".") {
    this.dir = path.join(this.top, folder);
    fs.mkdirSync(this.dir, { recursive: true });
    this.write("Pulumi.yaml", "name: reviewed\nruntime: nodejs\n");
    this.write("Pulumi.prod.yaml", reviewedSettings);
    this.write("signers/prod.allowed_signers", signersOf(ana, ben));
    this.write(".gitignore", ".tollgate/\n");
    this.git("init", "--quiet", "--initial-branch=main");
    this.commit("mira@example.com");
  }

  remove(): void {
    fs.rmSync(this.top, { recursive: true, force: true });
  }

  path(file: string): string {
    return path.join(this.dir, file);
  }

  write(file: string, text: string): void {
    fs.mkdirSync(path.dirname(this.path(file)), { recursive: true });
    fs.writeFileSync(this.path(file), text);
  }

  /** Writes the stack's settings with one text replaced, which has to be there. */
  edit(from: string, to: string): void {
    const text = fs.readFileSync(this.path("Pulumi.prod.yaml"), "utf8");
    if (!text.includes(from)) throw new Error(`no ${from} in the stack's file`);
    this.write("Pulumi.prod.yaml", text.replace(from, to));
  }

  git(...args: string[]): string {
    return execFileSync("git", ["-C", this.top, ...args], { encoding: "utf8" }).trim();
  }

  /** Commits everything and gives the commit. */
  commit(email: string): string {
    this.git("add", "--all");
    const who = ["-c", `user.email=${email}`, "-c", "user.name=x", "-c", "commit.gpgsign=false"];
    this.git(...who, "commit", "--quiet", "--allow-empty", "--message", "change");
    return this.git("rev-parse", "HEAD");
  }

  /** The settings beside the reviewed ones, as the command line and a preview compare them. */
  async review(): Promise<Review> {
    return (await this.answer()).review;
  }

  async answer(): Promise<{ review: Review; lowered: readonly LoweredGate[] }> {
    const settings = await loadFromFile(this.dir, "prod");
    const { review, lowered } = await reviewIn(settings, settings.pin ?? pin);
    return { review: review!, lowered };
  }
}

/** A difference in one line: `field: value / reviewed (who)`. */
export function inWords({ field, value, reviewed, by }: SettingDifference): string {
  return `${field}: ${value ?? "absent"} / ${reviewed ?? "absent"} (${by ?? "nobody"})`;
}

/** What of a receipt the next comparison starts from. */
export function receiptOf(ref: string, commit: string, digest: string): Pick<Receipt, "settings"> {
  return { settings: { digest, ref, commit, asReviewed: true } };
}
