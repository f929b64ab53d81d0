import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import type { RequestOptions } from "node:http";
import { readJson, routeFiles } from "./files";

/** Where a router's admin interface listens. */
export type AdminAddress =
  /** Absolute. */
  | { readonly socketPath: string }
  /** A router that an earlier Tollgate started, until the next `up`: any user of the host may ask it. */
  | { readonly host: string; readonly port: number };

/** As its own configuration on disk says, so that it is right for every router that runs, whoever started it. */
export function adminAddress(stateDir: string): AdminAddress {
  const files = routeFiles(stateDir);
  const address = readJson<Bootstrap>(files.bootstrap)?.admin?.address?.socket_address;
  return address
    ? { host: address.address, port: address.port_value }
    : { socketPath: files.adminSocket };
}

/** As messages show it. */
export function shownAddress(address: AdminAddress): string {
  return "socketPath" in address ? address.socketPath : `http://${address.host}:${address.port}`;
}

/**
 * The text of an answer of 200.
 *
 * @throws the system's error with its `code`; Error `answers <status>` for any other status; `AbortError` after `timeoutMs`
 */
export async function askAdmin(
  address: AdminAddress,
  pathAndQuery: string,
  timeoutMs: number,
): Promise<string> {
  if (!("socketPath" in address)) return get({ ...address }, pathAndQuery, timeoutMs);
  const reach = shortened(address.socketPath);
  try {
    return await get({ socketPath: reach.socketPath }, pathAndQuery, timeoutMs);
  } finally {
    reach.forget();
  }
}

async function get(
  where: RequestOptions,
  pathAndQuery: string,
  timeoutMs: number,
): Promise<string> {
  const { get: request } = await import("node:http");
  return new Promise((resolve, reject) => {
    const options = { ...where, path: pathAndQuery, agent: false } as const;
    const signal = AbortSignal.timeout(timeoutMs);
    const sent = request({ ...options, signal }, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (part: string) => (text += part));
      answer.once("error", reject);
      answer.once("end", () => {
        if (answer.statusCode === 200) resolve(text);
        else reject(new Error(`answers ${answer.statusCode}`));
      });
    });
    sent.once("error", reject);
  });
}

/** Bytes that the path of a Unix socket may have: 104 with the closing zero on macOS, 108 on Linux. */
const longestSocketPath = 103;

/**
 * State folders may lie deeper than a socket's path may be long. The router binds its socket by a relative path; a client
 * goes through a link with a short name, in a folder that nobody else can write to.
 */
function shortened(socketPath: string): { socketPath: string; forget: () => void } {
  if (Buffer.byteLength(socketPath) <= longestSocketPath) return { socketPath, forget: () => {} };
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "tg-"));
  const link = path.join(folder, "r");
  fs.symlinkSync(path.dirname(socketPath), link);
  return {
    socketPath: path.join(link, path.basename(socketPath)),
    forget: () => fs.rmSync(folder, { recursive: true, force: true }),
  };
}

interface Bootstrap {
  admin?: { address?: { socket_address?: { address: string; port_value: number } } };
}
