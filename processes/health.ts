import { get } from "node:http";
import { connect } from "node:net";
import type { ProcessHealth } from "./process";

/** Longest wait for one answer, in milliseconds. */
const ANSWER_TIMEOUT = 2000;

/** Asks once: null when healthy, else what is wrong, such as `GET http://127.0.0.1:5001/health: 503`. */
export async function healthProblem(
  health: Pick<ProcessHealth, "kind" | "path">,
  host: string,
  port: number,
): Promise<string | null> {
  const target = reachable(host);
  if (health.kind === "tcp") {
    const problem = await tcpProblem(target, port);
    return problem && `${hostPort(target, port)}: ${problem}`;
  }
  const url = `http://${hostPort(target, port)}${health.path ?? "/"}`;
  const problem = await httpProblem(url);
  return problem && `GET ${url}: ${problem}`;
}

/** `host:port`, with the brackets an IPv6 address needs. */
export function hostPort(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Where a server that listens on `host` can be reached from this machine. */
export function reachable(host: string): string {
  return host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
}

function httpProblem(url: string): Promise<string | null> {
  return new Promise((resolve) => {
    const request = get(url, { agent: false, timeout: ANSWER_TIMEOUT }, (response) => {
      response.resume();
      resolve(response.statusCode === 200 ? null : `answered ${response.statusCode}`);
    });
    request.once("timeout", () => request.destroy(silence()));
    request.once("error", (error) => resolve(reasonOf(error)));
  });
}

function tcpProblem(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: ANSWER_TIMEOUT }, () => {
      socket.destroy();
      resolve(null);
    });
    socket.once("timeout", () => socket.destroy(silence()));
    socket.once("error", (error) => resolve(reasonOf(error)));
  });
}

function silence(): Error {
  return new Error(`no answer within ${ANSWER_TIMEOUT / 1000} s`);
}

function reasonOf(error: NodeJS.ErrnoException): string {
  return error.code === "ECONNREFUSED" ? "connection refused" : error.message;
}
