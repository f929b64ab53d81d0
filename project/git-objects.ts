import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { createHash } from "node:crypto";
import {
  firstLine,
  gitArguments,
  gitEnvironment,
  GitError,
  gitTimeout,
  type Repository,
} from "./git-run";

/** Biggest object that is read, in bytes: settings and sources are far smaller. */
const longestObject = 16 * 1024 * 1024;

/** One object of a repository, its content proven by its name. */
interface GitObject {
  readonly id: string;
  readonly type: string;
  readonly content: Buffer;
}

interface TreeEntry {
  readonly mode: string;
  readonly name: string;
  readonly id: string;
}

/** What of a commit is asked for. */
export interface Commit {
  readonly id: string;
  readonly tree: string;
  /** The author's e-mail as the commit says it: anybody's text. */
  readonly author: string;
}

/**
 * Reads a repository's objects and nothing else: not the work tree, not the index, no filter, no textconv. Each object's
 * hash is computed again, so that a file put in the place of another under `.git/objects` isn't believed.
 *
 * One process of git answers every question, one after another. `close` ends it.
 */
export class GitObjects {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #known = new Map<string, Promise<GitObject | null>>();
  #last: Promise<unknown> = Promise.resolve();
  #read = Buffer.alloc(0);
  #complaint = "";
  #ended: GitError | null = null;
  #wake: () => void = () => {};

  readonly #timeout: number;

  /** @param timeout longest time that one answer may take, in milliseconds */
  constructor(repository: Repository, timeout = gitTimeout) {
    this.#timeout = timeout;
    const args = [...gitArguments(repository), "cat-file", "--batch"];
    this.#child = spawn("git", args, { cwd: repository.top, env: gitEnvironment() });
    this.#child.stdout.on("data", (data: Buffer) => {
      this.#read = Buffer.concat([this.#read, data]);
      this.#wake();
    });
    this.#child.stderr.on("data", (data: Buffer) => (this.#complaint += data.toString()));
    this.#child.stdin.on("error", () => undefined);
    this.#child.on("error", () => this.#end(new GitError("git isn't installed")));
    this.#child.on("close", () => {
      const why = firstLine(this.#complaint) || "it ended";
      this.#end(new GitError(`git can't read the repository (${why})`));
    });
  }

  close(): void {
    this.#child.stdin.end();
  }

  /** The commit that a full ref, `HEAD` or an id names; null when there is none. */
  async commit(name: string): Promise<Commit | null> {
    const found = await this.#object(`${name}^{commit}`);
    if (!found) return null;
    const text = found.content.toString("utf8");
    const [header = ""] = text.split("\n\n", 1);
    const tree = /^tree ([0-9a-f]+)$/m.exec(header)?.[1] ?? "";
    const author = /^author .*<([^<>\n]*)> \d+ [+-]\d+$/m.exec(header)?.[1] ?? "";
    return { id: found.id, tree, author };
  }

  /**
   * What a file holds in a commit; null when the commit has no such file.
   *
   * @param file path from the top of the repository, with forward slashes
   * @throws GitError for a link or a submodule in its place, which hold no content of this commit
   */
  async file(commit: Commit, file: string): Promise<Buffer | null> {
    let tree = commit.tree;
    const steps = file.split("/");
    for (const [index, step] of steps.entries()) {
      const entry = (await this.#tree(tree)).find(({ name }) => name === step);
      if (!entry) return null;
      const last = index === steps.length - 1;
      const place = steps.slice(0, index + 1).join("/");
      if (entry.mode === "120000") throw new GitError(`${place} is a symbolic link there`);
      if (entry.mode === "160000") throw new GitError(`${place} is a submodule there`);
      const folder = entry.mode === "40000";
      if (last) return folder ? null : (await this.#existing(entry.id, "blob")).content;
      if (!folder) return null;
      tree = entry.id;
    }
    return null;
  }

  async #tree(id: string): Promise<TreeEntry[]> {
    const { content, id: own } = await this.#existing(id, "tree");
    const width = own.length / 2;
    const entries: TreeEntry[] = [];
    for (let at = 0; at < content.length;) {
      const space = content.indexOf(0x20, at);
      const end = content.indexOf(0, space);
      entries.push({
        mode: content.toString("latin1", at, space),
        name: content.toString("utf8", space + 1, end),
        id: content.toString("hex", end + 1, end + 1 + width),
      });
      at = end + 1 + width;
    }
    return entries;
  }

  async #existing(id: string, type: string): Promise<GitObject> {
    const found = await this.#object(id);
    if (!found) throw new GitError(`object ${id.slice(0, 12)} isn't in this clone`);
    if (found.type === type && found.id === id) return found;
    throw new GitError(`object ${id.slice(0, 12)} isn't the ${type} that it is named as`);
  }

  #object(name: string): Promise<GitObject | null> {
    // A name with a new line in it would be two questions.
    if (/[\s\0]/.test(name)) return Promise.resolve(null);
    let asked = this.#known.get(name);
    if (!asked) {
      asked = this.#last.then(() => this.#ask(name));
      this.#last = asked.catch(() => undefined);
      this.#known.set(name, asked);
    }
    return asked;
  }

  async #ask(name: string): Promise<GitObject | null> {
    const timer = setTimeout(() => {
      this.#end(new GitError(`git didn't answer within ${this.#timeout / 1000} s`));
      this.#child.kill();
    }, this.#timeout);
    try {
      return await this.#answer(name);
    } finally {
      clearTimeout(timer);
    }
  }

  async #answer(name: string): Promise<GitObject | null> {
    if (!this.#ended) this.#child.stdin.write(`${name}\n`);
    const header = await this.#line();
    const [, id, type, size] = /^([0-9a-f]{40,64}) ([a-z]+) (\d+)$/.exec(header) ?? [];
    if (id === undefined || type === undefined) return null;
    const length = Number(size);
    if (length > longestObject) {
      this.#child.kill();
      throw new GitError(`object ${id.slice(0, 12)} is bigger than ${longestObject} bytes`);
    }
    const content = await this.#content(length);
    const algorithm = id.length === 64 ? "sha256" : "sha1";
    const hash = createHash(algorithm).update(`${type} ${length}\0`).update(content).digest("hex");
    if (hash !== id) throw new GitError(`object ${id.slice(0, 12)} isn't what its hash says`);
    return { id, type, content };
  }

  async #line(): Promise<string> {
    while (!this.#read.includes(0x0a)) await this.#more();
    const end = this.#read.indexOf(0x0a);
    const line = this.#read.toString("utf8", 0, end);
    this.#read = this.#read.subarray(end + 1);
    return line;
  }

  /** A newline follows the content. */
  async #content(length: number): Promise<Buffer> {
    while (this.#read.length <= length) await this.#more();
    const content = this.#read.subarray(0, length);
    this.#read = this.#read.subarray(length + 1);
    return content;
  }

  async #more(): Promise<void> {
    if (this.#ended) throw this.#ended;
    await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  #end(why: GitError): void {
    this.#ended ??= why;
    this.#wake();
  }
}
