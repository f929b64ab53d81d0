import { closeSync, openSync, readSync } from "node:fs";

/**
 * A file's bytes, or in a clause why there are none. Reads one byte beyond the limit at most, so that whoever checks the
 * length sees that there is more.
 */
export function readFileUpTo(file: string, limit: number): Buffer | { absent: string } {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file, "r");
    const bytes = Buffer.alloc(64 * 1024);
    const chunks: Buffer[] = [];
    for (let left = limit + 1; left > 0;) {
      const read = readSync(descriptor, bytes, 0, Math.min(bytes.length, left), null);
      if (read === 0) break;
      chunks.push(Buffer.from(bytes.subarray(0, read)));
      left -= read;
    }
    return Buffer.concat(chunks);
  } catch (error) {
    return { absent: reasonOf(file, error as NodeJS.ErrnoException) };
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function reasonOf(file: string, { code, message }: NodeJS.ErrnoException): string {
  if (code === "ENOENT" || code === "ENOTDIR") return `there is no file ${file}`;
  if (code === "EISDIR") return `${file} is a folder`;
  return `${file} can't be read (${message})`;
}

/** What comes on stdin, up to one byte beyond the limit. */
export async function readStdinUpTo(limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of process.stdin) {
    chunks.push(chunk as Buffer);
    length += (chunk as Buffer).length;
    if (length > limit) break;
  }
  return Buffer.concat(chunks).subarray(0, limit + 1);
}
