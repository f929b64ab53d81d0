import { realpathSync } from "node:fs";
import path from "node:path";
import { SettingsError } from "../project/errors";
import { loadFromText } from "../config/load";
import { linesIn } from "../config/signed-lines";
import { type Commit, GitObjects } from "../project/git-objects";
import { GitError, gitSays, repositoryOf, type Repository, slashed } from "../project/git-run";
import {
  differencesOf,
  effectiveDigest,
  type EffectiveSettings,
  effectiveSettings,
  settingsDocument,
} from "./effective";
import type { GateLevel, LoweredGate } from "../policies/gate";
import type { LastReview } from "../history/review";
import { nameOfRef, refsOf } from "../policies/review-branch";
import { levels } from "../policies/levels";
import { digestOfFiles, packSources } from "../pack/digest";
import { authorOfLine, authorsOf } from "./review-authors";
import type { Reviewed, ReviewQuestion } from "./review-question";

/**
 * Compares the settings that judge with those of the reviewed branch, read from git's objects. Never throws for what git
 * or the commit can't tell: that is the answer's `problem`.
 *
 * The branch is not taken from the settings that judge, as anybody could name one of their own: it is the one of the last
 * release, else `main`, and where that one's settings name another branch, that. The commit is the branch's tip; or,
 * where the branch has gone on, the commit that HEAD left it at, when that isn't older than the last release's.
 */
export async function reviewOf(question: ReviewQuestion): Promise<Reviewed> {
  const { projectDir, effective, last } = question;
  const digest = effectiveDigest(effective);
  const named = typeof effective.settings["reviewed"] === "string";
  const nobody = question.lowered.map((each) => ({ ...each, by: null }));
  const unknown = (problem: string): Reviewed => ({
    review: {
      digest,
      ref: last?.ref ?? null,
      commit: null,
      problem,
      differences: [],
      level: last?.level ?? "disabled",
    },
    lowered: nobody,
  });
  const repository = repositoryOf(projectDir);
  if (!repository) {
    if (named || wasCompared(last)) {
      return unknown(`${projectDir} isn't in a git repository; commit it in one`);
    }
    const review = { digest, ref: null, commit: null, problem: null, differences: [] };
    return { review: { ...review, level: "disabled" }, lowered: nobody };
  }
  const objects = new GitObjects(repository);
  try {
    return await new Reviewing(question, repository, objects).answer(digest);
  } catch (error) {
    if (!(error instanceof GitError || error instanceof SettingsError)) throw error;
    return unknown(error.message.replace(/\s*\n\s*/g, " ").replace(/\.$/, ""));
  } finally {
    objects.close();
  }
}

/** A branch and its tip. */
interface Branch {
  readonly ref: string;
  readonly tip: Commit;
}

class Reviewing {
  readonly #documents = new Map<string, Promise<EffectiveSettings | null>>();

  constructor(
    private readonly question: ReviewQuestion,
    private readonly repository: Repository,
    private readonly objects: GitObjects,
  ) {}

  async answer(digest: string): Promise<Reviewed> {
    const { effective, lowered } = this.question;
    const nobody = lowered.map((each) => ({ ...each, by: null }));
    const branch = await this.branch();
    if (!branch) {
      if (wasCompared(this.question.last)) {
        throw new GitError(
          "no branch here has the stack's settings, which had to be reviewed for the last release; fetch the branch, and name it in tollgate:reviewed",
        );
      }
      const review = { digest, ref: null, commit: null, problem: null, differences: [] };
      return { review: { ...review, level: "disabled" }, lowered: nobody };
    }
    const { ref, tip } = branch;
    const reviewed = await this.requiredDocument(branch);
    const level = levelOf(reviewed);
    if (branchNamedBy(reviewed) === null && branchNamedBy(effective) === null) {
      const review = { digest, ref: null, commit: null, problem: null, differences: [] };
      return { review: { ...review, level }, lowered: nobody };
    }
    await this.requireLast(branch);
    const differences = differencesOf(effective, reviewed);
    if (differences.length === 0 || (await this.isThatOfHead(branch))) {
      const commit = differences.length === 0 ? tip : (await this.left(branch))!;
      const review = { digest, ref, commit: commit.id, problem: null, differences: [], level };
      return { review, lowered: await this.by(lowered, commit) };
    }
    const by = await authorsOf(differences, {
      repository: this.repository,
      objects: this.objects,
      tip,
      documentAt: (commit) => this.document(commit),
    });
    const told = differences.map((each, index) => ({ ...each, by: by[index] ?? null }));
    return {
      review: { digest, ref, commit: tip.id, problem: null, differences: told, level },
      lowered: nobody,
    };
  }

