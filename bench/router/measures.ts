import { Agent, request } from "undici";
import type { Build } from "./build";

/** A kilobyte, as most requests have, one that Envoy as it comes wouldn't ask again, and a large one. */
const sizes = [
  ...Array<number>(90).fill(1000),
  ...Array<number>(8).fill(1.2 * 2 ** 20),
  ...[10, 10].map((n) => n * 2 ** 20),
];

export interface Speed {
  readonly perSecond: number;
  /** Of Envoy's processor time, for one request. */
  readonly microseconds: number;
}

/** 16 connections with the next request as soon as there is an answer, for two seconds each, in turn. */
export async function throughput(builds: readonly Build[], rounds: number) {
  const found: Speed[][] = builds.map(() => []);
  for (let round = -1; round < rounds; round++) {
    const order = [...builds.keys()];
    for (const place of round % 2 ? order.reverse() : order) {
      const speed = await busy(builds[place]!, 2000);
      if (round >= 0) found[place]!.push(speed);
    }
  }
  const median = found.map((all) => ({
    perSecond: middle(all.map(({ perSecond }) => perSecond)),
    microseconds: middle(all.map(({ microseconds }) => microseconds)),
  }));
  const [own = [], other] = found;
  const ratio = (key: keyof Speed) =>
    Number(middle(own.map((each, at) => each[key] / other![at]![key])).toFixed(3));
  return {
    median,
    ratios: other ? { perSecond: ratio("perSecond"), microseconds: ratio("microseconds") } : null,
  };
}

async function busy(build: Build, milliseconds: number): Promise<Speed> {
  const agent = new Agent({ connections: 16, pipelining: 1 });
  const before = build.processorSeconds();
  const end = performance.now() + milliseconds;
  let answers = 0;
  const caller = async () => {
    while (performance.now() < end) {
      await ask(build.url, agent, 64);
      answers += 1;
    }
  };
  await Promise.all(Array.from({ length: 16 }, caller));
  const microseconds = ((build.processorSeconds() - before) * 1e6) / answers;
  await agent.close();
  return { perSecond: answers / (milliseconds / 1000), microseconds };
}

/** Memory of the router while so many large requests wait for an answer that takes three seconds. */
export async function inFlight(build: Build, count: number, bytes: number) {
  const agent = new Agent({ connections: count });
  const before = build.memory();
  let most = before;
  const watch = setInterval(() => (most = Math.max(most, build.memory())), 20);
  const answers = await Promise.allSettled(
    Array.from({ length: count }, () => ask(build.url, agent, bytes, "/predict?slow")),
  );
  clearInterval(watch);
  await agent.close();
  return { before, most, answered: answers.filter(({ status }) => status === "fulfilled").length };
}

/** Callers at a steady rate, with bodies of three sizes, while traffic goes to and fro between two versions. */
export async function switches(build: Build, count: number, perSecond: number) {
  const agent = new Agent({ connections: 64 });
  const failures: string[] = [];
  const underWay = new Set<Promise<void>>();
  const began = performance.now();
  let requests = 0;
  const timer = setInterval(() => {
    while (requests < ((performance.now() - began) / 1000) * perSecond) {
      // A step that shares no factor with their number: sizes are mixed, and the same in each run.
      const bytes = Math.round(sizes[(requests++ * 37) % sizes.length]!);
      const one = ask(build.url, agent, bytes)
        .catch((error: Error) => void failures.push(`${bytes} bytes: ${error.message}`))
        .finally(() => underWay.delete(one));
      underWay.add(one);
    }
  }, 5);
  for (let each = 0; each < count; each++) await build.release(each % 2 ? "1" : "2");
  clearInterval(timer);
  await Promise.all(underWay);
  await agent.close();
  return { requests, failures, seconds: Math.round((performance.now() - began) / 1000) };
}

/** Throws unless the scorer got every byte and answered well. */
async function ask(url: string, agent: Agent, bytes: number, route = "/predict"): Promise<void> {
  const answer = await request(`${url}${route}`, {
    method: "POST",
    dispatcher: agent,
    body: Buffer.alloc(bytes, 32),
    headersTimeout: 60_000,
  });
  const text = await answer.body.text();
  const { bytes: got } =
    answer.statusCode === 200 ? (JSON.parse(text) as { bytes: number }) : { bytes: -1 };
  if (got !== bytes)
    throw new Error(`${answer.statusCode}, ${got} bytes arrived: ${text.slice(0, 200)}`);
}

function middle(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
}
