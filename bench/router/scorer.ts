// A scorer that answers at once, in a process of its own: as long as `slow` is in its address, after three seconds.
import http from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const [version = "", digest = ""] = process.argv.slice(2);
const facts = { model: "churn-model", version, digest, stage: "None" };

const server = http.createServer((request, response) => {
  let bytes = 0;
  request.on("data", (chunk: Buffer) => (bytes += chunk.length));
  request.on("end", () => void answer(request, response, bytes));
});

async function answer(
  { url = "", method }: http.IncomingMessage,
  response: http.ServerResponse,
  bytes: number,
): Promise<void> {
  if (url.includes("slow")) await sleep(3000);
  response.setHeader("content-type", "application/json");
  response.setHeader("x-model-version", version);
  const document =
    method === "POST"
      ? { predictions: [1], model_version: version, bytes }
      : url === "/sample"
        ? { features: [[0.5, 1]] }
        : { status: "ready", ...facts };
  response.end(JSON.stringify(document));
}

server.listen(0, "127.0.0.1", () => {
  process.send!(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
process.on("disconnect", () => process.exit());