  /** The branch that decides; null when nothing names one. */
  private async branch(): Promise<Branch | null> {
    const start = await this.start();
    if (!start) return null;
    const document = await this.requiredDocument(start);
    const named = branchNamedBy(document);
    if (named === null) return start;
    const target = await this.existing(named);
    if (target.ref === start.ref) return start;
    // Named by a reviewed line, and by itself: nobody can name a branch of their own.
    const again = branchNamedBy(await this.requiredDocument(target));
    if (again !== null && (await this.resolved(again))?.ref === target.ref) return target;
    throw new GitError(
      `${nameOfRef(start.ref)} names ${nameOfRef(target.ref)} in tollgate:reviewed, and that one names ${again ?? "none"}; name the same branch on both`,
    );
  }

  private async start(): Promise<Branch | null> {
    const { last, effective, stack } = this.question;
    if (last?.ref) {
      const tip = await this.objects.commit(last.ref);
      if (tip) return { ref: last.ref, tip };
      throw new GitError(
        `${nameOfRef(last.ref)}, which the last release was reviewed on, isn't in this clone; fetch it with \`git fetch\``,
      );
    }
    const main = await this.resolved("main");
    if (main && (await this.document(main.tip))) return main;
    const named = branchNamedBy(effective);
    if (named === null) return null;
    const found = await this.existing(named);
    if (await this.document(found.tip)) return found;
    throw new GitError(
      `${nameOfRef(found.ref)} has no Pulumi.${stack}.yaml at this place; commit it there`,
    );
  }

  private async existing(name: string): Promise<Branch> {
    const found = await this.resolved(name);
    if (found) return found;
    throw new GitError(
      `branch ${name}, where the settings are reviewed, isn't in this clone; fetch it, or name the right one in tollgate:reviewed`,
    );
  }

  private async resolved(name: string): Promise<Branch | null> {
    for (const ref of refsOf(name)) {
      const tip = await this.objects.commit(ref);
      if (tip) return { ref, tip };
    }
    return null;
  }

  /** The commit of the last release must be on the branch still, or it is another branch, or one that went back. */
  private async requireLast({ ref, tip }: Branch): Promise<void> {
    const { last } = this.question;
    if (!last?.commit || (await this.contains(tip.id, last.commit))) return;
    throw new GitError(
      `the last release was reviewed in commit ${last.commit.slice(0, 12)}, which isn't in the history of ${nameOfRef(ref)} here; fetch the whole history, and merge that commit if the branch has lost it`,
    );
  }

  private async contains(commit: string, earlier: string): Promise<boolean> {
    if (commit === earlier) return true;
    if (!(await this.objects.commit(earlier))) return false;
    const yes = await gitSays(this.repository, "merge-base", "--is-ancestor", earlier, commit);
    return yes !== null;
  }

  /** Are the settings those of the commit at which HEAD left the branch, which has gone on since? */
  private async isThatOfHead(branch: Branch): Promise<boolean> {
    const commit = await this.left(branch);
    const document = commit && (await this.document(commit));
    return !!document && differencesOf(this.question.effective, document).length === 0;
  }

