import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** A folder of the test's own, removed after the spec file's last test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "tollgate-toolchain-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The same for what several spec files import, which one process may run one after the other. */
export function sharedFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "tollgate-toolchain-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes an executable shell script that stands for a program. */
export function fakeProgram(folder: string, name: string, script: string): string {
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

/** Sets environment variables around each test of the suite; undefined removes one. */
export function withVariables(variables: () => Record<string, string | undefined>): void {
  let before: NodeJS.ProcessEnv;
  const set = (values: Record<string, string | undefined>) => {
    for (const [name, value] of Object.entries(values)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
  beforeEach(() => {
    before = { ...process.env };
    set(variables());
  });
  afterEach(() => {
    const added = Object.keys(process.env).filter((name) => !(name in before));
    set({ ...Object.fromEntries(added.map((name) => [name, undefined])), ...before });
  });
}

/** The message of the error that a promise is refused with; fails when it isn't. */
export async function refusal(work: Promise<unknown>): Promise<string> {
  const given = await work.then(
    () => null,
    (error: Error) => error,
  );
  if (!given) throw new Error("expected a refusal, and there was none");
  return given.message;
}
