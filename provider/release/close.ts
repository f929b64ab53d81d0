import { RouterAdmin } from "../envoy/admin";
import { readLiveRoute, writeClusters, writeRoutes } from "../envoy/files";
import { closedRoute } from "../envoy/routes";
import type { RouteInputs } from "../inputs";
import { clearJournal } from "./journal";
import { setRoutes } from "./move";

/** Back to 503. A router that doesn't answer is no problem: it finds the closed route when it starts. */
export async function closeRoute({ stateDir }: RouteInputs): Promise<void> {
  const { clusters, routes } = readLiveRoute(stateDir);
  clearJournal(stateDir);
  if (!clusters && !routes) return;
  try {
    const admin = new RouterAdmin(stateDir);
    await admin.state();
    await setRoutes(stateDir, admin, closedRoute());
  } catch {
    writeRoutes(stateDir, closedRoute());
  }
  writeClusters(stateDir, []);
}