  /** That commit, when it isn't older than the last release's; without such a release only the tip counts. */
  private async left({ tip }: Branch): Promise<Commit | null> {
    const last = this.question.last?.commit;
    const head = await this.objects.commit("HEAD");
    if (!last || !head || head.id === tip.id) return null;
    const base = await gitSays(this.repository, "merge-base", tip.id, head.id);
    if (!base || base === tip.id || !(await this.contains(base, last))) return null;
    return this.objects.commit(base);
  }

  private async requiredDocument({ ref, tip }: Branch): Promise<EffectiveSettings> {
    const document = await this.document(tip);
    if (document) return document;
    throw new GitError(
      `${nameOfRef(ref)} has no Pulumi.${this.question.stack}.yaml at this place; commit it there`,
    );
  }

  private document(commit: Commit): Promise<EffectiveSettings | null> {
    let made = this.#documents.get(commit.id);
    if (!made) this.#documents.set(commit.id, (made = this.read(commit)));
    return made;
  }

  /** The effective settings of a commit; null when it doesn't have the stack. */
  private async read(commit: Commit): Promise<EffectiveSettings | null> {
    const { projectDir, stack, pin, effective } = this.question;
    const text = async (file: string) => {
      const place = path.posix.join(this.repository.prefix, slashed(file));
      if (place.startsWith("../")) return null;
      return (await this.objects.file(commit, place))?.toString("utf8") ?? null;
    };
    const file = `Pulumi.${stack}.yaml`;
    const written = (await text(file)) ?? (await text(`Pulumi.${stack}.yml`));
    if (written === null) return null;
    const called = `${file} in commit ${commit.id.slice(0, 12)}`;
    const settings = await loadFromText(written, called, { stack, projectDir });
    const beside = async (place: string) => (await text(path.relative(projectDir, place))) ?? "";
    const waivers = path.join("waivers", `${stack}.jsonl`);
    return effectiveSettings({
      pack: settings.pack ?? (await this.packAt(commit)) ?? effective.pack,
      project: await text("Pulumi.yaml"),
      settings: settingsDocument(settings),
      trust: {
        signers: await beside(settings.signers),
        revoked: await beside(settings.revokedKeys),
      },
      waivers: linesIn((await text(waivers)) ?? "", waivers, "waivers", pin),
    });
  }

  /** Digest of the gates that run as the commit has them; null when this repository doesn't hold them. */
  private async packAt(commit: Commit): Promise<string | null> {
    const { folder, sources } = packSources();
    const place = path.relative(this.repository.top, realpathSync(folder));
    if (place.startsWith("..") || path.isAbsolute(place)) return null;
    const committed: [string, Buffer][] = [];
    for (const [file] of sources) {
      const content = await this.objects.file(commit, path.posix.join(slashed(place), file));
      if (content) committed.push([file, content]);
    }
    return committed.length === 0 ? null : digestOfFiles(committed);
  }

  /** Who committed a lowered level, of those that are reviewed. */
  private by(lowered: ReviewQuestion["lowered"], commit: Commit): Promise<LoweredGate[]> {
    const file = path.posix.join(this.repository.prefix, `Pulumi.${this.question.stack}.yaml`);
    return Promise.all(
      lowered.map(async (each) => ({
        ...each,
        by: await authorOfLine(this.repository, commit.id, file, `${each.gate}|level:`),
      })),
    );
  }
}

function branchNamedBy({ settings }: EffectiveSettings): string | null {
  const named = settings["reviewed"];
  return typeof named === "string" ? named : null;
}

/** Had the last release to be by reviewed settings? Then the next can't do without any. */
function wasCompared(last: LastReview | null): boolean {
  return last !== null && (last.ref !== null || last.level === "mandatory");
}

/** The level that reviewed settings give to the gate that compares with them. */
function levelOf({ settings }: EffectiveSettings): GateLevel {
  const gates = settings["gates"] as Record<string, { level?: unknown }> | undefined;
  const level = gates?.["settings-reviewed"]?.level;
  return levels.find((each) => each === level) ?? "mandatory";
}
