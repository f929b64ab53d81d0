"use strict";
/** What the engine starts of ours, each as the arguments of bundle.cjs: a launcher bundles it, `tollgate up` asks for its content. */
const path = require("path");

const root = path.join(__dirname, "..");

/** Loaded by the SDK for serialised functions and the Automation API, which no plugin of ours has: 430 ms. */
const absent = [
  "typescript",
  "@npmcli/arborist",
  "normalize-package-data",
  "@pulumi/pulumi/automation",
];

/** The program has to share the one SDK instance of the process with the host's runner. */
const shared = ["@pulumi", "@grpc/grpc-js", "@aws-sdk"];
/** What only commands load: a runtime's operations are in the program's bundle beside its declarations. */
const operating = ["undici", "semver", "esbuild"];

/** What the SDK's runner loads only when it is traced. */
const tracing = [
  ...["instrumentation", "instrumentation-grpc", "sdk-trace-node", "sdk-trace-base", "core"],
  ...["resources", "exporter-trace-otlp-grpc", "exporter-zipkin", "semantic-conventions"],
].map((name) => `@opentelemetry/${name}`);

module.exports = {
  program: [path.join(root, "index.ts"), { external: [...shared, ...operating] }],
  // For our own language host: with the SDK and its runner bundled in, 250 ms.
  run: [
    path.join(root, "index.ts"),
    {
      external: ["@aws-sdk", ...operating],
      // A trace of a program is mapped to its sources by a search of the whole bundle's map; an error of ours shows none.
      absent: [...absent, "source-map-support", ...tracing],
      runner: "@pulumi/pulumi/cmd/run/index.js",
    },
  ],
  // With its own copy of the SDK bundled in: loading it file by file takes 300 ms longer.
  provider: [path.join(root, "provider", "index.ts"), { external: ["@aws-sdk"], absent }],
  // With its own copy of both SDKs: 250 ms.
  pack: [path.join(root, "pack", "index.ts"), { absent }],
};
