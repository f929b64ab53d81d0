import { TestProject } from "/work/main/test/support/project";
(async () => {
  const t0 = Date.now(); const lap = (w: string) => console.log(((Date.now()-t0)/1000).toFixed(1), w);
  const project = await TestProject.create("churn", ["staging"], (config) => {
      config["tollgate:database"] = { kind: "sqlite" };
      config["tollgate:artifactStore"] = { kind: "folder" };
      config["tollgate:release"] = { watchSeconds: 1, warmSeconds: 0 };
      (config["tollgate:train"] as any)["parameters"] = { model: "gradient-boosting" };
  });
  const m = async (...a: string[]) => { const r = await project.tollgate([...a, "--stack", "staging"], { onOutput: () => {} }); lap(a.join(" ") + " -> " + r.code + "\n" + r.stdout + "\n" + r.stderr); };
  try {
  await m("up"); await m("train"); await m("evaluate"); await m("pin", "1"); await m("up"); await m("up");
  await m("train","--param", "n_estimators=120"); await m("evaluate"); await m("pin","2"); await m("up"); await m("pin","1"); await m("up");
  } finally { await project.dispose(); }
})();
