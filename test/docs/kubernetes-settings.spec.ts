import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { kubernetesPage, withSettings } from "./kubernetes-settings";

describe("withSettings", () => {
  it("is what docs/kubernetes.md says of the settings", () => {
    const page = readFileSync(kubernetesPage, "utf8");
    assert.equal(page, withSettings(page), "run `npm run docs:examples`");
  });

  it("has a row for each setting, and says what each is for", () => {
    const page = readFileSync(kubernetesPage, "utf8");
    const rows = withSettings(page).match(/^\| `[a-zA-Z]+` \|.*\|$/gm) ?? [];
    assert.ok(rows.length > 15, `${rows.length} rows`);
    for (const row of rows) assert.match(row, /\| \S.* \|$/);
  });

  it("refuses a page without a place for the table", () => {
    assert.throws(() => withSettings("# Kubernetes\n"), /has no place for its table/);
  });
});
