// What `promote` takes from one environment to another: the version that is served, and its bytes with the data that they
// were trained on. Real registries, on SQLite and folders.
import assert from "node:assert/strict";
import { lightRegistry, TestProject, type CommandResult } from "../support/project";

const minutes = (n: number) => n * 60_000;

interface Promoted {
  promotion: { from: { pin: { version: string } }; to: { pin: { version: string } } };
  verdicts: { gate: string; subject: string; passed: boolean; reason: string }[];
}

describe("promote", function () {
  this.timeout(minutes(5));
  let project: TestProject;
  const printed = ({ stdout, stderr }: CommandResult) => stdout + stderr;

  before(async function () {
    this.timeout(minutes(10));
    project = await TestProject.create("churn", ["staging", "prod"], (config, stack) => {
      config["tollgate:tier"] = "staging";
      lightRegistry(config);
      config["tollgate:release"] = { watchSeconds: 0, warmSeconds: 0 };
      const train = config["tollgate:train"] as Record<string, unknown>;
      if (stack === "staging") train["parameters"] = { model: "gradient-boosting" };
      // Trained on staging's rows, and measured on prod's.
      else config["tollgate:gates"] = { "metric-floor": { floors: { accuracy: 0.8 } } };
    });
    await project.must("up", "--stack", "staging");
    await project.must("up", "--stack", "prod");
    await project.must("train", "--stack", "staging");
    await project.must("evaluate", "--stack", "staging");
    await project.must("pin", "1", "--stack", "staging");
  });
  after(() => project.dispose());

  const promote = (...words: string[]) =>
    project.tollgate(["promote", "--from", "staging", "--to", "prod", "--json", ...words]);

  it("takes nothing from an environment that has released nothing", async () => {
    const result = await promote("--model");
    assert.equal(result.code, 1, printed(result));
    const { error } = JSON.parse(result.stdout) as { error: { code: string; message: string } };
    assert.equal(error.code, "not-released");
    assert.match(error.message, /run `tollgate up --stack staging`\.$/);
  });

  it("takes the version that is served, not the pin that was refused, and judges its bytes by its own data", async () => {
    await project.must("up", "--stack", "staging");
    await project.must("train", "--stack", "staging", "--param", "model=logreg");
    assert.equal((await project.tollgate(["evaluate", "--stack", "staging"])).code, 2);
    await project.must("pin", "2", "--stack", "staging");
    assert.equal((await project.tollgate(["up", "--stack", "staging"])).code, 2);

    const result = await promote("--model");
    assert.match(
      result.stderr,
      /staging pins churn-model version 2 .*, which it hasn't released: what is promoted is churn-model version 1 /,
    );
    assert.equal(result.code, 0, printed(result));
    const { promotion, verdicts } = JSON.parse(result.stdout) as Promoted;
    const leakage = verdicts.find(({ subject }) => subject === "leakage");
    assert.match(
      leakage?.reason ?? printed(result),
      /trained on 0 of the \d+ rows of data\/prod\/eval\.csv, told by the \d+ rows of data\/staging\/train\.csv/,
    );
    assert.deepEqual(
      verdicts.filter(({ gate, passed }) => gate === "provenance" && !passed),
      [],
    );
    assert.equal(promotion.from.pin.version, "1");
    assert.equal(promotion.to.pin.version, "1");
  });
});
