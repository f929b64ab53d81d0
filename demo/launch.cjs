// npm start | npm run stop | npm run clean: the story of examples/churn on real servers, in a folder of its own.
const path = require("node:path");
const { requireBundled } = require("../toolchain/bundle.cjs");

const { main } = requireBundled(path.join(__dirname, "main.ts"));
main(process.argv[2] ?? "start").then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    process.stderr.write(`\n${error.message}\n`);
    process.exitCode = 1;
  },
);
