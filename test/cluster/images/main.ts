// Makes the images that pods of the test cluster use, and loads them into it: `npx tsx test/cluster/images/main.ts`.
// Prints a line `name=reference` for each. After a change of serving/ a second run takes seconds.
import { withProgress } from "../../../toolchain/progress";
import { loadImages } from "./load";

withProgress(loadImages).then(
  (images) => {
    for (const [name, reference] of Object.entries(images)) console.log(`${name}=${reference}`);
  },
  (error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
  },
);
