import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createServer } from "node:net";

/** Who listens on a port; nulls when the operating system doesn't tell. */
export interface PortHolder {
  readonly pid: number | null;
  readonly program: string | null;
}

/** A port of `host` that is free now. */
export async function freePort(host = "127.0.0.1"): Promise<number> {
  return await listen(host, 0);
}

/**
 * Null when `port` of `host` can be listened on, else who has it.
 *
 * Throws when it can't be listened on for another reason: no such address here, no right to it.
 */
export async function portHolder(host: string, port: number): Promise<PortHolder | null> {
  try {
    await listen(host, port);
    return null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EADDRINUSE") {
      return process.platform === "linux" ? holderOnLinux(port) : holderByLsof(port);
    }
    throw new Error(`cannot listen on ${host}:${port} (${code ?? (error as Error).message})`);
  }
}

function listen(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address();
      const bound = typeof address === "object" && address ? address.port : port;
      server.close(() => resolve(bound));
    });
  });
}

/** Linux: the listening socket's inode by port, then the process that has it open. */
function holderOnLinux(port: number): PortHolder {
  const hexadecimal = port.toString(16).toUpperCase().padStart(4, "0");
  const sockets = new Set<string>();
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    for (const line of readLines(table)) {
      const fields = line.trim().split(/\s+/);
      if (fields[3] === "0A" && fields[1]?.endsWith(`:${hexadecimal}`)) {
        sockets.add(`socket:[${fields[9]}]`);
      }
    }
  }
  for (const pid of readdirSync("/proc").filter((entry) => /^[0-9]+$/.test(entry))) {
    try {
      const open = readdirSync(`/proc/${pid}/fd`);
      if (open.some((fd) => sockets.has(linkOf(`/proc/${pid}/fd/${fd}`)))) {
        return { pid: Number(pid), program: readFileSync(`/proc/${pid}/comm`, "utf8").trim() };
      }
    } catch {
      continue; // Another user's process, or one that just ended.
    }
  }
  return { pid: null, program: null };
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, "utf8").split("\n");
  } catch {
    return [];
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

function holderByLsof(port: number): PortHolder {
  try {
    const found = execFileSync("lsof", ["-nP", `-iTCP:${port}`, "-sTCP:LISTEN", "-Fpc"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    const pid = /^p([0-9]+)$/m.exec(found)?.[1];
    return { pid: pid ? Number(pid) : null, program: /^c(.+)$/m.exec(found)?.[1] ?? null };
  } catch {
    return { pid: null, program: null };
  }
}
