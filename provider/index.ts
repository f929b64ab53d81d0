import { main } from "@pulumi/pulumi/provider";
import { version } from "../package.json";
import { TollgateProvider } from "./dispatch";
import { resourceTypes } from "./types";

const provider = new TollgateProvider(version, resourceTypes);

// The SDK prints a stack for each error it also sends to the engine, and the engine shows both.
console.error = () => {};

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    // A release under way puts its traffic back before the process ends.
    void provider
      .cancel()
      .then(() => provider.idle())
      .then(() => process.exit(0));
  });
}

void main(provider, process.argv.slice(2));
