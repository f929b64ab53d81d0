import fs from "node:fs";
import path from "node:path";
import { writeWhole } from "../../project/whole-file";
import { type Cluster, clusterConfiguration } from "./clusters";
import type { DiscoveryResponse } from "./messages";
import type { RouteFile } from "./route";

/** Names of the router's files; the journal lies beside them. */
export function routeFiles(stateDir: string): {
  directory: string;
  bootstrap: string;
  adminSocket: string;
  clusters: string;
  routes: string;
  journal: string;
} {
  const directory = path.join(stateDir, "route");
  return {
    directory,
    bootstrap: path.join(directory, "envoy.json"),
    adminSocket: path.join(directory, "admin.sock"),
    clusters: path.join(directory, "cds.json"),
    routes: path.join(directory, "rds.json"),
    journal: path.join(directory, "journal.json"),
  };
}

/** The two watched files as they lie on disk; null where one is missing or not readable as JSON. */
export interface LiveRoute {
  readonly clusters: readonly Cluster[] | null;
  readonly routes: RouteFile | null;
}

/** What the router is told at present. */
export function readLiveRoute(stateDir: string): LiveRoute {
  const files = routeFiles(stateDir);
  const clusters = readJson<DiscoveryResponse<Cluster>>(files.clusters);
  const routes = readJson<RouteFile>(files.routes);
  return {
    clusters: Array.isArray(clusters?.resources) ? clusters.resources.map(withoutType) : null,
    routes: Array.isArray(routes?.resources) ? routes : null,
  };
}

/** Writes the cluster file; returns the version Envoy will report once it has taken it in. */
export function writeClusters(stateDir: string, clusters: readonly Cluster[]): string {
  const content = clusterConfiguration(clusters);
  writeByRename(routeFiles(stateDir).clusters, content);
  return content.version_info;
}

/** Writes the route file; returns the version Envoy will report once it has taken it in. */
export function writeRoutes(stateDir: string, routes: RouteFile): string {
  writeByRename(routeFiles(stateDir).routes, routes);
  return routes.version_info;
}

/** Puts JSON in place at once, so that no reader (Envoy, or an `up` after a kill) ever sees half of it. */
export function writeByRename(file: string, value: object): void {
  fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  writeWhole(file, `${JSON.stringify(value, null, 2)}\n`);
}

/** A file's JSON; null when it is missing or not JSON. */
export function readJson<T>(file: string): T | null {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8")) as T;
  } catch {
    return null;
  }
}

function withoutType({ "@type": _type, ...cluster }: Cluster): Cluster {
  return cluster as Cluster;
}
