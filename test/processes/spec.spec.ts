import assert from "node:assert/strict";
import fc from "fast-check";
import type { ProcessInputs } from "../../processes/process";
import { inputsOf, portNames, sameInputs, specHash, withPorts } from "../../processes/spec";
import { Stage } from "../runtimes/local/support";

const stage = new Stage("python3");
after(() => stage.clear());

const texts = fc.dictionary(fc.string(), fc.string());
const someInputs: fc.Arbitrary<ProcessInputs> = fc
  .record({ command: fc.array(fc.string()), environment: texts, files: texts, restartOn: texts })
  .map((change) => stage.inputs(change));

/** The same value with the keys of every object the other way round, as another writer would give them. */
function reversed<T>(value: T): T {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, reversed(inner)]);
  return Object.fromEntries(entries.reverse()) as T;
}

describe("specHash", () => {
  it("is the same for equal inputs, whatever the order of their keys", () => {
    fc.assert(fc.property(someInputs, (inputs) => specHash(reversed(inputs)) === specHash(inputs)));
  });

  it("differs for inputs that differ in what is started", () => {
    fc.assert(
      fc.property(someInputs, someInputs, (one, other) => {
        const same = JSON.stringify(one) === JSON.stringify(other);
        return same || sameInputs(one, other) || specHash(one) !== specHash(other);
      }),
    );
  });

  it("doesn't change with how the process is kept", () => {
    const inputs = stage.inputs();
    const kept = { ...inputs, warmSeconds: 9, deleteData: true, stopTimeoutSeconds: 1 };
    assert.equal(specHash(kept), specHash(inputs));
    assert.equal(sameInputs(kept, inputs), false);
  });
});

describe("withPorts", () => {
  const inputs = stage.inputs({
    command: ["server", "--port={port}", "{port:admin}", "{ports}", "{port:}"],
    environment: { A: "{port:b-2}" },
    initialFiles: { f: '{"port": "{port}"}' },
  });

  it("fills in the main and the further ports and nothing else", () => {
    const filled = withPorts(inputs, { main: 1, admin: 2, "b-2": 3 });
    assert.deepEqual(filled.command, ["server", "--port=1", "2", "{ports}", "{port:}"]);
    assert.deepEqual(filled.environment, { A: "3" });
    assert.deepEqual(filled.initialFiles, { f: '{"port": "1"}' });
  });

  it("finds the names of the further ports", () => {
    assert.deepEqual(portNames(inputs), ["admin", "b-2"]);
    assert.deepEqual(portNames(stage.inputs()), []);
  });
});

describe("inputsOf", () => {
  it("gives back the inputs of recorded outputs", () => {
    const inputs = stage.inputs();
    const outputs = {
      boundPort: 1,
      ports: {},
      address: "",
      pid: 2,
      status: "running",
      logFile: "",
    };
    assert.deepEqual(inputsOf({ ...inputs, ...outputs }), inputs);
  });
});
