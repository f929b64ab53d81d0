// A program that declares the manifests in manifests.json to the real Kubernetes plugin, which writes them as YAML.
import fs from "node:fs";
import path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { declare } from "../../../runtimes/kubernetes/declare-objects";
import type { Manifest } from "../../../runtimes/kubernetes/manifests/manifest";

class ClusterProvider extends pulumi.ProviderResource {}

const folder = pulumi.runtime.getRootDirectory();
const text = fs.readFileSync(path.join(folder, "manifests.json"), "utf8");
const renderYamlToDirectory = path.join(folder, "rendered");
const provider = new ClusterProvider("kubernetes", "files", { renderYamlToDirectory });

/** Without a cluster, nothing is waited for. */
declare("environment", JSON.parse(text) as Manifest[], { provider });
