import { PolicyPack } from "@pulumi/policy";
import { policies } from "./policies";

/** The CrossGuard pack: `pulumi preview --policy-pack policies`. Loading this file starts its server. */
new PolicyPack("tollgate", {
  description: "Gates every pinned model version has to pass before it is served.",
  policies,
});
