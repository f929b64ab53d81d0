import assert from "node:assert/strict";
import { type JudgedArtifact, judgeArtifacts } from "./artifacts";

describe("artifacts", () => {
  let artifacts: JudgedArtifact[];
  let ran: boolean;

  before(async function () {
    this.timeout(300_000);
    ({ artifacts, ran } = await judgeArtifacts());
  });

  it("are at least sixty dangerous ones, all refused", () => {
    const dangerous = artifacts.filter(({ harmless }) => !harmless);
    assert.ok(dangerous.length >= 60, `${dangerous.length} dangerous`);
    assert.deepEqual(told(dangerous), []);
  });

  it("are at least sixty harmless ones, none refused", () => {
    const harmless = artifacts.filter((each) => each.harmless);
    assert.ok(harmless.length >= 60, `${harmless.length} harmless`);
    assert.deepEqual(told(harmless), []);
  });

  it("that are models with code of their own are refused, and pass by the lines that the refusals print", () => {
    const own = artifacts.filter(({ name }) => name.endsWith("-unreviewed"));
    assert.equal(own.length, 4);
    assert.ok(own.every(({ refused }) => refused.length > 0));
    assert.deepEqual(
      own.filter(({ refusedByItsLines }) => refusedByItsLines.length > 0),
      [],
    );
  });

  it("are never run", () => assert.equal(ran, false));
});

function told(artifacts: readonly JudgedArtifact[]): string[] {
  return artifacts.flatMap(({ name, surprise }) =>
    surprise === null ? [] : [`${name} is ${surprise}`],
  );
}
