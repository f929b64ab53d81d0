/** What a client says to a scorer or a router, byte for byte but for host, body and length. */
export interface Form {
  readonly client: string;
  /** Its first line and headers, without Content-Length or Transfer-Encoding. `HOST` stands for the address. */
  readonly head: readonly string[];
  /** Does it send the body in chunks, because it doesn't know the length? */
  readonly chunked?: true;
  /** Does it send the body only once it is told to go on? */
  readonly waits?: true;
}

const http11 = "POST /predict HTTP/1.1";
const http10 = "POST /predict HTTP/1.0";
const json = "Content-Type: application/json";

/**
 * As these clients were heard to ask, with what they do unless they are told otherwise. docs/callers.md says which
 * versions; `npm run test:callers` asks with the clients themselves.
 */
export const forms: readonly Form[] = [
  {
    client: "curl",
    head: [http11, "Host: HOST", "User-Agent: curl/7.88.1", json, "Accept: application/json"],
  },
  {
    client: "curl with Expect",
    head: [http11, "Host: HOST", "User-Agent: curl/7.88.1", json, "Expect: 100-continue"],
    waits: true,
  },
  {
    client: "curl -T -",
    head: [http11, "Host: HOST", "User-Agent: curl/7.88.1", json, "Accept: */*"],
    chunked: true,
  },
  {
    client: "curl --http1.0",
    head: [http10, "Host: HOST", "User-Agent: curl/7.88.1", json, "Accept: application/json"],
  },
  {
    client: "curl --http2",
    head: [
      ...[http11, "Host: HOST", "User-Agent: curl/7.88.1"],
      ...["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c"],
      ...["HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA", json, "Accept: application/json"],
    ],
  },
  {
    client: "nginx proxy_pass",
    head: [http10, "Host: HOST", "Connection: close", "User-Agent: curl/7.88.1", json],
  },
  {
    client: "nginx proxy_http_version 1.1",
    head: [http11, "Host: HOST", "Connection: close", "User-Agent: curl/7.88.1", json],
  },
  {
    client: "HAProxy",
    head: [http11, "host: HOST", "user-agent: curl/7.88.1", "content-type: application/json"],
  },
  {
    client: "JDK HttpClient",
    head: [
      ...[http11, "Connection: Upgrade, HTTP2-Settings", "Host: HOST"],
      ...["HTTP2-Settings: AAEAAEAAAAIAAAAAAAMAAAAAAAQBAAAAAAUAAEAAAAYABgAA", "Upgrade: h2c"],
      ...["User-Agent: Java-http-client/17.0.15", "content-type: application/json"],
    ],
  },
  {
    client: "Apache HttpClient 5.4",
    head: [
      ...[http11, "Accept-Encoding: gzip, x-gzip, deflate"],
      ...["Content-Type: application/json; charset=UTF-8", "Host: HOST", "Connection: keep-alive"],
      ...["User-Agent: Apache-HttpClient/5.5 (Java/17.0.15)", "Upgrade: TLS/1.2"],
      "Connection: Upgrade",
    ],
  },
  {
    client: "Go net/http",
    head: [http11, "Host: HOST", "User-Agent: Go-http-client/1.1", json, "Accept-Encoding: gzip"],
  },
  {
    client: "Python requests",
    head: [
      ...[http11, "Host: HOST", "User-Agent: python-requests/2.34.2"],
      ...["Accept-Encoding: gzip, deflate", "Accept: */*", "Connection: keep-alive", json],
    ],
  },
  {
    client: "Python httpx",
    head: [
      ...[http11, "Host: HOST", "Accept: */*", "Accept-Encoding: gzip, deflate"],
      ...["Connection: keep-alive", "User-Agent: python-httpx/0.28.1", json],
    ],
  },
  {
    client: "Python aiohttp",
    head: [
      ...[http11, "Host: HOST", "Accept: */*", "Accept-Encoding: gzip, deflate"],
      ...["User-Agent: Python/3.11 aiohttp/3.14.5", json],
    ],
  },
  {
    client: "Node fetch",
    head: [
      ...[http11, "host: HOST", "connection: keep-alive", "content-type: application/json"],
      ...["accept: */*", "accept-language: *", "sec-fetch-mode: cors", "user-agent: node"],
      "accept-encoding: gzip, deflate",
    ],
  },
  { client: "wrk", head: [http11, json, "Host: HOST"] },
  {
    client: "ab",
    head: [http10, "Content-type: application/json", "Host: HOST", "User-Agent: ApacheBench/2.3"],
  },
  {
    client: "ab -k",
    head: [
      ...[http10, "Connection: Keep-Alive", "Content-type: application/json", "Host: HOST"],
      "User-Agent: ApacheBench/2.3",
    ],
  },
  { client: "HTTP/1.0 without Host", head: [http10, json] },
  {
    client: "an offer of several protocols",
    head: [http11, "Host: HOST", "Connection: Upgrade", "Upgrade: TLS/1.2, h2c, websocket", json],
  },
];
