// Creates a process in a command of its own, for tests that interrupt it: argument 1 is a file with its inputs.
import { readFileSync } from "node:fs";
import { processType } from "../../../provider/types/process";

void processType
  .create(JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")))
  .then(({ outputs }) => console.log(outputs.pid));
